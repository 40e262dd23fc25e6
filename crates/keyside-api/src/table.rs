//! [`InjectionTable`]: what the API server itself is to add to the pods of one namespace.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The decision for one namespace, written down so that an admission policy can follow it: which Secret is for which
/// images. keyside writes it; nobody else needs to. It names Secrets and holds nothing of their content.
#[derive(CustomResource, JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[kube(
    group = "keyside.dev",
    version = "v1alpha1",
    kind = "InjectionTable",
    plural = "injectiontables",
    singular = "injectiontable",
    category = "keyside",
    namespaced,
    derive = "PartialEq",
    doc = "An InjectionTable says which pull secret of a namespace is for which images. keyside writes it where pods are served by a MutatingAdmissionPolicy instead of a webhook, and the policy reads it. It holds names only.",
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct InjectionTableSpec {
    /// For each registry, in lower case and without `:443`: what its images get. The first rule that fits counts.
    #[schemars(schema_with = "registries")]
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub registries: BTreeMap<String, Vec<InjectionRule>>,
    /// The same for registries with wildcards; these rules come after all others.
    #[schemars(length(max = 1024), extend("x-kubernetes-list-type" = "atomic"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wildcards: Vec<InjectionRule>,
    /// Service accounts whose pods may use only the Secrets that the account lists: they get nothing.
    #[schemars(
        length(max = 4096),
        inner(length(max = 253)),
        extend("x-kubernetes-list-type" = "atomic")
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guarded_accounts: Vec<String>,
}

/// Which Secret is for which images. Expressions in it are compared with the image without tag and digest.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct InjectionRule {
    /// An expression for the registry, where it has wildcards.
    #[schemars(length(max = 1024))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// The repository, or what it lies below; absent for all of the registry.
    #[schemars(length(max = 255))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The Secret to add; absent if the node asks for the credential by itself, and nothing is added.
    #[schemars(length(max = 253))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// An expression that the image must fit as it is written, because the kubelet compares spellings.
    #[schemars(length(max = 1024))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// Images for which the rule does not count.
    #[schemars(
        length(max = 64),
        inner(length(max = 1024)),
        extend("x-kubernetes-list-type" = "atomic")
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<String>,
    /// Images for which the registry has refused the credential: it then counts only if nothing else does.
    #[schemars(
        length(max = 64),
        inner(length(max = 1024)),
        extend("x-kubernetes-list-type" = "atomic")
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
}

/// Rules by registry; the derive cannot bound the lists inside a map.
fn registries(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "maxProperties": 1024,
        "additionalProperties": {
            "type": "array",
            "maxItems": 1024,
            "x-kubernetes-list-type": "atomic",
            "items": InjectionRule::json_schema(generator),
        },
    })
}

/// The name of the table in every namespace, and of the policy and its binding.
pub const INJECTION: &str = "keyside-injection";
