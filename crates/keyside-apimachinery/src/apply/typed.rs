//! A value together with what is known about it: whether it is one thing, a list of elements or a map of fields for
//! the purpose of merging.

use super::step::{Scalar, Step};
use crate::schema::{ListKind, Object, Rest, Schema, Shape};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::mem::discriminant;

/// What is known about a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type<'a> {
    /// A shape.
    Known(&'a Schema),
    /// Nothing: objects merge field by field, lists are replaced.
    Deduced,
}

/// How a value merges.
#[derive(Debug, Clone, Copy)]
pub(super) enum Atom<'a> {
    /// As one thing.
    Scalar(Plain),
    /// Element by element, unless it is atomic.
    List(List<'a>),
    /// Field by field, unless it is atomic.
    Map(Fields<'a>),
}

/// Which plain values are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    Number,
    Text,
    Boolean,
    Any,
}

/// A list.
#[derive(Debug, Clone, Copy)]
pub(super) struct List<'a> {
    pub(super) kind: &'a ListKind,
    pub(super) items: Type<'a>,
}

/// An object or map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    object: Option<&'a Object>,
}

impl<'a> Type<'a> {
    /// How a value of this type merges. Where the type leaves it open, the value decides; an absent one is a map.
    pub(super) fn atom(self, value: Option<&Value>) -> Atom<'a> {
        let Self::Known(schema) = self else {
            return deduced(value);
        };
        match &schema.resolve().shape {
            Shape::Any | Shape::Either(_) | Shape::Reference(_) => deduced(value),
            Shape::String(crate::schema::Format::Plain | crate::schema::Format::Bytes) => {
                Atom::Scalar(Plain::Text)
            }
            Shape::String(_) | Shape::IntOrString => Atom::Scalar(Plain::Any),
            Shape::Integer(_) | Shape::Number => Atom::Scalar(Plain::Number),
            Shape::Boolean => Atom::Scalar(Plain::Boolean),
            Shape::List(list) => Atom::List(List {
                kind: &list.kind,
                items: Type::Known(&list.items),
            }),
            Shape::Object(object) => Atom::Map(Fields { object: Some(object) }),
        }
    }
}

fn deduced(value: Option<&Value>) -> Atom<'static> {
    match value {
        Some(Value::Array(_)) => Atom::List(List {
            kind: &ListKind::Atomic,
            items: Type::Deduced,
        }),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => Atom::Scalar(Plain::Any),
        None | Some(Value::Null | Value::Object(_)) => Atom::Map(Fields { object: None }),
    }
}

impl Atom<'_> {
    pub(super) fn same_kind(&self, other: &Self) -> bool {
        discriminant(self) == discriminant(other)
    }
}

impl<'a> Fields<'a> {
    pub(super) fn is_atomic(self) -> bool {
        self.object.is_some_and(|object| object.atomic)
    }

    /// Whether nothing is known about the fields.
    pub(super) fn is_open(self) -> bool {
        self.object
            .is_none_or(|object| object.fields.is_empty() && !matches!(object.rest, Rest::Of(_)))
    }

    /// Whether a key is a field by name and not one of a map's keys.
    pub(super) fn declares(self, key: &str) -> bool {
        self.object.is_some_and(|object| object.fields.contains_key(key))
    }

    /// The type of a field; nothing if the field may not be there.
    pub(super) fn field(self, key: &str) -> Option<Type<'a>> {
        let Some(object) = self.object else {
            return Some(Type::Deduced);
        };
        match (object.fields.get(key), &object.rest) {
            (Some(field), _) => Some(Type::Known(field)),
            (None, Rest::Of(values)) => Some(Type::Known(values)),
            (None, Rest::Preserved) => Some(Type::Deduced),
            (None, Rest::Unknown) => object.fields.is_empty().then_some(Type::Deduced),
        }
    }
}

impl List<'_> {
    pub(super) fn is_atomic(self) -> bool {
        *self.kind == ListKind::Atomic
    }

    /// The step to an element of a list that is not atomic.
    ///
    /// # Errors
    /// An element that cannot be told apart.
    pub(super) fn step(self, element: &Value) -> Result<Step, String> {
        match self.kind {
            ListKind::Map(keys) => self.key_step(element, keys),
            ListKind::Set | ListKind::Atomic => match element {
                Value::Object(_) => {
                    Err("associative list without keys has an element that's a map type".into())
                }
                Value::Array(_) => Err("not supported: associative list with lists as elements".into()),
                Value::Null => {
                    Err("associative list without keys has an element that's an explicit null".into())
                }
                plain => Ok(Step::Value(Scalar(plain.clone()))),
            },
        }
    }

    fn key_step(self, element: &Value, keys: &[String]) -> Result<Step, String> {
        let Value::Object(fields) = element else {
            let found = if element.is_null() {
                "a null element"
            } else {
                "non-map elements"
            };
            return Err(format!("associative list with keys may not have {found}"));
        };
        let mut key = Map::new();
        for name in keys {
            let value = fields.get(name).or_else(|| self.default_of(name));
            if let Some(value) = value {
                key.insert(name.clone(), value.clone());
            }
        }
        if key.is_empty() && !keys.is_empty() {
            return Err(format!(
                "associative list with keys has an element that omits all key fields {keys:?} (and doesn't have \
                 default values for any key fields)"
            ));
        }
        Ok(Step::key(key))
    }

    fn default_of(&self, key: &str) -> Option<&Value> {
        match self.items {
            Type::Known(items) => items.field(key)?.default.as_ref(),
            Type::Deduced => None,
        }
    }
}

/// The elements of a list; anything else has none.
pub(super) fn elements(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What an invalid value is told as, with its path.
pub(super) type Wrong = Vec<(String, String)>;

/// Whether a value has the type; `duplicates` allows list elements that cannot be told apart.
///
/// # Errors
/// All that is wrong, as `.spec.foo: field not declared in schema`, or a list of that.
pub(super) fn check(ty: Type<'_>, value: &Value, duplicates: bool) -> Result<(), String> {
    let mut wrong = Wrong::new();
    walk(ty, value, duplicates, "", &mut wrong);
    let line = |(path, message): &(String, String)| {
        if path.is_empty() {
            message.clone()
        } else {
            format!("{path}: {message}")
        }
    };
    match wrong.as_slice() {
        [] => Ok(()),
        [one] => Err(line(one)),
        many => Err(format!(
            "errors:\n  {}",
            many.iter().map(line).collect::<Vec<_>>().join("\n  ")
        )),
    }
}

fn walk(ty: Type<'_>, value: &Value, duplicates: bool, path: &str, wrong: &mut Wrong) {
    match ty.atom(Some(value)) {
        Atom::Scalar(plain) => wrong.extend(plain.mismatch(value).map(|message| (path.to_owned(), message))),
        Atom::Map(fields) => match value {
            Value::Null => {}
            Value::Object(object) => {
                for (key, value) in object {
                    let path = format!("{path}.{key}");
                    let Some(ty) = fields.field(key) else {
                        // One is enough: what else is undeclared here is not looked at.
                        wrong.push((path, "field not declared in schema".into()));
                        return;
                    };
                    walk(ty, value, duplicates, &path, wrong);
                }
            }
            other => wrong.push((path.to_owned(), format!("expected map, got &{{{other}}}"))),
        },
        Atom::List(list) => match value {
            Value::Null => {}
            Value::Array(elements) => walk_list(list, elements, duplicates, path, wrong),
            other => wrong.push((path.to_owned(), format!("expected list, got &{{{other}}}"))),
        },
    }
}

fn walk_list(list: List<'_>, elements: &[Value], duplicates: bool, path: &str, wrong: &mut Wrong) {
    let mut seen = BTreeSet::new();
    for (i, element) in elements.iter().enumerate() {
        let step = if list.is_atomic() {
            Ok(Step::Index(i))
        } else {
            list.step(element)
        };
        let step = match step {
            Ok(step) => step,
            Err(message) => return wrong.push((path.to_owned(), format!("element {i}: {message}"))),
        };
        if !duplicates && seen.contains(&step) {
            wrong.push((path.to_owned(), format!("duplicate entries for key {step}")));
        }
        walk(list.items, element, duplicates, &format!("{path}{step}"), wrong);
        seen.insert(step);
    }
}

impl Plain {
    /// What is wrong with a value.
    pub(super) fn mismatch(self, value: &Value) -> Option<String> {
        let kind = match value {
            Value::Null => return None,
            Value::Bool(_) => "bool",
            Value::Number(_) => "int64",
            Value::String(_) => "string",
            Value::Array(_) => "[]interface {}",
            Value::Object(_) => "map[string]interface {}",
        };
        match self {
            Self::Number if !value.is_number() => {
                Some(format!("expected numeric (int or float), got {kind}"))
            }
            Self::Text if !value.is_string() => Some(format!(
                "expected string, got &value.valueUnstructured{{Value:{value}}}"
            )),
            Self::Boolean if !value.is_boolean() => Some(format!("expected boolean, got &{{{value}}}")),
            Self::Any if value.is_array() || value.is_object() => {
                Some(format!("expected any scalar, got &{{{value}}}"))
            }
            _ => None,
        }
    }
}
