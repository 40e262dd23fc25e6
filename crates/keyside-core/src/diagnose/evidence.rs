//! All that is known about one image of one pod, for the checks to look at.

use super::words::{self, Said};
use super::{Answer, Word, near};
use crate::explain::{Observed, Question, Tried, Unused, in_reach};
use crate::index::Index;
use crate::sentence::About;
use keyside_api::Cause;
use keyside_api::condition::verified;
use keyside_keychain::{Pattern, Reference, ReferenceError};

/// What the checks look at.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// What is known of the cluster.
    pub index: &'a Index,
    /// What was asked, with the words of the node and the answers of the registry.
    pub question: &'a Question<'a>,
    /// The image, if it is one.
    pub image: Result<Reference, ReferenceError>,
    /// What the kubelet tries.
    pub tries: &'a [Tried],
    /// What it does not try, the nearest first.
    pub unused: &'a [Unused],
    /// The credential that the node's credential provider is given, if nothing else answers.
    pub provided: Option<&'a str>,
    /// The newest thing the node said that names a cause.
    pub said: Option<(Cause, &'a Word)>,
}

impl<'a> Evidence<'a> {
    /// The newest word that names a cause. A missing Secret is one only if the pull fails and nothing else is said.
    pub(crate) fn newest(words: &'a [Word]) -> Option<(Cause, &'a Word)> {
        let mut causes: Vec<(Cause, &Word)> = words
            .iter()
            .filter_map(|word| match words::read(&word.message)? {
                Said::Because(cause) => Some((cause, word)),
                Said::BackOff => None,
            })
            .collect();
        causes.sort_by_key(|(cause, word)| (*cause != Cause::MissingPullSecret, word.at));
        causes.pop()
    }

    /// Whether a container waits for the image.
    pub fn is_waiting(&self) -> bool {
        matches!(self.question.observed, Some(Observed::Waiting(_)))
    }

    /// The cause that the node names.
    pub fn said(&self) -> Option<Cause> {
        self.said.map(|(cause, _)| cause)
    }

    /// What the registry answered to somebody without a credential.
    pub fn anonymous(&self) -> Option<&Answer> {
        self.question.registry.iter().find(|answer| answer.rank.is_none())
    }

    /// Whether the registry gives the image to everybody.
    pub fn is_public(&self) -> bool {
        self.anonymous()
            .is_some_and(|answer| answer.reason == verified::PULL_ALLOWED)
    }

    /// Whether the registry has just accepted what the kubelet tries.
    pub fn is_accepted_now(&self) -> bool {
        let with_credential =
            |answer: &Answer| answer.rank.is_some() && answer.reason == verified::PULL_ALLOWED;
        self.question.registry.iter().any(with_credential) || (self.tries.is_empty() && self.is_public())
    }

    /// Whether everything that is tried was refused.
    pub fn is_all_refused(&self) -> bool {
        !self.tries.is_empty() && self.tries.iter().all(|tried| tried.result == "refused")
    }

    /// The first of what is not tried for this reason.
    pub fn unused_for(&self, cause: Cause) -> Option<&'a Unused> {
        self.unused.iter().find(|one| one.reason == cause.as_str())
    }

    /// The image's registry.
    pub fn registry(&self) -> &str {
        self.image
            .as_ref()
            .ok()
            .and_then(|image| image.lookup().split('/').next())
            .unwrap_or_default()
    }

    /// What a cause is about.
    pub fn about(&self, credential: Option<&str>) -> About {
        let Ok(image) = &self.image else {
            return About::default();
        };
        let asked = self.said.and_then(|(_, word)| asked(&word.message));
        About {
            registry: self.registry().to_owned(),
            repository: image.lookup().to_owned(),
            version: image.digest().or(image.tag()).unwrap_or("latest").to_owned(),
            credential: credential.map(str::to_owned),
            host: asked.map(str::to_owned),
        }
    }

    /// Whether it is the address in the image that leads to no registry, and not that of a token service or of a storage.
    pub fn is_about_the_address(&self) -> bool {
        let Some((_, word)) = self.said else {
            return true;
        };
        let name = |host: &str| host.split(':').next().map(str::to_ascii_lowercase);
        let is_own = |host: &str| name(host) == name(self.registry());
        !words::is_of_token_service(&word.message) && asked(&word.message).is_none_or(is_own)
    }

    /// The registry that the author of the image may have meant: one that a credential in reach is for.
    pub fn meant(&self) -> Option<String> {
        let known = in_reach(self.index, self.question.namespace);
        let patterns = known.iter().flat_map(|one| &one.patterns);
        let patterns = patterns.filter_map(|pattern| Pattern::parse(pattern).ok());
        let hosts = patterns.filter(|pattern| !pattern.has_wildcard());
        near::meant(self.registry(), hosts.map(|pattern| pattern.host().to_owned()))
    }
}

/// The host that a message is about, where it names one.
fn asked(message: &str) -> Option<&str> {
    words::unknown_name(message).or_else(|| words::asked_host(message))
}
