//! Checks that many kinds share. They push what is wrong onto a list, so that one answer names every mistake.

use super::access::{entries, list, same, text};
use super::name;
use super::path::Path;
use crate::status::FieldError;
use serde_json::Value;

/// What is wrong so far.
pub(crate) type Errors = Vec<FieldError>;

/// The sentence for a change of what never changes.
pub(crate) const IMMUTABLE: &str = "field is immutable";
/// The sentence for a number below 0.
pub(crate) const NOT_NEGATIVE: &str = "must be greater than or equal to 0";
/// Most bytes all annotations of an object may have together.
const ANNOTATION_LIMIT: usize = 256 * 1024;

/// One error per sentence about a value.
pub(crate) fn sentences(
    errors: &mut Errors,
    path: &Path,
    value: impl Into<Value>,
    found: impl IntoIterator<Item = String>,
) {
    let value = value.into();
    errors.extend(
        found
            .into_iter()
            .map(|sentence| FieldError::invalid(path, value.clone(), sentence)),
    );
}

/// A number must not be below 0.
pub(crate) fn not_negative(errors: &mut Errors, path: &Path, number: i64) {
    if number < 0 {
        errors.push(FieldError::invalid(path, number, NOT_NEGATIVE));
    }
}

/// A text must be one of a few.
pub(crate) fn one_of(errors: &mut Errors, path: &Path, value: &str, allowed: &[&str]) {
    if value.is_empty() {
        errors.push(FieldError::required(path, ""));
    } else if !allowed.contains(&value) {
        errors.push(FieldError::not_supported(path, value, allowed));
    }
}

/// A text, if there is one, must be one of a few.
pub(crate) fn one_of_or_none(errors: &mut Errors, path: &Path, value: &Value, allowed: &[&str]) {
    if let Some(value) = value.as_str()
        && !allowed.contains(&value)
    {
        errors.push(FieldError::not_supported(path, value, allowed));
    }
}

/// A text must be given.
pub(crate) fn required(errors: &mut Errors, path: &Path, value: &str) {
    if value.is_empty() {
        errors.push(FieldError::required(path, ""));
    }
}

/// A value must stay.
pub(crate) fn immutable(errors: &mut Errors, path: &Path, new: &Value, old: &Value) {
    if !same(new, old) {
        errors.push(FieldError::invalid(path, new.clone(), IMMUTABLE));
    }
}

/// A value must stay; some kinds' errors do not repeat it.
pub(crate) fn immutable_unshown(errors: &mut Errors, path: &Path, new: &Value, old: &Value) {
    if !same(new, old) {
        errors.push(FieldError::invalid(path, Value::Null, IMMUTABLE));
    }
}

/// Labels, or a node selector: keys and values of the label alphabet.
pub(crate) fn labels(errors: &mut Errors, path: &Path, object: &Value, field: &str) {
    for (key, value) in entries(object, field) {
        let value = value.as_str().unwrap_or_default();
        sentences(errors, path, key.as_str(), name::label_key(key));
        sentences(errors, path, value, name::label_value(value));
    }
}

/// Annotations: keys of the label alphabet in any case, and not too much of them.
pub(crate) fn annotations(errors: &mut Errors, path: &Path, object: &Value, field: &str) {
    let mut size = 0;
    for (key, value) in entries(object, field) {
        sentences(errors, path, key.as_str(), name::label_key(&key.to_lowercase()));
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > ANNOTATION_LIMIT {
        errors.push(FieldError::too_long(path, ANNOTATION_LIMIT));
    }
}

/// A path below a domain, such as `acme.io/foo`.
pub(crate) fn domain_path(errors: &mut Errors, path: &Path, value: &str) {
    const REST: &str = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
    if value.is_empty() {
        errors.push(FieldError::required(path, ""));
        return;
    }
    let Some((host, rest)) = value
        .split_once('/')
        .filter(|(a, b)| !a.is_empty() && !b.is_empty())
    else {
        let detail = "must be a domain-prefixed path (such as \"acme.io/foo\")";
        errors.push(FieldError::invalid(path, value, detail));
        return;
    };
    sentences(errors, path, host, name::subdomain(host, false));
    if !rest
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b))
    {
        let detail = format!("Invalid path (regex used for validation is '{REST}')");
        errors.push(FieldError::invalid(path, rest, detail));
    }
}

/// A `LabelSelector`.
pub(crate) fn label_selector(errors: &mut Errors, path: &Path, selector: &Value) {
    labels(errors, &path.at("matchLabels"), selector, "matchLabels");
    for (i, requirement) in list(selector, "matchExpressions").iter().enumerate() {
        let path = path.at("matchExpressions").index(i);
        let values = list(requirement, "values");
        match text(requirement, "operator") {
            "In" | "NotIn" if values.is_empty() => errors.push(FieldError::required(
                path.at("values"),
                "must be specified when `operator` is 'In' or 'NotIn'",
            )),
            "Exists" | "DoesNotExist" if !values.is_empty() => errors.push(FieldError::forbidden(
                path.at("values"),
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            )),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                errors.push(FieldError::invalid(
                    path.at("operator"),
                    other,
                    "not a valid selector operator",
                ));
            }
        }
        let key = text(requirement, "key");
        sentences(errors, &path.at("key"), key, name::label_key(key));
        for (j, value) in values.iter().enumerate() {
            let value = value.as_str().unwrap_or_default();
            sentences(
                errors,
                &path.at("values").index(j),
                value,
                name::label_value(value),
            );
        }
    }
}
