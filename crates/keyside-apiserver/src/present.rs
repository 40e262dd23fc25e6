//! Stored objects on their way out: in the version asked for, whole, as metadata only, or as rows of a table.

pub(crate) mod table;

use crate::accept::Transform;
use crate::call::Call;
use crate::catalog::Served;
use crate::convert;
use crate::reply::Reply;
use crate::store::Entry;
use bytes::Bytes;
use http::StatusCode;
use keyside_apimachinery::status::Status;
use serde_json::{Value, json};
use std::borrow::Cow;

/// Whether stored bytes can be sent as they are: same version, and the kind wants nothing done on reading.
fn is_ready(served: &Served, stored: &[u8]) -> bool {
    stored.starts_with(served.head.as_bytes()) && !served.resource.behaviour.adapts_stored()
}

/// A stored object in the version that is served.
pub(crate) fn value(served: &Served, stored: &[u8]) -> Value {
    let mut object = serde_json::from_slice(stored).unwrap_or(Value::Null);
    adapt(served, &mut object);
    object
}

fn adapt(served: &Served, object: &mut Value) {
    let resource = &served.resource;
    if resource.behaviour.adapts_stored() {
        resource.behaviour.adapt_stored(object);
    }
    convert::to_version(object, &resource.gvk.kind, &resource.api_version());
}

/// The JSON of a stored object in the version that is served.
pub(crate) fn json(served: &Served, stored: &Bytes) -> Bytes {
    if is_ready(served, stored) {
        stored.clone()
    } else {
        value(served, stored).to_string().into()
    }
}

/// What a write has produced.
#[derive(Debug, Clone)]
pub(crate) enum Product {
    /// It is stored.
    Stored(Entry),
    /// It would have been stored (dry run), or is no stored object at all.
    Draft(Value),
}

impl Product {
    /// The object in the served version.
    pub(crate) fn value(&self, served: &Served) -> Value {
        match self {
            Self::Stored(entry) => value(served, &entry.value),
            Self::Draft(object) => object.clone(),
        }
    }
}

/// Answers with one object in the form the client wants.
pub(crate) fn object(call: &Call, code: StatusCode, product: &Product) -> Result<Reply, Status> {
    let served = &call.served;
    Ok(match (call.accept.transform, product) {
        (Transform::Whole, Product::Stored(entry)) => Reply::json(code, json(served, &entry.value)),
        (Transform::Whole, Product::Draft(object)) => Reply::value(code, object.clone()),
        (Transform::Metadata(version), product) => {
            Reply::value(code, metadata(&product.value(served), version))
        }
        (Transform::Table(version), product) => {
            let object = product.value(served);
            let meta = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
            let include = table::Include::of(&call.query)?;
            Reply::value(
                code,
                table::table(served, &[object], version, meta, include, true, &call.now),
            )
        }
    })
}

/// Answers with a list. `meta` is its `metadata`.
pub(crate) fn list(call: &Call, items: &[Item], meta: Value) -> Result<Reply, Status> {
    let served = &call.served;
    let values = || items.iter().map(|item| item.value(served).into_owned());
    let code = StatusCode::OK;
    Ok(match call.accept.transform {
        Transform::Whole => {
            let head = json!({
                "kind": served.resource.list_kind, "apiVersion": served.resource.api_version(), "metadata": meta,
            });
            Reply::json(code, join(&head, served, items))
        }
        Transform::Metadata(version) => {
            let items: Vec<Value> = values().map(|object| metadata(&object, version)).collect();
            let api_version = format!("meta.k8s.io/{version}");
            let kind = "PartialObjectMetadataList";
            Reply::value(
                code,
                json!({"kind": kind, "apiVersion": api_version, "metadata": meta, "items": items}),
            )
        }
        Transform::Table(version) => {
            let objects: Vec<Value> = values().collect();
            let include = table::Include::of(&call.query)?;
            let headers = !call.query.flag("noHeaders");
            Reply::value(
                code,
                table::table(served, &objects, version, meta, include, headers, &call.now),
            )
        }
    })
}

/// An object of a list; parsed already if a selector had to look inside.
pub(crate) struct Item {
    pub(crate) entry: Entry,
    pub(crate) parsed: Option<Value>,
}

impl Item {
    fn value(&self, served: &Served) -> Cow<'_, Value> {
        match &self.parsed {
            Some(object) => Cow::Borrowed(object),
            None => Cow::Owned(value(served, &self.entry.value)),
        }
    }
}

/// The list as text, made of the items' own text.
fn join(head: &Value, served: &Served, items: &[Item]) -> Bytes {
    let size: usize = items.iter().map(|item| item.entry.value.len() + 1).sum();
    let mut out = head.to_string().into_bytes();
    out.reserve(size + 16);
    out.pop();
    out.extend_from_slice(b",\"items\":[");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let text = json(served, &item.entry.value);
        match text.strip_prefix(served.head.as_bytes()) {
            // Items of built-in lists do not say what they are: the list does.
            Some(rest) if !served.custom => {
                out.push(b'{');
                out.extend_from_slice(rest);
            }
            _ => out.extend_from_slice(&text),
        }
    }
    out.extend_from_slice(b"]}\n");
    out.into()
}

/// `PartialObjectMetadata` of an object.
pub(crate) fn metadata(object: &Value, version: &str) -> Value {
    let metadata = object.get("metadata").cloned().unwrap_or_else(|| json!({}));
    json!({"kind": "PartialObjectMetadata", "apiVersion": format!("meta.k8s.io/{version}"), "metadata": metadata})
}
