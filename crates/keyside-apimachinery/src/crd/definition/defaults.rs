//! Whether the defaults of a schema are themselves valid objects of it.

use crate::crd::metadata::{self, Malformed};
use crate::crd::paths::{child, key};
use crate::crd::props::Props;
use crate::crd::prune;
use crate::crd::rules::Rules;
use crate::crd::validate::Checker;
use crate::status::FieldError;
use serde_json::{Value, json};

/// What is wrong with the defaults of a schema.
pub(super) fn violations(path: &str, schema: &Props) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let whole = Props {
        embedded: true,
        ..schema.clone()
    };
    let start = Place {
        object: &whole,
        steps: Vec::new(),
        meta: false,
    };
    walk(&whole, path, &start, &mut errors);
    errors
}

/// Where a node stands in the object it belongs to.
#[derive(Clone)]
struct Place<'a> {
    /// The nearest schema of a whole object.
    object: &'a Props,
    /// Names from there, or `None` for an element of a list.
    steps: Vec<Option<&'a str>>,
    /// Inside `apiVersion`, `kind` or `metadata`.
    meta: bool,
}

impl<'a> Place<'a> {
    fn below(&self, step: Option<&'a str>) -> Self {
        let mut place = self.clone();
        place.steps.push(step);
        place
    }

    /// An object with nothing but `value` at this place.
    fn surround(&self, value: &Value) -> Value {
        let wrap = |inner: Value, step: &Option<&str>| match step {
            Some(name) => json!({ *name: inner }),
            None => json!([inner]),
        };
        let mut object = self.steps.iter().rev().fold(value.clone(), wrap);
        for (field, value) in [("kind", "Validation"), ("apiVersion", "validation/v1")] {
            if object.get(field).is_none() {
                object[field] = value.into();
            }
        }
        object
    }
}

fn walk<'a>(s: &'a Props, path: &str, place: &Place<'a>, errors: &mut Vec<FieldError>) {
    let mut place = place.clone();
    if s.embedded {
        place = Place {
            object: s,
            steps: Vec::new(),
            meta: false,
        };
    }
    if let Some(default) = &s.default {
        check(s, default, &child(path, "default"), &place, errors);
    }
    // Defaults of map entries are never used, so they are not followed.
    if let Some(element) = s.element() {
        walk(element, &child(path, "items"), &place.below(None), errors);
    }
    for (name, field) in &s.properties {
        let mut inner = place.below(Some(name));
        inner.meta |= s.embedded && matches!(name.as_str(), "metadata" | "apiVersion" | "kind");
        walk(field, &key(&child(path, "properties"), name), &inner, errors);
    }
}

fn check(s: &Props, default: &Value, path: &str, place: &Place<'_>, errors: &mut Vec<FieldError>) {
    let mut value = default.clone();
    if place.meta {
        let mut object = place.surround(default);
        if let Err(why) = metadata::coerce(&mut object, place.object, Malformed::Refuse) {
            let detail = format!("must result in valid metadata: {why}");
            return errors.push(FieldError::invalid(path, default.clone(), detail));
        }
    } else {
        if !prune::prune(&mut value, s, false).is_empty() {
            errors.push(FieldError::invalid(
                path,
                default.clone(),
                "must not have unknown fields",
            ));
        }
        if let Err(why) = metadata::coerce(&mut value, s, Malformed::Refuse) {
            return errors.push(FieldError::invalid(path, default.clone(), why));
        }
    }
    let mut found = Checker::new(s).check(s, default, None, path);
    if found.is_empty()
        && let Some(rules) = Rules::new(s, s.embedded)
    {
        found = rules.check_at(path, s, default, Some(default));
        if found.is_empty() {
            found = rules.check_at(path, s, default, None);
        }
    }
    errors.append(&mut found);
}
