//! Where a credential's user name and password come from, and references to objects beside it.
//!
//! References of the namespaced kind have no `namespace` field: a Secret of another namespace cannot be expressed.
#![expect(
    unreachable_pub,
    reason = "the schema derive repeats each type inside a block of its own"
)]

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where user name and password come from.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.secret)").message("`source` must have exactly one member: `secret`"))]
pub struct Source {
    /// A Secret in the same namespace, of type `kubernetes.io/dockerconfigjson`, `kubernetes.io/dockercfg`, or
    /// `kubernetes.io/basic-auth` together with `registry`, for example `{name: testquay}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretRef>,
}

impl Source {
    /// A Secret in the credential's namespace.
    pub fn secret(name: impl Into<String>) -> Self {
        Self {
            secret: Some(SecretRef { name: name.into() }),
        }
    }
}

/// Where user name and password of a cluster credential come from.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.secret)").message("`source` must have exactly one member: `secret`"))]
pub struct ClusterSource {
    /// A Secret of type `kubernetes.io/dockerconfigjson`, `kubernetes.io/dockercfg`, or `kubernetes.io/basic-auth` together
    /// with `registry`, for example `{namespace: keyside-system, name: dockerhub}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<NamespacedSecretRef>,
}

impl ClusterSource {
    /// A Secret in the namespace.
    pub fn secret(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            secret: Some(NamespacedSecretRef {
                namespace: namespace.into(),
                name: name.into(),
            }),
        }
    }
}

/// A Secret in the credential's own namespace.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// The Secret's name, for example `testquay`. At most 253 characters.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// A Secret in a namespace that is named.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct NamespacedSecretRef {
    /// The Secret's namespace, for example `keyside-system`. At most 63 characters.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
    /// The Secret's name, for example `dockerhub`. At most 253 characters.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// The certificate authority of a registry: exactly one of the members.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.secretRef) != has(self.configMapRef)").message("`certificateAuthority` must have exactly one member: `secretRef` or `configMapRef`"))]
pub struct CertificateAuthority {
    /// A key of a Secret in the same namespace that holds PEM certificates, for example `{name: registry-ca, key: ca.crt}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<KeyRef>,
    /// A key of a `ConfigMap` in the same namespace that holds PEM certificates, for example
    /// `{name: registry-ca, key: ca.crt}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_ref: Option<KeyRef>,
}

/// The certificate authority of a registry of the cluster: exactly one of the members.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.secretRef) != has(self.configMapRef)").message("`certificateAuthority` must have exactly one member: `secretRef` or `configMapRef`"))]
pub struct ClusterCertificateAuthority {
    /// A key of a Secret that holds PEM certificates, for example
    /// `{namespace: keyside-system, name: registry-ca, key: ca.crt}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<NamespacedKeyRef>,
    /// A key of a `ConfigMap` that holds PEM certificates, for example
    /// `{namespace: keyside-system, name: registry-ca, key: ca.crt}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_ref: Option<NamespacedKeyRef>,
}

/// A key of an object in the credential's own namespace.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct KeyRef {
    /// The object's name, for example `registry-ca`. At most 253 characters.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The key in the object's data, for example `ca.crt` (the default). At most 253 characters.
    #[serde(default = "ca_key")]
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// A key of an object in a namespace that is named.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct NamespacedKeyRef {
    /// The object's namespace, for example `keyside-system`. At most 63 characters.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
    /// The object's name, for example `registry-ca`. At most 253 characters.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The key in the object's data, for example `ca.crt` (the default). At most 253 characters.
    #[serde(default = "ca_key")]
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

fn ca_key() -> String {
    "ca.crt".to_owned()
}
