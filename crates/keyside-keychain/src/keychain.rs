//! The keychain: which credentials answer for an image, most specific first.
//!
//! This is the one rule behind every delivery. A credential is filed under its [`Pattern`]; [`Keychain::resolve`] collects all that
//! match and orders them by what they say: the more specific pattern, then the narrower [`Scope`], then keyside's own credentials
//! before plain Secrets, then the name.
//!
//! Resolving does not slow down with the number of credentials: one hash of the host, one hash per segment of the path, and only if
//! there are wildcards at all one hash per label of the host.

mod near;
mod node;

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::pattern::{ImageName, Pattern, Specificity, split_port};
use crate::reference::Reference;

pub use near::{Miss, Near};

use node::Node;

/// Where a credential applies; the narrower answers first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// One namespace.
    Namespace,
    /// The namespaces of one project.
    Project,
    /// The whole cluster, or a selection of its namespaces.
    Cluster,
}

/// Who looks after a credential; managed ones answer first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// Declared to keyside.
    Managed,
    /// A pull secret that somebody made in the namespace.
    Plain,
}

/// The order among credentials whose patterns are equally specific.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rank {
    /// The narrower, the earlier.
    pub scope: Scope,
    /// Managed before plain.
    pub origin: Origin,
    /// Settles the rest.
    pub name: String,
}

/// Credentials by pattern. `T` is whatever the caller keeps of a credential.
#[derive(Clone, Debug)]
pub struct Keychain<T> {
    exact: HashMap<Box<str>, Node<T>>,
    /// Wildcard hosts by what follows their last wildcard label, port included: `*.dkr.ecr.*.amazonaws.com` under `amazonaws.com`.
    wildcard: HashMap<Box<str>, Vec<(Pattern, Node<T>)>>,
    len: usize,
}

/// A credential in the keychain.
#[derive(Clone, Debug)]
pub struct Filed<T> {
    /// What it is for.
    pub pattern: Pattern,
    /// Its place among equals.
    pub rank: Rank,
    /// The caller's part.
    pub payload: T,
    /// Of the pattern; known beforehand, because every resolution compares it.
    specificity: Specificity,
}

impl<T> Filed<T> {
    fn new(pattern: Pattern, rank: Rank, payload: T) -> Self {
        Self {
            specificity: pattern.specificity(),
            pattern,
            rank,
            payload,
        }
    }

    /// The order of answers: specificity of the pattern, then rank; the spelling of the pattern only makes it total.
    fn by_precedence(&self, other: &Self) -> Ordering {
        let specificity = other.specificity.cmp(&self.specificity);
        specificity
            .then_with(|| self.rank.cmp(&other.rank))
            .then_with(|| self.pattern.cmp(&other.pattern))
    }
}

impl<T> Default for Keychain<T> {
    fn default() -> Self {
        Self {
            exact: HashMap::new(),
            wildcard: HashMap::new(),
            len: 0,
        }
    }
}

impl<T> Keychain<T> {
    /// An empty keychain.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of credentials filed.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is filed.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Files a credential. One with several registries is filed once for each.
    pub fn insert(&mut self, pattern: Pattern, rank: Rank, payload: T) {
        let node = if pattern.has_wildcard() {
            let hosts = self
                .wildcard
                .entry(literal_suffix(pattern.host()).into())
                .or_default();
            let known = hosts.iter().position(|(known, _)| known.host() == pattern.host());
            let at = known.unwrap_or_else(|| {
                hosts.push((pattern.clone(), Node::default()));
                hosts.len() - 1
            });
            &mut hosts[at].1
        } else {
            self.exact.entry(pattern.host().into()).or_default()
        };
        node.insert(Filed::new(pattern, rank, payload));
        self.len += 1;
    }

    /// Keeps only the credentials for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&Filed<T>) -> bool) {
        self.exact.retain(|_, node| node.retain(&mut keep));
        self.wildcard.retain(|_, hosts| {
            hosts.retain_mut(|(_, node)| node.retain(&mut keep));
            !hosts.is_empty()
        });
        self.len = self.iter().count();
    }

    /// All credentials, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Filed<T>> {
        let wildcard = self.wildcard.values().flatten().map(|(_, node)| node);
        self.exact.values().chain(wildcard).flat_map(Node::iter)
    }

    /// The credentials that answer for an image, best first.
    pub fn resolve(&self, image: &Reference) -> Vec<&Filed<T>> {
        let mut found = Vec::new();
        let ordered = self.collect(&ImageName::of(image), &mut found);
        if !ordered {
            found.sort_by(|a, b| a.by_precedence(b));
        }
        found
    }

    /// Appends what matches. Returns whether it is already in order, which it is without wildcards.
    fn collect<'a>(&'a self, image: &ImageName<'_>, found: &mut Vec<&'a Filed<T>>) -> bool {
        if let Some(node) = self.exact.get(image.host()) {
            node.collect(image.path(), found);
        }
        if self.wildcard.is_empty() {
            return true;
        }
        let exact = found.len();
        for suffix in suffixes(image.host()) {
            for (host, node) in self.wildcard.get(suffix).into_iter().flatten() {
                if host.matches_host(image.host()) {
                    node.collect(image.path(), found);
                }
            }
        }
        found.len() == exact
    }
}

/// Resolves over several keychains at once, such as those of a namespace, its project and the cluster.
pub fn resolve_all<'a, T: 'a>(
    keychains: impl IntoIterator<Item = &'a Keychain<T>>,
    image: &Reference,
) -> Vec<&'a Filed<T>> {
    let image = ImageName::of(image);
    let mut found = Vec::new();
    for keychain in keychains {
        keychain.collect(&image, &mut found);
    }
    found.sort_by(|a, b| a.by_precedence(b));
    found
}

/// All credentials of several keychains in the order in which they answer, whatever the image: of those that match one, the
/// first here is the first of [`resolve_all`].
pub fn in_order<'a, T: 'a>(keychains: impl IntoIterator<Item = &'a Keychain<T>>) -> Vec<&'a Filed<T>> {
    let mut filed: Vec<&Filed<T>> = keychains.into_iter().flat_map(Keychain::iter).collect();
    filed.sort_by(|a, b| a.by_precedence(b));
    filed
}

/// What follows the last label with a wildcard, port included.
fn literal_suffix(host: &str) -> &str {
    let (name, port) = split_port(host);
    let after_star = name.rfind('*').map_or(0, |star| star + 1);
    match name[after_star..].find('.') {
        Some(dot) => &host[after_star + dot + 1..],
        None => &host[host.len() - port.map_or(0, |port| port.len() + 1)..],
    }
}

/// Every part of a host that a [`literal_suffix`] could be: after each dot, and the port alone.
fn suffixes(host: &str) -> impl Iterator<Item = &str> {
    let (name, _) = split_port(host);
    let after_dots = name.match_indices('.').map(|(dot, _)| &host[dot + 1..]);
    after_dots.chain(std::iter::once(&host[name.len()..]))
}

#[cfg(test)]
mod tests;
