//! `metadata` of custom objects and of objects embedded in them: read as `ObjectMeta`, whatever the schema says.

use super::paths::child;
use super::props::Props;
use super::prune::embedded;
use crate::decode;
use crate::kinds::name;
use crate::schema;
use crate::status::FieldError;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What to do with a field of the wrong type.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Malformed {
    /// Say so: the object comes from a client.
    Refuse,
    /// Drop it: the object comes from the store and must stay readable.
    Drop,
}

/// Brings the object's own `metadata` and those of embedded objects into shape; returns the sentences about what was
/// unknown and is gone, such as `unknown field "metadata.a"`: first of its own, then of embedded ones.
pub(crate) fn coerce(
    object: &mut Value,
    schema: &Props,
    malformed: Malformed,
) -> Result<(Vec<String>, Vec<String>), String> {
    let mut unknown = Vec::new();
    if let Some(fields) = object.as_object_mut() {
        unknown = shape(fields, malformed)?;
    }
    let mut inside = Vec::new();
    embedded(object, schema, "", &mut |path, fields| {
        for name in ["apiVersion", "kind"] {
            if fields.get(name).is_some_and(|value| !value.is_string()) {
                if malformed == Malformed::Refuse {
                    let value = fields.get(name).cloned().unwrap_or_default();
                    return Err(FieldError::invalid(child(path, name), value, "must be a string").to_string());
                }
                fields.shift_remove(name);
            }
        }
        let value = fields.get("metadata").cloned();
        let refuse =
            |why| FieldError::invalid(child(path, "metadata"), value.unwrap_or_default(), why).to_string();
        let found = shape(fields, malformed).map_err(refuse)?;
        let start = "unknown field \"";
        inside.extend(
            found
                .into_iter()
                .map(|text| text.replacen(start, &format!("{start}{path}."), 1)),
        );
        Ok(())
    })?;
    inside.sort();
    Ok((unknown, inside))
}

/// Shapes `metadata` of one object. Every kind has the same, so a built-in kind's schema serves.
fn shape(fields: &mut Map<String, Value>, malformed: Malformed) -> Result<Vec<String>, String> {
    let Some(metadata) = fields.get_mut("metadata") else {
        return Ok(Vec::new());
    };
    let Some(schema) = schema::builtin("", "v1", "ConfigMap") else {
        return Ok(Vec::new());
    };
    let wrap = |metadata: &Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
    let mut whole = wrap(metadata);
    let unknown = match (decode::shape(&schema, &mut whole), malformed) {
        (Ok(unknown), _) => unknown,
        // The field path of the message starts inside `metadata`, which is read by itself.
        (Err(error), Malformed::Refuse) => return Err(error.to_string().replacen(".metadata.", ".", 1)),
        (Err(_), Malformed::Drop) => {
            let kept: Map<String, Value> = metadata
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(name, value)| decode::shape(&schema, &mut wrap(&json!({ *name: value }))).is_ok())
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            whole = wrap(&Value::Object(kept));
            decode::shape(&schema, &mut whole).unwrap_or_default()
        }
    };
    *metadata = whole["metadata"].take();
    if metadata["creationTimestamp"].is_null()
        && let Some(fields) = metadata.as_object_mut()
    {
        fields.shift_remove("creationTimestamp");
    }
    Ok(unknown)
}

/// What is wrong with the embedded objects of a custom object.
pub(crate) fn validate_embedded(object: &Value, schema: &Props) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut copy = object.clone();
    let visited: Result<(), std::convert::Infallible> =
        embedded(&mut copy, schema, "", &mut |path, fields| {
            validate_one(path, fields, &mut errors);
            Ok(())
        });
    let Ok(()) = visited;
    errors
}

fn validate_one(path: &str, fields: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    match fields.get("apiVersion") {
        None => errors.push(FieldError::required(child(path, "apiVersion"), "")),
        Some(Value::String(text)) => {
            let detail = match text.matches('/').count() {
                _ if text.is_empty() => Some("must not be empty".to_owned()),
                0 | 1 => None,
                _ => Some(format!("unexpected GroupVersion string: {text}")),
            };
            errors.extend(detail.map(|d| FieldError::invalid(child(path, "apiVersion"), text.as_str(), d)));
        }
        Some(value) => {
            errors.push(FieldError::invalid(
                child(path, "apiVersion"),
                value.clone(),
                "must be a string",
            ));
        }
    }
    match fields.get("kind") {
        None => errors.push(FieldError::required(child(path, "kind"), "")),
        Some(Value::String(text)) => {
            let wrong = name::letter_label(&text.to_lowercase(), false);
            let detail = if text.is_empty() {
                Some("must not be empty".to_owned())
            } else {
                let list = wrong.join(",");
                (!wrong.is_empty())
                    .then(|| format!("may have mixed case, but should otherwise match: {list}"))
            };
            errors.extend(detail.map(|d| FieldError::invalid(child(path, "kind"), text.as_str(), d)));
        }
        Some(value) => errors.push(FieldError::invalid(
            child(path, "kind"),
            value.clone(),
            "must be a string",
        )),
    }
    if let Some(given) = fields
        .get("metadata")
        .and_then(|m| m["name"].as_str())
        .filter(|given| !given.is_empty())
    {
        for detail in name::path_segment(given, false) {
            errors.push(FieldError::invalid(child(path, "metadata.name"), given, detail));
        }
    }
}

/// Warnings about finalizers that were not there before (`generateWarningsFromObj`).
pub(crate) fn finalizer_warnings(object: &Value, old: Option<&Value>) -> Vec<String> {
    let finalizers = |object: &Value| -> BTreeMap<String, ()> {
        let list = object["metadata"]["finalizers"].as_array().into_iter().flatten();
        list.filter_map(|f| Some((f.as_str()?.to_owned(), ()))).collect()
    };
    let known = old.map(&finalizers).unwrap_or_default();
    let mut warnings = Vec::new();
    for (finalizer, ()) in finalizers(object)
        .iter()
        .filter(|(name, ())| !known.contains_key(*name))
    {
        let standard = matches!(finalizer.as_str(), "orphan" | "foregroundDeletion" | "kubernetes");
        if !finalizer.contains('/') && !standard {
            let path = if finalizer.contains('.') {
                " including a path (/)"
            } else {
                ""
            };
            warnings.push(format!(
                "metadata.finalizers: {finalizer:?}: prefer a domain-qualified finalizer name{path} to avoid \
                 accidental conflicts with other finalizer writers"
            ));
        }
    }
    warnings
}
