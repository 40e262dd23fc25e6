//! Why a Secret cannot serve as the source of a credential.

use keyside_keychain::pattern::PatternError;
use std::fmt;

/// What is wrong with a source; the text never holds a value from the Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no such Secret, or none of a type that holds a credential.
    Missing {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The kubelet could not read it.
    Broken(String),
    /// It has no entry with a user name or password.
    Empty,
    /// Its entries hold only tokens that the kubelet ignores.
    OnlyTokens,
    /// A basic-auth Secret needs `spec.registry`.
    RegistryNeeded,
    /// `spec.registry` is no registry.
    RegistryUnusable(PatternError),
    /// No key of the Secret is one that an image could match.
    NoUsableKey(PatternError),
    /// The Secret has no entry for `spec.registry`.
    NoEntryForRegistry(String),
    /// One of `spec.repositories` is no repository.
    RepositoryUnusable(PatternError),
    /// The Secret is for nothing under `spec.repositories`.
    NothingUnderRepositories,
    /// A copy would be larger than a Secret may be.
    TooLarge,
    /// keyside may not read it, and has to, to make copies of it.
    Unreadable {
        /// Its namespace.
        namespace: String,
    },
    /// keyside may not read it, and the spec does not say what it is for.
    Unstated {
        /// Its namespace.
        namespace: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { namespace, name } => {
                write!(
                    f,
                    "there is no Secret {name} with a registry credential in namespace {namespace}"
                )
            }
            Self::Broken(error) => write!(f, "the Secret cannot be read, by a kubelet neither: {error}"),
            Self::Empty => f.write_str("the Secret has no entry with a user name and password"),
            Self::OnlyTokens => {
                f.write_str("the Secret holds only login tokens of docker, which a kubelet ignores")
            }
            Self::RegistryNeeded => {
                f.write_str("a basic-auth Secret does not say for which registry it is: set `spec.registry`")
            }
            Self::RegistryUnusable(error) => write!(f, "`spec.registry` cannot be used: {error}"),
            Self::NoUsableKey(error) => write!(f, "no registry in the Secret can be used: {error}"),
            Self::NoEntryForRegistry(registry) => {
                write!(
                    f,
                    "the Secret has no entry for {registry}, which `spec.registry` asks for"
                )
            }
            Self::RepositoryUnusable(error) => {
                write!(f, "an entry of `spec.repositories` cannot be used: {error}")
            }
            Self::NothingUnderRepositories => {
                f.write_str("the Secret is for nothing that `spec.repositories` allows")
            }
            Self::TooLarge => {
                f.write_str("a copy would have more than 1048576 bytes, which no Secret may have")
            }
            Self::Unreadable { namespace } => write!(
                f,
                "keyside may not read Secrets in namespace {namespace}, and scope Project or cluster needs that: name it in `rbac.namespaces` of the installation"
            ),
            Self::Unstated { namespace } => write!(
                f,
                "keyside may not read Secrets in namespace {namespace}, so it does not know what this one is for: set `spec.registry`"
            ),
        }
    }
}
