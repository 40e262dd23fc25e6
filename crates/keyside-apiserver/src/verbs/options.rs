//! Options of writes, from the query string.

use crate::admission::Operation;
use crate::query::Query;
use keyside_apimachinery::meta;
use keyside_apimachinery::status::{FieldError, Status};
use serde_json::{Value, json};

/// What happens to fields nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// Options of create, update and patch.
#[derive(Debug, Clone)]
pub(crate) struct WriteOptions {
    pub(crate) dry_run: bool,
    /// `fieldManager`; empty if not given.
    pub(crate) manager: String,
    pub(crate) validation: FieldValidation,
    /// Only of an apply.
    pub(crate) force: Option<bool>,
}

impl WriteOptions {
    /// Reads `CreateOptions`, `UpdateOptions` or `PatchOptions`.
    pub(crate) fn parse(query: &Query, kind: &str, apply: bool) -> Result<Self, Status> {
        let mut errors = Vec::new();
        let manager = query.get("fieldManager").to_owned();
        let force = query.maybe_flag("force");
        if kind == "PatchOptions" {
            if apply && manager.is_empty() {
                errors.push(FieldError::required(
                    "fieldManager",
                    "is required for apply patch",
                ));
            }
            if !apply && force.is_some() {
                errors.push(FieldError::forbidden(
                    "force",
                    "may not be specified for non-apply patch",
                ));
            }
        }
        errors.extend(meta::manager_name(&manager, "fieldManager"));
        let dry_run = dry_run(query, &mut errors);
        let validation = match query.get("fieldValidation") {
            "" | "Warn" => FieldValidation::Warn,
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            other => {
                errors.push(FieldError::not_supported(
                    "fieldValidation",
                    other,
                    &["", "Ignore", "Strict", "Warn"],
                ));
                FieldValidation::Warn
            }
        };
        if errors.is_empty() {
            Ok(Self {
                dry_run,
                manager,
                validation,
                force,
            })
        } else {
            Err(Status::invalid("meta.k8s.io", kind, "", &errors))
        }
    }

    /// As admission webhooks are told.
    pub(crate) fn to_json(&self, operation: Operation) -> Value {
        let kind = match operation {
            Operation::Create => "CreateOptions",
            Operation::Update => "UpdateOptions",
            Operation::Delete => "DeleteOptions",
            Operation::Connect => return Value::Null,
        };
        let mut out = json!({"kind": kind, "apiVersion": "meta.k8s.io/v1"});
        if self.dry_run {
            out["dryRun"] = json!(["All"]);
        }
        if operation != Operation::Delete {
            if !self.manager.is_empty() {
                out["fieldManager"] = self.manager.as_str().into();
            }
            out["fieldValidation"] = match self.validation {
                FieldValidation::Ignore => "Ignore",
                FieldValidation::Warn => "Warn",
                FieldValidation::Strict => "Strict",
            }
            .into();
        }
        out
    }
}

/// Whether `dryRun` is given; it has one legal value.
pub(crate) fn dry_run(query: &Query, errors: &mut Vec<FieldError>) -> bool {
    for value in query.all("dryRun") {
        if value != "All" {
            errors.push(FieldError::not_supported("dryRun", json!([value]), &["All"]));
        }
    }
    query.has("dryRun")
}
