//! The kubelet's keyring: which credentials a node tries for an image, and in which order.
//!
//! keyside decides by its own rule ([`crate::Keychain`]), but the node decides by this one. So everything that keyside tells or
//! promises about a pull is checked against it: `pkg/credentialprovider/keyring.go` of Kubernetes, row by row.
//!
//! Three rules surprise people. A path is a raw string prefix: `quay.io/org` also serves `quay.io/org-b`. Keys are visited in
//! descending byte order, across all Secrets, and every match is tried. And what is stored under `index.docker.io` serves Docker Hub
//! only if nothing else matched.

mod index_key;

use std::collections::BTreeMap;

use crate::credential::Credential;
use crate::docker_config::{DockerConfig, Form, ReadError};

pub use crate::url::UrlError;
pub use index_key::{index_key, urls_match};

use index_key::Glob;

/// The key that holds the default for Docker Hub, once scheme and version are dropped.
const HUB_DEFAULT: &[u8] = b"index.docker.io";

/// All sources of one pod on one node: its Secrets, then the node's own config, then the plugins' answers. Each keeps its own order
/// and its own Docker Hub default; the results are simply joined.
#[derive(Clone, Debug)]
pub struct Keyring<S> {
    secrets: Ring<S>,
    node: Ring<S>,
    plugins: Ring<S>,
}

impl<S> Default for Keyring<S> {
    fn default() -> Self {
        Self {
            secrets: Ring::default(),
            node: Ring::default(),
            plugins: Ring::default(),
        }
    }
}

impl<S: Clone> Keyring<S> {
    /// A keyring without any credential.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one data key of a Secret that the pod lists; call it in the order of `spec.imagePullSecrets`. A type and a key that do
    /// not belong together, every other type and an empty value are skipped, as the kubelet does.
    ///
    /// # Errors
    /// The document cannot be read. The kubelet then pulls **no** image of **any** container of the pod; the error displays its text.
    pub fn add_secret(
        &mut self,
        source: S,
        secret_type: &str,
        key: &str,
        bytes: &[u8],
    ) -> Result<(), ReadError> {
        let Some(form) = Form::of_secret_type(secret_type) else {
            return Ok(());
        };
        if key == form.data_key() && !bytes.is_empty() {
            self.secrets
                .add_config(source, &DockerConfig::parse(form, bytes)?);
        }
        Ok(())
    }

    /// Adds the node's own config file.
    pub fn add_node_config(&mut self, source: S, config: &DockerConfig) {
        self.node.add_config(source, config);
    }

    /// Adds one `auth` entry of a credential provider's answer.
    pub fn add_plugin_answer(&mut self, source: S, key: &str, credential: Credential) {
        self.plugins.add(source, key, credential);
    }

    /// The credentials that the kubelet tries for an image, in its order. Empty means one anonymous pull; otherwise there is no
    /// anonymous pull at the end.
    ///
    /// `lookup` is [`crate::Reference::lookup`].
    pub fn lookup(&self, lookup: &str) -> Vec<Found<'_, S>> {
        [&self.secrets, &self.node, &self.plugins]
            .into_iter()
            .flat_map(|ring| ring.lookup(lookup))
            .collect()
    }

    /// The pod's own Secrets as one ring.
    pub fn secrets(&self) -> &Ring<S> {
        &self.secrets
    }
}

/// One map of keys, such as all the Secrets of a pod make together.
#[derive(Clone, Debug)]
pub struct Ring<S> {
    /// By index key; Go sorts the keys and walks them backwards.
    index: BTreeMap<Vec<u8>, Indexed<S>>,
}

#[derive(Clone, Debug)]
struct Indexed<S> {
    /// The index key parsed once more, as at every lookup in Go. `None`: it does not parse, and only serves as the Hub default.
    glob: Option<Glob>,
    held: Vec<Held<S>>,
}

#[derive(Clone, Debug)]
struct Held<S> {
    key: String,
    credential: Credential,
    source: S,
}

/// A credential that matched.
#[derive(Debug, PartialEq, Eq)]
pub struct Found<'a, S> {
    /// What is tried.
    pub credential: &'a Credential,
    /// The key it is stored under, as written.
    pub key: &'a str,
    /// Where it comes from.
    pub source: &'a S,
    /// Found only because nothing else matched and the image is on Docker Hub.
    pub is_hub_default: bool,
}

impl<S> Default for Ring<S> {
    fn default() -> Self {
        Self {
            index: BTreeMap::new(),
        }
    }
}

impl<S: Clone> Ring<S> {
    /// Adds every entry of a document. Two spellings of one key in one document are taken in its order; Go's order is random there.
    pub fn add_config(&mut self, source: S, config: &DockerConfig) {
        for entry in config.entries() {
            self.add(source.clone(), entry.key(), entry.credential().clone());
        }
    }

    /// Adds one key. A key that is no URL is ignored.
    pub fn add(&mut self, source: S, key: &str, credential: Credential) {
        let Ok(index_key) = index_key::to_bytes(key) else {
            return;
        };
        let held = Held {
            key: key.to_owned(),
            credential,
            source,
        };
        let new = |index_key: &[u8]| Indexed {
            glob: Glob::parse(index_key).ok(),
            held: Vec::new(),
        };
        self.index
            .entry(index_key)
            .or_insert_with_key(|index_key| new(index_key))
            .held
            .push(held);
    }

    /// The credentials for an image, in the order tried. Nothing is deduplicated.
    pub fn lookup(&self, lookup: &str) -> Vec<Found<'_, S>> {
        let matching = self.matching(lookup);
        if !matching.is_empty() {
            return matching;
        }
        if is_on_hub(lookup) {
            self.hub_default()
        } else {
            matching
        }
    }

    /// The Docker Hub defaults that would serve this image if no other key matched it. A path key or a wildcard of any Secret of the
    /// pod is enough to hide them.
    pub fn hidden_hub_default(&self, lookup: &str) -> Vec<Found<'_, S>> {
        let hidden = is_on_hub(lookup) && !self.matching(lookup).is_empty();
        if hidden { self.hub_default() } else { Vec::new() }
    }

    fn matching(&self, lookup: &str) -> Vec<Found<'_, S>> {
        let Ok(target) = Glob::parse(lookup.as_bytes()) else {
            return Vec::new();
        };
        let matches = |indexed: &&Indexed<S>| indexed.glob.as_ref().is_some_and(|glob| glob.matches(&target));
        self.index
            .values()
            .rev()
            .filter(matches)
            .flat_map(|indexed| indexed.found(false))
            .collect()
    }

    fn hub_default(&self) -> Vec<Found<'_, S>> {
        self.index
            .get(HUB_DEFAULT)
            .into_iter()
            .flat_map(|indexed| indexed.found(true))
            .collect()
    }
}

impl<S> Indexed<S> {
    fn found(&self, is_hub_default: bool) -> impl Iterator<Item = Found<'_, S>> {
        self.held.iter().map(move |held| Found {
            credential: &held.credential,
            key: &held.key,
            source: &held.source,
            is_hub_default,
        })
    }
}

/// Whether the kubelet finds a credential for an image if it is stored under `key`, and nothing else is.
pub fn serves(key: &str, lookup: &str) -> bool {
    let Ok(index_key) = index_key::to_bytes(key) else {
        return false;
    };
    let matches = match (Glob::parse(&index_key), Glob::parse(lookup.as_bytes())) {
        (Ok(glob), Ok(target)) => glob.matches(&target),
        _ => false,
    };
    matches || (index_key == HUB_DEFAULT && is_on_hub(lookup))
}

/// Whether the kubelet takes an image for one of Docker Hub when it looks for the default.
fn is_on_hub(lookup: &str) -> bool {
    match lookup.split_once('/') {
        None => !lookup.is_empty(),
        Some(("", _)) => false,
        Some(("docker.io" | "index.docker.io", _)) => true,
        Some((first, _)) => !first.contains(['.', ':']),
    }
}

#[cfg(test)]
mod tests;
