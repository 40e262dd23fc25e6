//! Server-side apply: who owns which field (`metadata.managedFields`), and merging what an owner wants into what is
//! stored.
//!
//! The rules are those of Kubernetes' `structured-merge-diff`:
//!
//! * An **apply** names all fields its manager cares about. They are merged into the stored object; what the manager
//!   named before, names no longer and nobody else owns is removed; a field that somebody else owns with another value
//!   is a conflict, unless forced.
//! * Any other write **updates**: the fields it changed now belong to the writer alone, under a second entry of the
//!   same manager.
//!
//! | Module | What it answers |
//! |---|---|
//! | `step`, `set` | one step of a path; sets of fields and their form in `managedFields` |
//! | `typed` | how a value of a kind merges: whole, by element, by field |
//! | `merge`, `compare`, `fields` | merging two values, what differs, which fields a value has |
//! | `managers` | the entries of `managedFields` |
//! | `update` | how ownership moves |
//! | `client_side` | taking over from client-side `kubectl apply` |

mod client_side;
mod compare;
mod fields;
mod managers;
mod merge;
mod set;
mod step;
mod typed;
mod update;

use crate::meta;
use crate::schema::{Schema, Shape, Source};
use crate::status::Status;
use managers::Owners;
use serde_json::{Value, json};
use std::fmt::Write;
use typed::Type;

/// The fields that Go structs hold by value: they are there even when nobody wrote them.
const PARTS: [&str; 13] = [
    "acceptedNames",
    "daemonEndpoints",
    "jobTemplate",
    "kubeletEndpoint",
    "loadBalancer",
    "metadata",
    "names",
    "nodeInfo",
    "spec",
    "status",
    "strategy",
    "template",
    "updateStrategy",
];

/// Who writes, and how: what becomes one entry of `managedFields`.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// Field manager, such as `kubectl-client-side-apply`.
    pub manager: &'a str,
    /// Empty for the object itself, else the subresource (`status`, `scale`).
    pub subresource: &'a str,
    /// `apiVersion` of the written object.
    pub api_version: &'a str,
    /// Now, RFC 3339 with seconds.
    pub now: &'a str,
    /// Top-level fields this endpoint does not write and so never owns: `status` on the object of a kind with a status
    /// subresource.
    pub ignored: &'a [&'a str],
}

/// A field somebody else owns with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The other owner, as in `"kubectl" using apps/v1`.
    pub manager: String,
    /// Path of the field, such as `.spec.replicas`.
    pub field: String,
}

/// Why an apply is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Others own fields with other values.
    #[error("{}", conflict_message(.0))]
    Conflicts(Vec<Conflict>),
    /// The configuration says what an apply may not say.
    #[error("{0}")]
    Invalid(String),
    /// The configuration does not fit the kind, or cannot be merged.
    #[error("{0}")]
    Unmergeable(String),
}

impl ApplyError {
    /// What goes over the wire.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::Conflicts(conflicts) => {
                let cause = |conflict: &Conflict| {
                    let message = format!("conflict with {}", conflict.manager);
                    json!({"reason": "FieldManagerConflict", "message": message, "field": conflict.field})
                };
                let causes: Vec<Value> = conflicts.iter().map(cause).collect();
                Status {
                    details: json!({"causes": causes}),
                    ..Status::new(409, "Conflict", self.to_string())
                }
            }
            Self::Invalid(message) => Status::bad_request(message),
            // Upstream gives these no reason, and kubectl shows the sentence as it is.
            Self::Unmergeable(message) => Status::new(500, "", message),
        }
    }
}

/// Merges an applied configuration into what is stored and records its ownership. What this manager applied before
/// and no longer names is removed unless somebody else owns it. `force` takes over conflicting fields.
///
/// An apply that changes nothing answers with an object equal to `live`, times included. Otherwise the answer still has
/// to be brought to the form of the kind: fields left without content are null.
///
/// # Errors
/// Conflicts with other owners, or a configuration that cannot be merged.
pub fn apply(
    schema: &Schema,
    live: Option<&Value>,
    applied: &Value,
    writer: &Writer<'_>,
    force: bool,
) -> Result<Value, ApplyError> {
    if applied["metadata"]
        .get("managedFields")
        .is_some_and(|fields| !fields.is_null())
    {
        return Err(ApplyError::Invalid("metadata.managedFields must be nil".into()));
    }
    let ty = Type::Known(schema);
    typed::check(ty, applied, false)
        .map_err(|error| ApplyError::Unmergeable(mistyped("patch", applied, &error)))?;
    let entries = live.map_or(&Value::Null, |live| &live["metadata"]["managedFields"]);
    let mut owners = Owners::read(entries)
        .map_err(|error| ApplyError::Unmergeable(format!("failed to decode managed fields: {error}")))?;
    let stored = live.map_or_else(|| json!({}), without_owners);
    if owners.is_empty() && live.is_some() {
        let before = Writer {
            manager: "before-first-apply",
            ..*writer
        };
        update::update(ty, &blank(schema), &stored, &mut owners, &before)
            .map_err(|error| ApplyError::Unmergeable(mistyped("live", &stored, &error)))?;
    }
    let merged = merge_in(ty, &stored, applied, &mut owners, writer, force)?;
    let mut object = merged.unwrap_or(stored);
    if writer.manager == client_side::KUBECTL {
        client_side::refresh(&mut object, applied);
    }
    meta::set(&mut object, "managedFields", owners.write());
    Ok(object)
}

/// Records the ownership of a write that is not an apply: the fields that differ from `live` now belong to the writer.
/// Writes `metadata.managedFields` of `new`; what the client sent there counts only as a reset (`[]` or `[{}]`) or, if
/// it is well-formed, as the owners to start from.
pub fn track(schema: &Schema, live: Option<&Value>, new: &mut Value, writer: &Writer<'_>) {
    let ty = Type::Known(schema);
    let of = |object: Option<&Value>| object.map_or(Value::Null, |o| o["metadata"]["managedFields"].clone());
    let (stored, sent) = (of(live), of(Some(new)));
    let mut owners = match Owners::read(&sent) {
        _ if !writer.subresource.is_empty() => Owners::read(&stored).unwrap_or_default(),
        _ if managers::is_reset(&sent) => Owners::default(),
        Ok(owners) if !owners.is_empty() => owners,
        _ => Owners::read(&stored).unwrap_or_default(),
    };
    meta::remove(new, "managedFields");
    if owners.is_empty() && live.is_some() {
        return;
    }
    let before = live.map_or_else(|| blank(schema), without_owners);
    let entries = match update::update(ty, &before, new, &mut owners, writer) {
        Ok(()) => owners.write(),
        Err(_) => stored,
    };
    meta::set(new, "managedFields", entries);
}

/// Applies, taking over from the client side where that explains all conflicts.
fn merge_in(
    ty: Type<'_>,
    stored: &Value,
    applied: &Value,
    owners: &mut Owners,
    writer: &Writer<'_>,
    force: bool,
) -> Result<Option<Value>, ApplyError> {
    let mut tried = owners.clone();
    let conflicts = match update::apply(ty, stored, applied, &mut tried, writer, force) {
        Err(ApplyError::Conflicts(conflicts)) if writer.manager == client_side::KUBECTL => conflicts,
        done => {
            *owners = tried;
            return done;
        }
    };
    match client_side::remaining(ty, stored, conflicts) {
        remaining if remaining.is_empty() => update::apply(ty, stored, applied, owners, writer, true),
        remaining => Err(ApplyError::Conflicts(remaining)),
    }
}

fn without_owners(object: &Value) -> Value {
    let mut object = object.clone();
    meta::remove(&mut object, "managedFields");
    object
}

/// What an object is compared with that did not exist: of a built-in kind, Go's empty struct has all its parts, so
/// that nobody owns `spec` itself.
fn blank(schema: &Schema) -> Value {
    match schema.source {
        Source::Definition(_) => blank_parts(schema),
        Source::Inline | Source::Custom(_) => json!({}),
    }
}

fn blank_parts(schema: &Schema) -> Value {
    let Shape::Object(object) = &schema.resolve().shape else {
        return json!({});
    };
    let parts = object.fields.iter().filter_map(|(name, part)| {
        if PARTS.contains(&name.as_str()) {
            return Some((name.clone(), blank_parts(part)));
        }
        // A list that is written even when empty is there too, so that nobody has added it.
        let is_list = matches!(part.resolve().shape, Shape::List(_));
        (is_list && object.required.contains(name)).then(|| (name.clone(), Value::Null))
    });
    Value::Object(parts.collect())
}

/// `failed to create typed patch object (ns/name; apps/v1, Kind=Deployment): …`.
fn mistyped(which: &str, object: &Value, error: &str) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let version = text(&object["apiVersion"]);
    let slash = if version.contains('/') { "" } else { "/" };
    format!(
        "failed to create typed {which} object ({}/{}; {slash}{version}, Kind={}): {error}",
        meta::namespace(object),
        meta::name(object),
        text(&object["kind"]),
    )
}

/// Conflicts by owner, as kubectl shows them.
fn conflict_message(conflicts: &[Conflict]) -> String {
    if let [one] = conflicts {
        return format!(
            "Apply failed with 1 conflict: conflict with {}: {}",
            one.manager, one.field
        );
    }
    let mut message = format!("Apply failed with {} conflicts:", conflicts.len());
    let mut owner = "";
    for conflict in conflicts {
        if conflict.manager != owner {
            owner = &conflict.manager;
            let begin = if message.ends_with("conflicts:") {
                " "
            } else {
                "\n"
            };
            let _ = write!(message, "{begin}conflicts with {owner}:");
        }
        let _ = write!(message, "\n- {}", conflict.field);
    }
    message
}

#[cfg(test)]
mod tests;
