//! The table of field numbers, read once on first use.

use std::collections::HashMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("fields.txt");

/// A field of a message.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    /// Name in JSON; `-` where the message's fields stand in the object itself.
    pub(super) json: &'static str,
    /// Whether zero is told apart from absent.
    pub(super) pointer: bool,
    pub(super) kind: Kind,
}

/// A field's type.
#[derive(Debug)]
pub(super) enum Kind {
    Text,
    Bytes,
    Int,
    Float,
    Bool,
    Message(&'static str),
    List(Box<Self>),
    Map(Box<Self>),
}

static MESSAGES: LazyLock<HashMap<&'static str, Vec<Field>>> =
    LazyLock::new(|| TABLE.lines().filter_map(line).collect());

/// The fields of a message by its name in the table.
pub(super) fn message(name: &str) -> Option<&'static [Field]> {
    MESSAGES.get(name).map(Vec::as_slice)
}

fn line(line: &'static str) -> Option<(&'static str, Vec<Field>)> {
    let mut parts = line.split(' ');
    let name = parts.next()?;
    Some((name, parts.filter_map(field).collect()))
}

/// `3=name:type`.
fn field(text: &'static str) -> Option<Field> {
    let (number, rest) = text.split_once('=')?;
    let (json, code) = rest.split_once(':')?;
    let (pointer, code) = code.strip_prefix('?').map_or((false, code), |code| (true, code));
    Some(Field {
        number: number.parse().ok()?,
        json,
        pointer,
        kind: kind(code),
    })
}

fn kind(code: &'static str) -> Kind {
    if let Some(item) = code.strip_prefix('*') {
        return Kind::List(Box::new(kind(item.trim_start_matches('?'))));
    }
    if let Some(item) = code.strip_prefix('%') {
        return Kind::Map(Box::new(kind(item)));
    }
    match code {
        "s" | "UID" => Kind::Text,
        "y" => Kind::Bytes,
        "i" => Kind::Int,
        "f" => Kind::Float,
        "t" => Kind::Bool,
        message => Kind::Message(message),
    }
}
