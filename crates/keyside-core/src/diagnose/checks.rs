//! How a pull is judged: small questions to the evidence, in the order in which they are asked. The first answer counts.

use super::{Evidence, Finding};
use crate::explain::{Observed, Verdict};
use crate::sentence::{Sentence, Standing};
use keyside_api::Cause;
use keyside_api::condition::{delivered, verified};

/// One question to the evidence.
pub type Check = fn(&Evidence<'_>) -> Option<Finding>;

/// The order. First what needs no credential to understand, then what the node met on its way, then who was let in, then what stands
/// in reach, and last what is left to say when nobody knows.
pub const CHECKS: &[Check] = &[
    unparsable,
    pulled,
    broken_secret,
    never_pulled,
    stopped_on_the_node,
    stopped_on_the_way,
    answered_by_a_stranger,
    missing_image,
    public,
    created_without,
    spelling,
    missing_secret,
    wrong_namespace,
    refused_before,
    no_matching_credential,
    refused,
    denied,
    answers_in_vain,
    unreachable_from_here,
    answers,
    provided_by_the_node,
    no_credentials,
    nothing_known,
];

/// Hosts of registries that say "not found" about what somebody may not see.
const HIDING: [&str; 3] = ["ghcr.io", ".azurecr.io", ".amazonaws.com"];

/// Whether the cause is something that a registry has said of a credential.
pub fn is_refusal(cause: Cause) -> bool {
    matches!(cause, Cause::BadCredentials | Cause::NoPullScope | Cause::Expired)
}

/// Whether only the node can tell: a registry that accepts changes nothing about it.
pub fn is_of_node(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::PullQpsExceeded
            | Cause::DiskFull
            | Cause::SignatureInvalid
            | Cause::NoMatchingPlatform
            | Cause::UnsupportedManifest
            | Cause::ContentMissing
            | Cause::ContentCorrupt
            | Cause::BlobDenied
            | Cause::PolicyBlocked
            | Cause::BrokenPullSecret
            | Cause::NeverPull
            | Cause::InvalidReference
            | Cause::ReverificationRefused
    )
}

/// Whether the cause lies between the node and the registry, or is an outage.
pub fn is_of_way(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::RateLimited
            | Cause::NotARegistry
            | Cause::RegistryError
            | Cause::DnsFailure
            | Cause::ConnectionRefused
            | Cause::NetworkUnreachable
            | Cause::Timeout
            | Cause::Interrupted
            | Cause::ProxyError
            | Cause::AddressBlocked
            | Cause::UntrustedCA
            | Cause::CertificateInvalid
            | Cause::HttpOnlyRegistry
            | Cause::TlsProtocolError
    )
}

fn because(evidence: &Evidence<'_>, cause: Cause, credential: Option<&str>) -> Finding {
    let about = evidence.about(credential);
    let finding = Finding::failing(cause, Sentence::Because { cause, about });
    match credential {
        Some(name) => finding.about(name),
        None => finding,
    }
}

/// The image is no image.
fn unparsable(evidence: &Evidence<'_>) -> Option<Finding> {
    let error = evidence.image.as_ref().err()?.to_string();
    Some(Finding::failing(
        Cause::InvalidReference,
        Sentence::Unparsable { error },
    ))
}

/// The node has it.
fn pulled(evidence: &Evidence<'_>) -> Option<Finding> {
    (evidence.question.observed == Some(Observed::Pulled))
        .then(|| Finding::new(Verdict::Pullable, verified::PULL_ALLOWED, Sentence::Pulled))
}

/// A Secret of the pod cannot be read: nothing is pulled at all.
fn broken_secret(evidence: &Evidence<'_>) -> Option<Finding> {
    if let Some(broken) = evidence.unused_for(Cause::BrokenPullSecret) {
        return Some(Finding::failing(Cause::BrokenPullSecret, broken.message.clone()).about(&broken.name));
    }
    (evidence.said() == Some(Cause::BrokenPullSecret))
        .then(|| because(evidence, Cause::BrokenPullSecret, None))
}

/// The pod forbids the node to pull. If the image is there all the same, the pod has not proven that it may use it.
fn never_pulled(evidence: &Evidence<'_>) -> Option<Finding> {
    let waits = matches!(&evidence.question.observed, Some(Observed::Waiting(reason)) if reason == "ErrImageNeverPull");
    if !waits && evidence.said() != Some(Cause::NeverPull) {
        return None;
    }
    let cause = if evidence.question.present {
        Cause::ReverificationRefused
    } else {
        Cause::NeverPull
    };
    Some(because(evidence, cause, None))
}

/// The node could not use what it got, or could not begin.
fn stopped_on_the_node(evidence: &Evidence<'_>) -> Option<Finding> {
    let cause = evidence.said().filter(|cause| is_of_node(*cause))?;
    Some(because(evidence, cause, None))
}

/// The node did not get through to the registry, or that did not want to talk.
fn stopped_on_the_way(evidence: &Evidence<'_>) -> Option<Finding> {
    let cause = evidence.said().filter(|cause| is_of_way(*cause))?;
    Some(because(evidence, cause, None))
}

/// What the node took for the registry's answer is that of something in between: the registry's front door says so.
fn answered_by_a_stranger(evidence: &Evidence<'_>) -> Option<Finding> {
    evidence.said()?;
    let strange = [Cause::ProxyError, Cause::NotARegistry];
    let answers = evidence.question.registry.iter();
    let cause = answers
        .filter_map(|answer| Cause::parse(&answer.reason))
        .find(|cause| strange.contains(cause))?;
    Some(because(evidence, cause, None))
}

/// The registry has no such image. Some hide private ones in this way: then a credential that is near is the better answer.
fn missing_image(evidence: &Evidence<'_>) -> Option<Finding> {
    let not_found = Cause::NotFound.as_str();
    let answered = evidence
        .question
        .registry
        .iter()
        .any(|answer| answer.reason == not_found);
    let said = evidence.said() == Some(Cause::NotFound) && !evidence.is_all_refused();
    if !(answered || said) {
        return None;
    }
    let hides = HIDING.iter().any(|host| evidence.registry().ends_with(host));
    let nearer = [
        Cause::NoCredentials,
        Cause::HostSpelling,
        Cause::SecretInWrongNamespace,
    ];
    if hides && evidence.tries.is_empty() && nearer.iter().any(|cause| evidence.unused_for(*cause).is_some())
    {
        return None;
    }
    Some(because(evidence, Cause::NotFound, None))
}

/// Everybody may pull it, and a pod that lists nothing will.
fn public(evidence: &Evidence<'_>) -> Option<Finding> {
    if !evidence.is_public() || !evidence.tries.is_empty() || evidence.is_waiting() {
        return None;
    }
    let registry = evidence.registry().to_owned();
    Some(Finding::new(
        Verdict::Pullable,
        verified::PULL_ALLOWED,
        Sentence::Public { registry },
    ))
}

/// A credential answers, but the pod is older.
fn created_without(evidence: &Evidence<'_>) -> Option<Finding> {
    if !evidence.tries.is_empty() && !evidence.is_all_refused() {
        return None;
    }
    let unused = evidence.unused_for(Cause::NoCredentials)?;
    Some(Finding::failing(Cause::NoCredentials, unused.message.clone()).about(&unused.name))
}

/// One of the reasons why nothing is tried.
fn nothing_tried(evidence: &Evidence<'_>, cause: Cause) -> Option<Finding> {
    let one = evidence
        .unused_for(cause)
        .filter(|_| evidence.tries.is_empty() && !evidence.is_public())?;
    Some(Finding::failing(cause, one.message.clone()).about(&one.name))
}

/// A credential is for the registry, under a name that the kubelet does not match.
fn spelling(evidence: &Evidence<'_>) -> Option<Finding> {
    nothing_tried(evidence, Cause::HostSpelling)
}

/// The pod lists a Secret that is not there.
fn missing_secret(evidence: &Evidence<'_>) -> Option<Finding> {
    nothing_tried(evidence, Cause::MissingPullSecret)
}

/// The credential is there, but not here.
fn wrong_namespace(evidence: &Evidence<'_>) -> Option<Finding> {
    nothing_tried(evidence, Cause::SecretInWrongNamespace)
}

/// A credential would answer, but the registry has refused it before, so it is not handed out.
fn refused_before(evidence: &Evidence<'_>) -> Option<Finding> {
    if !evidence.tries.is_empty() {
        return None;
    }
    let refused = |reason: &str| Cause::parse(reason).is_some_and(is_refusal);
    let known_bad = evidence.unused.iter().find(|one| refused(&one.reason))?;
    let cause = Cause::parse(&known_bad.reason)?;
    Some(because(evidence, cause, Some(&known_bad.name)))
}

/// Credentials of this registry stand in reach, and none is for this repository.
fn no_matching_credential(evidence: &Evidence<'_>) -> Option<Finding> {
    if !evidence.tries.is_empty() || evidence.is_public() {
        return None;
    }
    let near = evidence.unused.iter().find(|one| {
        let registry = one.pattern.as_deref().unwrap_or_default().split('/').next();
        one.reason == Cause::NoMatchingCredential.as_str() && registry == Some(evidence.registry())
    })?;
    Some(Finding::failing(Cause::NoMatchingCredential, near.message.clone()).about(&near.name))
}

/// Everything that is tried was refused: the first says why.
fn refused(evidence: &Evidence<'_>) -> Option<Finding> {
    let first = evidence.tries.first().filter(|_| evidence.is_all_refused())?;
    let cause = Cause::parse(&first.reason)?;
    Some(because(evidence, cause, Some(&first.name)))
}

/// The node says that what it showed was refused.
fn denied(evidence: &Evidence<'_>) -> Option<Finding> {
    let cause = evidence.said().filter(|_| evidence.is_waiting())?;
    let shown = evidence.tries.iter().find(|tried| tried.result != "refused")?;
    Some(because(evidence, cause, Some(&shown.name)))
}

/// The node tries something and does not get the image, and nobody says why.
fn answers_in_vain(evidence: &Evidence<'_>) -> Option<Finding> {
    let best = evidence.tries.iter().find(|tried| tried.result != "refused")?;
    evidence.is_waiting().then(|| {
        let message = Sentence::AnswersInVain {
            name: best.name.clone(),
            pattern: best.pattern.clone(),
        };
        Finding::new(Verdict::Failing, best.reason.clone(), message).about(&best.name)
    })
}

/// The registry was asked and did not answer; no node has tried, so nobody knows.
fn unreachable_from_here(evidence: &Evidence<'_>) -> Option<Finding> {
    let answers = evidence.question.registry.iter();
    let causes: Vec<Cause> = answers
        .filter_map(|answer| Cause::parse(&answer.reason))
        .collect();
    let cause = causes.iter().copied().find(|cause| is_of_way(*cause))?;
    if evidence.is_waiting() || evidence.tries.iter().any(|tried| tried.result == "verified") {
        return None;
    }
    Some(Finding {
        verdict: Verdict::Unknown,
        ..because(evidence, cause, None)
    })
}

/// Something answers, and nothing speaks against it.
fn answers(evidence: &Evidence<'_>) -> Option<Finding> {
    let best = evidence.tries.iter().find(|tried| tried.result == "verified");
    let best = best.or_else(|| evidence.tries.iter().find(|tried| tried.result != "refused"))?;
    let first = evidence.tries.first()?;
    if let Some(cause) =
        Cause::parse(&first.reason).filter(|_| first.result == "refused" && best.result == "verified")
    {
        let message = Sentence::AnswersBehind {
            name: best.name.clone(),
            refused: first.name.clone(),
            cause,
        };
        return Some(Finding::new(Verdict::Pullable, best.reason.clone(), message).about(&first.name));
    }
    let standing = match best.result.as_str() {
        "verified" => Standing::Accepted,
        "unclear" => Standing::Unclear,
        _ => Standing::NotAsked,
    };
    let message = Sentence::Answers {
        name: best.name.clone(),
        pattern: best.pattern.clone(),
        standing,
    };
    Some(Finding::new(Verdict::Pullable, best.reason.clone(), message).about(&best.name))
}

/// Nothing stands in a Secret, but the node asks keyside.
fn provided_by_the_node(evidence: &Evidence<'_>) -> Option<Finding> {
    let name = evidence.provided?.to_owned();
    Some(Finding::new(
        Verdict::Unknown,
        delivered::NODE_DELIVERY,
        Sentence::NodeProvider { name },
    ))
}

/// The registry wants a credential, and there is none.
fn no_credentials(evidence: &Evidence<'_>) -> Option<Finding> {
    let denied =
        |cause: Cause| is_refusal(cause) || matches!(cause, Cause::NoCredentials | Cause::AccessDenied);
    let answered = evidence
        .anonymous()
        .and_then(|answer| Cause::parse(&answer.reason));
    let wanted = evidence.said().is_some_and(denied) || answered.is_some_and(denied);
    let listed = evidence.said() == Some(Cause::MissingPullSecret);
    (wanted || listed).then(|| because(evidence, Cause::NoCredentials, None))
}

/// Nothing is for the image, and nobody was asked.
fn nothing_known(evidence: &Evidence<'_>) -> Option<Finding> {
    let message = Sentence::NothingAnswers {
        namespace: evidence.question.namespace.to_owned(),
        repository: evidence.about(None).repository,
    };
    let verdict = if evidence.is_waiting() {
        Verdict::Failing
    } else {
        Verdict::Unknown
    };
    Some(Finding::new(verdict, Cause::NoCredentials.as_str(), message))
}
