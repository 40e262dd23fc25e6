//! Whether a cron job is due, and what it keeps of its past (`pkg/controller/cronjob`).

use super::super::job::ending;
use super::super::ownership::controller_of;
use crate::cron::Schedule;
use crate::event::about;
use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, CronJobStatus, Job};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::{Timestamp, tz::TimeZone};
use kube::ResourceExt;
use std::sync::Arc;
use std::time::Duration;

const SCHEDULED_AT: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// What is known.
pub(super) struct View<'a> {
    pub(super) cron: &'a CronJob,
    pub(super) jobs: &'a [Arc<Job>],
    pub(super) now: Timestamp,
}

/// An event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) is_warning: bool,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

pub(super) struct Plan {
    /// The job to make, and the time it is for.
    pub(super) create: Option<(Job, Time)>,
    pub(super) delete: Vec<Arc<Job>>,
    pub(super) status: CronJobStatus,
    pub(super) notices: Vec<Notice>,
    pub(super) again: Option<Duration>,
}

pub(super) fn plan(view: &View<'_>) -> Plan {
    let spec = view.cron.spec.clone().unwrap_or_default();
    let (status, notices) = status(view);
    let mut plan = Plan {
        create: None,
        delete: past(view, &spec),
        status,
        notices,
        again: None,
    };
    if view.cron.metadata.deletion_timestamp.is_some() || spec.suspend == Some(true) {
        return plan;
    }
    match clock(&spec) {
        Ok((schedule, zone)) => schedule_next(view, &spec, &schedule, &zone, &mut plan),
        Err(notice) => plan.notices.push(notice),
    }
    plan
}

fn clock(spec: &CronJobSpec) -> Result<(Schedule, TimeZone), Notice> {
    let schedule = Schedule::parse(&spec.schedule).map_err(|error| {
        warning(
            "UnparseableSchedule",
            format!("unparseable schedule: {:?} : {error}", spec.schedule),
        )
    })?;
    let zone = match spec.time_zone.as_deref() {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name)
            .map_err(|error| warning("UnknownTimeZone", format!("invalid timeZone: {name:?}: {error}")))?,
    };
    Ok((schedule, zone))
}

fn schedule_next(view: &View<'_>, spec: &CronJobSpec, schedule: &Schedule, zone: &TimeZone, plan: &mut Plan) {
    let until = |time: Timestamp| Duration::try_from(time.duration_since(view.now)).unwrap_or_default();
    plan.again = schedule
        .next(view.now, zone)
        .map(|next| until(next) + Duration::from_millis(100));
    let Some(due) = last_due(view, schedule, zone) else {
        return;
    };
    let late = Duration::try_from(view.now.duration_since(due)).unwrap_or_default();
    let limit = spec
        .starting_deadline_seconds
        .and_then(|seconds| u64::try_from(seconds).ok());
    if limit.is_some_and(|limit| late > Duration::from_secs(limit)) {
        let message = format!("Missed scheduled time to start a job: {due}");
        plan.notices.push(warning("MissSchedule", message));
        return;
    }
    let active: Vec<_> = view
        .jobs
        .iter()
        .filter(|job| ending(job).is_none())
        .cloned()
        .collect();
    match spec.concurrency_policy.as_deref() {
        Some("Forbid") if !active.is_empty() => {
            let message =
                "Not starting job because prior execution is running and concurrency policy is Forbid"
                    .to_owned();
            plan.notices.push(Notice {
                is_warning: false,
                reason: "JobAlreadyActive",
                message,
            });
            return;
        }
        Some("Replace") => {
            plan.status.active = None;
            plan.delete.extend(active);
        }
        _ => {}
    }
    plan.create = Some((new_job(view.cron, spec, due), Time(due)));
}

/// The latest time at which the job was due and not yet made.
fn last_due(view: &View<'_>, schedule: &Schedule, zone: &TimeZone) -> Option<Timestamp> {
    let meta = &view.cron.metadata;
    let last = view
        .cron
        .status
        .as_ref()
        .and_then(|status| status.last_schedule_time.as_ref());
    let since = last.or(meta.creation_timestamp.as_ref())?.0;
    // Windows back from now, each longer than the one before, so that a year of missed minutes is not walked through.
    let mut window = Duration::from_secs(60);
    loop {
        let start = view
            .now
            .checked_sub(window)
            .map_or(since, |start| start.max(since));
        if let Some(mut due) = schedule.next(start, zone).filter(|due| *due <= view.now) {
            while let Some(next) = schedule.next(due, zone).filter(|next| *next <= view.now) {
                due = next;
            }
            return Some(due);
        }
        if start == since {
            return None;
        }
        window = window.saturating_mul(8);
    }
}

fn new_job(cron: &CronJob, spec: &CronJobSpec, due: Timestamp) -> Job {
    let template = &spec.job_template;
    let meta = template.metadata.clone().unwrap_or_default();
    let mut annotations = meta.annotations.unwrap_or_default();
    let zone = spec
        .time_zone
        .as_deref()
        .and_then(|name| TimeZone::get(name).ok())
        .unwrap_or(TimeZone::UTC);
    let local = due.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    annotations.insert(SCHEDULED_AT.to_owned(), local.replace("+00:00", "Z"));
    Job {
        metadata: ObjectMeta {
            name: Some(format!("{}-{}", cron.name_any(), due.as_second() / 60)),
            namespace: cron.namespace(),
            labels: meta.labels,
            annotations: Some(annotations),
            owner_references: Some(vec![controller_of(cron)]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}

/// Finished jobs beyond the history that is kept, the oldest first.
fn past(view: &View<'_>, spec: &CronJobSpec) -> Vec<Arc<Job>> {
    let of_kind = |kind: &str, limit: Option<i32>, default: i32| {
        let mut jobs: Vec<_> = view
            .jobs
            .iter()
            .filter(|job| ending(job).is_some_and(|end| end.type_ == kind))
            .cloned()
            .collect();
        jobs.sort_by_key(|job| {
            job.status
                .as_ref()
                .and_then(|status| status.start_time.as_ref().map(|time| time.0))
        });
        let limit = usize::try_from(limit.unwrap_or(default)).unwrap_or_default();
        jobs.truncate(jobs.len().saturating_sub(limit));
        jobs
    };
    let mut past = of_kind("Complete", spec.successful_jobs_history_limit, 3);
    past.extend(of_kind("Failed", spec.failed_jobs_history_limit, 1));
    past
}

/// Which jobs are active now, and word of those that no longer are.
fn status(view: &View<'_>) -> (CronJobStatus, Vec<Notice>) {
    let mut status = view.cron.status.clone().unwrap_or_default();
    let (mut active, mut notices) = (Vec::new(), Vec::new());
    let listed = |job: &Job| {
        status
            .active
            .iter()
            .flatten()
            .any(|one| one.uid == job.metadata.uid)
    };
    for job in view.jobs {
        let Some(end) = ending(job) else {
            active.push(about(&**job));
            continue;
        };
        if listed(job) {
            let message = format!("Saw completed job: {}, condition: {}", job.name_any(), end.type_);
            notices.push(Notice {
                is_warning: false,
                reason: "SawCompletedJob",
                message,
            });
        }
        let finished = job
            .status
            .as_ref()
            .and_then(|status| status.completion_time.clone());
        if end.type_ == "Complete"
            && finished.as_ref().map(|time| time.0) > status.last_successful_time.as_ref().map(|time| time.0)
        {
            status.last_successful_time = finished;
        }
    }
    // A job's version changes with its status; the reference keeps the one it was listed with.
    for one in &mut active {
        if let Some(known) = status.active.iter().flatten().find(|known| known.uid == one.uid) {
            one.clone_from(known);
        }
    }
    status.active = (!active.is_empty()).then_some(active);
    (status, notices)
}

fn warning(reason: &'static str, message: String) -> Notice {
    Notice {
        is_warning: true,
        reason,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cron(spec: serde_json::Value, last: Option<&str>) -> CronJob {
        let mut whole = json!({ "schedule": "*/10 * * * *", "jobTemplate": { "spec": { "template": { "spec": { "containers": [] } } } } });
        whole
            .as_object_mut()
            .unwrap()
            .extend(spec.as_object().unwrap().clone());
        let meta = json!({ "name": "tick", "namespace": "ns", "uid": "u", "creationTimestamp": "2026-01-01T00:00:30Z" });
        serde_json::from_value(
            json!({ "metadata": meta, "spec": whole, "status": { "lastScheduleTime": last } }),
        )
        .unwrap()
    }

    fn job(name: &str, condition: Option<&str>) -> Arc<Job> {
        let conditions = condition.map(|kind| json!([{ "type": kind, "status": "True" }]));
        let value = json!({
            "metadata": { "name": name, "uid": name },
            "status": { "conditions": conditions, "startTime": format!("2026-01-01T00:00:0{}Z", name.len()) },
        });
        Arc::new(serde_json::from_value(value).unwrap())
    }

    /// `+name` for the job made, `-name` for those deleted, then reasons of events, then seconds until the next look.
    fn check(cron: &CronJob, jobs: &[Arc<Job>], now: &str, expected: &[&str]) {
        let plan = plan(&View {
            cron,
            jobs,
            now: now.parse().unwrap(),
        });
        let made = plan.create.iter().map(|(job, _)| format!("+{}", job.name_any()));
        let gone = plan.delete.iter().map(|job| format!("-{}", job.name_any()));
        let told = plan.notices.iter().map(|notice| notice.reason.to_owned());
        let again = plan.again.map(|again| again.as_secs().to_string());
        assert_eq!(
            made.chain(gone).chain(told).chain(again).collect::<Vec<_>>(),
            expected,
            "{now}"
        );
    }

    #[test]
    fn a_job_is_made_when_its_time_has_come() {
        let fresh = cron(json!({}), None);
        check(&fresh, &[], "2026-01-01T00:09:00Z", &["60"]);
        check(&fresh, &[], "2026-01-01T00:10:00Z", &["+tick-29453770", "600"]);
        check(
            &cron(json!({}), Some("2026-01-01T00:10:00Z")),
            &[],
            "2026-01-01T00:11:00Z",
            &["540"],
        );
    }

    #[test]
    fn of_many_missed_times_only_the_last_counts() {
        check(
            &cron(json!({}), None),
            &[],
            "2027-01-01T00:10:05Z",
            &["+tick-29979370", "595"],
        );
        let strict = cron(json!({ "startingDeadlineSeconds": 3 }), None);
        check(&strict, &[], "2027-01-01T00:10:05Z", &["MissSchedule", "595"]);
    }

    #[test]
    fn suspended_cron_jobs_rest() {
        check(
            &cron(json!({ "suspend": true }), None),
            &[],
            "2026-01-01T00:10:00Z",
            &[],
        );
    }

    #[test]
    fn a_running_job_is_joined_left_alone_or_replaced() {
        let running = [job("run", None)];
        let now = "2026-01-01T00:10:00Z";
        check(&cron(json!({}), None), &running, now, &["+tick-29453770", "600"]);
        check(
            &cron(json!({ "concurrencyPolicy": "Forbid" }), None),
            &running,
            now,
            &["JobAlreadyActive", "600"],
        );
        check(
            &cron(json!({ "concurrencyPolicy": "Replace" }), None),
            &running,
            now,
            &["+tick-29453770", "-run", "600"],
        );
    }

    #[test]
    fn history_is_kept_as_long_as_wanted() {
        let jobs = [
            job("a", Some("Complete")),
            job("bb", Some("Complete")),
            job("ccc", Some("Failed")),
            job("dddd", Some("Failed")),
        ];
        let one = cron(
            json!({ "successfulJobsHistoryLimit": 1 }),
            Some("2026-01-01T00:10:00Z"),
        );
        check(&one, &jobs, "2026-01-01T00:10:00Z", &["-a", "-ccc", "600"]);
    }

    #[test]
    fn nonsense_is_told_and_waits_for_a_change() {
        check(
            &cron(json!({ "schedule": "x" }), None),
            &[],
            "2026-01-01T00:10:00Z",
            &["UnparseableSchedule"],
        );
        check(
            &cron(json!({ "timeZone": "Mars/Base" }), None),
            &[],
            "2026-01-01T00:10:00Z",
            &["UnknownTimeZone"],
        );
    }

    #[test]
    fn the_time_is_noted_in_the_zone_of_the_schedule() {
        let cron = cron(json!({ "timeZone": "Europe/Berlin" }), None);
        let job = new_job(
            &cron,
            cron.spec.as_ref().unwrap(),
            "2026-01-01T00:10:00Z".parse().unwrap(),
        );
        assert_eq!(
            job.metadata.annotations.unwrap()[SCHEDULED_AT],
            "2026-01-01T01:10:00+01:00"
        );
    }
}
