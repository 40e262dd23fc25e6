//! Namespaces. One is deleted in two steps: its contents first, then, when `spec.finalizers` is empty, itself.

use crate::kinds::access::{fill, is_set, list, made, restore, set, text};
use crate::kinds::checks::{Errors, sentences};
use crate::kinds::kind::{AGE, Generation, Kind, NAME};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::print::age;
use crate::resource::WriteContext;
use crate::status::FieldError;
use serde_json::{Value, json};

pub(super) const NAMESPACE: Kind = Kind {
    default: label,
    prepare_create,
    prepare_update,
    validate_create: |namespace, _| finalizers(namespace, false),
    validate_update,
    generation: Generation::Absent,
    columns: &[NAME, ("Status", "string", "", 0, "Phase of the namespace."), AGE],
    cells: |namespace, now| {
        vec![
            namespace["metadata"]["name"].clone(),
            namespace["status"]["phase"].clone(),
            age(namespace, now).into(),
        ]
    },
    selectable: |namespace| {
        vec![
            ("name", text(&namespace["metadata"], "name").into()),
            ("status.phase", text(&namespace["status"], "phase").into()),
        ]
    },
    name: name::label,
    ..Kind::WITH_STATUS
};

/// The finalizer every namespace has.
const KUBERNETES: &str = "kubernetes";

/// Every namespace has its name as a label, so that selectors can name it.
fn label(namespace: &mut Value) {
    let name = text(&namespace["metadata"], "name").to_owned();
    if !name.is_empty()
        && let Some(metadata) = made(namespace, "metadata")
        && let Some(labels) = made(metadata, "labels")
    {
        set(labels, "kubernetes.io/metadata.name", name);
    }
}

fn prepare_create(namespace: &mut Value, _: &WriteContext) {
    label(namespace);
    set(namespace, "status", json!({"phase": "Active"}));
    let Some(spec) = made(namespace, "spec") else {
        return;
    };
    fill(spec, "finalizers", || json!([]));
    if let Some(finalizers) = spec.get_mut("finalizers").and_then(Value::as_array_mut)
        && !finalizers.iter().any(|finalizer| finalizer == KUBERNETES)
    {
        finalizers.push(KUBERNETES.into());
    }
}

/// Finalizers change only through `/finalize`, which changes nothing else of the object's state.
fn prepare_update(new: &mut Value, old: &Value, context: &WriteContext) {
    label(new);
    match context.subresource.as_str() {
        "finalize" => restore(new, "status", old),
        "status" => {}
        _ => {
            if let Some(spec) = made(new, "spec") {
                restore(spec, "finalizers", &old["spec"]);
            }
        }
    }
}

fn validate_update(new: &Value, _: &Value, context: &WriteContext) -> Errors {
    match context.subresource.as_str() {
        "status" => phase(new),
        "finalize" => finalizers(new, true),
        _ => finalizers(new, false),
    }
}

fn phase(namespace: &Value) -> Errors {
    let phase = text(&namespace["status"], "phase");
    let deleted = is_set(&namespace["metadata"], "deletionTimestamp");
    let (wanted, state) = if deleted {
        ("Terminating", "not empty")
    } else {
        ("Active", "empty")
    };
    if phase == wanted {
        return Errors::new();
    }
    let detail = format!("may only be '{wanted}' if `deletionTimestamp` is {state}");
    vec![FieldError::invalid("status.Phase", phase, detail)]
}

fn finalizers(namespace: &Value, numbered: bool) -> Errors {
    let mut errors = Errors::new();
    for (i, finalizer) in list(&namespace["spec"], "finalizers").iter().enumerate() {
        let path = Path::new("spec.finalizers");
        let path = if numbered { path.index(i) } else { path };
        let finalizer = finalizer.as_str().unwrap_or_default();
        sentences(&mut errors, &path, finalizer, name::label_key(finalizer));
        let standard = [KUBERNETES, "orphan", "foregroundDeletion"];
        if !finalizer.contains('/') && !standard.contains(&finalizer) {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(FieldError::invalid(path, finalizer, detail));
        }
    }
    errors
}
