//! Why an image can or cannot be pulled, from three witnesses: the decision, the registry, the node.
//!
//! [`checks::CHECKS`] is an ordered list of small pure functions; the first that finds something decides. Read that list and you
//! know how keyside thinks. The witnesses come with the [question](crate::explain::Question): what the node said ([`Word`]) and what
//! the registry answered when it was asked ([`Answer`]). Without them the decision speaks alone.

pub mod checks;
mod evidence;
mod fix;
mod near;
pub mod words;

pub use evidence::Evidence;

use crate::explain::{Explanation, Seen, Tried, Verdict};
use crate::sentence::Sentence;
use jiff::Timestamp;
use keyside_api::Cause;
use keyside_api::condition::verified;

/// Something that a node said about an image of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Where: the reason of an event, or `status`.
    pub by: String,
    /// The text. It holds words of runtimes and registries, so it is shown only to those who ask for it.
    pub message: String,
    /// How often.
    pub times: u32,
    /// When last.
    pub at: Option<Timestamp>,
}

/// What a registry answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The turn of the credential that was shown; none for an anonymous question.
    pub rank: Option<usize>,
    /// A reason of the condition `Verified`.
    pub reason: String,
    /// Where or how, in the verifier's own words.
    pub detail: String,
    /// What it said itself, which is shown only to those who ask for it.
    pub raw: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether the image can be pulled.
    pub verdict: Verdict,
    /// The code.
    pub reason: String,
    /// The same as a sentence.
    pub message: Sentence,
    /// The credential or Secret that it is about.
    pub about: Option<String>,
}

impl Finding {
    /// A finding under any code.
    pub fn new(verdict: Verdict, reason: impl Into<String>, message: Sentence) -> Self {
        Self {
            verdict,
            reason: reason.into(),
            message,
            about: None,
        }
    }

    /// The image cannot be pulled for this cause.
    pub fn failing(cause: Cause, message: Sentence) -> Self {
        Self::new(Verdict::Failing, cause.as_str(), message)
    }

    /// Names the credential or Secret that it is about.
    #[must_use]
    pub fn about(mut self, name: &str) -> Self {
        self.about = Some(name.to_owned());
        self
    }

    /// The cause, if the code is one.
    pub fn cause(&self) -> Option<Cause> {
        Cause::parse(&self.reason)
    }
}

/// What has to happen with a pod that waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remedy {
    /// The cause is still there.
    #[default]
    Cause,
    /// The cause is gone: the kubelet gets the image when it tries again, and a new pod gets it now.
    Retry,
    /// Only a new pod gets what it needs.
    Renew,
}

/// Weighs the evidence.
pub(crate) fn conclude(evidence: &Evidence<'_>) -> Explanation {
    let finding = checks::CHECKS
        .iter()
        .find_map(|check| check(evidence))
        .expect("the last check always finds something");
    let remedy = remedy(evidence, &finding);
    let advice = finding
        .cause()
        .filter(|_| finding.verdict != Verdict::Pullable)
        .map(|cause| match finding.message {
            Sentence::CreatedWithout { .. } => Sentence::AdviceRenew,
            _ => advice(evidence, cause),
        });
    Explanation {
        image: evidence.question.image.to_owned(),
        verdict: finding.verdict,
        fix: fix::fix(evidence, &finding),
        reason: finding.reason,
        message: finding.message,
        credentials: evidence.tries.to_vec(),
        unused: evidence.unused.to_vec(),
        evidence: seen(evidence, remedy),
        advice,
        remedy,
    }
}

/// What the commands are good for.
fn advice(evidence: &Evidence<'_>, cause: Cause) -> Sentence {
    let about = evidence.about(None);
    match fix::address(evidence, cause) {
        Some(address) => Sentence::AdviceAddress {
            cause,
            host: about.registry,
            meant: address.meant(),
        },
        None => Sentence::Advice { cause, about },
    }
}

fn remedy(evidence: &Evidence<'_>, finding: &Finding) -> Remedy {
    let accepted = evidence.is_accepted_now();
    match finding.cause() {
        _ if finding.verdict != Verdict::Failing || !evidence.is_waiting() => Remedy::Cause,
        Some(Cause::NoCredentials) if matches!(finding.message, Sentence::CreatedWithout { .. }) => {
            Remedy::Renew
        }
        Some(cause) if accepted && !checks::is_of_node(cause) => Remedy::Retry,
        // A node that says nothing more and a registry that accepts: the attempt that failed is over.
        None if accepted => Remedy::Retry,
        _ => Remedy::Cause,
    }
}

/// Takes what the registry answered into the list of what is tried: it is newer than what was known.
pub(crate) fn take_answers(tries: &mut [Tried], answers: &[Answer]) {
    for tried in tries {
        let Some(answer) = answers.iter().find(|answer| answer.rank == Some(tried.rank)) else {
            continue;
        };
        let result = match answer.reason.as_str() {
            verified::PULL_ALLOWED | verified::LOGGED_IN => "verified",
            reason if Cause::parse(reason).is_some_and(checks::is_refusal) => "refused",
            // Limits, outages and networks say nothing about the credential.
            _ if tried.result != "untested" => continue,
            _ => "unclear",
        };
        result.clone_into(&mut tried.result);
        tried.reason.clone_from(&answer.reason);
    }
}

/// The evidence as people read it, with its source and age.
fn seen(evidence: &Evidence<'_>, remedy: Remedy) -> Vec<Seen> {
    let one = |source: &str, message, time| Seen {
        source: source.to_owned(),
        message,
        time,
        raw: None,
    };
    let mut seen = vec![one("decision", Sentence::Tries(evidence.tries.len()), None)];
    for answer in &evidence.question.registry {
        let tried = |rank| evidence.tries.iter().find(|tried: &&Tried| tried.rank == rank);
        let message = Sentence::RegistrySays {
            name: answer.rank.and_then(tried).map(|tried| tried.name.clone()),
            reason: answer.reason.clone(),
            detail: answer.detail.clone(),
        };
        seen.push(Seen {
            raw: answer.raw.clone(),
            ..one("registry", message, Some(answer.at))
        });
    }
    match (&evidence.said, &evidence.question.observed) {
        (Some((cause, word)), _) => seen.push(Seen {
            raw: Some(word.message.clone()),
            ..one(
                "node",
                Sentence::NodeSays {
                    cause: *cause,
                    by: word.by.clone(),
                    times: word.times,
                },
                word.at,
            )
        }),
        (None, Some(crate::explain::Observed::Waiting(reason))) => {
            let message = Sentence::Waits {
                reason: reason.clone(),
            };
            seen.push(one("node", message, None));
        }
        (None, Some(crate::explain::Observed::Pulled)) => seen.push(one("node", Sentence::Pulled, None)),
        (None, None) => {}
    }
    if remedy == Remedy::Retry {
        seen.push(one("registry", Sentence::Recovered, None));
    }
    seen
}

#[cfg(test)]
mod tests;
