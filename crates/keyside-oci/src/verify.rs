//! Verification: would a pull with this credential work? Asked of the registry itself, without downloading anything.
//!
//! The decision is a pure function, [`next`]: given what has been found out and an answer, it says what to ask next or what the
//! verdict is. [`verify`] only carries the questions out. So every registry's habits can be tested without a registry.
//!
//! A login and a pull are two questions. Some registries take any password until a repository is named, others treat a wrong one as
//! anonymous once it is; hence the login is asked without a scope first, and the pull after it.

mod answer;
mod machine;
mod steps;
mod verdict;
mod words;

pub use machine::{State, Step, begin, next};
pub use steps::{Name, Outcome, Report, Taken, verify_in_steps};
pub use verdict::{Reason, Standing, Verdict};

use crate::client::{Answer, Client, SendError};
use crate::origin::{Origin, Registry, RegistryError};
use crate::token;
use keyside_keychain::{Credential, Reference};
use std::time::Duration;
use tokio::time::Instant;

/// All requests of one verification together.
pub const TIME_LIMIT: Duration = Duration::from_secs(15);

/// What the world answered to a request.
pub type Response = Result<Answer, SendError>;

/// What is to be verified. The registry always comes from the image or the host that the credential is for: there is no way to name
/// one credential and another address.
#[derive(Clone, Debug)]
pub struct Question {
    registry: Registry,
    image: Option<Reference>,
    credential: Option<Credential>,
    token_services: Vec<Origin>,
}

impl Question {
    /// Whether the credential opens the registry at all, when no repository is known. A credential without user name or without
    /// password counts as none, as it does on a node.
    ///
    /// # Errors
    /// [`RegistryError`] if the host is none.
    pub fn login(client: &Client, host: &str, credential: Option<Credential>) -> Result<Self, RegistryError> {
        Ok(Self {
            registry: client.registry(host)?,
            image: None,
            credential: credential.filter(token::is_usable),
            token_services: Vec::new(),
        })
    }

    /// Whether the image can be pulled. Without tag and digest the repository is tested, whatever tags it has.
    ///
    /// # Errors
    /// [`RegistryError`] if the image's host is none.
    pub fn pull(
        client: &Client,
        image: &Reference,
        credential: Option<Credential>,
    ) -> Result<Self, RegistryError> {
        Ok(Self {
            image: Some(image.clone()),
            ..Self::login(client, image.host(), credential)?
        })
    }

    /// Also lets the credential go to token services that have been confirmed for it, beside those that are known.
    #[must_use]
    pub fn confirming(mut self, token_services: Vec<Origin>) -> Self {
        self.token_services = token_services;
        self
    }

    /// Whether a pull is tested, and not only the login.
    pub fn has_image(&self) -> bool {
        self.image.is_some()
    }

    /// Where it will be asked.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }
}

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
                said = words::words(&response, question.credential.as_ref());
                step = next(question, &state, &response);
            }
        }
    }
}

#[cfg(test)]
mod tests;
