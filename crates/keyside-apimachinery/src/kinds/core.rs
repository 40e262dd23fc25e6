//! The core group: pods and what they read, where they run and who they run as.

mod config_map;
mod controller;
mod endpoints;
pub(crate) mod event;
mod image;
mod namespace;
mod node;
pub(crate) mod pod;
mod quota;
mod relative;
mod secret;
pub(crate) mod service;
mod service_account;
pub(crate) mod volume;

use super::kind::Kind;
use super::served::Group;
use crate::resource::Resource;

const CORE: Group = Group {
    name: "",
    version: "v1",
};
const READ_WRITE: &[&str] = &["get", "patch", "update"];
const STREAM: &[&str] = &["create", "get"];
const CREATE: &[&str] = &["create"];

/// Resources of `/api/v1`.
pub(super) fn resources() -> Vec<Resource> {
    vec![
        CORE.namespaced("Binding", "bindings", Kind::PLAIN)
            .verbs(CREATE)
            .done(),
        CORE.namespaced("ConfigMap", "configmaps", config_map::CONFIG_MAP)
            .short(&["cm"])
            .done(),
        CORE.namespaced("Endpoints", "endpoints", endpoints::ENDPOINTS)
            .short(&["ep"])
            .done(),
        CORE.namespaced("Event", "events", event::CORE_EVENT)
            .short(&["ev"])
            .done(),
        CORE.namespaced("LimitRange", "limitranges", quota::LIMIT_RANGE)
            .short(&["limits"])
            .done(),
        CORE.cluster("Namespace", "namespaces", namespace::NAMESPACE)
            .short(&["ns"])
            .without_verb("deletecollection")
            .special("finalize", ["", "v1", "Namespace"], &["update"])
            .status()
            .done(),
        CORE.cluster("Node", "nodes", node::NODE)
            .short(&["no"])
            .status()
            .done(),
        CORE.namespaced(
            "PersistentVolumeClaim",
            "persistentvolumeclaims",
            volume::claim::CLAIM,
        )
        .short(&["pvc"])
        .status()
        .done(),
        CORE.cluster("PersistentVolume", "persistentvolumes", volume::VOLUME)
            .short(&["pv"])
            .status()
            .done(),
        pods(),
        CORE.namespaced("PodTemplate", "podtemplates", controller::POD_TEMPLATE)
            .done(),
        CORE.namespaced(
            "ReplicationController",
            "replicationcontrollers",
            controller::CONTROLLER,
        )
        .short(&["rc"])
        .category("all")
        .scale()
        .status()
        .done(),
        CORE.namespaced("ResourceQuota", "resourcequotas", quota::QUOTA)
            .short(&["quota"])
            .status()
            .done(),
        CORE.namespaced("Secret", "secrets", secret::SECRET).done(),
        CORE.namespaced(
            "ServiceAccount",
            "serviceaccounts",
            service_account::SERVICE_ACCOUNT,
        )
        .short(&["sa"])
        .special("token", ["authentication.k8s.io", "v1", "TokenRequest"], CREATE)
        .done(),
        CORE.namespaced("Service", "services", service::SERVICE)
            .short(&["svc"])
            .category("all")
            .status()
            .done(),
    ]
}

/// Pods have more subresources than all others together. Those that would reach into a container are listed, so that
/// kubectl asks, and answered honestly by the server.
fn pods() -> Resource {
    CORE.namespaced("Pod", "pods", pod::POD)
        .short(&["po"])
        .category("all")
        .special("attach", ["", "v1", "PodAttachOptions"], STREAM)
        .special("binding", ["", "v1", "Binding"], CREATE)
        .special("ephemeralcontainers", ["", "v1", "Pod"], READ_WRITE)
        .special("eviction", ["policy", "v1", "Eviction"], CREATE)
        .special("exec", ["", "v1", "PodExecOptions"], STREAM)
        .special("log", ["", "v1", "Pod"], &["get"])
        .special("portforward", ["", "v1", "PodPortForwardOptions"], STREAM)
        .special("resize", ["", "v1", "Pod"], READ_WRITE)
        .status()
        .done()
}

#[cfg(test)]
mod tests;
