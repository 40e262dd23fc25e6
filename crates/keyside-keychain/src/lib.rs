//! Image references, credentials, and the rule that says which credential answers for which image.

#[cfg(test)]
mod acceptance;
pub mod auth_field;
pub mod credential;
pub mod docker_config;
mod glob;
mod hub;
mod json;
pub mod keychain;
pub mod keyring;
pub mod pattern;
pub mod reference;
mod url;

pub use auth_field::AuthFieldError;
pub use credential::{Credential, Secret};
pub use docker_config::{DockerConfig, Escape, Form};
pub use json::SyntaxError;
pub use keychain::{Keychain, Origin, Rank, Scope};
pub use keyring::Keyring;
pub use pattern::{Pattern, PatternError};
pub use reference::{Reference, ReferenceError};
