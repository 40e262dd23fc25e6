//! Why a credential does not answer: what people ask when a pull fails although "there is a credential".

use std::fmt;

use super::{Filed, Keychain};
use crate::hub;
use crate::pattern::{ImageName, Pattern, is_within, split_port};
use crate::reference::{DOCKER_HUB, Reference};

/// A credential that does not answer for an image, and why.
#[derive(Clone, Copy, Debug)]
pub struct Near<'a, T> {
    /// The credential.
    pub filed: &'a Filed<T>,
    /// The reason.
    pub miss: Miss,
}

/// Why a pattern does not match; the nearest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Miss {
    /// The same registry under another name.
    HostSpelling,
    /// The same host with another port, or with a port on one side only.
    OtherPort,
    /// The path only begins alike: `shop` is not for `shop-b`. The kubelet would offer it.
    Neighbour,
    /// The same registry, another path.
    OtherPath,
    /// One host is a sub-domain of the other, or a wildcard stands for the wrong number of labels.
    OtherDepth,
    /// Another registry.
    OtherRegistry,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostSpelling => "it is for the same registry under another name",
            Self::OtherPort => "it is for another port of this host",
            Self::Neighbour => "it is for a path that only begins like this one",
            Self::OtherPath => "it is for another path of this registry",
            Self::OtherDepth => {
                "it does not cover sub-domains of its host; a wildcard stands for exactly one label"
            }
            Self::OtherRegistry => "it is for another registry",
        })
    }
}

impl<T> Keychain<T> {
    /// The credentials that do not answer for an image, the nearest first, at most `limit` of them.
    pub fn nearest(&self, image: &Reference, limit: usize) -> Vec<Near<'_, T>> {
        let mut near: Vec<_> = self
            .iter()
            .filter_map(|filed| filed.pattern.miss(image).map(|miss| Near { filed, miss }))
            .collect();
        near.sort_by(|a, b| {
            let key = |near: &Near<'_, T>| {
                (
                    near.miss,
                    std::cmp::Reverse(shared_segments(&near.filed.pattern, image)),
                )
            };
            key(a)
                .cmp(&key(b))
                .then_with(|| a.filed.rank.cmp(&b.filed.rank))
                .then_with(|| a.filed.pattern.cmp(&b.filed.pattern))
        });
        near.truncate(limit);
        near
    }
}

impl Pattern {
    /// Why the credential is not for this image; `None` if it is.
    pub fn miss(&self, image: &Reference) -> Option<Miss> {
        let image = ImageName::of(image);
        if self.matches_host(image.host()) {
            return self.path_miss(image.path());
        }
        let ((name, _), (image_name, image_port)) = (split_port(self.host()), split_port(image.host()));
        let both_on_hub = self.host() == DOCKER_HUB && image_port.is_none() && hub::is_spelling(image_name);
        let is_below =
            |host: &str, domain: &str| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        let fixed = name.trim_start_matches(['*', '.']);
        Some(if both_on_hub {
            Miss::HostSpelling
        } else if name == image_name {
            Miss::OtherPort
        } else if fixed == image_name || is_below(image_name, fixed) || is_below(name, image_name) {
            Miss::OtherDepth
        } else {
            Miss::OtherRegistry
        })
    }

    fn path_miss(&self, path: &str) -> Option<Miss> {
        if is_within(path, self.path()) {
            None
        } else if path.starts_with(self.path()) {
            Some(Miss::Neighbour)
        } else {
            Some(Miss::OtherPath)
        }
    }
}

/// How many leading segments of the paths agree.
fn shared_segments(pattern: &Pattern, image: &Reference) -> usize {
    pattern
        .path()
        .split('/')
        .zip(image.path().split('/'))
        .take_while(|(a, b)| a == b)
        .count()
}
