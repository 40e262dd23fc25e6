//! Verification: would a pull with this credential work? Asked of the registry itself, without downloading anything.
//!
//! The decision is a pure function, [`next`]: given what has been found out and an answer, it says what to ask next or what the
//! verdict is. `verify` only carries the questions out. So every registry's habits can be tested without a registry.
//!
//! A login and a pull are two questions. Some registries take any password until a repository is named, others treat a wrong one as
//! anonymous once it is; hence the login is asked without a scope first, and the pull after it.

mod answer;
#[cfg(feature = "client")]
mod ask;
mod machine;
mod steps;
mod verdict;
#[cfg(feature = "client")]
mod words;

#[cfg(feature = "client")]
pub use ask::{verify, verify_in_steps, verify_in_steps_or_login, verify_with_words, verify_within};
pub use machine::{State, Step, begin, next};
pub use steps::{Name, Outcome, Report, Taken};
pub use verdict::{Reason, Standing, Verdict};

use crate::call::Answer;
#[cfg(feature = "client")]
use crate::client::Client;
use crate::failure::SendError;
use crate::origin::{Origin, Registry, RegistryError};
use crate::token;
use keyside_keychain::{Credential, Reference};
use std::time::Duration;

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
    #[cfg(feature = "client")]
    pub fn login(client: &Client, host: &str, credential: Option<Credential>) -> Result<Self, RegistryError> {
        Ok(Self::new(client.registry(host)?, None, credential))
    }

    /// Whether the image can be pulled. Without tag and digest the repository is tested, whatever tags it has.
    ///
    /// # Errors
    /// [`RegistryError`] if the image's host is none.
    #[cfg(feature = "client")]
    pub fn pull(
        client: &Client,
        image: &Reference,
        credential: Option<Credential>,
    ) -> Result<Self, RegistryError> {
        Ok(Self::new(
            client.registry(image.host())?,
            Some(image.clone()),
            credential,
        ))
    }

    /// Whether the image can be pulled; where none is known, whether the credential opens the registry at all.
    ///
    /// # Errors
    /// [`RegistryError`] if the image's host, or the host, is none.
    #[cfg(feature = "client")]
    pub fn about(
        client: &Client,
        host: &str,
        image: Option<&Reference>,
        credential: Option<Credential>,
    ) -> Result<Self, RegistryError> {
        match image {
            Some(image) => Self::pull(client, image, credential),
            None => Self::login(client, host, credential),
        }
    }

    /// As [`Question::pull`] where no network has to be known: of a registry with TLS, unless it is on this machine.
    ///
    /// # Errors
    /// [`RegistryError`] if the image's host is none.
    pub fn usual_pull(image: &Reference, credential: Option<Credential>) -> Result<Self, RegistryError> {
        let registry = Registry::new(image.host(), false)?;
        Ok(Self::new(registry, Some(image.clone()), credential))
    }

    fn new(registry: Registry, image: Option<Reference>, credential: Option<Credential>) -> Self {
        Self {
            registry,
            image,
            credential: credential.filter(token::is_usable),
            token_services: Vec::new(),
        }
    }

    /// Also lets the credential go to token services that have been confirmed for it, beside those that are known.
    #[must_use]
    pub fn confirming(mut self, token_services: Vec<Origin>) -> Self {
        self.token_services = token_services;
        self
    }

    /// The same of the login alone: what is asked when an image is not there that nobody vouched for, which says nothing about the
    /// credential.
    #[must_use]
    pub fn without_image(&self) -> Self {
        Self {
            image: None,
            ..self.clone()
        }
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

#[cfg(test)]
mod tests;
