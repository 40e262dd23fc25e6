//! The parts of a status that verification fills.

use super::conditions::{Holds, Said, whole_seconds};
use crate::index::Credential;
use crate::verify::{self, expires, expiry_state};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use keyside_api::{Cause, CredentialStatus, RegistryState};

pub(super) fn said((status, reason, message): (&'static str, String, String)) -> Said {
    let holds = match status {
        "True" => Holds::True,
        "False" => Holds::False,
        _ => Holds::Unknown,
    };
    Said::new(holds, &reason, message)
}

/// What was verified, since when it works, and what was learnt from its end.
pub(super) fn tested(credential: &Credential, registries: &[RegistryState]) -> CredentialStatus {
    let former = &credential.status;
    let stored = credential.is_verified_subject();
    let round = credential
        .round
        .as_ref()
        .filter(|round| Some(round.subject) == credential.subject);
    let subject = credential.subject.filter(|_| stored || round.is_some());
    let is_unreadable = credential.subject.is_none();
    let first = former
        .first_verify_time
        .clone()
        .filter(|_| stored || is_unreadable);
    let worked = first.clone().or_else(|| accepted(registries));
    CredentialStatus {
        verified_version: match subject {
            Some(subject) => Some(subject.to_string()),
            // Nothing can be said of a Secret that is missing for a moment; what was known may hold again.
            None => former.verified_version.clone().filter(|_| is_unreadable),
        },
        learnt_lifetimes_seconds: learnt(credential, registries, first.as_ref(), stored),
        first_verify_time: worked,
        last_handled_verify: round
            .and_then(|round| round.request.clone())
            .or_else(|| former.last_handled_verify.clone()),
        ..CredentialStatus::default()
    }
}

/// Since when a registry accepts the content.
fn accepted(registries: &[RegistryState]) -> Option<Time> {
    let accepted = registries.iter().filter_map(verify::settled);
    accepted
        .filter(|settled| settled.verified == "True")
        .map(|settled| settled.time)
        .min()
}

/// The lifetimes that were seen; one more if a registry refuses now what it accepted before.
fn learnt(
    credential: &Credential,
    registries: &[RegistryState],
    first: Option<&Time>,
    stored: bool,
) -> Vec<i64> {
    let former = &credential.status;
    let known = &former.learnt_lifetimes_seconds;
    let ended = registries.iter().find(|state| {
        let before = former
            .registries
            .iter()
            .find(|known| known.registry == state.registry);
        let before = before.and_then(verify::settled);
        let refusal = [Cause::BadCredentials, Cause::Expired].map(Cause::as_str);
        before.is_some_and(|before| before.verified == "True")
            && state
                .reason
                .as_deref()
                .is_some_and(|reason| refusal.contains(&reason))
    });
    match ended.and_then(|state| state.last_verify_time.as_ref()) {
        Some(at) if stored => verify::learn(known, first.map(|time| time.0), at.0),
        _ => known.clone(),
    }
}

/// When it ends, and whether that is near.
pub(super) fn expiry(credential: &Credential, status: &mut CredentialStatus, now: Timestamp) {
    status.expiry_time = expires(credential, status).map(|end| Time(whole_seconds(end)));
    status.expiry_state = expiry_state(credential, status, now).map(str::to_owned);
}
