//! What keyside may do in a cluster, as data: the one place from which the chart, `keyside install`, the embedded world and
//! the published table are made.
//!
//! [`Mode`] says how much it may do with Secrets. RBAC cannot filter by label: whoever may watch its own copies may read every
//! Secret, so this is a choice. What may be written is fenced by an admission policy, not here.
//! `docs/design/0006-running-in-a-cluster.md` says why each rule that is not obvious is there.

mod rights;

pub use rights::{Mode, Rights};

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
use std::collections::{BTreeMap, BTreeSet};
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
    /// How much keyside may do with Secrets, and where it may read them.
    pub rights: Rights,
    /// Whether keyside registers the webhook for pods and repairs its registration.
    pub webhook: bool,
    /// Whether keyside registers the webhook for its own kinds and repairs its registration.
    pub validation: bool,
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
            rights: Rights::default(),
            webhook: true,
            validation: true,
            policy: false,
            on_demand_removal: false,
            restart_stuck: false,
        }
    }
}

impl Options {
    /// The namespaces besides its own in which keyside gets rights of their own, each once.
    fn readers(&self) -> impl Iterator<Item = &str> {
        let named = match self.rights.mode {
            Mode::Repair => &[],
            Mode::Inject | Mode::Blind | Mode::Namespaced => self.rights.namespaces.as_slice(),
        };
        let named: BTreeSet<&str> = named.iter().map(String::as_str).collect();
        named.into_iter().filter(|name| *name != self.namespace)
    }
}

/// keyside's identity and its rights.
#[derive(Clone, Debug, PartialEq)]
pub struct Rbac {
    /// Who keyside is.
    pub service_account: ServiceAccount,
    /// Rights in all namespaces, and on objects of the cluster; none with [`Mode::Namespaced`].
    pub cluster_role: Option<ClusterRole>,
    /// Gives them.
    pub cluster_role_binding: Option<ClusterRoleBinding>,
    /// Rights in keyside's own namespace.
    pub role: Role,
    /// Gives them.
    pub role_binding: RoleBinding,
    /// Rights in the namespaces that are named, and what gives them.
    pub readers: Vec<(Role, RoleBinding)>,
}

/// The objects that give keyside exactly the rights it uses.
pub fn rbac(options: &Options) -> Rbac {
    let namespace = Some(options.namespace.as_str());
    let is_everywhere = options.rights.mode != Mode::Namespaced;
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
        cluster_role: is_everywhere.then(|| ClusterRole {
            metadata: metadata(&options.name, None),
            rules: Some(cluster_rules(options)),
            ..ClusterRole::default()
        }),
        cluster_role_binding: is_everywhere.then(|| ClusterRoleBinding {
            metadata: metadata(&options.name, None),
            role_ref: role_ref("ClusterRole"),
            subjects: subjects.clone(),
        }),
        role: Role {
            metadata: metadata(&options.name, namespace),
            rules: Some(own_rules(options)),
        },
        role_binding: RoleBinding {
            metadata: metadata(&options.name, namespace),
            role_ref: role_ref("Role"),
            subjects: subjects.clone(),
        },
        readers: options
            .readers()
            .map(|namespace| {
                let metadata = metadata(&options.name, Some(namespace));
                let binding = RoleBinding {
                    metadata: metadata.clone(),
                    role_ref: role_ref("Role"),
                    subjects: subjects.clone(),
                };
                let rules = Some(named_rules(options));
                (Role { metadata, rules }, binding)
            })
            .collect(),
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
        rule("", &["namespaces"], &["get", "list", "watch"]),
        // Accounts whose pods the API server refuses if a pull secret is added (`enforce-mountable-secrets`).
        rule("", &["serviceaccounts"], &["list", "watch"]),
        // Failing pulls are seen by their events, and said in events; the pod is read once per cause.
        rule("", &["events"], &["list", "watch", "create", "patch"]),
        rule("", &["pods"], &["get"]),
    ];
    match options.rights.mode {
        Mode::Inject | Mode::Namespaced => {}
        Mode::Blind => rules.push(rule("", &["secrets"], &["create", "patch", "delete"])),
        Mode::Repair => {
            // Copies, and the Secrets they are made of.
            let all = ["get", "list", "watch", "create", "patch", "delete"];
            rules.push(rule("", &["secrets"], &all));
            // A registry's private authority, read when it is asked.
            rules.push(rule("", &["configmaps"], &["get"]));
            // A Project's home is created if it is absent.
            rules.push(rule("", &["namespaces"], &["create"]));
        }
    }
    rules.extend(admission_rules(options));
    if options.on_demand_removal {
        rules.push(rule("", &["pods"], &["list"]));
    }
    if options.restart_stuck {
        rules.push(rule("", &["pods/eviction"], &["create"]));
    }
    rules
}

/// Rights on what makes the API server ask keyside, or follow its policy. Who changes from one to the other takes out what
/// the other has left, so that pods are not served by what nobody keeps.
fn admission_rules(options: &Options) -> Vec<PolicyRule> {
    let group = "admissionregistration.k8s.io";
    let mut rules = Vec::new();
    let hooks = [
        (options.webhook, "mutatingwebhookconfigurations"),
        (options.validation, "validatingwebhookconfigurations"),
    ];
    let hooks: Vec<&str> = hooks
        .into_iter()
        .filter(|(given, _)| *given)
        .map(|(_, name)| name)
        .collect();
    if !hooks.is_empty() {
        // An apply that creates is allowed by name, so a registration that was deleted comes back without more rights.
        let verbs = ["get", "list", "watch", "patch", "create"];
        rules.push(named(rule(group, &hooks, &verbs), WEBHOOK_CONFIGURATION));
    }
    let policies = ["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"];
    if options.webhook && !options.policy {
        rules.push(named(rule(group, &policies, &["delete"]), INJECTION));
    }
    if options.policy {
        let verbs = ["get", "list", "watch", "create", "patch", "delete"];
        rules.push(rule("keyside.dev", &["injectiontables"], &verbs));
        let verbs = ["get", "list", "watch", "patch", "create"];
        rules.push(named(rule(group, &policies, &verbs), INJECTION));
        if !options.webhook {
            let hook = rule(group, &["mutatingwebhookconfigurations"], &["delete"]);
            rules.push(named(hook, WEBHOOK_CONFIGURATION));
        }
    }
    rules
}

/// Rights in keyside's own namespace.
fn own_rules(options: &Options) -> Vec<PolicyRule> {
    let secrets = ["get", "list", "watch", "create", "patch", "delete"];
    let lease = ["get", "list", "watch", "update"];
    let mut rules = vec![
        rule("", &["secrets"], &secrets),
        // A creation has no name yet that a rule could hold on to.
        rule("coordination.k8s.io", &["leases"], &["create"]),
        named(rule("coordination.k8s.io", &["leases"], &lease), LEASE),
    ];
    if options.rights.mode != Mode::Repair {
        rules.push(rule("", &["configmaps"], &["get"]));
    }
    rules
}

/// Rights in a namespace that is named: where credentials are kept, or where alone keyside works.
fn named_rules(options: &Options) -> Vec<PolicyRule> {
    if options.rights.mode != Mode::Namespaced {
        return vec![
            rule("", &["secrets"], &["get", "list", "watch"]),
            rule("", &["configmaps"], &["get"]),
        ];
    }
    let all = ["get", "list", "watch", "create", "patch", "delete"];
    let mut rules = vec![
        rule("keyside.dev", &["registrycredentials"], &["get", "list", "watch"]),
        rule("keyside.dev", &["registrycredentials/status"], &["patch"]),
        rule("", &["serviceaccounts"], &["list", "watch"]),
        rule("", &["events"], &["list", "watch", "create", "patch"]),
        rule("", &["pods"], &["get"]),
        rule("", &["secrets"], &all),
        rule("", &["configmaps"], &["get"]),
        rule("keyside.dev", &["injectiontables"], &all),
    ];
    if options.restart_stuck {
        rules.push(rule("", &["pods/eviction"], &["create"]));
    }
    rules
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
        readers,
    } = rbac(options);
    let client = || client.clone();
    let namespace = &options.namespace;
    apply(Api::namespaced(client(), namespace), &service_account).await?;
    if let Some(role) = &cluster_role {
        apply(Api::all(client()), role).await?;
    }
    apply(Api::namespaced(client(), namespace), &role).await?;
    if let Some(binding) = &cluster_role_binding {
        apply(Api::all(client()), binding).await?;
    }
    apply(Api::namespaced(client(), namespace), &role_binding).await?;
    for (role, binding) in readers {
        let namespace = role.metadata.namespace.as_deref().unwrap_or_default();
        apply(Api::namespaced(client(), namespace), &role).await?;
        apply(Api::namespaced(client(), namespace), &binding).await?;
    }
    Ok(())
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
