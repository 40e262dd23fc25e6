//! Rows and columns, as `kubectl get` shows them (`meta.k8s.io` `Table`).

use crate::catalog::Served;
use crate::present::metadata;
use crate::query::Query;
use keyside_apimachinery::status::Status;
use serde_json::{Value, json};

/// What of an object comes with its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Include {
    /// Nothing.
    Nothing,
    /// Its metadata: what kubectl needs for sorting and labels.
    Metadata,
    /// All of it.
    Object,
}

impl Include {
    /// Reads `includeObject`.
    pub(crate) fn of(query: &Query) -> Result<Self, Status> {
        match query.get("includeObject") {
            "" | "Metadata" => Ok(Self::Metadata),
            "None" => Ok(Self::Nothing),
            "Object" => Ok(Self::Object),
            other => Err(Status::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: {other:?}: must be 'Metadata', 'Object', 'None', or empty"
            ))),
        }
    }
}

/// A table of these objects. `headers` leaves the columns out when false: a watch sends them once.
pub(crate) fn table(
    served: &Served,
    objects: &[Value],
    version: &str,
    meta: Value,
    include: Include,
    headers: bool,
    now: &str,
) -> Value {
    let behaviour = &served.resource.behaviour;
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| row(behaviour.cells(object, now), object, version, include))
        .collect();
    let mut out = json!({"kind": "Table", "apiVersion": format!("meta.k8s.io/{version}"), "metadata": meta});
    out["columnDefinitions"] = if headers { columns(served) } else { Value::Null };
    out["rows"] = rows.into();
    out
}

fn columns(served: &Served) -> Value {
    let columns = served.resource.behaviour.columns().into_iter();
    columns
        .map(|column| {
            json!({
                "name": column.name, "type": column.kind, "format": column.format,
                "description": column.description, "priority": column.priority,
            })
        })
        .collect()
}

fn row(cells: Vec<Value>, object: &Value, version: &str, include: Include) -> Value {
    match include {
        Include::Nothing => json!({"cells": cells, "object": null}),
        Include::Metadata => json!({"cells": cells, "object": metadata(object, version)}),
        Include::Object => json!({"cells": cells, "object": object}),
    }
}
