//! The apps group: what keeps pods running.

mod daemon_set;
mod deployment;
pub(crate) mod replica_set;
mod revision;
mod stateful_set;
pub(crate) mod workload;

use super::served::Group;
use crate::resource::Resource;

const APPS: Group = Group {
    name: "apps",
    version: "v1",
};

/// Resources of `/apis/apps/v1`.
pub(super) fn resources() -> Vec<Resource> {
    vec![
        APPS.namespaced("ControllerRevision", "controllerrevisions", revision::REVISION)
            .done(),
        APPS.namespaced("DaemonSet", "daemonsets", daemon_set::DAEMON_SET)
            .short(&["ds"])
            .category("all")
            .status()
            .done(),
        APPS.namespaced("Deployment", "deployments", deployment::DEPLOYMENT)
            .short(&["deploy"])
            .category("all")
            .scale()
            .status()
            .done(),
        APPS.namespaced("ReplicaSet", "replicasets", replica_set::REPLICA_SET)
            .short(&["rs"])
            .category("all")
            .scale()
            .status()
            .done(),
        APPS.namespaced("StatefulSet", "statefulsets", stateful_set::STATEFUL_SET)
            .short(&["sts"])
            .category("all")
            .scale()
            .status()
            .done(),
    ]
}

#[cfg(test)]
mod tests;
