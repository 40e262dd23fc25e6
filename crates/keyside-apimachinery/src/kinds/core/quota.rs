//! Limit ranges and resource quotas. Nothing here enforces them: they are checked, stored and shown.

use super::pod::resources::{amount, is_counted_by_quota, resource_name};
use crate::kinds::access::{entries, fill, inside, is_set, items, list, made, text};
use crate::kinds::checks::{Errors, immutable, sentences};
use crate::kinds::kind::{AGE, Generation, Kind, NAME};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::print::age;
use crate::kinds::quantity::{Quantity, tidy_list};
use crate::resource::WriteContext;
use crate::status::FieldError;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) const LIMIT_RANGE: Kind = Kind {
    default: |range| {
        for limit in inside(range, "spec")
            .map(|spec| items(spec, "limits"))
            .unwrap_or_default()
        {
            default_limit(limit);
        }
    },
    validate_create: |range, _| validate_range(range),
    validate_update: |new, _, _| validate_range(new),
    columns: &[NAME, ("Created At", "date", "", 0, "When it was created.")],
    cells: |range, _| {
        vec![
            range["metadata"]["name"].clone(),
            range["metadata"]["creationTimestamp"].clone(),
        ]
    },
    ..Kind::PLAIN
};

pub(super) const QUOTA: Kind = Kind {
    default: |quota| {
        for part in ["spec", "status"] {
            if let Some(part) = inside(quota, part) {
                tidy_list(part, "hard");
                tidy_list(part, "used");
            }
        }
    },
    validate_create: |quota, _| validate_quota(quota, "spec"),
    validate_update: validate_quota_update,
    generation: Generation::Absent,
    columns: &[
        NAME,
        (
            "Request",
            "string",
            "",
            0,
            "What is used of what may be requested.",
        ),
        (
            "Limit",
            "string",
            "",
            0,
            "What is used of what limits may add up to.",
        ),
        AGE,
    ],
    cells: quota_cells,
    ..Kind::WITH_STATUS
};

const SCOPES: [&str; 7] = [
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];
/// What a quota can count of pods of a scope.
const OF_PODS: [&str; 7] = [
    "cpu",
    "limits.cpu",
    "limits.memory",
    "memory",
    "pods",
    "requests.cpu",
    "requests.memory",
];
const BOUNDS: [&str; 5] = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

/// A missing default of a container's limit is the maximum; a missing request the limit, or else the minimum.
fn default_limit(limit: &mut Value) {
    BOUNDS.iter().for_each(|bound| tidy_list(limit, bound));
    if text(limit, "type") != "Container" {
        return;
    }
    for (field, from) in [
        ("default", "max"),
        ("defaultRequest", "default"),
        ("defaultRequest", "min"),
    ] {
        let amounts = limit[from].as_object().cloned().unwrap_or_default();
        if let Some(target) = made(limit, field) {
            for (name, amount) in amounts {
                fill(target, &name, || amount);
            }
        }
    }
}

fn validate_range(range: &Value) -> Errors {
    let mut errors = Errors::new();
    let limits = list(&range["spec"], "limits");
    for (i, limit) in limits.iter().enumerate() {
        let path = Path::new("spec.limits").index(i);
        let kind = text(limit, "type");
        let found = name::label_key(kind);
        if !found.is_empty() {
            sentences(&mut errors, &path.at("type"), kind, found);
        } else if !kind.contains('/') && !matches!(kind, "Pod" | "Container" | "PersistentVolumeClaim") {
            let detail = "must be a standard limit type or fully qualified";
            errors.push(FieldError::invalid(path.at("type"), kind, detail));
        }
        if limits[..i].iter().any(|other| text(other, "type") == kind) {
            errors.push(FieldError::duplicate(path.at("type"), kind));
        }
        let mut names = BTreeSet::new();
        for bound in BOUNDS {
            if kind == "Pod" && bound.starts_with("default") {
                if entries(limit, bound).next().is_some() {
                    let detail = "may not be specified when `type` is 'Pod'";
                    errors.push(FieldError::forbidden(path.at(bound), detail));
                }
                continue;
            }
            for (name, value) in entries(limit, bound) {
                let path = path.at(bound).key(name);
                resource_name(&mut errors, &path, name);
                amount(&mut errors, &path, name, value);
                names.insert(name.as_str());
            }
        }
        let storage = ["min", "max"]
            .iter()
            .any(|bound| is_set(&limit[*bound], "storage"));
        if kind == "PersistentVolumeClaim" && !storage {
            let detail = "either minimum or maximum storage value is required, but neither was provided";
            errors.push(FieldError::required(path.at("limits"), detail));
        }
        names
            .iter()
            .for_each(|name| order(&mut errors, &path, limit, name));
    }
    errors
}

/// Bounds of one resource must not cross.
fn order(errors: &mut Errors, path: &Path, limit: &Value, name: &str) {
    let read = |bound: &str| {
        let forbidden = bound.starts_with("default") && text(limit, "type") == "Pod";
        if forbidden {
            None
        } else {
            Quantity::read(&limit[bound][name])
        }
    };
    let rules = [
        ("min", "max", "min", "min value {} is greater than max value {}"),
        (
            "min",
            "defaultRequest",
            "defaultRequest",
            "min value {} is greater than default request value {}",
        ),
        (
            "defaultRequest",
            "max",
            "defaultRequest",
            "default request value {} is greater than max value {}",
        ),
        (
            "defaultRequest",
            "default",
            "defaultRequest",
            "default request value {} is greater than default limit value {}",
        ),
        (
            "min",
            "default",
            "default",
            "min value {} is greater than default value {}",
        ),
        (
            "default",
            "max",
            "default",
            "default value {} is greater than max value {}",
        ),
    ];
    for (small, big, at, wording) in rules {
        if let (Some(small), Some(big)) = (read(small), read(big))
            && small > big
        {
            let detail = wording
                .replacen("{}", &small.to_string(), 1)
                .replacen("{}", &big.to_string(), 1);
            let value = limit[at][name].clone();
            errors.push(FieldError::invalid(path.at(at).key(name), value, detail));
        }
    }
    if let Some(ratio) = read("maxLimitRequestRatio").filter(|ratio| ratio.billionths() < 1_000_000_000) {
        let path = path.at("maxLimitRequestRatio").key(name);
        errors.push(FieldError::invalid(
            path,
            ratio.to_string(),
            format!("ratio {ratio} is less than 1"),
        ));
    }
}

fn validate_quota(quota: &Value, part: &str) -> Errors {
    let mut errors = Errors::new();
    for field in ["hard", "used"] {
        for (name, value) in entries(&quota[part], field) {
            let path = Path::new(part).at(field).key(name);
            resource_name(&mut errors, &path, name);
            if !name.contains('/') && !is_counted_by_quota(name) {
                let detail = "must be a standard resource for quota";
                errors.push(FieldError::invalid(&path, name.as_str(), detail));
            }
            amount(&mut errors, &path, name, value);
        }
    }
    if part == "spec" {
        scopes(&mut errors, &quota["spec"]);
    }
    errors
}

/// Errors of the scopes: which pods a quota is about.
fn scopes(errors: &mut Errors, spec: &Value) {
    let (path, all) = (Path::new("spec.scopes"), list(spec, "scopes"));
    let mut refuse = |detail: &str| errors.push(FieldError::invalid(&path, all, detail));
    for scope in all {
        let scope = scope.as_str().unwrap_or_default();
        if !SCOPES.contains(&scope) {
            refuse("unsupported scope");
        }
        for (resource, _) in entries(spec, "hard").filter(|(name, _)| is_counted_by_quota(name)) {
            let fits = match scope {
                "BestEffort" => resource == "pods",
                "VolumeAttributesClass" => {
                    matches!(resource.as_str(), "persistentvolumeclaims" | "requests.storage")
                }
                _ => !SCOPES.contains(&scope) || OF_PODS.contains(&resource.as_str()),
            };
            if !fits {
                refuse("unsupported scope applied to resource");
            }
        }
    }
    let has = |scope: &str| all.iter().any(|one| one == scope);
    for (one, other) in [("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")] {
        if has(one) && has(other) {
            refuse("conflicting scopes");
        }
    }
}

fn validate_quota_update(new: &Value, old: &Value, context: &WriteContext) -> Errors {
    if context.subresource == "status" {
        return validate_quota(new, "status");
    }
    let mut errors = validate_quota(new, "spec");
    immutable(
        &mut errors,
        &Path::new("spec.scopes"),
        &new["spec"]["scopes"],
        &old["spec"]["scopes"],
    );
    errors
}

fn quota_cells(quota: &Value, now: &str) -> Vec<Value> {
    let status = &quota["status"];
    let mut columns = [Vec::new(), Vec::new()];
    let mut hard: Vec<_> = entries(status, "hard").collect();
    hard.sort_by_key(|(name, _)| *name);
    for (name, amount) in hard {
        let used = text(&status["used"], name);
        let used = if used.is_empty() { "0" } else { used };
        let shown = format!("{name}: {used}/{}", amount.as_str().unwrap_or("0"));
        columns[usize::from(name.starts_with("limits."))].push(shown);
    }
    let [requests, limits] = columns.map(|column| column.join(", "));
    vec![
        quota["metadata"]["name"].clone(),
        requests.into(),
        limits.into(),
        age(quota, now).into(),
    ]
}
