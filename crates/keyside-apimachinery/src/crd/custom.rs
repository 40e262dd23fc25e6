//! How objects of a custom kind behave, in one version of their definition.

use super::columns::{self, Columns};
use super::jsonpath::JsonPath;
use super::metadata::{self, Malformed};
use super::paths::NO_PATH;
use super::props::Props;
use super::rules::Rules;
use super::validate::Checker;
use super::{lists, prune};
use crate::kinds::name;
use crate::resource::{Behaviour, Column, GroupVersionKind, WriteContext};
use crate::status::{FieldError, FieldErrorKind};
use serde_json::Value;
use std::sync::Arc;

/// One version of a custom kind.
pub(crate) struct Custom {
    pub(crate) gvk: GroupVersionKind,
    pub(crate) schema: Arc<Props>,
    /// Schema of the version objects are stored in, where that is another one.
    pub(crate) stored: Option<Arc<Props>>,
    pub(crate) checker: Checker,
    pub(crate) rules: Option<Rules>,
    /// Whether `/status` is served, and so `status` is out of reach of ordinary writes.
    pub(crate) status: bool,
    pub(crate) scale: Option<Scale>,
    pub(crate) columns: Columns,
    /// Selectable fields by name.
    pub(crate) selectable: Vec<(String, JsonPath)>,
    pub(crate) deprecation: Option<String>,
}

/// `subresources.scale` of a definition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    pub(crate) spec_replicas: String,
    pub(crate) status_replicas: String,
    pub(crate) label_selector: Option<String>,
}

impl Custom {
    /// The checks every write goes through, in the order of Kubernetes.
    fn validate(&self, object: &Value, old: Option<&Value>, context: &WriteContext) -> Vec<FieldError> {
        let wrong_kind = self.validate_type(object);
        if !wrong_kind.is_empty() {
            return wrong_kind;
        }
        let status_write = context.subresource == "status";
        let mut errors = Vec::new();
        if status_write {
            if let (Some(schema), Some(status)) = (self.schema.properties.get("status"), object.get("status"))
            {
                let old = old.and_then(|old| old.get("status"));
                errors.extend(self.checker.check(schema, status, old, "status"));
            }
        } else {
            errors.extend(self.checker.check(&self.schema, object, old, ""));
        }
        if let Some(scale) = &self.scale {
            scale.validate(object, !status_write, &mut errors);
        }
        if !status_write {
            errors.extend(metadata::validate_embedded(object, &self.schema));
        }
        let duplicates = |object: &Value| {
            let mut found = Vec::new();
            lists::duplicates(object, &self.schema, "", &mut found);
            found
        };
        if old.is_none_or(|old| duplicates(old).is_empty()) {
            errors.extend(duplicates(object));
        }
        self.apply_rules(object, old, &mut errors);
        errors
    }

    fn apply_rules(&self, object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
        use FieldErrorKind::{NotSupported, Required, TooLong, TooMany, TypeInvalid};
        let Some(rules) = &self.rules else { return };
        // A rule may rely on what the schema promises, so an object that breaks it is not shown to the rules.
        let blocking =
            |e: &FieldError| matches!(e.kind, NotSupported | Required | TooLong | TooMany | TypeInvalid);
        if errors.iter().any(blocking) {
            let detail = "some validation rules were not checked because the object was invalid; correct the existing \
                          errors to complete validation";
            errors.push(FieldError::invalid(NO_PATH, Value::Null, detail));
        } else {
            errors.extend(rules.check(&self.schema, object, old));
        }
    }

    fn validate_type(&self, object: &Value) -> Vec<FieldError> {
        let wanted = [
            ("kind", self.gvk.kind.clone()),
            ("apiVersion", self.gvk.api_version()),
        ];
        let wrong = wanted
            .into_iter()
            .filter(|(field, wanted)| object[*field] != wanted.as_str());
        let value = |field: &str| Value::from(object[field].as_str().unwrap_or_default());
        wrong
            .map(|(field, wanted)| FieldError::invalid(field, value(field), format!("must be {wanted}")))
            .collect()
    }
}

impl Behaviour for Custom {
    fn default(&self, object: &mut Value) {
        prune::fill(object, &self.schema);
    }

    fn prepare_create(&self, object: &mut Value, _context: &WriteContext) {
        if let (true, Some(fields)) = (self.status, object.as_object_mut()) {
            fields.shift_remove("status");
        }
    }

    fn prepare_update(&self, new: &mut Value, old: &Value, context: &WriteContext) {
        let (Some(fields), Some(before)) = (new.as_object_mut(), old.as_object()) else {
            return;
        };
        if context.subresource == "status" {
            // Everything but the status is as it was, except the record of who wrote it.
            let status = fields.shift_remove("status");
            let managed = fields
                .get("metadata")
                .and_then(|m| m.get("managedFields"))
                .cloned();
            *fields = before.clone();
            fields.shift_remove("status");
            fields.extend(status.map(|status| ("status".to_owned(), status)));
            if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.shift_remove("managedFields");
                metadata.extend(managed.map(|managed| ("managedFields".to_owned(), managed)));
            }
        } else if self.status {
            match before.get("status") {
                Some(status) => drop(fields.insert("status".to_owned(), status.clone())),
                None => drop(fields.shift_remove("status")),
            }
        }
    }

    fn validate_create(&self, object: &Value, context: &WriteContext) -> Vec<FieldError> {
        self.validate(object, None, context)
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &WriteContext) -> Vec<FieldError> {
        self.validate(new, Some(old), context)
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        metadata::finalizer_warnings(object, old)
    }

    fn generation_counts(&self, new: &Value, old: &Value) -> bool {
        let counted = |name: &str| {
            !matches!(name, "metadata" | "apiVersion" | "kind") && (!self.status || name != "status")
        };
        let content = |object: &Value| {
            let fields = object.as_object().cloned().unwrap_or_default();
            fields
                .into_iter()
                .filter(|(name, _)| counted(name))
                .collect::<serde_json::Map<_, _>>()
        };
        content(new) != content(old)
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn columns(&self) -> Vec<Column> {
        self.columns.titles()
    }

    fn cells(&self, object: &Value, now: &str) -> Vec<Value> {
        self.columns.cells(object, now)
    }

    fn selectable_fields(&self, object: &Value) -> Vec<(String, String)> {
        let value = |path: &JsonPath| {
            path.find(object)
                .first()
                .filter(|v| !v.is_null())
                .map(|v| columns::text(v))
        };
        self.selectable
            .iter()
            .map(|(name, path)| (name.clone(), value(path).unwrap_or_default()))
            .collect()
    }

    fn selectable_field_names(&self) -> Vec<String> {
        self.selectable.iter().map(|(name, _)| name.clone()).collect()
    }

    fn grace_period(&self, _object: &Value) -> Option<i64> {
        None
    }

    fn validate_name(&self, name: &str, generated_prefix: bool) -> Vec<String> {
        name::subdomain(name, generated_prefix)
    }

    fn coerce(&self, object: &mut Value) -> Option<Result<Vec<String>, String>> {
        let pruned = prune::prune(object, &self.schema, true);
        prune::drop_nulls(object, Some(&self.schema));
        let coerced = metadata::coerce(object, &self.schema, Malformed::Refuse);
        let pruned = pruned.iter().map(|path| format!("unknown field {path:?}"));
        Some(coerced.map(|(own, embedded)| own.into_iter().chain(pruned).chain(embedded).collect()))
    }

    fn adapts_stored(&self) -> bool {
        true
    }

    fn adapt_stored(&self, object: &mut Value) {
        for schema in self.stored.iter().chain([&self.schema]) {
            prune::prune(object, schema, true);
            prune::drop_nulls(object, Some(schema));
        }
        // What is stored was once valid; should it not be any more, it must stay readable all the same.
        metadata::coerce(object, &self.schema, Malformed::Drop).unwrap_or_default();
        prune::fill(object, &self.schema);
        if let Some(fields) = object.as_object_mut() {
            fields.insert("apiVersion".to_owned(), self.gvk.api_version().into());
        }
    }

    fn deprecation(&self) -> Option<String> {
        self.deprecation.clone()
    }
}

impl Scale {
    fn validate(&self, object: &Value, with_spec: bool, errors: &mut Vec<FieldError>) {
        if with_spec {
            replicas(object, &self.spec_replicas, errors);
        }
        replicas(object, &self.status_replicas, errors);
        let Some(path) = &self.label_selector else { return };
        match lookup(object, path) {
            Ok(Some(Value::String(_)) | None) => {}
            Ok(Some(value)) => {
                let detail = format!(
                    "{path} accessor error: {} is of the type {}, expected string",
                    shown(value),
                    go_type(value)
                );
                errors.push(FieldError::invalid(path, "", detail));
            }
            Err(detail) => errors.push(FieldError::invalid(path, "", detail)),
        }
    }
}

/// A count at a path: whole, not negative, of 32 bits.
fn replicas(object: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let count = match lookup(object, path) {
        Err(detail) => return errors.push(FieldError::invalid(path, 0, detail)),
        Ok(None) => return,
        Ok(Some(value)) => match value.as_i64() {
            Some(count) => count,
            None => {
                let detail = format!(
                    "{path} accessor error: {} is of the type {}, expected int64",
                    shown(value),
                    go_type(value)
                );
                return errors.push(FieldError::invalid(path, 0, detail));
            }
        },
    };
    if count < 0 {
        errors.push(FieldError::invalid(
            path,
            count,
            "should be a non-negative integer",
        ));
    } else if count > i64::from(i32::MAX) {
        errors.push(FieldError::invalid(
            path,
            count,
            format!("should be less than or equal to {}", i32::MAX),
        ));
    }
}

/// The value at a simple dotted path, in the manner and words of `unstructured.NestedFieldNoCopy`.
fn lookup<'a>(object: &'a Value, path: &str) -> Result<Option<&'a Value>, String> {
    let mut value = object;
    for name in path.trim_start_matches('.').split('.') {
        let Value::Object(fields) = value else {
            let (shown, kind) = (shown(value), go_type(value));
            return Err(format!(
                "{path} accessor error: {shown} is of the type {kind}, expected map[string]interface{{}}"
            ));
        };
        match fields.get(name) {
            Some(next) => value = next,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

/// A value as Go's `%v` prints it: maps and lists in brackets, without quotes or commas.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(elements) => format!("[{}]", elements.iter().map(shown).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let mut parts: Vec<_> = fields
                .iter()
                .map(|(name, value)| format!("{name}:{}", shown(value)))
                .collect();
            parts.sort();
            format!("map[{}]", parts.join(" "))
        }
        scalar => columns::text(scalar),
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests;
