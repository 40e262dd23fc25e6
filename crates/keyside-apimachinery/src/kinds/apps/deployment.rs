//! Deployments.

use super::workload::{
    Words, amount, at_most_all, collisions, int_or_percent, numbers, replica_status, same_selector,
    selector_and_template, warnings,
};
use crate::kinds::access::{count, fill, fill_text, inside, int, is_set, made, restore, text};
use crate::kinds::checks::Errors;
use crate::kinds::core::pod::default::template;
use crate::kinds::kind::{AGE, Generation, Kind, NAME};
use crate::kinds::path::Path;
use crate::kinds::print::{age, containers};
use crate::kinds::selector::written;
use crate::resource::WriteContext;
use crate::status::FieldError;
use serde_json::Value;

pub(super) const DEPLOYMENT: Kind = Kind {
    default,
    prepare_update: |new, old, context| {
        if context.subresource == "status"
            && let Some(metadata) = made(new, "metadata")
        {
            restore(metadata, "labels", &old["metadata"]);
        }
    },
    validate_create: |deployment, _| validate(deployment),
    validate_update,
    warnings,
    generation: Generation::SpecAndAnnotations,
    columns: &[
        NAME,
        ("Ready", "string", "", 0, "Pods that are ready, of those wanted."),
        ("Up-to-date", "string", "", 0, "Pods of the newest template."),
        ("Available", "string", "", 0, "Pods ready for long enough."),
        AGE,
        ("Containers", "string", "", 1, "Names of the containers."),
        ("Images", "string", "", 1, "Images of the containers."),
        ("Selector", "string", "", 1, "Labels of its pods."),
    ],
    cells,
    ..Kind::WITH_STATUS
};

fn default(deployment: &mut Value) {
    let Some(spec) = inside(deployment, "spec") else {
        return;
    };
    fill(spec, "replicas", || 1.into());
    fill(spec, "revisionHistoryLimit", || 10.into());
    fill(spec, "progressDeadlineSeconds", || 600.into());
    if let Some(strategy) = made(spec, "strategy") {
        fill_text(strategy, "type", "RollingUpdate");
        if text(strategy, "type") == "RollingUpdate"
            && let Some(rolling) = made(strategy, "rollingUpdate")
        {
            fill(rolling, "maxUnavailable", || "25%".into());
            fill(rolling, "maxSurge", || "25%".into());
        }
    }
    if let Some(pods) = made(spec, "template") {
        template(pods);
    }
}

fn validate(deployment: &Value) -> Errors {
    let mut errors = Errors::new();
    let (spec, path) = (&deployment["spec"], Path::new("spec"));
    selector_and_template(
        &mut errors,
        spec,
        Words {
            lower: "deployment",
            kind: "ReplicaSet",
            unreadable: Some("invalid label selector"),
        },
    );
    let fields = [
        "replicas",
        "minReadySeconds",
        "revisionHistoryLimit",
        "progressDeadlineSeconds",
    ];
    numbers(&mut errors, &path, spec, &fields);
    strategy(&mut errors, &path.at("strategy"), &spec["strategy"]);
    if let Some(deadline) = int(spec, "progressDeadlineSeconds")
        && deadline <= count(spec, "minReadySeconds")
    {
        let detail = "must be greater than minReadySeconds";
        errors.push(FieldError::invalid(
            path.at("progressDeadlineSeconds"),
            deadline,
            detail,
        ));
    }
    errors
}

fn strategy(errors: &mut Errors, path: &Path, strategy: &Value) {
    let rolling = &strategy["rollingUpdate"];
    match text(strategy, "type") {
        "Recreate" => {
            if is_set(strategy, "rollingUpdate") {
                let detail = "may not be specified when strategy `type` is 'Recreate'";
                errors.push(FieldError::forbidden(path.at("rollingUpdate"), detail));
            }
        }
        "RollingUpdate" => {
            let path = path.at("rollingUpdate");
            for field in ["maxUnavailable", "maxSurge"] {
                int_or_percent(errors, &path.at(field), &rolling[field]);
            }
            if amount(&rolling["maxUnavailable"]) == 0 && amount(&rolling["maxSurge"]) == 0 {
                let value = rolling["maxUnavailable"].clone();
                let detail = "may not be 0 when `maxSurge` is 0";
                errors.push(FieldError::invalid(path.at("maxUnavailable"), value, detail));
            }
            at_most_all(errors, &path.at("maxUnavailable"), &rolling["maxUnavailable"]);
        }
        _ => {
            errors.push(FieldError::not_supported(
                path,
                strategy.clone(),
                &["Recreate", "RollingUpdate"],
            ));
        }
    }
}

fn validate_update(new: &Value, old: &Value, context: &WriteContext) -> Errors {
    if context.subresource == "status" {
        let parts = [
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
        ];
        let mut errors = replica_status(new, &parts, "readyReplicas");
        collisions(&mut errors, new, old);
        return errors;
    }
    let mut errors = validate(new);
    same_selector(&mut errors, new, old);
    errors
}

fn cells(deployment: &Value, now: &str) -> Vec<Value> {
    let (spec, status) = (&deployment["spec"], &deployment["status"]);
    let [names, images] = containers(&spec["template"]);
    vec![
        deployment["metadata"]["name"].clone(),
        format!("{}/{}", count(status, "readyReplicas"), count(spec, "replicas")).into(),
        count(status, "updatedReplicas").into(),
        count(status, "availableReplicas").into(),
        age(deployment, now).into(),
        names,
        images,
        written(&spec["selector"]).into(),
    ]
}
