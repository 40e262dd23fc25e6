//! Bodies in Kubernetes' protobuf form, read into the same JSON objects as everything else. Go clients of the built-in
//! kinds send them; answers are JSON, which the same clients accept.
//!
//! The frame is four bytes of magic and a `runtime.Unknown` (`k8s.io/apimachinery/pkg/runtime/generated.proto`) that
//! names the kind. The fields come from a table of facts, `protobuf/fields.txt`, which `cargo e2e protobuf` writes from
//! the tags of the Go types. Go writes every scalar that is no pointer, zero or not; zero then means "not given".

mod fields;
mod wire;

use base64::Engine as _;
use fields::{Field, Kind, message};
use serde_json::{Map, Value, json};
use wire::{Reader, Wire};

/// The media type.
pub const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// The first bytes of every document.
const MAGIC: &[u8] = b"k8s\0";

/// How deep messages may be nested: far deeper than any kind is.
const DEPTH: usize = 200;

/// Why bytes are no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtobufError {
    /// The frame is missing.
    #[error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    NotFramed,
    /// The bytes end in the middle, or are no protobuf.
    #[error("proto: the message is malformed")]
    Malformed,
    /// No built-in kind of that name.
    #[error("no kind \"{kind}\" is registered for version \"{api_version}\"")]
    UnknownKind {
        /// `apiVersion` of the frame.
        api_version: String,
        /// `kind` of the frame.
        kind: String,
    },
}

/// Reads a framed object. `expected` names the kind where the frame does not.
///
/// # Errors
/// See [`ProtobufError`].
pub fn decode(bytes: &[u8], expected: Option<(&str, &str)>) -> Result<Value, ProtobufError> {
    let frame = bytes.strip_prefix(MAGIC).ok_or(ProtobufError::NotFramed)?;
    let mut type_meta = (String::new(), String::new());
    let mut raw: &[u8] = &[];
    let mut reader = Reader::new(frame);
    while let Some((number, value)) = reader.field()? {
        match (number, value) {
            (1, Wire::Bytes(bytes)) => type_meta = read_type_meta(bytes)?,
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    if type_meta.1.is_empty() {
        let (api_version, kind) = expected.unwrap_or_default();
        type_meta = (api_version.to_owned(), kind.to_owned());
    }
    let (api_version, kind) = type_meta;
    let fields = fields_of(&api_version, &kind).ok_or_else(|| ProtobufError::UnknownKind {
        api_version: api_version.clone(),
        kind: kind.clone(),
    })?;
    let mut object = Map::new();
    object.insert("kind".to_owned(), kind.into());
    object.insert("apiVersion".to_owned(), api_version.into());
    read_message(raw, fields, &mut object, DEPTH)?;
    Ok(Value::Object(object))
}

/// The options of a request and everything of `meta/v1` come under the version of whatever group they are sent to.
fn fields_of(api_version: &str, kind: &str) -> Option<&'static [Field]> {
    let package = if api_version == "v1" {
        "core/v1"
    } else {
        api_version
    };
    message(&format!("{package}.{kind}")).or_else(|| message(&format!("meta/v1.{kind}")))
}

fn read_type_meta(bytes: &[u8]) -> Result<(String, String), ProtobufError> {
    let (mut api_version, mut kind) = (String::new(), String::new());
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.field()? {
        match (number, value) {
            (1, Wire::Bytes(bytes)) => api_version = text(bytes),
            (2, Wire::Bytes(bytes)) => kind = text(bytes),
            _ => {}
        }
    }
    Ok((api_version, kind))
}

/// Reads a message into an object; fields that the table does not know are passed over.
fn read_message(
    bytes: &[u8],
    fields: &'static [Field],
    object: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), ProtobufError> {
    let depth = depth.checked_sub(1).ok_or(ProtobufError::Malformed)?;
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.field()? {
        let Some(field) = fields.iter().find(|field| field.number == number) else {
            continue;
        };
        if field.json == "-" {
            if let (Kind::Message(name), Wire::Bytes(bytes)) = (&field.kind, wire) {
                read_message(bytes, message(name).unwrap_or_default(), object, depth)?;
            }
            continue;
        }
        read_field(field, wire, object, depth)?;
    }
    Ok(())
}

fn read_field(
    field: &'static Field,
    wire: Wire<'_>,
    object: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), ProtobufError> {
    match (&field.kind, wire) {
        (Kind::List(item), wire) => {
            let value = read_value(item, wire, depth)?;
            if let Value::Array(list) = object.entry(field.json).or_insert_with(|| json!([])) {
                list.push(value);
            }
        }
        (Kind::Map(item), Wire::Bytes(bytes)) => {
            let (key, value) = read_entry(bytes, item, depth)?;
            if let Value::Object(map) = object.entry(field.json).or_insert_with(|| json!({})) {
                map.insert(key, value);
            }
        }
        (kind, wire) => {
            let value = read_value(kind, wire, depth)?;
            if field.pointer || !is_zero(&value) {
                object.insert(field.json.to_owned(), value);
            }
        }
    }
    Ok(())
}

/// An entry of a map: key 1, value 2. A value that is absent is the type's zero.
fn read_entry(bytes: &[u8], item: &'static Kind, depth: usize) -> Result<(String, Value), ProtobufError> {
    let (mut key, mut value) = (String::new(), None);
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.field()? {
        match (number, wire) {
            (1, Wire::Bytes(bytes)) => key = text(bytes),
            (2, wire) => value = Some(read_value(item, wire, depth)?),
            _ => {}
        }
    }
    let zero = match item {
        Kind::Message(_) => json!({}),
        Kind::List(_) => json!([]),
        _ => json!(""),
    };
    Ok((key, value.unwrap_or(zero)))
}

fn read_value(kind: &'static Kind, wire: Wire<'_>, depth: usize) -> Result<Value, ProtobufError> {
    Ok(match (kind, wire) {
        (Kind::Text, Wire::Bytes(bytes)) => text(bytes).into(),
        (Kind::Bytes, Wire::Bytes(bytes)) => base64::prelude::BASE64_STANDARD.encode(bytes).into(),
        (Kind::Int, Wire::Varint(number)) => number.cast_signed().into(),
        (Kind::Bool, Wire::Varint(number)) => (number != 0).into(),
        (Kind::Float, Wire::Fixed64(bits)) => json!(f64::from_bits(bits)),
        (Kind::Message(name), Wire::Bytes(bytes)) => match special(name, bytes, depth)? {
            Some(value) => value,
            None => {
                let mut object = Map::new();
                read_message(bytes, message(name).unwrap_or_default(), &mut object, depth)?;
                Value::Object(object)
            }
        },
        // A list as the value of a map is a message of its own: `ExtraValue {items = 1}`.
        (Kind::List(item), Wire::Bytes(bytes)) => {
            let mut list = Vec::new();
            let mut reader = Reader::new(bytes);
            while let Some((_, wire)) = reader.field()? {
                list.push(read_value(item, wire, depth)?);
            }
            list.into()
        }
        _ => return Err(ProtobufError::Malformed),
    })
}

/// The types whose JSON form is not that of their fields. `None` for all others.
fn special(name: &str, bytes: &[u8], depth: usize) -> Result<Option<Value>, ProtobufError> {
    let parts = || Parts::read(bytes);
    Ok(Some(match name {
        "meta/v1.Time" => time(&parts()?, 0),
        "meta/v1.MicroTime" => time(&parts()?, 6),
        "meta/v1.Duration" => duration(parts()?.int(1)).into(),
        "Quantity" => parts()?.text(1).into(),
        "IntOrString" => {
            let parts = parts()?;
            if parts.int(1) == 0 {
                parts.int(2).into()
            } else {
                parts.text(3).into()
            }
        }
        "meta/v1.FieldsV1" | "RawExtension" | "apiextensions.k8s.io/v1.JSON" => embedded(parts()?.bytes(1))?,
        "apiextensions.k8s.io/v1.JSONSchemaPropsOrArray" => schema_or_schemas(bytes, depth)?,
        "apiextensions.k8s.io/v1.JSONSchemaPropsOrBool" => schema_or_bool(&parts()?, depth)?,
        "apiextensions.k8s.io/v1.JSONSchemaPropsOrStringArray" => schema_or_texts(bytes, depth)?,
        _ => return Ok(None),
    }))
}

/// JSON inside of protobuf.
fn embedded(bytes: &[u8]) -> Result<Value, ProtobufError> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes).map_err(|_| ProtobufError::Malformed)
}

fn schema(bytes: &[u8], depth: usize) -> Result<Value, ProtobufError> {
    let mut object = Map::new();
    read_message(
        bytes,
        message("apiextensions.k8s.io/v1.JSONSchemaProps").unwrap_or_default(),
        &mut object,
        depth,
    )?;
    Ok(Value::Object(object))
}

/// One schema (field 1) or a list of them (field 2).
fn schema_or_schemas(bytes: &[u8], depth: usize) -> Result<Value, ProtobufError> {
    let mut list = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.field()? {
        match (number, wire) {
            (1, Wire::Bytes(bytes)) => return schema(bytes, depth),
            (2, Wire::Bytes(bytes)) => list.push(schema(bytes, depth)?),
            _ => {}
        }
    }
    Ok(list.into())
}

/// `allows` (field 1) or a schema (field 2).
fn schema_or_bool(parts: &Parts<'_>, depth: usize) -> Result<Value, ProtobufError> {
    match parts.get(2) {
        Some(Wire::Bytes(bytes)) => schema(bytes, depth),
        _ => Ok((parts.int(1) != 0).into()),
    }
}

/// A schema (field 1) or a list of names (field 2).
fn schema_or_texts(bytes: &[u8], depth: usize) -> Result<Value, ProtobufError> {
    let mut list = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.field()? {
        match (number, wire) {
            (1, Wire::Bytes(bytes)) => return schema(bytes, depth),
            (2, Wire::Bytes(bytes)) => list.push(Value::from(text(bytes))),
            _ => {}
        }
    }
    Ok(list.into())
}

/// Seconds (1) and nanoseconds (2) since 1970 as RFC 3339; the zero time of Go is null.
fn time(parts: &Parts<'_>, digits: usize) -> Value {
    let (seconds, nanos) = (parts.int(1), parts.int(2));
    if parts.0.is_empty() {
        return Value::Null;
    }
    let time = i32::try_from(nanos)
        .ok()
        .and_then(|nanos| jiff::Timestamp::new(seconds, nanos).ok());
    let Some(time) = time else { return Value::Null };
    let utc = time.to_zoned(jiff::tz::TimeZone::UTC);
    let whole = utc.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    if digits == 0 {
        return format!("{whole}Z").into();
    }
    format!("{whole}.{:06}Z", utc.subsec_nanosecond() / 1000).into()
}

/// Nanoseconds as Go prints a duration, to the precision that options need.
fn duration(nanos: i64) -> String {
    format!("{}s", nanos as f64 / 1e9)
}

/// The fields of a small message, by number.
struct Parts<'a>(Vec<(u32, Wire<'a>)>);

impl<'a> Parts<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, ProtobufError> {
        let mut parts = Vec::new();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.field()? {
            parts.push(field);
        }
        Ok(Self(parts))
    }

    fn get(&self, number: u32) -> Option<&Wire<'a>> {
        self.0
            .iter()
            .rev()
            .find(|(found, _)| *found == number)
            .map(|(_, wire)| wire)
    }

    fn int(&self, number: u32) -> i64 {
        match self.get(number) {
            Some(Wire::Varint(value)) => value.cast_signed(),
            _ => 0,
        }
    }

    fn bytes(&self, number: u32) -> &'a [u8] {
        match self.get(number) {
            Some(Wire::Bytes(bytes)) => bytes,
            _ => &[],
        }
    }

    fn text(&self, number: u32) -> String {
        text(self.bytes(number))
    }
}

/// Go keeps bytes that are no UTF-8; JSON cannot, and writes U+FFFD as Go does when it encodes.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What Go's JSON leaves out for a field that is no pointer.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
    }
}

#[cfg(test)]
mod tests;
