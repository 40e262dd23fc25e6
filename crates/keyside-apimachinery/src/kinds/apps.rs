//! The apps group: what keeps pods running.

use super::kind::Kind;
use super::served::Group;
use crate::resource::Resource;

const APPS: Group = Group {
    name: "apps",
    version: "v1",
};

/// Resources of `/apis/apps/v1`.
pub(super) fn resources() -> Vec<Resource> {
    vec![
        APPS.namespaced("ControllerRevision", "controllerrevisions", Kind::PLAIN)
            .done(),
        APPS.namespaced("DaemonSet", "daemonsets", Kind::WITH_STATUS)
            .short(&["ds"])
            .category("all")
            .status()
            .done(),
        APPS.namespaced("Deployment", "deployments", Kind::WITH_STATUS)
            .short(&["deploy"])
            .category("all")
            .scale()
            .status()
            .done(),
        APPS.namespaced("ReplicaSet", "replicasets", Kind::WITH_STATUS)
            .short(&["rs"])
            .category("all")
            .scale()
            .status()
            .done(),
        APPS.namespaced("StatefulSet", "statefulsets", Kind::WITH_STATUS)
            .short(&["sts"])
            .category("all")
            .scale()
            .status()
            .done(),
    ]
}
