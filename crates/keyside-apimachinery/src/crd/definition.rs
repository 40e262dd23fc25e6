//! The kind `CustomResourceDefinition` itself: its defaults, what may not be changed, its table.

mod defaults;
mod schema;
mod spec;

use super::columns;
use crate::kinds::name;
use crate::meta;
use crate::resource::{Behaviour, Column, WriteContext};
use crate::status::FieldError;
use serde_json::{Map, Value, json};

/// Holds a deleted definition until its objects are gone.
pub const CLEANUP_FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Behaviour of definitions.
pub(crate) struct Definition;

impl Behaviour for Definition {
    fn default(&self, object: &mut Value) {
        let kind = object["spec"]["names"]["kind"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else {
            return;
        };
        if let Some(names) = spec.get_mut("names").and_then(Value::as_object_mut) {
            if is_empty(names.get("singular")) && !kind.is_empty() {
                names.insert("singular".into(), kind.to_lowercase().into());
            }
            if is_empty(names.get("listKind")) && !kind.is_empty() {
                names.insert("listKind".into(), format!("{kind}List").into());
            }
        }
        let conversion = spec
            .entry("conversion")
            .or_insert_with(|| json!({"strategy": "None"}));
        if let Some(service) = conversion
            .pointer_mut("/webhook/clientConfig/service")
            .and_then(Value::as_object_mut)
        {
            service.entry("port").or_insert_with(|| 443.into());
        }
    }

    fn prepare_create(&self, object: &mut Value, _context: &WriteContext) {
        let names = json!({"kind": "", "plural": ""});
        object["status"] = json!({"conditions": [], "acceptedNames": names, "storedVersions": []});
        remember_storage_version(object);
    }

    fn prepare_update(&self, new: &mut Value, old: &Value, context: &WriteContext) {
        if context.subresource == "status" {
            new["spec"] = old["spec"].clone();
        } else {
            new["status"] = old["status"].clone();
            remember_storage_version(new);
        }
    }

    fn validate_create(&self, object: &Value, _context: &WriteContext) -> Vec<FieldError> {
        let spec = &object["spec"];
        let wanted = format!("{}.{}", text(&spec["names"], "plural"), text(spec, "group"));
        let mut errors = Vec::new();
        if meta::name(object) != wanted {
            let detail = "must be spec.names.plural+\".\"+spec.group";
            errors.push(FieldError::invalid("metadata.name", meta::name(object), detail));
        }
        errors.extend(spec::validate(spec));
        errors.extend(validate_status(object));
        errors.extend(spec::validate_approval(object, None));
        errors.extend(spec::validate_preserving(spec));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &WriteContext) -> Vec<FieldError> {
        if context.subresource == "status" {
            return spec::validate_names(&new["status"]["acceptedNames"], "status.acceptedNames");
        }
        let mut errors = spec::validate(&new["spec"]);
        let established = super::accept::is_true(old, "Established");
        errors.extend(spec::validate_change(&new["spec"], &old["spec"], established));
        errors.extend(validate_status(new));
        errors.extend(spec::validate_approval(new, Some(old)));
        errors.extend(spec::validate_preserving(&new["spec"]));
        errors
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let known = old.map(|old| schema::warnings(&old["spec"])).unwrap_or_default();
        let mut warnings = schema::warnings(&object["spec"]);
        warnings.retain(|warning| !known.contains(warning));
        warnings
    }

    fn generation_counts(&self, new: &Value, old: &Value) -> bool {
        new["spec"] != old["spec"]
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn columns(&self) -> Vec<Column> {
        let mut titles = columns::Columns::read(&json!([])).titles();
        titles[1].name = "Created At".into();
        titles
    }

    fn cells(&self, object: &Value, _now: &str) -> Vec<Value> {
        vec![
            object["metadata"]["name"].clone(),
            object["metadata"]["creationTimestamp"].clone(),
        ]
    }

    fn selectable_fields(&self, _object: &Value) -> Vec<(String, String)> {
        Vec::new()
    }

    fn selectable_field_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn grace_period(&self, _object: &Value) -> Option<i64> {
        None
    }

    fn validate_name(&self, name: &str, generated_prefix: bool) -> Vec<String> {
        name::subdomain(name, generated_prefix)
    }

    fn prepare_delete(&self, object: &mut Value, context: &WriteContext) {
        let mut finalizers: Vec<String> = meta::finalizers(object).into_iter().map(str::to_owned).collect();
        if !finalizers.iter().any(|f| f == CLEANUP_FINALIZER) {
            finalizers.push(CLEANUP_FINALIZER.to_owned());
            meta::set(object, "finalizers", finalizers);
        }
        let message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
        super::accept::set_condition(
            object,
            "Terminating",
            "True",
            "InstanceDeletionPending",
            message,
            &context.now,
        );
    }
}

/// The storage version of the spec joins `status.storedVersions`.
fn remember_storage_version(object: &mut Value) {
    let Some(name) = storage_version(&object["spec"]).map(str::to_owned) else {
        return;
    };
    if !object["status"].is_object() {
        object["status"] = Value::Object(Map::new());
    }
    match object["status"]["storedVersions"].as_array_mut() {
        Some(versions) if versions.iter().any(|v| *v == name.as_str()) => {}
        Some(versions) => versions.push(name.into()),
        None => object["status"]["storedVersions"] = json!([name]),
    }
}

fn validate_status(object: &Value) -> Vec<FieldError> {
    let status = &object["status"];
    let mut errors = spec::validate_names(&status["acceptedNames"], "status.acceptedNames");
    let path = "status.storedVersions";
    let stored = status["storedVersions"].as_array().cloned().unwrap_or_default();
    if stored.is_empty() {
        errors.push(FieldError::invalid(
            path,
            Value::Null,
            "must have at least one stored version",
        ));
        return errors;
    }
    if let Some(name) = storage_version(&object["spec"]).filter(|name| !stored.iter().any(|v| v == name)) {
        let detail = format!("must have the storage version {name}");
        errors.push(FieldError::invalid(path, stored.clone(), detail));
    }
    for (i, version) in stored.iter().enumerate() {
        let name = version.as_str().unwrap_or_default();
        if !versions(&object["spec"]).any(|v| v["name"] == *version) {
            let detail = format!(
                "missing from spec.versions; {name} was previously a storage version, and must remain in \
                 spec.versions until a storage migration ensures no data remains persisted in {name} and removes \
                 {name} from status.storedVersions"
            );
            errors.push(FieldError::invalid(format!("{path}[{i}]"), name, detail));
        }
    }
    errors
}

fn is_empty(value: Option<&Value>) -> bool {
    value.is_none_or(|value| value.is_null() || *value == "")
}

/// A text field, empty if absent.
pub(crate) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_default()
}

/// The versions of a definition's spec.
pub(crate) fn versions(spec: &Value) -> impl Iterator<Item = &Value> {
    spec["versions"].as_array().into_iter().flatten()
}

/// Name of the version objects are stored in.
pub(crate) fn storage_version(spec: &Value) -> Option<&str> {
    versions(spec).find(|version| version["storage"] == true)?["name"].as_str()
}

#[cfg(test)]
mod tests;
