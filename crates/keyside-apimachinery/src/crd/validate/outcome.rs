//! What checking a node found: failures, and how much matched (which decides whose failures are told when none of
//! several alternatives holds).

use crate::crd::paths::{NO_PATH, child};
use crate::status::{FieldError, FieldErrorKind};
use serde_json::Value;

#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) failures: Vec<Failure>,
    pub(super) matched: usize,
}

/// One failure, before it becomes a [`FieldError`].
#[derive(Debug)]
pub(super) struct Failure {
    /// Path inside the checked value; `None` for sentences about a whole junctor.
    path: Option<String>,
    message: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Other(Value),
    Required,
    Type(String),
    Enum(Value, Vec<String>),
    TooLong(i64),
    TooMany(i64, i64),
}

impl Outcome {
    pub(super) fn is_valid(&self) -> bool {
        self.failures.is_empty()
    }

    /// Adds a failure unless the same sentence was said already.
    pub(super) fn add(&mut self, failure: Failure) {
        if !self.failures.iter().any(|known| known.message == failure.message) {
            self.failures.push(failure);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        other.failures.into_iter().for_each(|failure| self.add(failure));
        self.matched += other.matched;
    }

    pub(super) fn into_field_errors(self, base: &str) -> Vec<FieldError> {
        self.failures
            .into_iter()
            .map(|failure| failure.into_field_error(base))
            .collect()
    }
}

impl Failure {
    pub(super) fn other(path: &str, detail: String, value: Value) -> Self {
        Self::at(path, detail, Kind::Other(value))
    }

    pub(super) fn kind(path: &str, wanted: &str, got: &str) -> Self {
        Self::at(
            path,
            format!("must be of type {wanted}: {got:?}"),
            Kind::Type(got.to_owned()),
        )
    }

    pub(super) fn required(path: &str) -> Self {
        Self::at(path, "is required".to_owned(), Kind::Required)
    }

    pub(super) fn forbidden(path: &str, name: &str) -> Self {
        let message = format!("{path}.{name} in body is a forbidden property");
        Self {
            path: Some(path.to_owned()),
            message,
            kind: Kind::Other(name.into()),
        }
    }

    pub(super) fn not_allowed(path: &str, value: &Value, allowed: Vec<String>) -> Self {
        let detail = format!("should be one of [{}]", allowed.join(" "));
        Self::at(path, detail, Kind::Enum(value.clone(), allowed))
    }

    pub(super) fn too_long(path: &str, max: i64) -> Self {
        Self::at(
            path,
            format!("should be at most {max} chars long"),
            Kind::TooLong(max),
        )
    }

    pub(super) fn too_many(path: &str, detail: String, actual: i64, max: i64) -> Self {
        Self::at(path, detail, Kind::TooMany(actual, max))
    }

    /// A sentence without a place of its own.
    pub(super) fn plain(message: String) -> Self {
        Self {
            path: None,
            message,
            kind: Kind::Other(Value::Null),
        }
    }

    fn at(path: &str, detail: String, kind: Kind) -> Self {
        Self {
            path: Some(path.to_owned()),
            message: format!("{path} in body {detail}"),
            kind,
        }
    }

    fn into_field_error(self, base: &str) -> FieldError {
        let root = if base.is_empty() { NO_PATH } else { base };
        let field = match self.path.as_deref().map(|path| path.trim_start_matches('.')) {
            None | Some("") => root.to_owned(),
            Some(path) => child(base, path),
        };
        let or_empty = |value: Value| if value.is_null() { Value::from("") } else { value };
        match self.kind {
            Kind::Required => FieldError::required(field, ""),
            Kind::Type(got) => {
                FieldError::new(FieldErrorKind::TypeInvalid, field, Some(got.into()), self.message)
            }
            Kind::Enum(value, allowed) => {
                let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
                FieldError::not_supported(field, value, &allowed)
            }
            Kind::TooLong(max) => FieldError::too_long(field, usize::try_from(max).unwrap_or_default()),
            Kind::TooMany(actual, max) => {
                let items = if max == 1 { "item" } else { "items" };
                let detail = format!("must have at most {max} {items}");
                FieldError::new(FieldErrorKind::TooMany, field, Some(actual.into()), detail)
            }
            Kind::Other(value) => FieldError::invalid(field, or_empty(value), self.message),
        }
    }
}
