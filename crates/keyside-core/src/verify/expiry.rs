//! When a credential stops working, as far as that can be known beforehand.
//!
//! Three sources, in this order: the token itself says it; whoever stored the credential said it; or it is learnt. Learnt
//! means: earlier contents of the same credential worked for a while and were then refused with 401. If at least two of
//! them lasted about equally long, the present one will too. One refusal teaches nothing, because somebody may simply have
//! changed the password.

use crate::index::Credential;
use jiff::{SignedDuration, Timestamp};
use keyside_api::CredentialStatus;
use keyside_api::condition::expiry;

/// How long before the end people are told.
const NOTICE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How many lifetimes are remembered.
const LIFETIMES_MAX: usize = 5;

/// Shorter lives are accidents.
const LIFETIME_MIN: i64 = 60;

/// When the credential stops working.
pub fn expires(credential: &Credential, status: &CredentialStatus) -> Option<Timestamp> {
    said(credential).or_else(|| learnt(status))
}

/// The end as the token or the spec says it.
pub(super) fn said(credential: &Credential) -> Option<Timestamp> {
    let token = credential.content().and_then(|content| content.expiry);
    token.or_else(|| credential.expiry.as_ref().map(|time| time.0))
}

fn learnt(status: &CredentialStatus) -> Option<Timestamp> {
    let lifetimes = &status.learnt_lifetimes_seconds;
    let (shortest, longest) = (lifetimes.iter().min()?, lifetimes.iter().max()?);
    // Equal within a quarter: verifications are an interval apart, and so is what they see.
    if lifetimes.len() < 2 || longest - shortest > shortest / 4 {
        return None;
    }
    let first = status.first_verify_time.as_ref()?.0;
    first.checked_add(SignedDuration::from_secs(*shortest)).ok()
}

/// The lifetimes after content that had worked since `first` was refused at `at`.
pub(crate) fn learn(known: &[i64], first: Option<Timestamp>, at: Timestamp) -> Vec<i64> {
    let mut lifetimes = known.to_vec();
    if let Some(first) = first {
        let lifetime = at.duration_since(first).as_secs();
        if lifetime >= LIFETIME_MIN {
            lifetimes.push(lifetime);
        }
    }
    let surplus = lifetimes.len().saturating_sub(LIFETIMES_MAX);
    lifetimes.drain(..surplus);
    lifetimes
}

/// `Expiring`, `Expired`, or nothing to say.
pub fn expiry_state(
    credential: &Credential,
    status: &CredentialStatus,
    now: Timestamp,
) -> Option<&'static str> {
    let end = expires(credential, status)?;
    if now >= end {
        Some(expiry::EXPIRED)
    } else if now >= notice(credential, status, end) {
        Some(expiry::EXPIRING)
    } else {
        None
    }
}

/// When people are told: a week before, and of short-lived tokens when three quarters of their life are over.
pub(super) fn notice(credential: &Credential, status: &CredentialStatus, end: Timestamp) -> Timestamp {
    let begin = status.first_verify_time.as_ref().map(|time| time.0);
    let life = begin
        .or(credential.created)
        .map(|begin| end.duration_since(begin));
    let notice = life.map_or(NOTICE, |life| NOTICE.min((life / 4).max(SignedDuration::ZERO)));
    end.checked_sub(notice).unwrap_or(end)
}
