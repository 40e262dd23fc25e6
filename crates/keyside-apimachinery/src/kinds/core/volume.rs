//! Persistent volumes and claims. Nothing here provides storage: they are checked, stored and shown.

pub(crate) mod claim;

use crate::kinds::access::{fill_text, inside, is_set, list, made, same, set, text};
use crate::kinds::checks::{Errors, immutable, one_of, one_of_or_none, required, sentences};
use crate::kinds::core::pod::{resources, scheduling};
use crate::kinds::kind::{AGE, ColumnRow, Generation, Kind, NAME};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::print::age;
use crate::kinds::quantity::tidy_list;
use crate::resource::WriteContext;
use crate::status::FieldError;
use serde_json::Value;

const ACCESS_MODES: [&str; 4] = [
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];
const SHORT_MODES: [(&str, &str); 4] = [
    ("ReadWriteOnce", "RWO"),
    ("ReadOnlyMany", "ROX"),
    ("ReadWriteMany", "RWX"),
    ("ReadWriteOncePod", "RWOP"),
];
/// Fields of a volume's spec that are not its source.
const NOT_A_SOURCE: [&str; 9] = [
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

pub(super) const VOLUME: Kind = Kind {
    default: |volume| {
        if let Some(spec) = inside(volume, "spec") {
            fill_text(spec, "persistentVolumeReclaimPolicy", "Retain");
            fill_text(spec, "volumeMode", "Filesystem");
            tidy_list(spec, "capacity");
        }
    },
    prepare_create: |volume, context| {
        pending(volume, context);
        set(
            &mut volume["status"],
            "lastPhaseTransitionTime",
            context.now.as_str(),
        );
    },
    prepare_update: |new, old, context| {
        let [phase, before] = [&*new, old].map(|volume| text(&volume["status"], "phase"));
        let [time, old_time] = [&*new, old].map(|volume| &volume["status"]["lastPhaseTransitionTime"]);
        if phase != before && (time.is_null() || time == old_time) {
            set(
                &mut new["status"],
                "lastPhaseTransitionTime",
                context.now.as_str(),
            );
        }
    },
    validate_create: |volume, _| validate(volume),
    validate_update: |new, old, _| update(new, old),
    generation: Generation::Absent,
    columns: COLUMNS,
    cells,
    selectable: |volume| vec![("name", text(&volume["metadata"], "name").into())],
    ..Kind::WITH_STATUS
};

const COLUMNS: &[ColumnRow] = &[
    NAME,
    ("Capacity", "string", "", 0, "How much the volume holds."),
    ("Access Modes", "string", "", 0, "How it may be mounted."),
    (
        "Reclaim Policy",
        "string",
        "",
        0,
        "What happens when its claim is gone.",
    ),
    ("Status", "string", "", 0, "Phase of the volume."),
    ("Claim", "string", "", 0, "Claim the volume is bound to."),
    ("StorageClass", "string", "", 0, "Storage class of the volume."),
    (
        "VolumeAttributesClass",
        "string",
        "",
        0,
        "Attributes class of the volume.",
    ),
    ("Reason", "string", "", 0, "Why it is in this phase."),
    AGE,
    (
        "VolumeMode",
        "string",
        "",
        1,
        "Whether it is a file system or a block device.",
    ),
];

fn pending(object: &mut Value, _: &WriteContext) {
    if let Some(status) = made(object, "status") {
        set(status, "phase", "Pending");
    }
}

fn access_modes(errors: &mut Errors, path: &Path, spec: &Value) {
    let modes: Vec<&str> = list(spec, "accessModes")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for mode in modes.iter().filter(|mode| !ACCESS_MODES.contains(mode)) {
        errors.push(FieldError::not_supported(path, *mode, &ACCESS_MODES));
    }
    if modes.contains(&"ReadWriteOncePod") && modes.iter().any(|mode| *mode != "ReadWriteOncePod") {
        let detail = "may not use ReadWriteOncePod with other access modes";
        errors.push(FieldError::forbidden(path, detail));
    }
}

fn validate(volume: &Value) -> Errors {
    let mut errors = Errors::new();
    let (spec, path) = (&volume["spec"], Path::new("spec"));
    if list(spec, "accessModes").is_empty() {
        errors.push(FieldError::required(path.at("accessModes"), ""));
    }
    access_modes(&mut errors, &path.at("accessModes"), spec);
    let capacity = spec["capacity"].as_object();
    if capacity.is_none_or(serde_json::Map::is_empty) {
        errors.push(FieldError::required(path.at("capacity"), ""));
    }
    if capacity.is_none_or(|c| c.len() != 1 || !c.contains_key("storage")) {
        let value = spec["capacity"].clone();
        errors.push(FieldError::not_supported(
            path.at("capacity"),
            value,
            &["storage"],
        ));
    }
    for (name, value) in capacity.into_iter().flatten() {
        let path = path.at("capacity").key(name);
        if resources::amount(&mut errors, &path, name, value).is_some_and(|amount| amount.is_zero()) {
            errors.push(FieldError::invalid(
                path,
                value.clone(),
                "must be greater than zero",
            ));
        }
    }
    one_of(
        &mut errors,
        &path.at("persistentVolumeReclaimPolicy"),
        text(spec, "persistentVolumeReclaimPolicy"),
        &["Delete", "Recycle", "Retain"],
    );
    if is_set(&spec["nodeAffinity"], "required") {
        scheduling::node_selector(
            &mut errors,
            &path.at("nodeAffinity.required"),
            &spec["nodeAffinity"]["required"],
        );
    }
    let sources: Vec<&String> = sources(spec).map(|(field, _)| field).collect();
    match sources[..] {
        [] => errors.push(FieldError::required(&path, "must specify a volume type")),
        [one] if one == "hostPath" => {
            required(
                &mut errors,
                &path.at("hostPath.path"),
                text(&spec["hostPath"], "path"),
            );
        }
        [_] => {}
        [_, ref more @ ..] => errors.extend(
            more.iter()
                .map(|f| FieldError::forbidden(path.at(f), "may not specify more than 1 volume type")),
        ),
    }
    let class = text(spec, "storageClassName");
    if !class.is_empty() {
        sentences(
            &mut errors,
            &path.at("storageClassName"),
            class,
            name::subdomain(class, false),
        );
    }
    one_of_or_none(
        &mut errors,
        &path.at("volumeMode"),
        &spec["volumeMode"],
        &["Block", "Filesystem"],
    );
    errors
}

fn sources(spec: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let fields = spec.as_object().into_iter().flatten();
    fields.filter(|(field, value)| !NOT_A_SOURCE.contains(&field.as_str()) && !value.is_null())
}

fn update(new: &Value, old: &Value) -> Errors {
    let mut errors = validate(new);
    let [now, before] = [new, old].map(|volume| &volume["spec"]);
    let [source, old_source] = [now, before].map(|spec| {
        sources(spec)
            .map(|(f, v)| (f.clone(), v.clone()))
            .collect::<Value>()
    });
    if !same(&source, &old_source) {
        let detail = "spec.persistentvolumesource is immutable after creation";
        errors.push(FieldError::forbidden("spec.persistentvolumesource", detail));
    }
    immutable(
        &mut errors,
        &Path::new("volumeMode"),
        &now["volumeMode"],
        &before["volumeMode"],
    );
    errors
}

fn modes(list_of: &Value) -> String {
    let modes: Vec<&str> = list(list_of, "accessModes")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let shown = SHORT_MODES
        .iter()
        .filter(|(mode, _)| modes.contains(mode))
        .map(|(_, short)| *short);
    shown.collect::<Vec<_>>().join(",")
}

/// Class of a volume or claim: an old annotation goes before the field.
fn class(object: &Value) -> Value {
    let annotated = &object["metadata"]["annotations"][CLASS_ANNOTATION];
    if annotated.is_string() {
        annotated.clone()
    } else {
        text(&object["spec"], "storageClassName").into()
    }
}

fn or_unset(value: &Value) -> Value {
    if value.is_string() {
        value.clone()
    } else {
        "<unset>".into()
    }
}

fn phase(object: &Value) -> Value {
    if is_set(&object["metadata"], "deletionTimestamp") {
        "Terminating".into()
    } else {
        object["status"]["phase"].clone()
    }
}

fn cells(volume: &Value, now: &str) -> Vec<Value> {
    let spec = &volume["spec"];
    let claim = &spec["claimRef"];
    let claim = if claim.is_object() {
        format!("{}/{}", text(claim, "namespace"), text(claim, "name"))
    } else {
        String::new()
    };
    vec![
        volume["metadata"]["name"].clone(),
        spec["capacity"]["storage"].as_str().unwrap_or("0").into(),
        modes(spec).into(),
        spec["persistentVolumeReclaimPolicy"].clone(),
        phase(volume),
        claim.into(),
        class(volume),
        or_unset(&spec["volumeAttributesClassName"]),
        text(&volume["status"], "reason").into(),
        age(volume, now).into(),
        or_unset(&spec["volumeMode"]),
    ]
}
