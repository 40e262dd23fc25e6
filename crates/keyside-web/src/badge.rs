//! A state in four parts, the same everywhere: mark, word, age, reason. Colour only repeats what the mark and the word say.

use super::credential::Stored;
use super::pull::Pull;
use super::text::Lang;
use super::time::Moment;
use keyside_api::condition::verified;
use keyside_api::{Cause, CredentialStatus, RegistryState};
use keyside_core::explain::Verdict;

/// How a state looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    Warn,
    Quiet,
}

/// A state in four parts.
#[derive(Clone, Debug)]
pub(super) struct Badge {
    pub(super) tone: Tone,
    /// In the reader's language.
    pub(super) word: String,
    /// The reason's code, never translated; empty if it says nothing more.
    pub(super) code: String,
    pub(super) age: Moment,
}

impl Badge {
    pub(super) fn new(tone: Tone, word: impl Into<String>, code: impl Into<String>) -> Self {
        Self {
            tone,
            word: word.into(),
            code: code.into(),
            age: Moment::default(),
        }
    }

    /// The class of its colour.
    pub(super) fn class(&self) -> &'static str {
        match self.tone {
            Tone::Good => "good",
            Tone::Bad => "bad",
            Tone::Warn => "warn",
            Tone::Quiet => "quiet",
        }
    }

    /// Its mark, as on the command line.
    pub(super) fn mark(&self) -> &'static str {
        match self.tone {
            Tone::Good => "√",
            Tone::Bad => "×",
            Tone::Warn => "!",
            Tone::Quiet => "–",
        }
    }

    /// The state of a credential: what stands in the way first, else what the registry said.
    pub(super) fn of_credential(stored: &Stored, t: Lang) -> Self {
        if stored.is_going() {
            return Self::new(Tone::Quiet, t.being_deleted(), "");
        }
        let status = stored.status();
        let (stalled, verified, delivered) = (
            condition(status, "Stalled"),
            condition(status, "Verified"),
            condition(status, "Delivered"),
        );
        let (tone, reason, age) = match (stalled, verified, delivered) {
            (Some(("True", reason, time)), _, _) => (Tone::Bad, reason, time),
            (_, Some(("True", reason, _)), _) => (Tone::Good, reason, last_asked(status)),
            (_, _, Some(("False", reason, time))) => (Tone::Warn, reason, time),
            (_, Some(("False", reason, _)), _) => (Tone::Bad, reason, last_asked(status)),
            (_, Some((_, reason, time)), _) => (Tone::Quiet, reason, time),
            _ => return Self::new(Tone::Quiet, t.unverified(), ""),
        };
        Self {
            age: Moment::of(age, t),
            ..Self::of_reason(tone, reason, t)
        }
    }

    /// A reason as a state.
    pub(super) fn of_reason(tone: Tone, reason: &str, t: Lang) -> Self {
        match reason {
            verified::PULL_ALLOWED | verified::LOGGED_IN if tone == Tone::Good => {
                Self::new(tone, t.valid(), reason)
            }
            verified::UNVERIFIED => Self::new(Tone::Quiet, t.unverified(), reason),
            "" => Self::new(tone, t.unknown(), ""),
            _ => Self::new(tone, t.reason(reason), reason),
        }
    }

    /// What a registry says of a credential.
    pub(super) fn of_registry(state: &RegistryState, t: Lang) -> Self {
        let reason = state.reason.as_deref().unwrap_or(verified::UNVERIFIED);
        let tone = match state.verified.as_deref() {
            Some("True") => Tone::Good,
            Some("False") => Tone::Bad,
            _ => Tone::Warn,
        };
        Self {
            age: Moment::of(state.last_verify_time.as_ref().map(|time| time.0), t),
            ..Self::of_reason(tone, reason, t)
        }
    }

    /// A verdict over an image.
    pub(super) fn of_verdict(verdict: Verdict, reason: &str, t: Lang) -> Self {
        let (tone, word) = match verdict {
            Verdict::Pullable => (Tone::Good, t.pullable()),
            Verdict::Failing => (Tone::Bad, t.pull_failed()),
            Verdict::Unknown => (Tone::Warn, t.not_certain()),
        };
        Self::new(tone, word, reason)
    }

    /// How far a pull is.
    pub(super) fn of_pull(pull: &Pull, t: Lang) -> Self {
        match pull {
            Pull::None => Self::new(Tone::Quiet, t.no_pods(), ""),
            Pull::Waiting => Self::new(Tone::Quiet, t.waiting(), ""),
            Pull::Pulling => Self::new(Tone::Quiet, t.pulling(), "Pulling"),
            Pull::Pulled => Self::new(Tone::Good, t.pulled(), "Pulled"),
            Pull::Failing(reason) => Self::new(Tone::Bad, t.pull_failed(), reason.as_str()),
        }
    }

    /// The sentence behind a code, if it is a cause.
    pub(super) fn meaning(&self, t: Lang) -> &'static str {
        Cause::parse(&self.code).map_or("", |cause| t.cause(cause))
    }
}

type Condition<'a> = (&'a str, &'a str, Option<k8s_openapi::jiff::Timestamp>);

fn condition<'a>(status: Option<&'a CredentialStatus>, kind: &str) -> Option<Condition<'a>> {
    let found = status?.conditions.iter().find(|one| one.type_ == kind)?;
    Some((
        found.status.as_str(),
        found.reason.as_str(),
        Some(found.last_transition_time.0),
    ))
}

fn last_asked(status: Option<&CredentialStatus>) -> Option<k8s_openapi::jiff::Timestamp> {
    let states = status?.registries.iter();
    states
        .filter_map(|state| state.last_verify_time.as_ref())
        .map(|time| time.0)
        .max()
}
