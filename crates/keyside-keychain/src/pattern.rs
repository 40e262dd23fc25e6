//! Patterns: what a credential is for.
//!
//! A pattern is a registry, perhaps with a path: `quay.io`, `quay.io/shop`, `*.dkr.ecr.*.amazonaws.com`. People write the same thing in
//! many ways (`https://Quay.io:443/v2/`), so a pattern is kept in one canonical spelling, and what can never work is refused with a
//! reason. Unlike the kubelet, a path here ends at a segment: `quay.io/shop` is not for `quay.io/shop-b/web`. Because the kubelet
//! reads the same text differently, a pattern also says [which keys](Pattern::delivered_keys) make the kubelet do what is meant, and
//! [warns](Pattern::warnings) where nothing can.

mod deliver;
mod parse;
mod warning;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use crate::glob;
use crate::reference::{DOCKER_HUB, Reference};

pub use parse::{PatternError, Refusal};
pub use warning::Warning;

/// A registry with an optional path, in canonical spelling.
///
/// ```
/// use keyside_keychain::{Pattern, Reference};
/// let pattern = Pattern::parse("https://Quay.io:443/shop/")?;
/// assert_eq!(pattern.to_string(), "quay.io/shop");
/// assert!(pattern.matches(&Reference::parse("quay.io/shop/web:1")?));
/// assert!(!pattern.matches(&Reference::parse("quay.io/shop-b/web:1")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    /// `host[:port][/path]`.
    name: Box<str>,
    host_len: usize,
}

impl Pattern {
    /// Reads a pattern as people and docker configs write it.
    ///
    /// # Errors
    /// It can never match, or not what it seems to; the error says why and often offers a clean spelling.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        parse::parse(text)
    }

    /// The registry, with its port if there is one; labels may hold `*`.
    pub fn host(&self) -> &str {
        &self.name[..self.host_len]
    }

    /// The path without edge slashes; empty for the whole registry.
    pub fn path(&self) -> &str {
        self.name[self.host_len..].trim_start_matches('/')
    }

    /// Whether the host holds a wildcard.
    pub fn has_wildcard(&self) -> bool {
        self.host().contains('*')
    }

    /// Whether this is the whole of Docker Hub.
    pub fn is_docker_hub(&self) -> bool {
        &*self.name == DOCKER_HUB
    }

    /// Whether the credential is for this image.
    pub fn matches(&self, image: &Reference) -> bool {
        let image = ImageName::of(image);
        self.matches_host(image.host()) && is_within(image.path(), self.path())
    }

    /// Whether this is for every image that the other is for. A wildcard of the other counts as a character that only a
    /// wildcard stands for, so that the answer is yes only where it is certain.
    pub fn covers(&self, other: &Self) -> bool {
        self.matches_host(other.host()) && is_within(other.path(), self.path())
    }

    /// The order among patterns that match the same image; the greatest is the most specific.
    pub(crate) fn specificity(&self) -> Specificity {
        let host = self.host();
        let wildcard_labels = host.split('.').filter(|label| label.contains('*')).count();
        Specificity {
            wildcard_labels: Reverse(wildcard_labels),
            literal_len: if wildcard_labels == 0 {
                0
            } else {
                host.chars().filter(|&c| c != '*').count()
            },
            segments: self
                .path()
                .split('/')
                .filter(|segment| !segment.is_empty())
                .count(),
        }
    }

    pub(crate) fn matches_host(&self, host: &str) -> bool {
        if !self.has_wildcard() {
            return self.host() == host;
        }
        let ((pattern, pattern_port), (host, port)) = (split_port(self.host()), split_port(host));
        let (mut labels, mut host_labels) = (pattern.split('.'), host.split('.'));
        let labels_match = loop {
            match (labels.next(), host_labels.next()) {
                (Some(pattern), Some(label)) if glob::matches(pattern.as_bytes(), label.as_bytes()) => {}
                (None, None) => break true,
                _ => break false,
            }
        };
        labels_match && pattern_port == port
    }

    fn of_parts(host: &str, path: &str) -> Self {
        let name = if path.is_empty() {
            host.to_owned()
        } else {
            format!("{host}/{path}")
        };
        Self {
            name: name.into_boxed_str(),
            host_len: host.len(),
        }
    }

    /// The path as it must be written: readers drop one leading version, so a path that begins with one needs it twice.
    fn written_path(&self) -> Cow<'_, str> {
        let path = self.path();
        match path.split('/').next() {
            Some(version @ ("v1" | "v2")) => Cow::Owned(format!("{version}/{path}")),
            _ => Cow::Borrowed(path),
        }
    }
}

/// The canonical spelling; parsing it again gives the same pattern.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.host())?;
        if !self.path().is_empty() {
            write!(f, "/{}", self.written_path())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({self})")
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// How much a pattern says: an exact host says more than one with wildcards, then a longer path says more.
///
/// The kubelet's order agrees for exact hosts; among wildcards it goes by the bytes of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Specificity {
    wildcard_labels: Reverse<usize>,
    literal_len: usize,
    segments: usize,
}

/// An image as patterns see it: host in lower case and without `:443`.
#[derive(Debug)]
pub(crate) struct ImageName<'a> {
    name: Cow<'a, str>,
    host_len: usize,
}

impl<'a> ImageName<'a> {
    pub(crate) fn of(image: &'a Reference) -> Self {
        let lookup = image.lookup();
        // Not `Reference::host`, which is empty for a host with an underscore.
        let written_len = lookup.find('/').unwrap_or(lookup.len());
        let written = &lookup[..written_len];
        let host = written.strip_suffix(":443").unwrap_or(written);
        if host.len() == written_len && !host.bytes().any(|b| b.is_ascii_uppercase()) {
            return Self {
                name: Cow::Borrowed(lookup),
                host_len: written_len,
            };
        }
        let name = host.to_ascii_lowercase() + &lookup[written_len..];
        Self {
            name: Cow::Owned(name),
            host_len: host.len(),
        }
    }

    pub(crate) fn host(&self) -> &str {
        &self.name[..self.host_len]
    }

    pub(crate) fn path(&self) -> &str {
        self.name[self.host_len..].trim_start_matches('/')
    }
}

/// Whether `path` is `prefix` or lies below it; everything lies below the empty prefix.
pub(crate) fn is_within(path: &str, prefix: &str) -> bool {
    match path.strip_prefix(prefix) {
        Some(rest) => prefix.is_empty() || rest.is_empty() || rest.starts_with('/'),
        None => false,
    }
}

/// Host and port of a host that may be an address in brackets.
pub(crate) fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests;
