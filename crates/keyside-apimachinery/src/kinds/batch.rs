//! The batch group: work that ends.

mod cron_job;
mod job;
mod schedule;

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
            .namespaced("CronJob", "cronjobs", cron_job::CRON_JOB)
            .short(&["cj"])
            .category("all")
            .status()
            .done(),
        BATCH
            .namespaced("Job", "jobs", job::JOB)
            .category("all")
            .status()
            .done(),
    ]
}

#[cfg(test)]
mod tests;
