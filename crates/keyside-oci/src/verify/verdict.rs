//! What a verification says.

use crate::cause::Cause;
use crate::origin::Origin;
use std::fmt;
use std::time::Duration;

/// The outcome of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The reason for the `Verified` condition.
    pub reason: Reason,
    /// Where or how, in a few fixed words; after a redirect also its target without query. Never a text of the registry's.
    pub detail: String,
    /// How long the registry asks to be left alone, if it does.
    pub retry_after: Option<Duration>,
    /// The token service that the registry names and nobody has confirmed, so that people can be asked about it.
    pub unconfirmed: Option<Origin>,
}

/// The reason for a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The registry would serve the image.
    PullAllowed,
    /// The registry knows the credential; no repository was given to test.
    LoggedIn,
    /// The answers do not settle it.
    Unverified,
    /// Something stands in between.
    Failed(Cause),
}

/// The three values of the condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The credential works.
    True,
    /// The registry itself refused this credential.
    False,
    /// Nothing was learnt about the credential; what was known before stays.
    Unknown,
}

impl Reason {
    /// The code, as it stands in the condition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PullAllowed => "PullAllowed",
            Self::LoggedIn => "LoggedIn",
            Self::Unverified => "Unverified",
            Self::Failed(cause) => cause.as_str(),
        }
    }

    /// What the reason says about the credential. Limits, outages and networks say nothing: a registry that can be made to answer
    /// 429 or 500 must not thereby change what is known.
    pub fn standing(self) -> Standing {
        match self {
            Self::PullAllowed | Self::LoggedIn => Standing::True,
            Self::Failed(Cause::BadCredentials | Cause::NoPullScope | Cause::Expired) => Standing::False,
            Self::Unverified | Self::Failed(_) => Standing::Unknown,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Verdict {
    pub(super) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            retry_after: None,
            unconfirmed: None,
        }
    }

    pub(super) fn failed(cause: Cause, detail: impl Into<String>) -> Self {
        Self::new(Reason::Failed(cause), detail)
    }
}
