//! One step of a path through an object, as `managedFields` writes it.

use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::fmt::{self, Write};

/// One step of a path. The order is that of `managedFields`: fields, keys, values, positions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// A field of an object: `f:name`.
    Field(String),
    /// The list element with these key fields, sorted by name: `k:{"name":"a"}`.
    Key(Vec<(String, Scalar)>),
    /// The list element with this value: `v:"a"`.
    Value(Scalar),
    /// The list element at this position: `i:0`.
    Index(usize),
}

/// A plain value inside a step: values have an order there.
#[derive(Debug, Clone)]
pub(super) struct Scalar(pub(super) Value);

impl Step {
    /// Reads a step; nothing for a kind of step that is not known, which is then forgotten.
    ///
    /// # Errors
    /// A known kind of step that is malformed.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, String> {
        let (kind, rest) = text
            .split_once(':')
            .ok_or_else(|| format!("missing colon: {text}"))?;
        let json =
            || serde_json::from_str::<Value>(rest).map_err(|e| format!("parsing key as path element: {e}"));
        let step = match kind {
            "f" => Self::Field(rest.to_owned()),
            "v" => Self::Value(Scalar(json()?)),
            "k" => match json()? {
                Value::Object(fields) => Self::key(fields),
                _ => return Err(format!("parsing key as path element: {rest} is no object")),
            },
            "i" => Self::Index(
                rest.parse()
                    .map_err(|e| format!("parsing key as path element: {e}"))?,
            ),
            _ => return Ok(None),
        };
        Ok(Some(step))
    }

    /// A step to the element with these key fields.
    pub(super) fn key(fields: Map<String, Value>) -> Self {
        let mut fields: Vec<_> = fields
            .into_iter()
            .map(|(name, value)| (name, Scalar(value)))
            .collect();
        fields.sort();
        Self::Key(fields)
    }

    /// The step as `managedFields` writes it.
    pub(super) fn wire(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(fields) => {
                let fields: Map<String, Value> = fields
                    .iter()
                    .map(|(name, value)| (name.clone(), value.0.clone()))
                    .collect();
                format!("k:{}", Value::Object(fields))
            }
            Self::Value(value) => format!("v:{}", value.0),
            Self::Index(index) => format!("i:{index}"),
        }
    }
}

/// The step as conflicts and errors write it: `.spec`, `[name="a"]`, `[="a"]`, `[0]`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(fields) => {
                f.write_char('[')?;
                for (i, (name, value)) in fields.iter().enumerate() {
                    let comma = if i > 0 { "," } else { "" };
                    write!(f, "{comma}{name}={}", value.0)?;
                }
                f.write_char(']')
            }
            Self::Value(value) => write!(f, "[={}]", value.0),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

impl Ord for Scalar {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |value: &Value| match value {
            Value::Number(_) => 0,
            Value::String(_) => 1,
            Value::Bool(_) => 2,
            Value::Array(_) => 3,
            Value::Object(_) => 4,
            Value::Null => 5,
        };
        match (&self.0, &other.0) {
            (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => a
                    .as_f64()
                    .unwrap_or_default()
                    .total_cmp(&b.as_f64().unwrap_or_default()),
            },
            (Value::String(a), Value::String(b)) => a.cmp(b),
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (a, b) if rank(a) == rank(b) => a.to_string().cmp(&b.to_string()),
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }
}

impl PartialOrd for Scalar {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scalar {}
