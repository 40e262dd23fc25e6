//! Takes out of an answer what differs from run to run: identities, times, versions.

use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

static UID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap());
static TIME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").unwrap());
static RECORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"in record \(\d+\)").unwrap());
/// In an answer that is YAML.
static VERSION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"resourceVersion: "\d+""#).unwrap());
static AGE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\d+(s|ms)$").unwrap());

/// The answer in its normal form.
pub(crate) fn normal(mut answer: Value) -> Value {
    settle(&mut answer);
    answer
}

fn settle(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in ["resourceVersion", "continue"] {
                if let Some(Value::String(text)) = map.get_mut(key)
                    && !text.is_empty()
                    && text != "0"
                {
                    *text = format!("<{key}>");
                }
            }
            settle_name(map);
            map.values_mut().for_each(settle);
        }
        Value::Array(list) => {
            list.iter_mut().for_each(settle);
        }
        Value::String(text) => {
            if AGE.is_match(text) {
                *text = "<age>".to_owned();
                return;
            }
            for (pattern, name) in [
                (&UID, "<uid>"),
                (&TIME, "<time>"),
                (&RECORD, "in record (<resourceVersion>)"),
                (&VERSION, "resourceVersion: \"<resourceVersion>\""),
            ] {
                *text = pattern.replace_all(text, name).into_owned();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A generated name keeps the part that was asked for.
fn settle_name(map: &mut serde_json::Map<String, Value>) {
    let Some(start) = map.get("generateName").and_then(Value::as_str).map(str::to_owned) else {
        return;
    };
    if let Some(Value::String(name)) = map.get_mut("name")
        && name.len() == start.len() + 5
        && name.starts_with(&start)
    {
        *name = format!("{start}<random>");
    }
}
