//! Jobs: pods that run until enough of them have succeeded.

mod status;
pub(super) mod validate;

use crate::kinds::access::{count, fill, flag, inside, int, is_set, items, made, same, set, text};
use crate::kinds::apps::workload::name_warning;
use crate::kinds::core::pod::default::template;
use crate::kinds::core::pod::warn;
use crate::kinds::kind::{AGE, Kind, NAME};
use crate::kinds::path::Path;
use crate::kinds::print::{age, containers, seconds, short};
use crate::kinds::selector::shown;
use serde_json::Value;

pub(super) const JOB: Kind = Kind {
    default,
    prepare_create: |job, _| generate_selector(job),
    validate_create: |job, _| {
        let mut errors = validate::generated(job);
        validate::spec(&mut errors, &Path::new("spec"), &job["spec"], true);
        validate::indexed_name(&mut errors, job);
        errors
    },
    validate_update: validate::update,
    warnings: |job, old| {
        let mut warnings = Vec::new();
        if old.is_none() {
            warnings.extend(name_warning(job));
        }
        warnings.extend(warnings_of_spec(
            &job["spec"],
            old.map(|old| &old["spec"]),
            &Path::new("spec"),
        ));
        warnings
    },
    columns: &[
        NAME,
        ("Status", "string", "", 0, "How far the job is."),
        (
            "Completions",
            "string",
            "",
            0,
            "Pods that succeeded, of those wanted.",
        ),
        (
            "Duration",
            "string",
            "",
            0,
            "How long it took or has been taking.",
        ),
        AGE,
        ("Containers", "string", "", 1, "Names of the containers."),
        ("Images", "string", "", 1, "Images of the containers."),
        ("Selector", "string", "", 1, "Labels of its pods."),
    ],
    cells,
    selectable: |job| {
        vec![(
            "status.successful",
            count(&job["status"], "succeeded").to_string(),
        )]
    },
    orphans: true,
    ..Kind::WITH_STATUS
};

const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];
const NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];

fn default(job: &mut Value) {
    labels_of_template(job);
    if let Some(spec) = inside(job, "spec") {
        default_spec(spec);
        if !is_set(spec, "completions") && !is_set(spec, "parallelism") {
            set(spec, "completions", 1);
        }
        fill(spec, "parallelism", || 1.into());
        let limit = if is_set(spec, "backoffLimitPerIndex") {
            i64::from(i32::MAX)
        } else {
            6
        };
        fill(spec, "backoffLimit", || limit.into());
        fill(spec, "completionMode", || "NonIndexed".into());
        fill(spec, "suspend", || false.into());
        fill(spec, "manualSelector", || false.into());
        let replacement = if is_set(spec, "podFailurePolicy") {
            "Failed"
        } else {
            "TerminatingOrFailed"
        };
        fill(spec, "podReplacementPolicy", || replacement.into());
    }
}

/// A job without labels has those of its pods.
fn labels_of_template(job: &mut Value) {
    let labels = job["spec"]["template"]["metadata"]["labels"].clone();
    if labels.is_object()
        && same(&job["metadata"]["labels"], &Value::Null)
        && let Some(metadata) = made(job, "metadata")
    {
        set(metadata, "labels", labels);
    }
}

/// Defaults that a cron job's template has too.
pub(super) fn default_spec(spec: &mut Value) {
    if let Some(pods) = made(spec, "template") {
        template(pods);
    }
    if let Some(policy) = inside(spec, "podFailurePolicy") {
        for rule in items(policy, "rules") {
            for pattern in items(rule, "onPodConditions") {
                fill(pattern, "status", || "True".into());
            }
        }
    }
}

/// A job's pods have its uid as a label, and it selects them by that, unless it says it selects on its own. A job
/// that has its pods' labels gets these too.
fn generate_selector(job: &mut Value) {
    let metadata = job["metadata"].clone();
    let shared = same(
        &metadata["labels"],
        &job["spec"]["template"]["metadata"]["labels"],
    );
    let Some(spec) = inside(job, "spec") else { return };
    if flag(spec, "manualSelector") {
        return;
    }
    let (name, uid) = (text(&metadata, "name"), text(&metadata, "uid"));
    let labels = made(spec, "template")
        .and_then(|template| made(template, "metadata"))
        .and_then(|metadata| made(metadata, "labels"));
    if let Some(labels) = labels {
        for label in NAME_LABELS {
            fill(labels, label, || name.into());
        }
        for label in UID_LABELS {
            fill(labels, label, || uid.into());
        }
    }
    if let Some(labels) = made(spec, "selector").and_then(|selector| made(selector, "matchLabels")) {
        fill(labels, UID_LABELS[1], || uid.into());
    }
    if shared && let Some(metadata) = made(job, "metadata") {
        set(metadata, "labels", Value::Null);
        labels_of_template(job);
    }
}

/// Warnings about a job's spec, also inside a cron job.
pub(super) fn warnings_of_spec(spec: &Value, old: Option<&Value>, path: &Path) -> Vec<String> {
    let mut warnings = Vec::new();
    let indexed = text(spec, "completionMode") == "Indexed";
    if indexed && count(spec, "completions") > 100_000 && count(spec, "parallelism") > 10_000 {
        warnings.push(format!(
            "{path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than \
             10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
        ));
    }
    let old = old.map(|old| &old["template"]);
    warnings.extend(warn::template(&spec["template"], old, &path.at("template")));
    warnings
}

fn cells(job: &Value, now: &str) -> Vec<Value> {
    let (spec, status) = (&job["spec"], &job["status"]);
    let succeeded = count(status, "succeeded");
    let completions = match (int(spec, "completions"), count(spec, "parallelism")) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, many) if many > 1 => format!("{succeeded}/1 of {many}"),
        (None, _) => format!("{succeeded}/1"),
    };
    let end = seconds(&status["completionTime"]).or_else(|| seconds(&now.into()));
    let duration = match (seconds(&status["startTime"]), end) {
        (Some(start), Some(end)) => short(end - start),
        _ => String::new(),
    };
    let [names, images] = containers(&spec["template"]);
    vec![
        job["metadata"]["name"].clone(),
        state(job).into(),
        completions.into(),
        duration.into(),
        age(job, now).into(),
        names,
        images,
        shown(&spec["selector"]).into(),
    ]
}

fn state(job: &Value) -> &'static str {
    let is = |kind: &str| status::is_true(&job["status"], kind);
    match () {
        () if is("Complete") => "Complete",
        () if is("Failed") => "Failed",
        () if is_set(&job["metadata"], "deletionTimestamp") => "Terminating",
        () if is("Suspended") => "Suspended",
        () if is("FailureTarget") => "FailureTarget",
        () if is("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}
