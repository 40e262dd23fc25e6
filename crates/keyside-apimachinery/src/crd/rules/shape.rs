//! A schema as the types of the rule language, and objects as its values.

use crate::cel::{self, Key, List, ListKind, Type, Value};
use crate::crd::props::Props;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Words of the language, which a field's name cannot be as it is.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A field's name as a rule writes it: `a-b` is `a__dash__b`. Nothing if a rule cannot name the field.
pub(super) fn escaped(name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if RESERVED.contains(&name) {
        return Some(format!("__{name}__"));
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("__") {
            out.push_str("__underscores__");
            rest = after;
            continue;
        }
        match c {
            '.' => out.push_str("__dot__"),
            '-' => out.push_str("__dash__"),
            '/' => out.push_str("__slash__"),
            c if c.is_ascii_alphanumeric() || c == '_' => out.push(c),
            _ => return None,
        }
        rest = &rest[1..];
    }
    Some(out)
}

/// The type of values of a schema; nothing where rules cannot see them. `name` tells the type apart from others,
/// `is_object` is a whole Kubernetes object.
pub(super) fn declared(schema: &Props, name: &str, is_object: bool) -> Option<Type> {
    if schema.int_or_string {
        return Some(Type::Dyn);
    }
    let below = |props: &Props, field: &str| declared(props, &format!("{name}.{field}"), props.embedded);
    Some(match schema.kind.as_str() {
        "array" => below(schema.element()?, "@idx")?.list(),
        "object" if schema.entry().is_some() && !is_object => {
            Type::Map(Arc::new(Type::String), Arc::new(below(schema.entry()?, "@elem")?))
        }
        "object" => {
            let field = |(field, props): (&String, &Props)| Some((escaped(field)?, below(props, field)?));
            let mut fields: BTreeMap<String, Type> = schema.properties.iter().filter_map(field).collect();
            if is_object {
                add_object_fields(name, &mut fields);
            }
            Type::Object(Arc::new(cel::Object {
                name: name.to_owned(),
                fields,
            }))
        }
        "string" => match schema.format.as_str() {
            "byte" => Type::Bytes,
            "duration" => Type::Duration,
            "date" | "date-time" => Type::Timestamp,
            _ => Type::String,
        },
        "boolean" => Type::Bool,
        "number" => Type::Double,
        "integer" => Type::Int,
        _ => return None,
    })
}

/// Kind, version and name of an object can be seen whatever its schema says; nothing else of its metadata can.
fn add_object_fields(name: &str, fields: &mut BTreeMap<String, Type>) {
    let metadata = ["name", "generateName"].map(|field| (field.to_owned(), Type::String));
    let metadata = cel::Object {
        name: format!("{name}.metadata"),
        fields: metadata.into(),
    };
    fields.insert("kind".to_owned(), Type::String);
    fields.insert("apiVersion".to_owned(), Type::String);
    fields.insert("metadata".to_owned(), Type::Object(Arc::new(metadata)));
}

/// A value of a schema. What does not fit its type is refused before rules run, so it needs no name here.
pub(super) fn value(json: &Json, schema: &Props, is_object: bool) -> Value {
    match (schema.kind.as_str(), json) {
        (_, Json::Null) => Value::Null,
        _ if schema.int_or_string => Value::of_json(json),
        ("array", Json::Array(items)) => {
            let Some(element) = schema.element() else {
                return Value::of_json(json);
            };
            let items = items
                .iter()
                .map(|item| value(item, element, element.embedded))
                .collect();
            Value::List(Arc::new(List {
                items,
                kind: list_kind(schema),
            }))
        }
        ("object", Json::Object(fields)) => match schema.entry() {
            Some(entry) if !is_object => {
                let entry = |(name, json): (&String, &Json)| {
                    (
                        Key::String(name.as_str().into()),
                        value(json, entry, entry.embedded),
                    )
                };
                Value::Map(Arc::new(fields.iter().map(entry).collect()))
            }
            _ => object(fields, schema, is_object),
        },
        ("number", Json::Number(n)) => Value::Double(n.as_f64().unwrap_or_default()),
        ("integer", Json::Number(n)) => Value::Int(
            n.as_i64()
                .unwrap_or_else(|| n.as_f64().unwrap_or_default() as i64),
        ),
        ("string", Json::String(text)) => of_text(text, &schema.format),
        _ => Value::of_json(json),
    }
}

fn object(fields: &serde_json::Map<String, Json>, schema: &Props, is_object: bool) -> Value {
    let mut out = BTreeMap::new();
    for (name, props) in &schema.properties {
        if let (Some(json), Some(name)) = (fields.get(name), escaped(name)) {
            out.insert(name, value(json, props, props.embedded));
        }
    }
    if is_object {
        for name in ["kind", "apiVersion"] {
            out.extend(
                fields
                    .get(name)
                    .map(|json| (name.to_owned(), Value::of_json(json))),
            );
        }
        if let Some(metadata) = fields.get("metadata") {
            let known = ["name", "generateName"].into_iter();
            let known = known.filter_map(|name| Some((name.to_owned(), Value::of_json(metadata.get(name)?))));
            out.insert("metadata".to_owned(), Value::Object(Arc::new(known.collect())));
        }
    }
    Value::Object(Arc::new(out))
}

fn list_kind(schema: &Props) -> ListKind {
    match schema.list_type.as_deref() {
        Some("set") => ListKind::Set,
        Some("map") => ListKind::Map(
            schema
                .list_map_keys
                .iter()
                .filter_map(|key| escaped(key))
                .collect(),
        ),
        _ => ListKind::Plain,
    }
}

fn of_text(text: &str, format: &str) -> Value {
    let special = match format {
        "byte" => STANDARD.decode(text).ok().map(|bytes| Value::Bytes(bytes.into())),
        "duration" => cel::duration::parse_lenient(text).map(Value::Duration),
        "date" | "date-time" => cel::time::parse_date(text).map(Value::Timestamp),
        _ => None,
    };
    special.unwrap_or_else(|| Value::text(text))
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_are_escaped_as_kubernetes_does() {
        for (name, expected) in [
            ("plain", Some("plain")),
            ("a-b.c/d", Some("a__dash__b__dot__c__slash__d")),
            ("a__b", Some("a__underscores__b")),
            ("namespace", Some("__namespace__")),
            ("1a", None),
            ("a b", None),
            ("é", None),
        ] {
            assert_eq!(escaped(name).as_deref(), expected, "{name}");
        }
    }
}
