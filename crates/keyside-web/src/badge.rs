//! A state in four parts, the same everywhere: mark, word, age, reason. Colour only repeats what the mark and the word say.

use super::credential::Stored;
use super::pull::Pull;
use super::text::Lang;
use super::time::Moment;
use keyside_api::condition::verified;
use keyside_api::{Cause, RegistryState};
use keyside_core::explain::Verdict;
use keyside_core::status::{self, Kind};

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
        let Some(state) = stored.status().and_then(status::state) else {
            return Self::new(Tone::Quiet, t.unverified(), "");
        };
        let tone = match state.kind {
            Kind::Stalled | Kind::Invalid => Tone::Bad,
            Kind::Valid => Tone::Good,
            Kind::Undelivered => Tone::Warn,
            Kind::Unsure => Tone::Quiet,
        };
        Self {
            age: Moment::of(state.since, t),
            ..Self::of_reason(tone, &state.reason, t)
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
