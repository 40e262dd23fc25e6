//! What the kubelet does not try, and why: what is broken or missing in the pod's list, what the decision passed over,
//! what comes later in the order, and what only nearly matches.

use super::kubelet::{Content, Listed, scope};
use super::{Question, Tried, Unused};
use crate::index::{Candidate, Index};
use crate::resolve::{Passed, Resolution, Who, Why, Width};
use crate::sentence::Sentence;
use crate::source::Holding;
use keyside_api::Cause;
use keyside_api::condition::{delivered, stalled};
use keyside_keychain::Reference;
use keyside_keychain::keychain::{Filed, Miss};
use keyside_keychain::keyring::Ring;

/// How many credentials that nearly match are named.
const NEAR_MAX: usize = 5;

pub(super) fn unused(
    index: &Index,
    question: &Question<'_>,
    image: &Reference,
    resolution: &Resolution<'_>,
    list: &[Listed<'_>],
    tries: &[Tried],
) -> Vec<Unused> {
    let mut unused = of_list(question, list);
    unused.extend(
        resolution
            .passed
            .iter()
            .filter(|passed| !is_own_source(&passed.why))
            .map(passed_over),
    );
    unused.extend(behind(resolution, question, tries));
    unused.extend(elsewhere(index, question, image));
    unused.extend(near(index, question, image));
    let mut seen = Vec::new();
    unused.retain(|one| {
        let key = (one.name.clone(), one.namespace.clone(), one.pattern.clone());
        let is_new = !seen.contains(&key);
        seen.push(key);
        is_new
    });
    unused
}

/// Defaults for Docker Hub that the kubelet does not look at, because another key of the pod's Secrets matches.
pub(super) fn hidden(image: &Reference, list: &[Listed<'_>], ring: &Ring<usize>) -> Vec<Unused> {
    let by = ring
        .lookup(image.lookup())
        .first()
        .map(|found| found.key.to_owned())
        .unwrap_or_default();
    let hidden = ring.hidden_hub_default(image.lookup());
    let hidden = hidden.iter().map(|found| Unused {
        name: list[*found.source].name.clone(),
        scope: "pod".to_owned(),
        pattern: Some(found.key.to_owned()),
        namespace: None,
        reason: "HiddenHubDefault".to_owned(),
        message: Sentence::HiddenDefault {
            key: found.key.to_owned(),
            by: by.clone(),
        },
    });
    hidden.collect()
}

fn is_own_source(why: &Why) -> bool {
    matches!(why, Why::SourceOf(_))
}

/// Secrets of the pod's list that give nothing.
fn of_list(question: &Question<'_>, list: &[Listed<'_>]) -> Vec<Unused> {
    let of = |listed: &Listed<'_>, reason: &str, message: Sentence| Unused {
        name: listed.name.clone(),
        scope: "pod".to_owned(),
        pattern: None,
        namespace: None,
        reason: reason.to_owned(),
        message,
    };
    let namespace = question.namespace;
    let judged = list.iter().filter_map(|listed| match &listed.content {
        Content::Missing => {
            let message = Sentence::SecretMissing {
                name: listed.name.clone(),
                namespace: namespace.to_owned(),
            };
            Some(of(listed, Cause::MissingPullSecret.as_str(), message))
        }
        Content::Read(secret) => match &secret.holding {
            Holding::Broken { error, .. } => {
                let message = Sentence::SecretBroken {
                    name: listed.name.clone(),
                    error: error.clone(),
                };
                Some(of(listed, Cause::BrokenPullSecret.as_str(), message))
            }
            Holding::BasicAuth(_) | Holding::Nothing => {
                Some(of(listed, "NotAPullSecret", Sentence::NotAPullSecret))
            }
            Holding::Config(_) => None,
        },
        Content::Copy | Content::Due | Content::Unread => None,
    });
    judged.collect()
}

fn passed_over(passed: &Passed<'_>) -> Unused {
    let (reason, message) = match &passed.why {
        Why::Refused(cause) => (cause.as_str(), Sentence::RefusedBefore { cause: *cause }),
        Why::Suspended => (stalled::DESTINATION_CHANGED, Sentence::Suspended),
        Why::Unserved => (delivered::SOURCE_INVALID, Sentence::Unserved),
        Why::Outside(outside) => ("OutOfScope", Sentence::Outside(outside.clone())),
        Why::Spelling => {
            let name = passed.who.name().to_owned();
            (Cause::HostSpelling.as_str(), Sentence::Spelling { name })
        }
        Why::SourceOf(id) => ("SourceOf", Sentence::SourceOf(id.clone())),
    };
    Unused {
        name: passed.who.name().to_owned(),
        scope: scope(passed.who.width()).to_owned(),
        pattern: Some(passed.pattern.to_string()),
        namespace: None,
        reason: reason.to_owned(),
        message,
    }
}

/// Credentials that would answer, but are not tried: because another one comes first, or because the pod is older.
fn behind(resolution: &Resolution<'_>, question: &Question<'_>, tries: &[Tried]) -> Vec<Unused> {
    let tried = |name: &str| tries.iter().any(|tried| tried.name == name);
    let untried = resolution
        .answers
        .iter()
        .enumerate()
        .filter(|(_, answer)| !tried(answer.who.name()));
    let explained = untried.map(|(at, answer)| {
        let (reason, message) = if answer.placement.secret().is_none() {
            ("NodeDelivery", Sentence::AskedByNode)
        } else if at > 0 {
            let first = resolution.answers[0].who.name().to_owned();
            ("NotNeeded", Sentence::ComesLater { first })
        } else if question.exists {
            let name = answer.who.name().to_owned();
            (Cause::NoCredentials.as_str(), Sentence::CreatedWithout { name })
        } else {
            ("NotInjected", Sentence::NotInjected)
        };
        Unused {
            name: answer.who.name().to_owned(),
            scope: scope(answer.who.width()).to_owned(),
            pattern: Some(answer.pattern.to_string()),
            namespace: None,
            reason: reason.to_owned(),
            message,
        }
    });
    explained.collect()
}

/// Credentials that are for the image and out of reach of the namespace.
fn elsewhere(index: &Index, question: &Question<'_>, image: &Reference) -> Vec<Unused> {
    let managed = index.credentials().filter_map(|credential| {
        let outside = index.applies(credential, question.namespace).err()?;
        let served = credential
            .content()?
            .served
            .iter()
            .find(|served| served.pattern.matches(image))?;
        Some(Unused {
            name: credential.id.name.to_string(),
            scope: scope(Who::Managed(credential).width()).to_owned(),
            pattern: Some(served.pattern.to_string()),
            namespace: credential.id.namespace.as_deref().map(str::to_owned),
            reason: Cause::SecretInWrongNamespace.as_str().to_owned(),
            message: Sentence::ElsewhereManaged {
                id: credential.id.clone(),
                outside,
            },
        })
    });
    let plain = index.secrets().filter(|(namespace, secret)| {
        ***namespace != *question.namespace && !index.is_source(namespace, &secret.name)
    });
    let plain = plain.filter_map(|(namespace, secret)| {
        let entries = secret.config()?.entries().iter();
        let pattern = entries
            .filter_map(|entry| keyside_keychain::Pattern::parse(entry.key()).ok())
            .find(|pattern| pattern.matches(image))?;
        Some(Unused {
            name: secret.name.to_string(),
            scope: scope(Width::Plain).to_owned(),
            pattern: Some(pattern.to_string()),
            namespace: Some(namespace.to_string()),
            reason: Cause::SecretInWrongNamespace.as_str().to_owned(),
            message: Sentence::ElsewherePlain {
                name: secret.name.to_string(),
                namespace: namespace.to_string(),
            },
        })
    });
    managed.chain(plain).take(NEAR_MAX).collect()
}

/// Credentials in reach that are for something else.
fn near(index: &Index, question: &Question<'_>, image: &Reference) -> Vec<Unused> {
    let mut near: Vec<(Miss, Unused)> = Vec::new();
    for keychain in index.keychains(question.namespace) {
        for one in keychain.nearest(image, NEAR_MAX) {
            if let Some((name, width)) = in_reach(index, question.namespace, one.filed) {
                let reason = match one.miss {
                    Miss::HostSpelling => Cause::HostSpelling,
                    _ => Cause::NoMatchingCredential,
                };
                let pattern = one.filed.pattern.to_string();
                near.push((
                    one.miss,
                    Unused {
                        message: Sentence::Near {
                            name: name.clone(),
                            pattern: pattern.clone(),
                            repository: image.lookup().to_owned(),
                            miss: one.miss,
                        },
                        name,
                        scope: scope(width).to_owned(),
                        pattern: Some(pattern),
                        namespace: None,
                        reason: reason.as_str().to_owned(),
                    },
                ));
            }
        }
    }
    near.sort_by_key(|(miss, _)| *miss);
    near.into_iter()
        .take(NEAR_MAX)
        .map(|(_, unused)| unused)
        .collect()
}

/// Name and scope of a filed credential, if it applies in the namespace.
fn in_reach(index: &Index, namespace: &str, filed: &Filed<Candidate>) -> Option<(String, Width)> {
    match &filed.payload {
        Candidate::Plain { secret, .. } => Some((secret.to_string(), Width::Plain)),
        Candidate::Managed(id) => {
            let credential = index.credential(id)?;
            index.applies(credential, namespace).ok()?;
            Some((id.name.to_string(), Who::Managed(credential).width()))
        }
    }
}
