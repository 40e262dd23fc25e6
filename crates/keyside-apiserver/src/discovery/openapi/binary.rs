//! `/openapi/v2` in the binary form older clients insist on: the messages of gnostic's `OpenAPIv2.proto`, written from
//! the JSON document by a table of field numbers. Free-form values travel as YAML text, and JSON is YAML.

use serde_json::{Map, Value};

/// How a field is written.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Texts,
    Flag,
    Integer,
    Number,
    Any,
    Anys,
    Message(&'static [Field]),
    Messages(&'static [Field]),
    /// A JSON object whose entries become `{name, value}` pairs in a message of their own, at this number.
    Pairs(u32, &'static Self),
    /// A message around one value, at this number.
    Inside(u32, &'static Self),
    /// `additionalProperties`: a schema or a boolean.
    Additional,
    /// One text or several.
    Type,
    /// One schema or several.
    Items,
    Parameter,
    Response,
    Security,
    Requirement,
}

/// Name in JSON, number in the message, form.
type Field = (&'static str, u32, Form);

static DOCUMENT: [Field; 13] = [
    ("swagger", 1, Form::Text),
    ("info", 2, Form::Message(&INFO)),
    ("host", 3, Form::Text),
    ("basePath", 4, Form::Text),
    ("schemes", 5, Form::Texts),
    ("consumes", 6, Form::Texts),
    ("produces", 7, Form::Texts),
    ("paths", 8, Form::Pairs(2, &Form::Message(&PATH))),
    ("definitions", 9, Form::Pairs(1, &Form::Message(&SCHEMA))),
    ("parameters", 10, Form::Pairs(1, &Form::Parameter)),
    ("security", 12, Form::Requirement),
    ("securityDefinitions", 13, Form::Pairs(1, &Form::Security)),
    ("x-", 16, Form::Anys),
];

static INFO: [Field; 4] = [
    ("title", 1, Form::Text),
    ("version", 2, Form::Text),
    ("description", 3, Form::Text),
    ("x-", 7, Form::Anys),
];

static PATH: [Field; 10] = [
    ("$ref", 1, Form::Text),
    ("get", 2, Form::Message(&OPERATION)),
    ("put", 3, Form::Message(&OPERATION)),
    ("post", 4, Form::Message(&OPERATION)),
    ("delete", 5, Form::Message(&OPERATION)),
    ("options", 6, Form::Message(&OPERATION)),
    ("head", 7, Form::Message(&OPERATION)),
    ("patch", 8, Form::Message(&OPERATION)),
    ("parameters", 9, Form::Inside(1, &Form::Parameter)),
    ("x-", 10, Form::Anys),
];

static OPERATION: [Field; 11] = [
    ("tags", 1, Form::Texts),
    ("summary", 2, Form::Text),
    ("description", 3, Form::Text),
    ("operationId", 5, Form::Text),
    ("produces", 6, Form::Texts),
    ("consumes", 7, Form::Texts),
    ("parameters", 8, Form::Inside(1, &Form::Parameter)),
    ("responses", 9, Form::Pairs(1, &Form::Response)),
    ("schemes", 10, Form::Texts),
    ("deprecated", 11, Form::Flag),
    ("x-", 13, Form::Anys),
];

static RESPONSE: [Field; 3] = [
    ("description", 1, Form::Text),
    ("schema", 2, Form::Inside(1, &Form::Message(&SCHEMA))),
    ("x-", 5, Form::Anys),
];

static REFERENCE: [Field; 2] = [("$ref", 1, Form::Text), ("description", 2, Form::Text)];

static SCHEMA: [Field; 29] = [
    ("$ref", 1, Form::Text),
    ("format", 2, Form::Text),
    ("title", 3, Form::Text),
    ("description", 4, Form::Text),
    ("default", 5, Form::Any),
    ("multipleOf", 6, Form::Number),
    ("maximum", 7, Form::Number),
    ("exclusiveMaximum", 8, Form::Flag),
    ("minimum", 9, Form::Number),
    ("exclusiveMinimum", 10, Form::Flag),
    ("maxLength", 11, Form::Integer),
    ("minLength", 12, Form::Integer),
    ("pattern", 13, Form::Text),
    ("maxItems", 14, Form::Integer),
    ("minItems", 15, Form::Integer),
    ("uniqueItems", 16, Form::Flag),
    ("maxProperties", 17, Form::Integer),
    ("minProperties", 18, Form::Integer),
    ("required", 19, Form::Texts),
    ("enum", 20, Form::Anys),
    ("additionalProperties", 21, Form::Additional),
    ("type", 22, Form::Type),
    ("items", 23, Form::Items),
    ("allOf", 24, Form::Messages(&SCHEMA)),
    ("properties", 25, Form::Pairs(1, &Form::Message(&SCHEMA))),
    ("discriminator", 26, Form::Text),
    ("readOnly", 27, Form::Flag),
    ("example", 30, Form::Any),
    ("x-", 31, Form::Anys),
];

static BODY: [Field; 6] = [
    ("description", 1, Form::Text),
    ("name", 2, Form::Text),
    ("in", 3, Form::Text),
    ("required", 4, Form::Flag),
    ("schema", 5, Form::Message(&SCHEMA)),
    ("x-", 6, Form::Anys),
];

static QUERY: [Field; 9] = [
    ("required", 1, Form::Flag),
    ("in", 2, Form::Text),
    ("description", 3, Form::Text),
    ("name", 4, Form::Text),
    ("type", 6, Form::Text),
    ("format", 7, Form::Text),
    ("uniqueItems", 20, Form::Flag),
    ("enum", 21, Form::Anys),
    ("x-", 23, Form::Anys),
];

static PATH_PARAMETER: [Field; 9] = [
    ("required", 1, Form::Flag),
    ("in", 2, Form::Text),
    ("description", 3, Form::Text),
    ("name", 4, Form::Text),
    ("type", 5, Form::Text),
    ("format", 6, Form::Text),
    ("uniqueItems", 19, Form::Flag),
    ("enum", 20, Form::Anys),
    ("x-", 22, Form::Anys),
];

static API_KEY: [Field; 5] = [
    ("type", 1, Form::Text),
    ("name", 2, Form::Text),
    ("in", 3, Form::Text),
    ("description", 4, Form::Text),
    ("x-", 5, Form::Anys),
];

/// The document as a protobuf message.
pub(super) fn document(document: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    message(&mut out, document, &DOCUMENT);
    out
}

fn message(out: &mut Vec<u8>, value: &Value, fields: &[Field]) {
    let Some(object) = value.as_object() else { return };
    for (name, number, form) in fields {
        if *name == "x-" {
            extensions(out, object, *number);
        } else if let Some(value) = object.get(*name) {
            field(out, *number, value, *form);
        }
    }
}

/// `NamedAny` for everything that begins with `x-`.
fn extensions(out: &mut Vec<u8>, object: &Map<String, Value>, number: u32) {
    for (name, value) in object.iter().filter(|(name, _)| name.starts_with("x-")) {
        nested(out, number, |out| {
            text(out, 1, name);
            any(out, 2, value);
        });
    }
}

fn field(out: &mut Vec<u8>, number: u32, value: &Value, form: Form) {
    let list = value.as_array().map_or(&[][..], Vec::as_slice);
    match form {
        Form::Text => text(out, number, value.as_str().unwrap_or_default()),
        Form::Texts => list
            .iter()
            .for_each(|value| text(out, number, value.as_str().unwrap_or_default())),
        Form::Flag => integer(out, number, u64::from(value.as_bool().unwrap_or(false))),
        Form::Integer => integer(out, number, value.as_i64().unwrap_or(0).cast_unsigned()),
        Form::Number => double(out, number, value.as_f64().unwrap_or(0.0)),
        Form::Any => any(out, number, value),
        Form::Anys => list.iter().for_each(|value| any(out, number, value)),
        Form::Message(fields) => nested(out, number, |out| message(out, value, fields)),
        Form::Messages(fields) => list
            .iter()
            .for_each(|value| nested(out, number, |out| message(out, value, fields))),
        Form::Pairs(inner, form) => nested(out, number, |out| pairs(out, inner, value, *form)),
        // A list of wrapped parameters, or one wrapped schema.
        Form::Inside(inner, Form::Parameter) => list.iter().for_each(|value| item(out, number, inner, value)),
        Form::Inside(inner, form) => nested(out, number, |out| field(out, inner, value, *form)),
        Form::Additional => nested(out, number, |out| match value {
            Value::Bool(flag) => integer(out, 2, u64::from(*flag)),
            schema => field(out, 1, schema, Form::Message(&SCHEMA)),
        }),
        Form::Type => nested(out, number, |out| match value {
            Value::String(kind) => text(out, 1, kind),
            kinds => field(out, 1, kinds, Form::Texts),
        }),
        Form::Items => nested(out, number, |out| match value {
            Value::Array(_) => field(out, 1, value, Form::Messages(&SCHEMA)),
            schema => field(out, 1, schema, Form::Message(&SCHEMA)),
        }),
        Form::Parameter => nested(out, number, |out| parameter(out, value)),
        Form::Response => nested(out, number, |out| match value.get("$ref") {
            Some(_) => field(out, 2, value, Form::Message(&REFERENCE)),
            None => field(out, 1, value, Form::Message(&RESPONSE)),
        }),
        Form::Security => nested(out, number, |out| field(out, 2, value, Form::Message(&API_KEY))),
        Form::Requirement => list.iter().for_each(|value| {
            nested(out, number, |out| {
                pairs(out, 1, value, Form::Inside(1, &Form::Texts))
            });
        }),
    }
}

/// `{name, value}` for each entry of an object.
fn pairs(out: &mut Vec<u8>, number: u32, object: &Value, form: Form) {
    for (name, value) in object.as_object().into_iter().flatten() {
        nested(out, number, |out| {
            text(out, 1, name);
            field(out, 2, value, form);
        });
    }
}

/// `ParametersItem`: a parameter or a reference to one.
fn item(out: &mut Vec<u8>, number: u32, inner: u32, value: &Value) {
    nested(out, number, |out| match value.get("$ref") {
        Some(_) => field(out, 2, value, Form::Message(&REFERENCE)),
        None => field(out, inner, value, Form::Parameter),
    });
}

/// `Parameter`: in the body or elsewhere.
fn parameter(out: &mut Vec<u8>, value: &Value) {
    let place = value.get("in").and_then(Value::as_str).unwrap_or_default();
    match place {
        "body" => field(out, 1, value, Form::Message(&BODY)),
        "path" => nested(out, 2, |out| field(out, 4, value, Form::Message(&PATH_PARAMETER))),
        "header" => nested(out, 2, |out| field(out, 1, value, Form::Message(&PATH_PARAMETER))),
        "formData" => nested(out, 2, |out| field(out, 2, value, Form::Message(&QUERY))),
        _ => nested(out, 2, |out| field(out, 3, value, Form::Message(&QUERY))),
    }
}

fn any(out: &mut Vec<u8>, number: u32, value: &Value) {
    nested(out, number, |out| text(out, 2, &value.to_string()));
}

fn nested(out: &mut Vec<u8>, number: u32, write: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    write(&mut inner);
    bytes(out, number, &inner);
}

fn text(out: &mut Vec<u8>, number: u32, text: &str) {
    bytes(out, number, text.as_bytes());
}

fn bytes(out: &mut Vec<u8>, number: u32, content: &[u8]) {
    varint(out, u64::from(number) << 3 | 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn integer(out: &mut Vec<u8>, number: u32, value: u64) {
    varint(out, u64::from(number) << 3);
    varint(out, value);
}

fn double(out: &mut Vec<u8>, number: u32, value: f64) {
    varint(out, u64::from(number) << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_and_messages_are_written_as_protobuf_does() {
        let written = document(&json!({"swagger": "2.0", "info": {"title": "T", "version": "1"}}));
        assert_eq!(written, b"\x0a\x032.0\x12\x06\x0a\x01T\x12\x011");
    }

    #[test]
    fn definitions_become_pairs_and_extensions_yaml() {
        let written = document(&json!({"definitions": {"A": {"type": "object", "x-k": [1]}}}));
        let schema = b"\xb2\x01\x08\x0a\x06object\xfa\x01\x0c\x0a\x03x-k\x12\x05\x12\x03[1]";
        let mut pair = vec![0x0a, 1, b'A', 0x12, u8::try_from(schema.len()).unwrap()];
        pair.extend_from_slice(schema);
        let mut expected = vec![
            0x4a,
            u8::try_from(pair.len() + 2).unwrap(),
            0x0a,
            u8::try_from(pair.len()).unwrap(),
        ];
        expected.extend_from_slice(&pair);
        assert_eq!(written, expected);
    }

    #[test]
    fn numbers_over_a_byte_take_two() {
        let mut out = Vec::new();
        varint(&mut out, 300);
        assert_eq!(out, [0xac, 0x02]);
    }
}
