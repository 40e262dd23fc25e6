//! Bringing an object to the form Go's typed decoder gives it.

use super::{DecodeError, times};
use crate::kinds::quantity::{self, Quantity};
use crate::schema::{Format, List, Object, Rest, Schema, Shape, Source};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Brings an object to the form Go's typed decoder gives it: unknown fields and nulls are removed, times and
/// quantities are written canonically, empty lists and maps of optional fields vanish. Answers with the sentences
/// about what was removed, such as `unknown field "spec.foo"`.
///
/// Meant for built-in kinds: custom ones are not typed but validated, by [`crate::crd`].
///
/// # Errors
/// The first value of the wrong type, in Go's words.
pub fn shape(schema: &Schema, object: &mut Value) -> Result<Vec<String>, DecodeError> {
    let mut walk = Walk::default();
    walk.value(schema, object);
    match walk.error {
        Some(error) => Err(DecodeError(error)),
        None => Ok(walk.unknown),
    }
}

#[derive(Default)]
struct Walk {
    /// Where we are, as findings tell it: `spec.containers[0].name`.
    path: String,
    /// The fields that lead here, as type errors tell it: `spec.containers.name`.
    fields: Vec<String>,
    /// The Go structs that hold them.
    structs: Vec<String>,
    unknown: Vec<String>,
    error: Option<String>,
}

impl Walk {
    fn value(&mut self, schema: &Schema, value: &mut Value) {
        let schema = schema.resolve();
        match (&schema.shape, &mut *value) {
            (Shape::Any, _) => {}
            (Shape::Object(object), Value::Object(fields)) => self.object(schema, object, fields),
            (Shape::List(list), Value::Array(elements)) => self.list(list, elements),
            (Shape::Either(choices), value) => {
                let fits = |choice: &&Schema| same_type(&choice.resolve().shape, value);
                if let Some(choice) = choices.iter().find(fits) {
                    self.value(choice, value);
                }
            }
            (Shape::String(Format::Quantity), Value::Number(_) | Value::String(_)) => {
                let kept = Quantity::read(value).ok_or_else(|| quantity::UNREADABLE.to_owned());
                self.keep(value, kept.map(|quantity| quantity.to_string()));
            }
            (Shape::String(Format::Time), Value::String(text)) => {
                let kept = times::seconds(text);
                self.keep(value, kept);
            }
            (Shape::String(Format::MicroTime), Value::String(text)) => {
                let kept = times::micros(text);
                self.keep(value, kept);
            }
            (Shape::String(Format::Bytes), Value::String(text)) => {
                let kept = base64(text);
                self.keep(value, kept);
            }
            (Shape::Integer(bits), Value::Number(number)) if !fits(*bits, number) => {
                self.mismatch(schema, value)
            }
            (shape, value) if !same_type(shape, value) => self.mismatch(schema, value),
            _ => {}
        }
    }

    fn object(&mut self, schema: &Schema, object: &Object, fields: &mut Map<String, Value>) {
        let name = struct_name(schema);
        let named = name.is_some();
        self.structs.extend(name);
        fields.retain(|key, value| self.field(object, key, value));
        if named {
            self.structs.pop();
        }
    }

    /// Whether the field stays.
    fn field(&mut self, object: &Object, key: &str, value: &mut Value) -> bool {
        let path = self.path.len();
        if path > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        let stays = match (object.fields.get(key), &object.rest) {
            (Some(_), _) if value.is_null() => false,
            (Some(schema), _) => {
                self.fields.push(key.to_owned());
                self.value(schema, value);
                self.fields.pop();
                !is_void(schema, value) || object.required.iter().any(|r| r == key)
            }
            (None, Rest::Of(values)) => {
                zero(values, value);
                self.value(values, value);
                true
            }
            (None, Rest::Preserved) => true,
            (None, Rest::Unknown) => {
                self.unknown.push(format!("unknown field {:?}", self.path));
                false
            }
        };
        self.path.truncate(path);
        stays
    }

    fn list(&mut self, list: &List, elements: &mut [Value]) {
        for (i, element) in elements.iter_mut().enumerate() {
            let path = self.path.len();
            self.path.push_str(&format!("[{i}]"));
            zero(&list.items, element);
            self.value(&list.items, element);
            self.path.truncate(path);
        }
    }

    fn keep(&mut self, value: &mut Value, kept: Result<String, String>) {
        match kept {
            Ok(text) => *value = text.into(),
            Err(error) => self.fail(error),
        }
    }

    fn mismatch(&mut self, schema: &Schema, value: &Value) {
        let found = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "bool".into(),
            Value::String(_) => "string".into(),
            Value::Array(_) => "array".into(),
            Value::Object(_) => "object".into(),
            Value::Number(number) if matches!(schema.shape, Shape::Integer(_)) => format!("number {number}"),
            Value::Number(_) => "number".into(),
        };
        // Times and the like read themselves and do not know where they stand.
        let alone = matches!(
            schema.shape,
            Shape::IntOrString | Shape::String(Format::Time | Format::MicroTime)
        );
        let place = match self.structs.last() {
            Some(name) if !alone && !self.fields.is_empty() => {
                format!("struct field {name}.{}", self.fields.join("."))
            }
            _ => "value".into(),
        };
        self.fail(format!(
            "json: cannot unmarshal {found} into Go {place} of type {}",
            go_type(schema)
        ));
    }

    fn fail(&mut self, error: String) {
        self.error.get_or_insert(error);
    }
}

/// Whether a value has the JSON type of a shape.
fn same_type(shape: &Shape, value: &Value) -> bool {
    match shape {
        Shape::Any | Shape::Reference(_) | Shape::Either(_) => true,
        Shape::String(Format::Quantity) | Shape::IntOrString => value.is_string() || value.is_i64(),
        Shape::String(_) => value.is_string(),
        Shape::Integer(_) | Shape::Number => value.is_number(),
        Shape::Boolean => value.is_boolean(),
        Shape::Object(_) => value.is_object(),
        Shape::List(_) => value.is_array(),
    }
}

fn fits(bits: u8, number: &serde_json::Number) -> bool {
    number
        .as_i64()
        .is_some_and(|n| bits > 32 || i32::try_from(n).is_ok())
}

/// A null inside a list or map becomes the zero value of its type.
fn zero(schema: &Schema, value: &mut Value) {
    if value.is_null() {
        *value = match &schema.resolve().shape {
            Shape::Any | Shape::Either(_) | Shape::Reference(_) => return,
            Shape::String(Format::Quantity) => "0".into(),
            Shape::String(_) => "".into(),
            Shape::Integer(_) | Shape::Number | Shape::IntOrString => 0.into(),
            Shape::Boolean => false.into(),
            Shape::Object(_) => Map::new().into(),
            Shape::List(_) => Vec::<Value>::new().into(),
        };
    }
}

/// An empty list or map, which Go leaves out when it writes an optional field. Structs are never empty to it.
fn is_void(schema: &Schema, value: &Value) -> bool {
    match (&schema.resolve().shape, value) {
        (Shape::List(_), Value::Array(elements)) => elements.is_empty(),
        (Shape::Object(object), Value::Object(fields)) => {
            fields.is_empty() && object.fields.is_empty() && matches!(object.rest, Rest::Of(_))
        }
        _ => false,
    }
}

fn base64(text: &str) -> Result<String, String> {
    let plain: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    if let Err(error) = STANDARD.decode(&plain) {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
            base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => plain.len(),
        };
        return Err(format!("illegal base64 data at input byte {at}"));
    }
    Ok(plain)
}

/// `PodSpec` of `io.k8s.api.core.v1.PodSpec`; maps have no struct.
fn struct_name(schema: &Schema) -> Option<String> {
    let Source::Definition(name) = &schema.source else {
        return None;
    };
    Some(name.rsplit('.').next()?.to_owned())
}

/// The Go type behind a shape, as far as the published name tells it.
fn go_type(schema: &Schema) -> String {
    if let Source::Definition(name) = &schema.source {
        match schema.shape {
            Shape::String(Format::Time | Format::MicroTime) => return "string".into(),
            Shape::IntOrString => return "int32".into(),
            _ => {}
        }
        let mut parts = name.rsplit('.');
        if let (Some(kind), Some(version)) = (parts.next(), parts.next()) {
            return format!("{version}.{kind}");
        }
    }
    match &schema.resolve().shape {
        Shape::String(Format::Bytes) => "[]uint8".into(),
        Shape::String(_) => "string".into(),
        Shape::Integer(bits) => format!("int{bits}"),
        Shape::Number => "float64".into(),
        Shape::Boolean => "bool".into(),
        Shape::IntOrString => "intstr.IntOrString".into(),
        Shape::List(list) => format!("[]{}", go_type(list.items.resolve())),
        Shape::Object(Object {
            rest: Rest::Of(values),
            ..
        }) => format!("map[string]{}", go_type(values.resolve())),
        Shape::Object(_) | Shape::Any | Shape::Either(_) | Shape::Reference(_) => "interface {}".into(),
    }
}
