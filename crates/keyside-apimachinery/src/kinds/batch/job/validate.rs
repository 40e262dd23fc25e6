//! What a job must be like, and what of it may change.

use super::{NAME_LABELS, UID_LABELS, status};
use crate::kinds::access::{count, flag, int, is_set, items, list, made, restore, same, set, text};
use crate::kinds::apps::workload::{mismatch, numbers};
use crate::kinds::checks::{Errors, domain_path, immutable, label_selector, one_of_or_none, sentences};
use crate::kinds::core::pod::spec as pods;
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::selector::matches;
use crate::resource::WriteContext;
use crate::status::{FieldError, FieldErrorKind};
use serde_json::{Value, json};

/// Errors of a selector that should have been generated.
pub(super) fn generated(job: &Value) -> Errors {
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
pub(in crate::kinds::batch) fn spec(errors: &mut Errors, path: &Path, spec: &Value, selects: bool) {
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
    if let Some(manager) = spec["managedBy"].as_str() {
        domain_path(errors, &path.at("managedBy"), manager);
    }
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
        one_of_listed(errors, &path.at("action"), action, &actions);
        if action == "FailIndex" && !is_set(spec, "backoffLimitPerIndex") {
            let detail = "requires the backoffLimitPerIndex to be set";
            errors.push(FieldError::invalid(path.at("action"), action, detail));
        }
        let codes = &rule["onExitCodes"];
        let conditions = list(rule, "onPodConditions");
        if codes.is_object() {
            exit_codes(errors, &path.at("onExitCodes"), codes, &spec["template"]["spec"]);
        }
        for (j, condition) in conditions.iter().enumerate() {
            let (path, kind) = (path.at("onPodConditions").index(j), text(condition, "type"));
            sentences(errors, &path.at("type"), kind, name::label_key(kind));
            let allowed = ["False", "True", "Unknown"];
            one_of_listed(errors, &path.at("status"), text(condition, "status"), &allowed);
        }
        if codes.is_object() != conditions.is_empty() {
            let detail = if codes.is_object() {
                "specifying both OnExitCodes and OnPodConditions is not supported"
            } else {
                "specifying one of OnExitCodes and OnPodConditions is required"
            };
            errors.push(FieldError::new(FieldErrorKind::Invalid, path, None, detail));
        }
    }
}

/// One of some values; if none is given, the error lists them.
fn one_of_listed(errors: &mut Errors, path: &Path, value: &str, allowed: &[&str]) {
    if value.is_empty() {
        let quoted: Vec<String> = allowed.iter().map(|one| format!("{one:?}")).collect();
        let detail = format!("valid values: [{}]", quoted.join(" "));
        errors.push(FieldError::required(path, detail));
    } else if !allowed.contains(&value) {
        errors.push(FieldError::not_supported(path, value, allowed));
    }
}

fn exit_codes(errors: &mut Errors, path: &Path, codes: &Value, pods: &Value) {
    let operator = text(codes, "operator");
    one_of_listed(errors, &path.at("operator"), operator, &["In", "NotIn"]);
    if let Some(container) = codes["containerName"].as_str() {
        let mut all = list(pods, "containers")
            .iter()
            .chain(list(pods, "initContainers"));
        if !all.any(|one| text(one, "name") == container) {
            let detail = "must be one of the container or initContainer names in the pod template";
            errors.push(FieldError::invalid(path.at("containerName"), container, detail));
        }
    }
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
pub(super) fn indexed_name(errors: &mut Errors, job: &Value) {
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

pub(super) fn update(new: &Value, old: &Value, context: &WriteContext) -> Errors {
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
        let detail = "can only be modified in tandem with spec.parallelism";
        let value = wanted["completions"].clone();
        errors.push(FieldError::invalid(path.at("completions"), value, detail));
    }
    immutable(
        &mut errors,
        &path.at("selector"),
        &wanted["selector"],
        &before["selector"],
    );
    let (new_template, old_template) = (&wanted["template"], &before["template"]);
    if rests(old) {
        let fixed = placing_masked(old_template, new_template);
        let path = path.at("template.spec");
        immutable(&mut errors, &path, &new_template["spec"], &fixed);
    } else {
        immutable(&mut errors, &path.at("template"), new_template, old_template);
    }
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

/// Whether a job is suspended and has no pods.
fn rests(job: &Value) -> bool {
    let status = &job["status"];
    let before_or_after = !is_set(status, "startTime") || status::is_true(status, "Suspended");
    flag(&job["spec"], "suspend") && before_or_after && count(status, "active") == 0
}

/// The spec of the old template with what a resting job may still change: where its pods run and what they get. Labels
/// and annotations may change as well.
fn placing_masked(old: &Value, new: &Value) -> Value {
    let (mut spec, new) = (old["spec"].clone(), &new["spec"]);
    for field in ["nodeSelector", "tolerations", "schedulingGates"] {
        restore(&mut spec, field, new);
    }
    if let Some(affinity) = made(&mut spec, "affinity") {
        restore(affinity, "nodeAffinity", &new["affinity"]);
    }
    for field in ["containers", "initContainers"] {
        for (container, new) in items(&mut spec, field).iter_mut().zip(list(new, field)) {
            restore(container, "resources", new);
        }
    }
    spec
}
