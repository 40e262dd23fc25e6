//! Stateful sets.

use super::workload::{
    Words, amount, at_most_all, collisions, int_or_percent, numbers, replica_status, selector_and_template,
};
use crate::kinds::access::{count, fill, fill_text, inside, is_set, items, list, made, restore, set, text};
use crate::kinds::checks::{Errors, immutable, sentences};
use crate::kinds::core::pod::default::template;
use crate::kinds::core::pod::warn;
use crate::kinds::core::volume;
use crate::kinds::kind::{AGE, Kind, NAME};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::print::{age, containers};
use crate::resource::WriteContext;
use crate::status::FieldError;
use serde_json::{Value, json};

pub(super) const STATEFUL_SET: Kind = Kind {
    default,
    counts: &["replicas", "availableReplicas"],
    validate_create: |set, _| validate(set, true),
    validate_update,
    warnings: |set, old| {
        let path = Path::new("spec.template");
        let before = old.map(|old| &old["spec"]["template"]);
        let mut warnings = warn::template(&set["spec"]["template"], before, &path);
        if count(&set["spec"], "revisionHistoryLimit") < 0 {
            warnings.push(
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is \
                 recommended"
                    .into(),
            );
        }
        warnings
    },
    columns: &[
        NAME,
        ("Ready", "string", "", 0, "Pods that are ready, of those wanted."),
        AGE,
        ("Containers", "string", "", 1, "Names of the containers."),
        ("Images", "string", "", 1, "Images of the containers."),
    ],
    cells: |set, now| {
        let [names, images] = containers(&set["spec"]["template"]);
        let (ready, wanted) = (
            count(&set["status"], "readyReplicas"),
            count(&set["spec"], "replicas"),
        );
        vec![
            set["metadata"]["name"].clone(),
            format!("{ready}/{wanted}").into(),
            age(set, now).into(),
            names,
            images,
        ]
    },
    name: name::label,
    ..Kind::WITH_STATUS
};

fn default(set_object: &mut Value) {
    let Some(spec) = inside(set_object, "spec") else {
        return;
    };
    fill_text(spec, "podManagementPolicy", "OrderedReady");
    if let Some(strategy) = made(spec, "updateStrategy") {
        if text(strategy, "type").is_empty() {
            set(strategy, "type", "RollingUpdate");
            fill(strategy, "rollingUpdate", || json!({}));
        }
        if text(strategy, "type") == "RollingUpdate"
            && let Some(rolling) = inside(strategy, "rollingUpdate")
        {
            fill(rolling, "partition", || 0.into());
            fill(rolling, "maxUnavailable", || 1.into());
        }
    }
    if let Some(policy) = made(spec, "persistentVolumeClaimRetentionPolicy") {
        fill_text(policy, "whenDeleted", "Retain");
        fill_text(policy, "whenScaled", "Retain");
    }
    fill(spec, "replicas", || 1.into());
    fill(spec, "revisionHistoryLimit", || 10.into());
    for claim in items(spec, "volumeClaimTemplates") {
        set(claim, "kind", "PersistentVolumeClaim");
        set(claim, "apiVersion", "v1");
        if let Some(spec) = inside(claim, "spec") {
            volume::claim::defaults(spec);
        }
        if let Some(status) = made(claim, "status") {
            fill_text(status, "phase", "Pending");
        }
    }
    if let Some(pods) = made(spec, "template") {
        template(pods);
    }
}

/// Errors of a set. What never changes is checked once.
fn validate(set_object: &Value, created: bool) -> Errors {
    let mut errors = Errors::new();
    let (spec, path) = (&set_object["spec"], Path::new("spec"));
    let policy = text(spec, "podManagementPolicy");
    if !matches!(policy, "OrderedReady" | "Parallel") {
        let detail = "must be 'OrderedReady' or 'Parallel'";
        errors.push(FieldError::invalid(
            path.at("podManagementPolicy"),
            policy,
            detail,
        ));
    }
    strategy(&mut errors, &path.at("updateStrategy"), &spec["updateStrategy"]);
    for field in ["whenDeleted", "whenScaled"] {
        let policy = text(&spec["persistentVolumeClaimRetentionPolicy"], field);
        if !policy.is_empty() && !matches!(policy, "Retain" | "Delete") {
            let path = path.at("persistentVolumeClaimRetentionPolicy").at(field);
            errors.push(FieldError::not_supported(path, policy, &["Retain", "Delete"]));
        }
    }
    let fixed = if created { spec } else { &Value::Null };
    for (i, claim) in list(fixed, "volumeClaimTemplates").iter().enumerate() {
        let path = path.at("volumeClaimTemplates").index(i).at("spec");
        volume::claim::spec(&mut errors, &path, &claim["spec"]);
    }
    numbers(&mut errors, &path, spec, &["replicas", "minReadySeconds"]);
    numbers(&mut errors, &path.at("ordinals"), &spec["ordinals"], &["start"]);
    let service = text(fixed, "serviceName");
    if !service.is_empty() {
        sentences(
            &mut errors,
            &path.at("serviceName"),
            service,
            name::label(service, false),
        );
    }
    let words = Words {
        lower: "statefulset",
        kind: "StatefulSet",
        unreadable: Some(""),
    };
    selector_and_template(&mut errors, &with_claims(spec), words);
    errors
}

/// The spec as its pods will have it: with a volume for each claim template, and names of their own.
fn with_claims(spec: &Value) -> Value {
    let mut spec = spec.clone();
    let claims: Vec<String> = list(&spec, "volumeClaimTemplates")
        .iter()
        .map(|c| text(&c["metadata"], "name").into())
        .collect();
    let pods = inside(&mut spec, "template").and_then(|template| inside(template, "spec"));
    let Some(pods) = pods else { return spec };
    // The controller gives each pod its own.
    for field in ["hostname", "subdomain"] {
        restore(pods, field, &Value::Null);
    }
    if !claims.is_empty() {
        fill(pods, "volumes", || json!([]));
        if let Some(volumes) = pods.get_mut("volumes").and_then(Value::as_array_mut) {
            volumes.retain(|volume| !claims.iter().any(|claim| text(volume, "name") == claim));
            let made = claims
                .iter()
                .map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": name}}));
            volumes.extend(made);
        }
    }
    spec
}

fn strategy(errors: &mut Errors, path: &Path, strategy: &Value) {
    let rolling = &strategy["rollingUpdate"];
    match text(strategy, "type") {
        "OnDelete" => {
            if is_set(strategy, "rollingUpdate") {
                let detail = "only allowed for updateStrategy 'RollingUpdate'";
                errors.push(FieldError::invalid(
                    path.at("rollingUpdate"),
                    rolling.clone(),
                    detail,
                ));
            }
        }
        "RollingUpdate" => {
            let path = path.at("rollingUpdate");
            numbers(errors, &path, rolling, &["partition"]);
            if is_set(rolling, "maxUnavailable") {
                let (path, value) = (path.at("maxUnavailable"), &rolling["maxUnavailable"]);
                int_or_percent(errors, &path, value);
                at_most_all(errors, &path, value);
                if amount(value) == 0 {
                    errors.push(FieldError::invalid(path, value.clone(), "cannot be 0"));
                }
            }
        }
        _ => {
            let detail = "must be 'RollingUpdate' or 'OnDelete'";
            errors.push(FieldError::invalid(path, strategy.clone(), detail));
        }
    }
}

fn validate_update(new: &Value, old: &Value, context: &WriteContext) -> Errors {
    if context.subresource == "status" {
        let parts = [
            "readyReplicas",
            "currentReplicas",
            "updatedReplicas",
            "availableReplicas",
        ];
        let mut errors = replica_status(new, &parts, "status.readyReplicas");
        collisions(&mut errors, new, old);
        return errors;
    }
    let mut errors = validate(new, false);
    for field in [
        "selector",
        "volumeClaimTemplates",
        "serviceName",
        "podManagementPolicy",
    ] {
        let path = Path::new("spec").at(field);
        immutable(&mut errors, &path, &new["spec"][field], &old["spec"][field]);
    }
    errors
}
