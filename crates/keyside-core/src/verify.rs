//! Whether a credential has to be shown to its registries now, with which questions, and what their answers mean.
//!
//! Asking is somebody else's work; here is only what is decided. A credential is verified once for all its copies: what is
//! tested is the content of its Secret, and a fingerprint of content and test ([`Credential::subject`]) says whether that
//! was done already, also over a restart. An answer is one of three: it works, the registry refuses it, or nothing was
//! learnt; the third leaves the last of the other two standing.

mod expiry;
mod schedule;
mod state;

pub(crate) use expiry::learn;
pub use expiry::{expires, expiry_state};
pub use schedule::next_notice;
pub use schedule::{Due, Tries, due};
pub(crate) use state::settled;
pub use state::{Overall, overall, registries, sentence};

use crate::index::{Credential, Index, State};
use crate::source::Problem;
use crate::version::Version;
use jiff::Timestamp;
use keyside_api::RegistryState;
use keyside_api::condition::verified::status_of;
use keyside_keychain::{Pattern, Reference};

/// What one registry is to be asked. The host always comes from the pattern the credential is for, or from an image that
/// it matches: there is no way to name one credential and another address.
#[derive(Clone, Debug)]
pub struct Question {
    /// The registry or path, as the status names it.
    pub registry: String,
    /// Where it is asked.
    pub host: String,
    /// With what.
    pub credential: keyside_keychain::Credential,
    /// What should be pullable; without it only the login is tested.
    pub image: Option<Reference>,
    /// Whether the spec names the repository. One that was only seen on a pod may be missing without saying anything about
    /// the credential.
    pub stated: bool,
}

impl Question {
    /// The answer as a status holds it, of whoever asks by themselves and keeps no time.
    pub fn answered(&self, reason: &str, repository: Option<String>) -> RegistryState {
        RegistryState {
            registry: self.registry.clone(),
            verified: Some(status_of(reason).to_owned()),
            reason: Some(reason.to_owned()),
            repository,
            ..RegistryState::default()
        }
    }
}

/// What one registry has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The registry or path, as the status names it.
    pub registry: String,
    /// The reason for the condition.
    pub reason: String,
    /// What was tested besides the login.
    pub repository: Option<String>,
    /// When, in whole seconds.
    pub at: Timestamp,
}

/// One verification of one credential, finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// What was verified.
    pub subject: Version,
    /// The request that it answers.
    pub request: Option<String>,
    /// One for each registry that was asked.
    pub verdicts: Vec<Verdict>,
}

/// What keyside would have to read before it could ask a registry, and may not; as the condition says it.
pub fn hindrance(index: &Index, credential: &Credential) -> Option<String> {
    let namespace = match &credential.state {
        State::Unread(_) => credential.source.as_ref().map(|(namespace, _)| &**namespace),
        State::Unserved {
            problem: Problem::Unreadable { namespace } | Problem::Unstated { namespace },
            ..
        } => Some(namespace.as_str()),
        _ => None,
    };
    if let Some(namespace) = namespace {
        return Some(format!(
            "keyside may not read Secrets in namespace {namespace}, so it asks no registry"
        ));
    }
    let authority = credential.authority.as_ref()?;
    (!index.may_read(&authority.namespace)).then(|| {
        format!(
            "keyside may not read the registry's authority {} in namespace {}, so it asks no registry",
            authority.name, authority.namespace
        )
    })
}

/// The questions that a credential raises: one for each of its registries that has an address. A pattern with a wildcard
/// has one as soon as a pod uses an image that it matches.
pub fn questions(credential: &Credential) -> Vec<Question> {
    let State::Ready(content) = &credential.state else {
        return Vec::new();
    };
    let of = |served: &crate::source::Served| {
        let (image, stated) = match stated(credential, &served.pattern) {
            Some(image) => (Some(image), true),
            None => (seen(credential, &served.pattern), false),
        };
        let host = match &image {
            Some(image) => image.host().to_owned(),
            None if served.pattern.has_wildcard() => return None,
            None => served.pattern.host().to_owned(),
        };
        Some(Question {
            registry: served.pattern.to_string(),
            host,
            credential: served.credential.clone(),
            image,
            stated,
        })
    };
    content
        .served
        .iter()
        .take(crate::status::REGISTRIES_MAX)
        .filter_map(of)
        .collect()
}

/// Whether a registry of the status is served by this entry of the source: it is the entry, or a part of it that
/// `spec.repositories` names.
pub fn is_served_by(registry: &str, entry: &Pattern) -> bool {
    let rest = registry.strip_prefix(&*entry.to_string());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The repository that the spec names, if it is this pattern's.
fn stated(credential: &Credential, pattern: &Pattern) -> Option<Reference> {
    let text = credential.verification.repository.as_deref()?;
    Reference::parse(text).ok().filter(|image| pattern.matches(image))
}

/// An image that a pod in scope uses, or one that was tested before.
fn seen(credential: &Credential, pattern: &Pattern) -> Option<Reference> {
    let used = credential.used.iter().map(|image| &**image);
    let tested = credential.status.registries.iter();
    let tested = tested.filter_map(|state| state.repository.as_deref());
    used.chain(tested)
        .filter_map(|text| Reference::parse(text).ok())
        .find(|image| pattern.matches(image))
}

#[cfg(test)]
mod tests;
