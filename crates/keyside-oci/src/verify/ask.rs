//! Carries the questions of a verification out, with or without taking the times of its steps.

use super::machine::{Part, Step, begin, next};
use super::words::words;
use super::{Name, Outcome, Question, Reason, Report, Response, TIME_LIMIT, Taken, Verdict};
use crate::cause::Cause;
use crate::client::{Client, Times};
use crate::failure::SendError;
use std::time::Duration;
use tokio::time::Instant;

/// Asks the registry. Never fails: whatever goes wrong is the verdict.
pub async fn verify(client: &Client, question: &Question) -> Verdict {
    verify_within(client, question, TIME_LIMIT).await
}

/// As [`verify`], with another limit for all requests together.
pub async fn verify_within(client: &Client, question: &Question, limit: Duration) -> Verdict {
    ask_within(client, question, limit).await.0
}

/// As [`verify`], with the registry's own words if it refused: for those who ask for them, and for nobody else.
pub async fn verify_with_words(client: &Client, question: &Question) -> (Verdict, Option<String>) {
    ask_within(client, question, TIME_LIMIT).await
}

async fn ask_within(client: &Client, question: &Question, limit: Duration) -> (Verdict, Option<String>) {
    let deadline = Instant::now() + limit;
    let (mut step, mut said) = (begin(question), None);
    loop {
        match step {
            Step::Done(verdict) => return (verdict, said),
            Step::Ask(state, call) => {
                let response = client.send(&call, deadline).await;
                said = words(&response, question.credential.as_ref());
                step = next(question, &state, &response);
            }
        }
    }
}

/// Asks the registry as [`verify`] does, and takes the times. They are right if the client does nothing else
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

/// As [`verify_in_steps`]. Where nobody vouches for the image and it is not there, the login is tested instead. Also says whether
/// it was a pull that was tested in the end.
pub async fn verify_in_steps_or_login(client: &Client, question: &Question, vouched: bool) -> (Report, bool) {
    let report = verify_in_steps(client, question).await;
    if vouched || report.verdict.reason != Reason::Failed(Cause::NotFound) {
        return (report, question.has_image());
    }
    let login = question.without_image();
    (verify_in_steps(client, &login).await, false)
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
