//! What keyside has made of a credential. Numbers, never a list that grows with namespaces, and never a value from the
//! Secret: not even the user name, because people put tokens there.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What keyside has made of a credential.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CredentialStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// `Ready`, `Verified`, `Delivered`, and `Stalled` while a human must act.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,

    /// The registries and paths the credential is for, and what each of them says of it. At most 64 are shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["registry"]))]
    pub registries: Vec<RegistryState>,

    /// How many namespaces the credential is for, and how many have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<Targets>,

    /// A keyed hash of the delivered content: it changes when the content changes and reveals nothing by guessing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_version: Option<String>,

    /// To where the Secret's content was entered: keyed hashes of content and destination, and the scope. When the
    /// destination changes without new content, the credential is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<String>,

    /// A keyed hash of what was verified: the content, and how the spec asks for it to be tested. It reveals nothing by
    /// guessing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_version: Option<String>,

    /// When a registry first accepted the present content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_verify_time: Option<Time>,

    /// The value of the annotation `keyside.dev/verify` that was last answered with a verification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub last_handled_verify: Option<String>,

    /// When the credential stops working, as far as known: from the token itself, from `spec.expiryTime`, or learnt from
    /// how long earlier content worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_time: Option<Time>,

    /// `Expiring` while the end is near, `Expired` when it has passed; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_state: Option<String>,

    /// For how many seconds earlier content worked before a registry refused it, newest last. At most 5 are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5), extend("x-kubernetes-list-type" = "atomic"))]
    pub learnt_lifetimes_seconds: Vec<i64>,

    /// When new content last replaced old content in the copies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_rotation_time: Option<Time>,
}

/// One registry or path of a credential.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct RegistryState {
    /// The registry, with a path if the credential is for one only, for example `quay.io/shop`.
    pub registry: String,

    /// Whether the registry accepts the credential: `True`, `False` or `Unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<String>,

    /// Why, for example `PullAllowed` or `BadCredentials`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,

    /// When the registry was last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_verify_time: Option<Time>,

    /// The image or repository that was tested, for example `quay.io/shop/web:1.2`; absent if only the login was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,

    /// What the registry last said for certain, while it cannot be asked now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_settled: Option<Settled>,
}

/// An answer that settled whether a credential works.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Settled {
    /// `True` or `False`.
    pub verified: String,
    /// Why, for example `PullAllowed` or `BadCredentials`.
    pub reason: String,
    /// When it was said.
    pub time: Time,
}

/// How many namespaces a credential is for, and how many have it.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Targets {
    /// How many namespaces shall have the credential.
    #[serde(default)]
    pub desired: i64,
    /// How many namespaces have its present content.
    #[serde(default)]
    pub delivered: i64,
    /// In how many namespaces a Secret that is not ours has the name, so that pods use another one.
    #[serde(default)]
    pub conflicts: i64,
    /// Delivered and desired as people read it, for example `12/12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}
