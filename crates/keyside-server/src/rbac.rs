//! What keyside may do in a cluster, as data: the one place from which the chart, `keyside install`, the embedded world and
//! the published table are made.
//!
//! The rules are those of delivery by copies that are watched and repaired. RBAC cannot filter by label: whoever may watch
//! its own copies may read every Secret. What it may write is fenced by an admission policy, not here.
//! `docs/design/0006-running-in-a-cluster.md` says why each rule that is not obvious is there.

use crate::registration::{SERVICE, WEBHOOK_CONFIGURATION};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use keyside_api::{FIELD_MANAGER, INJECTION, SYSTEM_NAMESPACE, label};
use kube::api::{Api, Patch, PatchParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// The name of every object here: account, roles and bindings.
pub const NAME: &str = SERVICE;

/// The Lease that says which replica writes.
pub const LEASE: &str = "keyside";

const RBAC: &str = "rbac.authorization.k8s.io";

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The namespace keyside lives in.
    pub namespace: String,
    /// The `ServiceAccount` it runs as.
    pub service_account: String,
    /// The name of the roles and bindings.
    pub name: String,
    /// Whether keyside registers the webhook and repairs its registration (not so where pods are served by a policy).
    pub webhook: bool,
    /// Whether keyside writes the policy for pods, its binding and their tables.
    pub policy: bool,
    /// Whether on-demand copies that no pod uses any more are removed: for that, pods are listed. Without it they stay.
    pub on_demand_removal: bool,
    /// Whether pods that wait in vain are evicted, so that new ones are made.
    pub restart_stuck: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            namespace: SYSTEM_NAMESPACE.to_owned(),
            service_account: NAME.to_owned(),
            name: NAME.to_owned(),
            webhook: true,
            policy: false,
            on_demand_removal: false,
            restart_stuck: false,
        }
    }
}

/// keyside's identity and its rights.
#[derive(Clone, Debug, PartialEq)]
pub struct Rbac {
    /// Who keyside is.
    pub service_account: ServiceAccount,
    /// Rights in all namespaces, and on objects of the cluster.
    pub cluster_role: ClusterRole,
    /// Gives them.
    pub cluster_role_binding: ClusterRoleBinding,
    /// Rights in keyside's own namespace.
    pub role: Role,
    /// Gives them.
    pub role_binding: RoleBinding,
}

/// The objects that give keyside exactly the rights it uses.
pub fn rbac(options: &Options) -> Rbac {
    let namespace = Some(options.namespace.as_str());
    let subjects = Some(vec![Subject {
        kind: "ServiceAccount".to_owned(),
        name: options.service_account.clone(),
        namespace: Some(options.namespace.clone()),
        ..Subject::default()
    }]);
    let role_ref = |kind: &str| RoleRef {
        api_group: RBAC.to_owned(),
        kind: kind.to_owned(),
        name: options.name.clone(),
    };
    Rbac {
        service_account: ServiceAccount {
            metadata: metadata(&options.service_account, namespace),
            ..ServiceAccount::default()
        },
        cluster_role: ClusterRole {
            metadata: metadata(&options.name, None),
            rules: Some(cluster_rules(options)),
            ..ClusterRole::default()
        },
        cluster_role_binding: ClusterRoleBinding {
            metadata: metadata(&options.name, None),
            role_ref: role_ref("ClusterRole"),
            subjects: subjects.clone(),
        },
        role: Role {
            metadata: metadata(&options.name, namespace),
            rules: Some(own_rules()),
        },
        role_binding: RoleBinding {
            metadata: metadata(&options.name, namespace),
            role_ref: role_ref("Role"),
            subjects,
        },
    }
}

/// Rights in all namespaces.
fn cluster_rules(options: &Options) -> Vec<PolicyRule> {
    let kinds = ["projects", "registrycredentials", "clusterregistrycredentials"];
    let statuses = kinds.map(|kind| format!("{kind}/status"));
    let statuses = statuses.each_ref().map(String::as_str);
    let mut rules = vec![
        rule("keyside.dev", &kinds, &["get", "list", "watch"]),
        rule("keyside.dev", &statuses, &["patch"]),
        // Copies, and the Secrets they are made of.
        rule(
            "",
            &["secrets"],
            &["get", "list", "watch", "create", "patch", "delete"],
        ),
        // A registry's private authority, read when it is asked.
        rule("", &["configmaps"], &["get"]),
        // A Project's home is created if it is absent.
        rule("", &["namespaces"], &["get", "list", "watch", "create"]),
        // Accounts whose pods the API server refuses if a pull secret is added (`enforce-mountable-secrets`).
        rule("", &["serviceaccounts"], &["list", "watch"]),
        // Failing pulls are seen by their events, and said in events; the pod is read once per cause.
        rule("", &["events"], &["list", "watch", "create", "patch"]),
        rule("", &["pods"], &["get"]),
    ];
    if options.webhook {
        let configurations = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"];
        // An apply that creates is allowed by name, so a registration that was deleted comes back without more rights.
        let verbs = ["get", "list", "watch", "patch", "create"];
        let rule = rule("admissionregistration.k8s.io", &configurations, &verbs);
        rules.push(named(rule, WEBHOOK_CONFIGURATION));
    }
    if options.policy {
        let verbs = ["get", "list", "watch", "create", "patch", "delete"];
        rules.push(rule("keyside.dev", &["injectiontables"], &verbs));
        let objects = ["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"];
        let verbs = ["get", "list", "watch", "patch", "create"];
        let rule = rule("admissionregistration.k8s.io", &objects, &verbs);
        rules.push(named(rule, INJECTION));
    }
    if options.on_demand_removal {
        rules.push(rule("", &["pods"], &["list"]));
    }
    if options.restart_stuck {
        rules.push(rule("", &["pods/eviction"], &["create"]));
    }
    rules
}

/// Rights in keyside's own namespace.
fn own_rules() -> Vec<PolicyRule> {
    let secrets = ["get", "list", "watch", "create", "patch", "delete"];
    let lease = ["get", "list", "watch", "update"];
    vec![
        rule("", &["secrets"], &secrets),
        // A creation has no name yet that a rule could hold on to.
        rule("coordination.k8s.io", &["leases"], &["create"]),
        named(rule("coordination.k8s.io", &["leases"], &lease), LEASE),
    ]
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(owned(resources)),
        verbs: owned(verbs),
        ..PolicyRule::default()
    }
}

fn named(rule: PolicyRule, name: &str) -> PolicyRule {
    PolicyRule {
        resource_names: Some(vec![name.to_owned()]),
        ..rule
    }
}

fn metadata(name: &str, namespace: Option<&str>) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: namespace.map(str::to_owned),
        labels: Some(BTreeMap::from([(
            label::MANAGED_BY.to_owned(),
            label::MANAGED_BY_KEYSIDE.to_owned(),
        )])),
        ..ObjectMeta::default()
    }
}

/// Writes the objects; `client` must be allowed to hand out what they give.
///
/// # Errors
/// An object cannot be written.
pub async fn install_rbac(client: &kube::Client, options: &Options) -> kube::Result<()> {
    let Rbac {
        service_account,
        cluster_role,
        cluster_role_binding,
        role,
        role_binding,
    } = rbac(options);
    let client = || client.clone();
    let namespace = &options.namespace;
    apply(Api::namespaced(client(), namespace), &service_account).await?;
    apply(Api::all(client()), &cluster_role).await?;
    apply(Api::namespaced(client(), namespace), &role).await?;
    apply(Api::all(client()), &cluster_role_binding).await?;
    apply(Api::namespaced(client(), namespace), &role_binding).await
}

async fn apply<K>(api: Api<K>, object: &K) -> kube::Result<()>
where
    K: kube::Resource + Clone + Debug + Serialize + DeserializeOwned,
{
    let name = object.meta().name.clone().expect("every object here has a name");
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    api.patch(&name, &parameters, &Patch::Apply(object)).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
