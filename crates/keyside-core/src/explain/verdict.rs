//! The verdict: the first reason that decides.

use super::{Evidence, Explanation, Observed, Question, Tried, Unused, Verdict, fix};
use crate::index::{Index, Placement};
use crate::resolve::Resolution;
use keyside_api::Cause;
use keyside_keychain::{Reference, ReferenceError};

/// What was concluded: verdict, reason, message.
struct Conclusion {
    verdict: Verdict,
    reason: String,
    message: String,
}

impl Conclusion {
    fn new(verdict: Verdict, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            verdict,
            reason: reason.into(),
            message: message.into(),
        }
    }

    fn failing(cause: Cause, message: impl Into<String>) -> Self {
        Self::new(Verdict::Failing, cause.as_str(), message)
    }
}

/// The answer for an image that cannot be parsed.
pub(super) fn invalid(question: &Question<'_>, error: &ReferenceError) -> Explanation {
    Explanation {
        image: question.image.to_owned(),
        verdict: Verdict::Failing,
        reason: Cause::InvalidReference.as_str().to_owned(),
        message: format!("the image reference cannot be parsed: {error}"),
        credentials: Vec::new(),
        unused: Vec::new(),
        evidence: evidence(question, 0),
        fix: Vec::new(),
    }
}

pub(super) fn conclude(
    index: &Index,
    question: &Question<'_>,
    image: &Reference,
    resolution: &Resolution<'_>,
    tries: Vec<Tried>,
    unused: Vec<Unused>,
) -> Explanation {
    let conclusion = by_node(question)
        .or_else(|| of_broken(&unused))
        .or_else(|| of_tries(question, image, &tries))
        .or_else(|| of_node_delivery(resolution))
        .unwrap_or_else(|| of_nothing(question, image, &unused));
    let fix = fix::fix(
        index,
        question,
        image,
        conclusion.verdict,
        &conclusion.reason,
        &unused,
    );
    Explanation {
        image: question.image.to_owned(),
        verdict: conclusion.verdict,
        reason: conclusion.reason,
        message: conclusion.message,
        evidence: evidence(question, tries.len()),
        credentials: tries,
        unused,
        fix,
    }
}

/// The node has pulled it, or says something that needs no credential to understand.
fn by_node(question: &Question<'_>) -> Option<Conclusion> {
    match question.observed.as_ref()? {
        Observed::Pulled => {
            let message = "the node has the image and lets the pod use it";
            Some(Conclusion::new(Verdict::Pullable, "PullAllowed", message))
        }
        Observed::Waiting(reason) if reason == "ErrImageNeverPull" => Some(Conclusion::failing(
            Cause::NeverPull,
            "the image is not on the node, and its pull policy is Never",
        )),
        Observed::Waiting(_) => None,
    }
}

fn of_broken(unused: &[Unused]) -> Option<Conclusion> {
    let broken = unused
        .iter()
        .find(|one| one.reason == Cause::BrokenPullSecret.as_str())?;
    Some(Conclusion::failing(
        Cause::BrokenPullSecret,
        format!("Secret {}: {}", broken.name, broken.message),
    ))
}

/// Something is tried.
fn of_tries(question: &Question<'_>, image: &Reference, tries: &[Tried]) -> Option<Conclusion> {
    let hopeful = tries.iter().find(|tried| tried.result != "refused");
    let Some(best) = hopeful else {
        let refused = tries.first()?;
        let message = format!(
            "{} is refused by {}, and nothing else answers",
            refused.name,
            host(image)
        );
        return Some(Conclusion::new(Verdict::Failing, refused.reason.clone(), message));
    };
    let message = format!("{} answers for {}", best.name, best.pattern);
    if matches!(question.observed, Some(Observed::Waiting(_))) {
        let message = format!("{message}, but the node does not get the image with it");
        return Some(Conclusion::new(Verdict::Failing, best.reason.clone(), message));
    }
    let message = match best.result.as_str() {
        "verified" => format!("{message}, and the registry accepts it"),
        _ => format!("{message}; the registry was not asked"),
    };
    Some(Conclusion::new(Verdict::Pullable, best.reason.clone(), message))
}

fn of_node_delivery(resolution: &Resolution<'_>) -> Option<Conclusion> {
    let best = resolution
        .answers
        .first()
        .filter(|best| best.placement == Placement::Node)?;
    let message = format!(
        "{} answers when the node's credential provider asks",
        best.who.name()
    );
    Some(Conclusion::new(Verdict::Unknown, "NodeDelivery", message))
}

/// Nothing is tried: the nearest reason that explains it.
fn of_nothing(question: &Question<'_>, image: &Reference, unused: &[Unused]) -> Conclusion {
    let first = |reason: &str| unused.iter().find(|one| one.reason == reason);
    if let Some(created_without) = first(Cause::NoCredentials.as_str()) {
        return Conclusion::failing(
            Cause::NoCredentials,
            format!("{}: {}", created_without.name, created_without.message),
        );
    }
    for cause in [
        Cause::HostSpelling,
        Cause::MissingPullSecret,
        Cause::SecretInWrongNamespace,
    ] {
        if let Some(one) = first(cause.as_str()) {
            return Conclusion::failing(cause, one.message.clone());
        }
    }
    let known_bad = unused
        .iter()
        .find(|one| Cause::parse(&one.reason).is_some_and(is_verdict));
    if let Some(refused) = known_bad {
        return Conclusion::new(
            Verdict::Failing,
            refused.reason.clone(),
            format!("{}: {}", refused.name, refused.message),
        );
    }
    let same_registry = |one: &&Unused| {
        let registry = one.pattern.as_deref().unwrap_or_default().split('/').next();
        one.reason == Cause::NoMatchingCredential.as_str() && registry == Some(host(image))
    };
    if let Some(near) = unused.iter().find(same_registry) {
        return Conclusion::failing(Cause::NoMatchingCredential, near.message.clone());
    }
    let message = format!(
        "no credential in namespace {} answers for {}, so only a public image can be pulled",
        question.namespace,
        image.lookup()
    );
    let verdict = match question.observed {
        Some(Observed::Waiting(_)) => Verdict::Failing,
        _ => Verdict::Unknown,
    };
    Conclusion::new(verdict, Cause::NoCredentials.as_str(), message)
}

/// Whether the cause is something a registry has said of a credential.
fn is_verdict(cause: Cause) -> bool {
    matches!(cause, Cause::BadCredentials | Cause::NoPullScope | Cause::Expired)
}

fn host(image: &Reference) -> &str {
    image.lookup().split('/').next().unwrap_or_default()
}

fn evidence(question: &Question<'_>, tries: usize) -> Vec<Evidence> {
    let tried = match tries {
        0 => "a kubelet has no credential to try and pulls anonymously".to_owned(),
        1 => "a kubelet has one credential to try".to_owned(),
        many => format!("a kubelet has {many} credentials to try, in this order"),
    };
    let mut evidence = vec![Evidence {
        source: "decision".to_owned(),
        message: tried,
    }];
    match &question.observed {
        Some(Observed::Pulled) => {
            evidence.push(Evidence {
                source: "node".to_owned(),
                message: "the image was pulled".to_owned(),
            });
        }
        Some(Observed::Waiting(reason)) => {
            evidence.push(Evidence {
                source: "node".to_owned(),
                message: format!("the container waits: {reason}"),
            });
        }
        None => {}
    }
    evidence
}
