//! Checking a custom object against its OpenAPI schema, with the sentences of the validator Kubernetes uses
//! (`kube-openapi/pkg/validation`): `spec.replicas in body must be of type integer: "string"`.
//!
//! On update a part that has not changed is not complained about, so that a schema may be tightened under existing
//! objects (*ratcheting*); that is why the old object walks along.

mod outcome;
mod scalar;

use super::formats;
use super::paths::index;
use super::pattern;
use super::props::{Additional, Props};
use crate::status::FieldError;
use outcome::{Failure, Outcome};
use regex::Regex;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// A schema ready for checking: its patterns are compiled once.
pub(crate) struct Checker {
    patterns: HashMap<String, Regex>,
}

impl Checker {
    /// Compiles what the schema needs; patterns that do not compile were refused with the definition.
    pub(crate) fn new(schema: &Props) -> Self {
        let mut patterns = HashMap::new();
        schema.any(&mut |node| {
            if !node.pattern.is_empty()
                && !patterns.contains_key(&node.pattern)
                && let Ok(regex) = pattern::compile(&node.pattern)
            {
                patterns.insert(node.pattern.clone(), regex);
            }
            false
        });
        Self { patterns }
    }

    /// All that is wrong with `value`. `base` is the path of the value in its object, empty for the whole object;
    /// `old` is what stood there before, if this is an update.
    pub(crate) fn check(
        &self,
        schema: &Props,
        value: &Value,
        old: Option<&Value>,
        base: &str,
    ) -> Vec<FieldError> {
        let old = old.map(|old| Old {
            value: old,
            schema,
            is_root: base.is_empty(),
        });
        let outcome = self.ratcheted(schema, value, "", old);
        outcome.into_field_errors(base)
    }

    /// Checks a node and forgets its failures if it equals what was there.
    fn ratcheted(&self, schema: &Props, value: &Value, path: &str, old: Option<Old<'_>>) -> Outcome {
        let mut outcome = self.node(schema, value, path, old);
        if !outcome.is_valid() && old.is_some_and(|old| old.value == value) {
            outcome.failures.clear();
        }
        outcome
    }

    fn node(&self, schema: &Props, value: &Value, path: &str, old: Option<Old<'_>>) -> Outcome {
        let at = Place { path, schema };
        let mut result = Outcome::default();
        if value.is_null() {
            result.merge(scalar::null(&at));
            result.merge(scalar::allowed(&at, value));
            return result;
        }
        if let Some(outcome) = scalar::kind(&at, value) {
            result.merge(outcome);
            result.matched += 1;
        }
        result.merge(self.junctors(&at, value, old));
        result.matched += 1;
        match value {
            Value::String(text) => {
                result.merge(scalar::string(&at, text, &self.patterns));
                result.matched += 1;
                if formats::is_checked(&schema.format, scalar::single_type(schema)) {
                    result.merge(scalar::format(&at, text));
                    result.matched += 1;
                }
            }
            Value::Number(number) => {
                result.merge(scalar::number(&at, number));
                result.matched += 1;
            }
            Value::Array(elements) => {
                result.merge(self.array(&at, elements, old));
                result.matched += 1;
            }
            _ => {}
        }
        result.merge(scalar::allowed(&at, value));
        result.matched += 1;
        if let Value::Object(fields) = value {
            result.merge(self.object(&at, fields, old));
            result.matched += 1;
        }
        result.matched += 1;
        result
    }

    fn array(&self, at: &Place<'_>, elements: &[Value], old: Option<Old<'_>>) -> Outcome {
        let mut result = Outcome {
            matched: 1,
            ..Outcome::default()
        };
        if let Some(element) = at.schema.element() {
            for (i, value) in elements.iter().enumerate() {
                let old = old.and_then(|old| old.element(value));
                result.merge(self.ratcheted(element, value, &index(at.path, i), old));
            }
        }
        let size = elements.len() as i64;
        if let Some(min) = at.schema.min_items.filter(|min| size < *min) {
            result.add(Failure::other(
                at.path,
                format!("should have at least {min} items"),
                size.into(),
            ));
        }
        if let Some(max) = at.schema.max_items.filter(|max| size > *max) {
            result.add(Failure::too_many(
                at.path,
                format!("should have at most {max} items"),
                size,
                max,
            ));
        }
        if at.schema.unique_items && (1..elements.len()).any(|i| elements[..i].contains(&elements[i])) {
            result.add(Failure::other(
                at.path,
                "shouldn't contain duplicates".to_owned(),
                Value::Null,
            ));
        }
        result
    }

    fn object(&self, at: &Place<'_>, fields: &Map<String, Value>, old: Option<Old<'_>>) -> Outcome {
        let mut result = Outcome::default();
        let (schema, path) = (at.schema, at.path);
        let size = fields.len() as i64;
        if let Some(min) = schema.min_properties.filter(|min| size < *min) {
            result.add(Failure::other(
                path,
                format!("should have at least {min} properties"),
                size.into(),
            ));
        }
        if let Some(max) = schema.max_properties.filter(|max| size > *max) {
            result.add(Failure::too_many(
                path,
                format!("should have at most {max} properties"),
                size,
                max,
            ));
        }
        for (name, value) in fields
            .iter()
            .filter(|(name, _)| !schema.properties.contains_key(*name))
        {
            match &schema.additional_properties {
                Some(Additional::Allowed(false)) => result.add(Failure::forbidden(path, name)),
                Some(Additional::Schema(entry)) => {
                    let old = old.and_then(|old| old.field(name));
                    result.merge(self.ratcheted(entry, value, &format!("{path}.{name}"), old));
                }
                _ => {}
            }
        }
        for (name, property) in &schema.properties {
            let Some(value) = fields.get(name) else { continue };
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            let old = old.and_then(|old| old.field(name));
            result.merge(self.ratcheted(property, value, &path, old));
        }
        for name in schema.required.iter().filter(|name| !fields.contains_key(*name)) {
            result.add(Failure::required(&format!("{path}.{name}")));
        }
        result
    }

    fn junctors(&self, at: &Place<'_>, value: &Value, old: Option<Old<'_>>) -> Outcome {
        let (schema, path) = (at.schema, at.path);
        let mut result = Outcome::default();
        if !schema.any_of.is_empty() {
            let (valid, best) = self.alternatives(&schema.any_of, at, value, old, true);
            if valid == 0 {
                result.add(Failure::plain(format!(
                    "{path:?} must validate at least one schema (anyOf)"
                )));
            }
            result.merge(best);
        }
        if !schema.one_of.is_empty() {
            let (valid, best) = self.alternatives(&schema.one_of, at, value, old, false);
            if valid != 1 {
                let found = if valid == 0 {
                    "Found none valid".to_owned()
                } else {
                    format!("Found {valid} valid alternatives")
                };
                let text = format!("{path:?} must validate one and only one schema (oneOf). {found}");
                result.add(Failure::plain(text));
            }
            if valid <= 1 {
                result.merge(best);
            }
        }
        self.all_of(at, value, old, &mut result);
        if schema
            .not
            .as_ref()
            .is_some_and(|not| self.node(not, value, path, old).is_valid())
        {
            result.add(Failure::plain(format!(
                "{path:?} must not validate the schema (not)"
            )));
        }
        result.matched += 1;
        result
    }

    fn all_of(&self, at: &Place<'_>, value: &Value, old: Option<Old<'_>>, result: &mut Outcome) {
        let mut valid = 0;
        for clause in &at.schema.all_of {
            let outcome = self.node(clause, value, at.path, old);
            valid += usize::from(outcome.is_valid());
            result.merge(outcome);
        }
        if valid != at.schema.all_of.len() {
            let none = if valid == 0 { ". None validated" } else { "" };
            result.add(Failure::plain(format!(
                "{:?} must validate all the schemas (allOf){none}",
                at.path
            )));
        }
    }

    /// How many alternatives hold, and the outcome to report: the first that holds, else the one that matched most.
    fn alternatives(
        &self,
        clauses: &[Props],
        at: &Place<'_>,
        value: &Value,
        old: Option<Old<'_>>,
        first_suffices: bool,
    ) -> (usize, Outcome) {
        let mut valid = 0;
        let mut best: Option<Outcome> = None;
        for clause in clauses {
            let outcome = self.node(clause, value, at.path, old);
            if outcome.is_valid() {
                valid += 1;
                if valid == 1 {
                    best = Some(outcome);
                }
                if first_suffices {
                    break;
                }
            } else if valid == 0 && best.as_ref().is_none_or(|best| outcome.matched > best.matched) {
                best = Some(outcome);
            }
        }
        (valid, best.unwrap_or_default())
    }
}

/// Where a check stands.
struct Place<'a> {
    path: &'a str,
    schema: &'a Props,
}

/// What stood at a place before an update, with the schema that says how its parts correspond.
#[derive(Clone, Copy)]
struct Old<'a> {
    value: &'a Value,
    schema: &'a Props,
    is_root: bool,
}

impl<'a> Old<'a> {
    fn field(self, name: &str) -> Option<Self> {
        // Both versions of an object carry the same apiVersion by now, so its change cannot be seen here.
        if self.is_root && (name == "kind" || name == "apiVersion") {
            return None;
        }
        let value = self.value.as_object()?.get(name)?;
        Some(Self {
            value,
            schema: self.schema.field(name)?,
            is_root: false,
        })
    }

    /// Only elements of a list that is a map correspond.
    fn element(self, new: &Value) -> Option<Self> {
        let schema = self.schema;
        if !schema.is_list("map") {
            return None;
        }
        let same = |old: &&Value| {
            schema
                .list_map_keys
                .iter()
                .all(|key| old.get(key) == new.get(key))
        };
        let value: &'a Value = self.value.as_array()?.iter().find(same)?;
        Some(Self {
            value,
            schema: schema.element()?,
            is_root: false,
        })
    }
}

#[cfg(test)]
mod tests;
