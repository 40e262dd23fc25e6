//! What a job's status may say: counts that do not go back, and an end that is one (`ValidateJobStatusUpdate`).

use crate::kinds::access::{count, flag, is_set, list, text};
use crate::kinds::apps::workload::numbers;
use crate::kinds::checks::Errors;
use crate::kinds::path::Path;
use crate::kinds::print::seconds;
use crate::status::{FieldError, FieldErrorKind};
use serde_json::Value;

/// Whether the first condition of a type is true.
pub(super) fn is_true(status: &Value, kind: &str) -> bool {
    let found = list(status, "conditions")
        .iter()
        .find(|condition| text(condition, "type") == kind);
    found.is_some_and(|condition| text(condition, "status") == "True")
}

/// Errors of a change of `/status`. A rule about two fields is only checked when one of them changes, so that a
/// status that was already wrong can still be reported on.
pub(super) fn update(new: &Value, old: &Value) -> Errors {
    let mut errors = Errors::new();
    let (status, before, path) = (&new["status"], &old["status"], Path::new("status"));
    numbers(
        &mut errors,
        &path,
        status,
        &["active", "succeeded", "failed", "ready", "terminating"],
    );
    conditions(&mut errors, status, before);
    times(&mut errors, new, old);
    let finished = |status: &Value| is_true(status, "Complete") || is_true(status, "Failed");
    let ends = finished(status) && !finished(before);
    for field in ["active", "terminating"] {
        let number = count(status, field);
        if finished(status) && number > 0 && (ends || number != count(before, field)) {
            let detail = format!("{field}>0 is invalid for finished job");
            errors.push(FieldError::invalid(path.at(field), number, detail));
        }
    }
    let (ready, active) = (count(status, "ready"), count(status, "active"));
    if ready > active && (ready, active) != (count(before, "ready"), count(before, "active")) {
        errors.push(FieldError::invalid(
            path.at("ready"),
            ready,
            "cannot set more ready pods than active",
        ));
    }
    let scaled = text(&new["spec"], "completionMode") == "Indexed"
        && new["spec"]["completions"] == new["spec"]["parallelism"];
    for field in ["failed", "succeeded"] {
        let (now, then) = (count(status, field), count(before, field));
        if now < then && !(field == "succeeded" && scaled) {
            let detail = format!("cannot decrease the {field} counter");
            errors.push(FieldError::invalid(path.at(field), now, detail));
        }
    }
    errors
}

fn conditions(errors: &mut Errors, status: &Value, before: &Value) {
    let mut wrong = |detail: String| {
        errors.push(FieldError::new(
            FieldErrorKind::Invalid,
            "status.conditions",
            None,
            detail,
        ));
    };
    let changed = |kind: &str| is_true(status, kind) != is_true(before, kind);
    let both = |one: &str, other: &str| is_true(status, one) && is_true(status, other);
    for (one, other, shown) in [
        ("Complete", "Failed", "Complete=True and Failed=true"),
        (
            "Complete",
            "FailureTarget",
            "Complete=True and FailureTarget=true",
        ),
        (
            "SuccessCriteriaMet",
            "Failed",
            "SuccessCriteriaMet=True and Failed=true",
        ),
        (
            "SuccessCriteriaMet",
            "FailureTarget",
            "SuccessCriteriaMet=True and FailureTarget=true",
        ),
    ] {
        if both(one, other) && (one == "SuccessCriteriaMet" || changed(one) || changed(other)) {
            wrong(format!("cannot set {shown} conditions"));
        }
    }
    for (end, reason) in [("Failed", "FailureTarget"), ("Complete", "SuccessCriteriaMet")] {
        if is_true(status, end) && changed(end) && !is_true(status, reason) {
            wrong(format!(
                "cannot set {end}=True condition without the {reason}=true condition"
            ));
        }
    }
    for end in ["Failed", "Complete", "FailureTarget"] {
        if is_true(before, end) && !is_true(status, end) {
            wrong(format!("cannot disable the terminal {end}=True condition"));
        }
    }
    if is_true(before, "SuccessCriteriaMet") && !is_true(status, "SuccessCriteriaMet") {
        wrong("cannot disable the SuccessCriteriaMet=True condition".into());
    }
}

fn times(errors: &mut Errors, new: &Value, old: &Value) {
    let (status, before, path) = (&new["status"], &old["status"], Path::new("status"));
    let complete = is_true(status, "Complete");
    let finished = complete || is_true(status, "Failed");
    let changed = |field: &str| status[field] != before[field];
    let ends = finished && !(is_true(before, "Complete") || is_true(before, "Failed"));
    let completes = complete != is_true(before, "Complete");
    let end = path.at("completionTime");
    if completes || changed("completionTime") {
        if complete && !is_set(status, "completionTime") {
            errors.push(FieldError::required(
                &end,
                "completionTime is required for Complete jobs",
            ));
        }
        if !complete && is_set(status, "completionTime") {
            let detail = "cannot set completionTime when there is no Complete=True condition";
            errors.push(FieldError::invalid(
                &end,
                status["completionTime"].clone(),
                detail,
            ));
        }
    }
    if let (Some(start), Some(stop)) = (seconds(&status["startTime"]), seconds(&status["completionTime"]))
        && stop < start
        && (changed("startTime") || changed("completionTime"))
    {
        let detail = "must be equal to or after `startTime`";
        errors.push(FieldError::invalid(
            &end,
            status["completionTime"].clone(),
            detail,
        ));
    }
    if is_set(status, "completionTime") && is_set(before, "completionTime") && changed("completionTime") {
        errors.push(FieldError::invalid(
            &end,
            status["completionTime"].clone(),
            "field is immutable",
        ));
    }
    let none_wanted = flag(&new["spec"], "suspend") && new["spec"]["completions"] == 0;
    if finished && (ends || changed("startTime")) && !is_set(status, "startTime") && !none_wanted {
        let path = path.at("startTime");
        errors.push(FieldError::required(
            path,
            "startTime is required for finished job",
        ));
    }
    let resumes = is_true(before, "Suspended") && !is_true(status, "Suspended");
    if is_set(before, "startTime") && changed("startTime") && !flag(&new["spec"], "suspend") && !resumes {
        let detail = "field is immutable for unsuspended job once set";
        errors.push(FieldError::invalid(
            path.at("startTime"),
            status["startTime"].clone(),
            detail,
        ));
    }
}
