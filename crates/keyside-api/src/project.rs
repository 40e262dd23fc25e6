//! [`Project`]: a group of namespaces that share credentials.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which namespaces belong together. Membership is granted here and nowhere else: no namespace joins by its own labels,
/// unless `namespaceSelector` says so. A namespace is a member of at most one Project: the one that was created first.
#[derive(CustomResource, JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "keyside.dev",
    version = "v1alpha1",
    kind = "Project",
    plural = "projects",
    singular = "project",
    shortname = "ksproject",
    category = "keyside",
    status = "ProjectStatus",
    derive = "PartialEq",
    doc = "A Project is a group of namespaces that share registry credentials. Its credentials live in its home namespace, and reach every namespace that the Project names.",
    validation = Rule::new("(has(self.spec.homeNamespace) ? self.spec.homeNamespace : 'project-' + self.metadata.name) == (has(oldSelf.spec.homeNamespace) ? oldSelf.spec.homeNamespace : 'project-' + oldSelf.metadata.name)").message("`spec.homeNamespace` cannot be changed: credentials live there; make a new Project instead"),
    validation = Rule::new("has(self.spec.homeNamespace) || (size(self.metadata.name) <= 55 && !self.metadata.name.contains('.'))").message("`spec.homeNamespace` must be set when the Project's name has dots or more than 55 characters, because `project-<name>` is no valid namespace name"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Home", type_ = "string", json_path = ".status.homeNamespace"),
    printcolumn(name = "Namespaces", type_ = "integer", json_path = ".status.namespaceCount"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", priority = 1),
    printcolumn(name = "Title", type_ = "string", json_path = ".spec.displayName", priority = 1),
    printcolumn(name = "Rancher", type_ = "string", json_path = ".spec.rancherProjectId", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct ProjectSpec {
    /// The name that people see, in any language, for example `商城`. At most 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub display_name: Option<String>,

    /// The namespace where the Project's credentials live and where its owners have rights, for example `project-shop`.
    /// It is created if absent. Default: `project-<name>`. It cannot be changed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 63),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    )]
    pub home_namespace: Option<String>,

    /// The namespaces of the Project, for example `[shop-web, shop-api]`. A namespace that does not exist yet joins when
    /// it is created. System namespaces can be stated here only. At most 10000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 10000),
        inner(length(min = 1, max = 63)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub namespaces: Vec<String>,

    /// Namespaces with these labels join too, for example `matchLabels: {team: shop}`. An empty selector selects nothing.
    /// Beware: whoever may label a namespace may then join it to the Project and read its credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,

    /// Namespaces whose annotation `field.cattle.io/projectId` has this value join too, for example `c-m-abc:p-xyz`: the
    /// Project then follows one of Rancher's. At most 253 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub rancher_project_id: Option<String>,
}

/// What keyside has made of the Project.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ProjectStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// The home namespace in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_namespace: Option<String>,

    /// How many existing namespaces are members.
    #[serde(default)]
    pub namespace_count: i64,

    /// `Ready`: every stated namespace that exists is a member; and `Stalled` while a human must act.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

impl Project {
    /// The home namespace: as stated, or `project-<name>`.
    pub fn home_namespace(&self) -> String {
        let name = self.metadata.name.as_deref().unwrap_or_default();
        self.spec
            .home_namespace
            .clone()
            .unwrap_or_else(|| format!("project-{name}"))
    }
}
