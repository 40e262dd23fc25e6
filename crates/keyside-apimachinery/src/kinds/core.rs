//! The core group: pods and what they read, where they run and who they run as.

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
        CORE.namespaced("ConfigMap", "configmaps", Kind::PLAIN)
            .short(&["cm"])
            .done(),
        CORE.namespaced("Endpoints", "endpoints", Kind::PLAIN)
            .short(&["ep"])
            .done(),
        CORE.namespaced("Event", "events", Kind::PLAIN)
            .short(&["ev"])
            .done(),
        CORE.namespaced("LimitRange", "limitranges", Kind::PLAIN)
            .short(&["limits"])
            .done(),
        CORE.cluster("Namespace", "namespaces", Kind::WITH_STATUS)
            .short(&["ns"])
            .without_verb("deletecollection")
            .special("finalize", ["", "v1", "Namespace"], &["update"])
            .status()
            .done(),
        CORE.cluster("Node", "nodes", Kind::WITH_STATUS)
            .short(&["no"])
            .status()
            .done(),
        CORE.namespaced(
            "PersistentVolumeClaim",
            "persistentvolumeclaims",
            Kind::WITH_STATUS,
        )
        .short(&["pvc"])
        .status()
        .done(),
        CORE.cluster("PersistentVolume", "persistentvolumes", Kind::WITH_STATUS)
            .short(&["pv"])
            .status()
            .done(),
        pods(),
        CORE.namespaced("PodTemplate", "podtemplates", Kind::PLAIN).done(),
        CORE.namespaced(
            "ReplicationController",
            "replicationcontrollers",
            Kind::WITH_STATUS,
        )
        .short(&["rc"])
        .category("all")
        .scale()
        .status()
        .done(),
        CORE.namespaced("ResourceQuota", "resourcequotas", Kind::WITH_STATUS)
            .short(&["quota"])
            .status()
            .done(),
        CORE.namespaced("Secret", "secrets", Kind::PLAIN).done(),
        CORE.namespaced("ServiceAccount", "serviceaccounts", Kind::PLAIN)
            .short(&["sa"])
            .special("token", ["authentication.k8s.io", "v1", "TokenRequest"], CREATE)
            .done(),
        CORE.namespaced("Service", "services", Kind::WITH_STATUS)
            .short(&["svc"])
            .category("all")
            .status()
            .done(),
    ]
}

/// Pods have more subresources than all others together. Those that would reach into a container are listed, so that
/// kubectl asks, and answered honestly by the server.
fn pods() -> Resource {
    CORE.namespaced("Pod", "pods", Kind::WITH_STATUS)
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
