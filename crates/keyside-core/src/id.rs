//! How a credential is named everywhere: the namespace it lives in, none for one of the cluster, and its name.

use std::fmt;
use std::sync::Arc;

/// Names one `RegistryCredential` or `ClusterRegistryCredential`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialId {
    /// The namespace of a `RegistryCredential`; `None` for a `ClusterRegistryCredential`.
    pub namespace: Option<Arc<str>>,
    /// The object's name.
    pub name: Arc<str>,
}

impl CredentialId {
    /// A `RegistryCredential`.
    pub fn namespaced(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self {
            namespace: Some(namespace.into()),
            name: name.into(),
        }
    }

    /// A `ClusterRegistryCredential`.
    pub fn cluster(name: impl Into<Arc<str>>) -> Self {
        Self {
            namespace: None,
            name: name.into(),
        }
    }

    /// The object's kind.
    pub fn kind(&self) -> &'static str {
        match self.namespace {
            Some(_) => "RegistryCredential",
            None => "ClusterRegistryCredential",
        }
    }
}

/// As in messages: `RegistryCredential project-shop/testquay`.
impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind(), self.name),
            None => write!(f, "{} {}", self.kind(), self.name),
        }
    }
}
