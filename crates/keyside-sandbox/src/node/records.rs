//! Who may use an image that is already on the node (KEP-2535).
//!
//! A present image is not free for all: the node remembers with which credential it was pulled, and a pod that cannot show the same
//! one has to ask the registry. The rules, the quirks included, are those of `pkg/kubelet/images/pullmanager`: records are kept per
//! image id and per repository *as written*, a hash is as good as the Secret it came from, and a Secret once recorded keeps its right
//! whatever its password is now.

use keyside_keychain::Reference;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// How many Secrets a record may hold before a mere match no longer adds to it.
const WRITE_WHILE_MATCHING: usize = 100;

/// `imagePullCredentialsVerificationPolicy` of the kubelet's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum VerificationPolicy {
    /// Images that the node did not pull itself are free. The kubelet's default.
    #[default]
    NeverVerifyPreloadedImages,
    /// Present images are free, as before Kubernetes 1.35.
    NeverVerify,
    /// Only these repositories are free: exact names, or prefixes written `host/path/*`.
    NeverVerifyAllowlistedImages(Vec<String>),
    /// No present image is free.
    AlwaysVerify,
}

impl VerificationPolicy {
    fn requires(&self, image: &str, pulled_by_node: bool) -> bool {
        match self {
            Self::NeverVerifyPreloadedImages => pulled_by_node,
            Self::NeverVerify => false,
            Self::AlwaysVerify => true,
            Self::NeverVerifyAllowlistedImages(patterns) => {
                let name = repository(image).unwrap_or(image);
                !patterns.iter().any(|pattern| allows(pattern, name))
            }
        }
    }
}

fn allows(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) if prefix.ends_with('/') => name.starts_with(prefix),
        _ => name == pattern,
    }
}

/// One Secret that once opened an image, and the hash of what was in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct SecretProof {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) hash: String,
}

impl SecretProof {
    fn is_same_secret(&self, other: &Self) -> bool {
        (&self.uid, &self.namespace, &self.name) == (&other.uid, &other.namespace, &other.name)
    }

    fn has_same_content(&self, other: &Self) -> bool {
        !self.hash.is_empty() && self.hash == other.hash
    }
}

/// Who may use an image under one spelling of its repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Access {
    /// It was once pulled without a credential.
    Everybody,
    /// Whoever shows one of these, by coordinates or by hash; sorted.
    Secrets(Vec<SecretProof>),
}

/// What is known about one image id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// By repository as written, without tag and digest.
    pub(crate) access: BTreeMap<String, Access>,
}

/// All records of the node, and the pulls under way.
#[derive(Debug, Default)]
pub(crate) struct Records {
    by_id: HashMap<String, Record>,
    intents: HashMap<String, usize>,
    unsaved: HashSet<String>,
}

impl Records {
    /// Takes over what an earlier run has written.
    pub(crate) fn load(records: impl IntoIterator<Item = (String, Record)>) -> Self {
        Self {
            by_id: records.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Whether a pod must ask the registry although the image is present. `proofs` are the Secrets of the pod that match the image;
    /// they are asked for only when a record has to be compared, because reading them can fail.
    pub(crate) fn must_pull<E>(
        &mut self,
        policy: &VerificationPolicy,
        image: &str,
        id: &str,
        proofs: impl FnOnce() -> Result<Vec<SecretProof>, E>,
    ) -> Result<bool, E> {
        let record = self.by_id.get(id);
        let pulled_by_node = record.is_some() || self.intents.contains_key(image);
        if !policy.requires(image, pulled_by_node) {
            return Ok(false);
        }
        let access = record
            .zip(repository(image))
            .and_then(|(record, name)| record.access.get(name));
        let known = match access {
            None => return Ok(true),
            Some(Access::Everybody) => return Ok(false),
            Some(Access::Secrets(known)) => known,
        };
        let few = known.len() < WRITE_WHILE_MATCHING;
        match matching(known, &proofs()?) {
            None => Ok(true),
            Some((proof, known_hash, known_secret)) => {
                if few && !(known_hash && known_secret) {
                    self.pulled(image, id, Some(proof));
                }
                Ok(false)
            }
        }
    }

    /// Notes that a pull starts: until it ends, an image of that name counts as pulled by the node.
    pub(crate) fn intend(&mut self, image: &str) {
        *self.intents.entry(image.to_owned()).or_default() += 1;
    }

    /// Notes that a pull ended, well or not.
    pub(crate) fn end_intent(&mut self, image: &str) {
        if let Some(count) = self.intents.get_mut(image) {
            *count -= 1;
            if *count == 0 {
                self.intents.remove(image);
            }
        }
    }

    /// Notes a pull that worked: with a Secret, or without any credential.
    pub(crate) fn pulled(&mut self, image: &str, id: &str, proof: Option<SecretProof>) {
        let Some(name) = repository(image) else { return };
        let is_new = !self.by_id.contains_key(id);
        let record = self.by_id.entry(id.to_owned()).or_default();
        if record.add(name, proof) || is_new {
            self.unsaved.insert(id.to_owned());
        }
    }

    /// The records changed since the last call, to be written to disk.
    pub(crate) fn take_unsaved(&mut self) -> Vec<(String, Record)> {
        self.unsaved
            .drain()
            .filter_map(|id| Some((id.clone(), self.by_id.get(&id)?.clone())))
            .collect()
    }
}

impl Record {
    /// Whether this said anything new.
    fn add(&mut self, name: &str, proof: Option<SecretProof>) -> bool {
        match (self.access.get_mut(name), proof) {
            (Some(Access::Everybody), _) => false,
            (_, None) => {
                self.access.insert(name.to_owned(), Access::Everybody);
                true
            }
            (Some(Access::Secrets(known)), Some(proof)) => merge(known, proof),
            (None, Some(proof)) => {
                self.access.insert(name.to_owned(), Access::Secrets(vec![proof]));
                true
            }
        }
    }
}

/// One entry per Secret: a newer hash replaces the older one.
fn merge(known: &mut Vec<SecretProof>, proof: SecretProof) -> bool {
    match known.iter_mut().find(|entry| entry.is_same_secret(&proof)) {
        Some(entry) if entry.hash == proof.hash => return false,
        Some(entry) => entry.hash = proof.hash,
        None => known.push(proof),
    }
    known.sort();
    true
}

/// The first of the pod's proofs that a record accepts, with whether the hash and whether the coordinates agreed.
fn matching(known: &[SecretProof], proofs: &[SecretProof]) -> Option<(SecretProof, bool, bool)> {
    for proof in proofs {
        for entry in known {
            let (hash, secret) = (entry.has_same_content(proof), entry.is_same_secret(proof));
            // A Secret whose password has changed is believed only while the record is short (upstream's own limit).
            if hash || (secret && known.len() < WRITE_WHILE_MATCHING) {
                return Some((proof.clone(), hash, secret));
            }
        }
    }
    None
}

/// The image as written, without tag and digest; nothing if it is no reference.
pub(crate) fn repository(image: &str) -> Option<&str> {
    let reference = Reference::parse(image).ok()?;
    let mut name = image;
    if let Some(digest) = reference.digest() {
        name = name.strip_suffix(digest)?.strip_suffix('@')?;
    }
    if let Some(tag) = reference.tag() {
        name = name.strip_suffix(tag)?.strip_suffix(':')?;
    }
    Some(name)
}

#[cfg(test)]
mod tests;
