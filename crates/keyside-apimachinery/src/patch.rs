//! The three ways to send a change instead of an object: JSON patch (RFC 6902), merge patch (RFC 7386) and
//! Kubernetes' strategic merge patch, which knows the lists of a kind.

mod strategic;

use crate::status::Status;
use serde_json::{Value, json};

pub use strategic::strategic;

/// More operations than this are not even tried.
const MAX_OPERATIONS: usize = 10_000;

/// Why a patch cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The patch itself is malformed.
    #[error("{0}")]
    Malformed(String),
    /// The patch is too long.
    #[error("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {0}")]
    TooLong(usize),
    /// The patch does not fit the object.
    #[error("{0}")]
    Unfit(String),
    /// The patch contradicts itself or the kind's lists.
    #[error("{0}")]
    Contradicts(String),
}

impl PatchError {
    /// What goes over the wire. Kubernetes hides why a patch does not fit behind a general sentence; clients compare
    /// it, so it is kept.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::Malformed(message) => Status::bad_request(message),
            Self::TooLong(_) => Status::new(413, "RequestEntityTooLarge", self.to_string()),
            Self::Unfit(_) => {
                let sentence = "the server rejected our request due to an error in our request";
                let mut status = Status::new(422, "Invalid", sentence);
                status.details = json!({});
                status
            }
            Self::Contradicts(message) => Status::new(500, "", message),
        }
    }
}

/// Applies a JSON patch.
///
/// # Errors
/// A patch that is no list of operations, or an operation that does not fit the document.
pub fn json(document: &Value, patch: &Value) -> Result<Value, PatchError> {
    let operations = patch.as_array().map_or(0, Vec::len);
    if operations > MAX_OPERATIONS {
        return Err(PatchError::TooLong(operations));
    }
    if patch.is_object() {
        let go = "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp";
        return Err(PatchError::Malformed(format!("error decoding patch: {go}")));
    }
    let mut patch = patch.clone();
    for operation in patch.as_array_mut().into_iter().flatten() {
        // Go sets what is not given to null.
        if matches!(operation["op"].as_str(), Some("add" | "replace" | "test"))
            && operation["value"].is_null()
        {
            operation["value"] = Value::Null;
        }
    }
    let patch: json_patch::Patch = serde_json::from_value(patch)
        .map_err(|e| PatchError::Malformed(format!("error decoding patch: {e}")))?;
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

#[cfg(test)]
mod tests;
