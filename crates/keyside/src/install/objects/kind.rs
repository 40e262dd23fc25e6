//! How the API server calls the kinds of an installation.

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};
use serde_json::Value;

/// A kind: group, version, plural, and whether its objects are in namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    name: &'static str,
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    namespaced: bool,
}

const fn kind(name: &'static str, group: &'static str, plural: &'static str, namespaced: bool) -> Kind {
    Kind {
        name,
        group,
        version: "v1",
        plural,
        namespaced,
    }
}

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const PROMETHEUS: &str = "monitoring.coreos.com";

/// Every kind that an installation may hold.
const KINDS: [Kind; 18] = [
    kind("Namespace", "", "namespaces", false),
    kind(
        "CustomResourceDefinition",
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        false,
    ),
    kind("ServiceAccount", "", "serviceaccounts", true),
    kind("ClusterRole", RBAC, "clusterroles", false),
    kind("ClusterRoleBinding", RBAC, "clusterrolebindings", false),
    kind("Role", RBAC, "roles", true),
    kind("RoleBinding", RBAC, "rolebindings", true),
    kind(
        "ValidatingAdmissionPolicy",
        ADMISSION,
        "validatingadmissionpolicies",
        false,
    ),
    kind(
        "ValidatingAdmissionPolicyBinding",
        ADMISSION,
        "validatingadmissionpolicybindings",
        false,
    ),
    kind(
        "MutatingAdmissionPolicy",
        ADMISSION,
        "mutatingadmissionpolicies",
        false,
    ),
    kind(
        "MutatingAdmissionPolicyBinding",
        ADMISSION,
        "mutatingadmissionpolicybindings",
        false,
    ),
    kind("Service", "", "services", true),
    kind("NetworkPolicy", "networking.k8s.io", "networkpolicies", true),
    kind("Deployment", "apps", "deployments", true),
    kind("PodDisruptionBudget", "policy", "poddisruptionbudgets", true),
    kind("ServiceMonitor", PROMETHEUS, "servicemonitors", true),
    kind("PrometheusRule", PROMETHEUS, "prometheusrules", true),
    kind("ConfigMap", "", "configmaps", true),
];

impl Kind {
    /// Every kind that an installation may hold, in the order in which they are written.
    pub(crate) fn all() -> [Self; 18] {
        KINDS
    }

    /// The kind of an object of an installation.
    pub(crate) fn of(object: &Value) -> Self {
        let found = KINDS.into_iter().find(|kind| object["kind"] == kind.name);
        found.expect("every kind that is installed is in the table; a test builds them all")
    }

    /// Objects of the kind, in this namespace if they have one.
    pub(crate) fn api(self, client: &Client, namespace: &str) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk(self.group, self.version, self.name);
        let resource = ApiResource::from_gvk_with_plural(&kind, self.plural);
        if self.namespaced {
            Api::namespaced_with(client.clone(), namespace, &resource)
        } else {
            Api::all_with(client.clone(), &resource)
        }
    }

    /// Objects of the kind wherever an installation may have put them: rights also stand where credentials are kept.
    pub(crate) fn wherever(self, client: &Client, namespace: &str) -> Api<DynamicObject> {
        let everywhere = self.group == RBAC && self.namespaced;
        let cluster = Self {
            namespaced: self.namespaced && !everywhere,
            ..self
        };
        cluster.api(client, namespace)
    }

    /// `kind.group/name`, as kubectl prints it.
    pub(crate) fn title(self, name: &str) -> String {
        let dot = if self.group.is_empty() { "" } else { "." };
        format!("{}{dot}{}/{name}", self.name.to_lowercase(), self.group)
    }

    /// Whether objects of the kind run pods.
    pub(crate) fn runs(self) -> bool {
        self.name == "Deployment"
    }

    /// Whether objects of the kind define other kinds.
    pub(crate) fn is_definition(self) -> bool {
        self.name == "CustomResourceDefinition"
    }
}
