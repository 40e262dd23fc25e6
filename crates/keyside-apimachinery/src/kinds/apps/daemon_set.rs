//! Daemon sets.

use super::workload::{
    Words, amount, at_most_all, collisions, int_or_percent, numbers, same_selector, selector_and_template,
    warnings,
};
use crate::kinds::access::{count, fill, fill_text, inside, is_set, made, text};
use crate::kinds::checks::Errors;
use crate::kinds::core::pod::default::template;
use crate::kinds::kind::{AGE, Kind, NAME};
use crate::kinds::path::Path;
use crate::kinds::print::{age, containers};
use crate::kinds::selector::{shown, shown_labels};
use crate::resource::WriteContext;
use crate::status::FieldError;
use serde_json::Value;

const COUNTS: [&str; 5] = [
    "desiredNumberScheduled",
    "currentNumberScheduled",
    "numberReady",
    "updatedNumberScheduled",
    "numberAvailable",
];

pub(super) const DAEMON_SET: Kind = Kind {
    default,
    counts: &[
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
    ],
    validate_create: |set, _| validate(set),
    validate_update,
    warnings,
    columns: &[
        NAME,
        ("Desired", "integer", "", 0, "Nodes that should run its pod."),
        ("Current", "integer", "", 0, "Nodes that have its pod."),
        ("Ready", "integer", "", 0, "Nodes whose pod is ready."),
        (
            "Up-to-date",
            "integer",
            "",
            0,
            "Nodes whose pod is of the newest template.",
        ),
        (
            "Available",
            "integer",
            "",
            0,
            "Nodes whose pod was ready for long enough.",
        ),
        ("Node Selector", "string", "", 0, "Labels of the nodes."),
        AGE,
        ("Containers", "string", "", 1, "Names of the containers."),
        ("Images", "string", "", 1, "Images of the containers."),
        ("Selector", "string", "", 1, "Labels of its pods."),
    ],
    cells,
    ..Kind::WITH_STATUS
};

fn default(set: &mut Value) {
    let Some(spec) = inside(set, "spec") else { return };
    fill(spec, "revisionHistoryLimit", || 10.into());
    if let Some(strategy) = made(spec, "updateStrategy") {
        fill_text(strategy, "type", "RollingUpdate");
        if text(strategy, "type") == "RollingUpdate"
            && let Some(rolling) = made(strategy, "rollingUpdate")
        {
            fill(rolling, "maxUnavailable", || 1.into());
            fill(rolling, "maxSurge", || 0.into());
        }
    }
    if let Some(pods) = made(spec, "template") {
        template(pods);
    }
}

fn validate(set: &Value) -> Errors {
    let mut errors = Errors::new();
    let (spec, path) = (&set["spec"], Path::new("spec"));
    selector_and_template(
        &mut errors,
        spec,
        Words {
            lower: "daemonset",
            kind: "DaemonSet",
            unreadable: None,
        },
    );
    numbers(
        &mut errors,
        &path,
        spec,
        &["minReadySeconds", "revisionHistoryLimit"],
    );
    let (path, strategy) = (path.at("updateStrategy"), &spec["updateStrategy"]);
    match text(strategy, "type") {
        "OnDelete" => {}
        "RollingUpdate" if !is_set(strategy, "rollingUpdate") => {
            errors.push(FieldError::required(path.at("rollingUpdate"), ""));
        }
        "RollingUpdate" => rolling(&mut errors, &path.at("rollingUpdate"), &strategy["rollingUpdate"]),
        _ => errors.push(FieldError::not_supported(
            path,
            strategy.clone(),
            &["RollingUpdate", "OnDelete"],
        )),
    }
    errors
}

fn rolling(errors: &mut Errors, path: &Path, rolling: &Value) {
    for field in ["maxUnavailable", "maxSurge"] {
        int_or_percent(errors, &path.at(field), &rolling[field]);
        at_most_all(errors, &path.at(field), &rolling[field]);
    }
    match (
        amount(&rolling["maxUnavailable"]) != 0,
        amount(&rolling["maxSurge"]) != 0,
    ) {
        (true, true) => {
            let value = rolling["maxSurge"].clone();
            let detail = "may not be set when maxUnavailable is non-zero";
            errors.push(FieldError::invalid(path.at("maxSurge"), value, detail));
        }
        (false, false) => {
            let detail = "cannot be 0 when maxSurge is 0";
            errors.push(FieldError::required(path.at("maxUnavailable"), detail));
        }
        _ => {}
    }
}

fn validate_update(new: &Value, old: &Value, context: &WriteContext) -> Errors {
    let mut errors = Errors::new();
    if context.subresource == "status" {
        let path = Path::new("status");
        numbers(&mut errors, &path, &new["status"], &COUNTS);
        let rest = [
            "numberMisscheduled",
            "numberUnavailable",
            "observedGeneration",
            "collisionCount",
        ];
        numbers(&mut errors, &path, &new["status"], &rest);
        collisions(&mut errors, new, old);
        return errors;
    }
    same_selector(&mut errors, new, old);
    errors.extend(validate(new));
    errors
}

fn cells(set: &Value, now: &str) -> Vec<Value> {
    let template = &set["spec"]["template"];
    let [names, images] = containers(template);
    let mut cells = vec![set["metadata"]["name"].clone()];
    cells.extend(COUNTS.map(|field| Value::from(count(&set["status"], field))));
    cells.extend([
        shown_labels(&template["spec"]["nodeSelector"]).into(),
        age(set, now).into(),
        names,
        images,
        shown(&set["spec"]["selector"]).into(),
    ]);
    cells
}
