//! The policy and its binding, as they are written.

use super::expression;
use keyside_api::{GROUP, INJECTION, VERSION, label};
use serde_json::{Value, json};

/// The policy; `own` is keyside's own namespace. A failure never blocks a pod.
pub fn policy(own: &str) -> Value {
    let variables: Vec<Value> = expression::variables()
        .into_iter()
        .map(|(name, expression)| json!({"name": name, "expression": expression}))
        .collect();
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": INJECTION, "labels": {label::MANAGED_BY: label::MANAGED_BY_KEYSIDE}},
        "spec": {
            "paramKind": {"apiVersion": format!("{GROUP}/{VERSION}"), "kind": "InjectionTable"},
            "matchConstraints": {
                "matchPolicy": "Equivalent",
                "namespaceSelector": namespace_selector(own),
                "objectSelector": {},
                "resourceRules": [{
                    "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"],
                    "operations": ["CREATE"], "scope": "Namespaced",
                }],
            },
            "matchConditions": match_conditions(),
            "variables": variables,
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression::patch()}}],
            "failurePolicy": "Ignore",
            "reinvocationPolicy": "IfNeeded",
        },
    })
}

/// The binding: each pod is judged by the table of its own namespace, and one without a table is left alone.
pub fn binding() -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": INJECTION, "labels": {label::MANAGED_BY: label::MANAGED_BY_KEYSIDE}},
        "spec": {
            "policyName": INJECTION,
            "paramRef": {"name": INJECTION, "parameterNotFoundAction": "Allow"},
        },
    })
}

/// Namespaces whose pods are asked about: not the system's, not ours, none that wants to be left alone.
pub fn namespace_selector(own: &str) -> Value {
    let excluded = |key: &str, values: &[&str]| json!({"key": key, "operator": "NotIn", "values": values});
    json!({"matchExpressions": [
        excluded("kubernetes.io/metadata.name", &["kube-system", "kube-public", "kube-node-lease", own]),
        excluded(label::IGNORE, &["true"]),
        excluded(label::INJECT, &[label::INJECT_DISABLED]),
    ]})
}

/// Pods that are not left alone on their own account.
pub fn match_conditions() -> Value {
    json!([
        {"name": "not-ignored", "expression": says_not(label::IGNORE, "true")},
        {"name": "not-disabled", "expression": says_not(label::INJECT, label::INJECT_DISABLED)},
        {"name": "not-a-mirror", "expression": lacks("annotations", label::MIRROR_POD)},
    ])
}

/// Pods that were given nothing yet.
pub fn not_served() -> Value {
    json!({"name": "not-served", "expression": lacks("annotations", label::INJECTED)})
}

/// CEL: neither a label nor an annotation says so. An expression that fails would keep the pod away from us, so each
/// looks before it reads.
fn says_not(key: &str, value: &str) -> String {
    let says = |map: &str| {
        format!(
            "(has(object.metadata.{map}) && '{key}' in object.metadata.{map} && object.metadata.{map}['{key}'] == '{value}')"
        )
    };
    format!("!({} || {})", says("labels"), says("annotations"))
}

fn lacks(map: &str, key: &str) -> String {
    format!("!(has(object.metadata.{map}) && '{key}' in object.metadata.{map})")
}
