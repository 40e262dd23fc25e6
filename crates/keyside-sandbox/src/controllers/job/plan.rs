//! Which pods of a job are made and which go.

use super::super::template;
use super::status::{self, Verdict};
use crate::pod;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{EnvVar, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// The wait before a failed pod is replaced; it doubles with each failure.
const FIRST_RETRY: Duration = Duration::from_secs(10);
const LONGEST_RETRY: Duration = Duration::from_secs(360);

/// What is known.
pub(super) struct View<'a> {
    pub(super) job: &'a Job,
    pub(super) pods: &'a [Arc<Pod>],
    pub(super) now: Timestamp,
}

impl View<'_> {
    pub(super) fn count(&self, counts: impl Fn(&Pod) -> bool) -> i32 {
        i32::try_from(self.pods.iter().filter(|pod| counts(pod)).count()).unwrap_or(i32::MAX)
    }

    pub(super) fn spec(&self) -> JobSpec {
        self.job.spec.clone().unwrap_or_default()
    }

    pub(super) fn is_indexed(&self) -> bool {
        self.job
            .spec
            .as_ref()
            .and_then(|spec| spec.completion_mode.as_deref())
            == Some("Indexed")
    }

    /// The indexes that have succeeded.
    pub(super) fn done(&self) -> BTreeSet<i32> {
        self.pods
            .iter()
            .filter(|pod| pod::phase(pod) == "Succeeded")
            .filter_map(|pod| index(pod))
            .collect()
    }
}

#[derive(Default)]
pub(super) struct Plan {
    pub(super) create: Vec<Pod>,
    pub(super) delete: Vec<Arc<Pod>>,
    pub(super) again: Option<Duration>,
}

pub(super) fn plan(view: &View<'_>) -> Plan {
    let mut active: Vec<_> = view
        .pods
        .iter()
        .filter(|pod| pod::is_active(pod))
        .cloned()
        .collect();
    let spec = view.spec();
    if spec.suspend == Some(true) || !matches!(status::verdict(view), Verdict::Open) {
        return Plan {
            delete: active,
            ..Plan::default()
        };
    }
    let again = status::deadline(view);
    let wanted = usize::try_from(wanted(view, &spec)).unwrap_or_default();
    if active.len() > wanted {
        active.sort_by_key(|pod| {
            (
                pod::is_ready(pod),
                pod.metadata.creation_timestamp.as_ref().map(|time| time.0),
            )
        });
        active.truncate(active.len() - wanted);
        return Plan {
            delete: active,
            again,
            ..Plan::default()
        };
    }
    let missing = wanted - active.len();
    if missing == 0 {
        return Plan {
            again,
            ..Plan::default()
        };
    }
    let wait = retry_in(view);
    if wait > Duration::ZERO {
        return Plan {
            again: Some(again.map_or(wait, |again| again.min(wait))),
            ..Plan::default()
        };
    }
    let create = if view.is_indexed() {
        let taken: BTreeSet<i32> = active.iter().filter_map(|pod| index(pod)).collect();
        let done = view.done();
        let free = (0..spec.completions.unwrap_or_default())
            .filter(|index| !taken.contains(index) && !done.contains(index));
        free.take(missing)
            .map(|index| new_pod(view.job, &spec, Some(index)))
            .collect()
    } else {
        (0..missing).map(|_| new_pod(view.job, &spec, None)).collect()
    };
    Plan {
        create,
        again,
        ..Plan::default()
    }
}

/// Pods that should be there now. Without a number of completions the first success ends the making of new ones.
fn wanted(view: &View<'_>, spec: &JobSpec) -> i32 {
    let parallelism = spec.parallelism.unwrap_or(1);
    let succeeded = status::succeeded(view);
    match spec.completions {
        Some(completions) => parallelism.min((completions - succeeded).max(0)),
        None if succeeded > 0 => view.count(pod::is_active),
        None => parallelism,
    }
}

/// How long the next pod has to wait because the last ones failed.
fn retry_in(view: &View<'_>) -> Duration {
    let failed: Vec<_> = view
        .pods
        .iter()
        .filter(|pod| pod::phase(pod) == "Failed")
        .collect();
    let Some(last) = failed.iter().filter_map(|pod| finished_at(pod)).max() else {
        return Duration::ZERO;
    };
    let times = u32::try_from(failed.len()).unwrap_or(u32::MAX).clamp(1, 16) - 1;
    let delay = FIRST_RETRY.saturating_mul(1 << times).min(LONGEST_RETRY);
    delay.saturating_sub(Duration::try_from(view.now.duration_since(last)).unwrap_or_default())
}

/// When the last container of a pod ended.
pub(super) fn finished_at(pod: &Pod) -> Option<Timestamp> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let ends = statuses
        .iter()
        .filter_map(|status| status.state.as_ref()?.terminated.as_ref()?.finished_at.as_ref());
    ends.map(|time| time.0).max()
}

fn index(pod: &Pod) -> Option<i32> {
    pod.metadata.annotations.as_ref()?.get(INDEX)?.parse().ok()
}

fn new_pod(job: &Job, spec: &JobSpec, index: Option<i32>) -> Pod {
    let mut pod = template::pod(job, &spec.template);
    let Some(index) = index else { return pod };
    let number = index.to_string();
    pod.metadata.generate_name = Some(format!("{}-{number}-", job.name_any()));
    pod.metadata
        .annotations
        .get_or_insert_default()
        .insert(INDEX.to_owned(), number.clone());
    pod.metadata
        .labels
        .get_or_insert_default()
        .insert(INDEX.to_owned(), number.clone());
    let pod_spec = pod.spec.get_or_insert_default();
    pod_spec.hostname = Some(format!("{}-{number}", job.name_any()));
    for container in pod_spec
        .init_containers
        .iter_mut()
        .flatten()
        .chain(&mut pod_spec.containers)
    {
        let env = container.env.get_or_insert_default();
        env.push(EnvVar {
            name: "JOB_COMPLETION_INDEX".to_owned(),
            value: Some(number.clone()),
            value_from: None,
        });
    }
    pod
}

#[cfg(test)]
mod tests;
