//! Bytes to an object: JSON and YAML with repeated keys noticed, and the strictness of Go's typed decoder over a
//! [`crate::schema::Schema`].
//!
//! Reading happens in two steps, because what is sent may be a patch or an object of any kind: [`parse`] makes a
//! value of bytes, [`shape`] brings the value to the form of a kind. What both noticed without refusing goes to the
//! client as warnings, or, under `fieldValidation=Strict`, as one [`strict_error`].

mod shape;
mod syntax;
mod times;
mod tree;

use serde::de::DeserializeSeed;
use serde_json::Value;
use serde_saphyr::DuplicateKeyPolicy;
use std::fmt::Display;
use tree::{Notes, Seed};

pub use shape::shape;

/// How the sentence about repeated keys of YAML begins.
const YAML_ERRORS: &str = "yaml: unmarshal errors:";

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/json`.
    Json,
    /// `application/yaml`, which JSON is too.
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
    match format {
        Format::Json => json(bytes),
        Format::Yaml => match json(bytes) {
            Ok(parsed) if parsed.duplicates.is_empty() => Ok(parsed),
            _ => yaml(bytes),
        },
    }
}

/// The sentence of a request refused under `fieldValidation=Strict`: `strict decoding error: unknown field "a", …`.
#[must_use]
pub fn strict_error(findings: &[String]) -> String {
    format!("strict decoding error: {}", findings.join(", "))
}

/// Everything noticed about a body in the order Kubernetes tells it: repeated keys of JSON are found while fields are,
/// those of YAML before.
#[must_use]
pub fn findings(duplicates: &[String], unknown: &[String]) -> Vec<String> {
    match duplicates
        .iter()
        .any(|sentence| sentence.starts_with(YAML_ERRORS))
    {
        true => [duplicates, unknown].concat(),
        false => [unknown, duplicates].concat(),
    }
}

fn json(bytes: &[u8]) -> Result<Parsed, DecodeError> {
    let mut notes = Notes::default();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = Seed(&mut notes).deserialize(&mut deserializer);
    let read = read.and_then(|value| deserializer.end().map(|()| value));
    let value =
        read.map_err(|error| DecodeError(syntax::first_error(bytes).unwrap_or_else(|| error.to_string())))?;
    Ok(Parsed {
        value,
        duplicates: notes.repeated,
    })
}

fn yaml(bytes: &[u8]) -> Result<Parsed, DecodeError> {
    let failed = |error: &dyn Display| DecodeError(format!("error converting YAML to JSON: yaml: {error}"));
    let text = std::str::from_utf8(bytes).map_err(|error| failed(&error))?;
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        legacy_octal_numbers: true,
        with_snippet: false,
    };
    let mut notes = Notes::by_line();
    let value = serde_saphyr::with_deserializer_from_str_with_options(text, options, |deserializer| {
        Seed(&mut notes).deserialize(deserializer)
    });
    let value = value.map_err(|error| failed(&error))?;
    let mut duplicates = Vec::new();
    if !notes.repeated.is_empty() {
        duplicates.push(format!(
            "yaml: unmarshal errors:\n  {}",
            notes.repeated.join("\n  ")
        ));
    }
    Ok(Parsed { value, duplicates })
}

#[cfg(test)]
mod tests;
