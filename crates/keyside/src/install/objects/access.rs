//! Who keyside is, what it may do, and the fence round what it writes.

use super::{Chart, parsed, put, texts};
use crate::cli::Injection;
use k8s_openapi::api::rbac::v1::PolicyRule;
use keyside_core::plan::policy;
use keyside_server::rbac::{Options, rbac};
use serde_json::{Value, json};

const RBAC: &str = "rbac.authorization.k8s.io/v1";
const ADMISSION: &str = "admissionregistration.k8s.io/v1";

/// The policy; namespace and account are filled in.
const FENCE: &str = include_str!("../../../../../charts/keyside/files/fence.yaml");

/// The policy that serves pods; the namespace is filled in.
const INJECTION: &str = include_str!("../../../../../charts/keyside/files/injection.yaml");

/// The audience of tokens with which nodes ask for credentials.
const AUDIENCE: &str = "keyside.dev";

pub(super) fn objects(chart: &Chart<'_>) -> Vec<Value> {
    let mut objects = Vec::new();
    if chart.values.service_account.create {
        objects.push(account(chart));
    }
    if chart.values.rbac.create {
        objects.extend(rights(chart));
        if chart.values.credential_provider.enabled {
            objects.extend(nodes(chart));
        }
        objects.extend(fence(chart));
    }
    if chart.values.is_confined() {
        objects.extend(injection(chart));
    }
    objects
}

fn account(chart: &Chart<'_>) -> Value {
    let mut account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": chart.local(&chart.account(), "access"),
        "automountServiceAccountToken": false,
    });
    put(
        &mut account["metadata"],
        "annotations",
        texts(&chart.values.service_account.annotations),
    );
    account
}

/// The rights the server's own table names, in the cluster and in our namespace.
fn rights(chart: &Chart<'_>) -> Vec<Value> {
    let serving = chart.values.serving();
    let options = Options {
        namespace: chart.release.namespace.clone(),
        service_account: chart.account(),
        rights: chart.values.rights(),
        webhook: serving != Injection::Policy,
        policy: serving != Injection::Webhook,
        on_demand_removal: chart.values.removes_idle(),
        restart_stuck: chart.values.restart_stuck > 0,
        ..Options::default()
    };
    let (given, name) = (rbac(&options), chart.fullname());
    let (everywhere, here) = (chart.global(&name, "access"), chart.local(&name, "access"));
    let subjects =
        json!([{"kind": "ServiceAccount", "name": chart.account(), "namespace": chart.release.namespace}]);
    let role_ref = |kind: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name});
    let mut objects = Vec::new();
    if let Some(role) = given.cluster_role {
        objects.push(
            json!({"apiVersion": RBAC, "kind": "ClusterRole", "metadata": everywhere, "rules": rules(role.rules)}),
        );
        objects.push(json!({
            "apiVersion": RBAC, "kind": "ClusterRoleBinding", "metadata": everywhere,
            "roleRef": role_ref("ClusterRole"), "subjects": subjects,
        }));
    }
    objects.extend([
        json!({"apiVersion": RBAC, "kind": "Role", "metadata": here, "rules": rules(given.role.rules)}),
        json!({
            "apiVersion": RBAC, "kind": "RoleBinding", "metadata": here,
            "roleRef": role_ref("Role"), "subjects": subjects,
        }),
    ]);
    for (role, _) in given.readers {
        let there = chart.within(
            role.metadata.namespace.as_deref().unwrap_or_default(),
            &name,
            "access",
        );
        objects
            .push(json!({"apiVersion": RBAC, "kind": "Role", "metadata": there, "rules": rules(role.rules)}));
        objects.push(json!({
            "apiVersion": RBAC, "kind": "RoleBinding", "metadata": there,
            "roleRef": role_ref("Role"), "subjects": subjects,
        }));
    }
    objects
}

fn rules(rules: Option<Vec<PolicyRule>>) -> Value {
    serde_json::to_value(rules.unwrap_or_default()).expect("rules are plain data")
}

/// Lets kubelets ask for tokens of pods' accounts that only keyside's credential provider accepts.
fn nodes(chart: &Chart<'_>) -> [Value; 2] {
    let name = chart.named("nodes");
    let metadata = chart.global(&name, "access");
    [
        json!({
            "apiVersion": RBAC, "kind": "ClusterRole", "metadata": metadata,
            "rules": [{
                "apiGroups": [""], "resources": [AUDIENCE], "verbs": ["request-serviceaccounts-token-audience"],
            }],
        }),
        json!({
            "apiVersion": RBAC, "kind": "ClusterRoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:nodes"}],
        }),
    ]
}

/// The policy that serves pods, where keyside itself may write none.
fn injection(chart: &Chart<'_>) -> [Value; 2] {
    let text = INJECTION.replace("@NAMESPACE@", &chart.release.namespace);
    let metadata = chart.global(keyside_api::INJECTION, "access");
    [
        json!({
            "apiVersion": ADMISSION, "kind": "MutatingAdmissionPolicy", "metadata": metadata, "spec": parsed(&text),
        }),
        json!({
            "apiVersion": ADMISSION, "kind": "MutatingAdmissionPolicyBinding", "metadata": metadata,
            "spec": policy::binding()["spec"],
        }),
    ]
}

/// The policy that refuses what our account must never write, and what makes it hold.
fn fence(chart: &Chart<'_>) -> [Value; 2] {
    let name = chart.named("fence");
    let metadata = chart.global(&name, "access");
    let text = FENCE
        .replace("@NAMESPACE@", &chart.release.namespace)
        .replace("@ACCOUNT@", &chart.account());
    [
        json!({
            "apiVersion": ADMISSION, "kind": "ValidatingAdmissionPolicy", "metadata": metadata, "spec": parsed(&text),
        }),
        json!({
            "apiVersion": ADMISSION, "kind": "ValidatingAdmissionPolicyBinding", "metadata": metadata,
            "spec": {"policyName": name, "validationActions": ["Deny"]},
        }),
    ]
}
