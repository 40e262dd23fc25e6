//! Definitions of custom kinds: what the author of the definition wrote, completed with what every object has.
//!
//! Version 2 cannot say everything a structural schema says, and kubectl takes a listed field for the only ones
//! allowed, so the schema is cut where it would mislead.

use super::definitions::type_field;
use super::{Dialect, kind_mark};
use crate::resource::Resource;
use serde_json::{Map, Value, json};

const METADATA: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";
/// Ways to combine schemas that version 2 does not have.
const COMBINATORS: [&str; 4] = ["allOf", "anyOf", "oneOf", "not"];

/// The definition of a custom kind.
pub(super) fn definition(resource: &Resource, schema: &Value, dialect: Dialect) -> Value {
    // Fields listed here would be the only ones kubectl allows.
    let open = schema.is_null() || (dialect == Dialect::V2 && schema[PRESERVE] == true);
    let mut definition = if open {
        json!({"type": "object"})
    } else {
        node(schema, dialect)
    };
    if !open && let Some(fields) = fields_of(&mut definition) {
        complete(fields, dialect);
    }
    definition["x-kubernetes-group-version-kind"] = json!([kind_mark(&resource.gvk)]);
    let selectable = resource.behaviour.selectable_field_names();
    if !selectable.is_empty() {
        let fields = selectable.iter().map(|field| json!({"fieldPath": field}));
        definition["x-kubernetes-selectable-fields"] = fields.collect();
    }
    definition
}

/// One node of the author's schema.
fn node(schema: &Value, dialect: Dialect) -> Value {
    let Value::Object(wanted) = schema else {
        return schema.clone();
    };
    let mut out = Map::new();
    for (key, value) in wanted {
        let value = match (key.as_str(), value) {
            (combinator, _) if dialect == Dialect::V2 && COMBINATORS.contains(&combinator) => continue,
            ("properties", Value::Object(fields)) => fields
                .iter()
                .map(|(name, field)| (name.clone(), node(field, dialect)))
                .collect(),
            ("items", item) => node(item, dialect),
            ("additionalProperties", values @ Value::Object(_)) => node(values, dialect),
            _ => value.clone(),
        };
        out.insert(key.clone(), value);
    }
    if dialect == Dialect::V2 {
        cut(&mut out, wanted);
    }
    let mut out = Value::Object(out);
    let keeps_unknown = schema[PRESERVE] == true && dialect == Dialect::V2;
    if schema["x-kubernetes-embedded-resource"] == true && !keeps_unknown {
        embed(&mut out, dialect);
    }
    out
}

/// Takes away what version 2 would misunderstand.
fn cut(out: &mut Map<String, Value>, wanted: &Map<String, Value>) {
    let says = |schema: &Value, key: &str| schema.get(key).is_some_and(|value| *value == true);
    let has = |key: &str| wanted.get(key).is_some_and(|value| *value == true);
    if has("nullable") {
        out.shift_remove("nullable");
        out.shift_remove("type");
    }
    if has("nullable") || has(PRESERVE) {
        out.shift_remove("items");
        out.shift_remove("properties");
    }
    let kind = out.get("type").and_then(Value::as_str).unwrap_or_default();
    if (kind == "array" && !out.contains_key("items")) || (kind == "object" && has(PRESERVE)) {
        out.shift_remove("type");
    }
    let fields = wanted.get("properties").and_then(Value::as_object);
    if let Some(Value::Array(required)) = out.get_mut("required") {
        let nullable = |name: &Value| {
            let field = fields.and_then(|fields| fields.get(name.as_str()?));
            field.is_some_and(|field| says(field, "nullable"))
        };
        required.retain(|name| !nullable(name));
        let values_nullable = wanted
            .get("additionalProperties")
            .is_some_and(|values| says(values, "nullable"));
        if required.is_empty() || values_nullable {
            out.shift_remove("required");
        }
    }
}

fn fields_of(schema: &mut Value) -> Option<&mut Map<String, Value>> {
    let schema = schema.as_object_mut()?;
    schema
        .entry("properties")
        .or_insert_with(|| Map::new().into())
        .as_object_mut()
}

/// Adds the fields every object has.
fn complete(fields: &mut Map<String, Value>, dialect: Dialect) {
    for field in ["apiVersion", "kind"] {
        fields.insert(field.into(), type_field(field, dialect));
    }
    let description = "Standard object's metadata.".into();
    fields.insert(
        "metadata".into(),
        dialect.described_reference(METADATA, &description),
    );
}

/// Makes a field that holds a whole object say so.
fn embed(schema: &mut Value, dialect: Dialect) {
    if let Some(fields) = fields_of(schema) {
        complete(fields, dialect);
    }
    let mut required = schema["required"].as_array().cloned().unwrap_or_default();
    for field in ["kind", "apiVersion"] {
        if !required.iter().any(|name| name == field) {
            required.push(field.into());
        }
    }
    schema["required"] = required.into();
}
