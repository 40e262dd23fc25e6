//! What a list says of a credential in one word; the command line and the web UI say the same.

use crate::verify::overall;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use keyside_api::CredentialStatus;
use keyside_api::condition::{delivered, stalled, verified};

/// What kind of thing stands in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person must act first.
    Stalled,
    /// The registry takes it, or took it when it could last be asked.
    Valid,
    /// Some namespaces are without it.
    Undelivered,
    /// The registry refuses it.
    Invalid,
    /// Nobody could tell.
    Unsure,
}

/// A state, why, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// What it is.
    pub kind: Kind,
    /// The reason of the condition that decides.
    pub reason: String,
    /// When the registries were last asked, or when what stands in the way began.
    pub since: Option<Timestamp>,
}

/// What stands in the way first, else what the registry said. None if there is no word of it yet.
pub fn state(status: &CredentialStatus) -> Option<State> {
    let stalls = condition(status, stalled::TYPE).filter(|one| one.status == "True");
    let said = condition(status, verified::TYPE);
    let misses = condition(status, delivered::TYPE).filter(|one| one.status == "False");
    let of = |kind, one: &Condition, since| State {
        kind,
        reason: one.reason.clone(),
        since,
    };
    let began = |one: &Condition| Some(one.last_transition_time.0);
    if let Some(one) = stalls {
        return Some(of(Kind::Stalled, one, began(one)));
    }
    if let Some(one) = said.filter(|one| one.status == "True") {
        return Some(of(Kind::Valid, one, last_asked(status)));
    }
    if let Some(one) = misses {
        return Some(of(Kind::Undelivered, one, began(one)));
    }
    let one = said?;
    // It cannot be asked now, but it worked, and an outage does not change that.
    if let Some(("True", reason, _)) = overall(&status.registries).settled {
        return Some(State {
            kind: Kind::Valid,
            reason,
            since: last_asked(status),
        });
    }
    Some(if one.status == "False" {
        of(Kind::Invalid, one, last_asked(status))
    } else {
        of(Kind::Unsure, one, began(one))
    })
}

fn condition<'a>(status: &'a CredentialStatus, kind: &str) -> Option<&'a Condition> {
    status.conditions.iter().find(|one| one.type_ == kind)
}

/// When one of the registries was asked last.
pub fn last_asked(status: &CredentialStatus) -> Option<Timestamp> {
    let times = status.registries.iter();
    let times = times.filter_map(|one| one.last_verify_time.as_ref());
    times.map(|time| time.0).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ASKED: &str = "2026-11-01T12:00:00Z";

    fn said(conditions: &[(&str, &str, &str)], registries: &[Value]) -> Option<(Kind, String)> {
        let conditions: Vec<Value> = conditions
            .iter()
            .map(|(kind, status, reason)| {
                json!({"type": kind, "status": status, "reason": reason, "message": "", "lastTransitionTime": ASKED})
            })
            .collect();
        let status = json!({"conditions": conditions, "registries": registries});
        let status: CredentialStatus = serde_json::from_value(status).expect("a status");
        state(&status).map(|state| (state.kind, state.reason))
    }

    fn check(conditions: &[(&str, &str, &str)], registries: &[Value], expected: (Kind, &str)) {
        assert_eq!(
            said(conditions, registries),
            Some((expected.0, expected.1.to_owned()))
        );
    }

    #[test]
    fn what_stands_in_the_way_comes_first() {
        check(
            &[
                ("Verified", "True", "PullAllowed"),
                ("Stalled", "True", "DestinationChanged"),
            ],
            &[],
            (Kind::Stalled, "DestinationChanged"),
        );
        check(
            &[
                ("Delivered", "False", "NameTaken"),
                ("Verified", "Unknown", "Unverified"),
            ],
            &[],
            (Kind::Undelivered, "NameTaken"),
        );
        check(
            &[("Verified", "False", "BadCredentials"), ("Stalled", "False", "")],
            &[],
            (Kind::Invalid, "BadCredentials"),
        );
        check(
            &[("Verified", "Unknown", "Unverified")],
            &[],
            (Kind::Unsure, "Unverified"),
        );
        assert_eq!(said(&[], &[]), None);
    }

    #[test]
    fn an_outage_takes_nothing_from_a_credential_that_worked() {
        let state = json!({"registry": "quay.io", "verified": "Unknown", "reason": "Timeout", "lastVerifyTime": ASKED,
            "lastSettled": {"verified": "True", "reason": "PullAllowed", "time": ASKED}});
        check(
            &[("Verified", "Unknown", "Timeout")],
            &[state],
            (Kind::Valid, "PullAllowed"),
        );
    }
}
