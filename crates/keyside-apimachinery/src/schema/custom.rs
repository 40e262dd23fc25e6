//! The shape of a custom kind, from the `openAPIV3Schema` of one version of its definition.
//!
//! The schema is known to be structural (the definition was validated), so every node says its type or that it
//! keeps anything; combinators only restrict values and play no part here.

use super::definitions::METADATA_DEFINITION;
use super::{Format, List, ListKind, Object, Reference, Rest, Schema, Shape, Source};
use serde_json::Value;
use std::sync::Arc;

/// The shape of a whole object of the kind.
pub(super) fn kind(document: &Value) -> Schema {
    let mut schema = node(document, false);
    let mut object = match schema.shape {
        Shape::Object(object) => object,
        _ => Object {
            rest: Rest::Preserved,
            ..Object::default()
        },
    };
    complete(&mut object);
    schema.shape = Shape::Object(object);
    schema.source = Source::Custom(Arc::new(document.clone()));
    schema
}

/// One node. `keeps` says that a node above keeps unknown fields: then those below are not complained about when they
/// are applied, although they are pruned.
fn node(document: &Value, keeps: bool) -> Schema {
    let keeps = keeps || document["x-kubernetes-preserve-unknown-fields"] == true;
    Schema {
        default: document.get("default").cloned(),
        ..Schema::of(shape(document, keeps))
    }
}

fn shape(document: &Value, keeps: bool) -> Shape {
    if document["x-kubernetes-int-or-string"] == true {
        return Shape::IntOrString;
    }
    match document["type"].as_str() {
        Some("object") => Shape::Object(object(document, keeps)),
        Some("array") => {
            let items = Box::new(node(&document["items"], keeps));
            Shape::List(List {
                items,
                kind: list_kind(document),
            })
        }
        Some("string") => Shape::String(Format::Plain),
        Some("integer") => Shape::Integer(64),
        Some("number") => Shape::Number,
        Some("boolean") => Shape::Boolean,
        _ => Shape::Any,
    }
}

fn object(document: &Value, keeps: bool) -> Object {
    let rest = match &document["additionalProperties"] {
        values @ Value::Object(_) => Rest::Of(Box::new(node(values, keeps))),
        Value::Bool(true) => Rest::Preserved,
        _ if keeps => Rest::Preserved,
        _ => Rest::Unknown,
    };
    let fields = document["properties"].as_object().into_iter().flatten();
    let mut object = Object {
        fields: fields
            .map(|(name, field)| (name.clone(), node(field, keeps)))
            .collect(),
        rest,
        atomic: document["x-kubernetes-map-type"] == "atomic",
        ..Object::default()
    };
    if document["x-kubernetes-embedded-resource"] == true {
        complete(&mut object);
    }
    object
}

/// Makes the shape that of a whole Kubernetes object. What the definition says about `metadata` only restricts
/// names, so the shape known for all kinds takes its place.
fn complete(object: &mut Object) {
    for field in ["apiVersion", "kind"] {
        object
            .fields
            .insert(field.into(), Schema::of(Shape::String(Format::Plain)));
    }
    let metadata = Shape::Reference(Reference::to(METADATA_DEFINITION));
    object.fields.insert("metadata".into(), Schema::of(metadata));
}

fn list_kind(document: &Value) -> ListKind {
    match document["x-kubernetes-list-type"].as_str() {
        Some("set") => ListKind::Set,
        Some("map") => {
            let keys = document["x-kubernetes-list-map-keys"]
                .as_array()
                .into_iter()
                .flatten();
            ListKind::Map(keys.filter_map(Value::as_str).map(String::from).collect())
        }
        _ => ListKind::Atomic,
    }
}
