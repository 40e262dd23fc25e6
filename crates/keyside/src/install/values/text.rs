//! `values.yaml` and `values.schema.json`, written from the types.

use super::Values;
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// The longest line of a comment.
const WIDTH: usize = 100;

/// The JSON schema. Unknown names are refused everywhere but in `global`, which is not ours alone.
pub(crate) fn schema() -> Value {
    let mut schema = schema_of_values();
    tidy(&mut schema);
    schema
}

/// The same with whole sentences and without what only Rust knows.
fn schema_of_values() -> Value {
    let settings =
        schemars::generate::SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    settings
        .into_generator()
        .into_root_schema_for::<Values>()
        .to_value()
}

/// The chart's own values, each under a comment that starts with its name.
pub(crate) fn yaml() -> String {
    let values = serde_json::to_value(Values::default()).expect("values are plain data");
    let mut text =
        String::from("# Values of the keyside chart. Names and meanings are those that other charts use.\n");
    block(&mut text, &values, &schema(), "", 0);
    text
}

fn block(text: &mut String, values: &Value, schema: &Value, path: &str, depth: usize) {
    let indent = "  ".repeat(depth);
    for (name, value) in values.as_object().into_iter().flatten() {
        let schema = &schema["properties"][name];
        let full = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        if depth == 0 {
            text.push('\n');
        }
        comment(
            text,
            &full,
            schema["description"].as_str().unwrap_or_default(),
            &indent,
        );
        let has_own_comments = schema["properties"].is_object() && is_documented(schema, value);
        if has_own_comments {
            let _ = writeln!(text, "{indent}{name}:");
            block(text, value, schema, &full, depth + 1);
        } else {
            let _ = writeln!(text, "{indent}{name}:{}", nested(value, depth + 1));
        }
    }
}

/// Whether these are values of ours, which have comments that start with their name, and not a part of an object.
fn is_documented(schema: &Value, value: &Value) -> bool {
    let is_ours = |name: &String| {
        let text = schema["properties"][name]["description"]
            .as_str()
            .unwrap_or_default();
        text.starts_with('`')
    };
    value
        .as_object()
        .is_some_and(|fields| !fields.is_empty() && fields.keys().all(is_ours))
}

/// A comment; names in shared types are completed to the whole path.
fn comment(text: &mut String, path: &str, description: &str, indent: &str) {
    let rest = description
        .trim_start_matches('`')
        .split_once('`')
        .map_or(description, |(_, rest)| rest);
    let mut line = format!("{indent}# {path}");
    for word in rest.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(text, "{line}");
            line = format!("{indent}#");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}

/// A value in block form, or in one line if it is a scalar or empty.
fn nested(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().fold(String::new(), |mut text, (name, value)| {
                let _ = write!(text, "\n{indent}{name}:{}", nested(value, depth + 1));
                text
            })
        }
        other => format!(" {other}"),
    }
}

/// Makes the schema strict and fit for Helm: texts in one line, no null beside a type, nothing unknown.
fn tidy(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    if let Some(Value::String(text)) = map.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    map.remove("format");
    close(map);
    for (name, child) in map.iter_mut() {
        match name.as_str() {
            "properties" => child
                .as_object_mut()
                .into_iter()
                .flat_map(Map::values_mut)
                .for_each(tidy),
            "items" | "additionalProperties" => tidy(child),
            "anyOf" | "allOf" | "oneOf" => child.as_array_mut().into_iter().flatten().for_each(tidy),
            _ => {}
        }
    }
}

/// Refuses unknown names where names are known and nothing else was said.
fn close(map: &mut Map<String, Value>) {
    if map.contains_key("properties") && !map.contains_key("additionalProperties") {
        map.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
}
