//! The batch group: work that ends.

use super::kind::Kind;
use super::served::Group;
use crate::resource::Resource;

const BATCH: Group = Group {
    name: "batch",
    version: "v1",
};

/// Resources of `/apis/batch/v1`.
pub(super) fn resources() -> Vec<Resource> {
    vec![
        BATCH
            .namespaced("CronJob", "cronjobs", Kind::WITH_STATUS)
            .short(&["cj"])
            .category("all")
            .status()
            .done(),
        BATCH
            .namespaced("Job", "jobs", Kind::WITH_STATUS)
            .category("all")
            .status()
            .done(),
    ]
}
