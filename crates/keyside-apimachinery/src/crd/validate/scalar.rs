//! The checks of one value that is not looked into: type, number, string, format, allowed values.

use super::Place;
use super::outcome::{Failure, Outcome};
use crate::crd::formats;
use crate::crd::props::Props;
use regex::Regex;
use serde_json::{Number, Value};
use std::collections::HashMap;

/// The types a schema allows, as the validator sees them.
fn types(schema: &Props) -> Vec<&str> {
    match (schema.int_or_string, schema.kind.as_str()) {
        (true, _) => vec!["integer", "string"],
        (false, "") => Vec::new(),
        (false, kind) => vec![kind],
    }
}

/// The one type a schema allows, or nothing.
pub(super) fn single_type(schema: &Props) -> &str {
    if schema.int_or_string { "" } else { &schema.kind }
}

/// `type` and format of a value in the validator's words.
fn describe(value: &Value) -> (&'static str, &'static str) {
    match value {
        Value::Null => ("null", ""),
        Value::Bool(_) => ("boolean", ""),
        Value::String(_) => ("string", ""),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
        Value::Number(number) if number.is_i64() => ("integer", "int64"),
        Value::Number(_) => ("number", "float64"),
    }
}

fn failed(failure: Failure) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.add(failure);
    outcome
}

pub(super) fn null(at: &Place<'_>) -> Outcome {
    let types = types(at.schema);
    if !types.is_empty() && !types.contains(&"null") && !at.schema.nullable {
        return failed(Failure::kind(at.path, &types.join(","), "null"));
    }
    Outcome {
        matched: 1,
        ..Outcome::default()
    }
}

/// The type check; nothing where the schema asks for none.
pub(super) fn kind(at: &Place<'_>, value: &Value) -> Option<Outcome> {
    let types = types(at.schema);
    let format = match formats::is_checked(&at.schema.format, single_type(at.schema)) {
        true => at.schema.format.as_str(),
        false => "",
    };
    if types.is_empty() && format.is_empty() {
        return None;
    }
    let (found, found_format) = describe(value);
    let is_whole = value.as_f64().is_some_and(is_json_integer);
    let suits = types.contains(&found)
        || (found == "number" && is_whole && types.contains(&"integer"))
        || (found == "integer" && types.contains(&"number"));
    let is_text = matches!(value, Value::String(_) | Value::Array(_));
    if !is_text && !format.is_empty() && !suits && found_format != format {
        return Some(failed(Failure::kind(at.path, format, found_format)));
    }
    let is_numeric = types.contains(&"number") || types.contains(&"integer");
    let is_format_of_text = is_text && !is_numeric && !format.is_empty();
    if !suits && !is_format_of_text {
        return Some(failed(Failure::kind(at.path, &types.join(","), found)));
    }
    Some(Outcome {
        matched: 1,
        ..Outcome::default()
    })
}

/// Whole, and small enough to be exact in JSON.
fn is_json_integer(value: f64) -> bool {
    value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_991.0
}

pub(super) fn string(at: &Place<'_>, text: &str, patterns: &HashMap<String, Regex>) -> Outcome {
    let schema = at.schema;
    let length = || text.chars().count() as i64;
    if let Some(max) = schema.max_length.filter(|max| length() > *max) {
        return failed(Failure::too_long(at.path, max));
    }
    if let Some(min) = schema.min_length.filter(|min| length() < *min) {
        return failed(Failure::other(
            at.path,
            format!("should be at least {min} chars long"),
            text.into(),
        ));
    }
    let matches = || {
        patterns
            .get(&schema.pattern)
            .is_some_and(|regex| regex.is_match(text))
    };
    if !schema.pattern.is_empty() && !matches() {
        return failed(Failure::other(
            at.path,
            format!("should match '{}'", schema.pattern),
            text.into(),
        ));
    }
    Outcome::default()
}

pub(super) fn format(at: &Place<'_>, text: &str) -> Outcome {
    if formats::is_valid(&at.schema.format, text) {
        return Outcome::default();
    }
    failed(Failure::kind(at.path, &at.schema.format, text))
}

pub(super) fn allowed(at: &Place<'_>, value: &Value) -> Outcome {
    let allowed = &at.schema.allowed;
    let same = |one: &Value| match (one, value) {
        (Value::Null, _) => false,
        (Value::Number(one), Value::Number(value)) => one == value || one.as_f64() == value.as_f64(),
        (one, value) => one == value,
    };
    if allowed.is_empty() || allowed.iter().any(same) {
        return Outcome::default();
    }
    let shown = allowed
        .iter()
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    failed(Failure::not_allowed(at.path, value, shown.collect()))
}

pub(super) fn number(at: &Place<'_>, number: &Number) -> Outcome {
    let schema = at.schema;
    let mut outcome = Outcome {
        matched: 1,
        ..Outcome::default()
    };
    let value = number.as_f64().unwrap_or_default();
    let whole = number.as_i64();
    // As a floating-point number the largest integer would seem to be too large.
    let fits = whole.is_some() && at.schema.format != "int32";
    if let Some(failure) = range(at, value, "Checked").filter(|_| !fits) {
        outcome.add(failure);
    }
    if let Some(factor) = schema.multiple_of {
        bound(
            at,
            &mut outcome,
            factor,
            "MultipleOf",
            multiple(at, number, factor),
        );
    }
    if let Some(max) = schema.maximum {
        let exclusive = schema.exclusive_maximum;
        let exceeds = match whole {
            Some(value) => value > max as i64 || (exclusive && value == max as i64),
            None => value > max || (exclusive && value >= max),
        };
        let word = if exclusive {
            "should be less than"
        } else {
            "should be less than or equal to"
        };
        let failure = exceeds.then(|| beyond(at, word, max, number));
        bound(at, &mut outcome, max, "Maximum boundary", failure);
    }
    if let Some(min) = schema.minimum {
        let exclusive = schema.exclusive_minimum;
        let exceeds = match whole {
            Some(value) => value < min as i64 || (exclusive && value == min as i64),
            None => value < min || (exclusive && value <= min),
        };
        let word = if exclusive {
            "should be greater than"
        } else {
            "should be greater than or equal to"
        };
        let failure = exceeds.then(|| beyond(at, word, min, number));
        bound(at, &mut outcome, min, "Minimum boundary", failure);
    }
    outcome
}

/// Adds what is wrong with a limit itself, then what the limit refuses.
fn bound(at: &Place<'_>, outcome: &mut Outcome, limit: f64, what: &str, failure: Option<Failure>) {
    for failure in range(at, limit, what).into_iter().chain(failure) {
        outcome.add(failure);
    }
}

fn beyond(at: &Place<'_>, word: &str, limit: f64, number: &Number) -> Failure {
    let limit = if number.is_i64() {
        (limit as i64).to_string()
    } else {
        limit.to_string()
    };
    Failure::other(at.path, format!("{word} {limit}"), Value::Number(number.clone()))
}

fn multiple(at: &Place<'_>, number: &Number, factor: f64) -> Option<Failure> {
    let not_positive = |factor: String| {
        Failure::plain(format!(
            "factor MultipleOf declared for {} must be positive: {factor}",
            at.path
        ))
    };
    let refuse = |factor: String| {
        let detail = format!("should be a multiple of {factor}");
        Failure::other(at.path, detail, Value::Number(number.clone()))
    };
    if let Some(value) = number.as_i64() {
        return match factor as i64 {
            factor if factor <= 0 => Some(not_positive(factor.to_string())),
            factor => (value % factor != 0).then(|| refuse(factor.to_string())),
        };
    }
    let value = number.as_f64().unwrap_or_default();
    if factor <= 0.0 {
        return Some(not_positive(factor.to_string()));
    }
    let times = if factor < 1.0 {
        1.0 / factor * value
    } else {
        value / factor
    };
    (!is_json_integer(times)).then(|| refuse(factor.to_string()))
}

/// Whether a number fits the schema's numeric type and format.
fn range(at: &Place<'_>, value: f64, what: &str) -> Option<Failure> {
    let kind = single_type(at.schema);
    let format = match (kind, at.schema.format.as_str()) {
        ("integer", format @ ("int32" | "int64")) | ("number", format @ ("float" | "double")) => format,
        _ => "",
    };
    let fits = match (kind, format) {
        ("integer", "int32") => value.fract() == 0.0 && (-2_147_483_648.0..=2_147_483_647.0).contains(&value),
        ("integer", _) => {
            value.fract() == 0.0 && (-9.223_372_036_854_776e18..9.223_372_036_854_776e18).contains(&value)
        }
        ("number", "float") => value.abs() <= f64::from(f32::MAX),
        _ => true,
    };
    let of = if format.is_empty() {
        "(default format)".to_owned()
    } else {
        format!("with format {format}")
    };
    (!fits).then(|| Failure::plain(format!("{what} value must be of type {kind} {of} in {}", at.path)))
}
