//! [`RegistryCredential`] and [`ClusterRegistryCredential`]: a registry credential, and where it applies.

mod source;
mod status;

pub use source::{
    CertificateAuthority, ClusterCertificateAuthority, ClusterSource, KeyRef, NamespacedKeyRef,
    NamespacedSecretRef, SecretRef, Source,
};
pub use status::{CredentialStatus, RegistryState, Settled, Targets};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a [`RegistryCredential`] applies.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Scope {
    /// In the credential's own namespace.
    #[default]
    Namespace,
    /// In every namespace of the Project whose home namespace the credential is in.
    Project,
}

/// How a credential reaches the pods that need it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Delivery {
    /// A pull secret stands in every namespace in scope.
    #[default]
    Copy,
    /// A pull secret stands only in namespaces where a pod needs it.
    OnDemand,
    /// Nothing is copied: the kubelet asks keyside's credential provider on the node.
    Node,
}

/// How a credential is tested against its registry.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// A repository the credential must be able to pull from, for example `quay.io/shop/web`. Without one, a repository
    /// that a pod in scope uses is tested, and without that only the login. At most 512 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub repository: Option<String>,

    /// How many seconds lie between two tests, from 60 (one minute) to 604800 (one week). Default: 3600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 60, max = 604_800))]
    pub interval_seconds: Option<i64>,
}

/// A registry credential of a namespace or, in a Project's home namespace, of the Project.
#[derive(CustomResource, JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "keyside.dev",
    version = "v1alpha1",
    kind = "RegistryCredential",
    plural = "registrycredentials",
    singular = "registrycredential",
    shortname = "regcred",
    category = "keyside",
    namespaced,
    status = "CredentialStatus",
    derive = "PartialEq",
    doc = "A RegistryCredential says where one registry credential applies: in its own namespace, or, in a Project's home namespace, in all namespaces of the Project. The credential itself is in a Secret beside it.",
    validation = Rule::new("size(self.metadata.name) <= 244").message("`metadata.name` may have at most 244 characters, so that a copy can get a suffix where the name is taken"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Registry", type_ = "string", json_path = ".status.registries[0].registry"),
    printcolumn(name = "Verified", type_ = "string", json_path = ".status.conditions[?(@.type==\"Verified\")].status"),
    printcolumn(name = "Expires", type_ = "string", json_path = ".status.expiryTime"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", priority = 1),
    printcolumn(name = "Targets", type_ = "string", json_path = ".status.targets.summary", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct RegistryCredentialSpec {
    /// Where the credential applies: `Namespace` (in its own namespace, the default) or `Project` (in every namespace of
    /// the Project; allowed only in a Project's home namespace).
    #[serde(default)]
    pub scope: Scope,

    /// Where user name and password come from: exactly one of the members, for example `secret: {name: testquay}`.
    pub source: Source,

    /// The registry, for example `quay.io` or `registry.example.com:5000`. It is needed when the Secret has the type
    /// `kubernetes.io/basic-auth`; from a docker config Secret only the entries of this registry are then used. At most
    /// 512 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub registry: Option<String>,

    /// Serve only images under these path prefixes, for example `[quay.io/shop]`. A prefix ends at a path segment:
    /// `quay.io/shop` does not serve `quay.io/shop-b/web`. Default: everything the Secret is for. At most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 512)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub repositories: Vec<String>,

    /// How the credential reaches pods: `Copy` (a pull secret in every namespace in scope, the default), `OnDemand` (only
    /// where a pod needs it) or `Node` (nothing is copied, nodes ask keyside).
    #[serde(default)]
    pub delivery: Delivery,

    /// How the credential is tested against its registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,

    /// The private certificate authority of the registry, used for verification and diagnosis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_authority: Option<CertificateAuthority>,

    /// The token service that may see the credential although it is not on the registry's own origin, for example
    /// `https://gitlab.example.com`. At most 512 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^https?://[^/@?#]+$"))]
    pub token_service: Option<String>,

    /// When the credential stops working, for example `2027-01-31T00:00:00Z`. Only a reminder: it is read from the token
    /// itself where the token says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_time: Option<Time>,

    /// How many seconds the previous value stays usable after a rotation, from 0 to 2592000 (30 days). Default: 86400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2_592_000))]
    pub overlap_seconds: Option<i64>,
}

/// A registry credential of the whole cluster.
#[derive(CustomResource, JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "keyside.dev",
    version = "v1alpha1",
    kind = "ClusterRegistryCredential",
    plural = "clusterregistrycredentials",
    singular = "clusterregistrycredential",
    shortname = "cregcred",
    category = "keyside",
    status = "CredentialStatus",
    derive = "PartialEq",
    doc = "A ClusterRegistryCredential says in which namespaces of the cluster one registry credential applies. The credential itself is in a Secret of the namespace it names. System namespaces are left out unless the selector selects them by name.",
    validation = Rule::new("size(self.metadata.name) <= 244").message("`metadata.name` may have at most 244 characters, so that a copy can get a suffix where the name is taken"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Registry", type_ = "string", json_path = ".status.registries[0].registry"),
    printcolumn(name = "Verified", type_ = "string", json_path = ".status.conditions[?(@.type==\"Verified\")].status"),
    printcolumn(name = "Expires", type_ = "string", json_path = ".status.expiryTime"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", priority = 1),
    printcolumn(name = "Targets", type_ = "string", json_path = ".status.targets.summary", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct ClusterRegistryCredentialSpec {
    /// Where user name and password come from: exactly one of the members, for example
    /// `secret: {namespace: keyside-system, name: dockerhub}`.
    pub source: ClusterSource,

    /// The namespaces in scope, by their labels, for example `matchLabels: {tier: prod}`. Default: all but system
    /// namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,

    /// Namespaces that are left out, by name, for example `[sandbox, *-dev]`. `*` stands for any characters, and a pattern
    /// matches the whole name. At most 256.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 256),
        inner(length(min = 1, max = 63), regex(pattern = r"^[-a-z0-9*]+$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub exclude_namespaces: Vec<String>,

    /// The registry, for example `quay.io` or `registry.example.com:5000`. It is needed when the Secret has the type
    /// `kubernetes.io/basic-auth`; from a docker config Secret only the entries of this registry are then used. At most
    /// 512 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub registry: Option<String>,

    /// Serve only images under these path prefixes, for example `[quay.io/shop]`. A prefix ends at a path segment:
    /// `quay.io/shop` does not serve `quay.io/shop-b/web`. Default: everything the Secret is for. At most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 512)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub repositories: Vec<String>,

    /// How the credential reaches pods: `Copy` (a pull secret in every namespace in scope, the default), `OnDemand` (only
    /// where a pod needs it) or `Node` (nothing is copied, nodes ask keyside).
    #[serde(default)]
    pub delivery: Delivery,

    /// How the credential is tested against its registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,

    /// The private certificate authority of the registry, used for verification and diagnosis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_authority: Option<ClusterCertificateAuthority>,

    /// The token service that may see the credential although it is not on the registry's own origin, for example
    /// `https://gitlab.example.com`. At most 512 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^https?://[^/@?#]+$"))]
    pub token_service: Option<String>,

    /// When the credential stops working, for example `2027-01-31T00:00:00Z`. Only a reminder: it is read from the token
    /// itself where the token says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_time: Option<Time>,

    /// How many seconds the previous value stays usable after a rotation, from 0 to 2592000 (30 days). Default: 86400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2_592_000))]
    pub overlap_seconds: Option<i64>,
}
