//! Reading Secrets: what a pull secret holds, and what a credential makes of the Secret it names.
//!
//! keyside never copies the bytes of a Secret through: one undecodable field breaks every pull of every pod that lists it.
//! It reads the entries and writes its own form.

mod content;
mod problem;
mod token;

pub(crate) use content::SECRET_MAX;
pub use content::{Content, Served, Terms};
pub use problem::Problem;

use crate::history;
use crate::version::{InstallKey, Version};
use k8s_openapi::api::core::v1 as core;
use keyside_api::label;
use keyside_keychain::{Credential, DockerConfig, Form};
use std::sync::Arc;

/// The Secret type that holds a bare user name and password.
pub const BASIC_AUTH: &str = "kubernetes.io/basic-auth";

/// A Secret that may hold a registry credential, as far as keyside reads it.
#[derive(Clone, Debug)]
pub struct PullSecret {
    /// Its name.
    pub name: Arc<str>,
    /// Its uid.
    pub uid: String,
    /// Its type.
    pub secret_type: Box<str>,
    /// What it holds.
    pub holding: Holding,
    /// Whether a user asked keyside to keep away from it.
    pub ignored: bool,
    /// The fingerprint of its values, if there is an install key to make one with. Older contents ([`history`]) are no part of it.
    pub content: Option<Version>,
}

/// What a Secret holds.
#[derive(Clone, Debug)]
pub enum Holding {
    /// A docker config that the kubelet can read.
    Config(DockerConfig),
    /// A docker config that the kubelet cannot read, with its words. Every pull of every pod that lists it fails.
    Broken {
        /// The shape that the Secret's type promises.
        form: Form,
        /// The kubelet's error, without any value.
        error: String,
    },
    /// A user name and password without a registry.
    BasicAuth(Credential),
    /// Nothing the kubelet or keyside would use: an empty value, or a type that is no pull secret.
    Nothing,
}

impl PullSecret {
    /// Reads a Secret. The install key makes the fingerprint; without one the Secret can still be explained.
    pub fn read(secret: &core::Secret, key: Option<&InstallKey>) -> Self {
        let meta = &secret.metadata;
        let uid = meta.uid.clone().unwrap_or_default();
        let values = || {
            secret
                .data
                .iter()
                .flatten()
                .filter(|(name, _)| *name != history::KEY)
                .map(|(name, value)| (name.as_str(), value.0.as_slice()))
        };
        Self {
            name: meta.name.as_deref().unwrap_or_default().into(),
            secret_type: secret.type_.as_deref().unwrap_or_default().into(),
            holding: Holding::read(secret),
            ignored: is_ignored(meta.labels.as_ref(), meta.annotations.as_ref()),
            content: key.map(|key| key.content(&uid, &values().collect::<Vec<_>>())),
            uid,
        }
    }

    /// The docker config, if there is a readable one.
    pub fn config(&self) -> Option<&DockerConfig> {
        match &self.holding {
            Holding::Config(config) => Some(config),
            _ => None,
        }
    }
}

impl Holding {
    fn read(secret: &core::Secret) -> Self {
        let value = |name: &str| {
            secret
                .data
                .as_ref()
                .and_then(|data| data.get(name))
                .map(|bytes| bytes.0.as_slice())
        };
        let secret_type = secret.type_.as_deref().unwrap_or_default();
        if secret_type == BASIC_AUTH {
            let part = |name| value(name).unwrap_or_default();
            return Self::BasicAuth(Credential::new(part("username"), part("password")));
        }
        let Some(form) = Form::of_secret_type(secret_type) else {
            return Self::Nothing;
        };
        match value(form.data_key()).filter(|bytes| !bytes.is_empty()) {
            None => Self::Nothing,
            Some(bytes) => match DockerConfig::parse(form, bytes) {
                Ok(config) => Self::Config(config),
                Err(error) => Self::Broken {
                    form,
                    error: error.to_string(),
                },
            },
        }
    }
}

/// Whether `keyside.dev/ignore: "true"` stands among the labels or annotations.
pub fn is_ignored(
    labels: Option<&std::collections::BTreeMap<String, String>>,
    annotations: Option<&std::collections::BTreeMap<String, String>>,
) -> bool {
    [labels, annotations]
        .into_iter()
        .flatten()
        .any(|map| map.get(label::IGNORE).is_some_and(|value| value == "true"))
}

#[cfg(test)]
mod tests;
