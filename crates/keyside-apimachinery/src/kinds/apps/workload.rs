//! What kinds that keep pods running share: a selector that never changes, a template it matches, numbers that are not
//! negative, and how they update their pods.

use crate::kinds::access::{count, int, is_set, text};
use crate::kinds::checks::{Errors, immutable, label_selector, not_negative};
use crate::kinds::core::pod::{spec as pods, warn};
use crate::kinds::path::Path;
use crate::kinds::{name, selector};
use crate::status::FieldError;
use serde_json::Value;

/// Errors of `spec.selector` and of `spec.template` under it. `what` names the kind in errors.
pub(crate) fn selector_and_template(errors: &mut Errors, spec: &Value, what: Words) {
    let path = Path::new("spec");
    let wanted = &spec["selector"];
    let before = errors.len();
    if !wanted.is_object() {
        if what.unreadable.is_some() {
            errors.push(FieldError::required(path.at("selector"), ""));
        }
    } else {
        label_selector(errors, &path.at("selector"), wanted);
        if selector::is_empty(wanted) {
            let detail = format!("empty selector is invalid for {}", what.lower);
            errors.push(FieldError::invalid(path.at("selector"), wanted.clone(), detail));
        }
    }
    let nothing_wanted = wanted.is_object() && selector::is_empty(wanted);
    let readable = !wanted.is_object() || nothing_wanted || errors.len() == before;
    let template = path.at("template");
    match what.unreadable {
        Some(detail) if !readable => {
            errors.push(FieldError::invalid(path.at("selector"), wanted.clone(), detail));
        }
        _ => {
            let labels = &spec["template"]["metadata"]["labels"];
            if readable && !nothing_wanted && !selector::matches(wanted, labels) {
                mismatch(errors, &template, labels);
            }
            pods::template(errors, &template, &spec["template"]);
        }
    }
    always_running(errors, &template, &spec["template"], what.kind);
}

/// How a kind is called in errors.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    /// In "empty selector is invalid for …".
    pub(crate) lower: &'static str,
    /// In "activeDeadlineSeconds in … is not Supported".
    pub(crate) kind: &'static str,
    /// What is said of a selector that is none; then the template is not looked at. Daemon sets say nothing, and do not
    /// ask for a selector either.
    pub(crate) unreadable: Option<&'static str>,
}

/// The error of a template whose labels the selector does not match.
pub(crate) fn mismatch(errors: &mut Errors, path: &Path, labels: &Value) {
    let detail = "`selector` does not match template `labels`";
    errors.push(FieldError::invalid(
        path.at("metadata.labels"),
        labels.clone(),
        detail,
    ));
}

/// Pods that are kept running are always restarted and have no deadline.
pub(crate) fn always_running(errors: &mut Errors, path: &Path, template: &Value, kind: &str) {
    let policy = text(&template["spec"], "restartPolicy");
    if policy != "Always" {
        errors.push(FieldError::not_supported(
            path.at("spec.restartPolicy"),
            policy,
            &["Always"],
        ));
    }
    if is_set(&template["spec"], "activeDeadlineSeconds") {
        let detail = format!("activeDeadlineSeconds in {kind} is not Supported");
        errors.push(FieldError::forbidden(
            path.at("spec.activeDeadlineSeconds"),
            detail,
        ));
    }
}

/// Errors of the numbers in some fields of an object at `path`.
pub(crate) fn numbers(errors: &mut Errors, path: &Path, object: &Value, fields: &[&str]) {
    for field in fields {
        if let Some(number) = int(object, field) {
            not_negative(errors, &path.at(field), number);
        }
    }
}

/// The selector never changes: pods would be lost or taken from others.
pub(crate) fn same_selector(errors: &mut Errors, new: &Value, old: &Value) {
    let path = Path::new("spec.selector");
    immutable(errors, &path, &new["spec"]["selector"], &old["spec"]["selector"]);
}

/// Errors of a status that counts pods: no count is negative, and no part is greater than the whole.
pub(crate) fn replica_status(object: &Value, parts: &[&str], whole_of_ready: &str) -> Errors {
    let mut errors = Errors::new();
    let (status, path) = (&object["status"], Path::new("status"));
    numbers(
        &mut errors,
        &path,
        status,
        &["replicas", "observedGeneration", "collisionCount"],
    );
    numbers(&mut errors, &path, status, parts);
    let all = count(status, "replicas");
    for field in parts.iter().filter(|field| **field != "unavailableReplicas") {
        let part = count(status, field);
        if part > all {
            let detail = "cannot be greater than status.replicas";
            errors.push(FieldError::invalid(path.at(field), part, detail));
        }
    }
    let available = count(status, "availableReplicas");
    if available > count(status, "readyReplicas") {
        let detail = format!("cannot be greater than {whole_of_ready}");
        errors.push(FieldError::invalid(
            path.at("availableReplicas"),
            available,
            detail,
        ));
    }
    errors
}

/// A count of collisions never goes back.
pub(crate) fn collisions(errors: &mut Errors, new: &Value, old: &Value) {
    let [now, before] = [new, old].map(|object| count(&object["status"], "collisionCount"));
    if now < before {
        errors.push(FieldError::invalid(
            "status.collisionCount",
            now,
            "cannot be decremented",
        ));
    }
}

/// A number or a percentage, and not below 0.
pub(crate) fn int_or_percent(errors: &mut Errors, path: &Path, value: &Value) {
    match value {
        Value::String(text) => {
            let digits = text.strip_suffix('%').unwrap_or_default();
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                let detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. \
                              '1%',  or '93%', regex used for validation is '[0-9]+%')";
                errors.push(FieldError::invalid(path, text.as_str(), detail));
            }
        }
        number => not_negative(errors, path, number.as_i64().unwrap_or_default()),
    }
}

/// A percentage is of something, so not more than all of it.
pub(crate) fn at_most_all(errors: &mut Errors, path: &Path, value: &Value) {
    if value.as_str().is_some_and(|text| text.ends_with('%')) && amount(value) > 100 {
        errors.push(FieldError::invalid(
            path,
            value.clone(),
            "must not be greater than 100%",
        ));
    }
}

/// Value of a number or a percentage.
pub(crate) fn amount(value: &Value) -> i64 {
    match value {
        Value::String(text) => text.trim_end_matches('%').parse().unwrap_or_default(),
        number => number.as_i64().unwrap_or_default(),
    }
}

/// Warnings about a workload's name and template.
pub(crate) fn warnings(object: &Value, old: Option<&Value>) -> Vec<String> {
    let mut warnings = Vec::new();
    if old.is_none() {
        warnings.extend(name_warning(object));
    }
    let path = Path::new("spec.template");
    let old = old.map(|old| &old["spec"]["template"]);
    warnings.extend(warn::template(&object["spec"]["template"], old, &path));
    warnings
}

/// A name that makes awkward names of pods.
pub(crate) fn name_warning(object: &Value) -> Option<String> {
    let found = name::label(text(&object["metadata"], "name"), false);
    (!found.is_empty()).then(|| {
        format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a \
             DNS label is recommended: [{}]",
            found.join(" ")
        )
    })
}
