//! Whether a job is done, and its status.

use super::plan::{View, finished_at};
use crate::pod;
use k8s_openapi::api::batch::v1::{Job, JobCondition, JobStatus, UncountedTerminatedPods};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Open,
    Complete,
    Failed { reason: &'static str, message: String },
}

/// The condition that ended a job, if one did: `Complete` or `Failed`.
pub(crate) fn ending(job: &Job) -> Option<&JobCondition> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    conditions
        .iter()
        .find(|one| matches!(one.type_.as_str(), "Complete" | "Failed") && one.status == "True")
}

/// Pods that have succeeded. One that was deleted afterwards is not done again, so the number never falls.
pub(super) fn succeeded(view: &View<'_>) -> i32 {
    if view.is_indexed() {
        return i32::try_from(view.done().len()).unwrap_or(i32::MAX);
    }
    let known = view
        .job
        .status
        .as_ref()
        .and_then(|status| status.succeeded)
        .unwrap_or_default();
    view.count(|pod| pod::phase(pod) == "Succeeded").max(known)
}

fn failed(view: &View<'_>) -> i32 {
    let known = view
        .job
        .status
        .as_ref()
        .and_then(|status| status.failed)
        .unwrap_or_default();
    view.count(|pod| pod::phase(pod) == "Failed").max(known)
}

pub(super) fn verdict(view: &View<'_>) -> Verdict {
    let spec = view.spec();
    if failed(view) > spec.backoff_limit.unwrap_or(6) {
        let message = "Job has reached the specified backoff limit".to_owned();
        return Verdict::Failed {
            reason: "BackoffLimitExceeded",
            message,
        };
    }
    if deadline(view) == Some(Duration::ZERO) {
        let message = "Job was active longer than specified deadline".to_owned();
        return Verdict::Failed {
            reason: "DeadlineExceeded",
            message,
        };
    }
    let succeeded = succeeded(view);
    let is_complete = match spec.completions {
        Some(completions) => succeeded >= completions,
        None => succeeded > 0 && view.count(pod::is_active) == 0,
    };
    if is_complete && spec.suspend != Some(true) {
        Verdict::Complete
    } else {
        Verdict::Open
    }
}

/// How long a job may still be active.
pub(super) fn deadline(view: &View<'_>) -> Option<Duration> {
    let spec = view.job.spec.as_ref()?;
    if spec.suspend == Some(true) {
        return None;
    }
    let limit = Duration::from_secs(u64::try_from(spec.active_deadline_seconds?).unwrap_or_default());
    let start = view.job.status.as_ref()?.start_time.as_ref()?.0;
    Some(limit.saturating_sub(Duration::try_from(view.now.duration_since(start)).unwrap_or_default()))
}

/// How long a finished job is kept.
pub(super) fn time_to_live(job: &Job, now: Timestamp) -> Option<Duration> {
    let seconds = job.spec.as_ref()?.ttl_seconds_after_finished?;
    let since = ending(job)?.last_transition_time.as_ref()?.0;
    let age = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()).saturating_sub(age))
}

pub(super) fn next(view: &View<'_>) -> JobStatus {
    let some = |number: i32| (number != 0).then_some(number);
    let suspended = view.spec().suspend == Some(true);
    let mut status = view.job.status.clone().unwrap_or_default();
    status.active = some(view.count(pod::is_active));
    status.ready = Some(view.count(|pod| pod::is_active(pod) && pod::is_ready(pod)));
    status.terminating = Some(view.count(|pod| pod::is_deleting(pod) && !pod::is_finished(pod)));
    status.succeeded = some(succeeded(view));
    status.failed = some(failed(view));
    status
        .uncounted_terminated_pods
        .get_or_insert_with(UncountedTerminatedPods::default);
    if view.is_indexed() {
        status.completed_indexes = Some(ranges(&view.done())).filter(|text| !text.is_empty());
    }
    suspend(&mut status, suspended, view.now);
    let verdict = verdict(view);
    // A job ends only when its last pod has.
    let is_quiet = view.count(|pod| !pod::is_finished(pod)) == 0;
    match verdict {
        Verdict::Open => {}
        Verdict::Complete => {
            let message = "Reached expected number of succeeded pods";
            set(
                &mut status,
                "SuccessCriteriaMet",
                "True",
                "CompletionsReached",
                message,
                view.now,
            );
            if is_quiet {
                set(
                    &mut status,
                    "Complete",
                    "True",
                    "CompletionsReached",
                    message,
                    view.now,
                );
                let last = view.pods.iter().filter_map(|pod| finished_at(pod)).max();
                status
                    .completion_time
                    .get_or_insert(Time(last.unwrap_or(view.now)));
            }
        }
        Verdict::Failed { reason, message } => {
            set(&mut status, "FailureTarget", "True", reason, &message, view.now);
            if is_quiet {
                set(&mut status, "Failed", "True", reason, &message, view.now);
            }
        }
    }
    status
}

/// A suspended job has no start; one that is resumed starts anew.
fn suspend(status: &mut JobStatus, suspended: bool, now: Timestamp) {
    let known = status
        .conditions
        .iter()
        .flatten()
        .find(|one| one.type_ == "Suspended")
        .map(|one| one.status == "True");
    match (suspended, known) {
        (true, Some(true)) => {}
        (true, _) => {
            set(status, "Suspended", "True", "JobSuspended", "Job suspended", now);
            status.start_time = None;
        }
        (false, Some(true)) => {
            set(status, "Suspended", "False", "JobResumed", "Job resumed", now);
            status.start_time = Some(Time(now));
        }
        (false, _) => {
            status.start_time.get_or_insert(Time(now));
        }
    }
}

fn set(status: &mut JobStatus, kind: &str, verdict: &str, reason: &str, message: &str, now: Timestamp) {
    let conditions = status.conditions.get_or_insert_default();
    if conditions
        .iter()
        .any(|one| one.type_ == kind && one.status == verdict)
    {
        return;
    }
    conditions.retain(|one| one.type_ != kind);
    conditions.push(JobCondition {
        type_: kind.to_owned(),
        status: verdict.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_probe_time: Some(Time(now)),
        last_transition_time: Some(Time(now)),
    });
}

/// `0-2,5`.
fn ranges(indexes: &BTreeSet<i32>) -> String {
    let mut ranges: Vec<(i32, i32)> = Vec::new();
    for index in indexes {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == *index => *end = *index,
            _ => ranges.push((*index, *index)),
        }
    }
    let show = |(start, end): &(i32, i32)| {
        if start == end {
            start.to_string()
        } else {
            format!("{start}-{end}")
        }
    };
    ranges.iter().map(show).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_written_as_ranges() {
        for (indexes, expected) in [(vec![], ""), (vec![0, 1, 2, 5], "0-2,5"), (vec![3], "3")] {
            assert_eq!(ranges(&indexes.into_iter().collect()), expected);
        }
    }
}
