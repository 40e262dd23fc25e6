use super::super::status;
use super::*;
use serde_json::json;

fn job(spec: serde_json::Value) -> Job {
    let mut whole = json!({ "template": { "spec": { "containers": [{ "name": "a", "image": "x:1" }] } } });
    whole
        .as_object_mut()
        .unwrap()
        .extend(spec.as_object().unwrap().clone());
    let value = json!({
        "metadata": { "name": "work", "namespace": "ns", "uid": "u" }, "spec": whole,
        "status": { "startTime": "1970-01-01T00:00:00Z" },
    });
    serde_json::from_value(value).unwrap()
}

/// Phases, with an index for indexed jobs: `Running`, `Succeeded 2`. Failed pods ended at second 1000.
fn pods(lines: &[&str]) -> Vec<Arc<Pod>> {
    let one = |(number, line): (usize, &&str)| {
        let (phase, index) = line.split_once(' ').unwrap_or((line, ""));
        let annotations = if index.is_empty() {
            json!({})
        } else {
            json!({ INDEX: index })
        };
        let ended = json!({ "exitCode": 1, "finishedAt": Timestamp::from_second(1000).unwrap().to_string() });
        let value = json!({
            "metadata": { "name": format!("work-{number}"), "annotations": annotations },
            "status": { "phase": phase, "containerStatuses": [{
                "name": "a", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                "state": if phase == "Failed" { json!({ "terminated": ended }) } else { json!({}) },
            }] },
        });
        Arc::new(serde_json::from_value(value).unwrap())
    };
    lines.iter().enumerate().map(one).collect()
}

/// Created, deleted, and seconds until the next look; `now` is second 1005.
fn check(job: &Job, lines: &[&str], expected: (usize, usize, Option<u64>)) -> Vec<String> {
    let pods = pods(lines);
    let view = View {
        job,
        pods: &pods,
        now: Timestamp::from_second(1005).unwrap(),
    };
    let plan = plan(&view);
    let seen = (
        plan.create.len(),
        plan.delete.len(),
        plan.again.map(|again| again.as_secs()),
    );
    assert_eq!(seen, expected, "{lines:?}");
    plan.create
        .iter()
        .map(|pod| pod.metadata.generate_name.clone().unwrap())
        .collect()
}

#[test]
fn as_many_pods_as_may_work_at_once() {
    let one = job(json!({ "completions": 5, "parallelism": 2 }));
    check(&one, &[], (2, 0, None));
    check(&one, &["Running"], (1, 0, None));
    check(
        &one,
        &["Succeeded", "Succeeded", "Succeeded", "Succeeded"],
        (1, 0, None),
    );
    check(&one, &["Running", "Running", "Running"], (0, 1, None));
    check(
        &job(json!({ "parallelism": 2 })),
        &["Succeeded", "Running"],
        (0, 0, None),
    );
}

#[test]
fn failed_pods_are_replaced_after_a_growing_wait() {
    let one = job(json!({ "completions": 1 }));
    check(&one, &["Failed"], (0, 0, Some(5)));
    check(&one, &["Failed", "Failed"], (0, 0, Some(15)));
    check(
        &job(json!({ "completions": 1, "backoffLimit": 0 })),
        &["Failed"],
        (0, 0, None),
    );
}

#[test]
fn suspension_and_deadlines_end_what_runs() {
    check(&job(json!({ "suspend": true })), &["Running"], (0, 1, None));
    check(
        &job(json!({ "activeDeadlineSeconds": 1000 })),
        &["Running"],
        (0, 1, None),
    );
    check(
        &job(json!({ "activeDeadlineSeconds": 2000 })),
        &["Running"],
        (0, 0, Some(995)),
    );
}

#[test]
fn indexed_jobs_fill_the_gaps() {
    let one = job(json!({ "completions": 4, "parallelism": 3, "completionMode": "Indexed" }));
    let names = check(&one, &["Succeeded 0", "Running 2"], (2, 0, None));
    assert_eq!(names, ["work-1-", "work-3-"]);
}

fn conditions(job: &Job, lines: &[&str]) -> Vec<String> {
    let pods = pods(lines);
    let view = View {
        job,
        pods: &pods,
        now: Timestamp::from_second(1005).unwrap(),
    };
    let status = status::next(&view);
    status
        .conditions
        .into_iter()
        .flatten()
        .map(|one| format!("{}={} {}", one.type_, one.status, one.reason.unwrap()))
        .collect()
}

#[test]
fn a_job_ends_when_its_last_pod_has() {
    let one = job(json!({ "completions": 1, "parallelism": 1 }));
    assert!(conditions(&one, &["Running"]).is_empty());
    assert_eq!(
        conditions(&one, &["Succeeded"]),
        [
            "SuccessCriteriaMet=True CompletionsReached",
            "Complete=True CompletionsReached"
        ]
    );
    let strict = job(json!({ "completions": 1, "backoffLimit": 0 }));
    assert_eq!(
        conditions(&strict, &["Failed", "Running"]),
        ["FailureTarget=True BackoffLimitExceeded"]
    );
    assert_eq!(
        conditions(&strict, &["Failed"]),
        [
            "FailureTarget=True BackoffLimitExceeded",
            "Failed=True BackoffLimitExceeded"
        ]
    );
    assert_eq!(
        conditions(&job(json!({ "suspend": true })), &[]),
        ["Suspended=True JobSuspended"]
    );
}
