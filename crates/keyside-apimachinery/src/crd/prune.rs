//! Pruning and defaulting of custom objects by their schema, and the coercion of `metadata` in embedded objects.

use super::paths::{child, index};
use super::props::Props;
use serde_json::{Map, Value};

/// Fields of every Kubernetes object, never pruned from one.
const META_FIELDS: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Removes the fields the schema does not know and returns their paths, sorted. `root` is a whole object, so its
/// `apiVersion`, `kind` and `metadata` stay whatever the schema says.
pub(crate) fn prune(object: &mut Value, schema: &Props, root: bool) -> Vec<String> {
    let mut unknown = Vec::new();
    let start = Node {
        schema: Some(schema),
        is_object: root || schema.embedded,
        keep: false,
    };
    prune_node(object, start, "", &mut unknown);
    unknown.sort();
    unknown
}

/// What is known about a value being pruned.
#[derive(Clone, Copy)]
struct Node<'a> {
    schema: Option<&'a Props>,
    /// A whole Kubernetes object.
    is_object: bool,
    /// Unknown fields are kept, whatever the schema says of this node itself.
    keep: bool,
}

impl<'a> Node<'a> {
    fn of(schema: Option<&'a Props>) -> Self {
        Self {
            schema,
            is_object: schema.is_some_and(|s| s.embedded),
            keep: false,
        }
    }
}

fn prune_node(value: &mut Value, node: Node<'_>, path: &str, unknown: &mut Vec<String>) {
    let schema = node.schema;
    let keep = node.keep || schema.is_some_and(Props::keeps_unknown);
    match value {
        Value::Object(fields) => fields.retain(|name, value| {
            if node.is_object && META_FIELDS.contains(&name.as_str()) {
                return true;
            }
            let described = |s: &Props| s.properties.contains_key(name) || s.additional_properties.is_some();
            if schema.is_some_and(described) {
                prune_node(
                    value,
                    Node::of(schema.and_then(|s| s.field(name))),
                    &child(path, name),
                    unknown,
                );
                return true;
            }
            if !keep {
                unknown.push(child(path, name));
            }
            keep
        }),
        Value::Array(elements) => {
            let element = schema.and_then(Props::element);
            for (i, value) in elements.iter_mut().enumerate() {
                prune_node(
                    value,
                    Node {
                        keep,
                        ..Node::of(element)
                    },
                    &index(path, i),
                    unknown,
                );
            }
        }
        _ => {}
    }
}

/// Removes nulls that are neither values nor about to be replaced by a default.
pub(crate) fn drop_nulls(value: &mut Value, schema: Option<&Props>) {
    match value {
        Value::Object(fields) => fields.retain(|name, value| {
            let field = schema.and_then(|s| s.field(name));
            if value.is_null() && field.is_some_and(|f| !f.nullable && f.default.is_none()) {
                return false;
            }
            drop_nulls(value, field);
            true
        }),
        Value::Array(elements) => {
            let element = schema.and_then(Props::element);
            elements.iter_mut().for_each(|value| drop_nulls(value, element));
        }
        _ => {}
    }
}

/// Fills in defaults: for absent fields, and for nulls where null is no value.
pub(crate) fn fill(value: &mut Value, schema: &Props) {
    match value {
        Value::Object(fields) => {
            for (name, field) in &schema.properties {
                let Some(default) = &field.default else { continue };
                let wanted = fields
                    .get(name)
                    .is_none_or(|value| value.is_null() && !field.nullable);
                if wanted {
                    fields.insert(name.clone(), default.clone());
                }
            }
            for (name, value) in fields.iter_mut() {
                match (schema.properties.get(name), schema.entry()) {
                    (Some(field), _) => fill(value, field),
                    (None, Some(entry)) => fill_slot(value, entry),
                    (None, None) => {}
                }
            }
        }
        Value::Array(elements) => {
            if let Some(element) = schema.element() {
                elements.iter_mut().for_each(|value| fill_slot(value, element));
            }
        }
        _ => {}
    }
}

fn fill_slot(value: &mut Value, schema: &Props) {
    if value.is_null() && !schema.nullable {
        *value = schema.default.clone().unwrap_or(Value::Null);
    }
    fill(value, schema);
}

/// What [`embedded`] calls with the path and the fields of each object.
pub(crate) type Visit<'a, E> = dyn FnMut(&str, &mut Map<String, Value>) -> Result<(), E> + 'a;

/// Calls `visit` for every embedded object of `object` (the object itself excepted), with its path.
///
/// # Errors
/// The first error of `visit`.
pub(crate) fn embedded<E>(
    value: &mut Value,
    schema: &Props,
    path: &str,
    visit: &mut Visit<'_, E>,
) -> Result<(), E> {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if let Some(field) = schema.field(name) {
                    let path = child(path, name);
                    if let (true, Value::Object(object)) = (field.embedded, &mut *value) {
                        visit(&path, object)?;
                    }
                    embedded(value, field, &path, visit)?;
                }
            }
        }
        Value::Array(elements) => {
            let Some(element) = schema.element() else {
                return Ok(());
            };
            for (i, value) in elements.iter_mut().enumerate() {
                let path = index(path, i);
                if let (true, Value::Object(object)) = (element.embedded, &mut *value) {
                    visit(&path, object)?;
                }
                embedded(value, element, &path, visit)?;
            }
        }
        _ => {}
    }
    Ok(())
}
