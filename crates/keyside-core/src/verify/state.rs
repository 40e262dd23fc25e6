//! What the registries have said of a credential, taken together.

use super::{Round, Verdict, expiry};
use crate::index::{Credential, State};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use keyside_api::condition::verified::{self, status_of};
use keyside_api::{Cause, RegistryState, Settled};

/// What a credential's registries say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overall {
    /// The condition's status, reason and message.
    pub said: (&'static str, String, String),
    /// The same of what was last settled, where it cannot be settled now.
    pub settled: Option<(&'static str, String, String)>,
}

/// What each registry of the credential has said: as stored, and then what this run has heard since. Empty of verdicts if
/// content or test has changed.
pub fn registries(credential: &Credential) -> Vec<RegistryState> {
    if let State::Unread(patterns) = &credential.state {
        return patterns
            .iter()
            .map(|pattern| unasked(pattern.to_string()))
            .collect();
    }
    let Some(content) = credential.content() else {
        return credential.status.registries.clone();
    };
    let same = credential.is_verified_subject();
    let round = credential
        .round
        .as_ref()
        .filter(|round| Some(round.subject) == credential.subject);
    let state = |registry: String| {
        let stored = credential.status.registries.iter();
        let stored = stored.filter(|_| same).find(|state| state.registry == registry);
        let state = stored.cloned().unwrap_or_else(|| unasked(registry));
        match round.and_then(|round| verdict(round, &state.registry)) {
            Some(verdict) => hear(credential, state, verdict),
            None => state,
        }
    };
    content
        .served
        .iter()
        .take(crate::status::REGISTRIES_MAX)
        .map(|served| state(served.pattern.to_string()))
        .collect()
}

fn unasked(registry: String) -> RegistryState {
    RegistryState {
        registry,
        verified: Some("Unknown".to_owned()),
        reason: Some(verified::UNVERIFIED.to_owned()),
        ..RegistryState::default()
    }
}

fn verdict<'a>(round: &'a Round, registry: &str) -> Option<&'a Verdict> {
    round.verdicts.iter().find(|verdict| verdict.registry == registry)
}

/// The state after a verdict. Hearing the same twice changes nothing, so a verdict may stay until the next one comes.
fn hear(credential: &Credential, state: RegistryState, verdict: &Verdict) -> RegistryState {
    if state
        .last_verify_time
        .as_ref()
        .is_some_and(|known| known.0 > verdict.at)
    {
        return state;
    }
    let reason = refine(credential, verdict);
    let status = status_of(&reason);
    let last_settled = if status == "Unknown" {
        settled(&state)
    } else {
        None
    };
    RegistryState {
        registry: state.registry,
        verified: Some(status.to_owned()),
        reason: Some(reason),
        last_verify_time: Some(Time(verdict.at)),
        repository: verdict.repository.clone(),
        last_settled,
    }
}

/// A registry says "wrong password" to an expired one too; where somebody said when it ends, it is called by its name. A
/// learnt end is a guess and renames nothing.
fn refine(credential: &Credential, verdict: &Verdict) -> String {
    let is_over = || expiry::said(credential).is_some_and(|end| end <= verdict.at);
    if verdict.reason == Cause::BadCredentials.as_str() && is_over() {
        Cause::Expired.as_str().to_owned()
    } else {
        verdict.reason.clone()
    }
}

/// What a registry has said for certain, now or before.
pub(crate) fn settled(state: &RegistryState) -> Option<Settled> {
    match (&state.verified, &state.reason, &state.last_verify_time) {
        (Some(verified), Some(reason), Some(time)) if verified != "Unknown" => Some(Settled {
            verified: verified.clone(),
            reason: reason.clone(),
            time: time.clone(),
        }),
        _ => state.last_settled.clone(),
    }
}

/// What the registries say together: one refusal is a refusal, and what is not known of one is not known.
pub fn overall(states: &[RegistryState]) -> Overall {
    let now = |state: &RegistryState| state.reason.clone().unwrap_or_default();
    let said = together(states, now);
    let before = |state: &RegistryState| settled(state).map_or_else(|| now(state), |settled| settled.reason);
    let settled = (said.0 == "Unknown")
        .then(|| together(states, before))
        .filter(|settled| settled.0 != "Unknown");
    Overall { said, settled }
}

fn together(
    states: &[RegistryState],
    reason: impl Fn(&RegistryState) -> String,
) -> (&'static str, String, String) {
    let order = |state: &&RegistryState| {
        let reason = reason(state);
        match status_of(&reason) {
            "False" => 0,
            "Unknown" if reason != verified::UNVERIFIED => 1,
            "Unknown" => 2,
            _ if reason == verified::LOGGED_IN => 3,
            _ => 4,
        }
    };
    let Some(worst) = states.iter().min_by_key(order) else {
        return unverified();
    };
    let reason = reason(worst);
    if reason.is_empty() || reason == verified::UNVERIFIED {
        return unverified();
    }
    let message = message(worst, &reason);
    (status_of(&reason), reason, message)
}

fn unverified() -> (&'static str, String, String) {
    let message = "the registry was not asked yet".to_owned();
    ("Unknown", verified::UNVERIFIED.to_owned(), message)
}

/// What a registry has said, as one sentence.
pub fn sentence(state: &RegistryState) -> String {
    message(state, state.reason.as_deref().unwrap_or_default())
}

/// One sentence in our own words; a registry's text never gets into a status.
fn message(state: &RegistryState, reason: &str) -> String {
    let RegistryState {
        registry, repository, ..
    } = state;
    let what = repository.as_deref().unwrap_or(registry);
    let text = match (reason, Cause::parse(reason)) {
        (verified::PULL_ALLOWED, _) => format!("{what} can be pulled"),
        (verified::LOGGED_IN, _) => {
            format!("the login at {registry} works; no repository is known to test a pull with")
        }
        (verified::TOKEN_SERVICE_UNCONFIRMED, _) => format!(
            "{registry} names a token service on another host; nothing was sent: confirm it in `spec.tokenService`"
        ),
        ("NoPullScope", _) => {
            format!("the login at {registry} works, but {what} is missing or it has no right to pull it")
        }
        (_, Some(cause)) => format!("{registry}: {}", cause.meaning()),
        _ => format!("{registry} has not settled it"),
    };
    match (&state.last_settled, status_of(reason)) {
        (Some(settled), "Unknown") => {
            format!("{text} At {} it was {}.", time(settled.time.0), settled.reason)
        }
        _ => text,
    }
}

fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Credential {
    /// Whether the stored verdicts are about what stands now.
    pub(crate) fn is_verified_subject(&self) -> bool {
        match (&self.status.verified_version, self.subject) {
            (Some(stored), Some(subject)) => *stored == subject.to_string(),
            _ => false,
        }
    }
}
