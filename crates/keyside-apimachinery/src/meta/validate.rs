//! What every object's metadata must fulfil, whatever its kind (`ValidateObjectMeta`, `ValidateObjectMetaUpdate`).

use crate::kinds::name;
use crate::status::FieldError;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Keys and values of all annotations together.
const ANNOTATIONS_LIMIT: usize = 256 * 1024;
/// Two ways to delete dependents that exclude each other.
const EXCLUSIVE: [&str; 2] = ["orphan", "foregroundDeletion"];

/// All that is wrong with the metadata of a new object, whose name has been generated if that was asked for.
/// `name_errors` are the kind's sentences about a name, or about a prefix if its second argument is true.
#[must_use]
pub fn validate(
    object: &Value,
    namespaced: bool,
    name_errors: impl Fn(&str, bool) -> Vec<String>,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let prefix = super::string(object, "generateName");
    if !prefix.is_empty() {
        let wrong = name_errors(prefix, true).into_iter();
        errors.extend(wrong.map(|detail| FieldError::invalid("metadata.generateName", prefix, detail)));
    }
    let name = super::name(object);
    if name.is_empty() {
        errors.push(FieldError::required(
            "metadata.name",
            "name or generateName is required",
        ));
    } else {
        let wrong = name_errors(name, false).into_iter();
        errors.extend(wrong.map(|detail| FieldError::invalid("metadata.name", name, detail)));
    }
    errors.extend(namespace(super::namespace(object), namespaced));
    errors.extend(common(object));
    errors
}

/// All that is wrong with a change of metadata.
#[must_use]
pub fn validate_update(new: &Value, old: &Value, namespaced: bool) -> Vec<FieldError> {
    let mut errors = validate(new, namespaced, name::path_segment);
    if super::deletion_timestamp(old).is_some() {
        errors.extend(no_new_finalizers(
            &super::finalizers(new),
            &super::finalizers(old),
        ));
    }
    if super::resource_version(new).is_empty() {
        let detail = "must be specified for an update";
        errors.push(FieldError::invalid("metadata.resourceVersion", "", detail));
    }
    if super::generation(new) < super::generation(old) {
        let detail = "must not be decremented";
        errors.push(FieldError::invalid(
            "metadata.generation",
            super::generation(new),
            detail,
        ));
    }
    let fixed = [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ];
    let changed = fixed
        .iter()
        .filter(|&&field| new["metadata"][field] != old["metadata"][field]);
    errors.extend(changed.map(|field| {
        let value = new["metadata"][*field].clone();
        FieldError::invalid(format!("metadata.{field}"), value, "field is immutable")
    }));
    errors
}

fn namespace(namespace: &str, namespaced: bool) -> Vec<FieldError> {
    let field = "metadata.namespace";
    match (namespaced, namespace.is_empty()) {
        (true, true) => vec![FieldError::required(field, "")],
        (true, false) => {
            let wrong = name::label(namespace, false).into_iter();
            wrong
                .map(|detail| FieldError::invalid(field, namespace, detail))
                .collect()
        }
        (false, true) => Vec::new(),
        (false, false) => vec![FieldError::forbidden(field, "not allowed on this type")],
    }
}

fn common(object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let generation = super::generation(object);
    if generation < 0 {
        let detail = "must be greater than or equal to 0";
        errors.push(FieldError::invalid("metadata.generation", generation, detail));
    }
    errors.extend(labels(super::labels(object), "metadata.labels"));
    errors.extend(annotations(super::annotations(object)));
    errors.extend(owner_references(object));
    errors.extend(finalizers(&super::finalizers(object)));
    errors.extend(managed_fields(object));
    errors
}

fn labels(labels: Option<&Map<String, Value>>, field: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (key, value) in labels.into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        let wrong = name::label_key(key).into_iter();
        errors.extend(wrong.map(|detail| FieldError::invalid(field, key.as_str(), detail)));
        let wrong = name::label_value(value).into_iter();
        errors.extend(wrong.map(|detail| FieldError::invalid(field, value, detail)));
    }
    errors
}

/// Annotation keys follow the rule of label keys, upper case allowed in the prefix too.
fn annotations(annotations: Option<&Map<String, Value>>) -> Vec<FieldError> {
    let field = "metadata.annotations";
    let mut errors = Vec::new();
    let mut size = 0;
    for (key, value) in annotations.into_iter().flatten() {
        size += key.len() + value.as_str().map_or(0, str::len);
        let wrong = name::label_key(&key.to_lowercase()).into_iter();
        errors.extend(wrong.map(|detail| FieldError::invalid(field, key.as_str(), detail)));
    }
    if size > ANNOTATIONS_LIMIT {
        errors.push(FieldError::too_long(field, ANNOTATIONS_LIMIT));
    }
    errors
}

fn owner_references(object: &Value) -> Vec<FieldError> {
    let field = "metadata.ownerReferences";
    let mut errors = Vec::new();
    let mut controller: Option<String> = None;
    for (i, owner) in super::owner_references(object).iter().enumerate() {
        let at = format!("{field}[{i}]");
        let version_parts = owner.api_version.split('/').count();
        if owner.api_version.is_empty() {
            errors.push(FieldError::required(
                format!("{at}.apiVersion"),
                "must not be empty",
            ));
        } else if version_parts > 2 || owner.api_version.ends_with('/') {
            let detail = "must be <group>/<version> or <version>";
            errors.push(FieldError::invalid(
                format!("{at}.apiVersion"),
                owner.api_version.as_str(),
                detail,
            ));
        }
        let given = [("kind", &owner.kind), ("name", &owner.name), ("uid", &owner.uid)];
        let missing = given.iter().filter(|(_, value)| value.is_empty());
        errors.extend(
            missing.map(|(name, _)| FieldError::required(format!("{at}.{name}"), "must not be empty")),
        );
        if owner.api_version == "v1" && owner.kind == "Event" {
            let value = object["metadata"]["ownerReferences"][i].clone();
            errors.push(FieldError::invalid(
                at,
                value,
                "/v1, Kind=Event is disallowed from being an owner",
            ));
        }
        if owner.controller {
            let this = format!("{}/{}", owner.kind, owner.name);
            match &controller {
                None => controller = Some(this),
                Some(first) => {
                    let value = object["metadata"]["ownerReferences"].clone();
                    errors.push(FieldError::invalid(field, value, two_controllers(first, &this)));
                }
            }
        }
    }
    errors
}

fn two_controllers(first: &str, second: &str) -> String {
    format!(
        "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {second}"
    )
}

/// Finalizers without a domain.
const STANDARD: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

fn finalizers(finalizers: &[&str]) -> Vec<FieldError> {
    let field = "metadata.finalizers";
    let mut errors = Vec::new();
    for &finalizer in finalizers {
        let wrong = name::label_key(finalizer).into_iter();
        errors.extend(wrong.map(|detail| FieldError::invalid(field, finalizer, detail)));
    }
    if EXCLUSIVE.iter().all(|e| finalizers.contains(e)) {
        let [first, second] = EXCLUSIVE;
        let detail = format!("finalizer {first} and {second} cannot be both set");
        errors.push(FieldError::invalid(field, finalizers.to_vec(), detail));
    }
    errors
}

/// Finalizers of built-in kinds are the standard ones, or have a domain.
#[must_use]
pub fn validate_finalizers(object: &Value) -> Vec<FieldError> {
    let finalizers = super::finalizers(object);
    let detail = "name is neither a standard finalizer name nor is it fully qualified";
    let named = finalizers.iter().copied().enumerate();
    let strange = named.filter(|(_, name)| !name.contains('/') && !STANDARD.contains(name));
    strange
        .map(|(at, name)| FieldError::invalid(format!("metadata.finalizers[{at}]"), name, detail))
        .collect()
}

fn no_new_finalizers(new: &[&str], old: &[&str]) -> Option<FieldError> {
    let added: BTreeSet<_> = new
        .iter()
        .filter(|f| !old.contains(f))
        .map(|f| format!("{f:?}"))
        .collect();
    (!added.is_empty()).then(|| {
        let added = added.into_iter().collect::<Vec<_>>().join(", ");
        let detail = "no new finalizers can be added if the object is being deleted, found new finalizers";
        FieldError::forbidden("metadata.finalizers", format!("{detail} []string{{{added}}}"))
    })
}

fn managed_fields(object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let entries = object["metadata"]["managedFields"]
        .as_array()
        .into_iter()
        .flatten();
    for (i, entry) in entries.enumerate() {
        let at = format!("metadata.managedFields[{i}]");
        match entry["operation"].as_str().unwrap_or_default() {
            "Apply" | "Update" => {}
            "" => errors.push(FieldError::required(
                format!("{at}.operation"),
                "must not be empty",
            )),
            other => {
                let supported = ["Apply", "Update"];
                errors.push(FieldError::not_supported(
                    format!("{at}.operation"),
                    other,
                    &supported,
                ));
            }
        }
        let form = entry["fieldsType"].as_str().unwrap_or_default();
        if !form.is_empty() && form != "FieldsV1" {
            errors.push(FieldError::invalid(
                format!("{at}.fieldsType"),
                form,
                "must be `FieldsV1`",
            ));
        }
        let manager = entry["manager"].as_str().unwrap_or_default();
        errors.extend(manager_name(manager, &format!("{at}.manager")));
    }
    errors
}

/// What is wrong with the name of a field manager, as it stands in a query or in `managedFields`.
#[must_use]
pub fn manager_name(manager: &str, field: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if manager.len() > 128 {
        errors.push(FieldError::too_long(field, 128));
    }
    for (position, character) in manager.char_indices().filter(|(_, c)| c.is_control()) {
        let detail = format!(
            "invalid character U+{:04X} (at position {position})",
            u32::from(character)
        );
        errors.push(FieldError::invalid(field, manager, detail));
    }
    errors
}
