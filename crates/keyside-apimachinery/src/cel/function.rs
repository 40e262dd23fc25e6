//! All functions and operators: what they take, what they give, what they do. One table serves both the check of an
//! expression and its run, so that the two cannot disagree.
//!
//! The set is that of Kubernetes (`k8s.io/apiserver/pkg/cel/environment/base.go`) as far as it is implemented here; an
//! expression that uses another function is refused when it is written.

mod collection;
mod operator;
mod optional;
mod text;

use super::run::{Outcome, failed};
use super::shape::{Bindings, Type};
use super::value::Value;
use super::{network, quantity, time, url};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// What a function does with its arguments; of a method the receiver is the first.
pub(super) type Operation = fn(&[Value]) -> Outcome;

/// Name, signature and operation. A signature is written `(int, int) int`, a method's `string.(string) bool`; single
/// capital letters stand for any type.
pub(super) type Row = (&'static str, &'static str, Operation);

struct Overload {
    method: bool,
    takes: Vec<Type>,
    gives: Type,
    run: Operation,
}

static TABLE: LazyLock<BTreeMap<&'static str, Vec<Overload>>> = LazyLock::new(|| {
    let mut table: BTreeMap<&'static str, Vec<Overload>> = BTreeMap::new();
    let rows = [
        operator::ROWS,
        text::ROWS,
        collection::ROWS,
        optional::ROWS,
        time::ROWS,
        url::ROWS,
        network::ROWS,
        quantity::ROWS,
    ];
    for (name, signature, run) in rows.into_iter().flatten() {
        let (method, takes, gives) = read(signature);
        table.entry(name).or_default().push(Overload {
            method,
            takes,
            gives,
            run: *run,
        });
    }
    table
});

/// Why a call cannot be made.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    Undeclared,
    NoOverload,
}

/// What a call gives; it may be known only at run time.
pub(super) fn resolve(name: &str, method: bool, given: &[Type]) -> Result<Type, Unresolved> {
    let overloads = TABLE.get(name).ok_or(Unresolved::Undeclared)?;
    let mut gives: Option<Type> = None;
    for overload in overloads
        .iter()
        .filter(|o| o.method == method && o.takes.len() == given.len())
    {
        let mut bound = Bindings::new();
        if overload
            .takes
            .iter()
            .zip(given)
            .all(|(wanted, given)| wanted.accepts(given, &mut bound))
        {
            let result = overload.gives.resolved(&bound);
            gives = Some(match gives {
                Some(known) if known != result => Type::Dyn,
                _ => result,
            });
        }
    }
    gives.ok_or(Unresolved::NoOverload)
}

/// Calls the function whose signature the values fit.
pub(super) fn call(name: &str, method: bool, values: &[Value]) -> Outcome {
    let overloads = TABLE.get(name).map(Vec::as_slice).unwrap_or_default();
    let fitting = overloads.iter().find(|overload| {
        overload.method == method
            && overload.takes.len() == values.len()
            && overload
                .takes
                .iter()
                .zip(values)
                .all(|(wanted, value)| fits(wanted, value))
    });
    fitting.map_or_else(|| failed("no such overload"), |overload| (overload.run)(values))
}

/// Whether there is a function of this name.
pub(super) fn is_declared(name: &str) -> bool {
    TABLE.contains_key(name)
}

/// The type a name stands for, where it is that of one.
pub(super) fn type_value(name: &str) -> Option<&'static str> {
    const NAMES: [&str; 17] = [
        "bool",
        "int",
        "uint",
        "double",
        "string",
        "bytes",
        "list",
        "map",
        "null_type",
        "type",
        "dyn",
        "optional_type",
        "google.protobuf.Duration",
        "google.protobuf.Timestamp",
        "kubernetes.Quantity",
        "kubernetes.URL",
        "net.IP",
    ];
    NAMES.into_iter().chain(["net.CIDR"]).find(|known| *known == name)
}

fn fits(wanted: &Type, value: &Value) -> bool {
    match (wanted, value) {
        (Type::Dyn | Type::Param(_), _)
        | (Type::Null, Value::Null)
        | (Type::Bool, Value::Bool(_))
        | (Type::Int, Value::Int(_))
        | (Type::Uint, Value::Uint(_))
        | (Type::Double, Value::Double(_))
        | (Type::String, Value::String(_))
        | (Type::Bytes, Value::Bytes(_))
        | (Type::Duration, Value::Duration(_))
        | (Type::Timestamp, Value::Timestamp(_))
        | (Type::Map(..), Value::Map(_))
        | (Type::Optional(_), Value::Optional(_))
        | (Type::Type, Value::Type(_)) => true,
        (Type::List(of), Value::List(list)) => list.items.iter().all(|item| fits(of, item)),
        (Type::Opaque(name), value) => *name == value.type_name(),
        _ => false,
    }
}

/// Reads a signature of the table.
fn read(signature: &str) -> (bool, Vec<Type>, Type) {
    let open = signature.find('(').unwrap_or_default();
    let (receiver, rest) = match signature.split_once(".(") {
        // The dot of a receiver comes before the first bracket, or after those of its own type.
        Some((receiver, rest)) if !signature.starts_with('(') => (Some(receiver), rest),
        _ => (None, &signature[open + 1..]),
    };
    let close = rest.rfind(") ").unwrap_or(rest.len());
    let gives = kind(rest[close..].trim_start_matches(')').trim());
    let takes = receiver
        .into_iter()
        .chain(split(&rest[..close]))
        .map(kind)
        .collect();
    (receiver.is_some(), takes, gives)
}

/// Splits at commas outside of brackets.
fn split(list: &str) -> Vec<&str> {
    let mut depth = 0;
    let parts = list.split(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn kind(text: &str) -> Type {
    let of = |inner: &str| Arc::new(kind(inner));
    let inside = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(')'));
    if let Some(inner) = inside("list(") {
        return Type::List(of(inner));
    }
    if let Some(inner) = inside("optional(") {
        return Type::Optional(of(inner));
    }
    if let Some([key, value]) = inside("map(").map(split).as_deref() {
        return Type::Map(of(key), of(value));
    }
    match text {
        "null" => Type::Null,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "duration" => Type::Duration,
        "timestamp" => Type::Timestamp,
        "type" => Type::Type,
        "Quantity" => Type::Opaque("kubernetes.Quantity"),
        "URL" => Type::Opaque("kubernetes.URL"),
        "IP" => Type::Opaque("net.IP"),
        "CIDR" => Type::Opaque("net.CIDR"),
        text => match text.chars().next() {
            Some(c) if text.len() == 1 && c.is_ascii_uppercase() => Type::Param(c),
            _ => Type::Dyn,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{TABLE, Type, kind, read};

    #[test]
    fn signatures_are_read_as_written() {
        let (method, takes, gives) = read("list(A).(int, map(string,A)) optional(A)");
        assert!(method);
        assert_eq!(takes, [kind("list(A)"), Type::Int, kind("map(string,A)")]);
        assert_eq!(gives, kind("optional(A)"));
        let (method, takes, gives) = read("() double");
        assert_eq!((method, takes.len(), gives), (false, 0, Type::Double));
    }

    #[test]
    fn no_signature_mentions_an_unknown_type() {
        let known = |kind: &Type| *kind != Type::Dyn;
        for (name, overloads) in TABLE
            .iter()
            .filter(|(name, _)| !matches!(**name, "dyn" | "includes"))
        {
            assert!(
                overloads
                    .iter()
                    .all(|o| o.takes.iter().chain([&o.gives]).all(known)),
                "{name}"
            );
        }
    }
}
