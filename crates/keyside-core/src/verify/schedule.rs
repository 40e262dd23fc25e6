//! When a credential is verified: at once when its content or its test has changed or somebody asks, otherwise at
//! intervals. A restart is no reason.

use super::expiry::{expires, notice};
use super::questions;
use crate::index::Credential;
use jiff::{SignedDuration, Timestamp};
use keyside_api::DEFAULT_VERIFICATION_INTERVAL_SECONDS;

/// The first pause after a verification that settled nothing; it doubles up to the interval.
const UNSETTLED: SignedDuration = SignedDuration::from_secs(60);

/// When something is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// Now.
    Now,
    /// At this time.
    At(Timestamp),
    /// Not before something changes.
    Never,
}

/// What this run knows of earlier attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// How many verifications in a row settled nothing.
    pub unsettled: u32,
    /// Until when a registry has asked to be left alone.
    pub not_before: Option<Timestamp>,
}

/// When the credential is to be verified.
pub fn due(credential: &Credential, tries: Tries, now: Timestamp) -> Due {
    if credential.subject.is_none() || questions(credential).is_empty() {
        return Due::Never;
    }
    let asked = credential
        .request
        .as_ref()
        .is_some_and(|request| !is_answered(credential, request));
    let at = match last(credential) {
        _ if asked => return Due::Now,
        None => tries.not_before.unwrap_or(now),
        Some(last) => usual(credential, last, tries),
    };
    if at <= now { Due::Now } else { Due::At(at) }
}

/// When a status has to be looked at although nothing changes, because the end of the credential comes near.
pub fn next_notice(credential: &Credential, now: Timestamp) -> Option<Timestamp> {
    let end = expires(credential, &credential.status)?;
    let notice = notice(credential, &credential.status, end);
    [notice, end].into_iter().find(|time| *time > now)
}

fn is_answered(credential: &Credential, request: &String) -> bool {
    let round = credential.round.as_ref().and_then(|round| round.request.as_ref());
    round == Some(request) || credential.status.last_handled_verify.as_ref() == Some(request)
}

/// When what stands now was verified last.
fn last(credential: &Credential) -> Option<Timestamp> {
    let states = super::registries(credential);
    states
        .iter()
        .filter_map(|state| state.last_verify_time.as_ref())
        .map(|time| time.0)
        .max()
}

fn usual(credential: &Credential, last: Timestamp, tries: Tries) -> Timestamp {
    let interval = interval(credential, last);
    let states = super::registries(credential);
    let unknown = |reason: &str| {
        // Waiting for a person does not become shorter by asking.
        keyside_api::condition::verified::status_of(reason) == "Unknown"
            && reason != keyside_api::condition::verified::TOKEN_SERVICE_UNCONFIRMED
    };
    let unsettled = states
        .iter()
        .filter(|state| state.last_verify_time.is_some())
        .any(|state| state.reason.as_deref().is_some_and(unknown));
    // A pod uses an image now, and only the login was tested so far.
    let more_to_test = questions(credential).iter().any(|question| {
        let tested = |state: &&keyside_api::RegistryState| {
            state.registry == question.registry && state.repository.is_none()
        };
        question.image.is_some() && states.iter().any(|state| tested(&state))
    });
    let pause = if unsettled {
        UNSETTLED * (1 << tries.unsettled.saturating_sub(1).min(12))
    } else if more_to_test {
        UNSETTLED
    } else {
        interval
    };
    let at = last.checked_add(pause.min(interval)).unwrap_or(last);
    let end = expires(credential, &credential.status)
        .filter(|end| *end > last)
        .and_then(|end| end.checked_add(SignedDuration::from_secs(5)).ok());
    let at = end.map_or(at, |end| end.min(at));
    tries.not_before.map_or(at, |pause| pause.max(at))
}

/// The interval, a tenth longer or shorter: credentials that were stored together are not asked about together for ever.
fn interval(credential: &Credential, last: Timestamp) -> SignedDuration {
    let seconds = credential
        .verification
        .interval_seconds
        .unwrap_or(DEFAULT_VERIFICATION_INTERVAL_SECONDS)
        .clamp(60, 604_800);
    let seed = credential
        .uid
        .bytes()
        .chain(last.as_second().to_be_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let percent = 90 + i64::try_from((seed >> 16) % 21).unwrap_or_default();
    SignedDuration::from_secs(seconds * percent / 100)
}
