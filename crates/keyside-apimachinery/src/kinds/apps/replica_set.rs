//! Replica sets.

use super::workload::{Words, numbers, replica_status, same_selector, selector_and_template, warnings};
use crate::kinds::access::{count, fill, inside, made};
use crate::kinds::checks::Errors;
use crate::kinds::core::pod::default::template;
use crate::kinds::kind::{AGE, ColumnRow, Kind, NAME};
use crate::kinds::path::Path;
use crate::kinds::print::{age, containers};
use crate::kinds::selector::shown;
use serde_json::Value;

pub(super) const REPLICA_SET: Kind = Kind {
    default: |set| {
        if let Some(spec) = inside(set, "spec") {
            fill(spec, "replicas", || 1.into());
            if let Some(pods) = made(spec, "template") {
                template(pods);
            }
        }
    },
    counts: &["replicas"],
    validate_create: |set, _| validate(set),
    validate_update: |new, old, context| {
        if context.subresource == "status" {
            let parts = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"];
            return replica_status(new, &parts, "readyReplicas");
        }
        let mut errors = validate(new);
        same_selector(&mut errors, new, old);
        errors
    },
    warnings,
    columns: COLUMNS,
    cells: |set, now| {
        let mut cells = counts(set, now);
        cells.push(shown(&set["spec"]["selector"]).into());
        cells
    },
    selectable: |set| vec![("status.replicas", count(&set["status"], "replicas").to_string())],
    ..Kind::WITH_STATUS
};

pub(crate) const COLUMNS: &[ColumnRow] = &[
    NAME,
    ("Desired", "integer", "", 0, "Pods wanted."),
    ("Current", "integer", "", 0, "Pods that exist."),
    ("Ready", "integer", "", 0, "Pods that are ready."),
    AGE,
    ("Containers", "string", "", 1, "Names of the containers."),
    ("Images", "string", "", 1, "Images of the containers."),
    ("Selector", "string", "", 1, "Labels of its pods."),
];

fn validate(set: &Value) -> Errors {
    let mut errors = Errors::new();
    let spec = &set["spec"];
    numbers(
        &mut errors,
        &Path::new("spec"),
        spec,
        &["replicas", "minReadySeconds"],
    );
    // Kubernetes says "deployment" here too.
    selector_and_template(
        &mut errors,
        spec,
        Words {
            lower: "deployment",
            kind: "ReplicaSet",
            unreadable: Some("invalid label selector"),
        },
    );
    errors
}

/// All cells but the selector's; replication controllers have the same.
pub(crate) fn counts(set: &Value, now: &str) -> Vec<Value> {
    let [names, images] = containers(&set["spec"]["template"]);
    vec![
        set["metadata"]["name"].clone(),
        count(&set["spec"], "replicas").into(),
        count(&set["status"], "replicas").into(),
        count(&set["status"], "readyReplicas").into(),
        age(set, now).into(),
        names,
        images,
    ]
}
