//! The chart's values, as types: the source of `values.yaml` and `values.schema.json`, and what `keyside install` reads.
//!
//! Every name is the one that other charts use, so that nobody has to learn ours. Each comment starts with the value's
//! name, because it becomes the comment in `values.yaml`.

mod given;
mod merge;
#[cfg(test)]
mod text;

pub(crate) use given::Given;
pub(crate) use merge::{Refused, overlay, parse};

use k8s_openapi::api::core::v1::{
    Affinity, EnvVar, LocalObjectReference, PodSecurityContext, ResourceRequirements, SecurityContext,
    Toleration, TopologySpreadConstraint,
};
use keyside_server::rbac::Rights;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Values of the keyside chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Values {
    /// `global` is what a parent chart hands to all its charts; keyside looks at `imagePullSecrets` only.
    pub(crate) global: Global,
    /// `nameOverride` replaces the chart's name in the names of all objects.
    pub(crate) name_override: String,
    /// `fullnameOverride` replaces the whole name of all objects.
    pub(crate) fullname_override: String,
    /// `commonLabels` are labels that all objects get.
    pub(crate) common_labels: BTreeMap<String, String>,
    /// `replicaCount` is how many replicas run; one of them writes, all answer admission.
    #[schemars(range(min = 1, max = 9))]
    pub(crate) replica_count: u8,
    /// `image` is the image of keyside itself.
    pub(crate) image: Image,
    /// `imagePullSecrets` are the pull secrets of keyside's own pods; they must exist, because keyside cannot deliver them
    /// before it runs.
    pub(crate) image_pull_secrets: Vec<Given<LocalObjectReference>>,
    /// `delivery` says how credentials reach pods, and so which rights keyside needs.
    pub(crate) delivery: Delivery,
    /// `restartStuck` is how many pods that wait although a new one would get its image are evicted at most every ten seconds;
    /// 0 leaves them to the kubelet's next attempt.
    #[schemars(range(min = 0, max = 1000))]
    pub(crate) restart_stuck: u16,
    /// `injection` says how pods get the names of their pull secrets.
    pub(crate) injection: Injection,
    /// `crds` are the custom resource definitions.
    pub(crate) crds: Crds,
    /// `serviceAccount` is the account keyside runs as.
    pub(crate) service_account: ServiceAccount,
    /// `rbac` are the rights of that account, and the policy that fences its writes.
    pub(crate) rbac: Rbac,
    /// `ui` is the web page, over TLS; people sign in with a token of their own, and it has no rights besides.
    pub(crate) ui: Ui,
    /// `credentialProvider` lets the kubelets ask for tokens of the pods' accounts, which keyside's credential provider needs.
    pub(crate) credential_provider: Switch,
    /// `registryCA` are authorities that registries may be signed by, besides those that everyone trusts.
    #[serde(rename = "registryCA")]
    pub(crate) registry_ca: RegistryCa,
    /// `resources` are what a container asks for and may use at most.
    pub(crate) resources: Given<ResourceRequirements>,
    /// `podSecurityContext` is the security context of the pods; it meets the Pod Security Standard `restricted`.
    pub(crate) pod_security_context: Given<PodSecurityContext>,
    /// `securityContext` is the security context of the container; it meets the Pod Security Standard `restricted`.
    pub(crate) security_context: Given<SecurityContext>,
    /// `nodeSelector` are labels of the nodes that keyside may run on.
    pub(crate) node_selector: BTreeMap<String, String>,
    /// `tolerations` are taints of nodes that do not keep keyside away.
    pub(crate) tolerations: Vec<Given<Toleration>>,
    /// `affinity` says beside what keyside runs; without one, replicas prefer different nodes.
    pub(crate) affinity: Given<Affinity>,
    /// `topologySpreadConstraints` spread the replicas over zones or other domains.
    pub(crate) topology_spread_constraints: Vec<Given<TopologySpreadConstraint>>,
    /// `priorityClassName` is the priority class of the pods.
    pub(crate) priority_class_name: String,
    /// `podDisruptionBudget` keeps replicas running while nodes are drained.
    pub(crate) pod_disruption_budget: PodDisruptionBudget,
    /// `networkPolicy` lets in what keyside serves and nothing else.
    pub(crate) network_policy: Switch,
    /// `extraArgs` are further arguments of `keyside serve`.
    pub(crate) extra_args: Vec<String>,
    /// `extraEnv` are further environment variables, for example of a proxy.
    pub(crate) extra_env: Vec<Given<EnvVar>>,
    /// `serviceMonitor` tells the Prometheus operator to scrape keyside.
    pub(crate) service_monitor: ServiceMonitor,
    /// `prometheusRule` gives the Prometheus operator six alerts.
    pub(crate) prometheus_rule: Monitoring,
    /// `grafanaDashboard` is a `ConfigMap` with a dashboard, found by Grafana's sidecar.
    pub(crate) grafana_dashboard: Monitoring,
}

/// What a parent chart hands on. Open, unlike all else: it holds what other charts need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Global {
    /// `global.imagePullSecrets` are used besides `imagePullSecrets`.
    pub(crate) image_pull_secrets: Vec<Given<LocalObjectReference>>,
    #[serde(flatten)]
    pub(crate) others: Map<String, Value>,
}

/// An image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Image {
    /// `image.repository` is the image's name without a tag.
    #[schemars(length(min = 1))]
    pub(crate) repository: String,
    /// `image.tag` is the version; without one it is the chart's own.
    pub(crate) tag: String,
    /// `image.digest` pins the image, for example `sha256:…`; the tag then only tells people which one it is.
    #[schemars(regex(pattern = "^$|^sha256:[0-9a-f]{64}$"))]
    pub(crate) digest: String,
    /// `image.pullPolicy` is when the image is pulled.
    pub(crate) pull_policy: PullPolicy,
}

/// When an image is pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum PullPolicy {
    Always,
    #[default]
    IfNotPresent,
    Never,
}

/// How credentials reach pods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Delivery {
    /// `delivery.mode` is the widest way of delivery that keyside may use; it gets the rights for that and no more.
    pub(crate) mode: Mode,
}

/// How pods get the names of their pull secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Injection {
    /// `injection.mode` is `policy`: the API server adds them by itself (Kubernetes 1.36 and later); `webhook`: it asks keyside about
    /// each pod; `both`: it asks only about pods that the policy gave nothing; or `auto`: both where the cluster can follow a policy
    /// and delivery is not on demand, otherwise the webhook.
    pub(crate) mode: crate::cli::Injection,
}

/// The widest way of delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
pub(crate) enum Mode {
    /// Copies in every namespace of a credential's scope; on-demand copies stay once they were needed.
    #[default]
    Copy,
    /// Also lists pods from time to time, so that on-demand copies that no pod uses any more are removed.
    OnDemand,
    /// Nothing is copied: pods are given the names of Secrets that stand beside them already.
    Inject,
}

/// Custom resource definitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Crds {
    /// `crds.enabled` installs and upgrades them with the chart.
    pub(crate) enabled: bool,
    /// `crds.keep` leaves them, and with them all credentials, when the chart is uninstalled.
    pub(crate) keep: bool,
}

/// The account keyside runs as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct ServiceAccount {
    /// `serviceAccount.create` makes the account; otherwise it must exist.
    pub(crate) create: bool,
    /// `serviceAccount.name` is its name; without one it is the name of the other objects.
    pub(crate) name: String,
    /// `serviceAccount.annotations` are its annotations, for example for a cloud's identities.
    pub(crate) annotations: BTreeMap<String, String>,
}

/// Rights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Rbac {
    /// `rbac.create` makes roles, bindings and the fence; without them keyside can do nothing, so make your own.
    pub(crate) create: bool,
    /// `rbac.mode` is what keyside may do with Secrets in other namespaces: nothing (`inject`), write copies without seeing them
    /// (`blind`), see and write them (`repair`), or the same in `rbac.namespaces` and nothing anywhere else (`namespaced`, from
    /// Kubernetes 1.36); `auto` is the least that `delivery.mode` needs for all it can do.
    pub(crate) mode: RightsMode,
    /// `rbac.namespaces` are namespaces whose Secrets keyside may read besides its own, with `inject` and `blind`: there
    /// credentials of Projects can be kept; with `namespaced` those it works in. They must exist.
    pub(crate) namespaces: Vec<String>,
}

/// What keyside may do with Secrets in other namespaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RightsMode {
    /// What `delivery.mode` needs: `inject` for `Inject`, otherwise `repair`.
    #[default]
    Auto,
    /// Nothing.
    Inject,
    /// Create, change and delete copies.
    Blind,
    /// The same, and see all Secrets.
    Repair,
    /// The same in `rbac.namespaces` only.
    Namespaced,
}

/// Something that is on or off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Switch {
    /// `enabled` turns it on.
    pub(crate) enabled: bool,
}

/// The web page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Ui {
    /// `ui.enabled` serves it, with a Service.
    pub(crate) enabled: bool,
    /// `ui.hosts` are the names by which browsers call it, for example that of an Ingress; localhost and the Service's name are
    /// always among them, every other is refused.
    pub(crate) hosts: Vec<String>,
    /// `ui.tls` is its certificate.
    pub(crate) tls: UiTls,
}

/// The web page's certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct UiTls {
    /// `ui.tls.secretName` is a Secret of the type `kubernetes.io/tls` with its certificate; without one it is the webhook's, which
    /// browsers do not trust by themselves.
    pub(crate) secret_name: String,
}

/// The authorities of private registries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct RegistryCa {
    /// `registryCA.configMapName` is a `ConfigMap` in keyside's namespace that holds them in PEM form. It must exist, and is read
    /// when keyside starts.
    pub(crate) config_map_name: String,
    /// `registryCA.key` is the key in it.
    #[schemars(length(min = 1))]
    pub(crate) key: String,
}

/// What keeps replicas running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct PodDisruptionBudget {
    /// `podDisruptionBudget.enabled` makes the budget, where more than one replica runs.
    pub(crate) enabled: bool,
    /// `podDisruptionBudget.minAvailable` is how many replicas must stay.
    #[schemars(range(min = 0, max = 9))]
    pub(crate) min_available: u8,
}

/// An object of a monitoring system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Monitoring {
    /// `enabled` makes it.
    pub(crate) enabled: bool,
    /// `labels` are further labels, by which it is found.
    pub(crate) labels: BTreeMap<String, String>,
}

/// How often and how keyside is scraped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct ServiceMonitor {
    /// `serviceMonitor.enabled` makes it; the Prometheus operator's kinds must be there.
    pub(crate) enabled: bool,
    /// `serviceMonitor.labels` are further labels, by which Prometheus finds it.
    pub(crate) labels: BTreeMap<String, String>,
    /// `serviceMonitor.interval` is the time between two scrapes.
    #[schemars(regex(pattern = "^[0-9]+(ms|s|m|h)$"))]
    pub(crate) interval: String,
}

impl Values {
    /// What keyside may do with Secrets.
    pub(crate) fn rights(&self) -> Rights {
        let mode = match (self.rbac.mode, self.delivery.mode) {
            (RightsMode::Inject, _) | (RightsMode::Auto, Mode::Inject) => keyside_server::rbac::Mode::Inject,
            (RightsMode::Blind, _) => keyside_server::rbac::Mode::Blind,
            (RightsMode::Namespaced, _) => keyside_server::rbac::Mode::Namespaced,
            (RightsMode::Repair, _) | (RightsMode::Auto, Mode::Copy | Mode::OnDemand) => {
                keyside_server::rbac::Mode::Repair
            }
        };
        Rights {
            mode,
            namespaces: self.rbac.namespaces.clone(),
        }
    }

    /// How pods are served. What was left to the cluster is the webhook as long as nobody has asked it.
    pub(crate) fn serving(&self) -> crate::cli::Injection {
        use crate::cli::Injection;
        match self.injection.mode {
            _ if self.is_confined() => Injection::Policy,
            Injection::Auto => Injection::Webhook,
            given => given,
        }
    }

    /// Whether keyside works in some namespaces only. Nobody may register a webhook then.
    pub(crate) fn is_confined(&self) -> bool {
        self.rbac.mode == RightsMode::Namespaced
    }

    /// Decides what was left to the cluster.
    pub(crate) fn settle(&mut self, serves_policies: bool) {
        if self.injection.mode == crate::cli::Injection::Auto {
            // On demand needs somebody who sees all pods come.
            let both = serves_policies && self.delivery.mode != Mode::OnDemand;
            self.injection.mode = if both {
                crate::cli::Injection::Both
            } else {
                crate::cli::Injection::Webhook
            };
        }
    }

    /// Whether on-demand copies are removed: for that, pods are listed.
    pub(crate) fn removes_idle(&self) -> bool {
        self.delivery.mode == Mode::OnDemand
            && !self.is_confined()
            && self.rights().mode != keyside_server::rbac::Mode::Inject
    }
}

impl Default for Values {
    fn default() -> Self {
        Self {
            global: Global::default(),
            name_override: String::new(),
            fullname_override: String::new(),
            common_labels: BTreeMap::new(),
            replica_count: 2,
            image: Image::default(),
            image_pull_secrets: Vec::new(),
            delivery: Delivery::default(),
            restart_stuck: 0,
            injection: Injection::default(),
            crds: Crds::default(),
            service_account: ServiceAccount::default(),
            rbac: Rbac::default(),
            ui: Ui::default(),
            credential_provider: Switch::default(),
            registry_ca: RegistryCa::default(),
            resources: Given::of(json!({
                "requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "256Mi"},
            })),
            pod_security_context: Given::of(json!({
                "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            })),
            security_context: Given::of(json!({
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]},
            })),
            node_selector: BTreeMap::new(),
            tolerations: Vec::new(),
            affinity: Given::of(json!({})),
            topology_spread_constraints: Vec::new(),
            priority_class_name: String::new(),
            pod_disruption_budget: PodDisruptionBudget::default(),
            network_policy: Switch { enabled: true },
            extra_args: Vec::new(),
            extra_env: Vec::new(),
            service_monitor: ServiceMonitor::default(),
            prometheus_rule: Monitoring::default(),
            grafana_dashboard: Monitoring::default(),
        }
    }
}

impl Default for Image {
    fn default() -> Self {
        Self {
            repository: "ghcr.io/keyside/keyside".to_owned(),
            tag: String::new(),
            digest: String::new(),
            pull_policy: PullPolicy::default(),
        }
    }
}

impl Default for Crds {
    fn default() -> Self {
        Self {
            enabled: true,
            keep: true,
        }
    }
}

impl Default for ServiceAccount {
    fn default() -> Self {
        Self {
            create: true,
            name: String::new(),
            annotations: BTreeMap::new(),
        }
    }
}

impl Default for Rbac {
    fn default() -> Self {
        Self {
            create: true,
            mode: RightsMode::default(),
            namespaces: Vec::new(),
        }
    }
}

impl Default for RegistryCa {
    fn default() -> Self {
        Self {
            config_map_name: String::new(),
            key: "ca.crt".to_owned(),
        }
    }
}

impl Default for PodDisruptionBudget {
    fn default() -> Self {
        Self {
            enabled: true,
            min_available: 1,
        }
    }
}

impl Default for ServiceMonitor {
    fn default() -> Self {
        Self {
            enabled: false,
            labels: BTreeMap::new(),
            interval: "30s".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
