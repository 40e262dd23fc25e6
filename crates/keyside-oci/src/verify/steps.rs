//! A verification in five steps, each with its outcome and its time, for people who want to see where it ends.

use super::machine::{Part, Step, begin, next};
use super::words::words;
use super::{Question, Reason, Response, TIME_LIMIT, Verdict};
use crate::cause::Cause;
use crate::client::{Client, SendError, Times};
use std::time::Duration;
use tokio::time::Instant;

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

/// Asks the registry as [`verify`](super::verify) does, and takes the times. They are right if the client does nothing else
/// meanwhile.
pub async fn verify_in_steps(client: &Client, question: &Question) -> Report {
    let deadline = Instant::now() + TIME_LIMIT;
    let mut way = Way::default();
    let mut step = begin(question);
    loop {
        match step {
            Step::Done(verdict) => return way.report(question, verdict),
            Step::Ask(state, call) => {
                let part = state.part();
                let since = Instant::now();
                let response = client.send(&call, deadline).await;
                way.note(part, since.elapsed(), &response, client.times());
                way.words = words(&response, question.credential.as_ref());
                step = next(question, &state, &response);
            }
        }
    }
}

#[derive(Default)]
struct Way {
    times: [Option<Duration>; 5],
    last: Option<Name>,
    words: Option<String>,
}

impl Way {
    fn note(&mut self, part: Part, time: Duration, response: &Response, connection: Times) {
        let mut name = part.name();
        if part == Part::Ping {
            let (lookup, connect) = (connection.lookup, connection.connect);
            self.times[Name::Resolve as usize] = lookup;
            self.times[Name::Connect as usize] =
                connect.map(|connect| connect.saturating_sub(lookup.unwrap_or_default()));
            if let Err(error) = response {
                name = reached(error);
            }
            if name == Name::Registry {
                self.add(name, time.saturating_sub(connect.unwrap_or_default()));
            } else if self.times[name as usize].is_none() {
                self.add(name, time);
            }
        } else {
            self.add(name, time);
        }
        self.last = Some(name);
    }

    fn add(&mut self, name: Name, time: Duration) {
        *self.times[name as usize].get_or_insert_default() += time;
    }

    fn report(self, question: &Question, verdict: Verdict) -> Report {
        let last = self.last.unwrap_or(Name::Resolve);
        let end = match verdict.reason {
            Reason::PullAllowed => None,
            Reason::LoggedIn => Some((Name::Pull, Outcome::Skipped)),
            // Nothing was sent: the challenge alone ended it.
            Reason::Failed(Cause::TokenServiceUnconfirmed) => Some((Name::Login, Outcome::Failed)),
            Reason::Failed(Cause::NoPullScope) if question.has_image() => Some((Name::Pull, Outcome::Failed)),
            _ => Some((last, Outcome::Failed)),
        };
        let taken = |name: Name| {
            let outcome = match end {
                Some((at, outcome)) if name == at => outcome,
                Some((at, _)) if name > at => Outcome::Skipped,
                _ => Outcome::Passed,
            };
            let time = self.times[name as usize].filter(|_| outcome != Outcome::Skipped);
            Taken { name, outcome, time }
        };
        Report {
            steps: Name::ALL.map(taken).to_vec(),
            verdict,
            words: self.words,
        }
    }
}

/// How far a request got that was not answered.
fn reached(error: &SendError) -> Name {
    match error {
        SendError::UnknownHost { .. } | SendError::LookupFailed { .. } | SendError::Forbidden { .. } => {
            Name::Resolve
        }
        SendError::Timeout
        | SendError::Reset { .. }
        | SendError::Eof
        | SendError::HeadTooLarge
        | SendError::TooLarge { .. }
        | SendError::Malformed
        | SendError::Scheme
        | SendError::PlainHttp { .. }
        | SendError::ForeignOrigin => Name::Registry,
        SendError::Refused { .. }
        | SendError::Unreachable { .. }
        | SendError::ConnectTimeout { .. }
        | SendError::Proxy
        | SendError::UnknownAuthority
        | SendError::CertificateExpired
        | SendError::CertificateName { .. }
        | SendError::CertificateOther
        | SendError::PlainAnswer
        | SendError::NotTls
        | SendError::Handshake => Name::Connect,
    }
}
