//! Values that may be missing.

use super::Row;
use crate::cel::run::{Outcome, failed};
use crate::cel::value::Value;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    ("optional.of", "(A) optional(A)", of), ("optional.ofNonZeroValue", "(A) optional(A)", of_non_zero),
    ("optional.none", "() optional(A)", none), ("hasValue", "optional(A).() bool", has_value),
    ("value", "optional(A).() A", value), ("orValue", "optional(A).(A) A", or_value),
    ("or", "optional(A).(optional(A)) optional(A)", or),
    ("first", "list(A).() optional(A)", first), ("last", "list(A).() optional(A)", last),
];

fn some(value: &Value) -> Value {
    Value::Optional(Some(Box::new(value.clone())))
}

fn of(values: &[Value]) -> Outcome {
    Ok(some(&values[0]))
}

fn of_non_zero(values: &[Value]) -> Outcome {
    let zero = match &values[0] {
        Value::Null | Value::Bool(false) | Value::Int(0) | Value::Uint(0) | Value::Duration(0) => true,
        Value::Double(n) => *n == 0.0,
        Value::String(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::List(list) => list.items.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Optional(inner) => inner.is_none(),
        _ => false,
    };
    Ok(if zero {
        Value::Optional(None)
    } else {
        some(&values[0])
    })
}

fn none(_values: &[Value]) -> Outcome {
    Ok(Value::Optional(None))
}

fn has_value(values: &[Value]) -> Outcome {
    Ok(Value::Bool(matches!(values[0], Value::Optional(Some(_)))))
}

fn value(values: &[Value]) -> Outcome {
    match &values[0] {
        Value::Optional(Some(value)) => Ok((**value).clone()),
        _ => failed("optional.none() dereference"),
    }
}

fn or_value(values: &[Value]) -> Outcome {
    match values {
        [Value::Optional(Some(value)), _] => Ok((**value).clone()),
        [_, other] => Ok(other.clone()),
        _ => failed("no such overload"),
    }
}

fn or(values: &[Value]) -> Outcome {
    match values {
        [Value::Optional(None), other] => Ok(other.clone()),
        [own, _] => Ok(own.clone()),
        _ => failed("no such overload"),
    }
}

fn first(values: &[Value]) -> Outcome {
    match values {
        [Value::List(list)] => Ok(list.items.first().map_or(Value::Optional(None), some)),
        _ => failed("no such overload"),
    }
}

fn last(values: &[Value]) -> Outcome {
    match values {
        [Value::List(list)] => Ok(list.items.last().map_or(Value::Optional(None), some)),
        _ => failed("no such overload"),
    }
}
