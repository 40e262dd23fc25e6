//! Tests of jobs and cron jobs.

use super::super::fixture::{create, resource, row, update, yaml};
use serde_json::{Value, json};

fn job(spec: &str) -> Value {
    let mut object = yaml(
        "{apiVersion: batch/v1, kind: Job, metadata: {name: once, uid: u-1, creationTimestamp: \
         '2026-01-01T00:00:00Z'}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}",
    );
    merge(&mut object, spec);
    object
}

fn cron(spec: &str) -> Value {
    let mut object = yaml(
        "{apiVersion: batch/v1, kind: CronJob, metadata: {name: often, creationTimestamp: '2026-01-01T00:00:00Z'}, \
         spec: {schedule: '* * * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: OnFailure, containers: \
         [{name: c, image: i}]}}}}}}",
    );
    merge(&mut object, spec);
    object
}

fn merge(object: &mut Value, spec: &str) {
    if let Value::Object(more) = yaml(spec) {
        for (field, value) in more {
            object["spec"][field] = value;
        }
    }
}

#[track_caller]
fn check(spec: &str, expected: &[&str]) {
    assert_eq!(
        create(&resource("batch", "jobs"), &job(spec)).1,
        expected,
        "{spec}"
    );
}

#[track_caller]
fn check_cron(spec: &str, expected: &[&str]) {
    assert_eq!(
        create(&resource("batch", "cronjobs"), &cron(spec)).1,
        expected,
        "{spec}"
    );
}

/// A stored job.
fn stored(spec: &str) -> Value {
    create(&resource("batch", "jobs"), &job(spec)).0
}

#[test]
fn a_job_gets_its_defaults_and_a_selector_of_its_own() {
    let mut job = stored("{}");
    job["spec"]["template"]["spec"] = "…".into();
    insta::assert_yaml_snapshot!(job, @r#"
    apiVersion: batch/v1
    kind: Job
    metadata:
      name: once
      uid: u-1
      creationTimestamp: "2026-01-01T00:00:00Z"
      labels:
        job-name: once
        batch.kubernetes.io/job-name: once
        controller-uid: u-1
        batch.kubernetes.io/controller-uid: u-1
    spec:
      template:
        spec: …
        metadata:
          labels:
            job-name: once
            batch.kubernetes.io/job-name: once
            controller-uid: u-1
            batch.kubernetes.io/controller-uid: u-1
      completions: 1
      parallelism: 1
      backoffLimit: 6
      completionMode: NonIndexed
      suspend: false
      manualSelector: false
      podReplacementPolicy: TerminatingOrFailed
      selector:
        matchLabels:
          batch.kubernetes.io/controller-uid: u-1
    status: {}
    "#);
}

#[test]
fn a_cron_job_gets_its_defaults() {
    let (mut cron, errors) = create(&resource("batch", "cronjobs"), &cron("{}"));
    assert_eq!(errors, [""; 0]);
    cron["spec"]["jobTemplate"]["spec"]["template"]["spec"] = "…".into();
    insta::assert_yaml_snapshot!(cron["spec"], @r#"
    schedule: "* * * * *"
    jobTemplate:
      spec:
        template:
          spec: …
    concurrencyPolicy: Allow
    suspend: false
    successfulJobsHistoryLimit: 3
    failedJobsHistoryLimit: 1
    "#);
}

#[test]
fn a_chosen_selector_must_be_announced() {
    check(
        "selector: {matchLabels: {a: b}}",
        &[
            "spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\",\"batch.kubernetes.io/controller-uid\":\"u-1\"}}: \
             `selector` not auto-generated",
            "spec.template.metadata.labels: Invalid value: {\"job-name\":\"once\",\"batch.kubernetes.io/job-name\":\
             \"once\",\"controller-uid\":\"u-1\",\"batch.kubernetes.io/controller-uid\":\"u-1\"}: `selector` does not \
             match template `labels`",
        ],
    );
    check(
        "{manualSelector: true, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: \
         {restartPolicy: Never, containers: [{name: c, image: i}]}}}",
        &[],
    );
}

#[test]
fn a_job_ends() {
    check(
        "template: {spec: {containers: [{name: c, image: i}]}}",
        &["spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""],
    );
    check(
        "parallelism: -1",
        &["spec.parallelism: Invalid value: -1: must be greater than or equal to 0"],
    );
    check("completionMode: Indexed", &[]);
    check(
        "{completionMode: Indexed, parallelism: 1}",
        &["spec.completions: Required value: when completion mode is Indexed"],
    );
    check(
        "backoffLimitPerIndex: 1",
        &["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"],
    );
}

#[test]
fn a_running_job_keeps_its_template() {
    let jobs = resource("batch", "jobs");
    let errors = |old: &Value, change: fn(&mut Value)| {
        let mut new = old.clone();
        change(&mut new);
        let errors = update(&jobs, &new, old, "").1;
        errors
            .iter()
            .map(|e| e.split(": ").next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let image: fn(&mut Value) = |job| job["spec"]["template"]["spec"]["containers"][0]["image"] = "j".into();
    let node: fn(&mut Value) = |job| job["spec"]["template"]["spec"]["nodeSelector"] = json!({"a": "b"});
    assert_eq!(errors(&stored("{}"), image), ["spec.template"]);
    assert_eq!(errors(&stored("{}"), node), ["spec.template"]);
    assert_eq!(errors(&stored("suspend: true"), node), [""; 0]);
    assert_eq!(
        errors(&stored("{}"), |job| job["spec"]["completions"] = 2.into()),
        ["spec.completions"]
    );
    assert_eq!(
        errors(&stored("{}"), |job| job["spec"]["parallelism"] = 2.into()),
        [""; 0]
    );
    assert_eq!(
        errors(&stored("{}"), |job| job["spec"]["suspend"] = true.into()),
        [""; 0]
    );
}

#[test]
fn the_status_of_a_job_does_not_go_back() {
    let jobs = resource("batch", "jobs");
    let with = |status: &str| {
        let mut job = stored("{}");
        job["status"] = yaml(status);
        job
    };
    let errors = |old: &str, new: &str| update(&jobs, &with(new), &with(old), "status").1;
    let done = "{succeeded: 1, startTime: '2026-01-01T00:00:00Z', completionTime: '2026-01-01T00:01:00Z', conditions: \
                [{type: SuccessCriteriaMet, status: 'True'}, {type: Complete, status: 'True'}]}";
    assert_eq!(
        errors("{active: 1, startTime: '2026-01-01T00:00:00Z'}", done),
        [""; 0]
    );
    assert_eq!(
        errors("{failed: 2}", "{failed: 1}"),
        ["status.failed: Invalid value: 1: cannot decrease the failed counter"]
    );
    assert!(
        errors(done, "{succeeded: 1}")
            .iter()
            .any(|e| e.contains("cannot disable the terminal Complete=True"))
    );
    assert_eq!(
        errors(
            "{}",
            "{startTime: '2026-01-01T00:00:00Z', conditions: [{type: Failed, status: 'True'}]}"
        ),
        [
            "status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition"
        ]
    );
}

#[test]
fn cron_jobs_have_a_schedule_and_a_name_with_room() {
    check_cron("schedule: ''", &["spec.schedule: Required value"]);
    check_cron(
        "schedule: '61 * * * *'",
        &["spec.schedule: Invalid value: \"61 * * * *\": end of range (61) above maximum (59): 61"],
    );
    check_cron(
        "schedule: 'TZ=UTC 0 0 * * *'",
        &[
            "spec.schedule: Invalid value: \"TZ=UTC 0 0 * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field \
           instead",
        ],
    );
    check_cron("timeZone: Europe/Berlin", &[]);
    check_cron(
        "timeZone: ../x",
        &["spec.timeZone: Invalid value: \"../x\": unknown time zone ../x"],
    );
    check_cron(
        "concurrencyPolicy: Maybe",
        &[
            "spec.concurrencyPolicy: Unsupported value: \"Maybe\": supported values: \"Allow\", \"Forbid\", \"Replace\"",
        ],
    );
    let mut long = cron("{}");
    long["metadata"]["name"] = "a".repeat(53).into();
    let errors = create(&resource("batch", "cronjobs"), &long).1;
    assert!(
        errors[0].ends_with("must be no more than 52 characters"),
        "{errors:?}"
    );
}

#[test]
fn rows_tell_how_far_it_is() {
    let shown = |status: &str| {
        let mut job = stored("{completions: 3}");
        job["status"] = yaml(status);
        row(&resource("batch", "jobs"), &job)
    };
    insta::assert_snapshot!(shown("{succeeded: 1, startTime: '2026-01-01T00:50:00Z'}"), @r"
    Name: once
    Status: Running
    Completions: 1/3
    Duration: 10m
    Age: 60m
    Containers: c
    Images: i
    Selector: batch.kubernetes.io/controller-uid=u-1
    ");
    assert!(shown("{conditions: [{type: Complete, status: 'True'}]}").contains("Status: Complete\n"));
    let mut cron = create(&resource("batch", "cronjobs"), &cron("{}")).0;
    cron["status"] = yaml("{active: [{}], lastScheduleTime: '2026-01-01T00:59:30Z'}");
    insta::assert_snapshot!(row(&resource("batch", "cronjobs"), &cron), @r"
    Name: often
    Schedule: * * * * *
    Timezone: <none>
    Suspend: False
    Active: 1
    Last Schedule: 30s
    Age: 60m
    Containers: c
    Images: i
    Selector: <none>
    ");
}
