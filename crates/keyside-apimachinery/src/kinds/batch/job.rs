//! Jobs: pods that run until enough of them have succeeded.

mod status;

use crate::kinds::access::{
    count, entries, fill, flag, inside, int, is_set, items, list, made, restore, same, set, text,
};
use crate::kinds::apps::workload::{mismatch, name_warning, numbers};
use crate::kinds::checks::{Errors, immutable, label_selector, one_of_or_none};
use crate::kinds::core::pod::default::template;
use crate::kinds::core::pod::{spec as pods, warn};
use crate::kinds::kind::{AGE, Kind, NAME};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::print::{age, containers, seconds, short};
use crate::kinds::selector::{matches, shown};
use crate::resource::WriteContext;
use crate::status::FieldError;
use serde_json::{Value, json};

pub(super) const JOB: Kind = Kind {
    default,
    prepare_create: |job, _| generate_selector(job),
    validate_create: |job, _| {
        let mut errors = generated(job);
        spec(&mut errors, &Path::new("spec"), &job["spec"], true);
        indexed_name(&mut errors, job);
        errors
    },
    validate_update,
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
    if let Some(labels) = job["spec"]["template"]["metadata"].get("labels").cloned()
        && entries(&job["metadata"], "labels").next().is_none()
        && labels.is_object()
        && let Some(metadata) = made(job, "metadata")
    {
        set(metadata, "labels", labels);
    }
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

/// Defaults that a cron job's template has too.
pub(super) fn default_spec(spec: &mut Value) {
    if let Some(pods) = inside(spec, "template") {
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

/// A job's pods have its uid as a label, and it selects them by that, unless it says it selects on its own.
fn generate_selector(job: &mut Value) {
    let metadata = job["metadata"].clone();
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
}

/// Errors of a selector that should have been generated.
fn generated(job: &Value) -> Errors {
    let mut errors = Errors::new();
    let spec = &job["spec"];
    if flag(spec, "manualSelector") || !is_set(spec, "selector") {
        return errors;
    }
    let (name, uid) = (text(&job["metadata"], "name"), text(&job["metadata"], "uid"));
    let labels = &spec["template"]["metadata"]["labels"];
    let mut expected = json!({});
    let wanted = UID_LABELS
        .map(|label| (label, uid))
        .into_iter()
        .chain(NAME_LABELS.map(|label| (label, name)));
    for (label, value) in wanted {
        set(&mut expected, label, value);
        let path = Path::new("spec.template.metadata.labels").key(label);
        match labels[label].as_str() {
            None => errors.push(FieldError::required(path, format!("must be '{value}'"))),
            Some(found) if found != value => {
                errors.push(FieldError::invalid(
                    path,
                    labels.clone(),
                    format!("must be '{value}'"),
                ));
            }
            Some(_) => {}
        }
    }
    if !matches(&spec["selector"], &expected) {
        let detail = "`selector` not auto-generated";
        errors.push(FieldError::invalid(
            "spec.selector",
            spec["selector"].clone(),
            detail,
        ));
    }
    errors
}

/// Errors of a job's spec; a cron job's template has no selector yet.
pub(super) fn spec(errors: &mut Errors, path: &Path, spec: &Value, selects: bool) {
    let fields = [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ];
    numbers(errors, path, spec, &fields);
    completion(errors, path, spec);
    failure_policy(errors, &path.at("podFailurePolicy"), spec);
    let policy = text(spec, "podReplacementPolicy");
    if is_set(spec, "podFailurePolicy") {
        one_of_or_none(
            errors,
            &path.at("podReplacementPolicy"),
            &spec["podReplacementPolicy"],
            &["Failed"],
        );
    } else if !policy.is_empty() && !matches!(policy, "Failed" | "TerminatingOrFailed") {
        let allowed = ["Failed", "TerminatingOrFailed"];
        errors.push(FieldError::not_supported(
            path.at("podReplacementPolicy"),
            policy,
            &allowed,
        ));
    }
    let own = path.at("template");
    pods::template(errors, &own, &spec["template"]);
    restart_policy(errors, &own.at("spec.restartPolicy"), spec);
    if !selects {
        return;
    }
    let selector = &spec["selector"];
    if selector.is_object() {
        label_selector(errors, &path.at("selector"), selector);
    } else {
        errors.push(FieldError::required(path.at("selector"), ""));
    }
    let labels = &spec["template"]["metadata"]["labels"];
    if !matches(selector, labels) {
        mismatch(errors, &own, labels);
    }
}

fn completion(errors: &mut Errors, path: &Path, spec: &Value) {
    let mode = text(spec, "completionMode");
    one_of_or_none(
        errors,
        &path.at("completionMode"),
        &spec["completionMode"],
        &["NonIndexed", "Indexed"],
    );
    let most_failed = int(spec, "maxFailedIndexes");
    if most_failed.is_some() && !is_set(spec, "backoffLimitPerIndex") {
        let detail = "when maxFailedIndexes is specified";
        errors.push(FieldError::required(path.at("backoffLimitPerIndex"), detail));
    }
    if mode == "Indexed" {
        let completions = int(spec, "completions");
        if completions.is_none() {
            let detail = "when completion mode is Indexed";
            errors.push(FieldError::required(path.at("completions"), detail));
        }
        if let Some(many) = int(spec, "parallelism").filter(|many| *many > 100_000) {
            let detail = "must be less than or equal to 100000 when completion mode is Indexed";
            errors.push(FieldError::invalid(path.at("parallelism"), many, detail));
        }
        if let (Some(failed), Some(all)) = (most_failed, completions)
            && failed > all
        {
            let detail = "must be less than or equal to completions";
            errors.push(FieldError::invalid(path.at("maxFailedIndexes"), failed, detail));
        }
        return;
    }
    for field in ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"] {
        if is_set(spec, field) {
            let detail = "requires indexed completion mode";
            errors.push(FieldError::invalid(path.at(field), spec[field].clone(), detail));
        }
    }
}

fn failure_policy(errors: &mut Errors, path: &Path, spec: &Value) {
    let actions = ["Count", "FailIndex", "FailJob", "Ignore"];
    for (i, rule) in list(&spec["podFailurePolicy"], "rules").iter().enumerate() {
        let path = path.at("rules").index(i);
        let action = text(rule, "action");
        if action.is_empty() {
            let detail = "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]";
            errors.push(FieldError::required(path.at("action"), detail));
        } else if !actions.contains(&action) {
            errors.push(FieldError::not_supported(path.at("action"), action, &actions));
        } else if action == "FailIndex" && !is_set(spec, "backoffLimitPerIndex") {
            let detail = "requires the backoffLimitPerIndex to be set";
            errors.push(FieldError::invalid(path.at("action"), action, detail));
        }
        let codes = &rule["onExitCodes"];
        let conditions = list(rule, "onPodConditions");
        if codes.is_object() == !conditions.is_empty() {
            let detail = if codes.is_object() {
                "specifying both OnExitCodes and OnPodConditions is not supported"
            } else {
                "specifying one of OnExitCodes and OnPodConditions is required"
            };
            errors.push(FieldError::invalid(path, rule.clone(), detail));
        } else if codes.is_object() {
            exit_codes(errors, &path.at("onExitCodes"), codes);
        }
    }
}

fn exit_codes(errors: &mut Errors, path: &Path, codes: &Value) {
    let operator = text(codes, "operator");
    one_of_or_none(errors, &path.at("operator"), &codes["operator"], &["In", "NotIn"]);
    let (values, path) = (list(codes, "values"), path.at("values"));
    if values.is_empty() {
        errors.push(FieldError::invalid(
            &path,
            values,
            "at least one value is required",
        ));
    }
    for (i, value) in values.iter().enumerate() {
        if operator == "In" && *value == 0 {
            errors.push(FieldError::invalid(
                path.index(i),
                0,
                "must not be 0 for the In operator",
            ));
        }
        if values[..i].contains(value) {
            errors.push(FieldError::duplicate(path.index(i), value.clone()));
        }
    }
    if !values.is_sorted_by_key(Value::as_i64) {
        errors.push(FieldError::invalid(path, values, "must be ordered"));
    }
}

/// Pods that should end are not always restarted.
fn restart_policy(errors: &mut Errors, path: &Path, spec: &Value) {
    match text(&spec["template"]["spec"], "restartPolicy") {
        "" | "Always" => {
            errors.push(FieldError::required(
                path,
                "valid values: \"OnFailure\", \"Never\"",
            ));
        }
        "OnFailure" if is_set(spec, "podFailurePolicy") => {
            let detail = "only \"Never\" is supported when podFailurePolicy is specified";
            errors.push(FieldError::invalid(path, "OnFailure", detail));
        }
        "OnFailure" | "Never" => {}
        other => errors.push(FieldError::not_supported(path, other, &["OnFailure", "Never"])),
    }
}

/// An indexed job's pods have its name and an index as host name.
fn indexed_name(errors: &mut Errors, job: &Value) {
    let spec = &job["spec"];
    let completions = count(spec, "completions");
    if text(spec, "completionMode") == "Indexed" && completions > 0 {
        let own = text(&job["metadata"], "name");
        let host = format!("{own}-{}", completions - 1);
        if !name::label(&host, false).is_empty() {
            let detail = format!("will not able to create pod with invalid DNS label: {host}");
            errors.push(FieldError::invalid("metadata.name", own, detail));
        }
    }
}

fn validate_update(new: &Value, old: &Value, context: &WriteContext) -> Errors {
    if context.subresource == "status" {
        return status::update(new, old);
    }
    let mut errors = Errors::new();
    let (path, wanted, before) = (Path::new("spec"), &new["spec"], &old["spec"]);
    spec(&mut errors, &path, wanted, true);
    let indexed = text(wanted, "completionMode") == "Indexed";
    if !indexed {
        immutable(
            &mut errors,
            &path.at("completions"),
            &wanted["completions"],
            &before["completions"],
        );
    } else if !same(&wanted["completions"], &before["completions"])
        && wanted["completions"] != wanted["parallelism"]
    {
        let detail = "can only be modified in tandem with parallelism";
        let value = wanted["completions"].clone();
        errors.push(FieldError::invalid(path.at("completions"), value, detail));
    }
    immutable(
        &mut errors,
        &path.at("selector"),
        &wanted["selector"],
        &before["selector"],
    );
    let suspended = flag(before, "suspend") && !is_set(&old["status"], "startTime");
    let template = if suspended {
        scheduling_masked(&before["template"], &wanted["template"])
    } else {
        before["template"].clone()
    };
    immutable(&mut errors, &path.at("template"), &wanted["template"], &template);
    let fixed = [
        "completionMode",
        "podFailurePolicy",
        "backoffLimitPerIndex",
        "managedBy",
        "successPolicy",
    ];
    for field in fixed {
        immutable(&mut errors, &path.at(field), &wanted[field], &before[field]);
    }
    indexed_name(&mut errors, new);
    errors
}

/// The old template with what a job that has not started may still change: where its pods run.
fn scheduling_masked(old: &Value, new: &Value) -> Value {
    let mut masked = old.clone();
    if let Some(spec) = inside(&mut masked, "spec") {
        for field in ["nodeSelector", "tolerations", "schedulingGates"] {
            restore(spec, field, &new["spec"]);
        }
        if let Some(affinity) = made(spec, "affinity") {
            restore(affinity, "nodeAffinity", &new["spec"]["affinity"]);
        }
    }
    if let Some(metadata) = made(&mut masked, "metadata") {
        for field in ["labels", "annotations"] {
            restore(metadata, field, &new["metadata"]);
        }
    }
    masked
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
