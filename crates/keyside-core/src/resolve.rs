//! The decision: which credentials answer for an image in a namespace, in which order, and why.
//!
//! Read this file and you know what keyside does. Every delivery, `explain`, the UI and the webhook call [`resolve`], so
//! they cannot disagree; and it asks nothing but memory, so a pod costs no API call.
//!
//! The rule, in four sentences:
//!
//! 1. In reach are the credentials of the namespace, those of the Project it is a member of, those of the cluster that
//!    select it, and the plain pull secrets that stand in it.
//! 2. Of these, each whose pattern matches the image can answer: host and path, and a path ends at a segment.
//! 3. The more specific pattern comes first; then the narrower scope (namespace, project, cluster); then managed
//!    credentials before plain Secrets; then the name.
//! 4. What is known not to work is passed over, with the reason: a credential the registry has refused, one whose
//!    destination was changed behind its back, one that the kubelet would not find in the Secret it stands in. Only where
//!    nothing else answers is a refused one given all the same: the pod then heals as soon as the password is replaced. But
//!    never for what everybody may pull ([`is_open`]), because a kubelet that has something to show never asks without it.
//!
//! The first that answers is what a pod is given. What the kubelet then tries, and in which order, follows its own rules
//! (see [`crate::explain`]).

use crate::CredentialId;
use crate::index::{Applies, Candidate, Credential, Index, Outside, Placement, State};
use keyside_api::Cause;
use keyside_keychain::keychain::{Filed, resolve_all};
use keyside_keychain::{Pattern, Reference, keyring};
use std::sync::Arc;

/// Images that Docker Hub gives to everybody, by its own rules: the official ones.
pub(crate) const OPEN: &str = "docker.io/library";

/// Whether everybody may pull the image, whatever the registry thinks of a password. Of other images nobody knows before it has asked.
pub(crate) fn is_open(image: &Reference) -> bool {
    let path = image.lookup().strip_prefix(OPEN);
    path.is_some_and(|path| path.starts_with('/'))
}

/// What the decision says about one image in one namespace.
#[derive(Clone, Debug, Default)]
pub struct Resolution<'a> {
    /// Who answers, best first. A pod gets the first.
    pub answers: Vec<Answer<'a>>,
    /// Who would match and is passed over, in the same order.
    pub passed: Vec<Passed<'a>>,
}

/// A credential that answers.
#[derive(Clone, Debug)]
pub struct Answer<'a> {
    /// Which.
    pub who: Who<'a>,
    /// The pattern by which it matches.
    pub pattern: &'a Pattern,
    /// Where the kubelet finds it.
    pub placement: Placement,
    /// Whether the Secret stands there with its present content.
    pub stands: bool,
}

/// A credential that matches and does not answer.
#[derive(Clone, Debug)]
pub struct Passed<'a> {
    /// Which.
    pub who: Who<'a>,
    /// The pattern by which it matches.
    pub pattern: &'a Pattern,
    /// Why it does not answer.
    pub why: Why,
    /// Where the kubelet would find it, if a refusal is all that speaks against it and the image cannot be had without.
    pub placement: Option<Placement>,
}

/// A credential of either origin.
#[derive(Clone, Copy, Debug)]
pub enum Who<'a> {
    /// One of keyside's.
    Managed(&'a Credential),
    /// A pull secret that somebody made in the namespace, and the key in it that matches.
    Plain {
        /// The Secret.
        secret: &'a Arc<str>,
        /// The key, as written.
        key: &'a str,
    },
}

/// Where a credential that answers applies; the narrower first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Width {
    /// One namespace.
    Namespace,
    /// A Project.
    Project,
    /// The cluster.
    Cluster,
    /// A plain pull secret of the namespace.
    Plain,
}

/// Why a credential that matches does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The registry has refused it.
    Refused(Cause),
    /// Where it may be sent was changed without entering the secret again.
    Suspended,
    /// Its source cannot be used, and no copy of the last good content stands here.
    Unserved,
    /// It does not apply in the namespace.
    Outside(Outside),
    /// The kubelet does not find it in the Secret: it is stored under another spelling of the registry.
    Spelling,
    /// It is the source of this credential, which answers itself.
    SourceOf(CredentialId),
}

impl<'a> Resolution<'a> {
    /// What a pod is given: the first that answers, or, where none does, the first that was only refused.
    pub fn given(&self) -> Option<(Who<'a>, &Placement)> {
        let first = self.answers.first().map(|answer| (answer.who, &answer.placement));
        first.or_else(|| {
            self.passed
                .iter()
                .find_map(|passed| Some((passed.who, passed.placement.as_ref()?)))
        })
    }
}

impl Who<'_> {
    /// The name people know it by.
    pub fn name(&self) -> &str {
        match self {
            Self::Managed(credential) => &credential.id.name,
            Self::Plain { secret, .. } => secret,
        }
    }

    /// Where it applies.
    pub fn width(&self) -> Width {
        match self {
            Self::Plain { .. } => Width::Plain,
            Self::Managed(credential) => match credential.applies {
                Applies::Namespace => Width::Namespace,
                Applies::Project => Width::Project,
                Applies::Cluster { .. } => Width::Cluster,
            },
        }
    }
}

/// Decides for one image in one namespace.
pub fn resolve<'a>(index: &'a Index, namespace: &str, image: &Reference) -> Resolution<'a> {
    let mut resolution = Resolution::default();
    for filed in resolve_all(index.keychains(namespace), image) {
        match consider(index, namespace, image, filed) {
            Considered::Answers(answer) => resolution.answers.push(answer),
            Considered::IsPassed(passed) => resolution.passed.push(passed),
        }
    }
    drop_sources(&mut resolution);
    resolution
}

/// What came of one candidate that matches.
enum Considered<'a> {
    Answers(Answer<'a>),
    IsPassed(Passed<'a>),
}

/// One candidate that matches: does it answer?
fn consider<'a>(
    index: &'a Index,
    namespace: &str,
    image: &Reference,
    filed: &'a Filed<Candidate>,
) -> Considered<'a> {
    let pattern = &filed.pattern;
    let (who, verdict) = match &filed.payload {
        Candidate::Plain { secret, key } => {
            let found = keyring::serves(key, image.lookup());
            // What a credential is refused for does not become right by standing in its own Secret.
            let refused = index
                .credentials_made_of(&namespace.into(), secret)
                .find_map(|credential| credential.refused(image));
            let verdict = match refused {
                _ if !found => Err(Why::Spelling),
                Some(cause) => Err(Why::Refused(cause)),
                None => Ok((Placement::Source(secret.clone()), true)),
            };
            (Who::Plain { secret, key }, verdict)
        }
        Candidate::Managed(id) => {
            let credential = index
                .credential(id)
                .expect("only credentials in the index are filed");
            (
                Who::Managed(credential),
                consider_managed(index, namespace, image, credential),
            )
        }
    };
    match verdict {
        Ok((placement, stands)) => Considered::Answers(Answer {
            who,
            pattern,
            placement,
            stands,
        }),
        Err(why) => {
            let placement = match (&who, &why) {
                (Who::Managed(credential), Why::Refused(_))
                    if credential.ready().is_some() && !is_open(image) =>
                {
                    Some(index.placement(credential, namespace))
                }
                _ => None,
            };
            Considered::IsPassed(Passed {
                who,
                pattern,
                why,
                placement,
            })
        }
    }
}

fn consider_managed(
    index: &Index,
    namespace: &str,
    image: &Reference,
    credential: &Credential,
) -> Result<(Placement, bool), Why> {
    index.applies(credential, namespace).map_err(Why::Outside)?;
    if let Some(cause) = credential.refused(image) {
        return Err(Why::Refused(cause));
    }
    let placement = index.placement(credential, namespace);
    let copy = match &placement {
        Placement::Copy { name, .. } => index.copy(namespace, name).is_some(),
        Placement::Source(_) | Placement::Node => true,
    };
    match &credential.state {
        State::Ready(_) | State::Unread(_) => Ok((placement, copy)),
        State::Suspended => Err(Why::Suspended),
        State::Unserved { .. } if copy && placement != Placement::Node => Ok((placement, true)),
        State::Unserved { .. } => Err(Why::Unserved),
    }
}

/// A Secret that is the source of a credential answers once: as the credential.
fn drop_sources(resolution: &mut Resolution<'_>) {
    let sources: Vec<(Arc<str>, CredentialId)> = resolution
        .answers
        .iter()
        .filter_map(|answer| match (&answer.who, &answer.placement) {
            (Who::Managed(credential), Placement::Source(name)) => {
                Some((name.clone(), credential.id.clone()))
            }
            _ => None,
        })
        .collect();
    let source_of = |who: &Who<'_>| match who {
        Who::Plain { secret, .. } => sources
            .iter()
            .find(|(name, _)| name == *secret)
            .map(|(_, id)| id.clone()),
        Who::Managed(_) => None,
    };
    let mut passed = Vec::new();
    resolution.answers.retain(|answer| match source_of(&answer.who) {
        None => true,
        Some(id) => {
            passed.push(Passed {
                who: answer.who,
                pattern: answer.pattern,
                why: Why::SourceOf(id),
                placement: None,
            });
            false
        }
    });
    resolution.passed.append(&mut passed);
}

#[cfg(test)]
mod tests;
