//! The roles and bindings every cluster has (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy`).
//!
//! Left out are the roles of components an embedded cluster does not have (scheduler, proxy, signers). A role that
//! exists is left as it is: an administrator may have changed it.

use crate::clock;
use crate::store::{CommitError, Key, Store, Transaction};
use serde_json::{Value, json};

const GROUP: &str = "rbac.authorization.k8s.io";
const READ: &str = "get,list,watch";
const WRITE: &str = "create,update,patch,delete,deletecollection";
const ALL: &str = "get,list,watch,create,update,patch,delete,deletecollection";

/// Verbs, groups and resources of a rule, each separated by commas; the core group is written `core`.
type Row = (&'static str, &'static str, &'static str);

/// A role with rules about resources.
const ROLES: [(&str, &[Row]); 7] = [
    ("cluster-admin", &[("*", "*", "*")]),
    (
        "system:basic-user",
        &[
            (
                "create",
                "authorization.k8s.io",
                "selfsubjectaccessreviews,selfsubjectrulesreviews",
            ),
            ("create", "authentication.k8s.io", "selfsubjectreviews"),
        ],
    ),
    (
        "system:auth-delegator",
        &[
            ("create", "authentication.k8s.io", "tokenreviews"),
            ("create", "authorization.k8s.io", "subjectaccessreviews"),
        ],
    ),
    ("system:node", NODE),
    (
        "system:aggregate-to-admin",
        &[
            ("create", "authorization.k8s.io", "localsubjectaccessreviews"),
            (ALL, GROUP, "roles,rolebindings"),
        ],
    ),
    ("system:aggregate-to-edit", EDIT),
    ("system:aggregate-to-view", VIEW),
];

const NODE: &[Row] = &[
    ("create", "authentication.k8s.io", "tokenreviews"),
    (
        "create",
        "authorization.k8s.io",
        "subjectaccessreviews,localsubjectaccessreviews",
    ),
    (READ, "core", "services"),
    ("create,get,list,watch", "core", "nodes"),
    ("update,patch", "core", "nodes/status"),
    ("update,patch", "core", "nodes"),
    ("create,update,patch", "core,events.k8s.io", "events"),
    (READ, "core", "pods"),
    ("create,delete", "core", "pods"),
    ("update,patch", "core", "pods/status"),
    ("create", "core", "pods/eviction"),
    (READ, "core", "secrets,configmaps"),
    ("get", "core", "persistentvolumeclaims,persistentvolumes"),
    ("get", "core", "endpoints"),
    (
        "create,get,list,watch",
        "certificates.k8s.io",
        "certificatesigningrequests",
    ),
    ("get,create,update,patch,delete", "coordination.k8s.io", "leases"),
    ("create", "core", "serviceaccounts/token"),
    ("get", "core", "serviceaccounts"),
    (READ, "node.k8s.io", "runtimeclasses"),
];

const VIEW: &[Row] = &[
    (
        READ,
        "core",
        "pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status,endpoints,\
         persistentvolumeclaims,persistentvolumeclaims/status,configmaps",
    ),
    (
        READ,
        "core",
        "limitranges,resourcequotas,bindings,pods/status,resourcequotas/status,namespaces/status,\
         replicationcontrollers/status,pods/log",
    ),
    (READ, "core", "namespaces"),
    (READ, "core,events.k8s.io", "events"),
    (READ, "discovery.k8s.io", "endpointslices"),
    (
        READ,
        "apps",
        "controllerrevisions,statefulsets,statefulsets/status,statefulsets/scale,daemonsets,daemonsets/status,deployments,\
         deployments/status,deployments/scale,replicasets,replicasets/status,replicasets/scale",
    ),
    (
        READ,
        "autoscaling",
        "horizontalpodautoscalers,horizontalpodautoscalers/status",
    ),
    (READ, "batch", "jobs,cronjobs,cronjobs/status,jobs/status"),
    (READ, "policy", "poddisruptionbudgets,poddisruptionbudgets/status"),
    (
        READ,
        "networking.k8s.io",
        "networkpolicies,ingresses,ingresses/status",
    ),
];

const EDIT: &[Row] = &[
    (
        READ,
        "core",
        "pods/attach,pods/proxy,pods/exec,pods/portforward,secrets,services/proxy",
    ),
    ("impersonate", "core", "serviceaccounts"),
    (
        WRITE,
        "core",
        "pods,pods/attach,pods/proxy,pods/exec,pods/portforward",
    ),
    ("create", "core", "pods/eviction"),
    (
        WRITE,
        "core",
        "replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/proxy,\
         persistentvolumeclaims,configmaps,secrets",
    ),
    ("create", "core", "serviceaccounts/token"),
    (WRITE, "core,events.k8s.io", "events"),
    (
        WRITE,
        "apps",
        "statefulsets,statefulsets/scale,daemonsets,deployments,deployments/scale,deployments/rollback,replicasets,\
         replicasets/scale",
    ),
    (WRITE, "autoscaling", "horizontalpodautoscalers"),
    (WRITE, "batch", "jobs,cronjobs"),
    (WRITE, "policy", "poddisruptionbudgets"),
    (WRITE, "networking.k8s.io", "networkpolicies,ingresses"),
    (ALL, "coordination.k8s.io", "leases"),
];

/// Roles that may read paths.
const PATHS: [(&str, &str); 5] = [
    (
        "system:discovery",
        "/livez,/readyz,/healthz,/version,/version/,/openapi,/openapi/*,/api,/api/*,/apis,/apis/*",
    ),
    (
        "system:public-info-viewer",
        "/livez,/readyz,/healthz,/version,/version/",
    ),
    (
        "system:monitoring",
        "/metrics,/metrics/slis,/livez,/readyz,/healthz,/livez/*,/readyz/*,/healthz/*",
    ),
    (
        "system:service-account-issuer-discovery",
        "/.well-known/openid-configuration,/.well-known/openid-configuration/,/openid/v1/jwks,/openid/v1/jwks/",
    ),
    ("cluster-admin", "*"),
];

/// Roles made of others, and where they flow into themselves.
const AGGREGATED: [(&str, Option<&str>); 3] =
    [("admin", None), ("edit", Some("admin")), ("view", Some("edit"))];

/// Which groups have which role everywhere.
const BINDINGS: [(&str, &[&str]); 7] = [
    ("cluster-admin", &["system:masters"]),
    ("system:monitoring", &["system:monitoring"]),
    ("system:discovery", &["system:authenticated"]),
    ("system:basic-user", &["system:authenticated"]),
    (
        "system:public-info-viewer",
        &["system:authenticated", "system:unauthenticated"],
    ),
    (
        "system:service-account-issuer-discovery",
        &["system:serviceaccounts"],
    ),
    ("system:node", &[]),
];

/// Creates the roles and bindings that are missing, and brings aggregated roles up to date.
///
/// # Errors
/// If the store cannot be written.
pub(crate) async fn run(store: &Store) -> Result<(), CommitError> {
    let roles = roles().into_iter().map(|object| ("clusterroles", object));
    let bindings = BINDINGS
        .iter()
        .map(|(name, groups)| ("clusterrolebindings", binding(name, groups)));
    let mut transaction = Transaction::default();
    for (resource, object) in roles.chain(bindings) {
        let key = Key::new(
            GROUP,
            resource,
            "",
            object["metadata"]["name"].as_str().unwrap_or_default(),
        );
        if store.get(&key).is_none() {
            transaction = transaction.and(Transaction::create(key, &object));
        }
    }
    if !transaction.writes.is_empty() {
        store.commit(transaction).await?;
    }
    // What flows into `view` flows on into `edit` and from there into `admin`.
    for _ in AGGREGATED {
        super::aggregate::bring_up_to_date(store).await?;
    }
    Ok(())
}

fn roles() -> Vec<Value> {
    let split = |text: &str| -> Vec<Value> {
        text.split(',')
            .map(|part| if part == "core" { "" } else { part }.into())
            .collect()
    };
    let mut out = Vec::new();
    for (name, rows) in ROLES {
        let mut role = object("ClusterRole", name);
        let rule = |(verbs, groups, resources): &Row| json!({"verbs": split(verbs), "apiGroups": split(groups), "resources": split(resources)});
        role["rules"] = rows.iter().map(rule).collect();
        if let Some(target) = name.strip_prefix("system:aggregate-to-") {
            role["metadata"]["labels"][label(target)] = "true".into();
        }
        out.push(role);
    }
    for (name, paths) in PATHS {
        let verbs = if paths == "*" { "*" } else { "get" };
        let rule = json!({"verbs": [verbs], "nonResourceURLs": split(paths)});
        match out
            .iter_mut()
            .find(|role| role["metadata"]["name"] == name)
            .and_then(|role| role["rules"].as_array_mut())
        {
            Some(rules) => rules.push(rule),
            None => {
                let mut role = object("ClusterRole", name);
                role["rules"] = json!([rule]);
                out.push(role);
            }
        }
    }
    for (name, target) in AGGREGATED {
        let mut role = object("ClusterRole", name);
        role["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {label(name): "true"}}]});
        role["rules"] = json!([]);
        if let Some(target) = target {
            role["metadata"]["labels"][label(target)] = "true".into();
        }
        out.push(role);
    }
    out
}

fn label(target: &str) -> String {
    format!("rbac.authorization.k8s.io/aggregate-to-{target}")
}

fn binding(role: &str, groups: &[&str]) -> Value {
    let mut binding = object("ClusterRoleBinding", role);
    binding["roleRef"] = json!({"apiGroup": GROUP, "kind": "ClusterRole", "name": role});
    let subjects = groups
        .iter()
        .map(|group| json!({"kind": "Group", "apiGroup": GROUP, "name": group}));
    let subjects: Vec<Value> = subjects.collect();
    if !subjects.is_empty() {
        binding["subjects"] = subjects.into();
    }
    binding
}

fn object(kind: &str, name: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {
            "name": name,
            "uid": uuid::Uuid::new_v4().to_string(),
            "creationTimestamp": clock::now(),
            "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
            "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
        },
    })
}
