//! Values while a rule runs.

use super::network::Cidr;
use super::quantity::Quantity;
use super::url::Url;
use serde_json::Value as Json;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// A value.
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that is not negative.
    Uint(u64),
    /// A floating-point number.
    Double(f64),
    /// Text.
    String(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// Nanoseconds.
    Duration(i64),
    /// A moment.
    Timestamp(jiff::Timestamp),
    /// A list.
    List(Arc<List>),
    /// A map.
    Map(Arc<BTreeMap<Key, Self>>),
    /// An object with named fields.
    Object(Arc<BTreeMap<String, Self>>),
    /// A value that may be missing.
    Optional(Option<Box<Self>>),
    /// A type.
    Type(&'static str),
    /// An amount such as `1Gi`.
    Quantity(Quantity),
    /// A URL.
    Url(Arc<Url>),
    /// An address.
    Ip(IpAddr),
    /// A network.
    Cidr(Cidr),
}

/// A list, and what makes two of its kind equal.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// The elements.
    pub items: Vec<Value>,
    /// What they mean together.
    pub kind: ListKind,
}

/// What the elements of a list mean together (`x-kubernetes-list-type`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ListKind {
    /// A sequence.
    #[default]
    Plain,
    /// Order does not matter.
    Set,
    /// Elements are told apart by these fields; order does not matter.
    Map(Vec<String>),
}

/// A key of a map. Whole numbers are the same key whether signed or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Number(i128),
    /// Text.
    String(Arc<str>),
}

impl Key {
    /// The key a value is; nothing if it cannot be one.
    pub(super) fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Bool(b) => Self::Bool(*b),
            Value::Int(n) => Self::Number(i128::from(*n)),
            Value::Uint(n) => Self::Number(i128::from(*n)),
            Value::Double(n) if n.fract() == 0.0 && n.abs() < 1e18 => Self::Number(*n as i128),
            Value::String(text) => Self::String(Arc::clone(text)),
            _ => return None,
        })
    }

    /// The key as a value.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Bool(b) => Value::Bool(*b),
            Self::Number(n) => {
                i64::try_from(*n).map_or_else(|_| Value::Uint(u64::try_from(*n).unwrap_or(0)), Value::Int)
            }
            Self::String(text) => Value::String(Arc::clone(text)),
        }
    }
}

impl Value {
    /// Text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::String(text.into())
    }

    /// A list that is a plain sequence.
    #[must_use]
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Arc::new(List {
            items,
            kind: ListKind::Plain,
        }))
    }

    /// A JSON value of which nothing else is known: objects become maps.
    #[must_use]
    pub fn of_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(n) => n
                .as_i64()
                .map_or_else(|| Self::Double(n.as_f64().unwrap_or_default()), Self::Int),
            Json::String(text) => Self::text(text),
            Json::Array(items) => Self::list(items.iter().map(Self::of_json).collect()),
            Json::Object(fields) => {
                let entry = |(name, value): (&String, &Json)| {
                    (Key::String(name.as_str().into()), Self::of_json(value))
                };
                Self::Map(Arc::new(fields.iter().map(entry).collect()))
            }
        }
    }

    /// The value as JSON; `None` for what JSON has no form of.
    #[must_use]
    pub fn to_json(&self) -> Option<Json> {
        Some(match self {
            Self::Null => Json::Null,
            Self::Bool(b) => (*b).into(),
            Self::Int(n) => (*n).into(),
            Self::Uint(n) => (*n).into(),
            Self::Double(n) => serde_json::Number::from_f64(*n)?.into(),
            Self::String(text) => Json::from(&**text),
            Self::List(list) => list
                .items
                .iter()
                .map(Self::to_json)
                .collect::<Option<Vec<_>>>()?
                .into(),
            Self::Map(map) => {
                let entry = |(key, value): (&Key, &Self)| match key {
                    Key::String(name) => Some((name.to_string(), value.to_json()?)),
                    Key::Bool(_) | Key::Number(_) => None,
                };
                Json::Object(map.iter().map(entry).collect::<Option<_>>()?)
            }
            Self::Object(fields) => {
                let entry = |(name, value): (&String, &Self)| Some((name.clone(), value.to_json()?));
                Json::Object(fields.iter().map(entry).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    /// The name of the value's type, as `type()` gives it.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Object(_) => "object",
            Self::Optional(_) => "optional_type",
            Self::Type(_) => "type",
            Self::Quantity(_) => "kubernetes.Quantity",
            Self::Url(_) => "kubernetes.URL",
            Self::Ip(_) => "net.IP",
            Self::Cidr(_) => "net.CIDR",
        }
    }

    /// How much it costs to go through the value once.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Self::String(text) => text.len() as u64 / 10,
            Self::Bytes(bytes) => bytes.len() as u64 / 10,
            Self::List(list) => list.items.len() as u64,
            Self::Map(map) => map.len() as u64,
            _ => 0,
        }
    }

    /// Whether two values are the same; numbers are compared whatever their types.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Type(a), Self::Type(b)) => a == b,
            (Self::List(a), Self::List(b)) => a.equals(b),
            (Self::Map(a), Self::Map(b)) => same_entries(a, b),
            (Self::Object(a), Self::Object(b)) => same_entries(a, b),
            (Self::Optional(a), Self::Optional(b)) => match (a, b) {
                (None, None) => true,
                (Some(a), Some(b)) => a.equals(b),
                _ => false,
            },
            (Self::Url(a), Self::Url(b)) => a == b,
            (Self::Ip(a), Self::Ip(b)) => a == b,
            (Self::Cidr(a), Self::Cidr(b)) => a == b,
            (a, b) => a.compare(b) == Some(Ordering::Equal),
        }
    }

    /// The order of two values, where their types have one.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::String(a), Self::String(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            (Self::Duration(a), Self::Duration(b)) => Some(a.cmp(b)),
            (Self::Timestamp(a), Self::Timestamp(b)) => Some(a.cmp(b)),
            (Self::Quantity(a), Self::Quantity(b)) => Some(a.cmp(b)),
            (a, b) => match (a.whole(), b.whole()) {
                (Some(a), Some(b)) => Some(a.cmp(&b)),
                _ => a.number()?.partial_cmp(&b.number()?),
            },
        }
    }

    fn whole(&self) -> Option<i128> {
        match self {
            Self::Int(n) => Some(i128::from(*n)),
            Self::Uint(n) => Some(i128::from(*n)),
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Uint(n) => Some(*n as f64),
            Self::Double(n) => Some(*n),
            _ => None,
        }
    }
}

fn same_entries<K: Ord>(a: &BTreeMap<K, Value>, b: &BTreeMap<K, Value>) -> bool {
    a.len() == b.len()
        && a.iter()
            .all(|(key, value)| b.get(key).is_some_and(|other| value.equals(other)))
}

impl List {
    fn equals(&self, other: &Self) -> bool {
        if self.items.len() != other.items.len() {
            return false;
        }
        if self.kind == ListKind::Plain && other.kind == ListKind::Plain {
            return self.items.iter().zip(&other.items).all(|(a, b)| a.equals(b));
        }
        let within = |a: &Self, b: &Self| {
            a.items
                .iter()
                .all(|item| b.items.iter().any(|other| item.equals(other)))
        };
        within(self, other) && within(other, self)
    }

    /// Both lists in one: a set gains what it lacks, a map keeps its elements' places and takes the newer ones.
    pub(super) fn joined(&self, other: &Self) -> Self {
        let mut items = self.items.clone();
        for item in &other.items {
            let place = match &self.kind {
                ListKind::Plain => None,
                ListKind::Set => items.iter().position(|known| known.equals(item)),
                ListKind::Map(keys) => items.iter().position(|known| same_keys(keys, known, item)),
            };
            match place {
                Some(i) => items[i] = item.clone(),
                None => items.push(item.clone()),
            }
        }
        Self {
            items,
            kind: self.kind.clone(),
        }
    }
}

fn same_keys(keys: &[String], a: &Value, b: &Value) -> bool {
    let field = |value: &Value, name: &String| match value {
        Value::Object(fields) => fields.get(name).cloned(),
        _ => None,
    };
    keys.iter().all(|key| match (field(a, key), field(b, key)) {
        (Some(a), Some(b)) => a.equals(&b),
        (None, None) => true,
        _ => false,
    })
}
