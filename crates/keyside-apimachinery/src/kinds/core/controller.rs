//! Replication controllers, the elders of replica sets, and pod templates.

use super::pod::{default::template, spec as pods, warn};
use crate::kinds::access::{entries, fill, inside, is_set, made, same, set};
use crate::kinds::apps::replica_set::{COLUMNS, counts};
use crate::kinds::apps::workload::{always_running, mismatch, numbers, replica_status, warnings};
use crate::kinds::checks::Errors;
use crate::kinds::kind::{Generation, Kind, NAME};
use crate::kinds::path::Path;
use crate::kinds::print::containers;
use crate::kinds::selector::{matches_labels, shown_labels};
use crate::status::FieldError;
use serde_json::Value;

pub(super) const CONTROLLER: Kind = Kind {
    default,
    counts: &["replicas"],
    validate_create: |controller, _| validate(controller),
    validate_update: |new, _, context| {
        if context.subresource == "status" {
            let parts = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"];
            return replica_status(new, &parts, "readyReplicas");
        }
        validate(new)
    },
    warnings,
    columns: COLUMNS,
    cells: |controller, now| {
        let mut cells = counts(controller, now);
        cells.push(shown_labels(&controller["spec"]["selector"]).into());
        cells
    },
    selectable: |controller| {
        vec![(
            "status.replicas",
            controller["status"]["replicas"]
                .as_i64()
                .unwrap_or_default()
                .to_string(),
        )]
    },
    orphans: true,
    ..Kind::WITH_STATUS
};

pub(super) const POD_TEMPLATE: Kind = Kind {
    default: |object| {
        if let Some(pods) = made(object, "template") {
            template(pods);
        }
    },
    validate_create: |object, _| validate_template(object),
    validate_update: |new, _, _| validate_template(new),
    warnings: |object, old| {
        warn::template(
            &object["template"],
            old.map(|old| &old["template"]),
            &Path::new("template"),
        )
    },
    generation: Generation::Content,
    columns: &[
        NAME,
        ("Containers", "string", "", 0, "Names of the containers."),
        ("Images", "string", "", 0, "Images of the containers."),
        ("Pod Labels", "string", "", 0, "Labels of its pods."),
    ],
    cells: |object, _| {
        let [names, images] = containers(&object["template"]);
        let labels = shown_labels(&object["template"]["metadata"]["labels"]);
        vec![object["metadata"]["name"].clone(), names, images, labels.into()]
    },
    ..Kind::PLAIN
};

/// Without a selector or labels of its own, a controller takes those of its template.
fn default(controller: &mut Value) {
    let labels = controller["spec"]["template"]["metadata"]["labels"].clone();
    if let Some(spec) = inside(controller, "spec") {
        if labels.is_object() && entries(spec, "selector").next().is_none() {
            set(spec, "selector", labels.clone());
        }
        fill(spec, "replicas", || 1.into());
        if let Some(pods) = inside(spec, "template") {
            template(pods);
        }
    }
    if labels.is_object()
        && same(&controller["metadata"]["labels"], &Value::Null)
        && let Some(metadata) = made(controller, "metadata")
    {
        set(metadata, "labels", labels);
    }
}

fn validate(controller: &Value) -> Errors {
    let mut errors = Errors::new();
    let (spec, path) = (&controller["spec"], Path::new("spec"));
    numbers(&mut errors, &path, spec, &["minReadySeconds", "replicas"]);
    if entries(spec, "selector").next().is_none() {
        errors.push(FieldError::required(path.at("selector"), ""));
    }
    let (path, pods_template) = (path.at("template"), &spec["template"]);
    if !is_set(spec, "template") {
        errors.push(FieldError::required(path, ""));
        return errors;
    }
    let labels = &pods_template["metadata"]["labels"];
    if !matches_labels(&spec["selector"], labels) {
        mismatch(&mut errors, &path, labels);
    }
    pods::template(&mut errors, &path, pods_template);
    always_running(&mut errors, &path, pods_template, "ReplicationController");
    errors
}

fn validate_template(object: &Value) -> Errors {
    let mut errors = Errors::new();
    pods::template(&mut errors, &Path::new("template"), &object["template"]);
    errors
}
