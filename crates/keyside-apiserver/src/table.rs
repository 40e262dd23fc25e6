//! Answers as a Table: what kubectl prints is computed here, by the kind's own columns.

use crate::negotiate::Form;
use keyside_apimachinery::resource::{Column, Resource};
use serde_json::{Value, json};

/// What a row carries besides its cells (`includeObject`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Include {
    /// The metadata; the default.
    #[default]
    Metadata,
    /// The whole object.
    Object,
    /// Nothing.
    None,
}

impl Include {
    /// Reads the query parameter.
    pub(crate) fn parse(value: Option<&str>) -> Self {
        match value {
            Some("Object") => Self::Object,
            Some("None") => Self::None,
            _ => Self::Metadata,
        }
    }
}

/// One object in the form asked for.
pub(crate) fn object(resource: &Resource, object: Value, form: Form, include: Include, now: &str) -> Value {
    match form {
        Form::Object => object,
        Form::Metadata => metadata(object),
        Form::Table => {
            let version = object["metadata"]["resourceVersion"].clone();
            table(
                resource,
                vec![object],
                json!({"resourceVersion": version}),
                include,
                now,
                true,
            )
        }
    }
}

/// A list in the form asked for. `list_metadata` is the list's `metadata`.
pub(crate) fn list(
    resource: &Resource,
    items: Vec<Value>,
    list_metadata: Value,
    form: Form,
    include: Include,
    now: &str,
) -> Value {
    match form {
        Form::Object => json!({
            "kind": resource.list_kind, "apiVersion": resource.api_version(), "metadata": list_metadata, "items": items,
        }),
        Form::Metadata => json!({
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": list_metadata,
            "items": items.into_iter().map(metadata).collect::<Vec<_>>(),
        }),
        Form::Table => table(resource, items, list_metadata, include, now, true),
    }
}

/// A table. Watches repeat the column definitions in their first event only, as Kubernetes does.
pub(crate) fn table(
    resource: &Resource,
    items: Vec<Value>,
    metadata: Value,
    include: Include,
    now: &str,
    with_columns: bool,
) -> Value {
    let rows: Vec<Value> = items
        .into_iter()
        .map(|object| row(resource, object, include, now))
        .collect();
    let columns = with_columns.then(|| {
        resource
            .behaviour
            .columns()
            .iter()
            .map(column)
            .collect::<Vec<_>>()
    });
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": columns, "rows": rows})
}

fn row(resource: &Resource, object: Value, include: Include, now: &str) -> Value {
    let cells = resource.behaviour.cells(&object, now);
    match include {
        Include::Object => json!({"cells": cells, "object": object}),
        Include::Metadata => json!({"cells": cells, "object": metadata(object)}),
        Include::None => json!({"cells": cells}),
    }
}

fn column(column: &Column) -> Value {
    json!({
        "name": column.name, "type": column.kind, "format": column.format,
        "description": column.description, "priority": column.priority,
    })
}

/// The object's metadata alone.
pub(crate) fn metadata(mut object: Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"].take()})
}
