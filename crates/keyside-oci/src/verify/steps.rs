//! A verification in five steps, each with its outcome and its time, for people who want to see where it ends.

use super::Verdict;
use std::time::Duration;

/// A step, in the order in which they are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// The name has an address that may be dialled.
    Resolve,
    /// Somebody listens there, and TLS trusts them.
    Connect,
    /// `/v2/` answers as a registry does.
    Registry,
    /// User name and password are accepted.
    Login,
    /// A repository can be read.
    Pull,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It went well.
    Passed,
    /// It ended here.
    Failed,
    /// It was not gone: an earlier one ended it, or there was nothing to ask.
    Skipped,
}

/// A step that was gone, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Which.
    pub name: Name,
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took; none if it was not gone, or needed nothing (an address instead of a name, a connection that stood).
    pub time: Option<Duration>,
}

/// The verdict and the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// All five steps.
    pub steps: Vec<Taken>,
    /// The registry's own words if it refused: for those who ask for them, and for nobody else.
    pub words: Option<String>,
}

impl Name {
    /// All of them in order.
    pub const ALL: [Self; 5] = [
        Self::Resolve,
        Self::Connect,
        Self::Registry,
        Self::Login,
        Self::Pull,
    ];

    /// What people read, in English.
    pub fn title(self) -> &'static str {
        match self {
            Self::Resolve => "name resolves",
            Self::Connect => "connection and TLS",
            Self::Registry => "/v2/ is a registry",
            Self::Login => "login",
            Self::Pull => "pull scope",
        }
    }

    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Registry => "registry",
            Self::Login => "login",
            Self::Pull => "pull",
        }
    }
}

impl Outcome {
    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}
