//! Claims: what asks for a volume.

use super::{access_modes, class, modes, or_unset, pending, phase};
use crate::kinds::access::{fill, inside, is_set, list, restore, same, set, take, text};
use crate::kinds::checks::{Errors, label_selector, one_of_or_none, sentences};
use crate::kinds::core::pod::resources;
use crate::kinds::kind::{AGE, ColumnRow, Generation, Kind, NAME};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::print::age;
use crate::kinds::quantity::{Quantity, tidy_list};
use crate::resource::WriteContext;
use crate::status::FieldError;
use serde_json::Value;

pub(crate) const CLAIM: Kind = Kind {
    default: |claim| {
        if let Some(spec) = inside(claim, "spec") {
            defaults(spec);
        }
    },
    prepare_create: |claim, context| {
        pending(claim, context);
        if let Some(spec) = inside(claim, "spec") {
            twin_sources(spec);
        }
    },
    validate_create: |claim, _| {
        let mut errors = Errors::new();
        spec(&mut errors, &Path::new("spec"), &claim["spec"]);
        errors
    },
    validate_update: update,
    generation: Generation::Absent,
    columns: COLUMNS,
    cells,
    selectable: |claim| vec![("name", text(&claim["metadata"], "name").into())],
    ..Kind::WITH_STATUS
};

const COLUMNS: &[ColumnRow] = &[
    NAME,
    ("Status", "string", "", 0, "Phase of the claim."),
    ("Volume", "string", "", 0, "Volume the claim is bound to."),
    ("Capacity", "string", "", 0, "How much that volume holds."),
    ("Access Modes", "string", "", 0, "How it may be mounted."),
    ("StorageClass", "string", "", 0, "Storage class wanted."),
    (
        "VolumeAttributesClass",
        "string",
        "",
        0,
        "Attributes class wanted.",
    ),
    AGE,
    (
        "VolumeMode",
        "string",
        "",
        1,
        "Whether a file system or a block device is wanted.",
    ),
];

/// Defaults of a claim's spec, also inside a pod's ephemeral volume.
pub(crate) fn defaults(spec: &mut Value) {
    fill(spec, "volumeMode", || "Filesystem".into());
    if let Some(resources) = inside(spec, "resources") {
        tidy_list(resources, "requests");
        tidy_list(resources, "limits");
    }
}

/// The older field for what to copy from takes only claims and snapshots, and anything else is dropped; the newer field
/// says the same.
fn twin_sources(spec: &mut Value) {
    let (older, newer) = (is_set(spec, "dataSource"), is_set(spec, "dataSourceRef"));
    let source = &spec["dataSource"];
    let taken = matches!(
        (text(source, "kind"), text(source, "apiGroup")),
        ("PersistentVolumeClaim", "") | ("VolumeSnapshot", "snapshot.storage.k8s.io")
    );
    if older && !newer && taken {
        set(spec, "dataSourceRef", spec["dataSource"].clone());
    } else if older && !newer {
        take(spec, "dataSource");
    } else if newer && !older && text(&spec["dataSourceRef"], "namespace").is_empty() {
        set(spec, "dataSource", spec["dataSourceRef"].clone());
    }
}

/// Errors of a claim's spec.
pub(crate) fn spec(errors: &mut Errors, path: &Path, spec: &Value) {
    if list(spec, "accessModes").is_empty() {
        let detail = "at least 1 access mode is required";
        errors.push(FieldError::required(path.at("accessModes"), detail));
    }
    label_selector(errors, &path.at("selector"), &spec["selector"]);
    access_modes(errors, &path.at("accessModes"), spec);
    let wanted = &spec["resources"]["requests"]["storage"];
    let own = path.at("resources").key("storage");
    if wanted.is_null() {
        errors.push(FieldError::required(own, ""));
    } else if let Some(size) = Quantity::read(wanted).filter(|q| q.is_zero() || q.is_negative()) {
        errors.push(FieldError::invalid(
            own,
            size.to_string(),
            "must be greater than zero",
        ));
    } else {
        resources::amount(errors, &own, "storage", wanted);
    }
    let class = text(spec, "storageClassName");
    if !class.is_empty() {
        sentences(
            errors,
            &path.at("storageClassName"),
            class,
            name::subdomain(class, false),
        );
    }
    one_of_or_none(
        errors,
        &path.at("volumeMode"),
        &spec["volumeMode"],
        &["Block", "Filesystem"],
    );
    for field in ["dataSource", "dataSourceRef"] {
        if is_set(spec, field) {
            data_source(errors, &path.at(field), &spec[field]);
        }
    }
}

fn data_source(errors: &mut Errors, path: &Path, source: &Value) {
    for field in ["name", "kind"] {
        if text(source, field).is_empty() {
            errors.push(FieldError::required(path.at(field), ""));
        }
    }
    let (group, kind) = (text(source, "apiGroup"), text(source, "kind"));
    if group.is_empty() && kind != "PersistentVolumeClaim" {
        let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        errors.push(FieldError::invalid(path, kind, detail));
    }
    if !group.is_empty() {
        sentences(errors, &path.at("apiGroup"), group, name::subdomain(group, false));
    }
}

fn update(new: &Value, old: &Value, context: &WriteContext) -> Errors {
    let mut errors = Errors::new();
    let (wanted, before) = (&new["spec"], &old["spec"]);
    if context.subresource == "status" {
        return errors;
    }
    spec(&mut errors, &Path::new("spec"), wanted);
    let bound = text(&new["status"], "phase") == "Bound";
    let mut masked = wanted.clone();
    if text(before, "volumeName").is_empty() {
        restore(&mut masked, "volumeName", before);
    }
    if bound {
        restore(&mut masked, "volumeAttributesClassName", before);
        if let Some(requests) =
            inside(&mut masked, "resources").and_then(|resources| inside(resources, "requests"))
        {
            restore(requests, "storage", &before["resources"]["requests"]);
        }
    }
    if !same(&masked, before) {
        let detail = "spec is immutable after creation except resources.requests and \
                      volumeAttributesClassName for bound claims";
        errors.push(FieldError::forbidden("spec", detail));
    }
    let [size, old_size] = [wanted, before].map(|s| Quantity::read(&s["resources"]["requests"]["storage"]));
    let held = Quantity::read(&old["status"]["capacity"]["storage"]);
    if let (Some(size), Some(old_size)) = (size, old_size)
        && size < old_size
        && held.is_none_or(|held| size <= held)
    {
        let detail = "field can not be less than status.capacity";
        errors.push(FieldError::forbidden("spec.resources.requests.storage", detail));
    }
    errors
}

fn cells(claim: &Value, now: &str) -> Vec<Value> {
    let (spec, status) = (&claim["spec"], &claim["status"]);
    let volume = text(spec, "volumeName");
    let (capacity, modes) = if volume.is_empty() {
        (String::new(), String::new())
    } else {
        (
            status["capacity"]["storage"].as_str().unwrap_or("0").into(),
            modes(status),
        )
    };
    vec![
        claim["metadata"]["name"].clone(),
        phase(claim),
        volume.into(),
        capacity.into(),
        modes.into(),
        class(claim),
        or_unset(&spec["volumeAttributesClassName"]),
        age(claim, now).into(),
        or_unset(&spec["volumeMode"]),
    ]
}
