//! Amounts such as `500m` and `1Gi`.

use super::function::Row;
use super::run::{Outcome, RunError, failed};
use super::value::Value;
use crate::kinds::quantity;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    ("quantity", "(string) Quantity", to_quantity), ("isQuantity", "(string) bool", is_quantity), ("sign", "Quantity.() int", sign),
    ("isGreaterThan", "Quantity.(Quantity) bool", is_greater), ("isLessThan", "Quantity.(Quantity) bool", is_less),
    ("compareTo", "Quantity.(Quantity) int", compare_to), ("asApproximateFloat", "Quantity.() double", as_float),
    ("asInteger", "Quantity.() int", as_integer), ("isInteger", "Quantity.() bool", is_integer),
    ("add", "Quantity.(Quantity) Quantity", add), ("add", "Quantity.(int) Quantity", add),
    ("sub", "Quantity.(Quantity) Quantity", subtract), ("sub", "Quantity.(int) Quantity", subtract),
];

const UNIT: i128 = 1_000_000_000;

/// An amount, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i128);

fn no_overload() -> Outcome {
    failed("no such overload")
}

fn parse(text: &str) -> Option<Quantity> {
    quantity::Quantity::parse(text).map(|found| Quantity(found.billionths()))
}

fn to_quantity(values: &[Value]) -> Outcome {
    let [Value::String(text)] = values else {
        return no_overload();
    };
    parse(text)
        .map(Value::Quantity)
        .ok_or_else(|| RunError::Failed(quantity::UNREADABLE.to_owned()))
}

fn is_quantity(values: &[Value]) -> Outcome {
    let [Value::String(text)] = values else {
        return no_overload();
    };
    Ok(Value::Bool(parse(text).is_some()))
}

fn sign(values: &[Value]) -> Outcome {
    let [Value::Quantity(Quantity(n))] = values else {
        return no_overload();
    };
    Ok(Value::Int(n.signum() as i64))
}

fn is_greater(values: &[Value]) -> Outcome {
    let [Value::Quantity(a), Value::Quantity(b)] = values else {
        return no_overload();
    };
    Ok(Value::Bool(a > b))
}

fn is_less(values: &[Value]) -> Outcome {
    let [Value::Quantity(a), Value::Quantity(b)] = values else {
        return no_overload();
    };
    Ok(Value::Bool(a < b))
}

fn compare_to(values: &[Value]) -> Outcome {
    let [Value::Quantity(a), Value::Quantity(b)] = values else {
        return no_overload();
    };
    Ok(Value::Int(a.cmp(b) as i64))
}

fn as_float(values: &[Value]) -> Outcome {
    let [Value::Quantity(Quantity(n))] = values else {
        return no_overload();
    };
    Ok(Value::Double(*n as f64 / UNIT as f64))
}

fn whole(n: i128) -> Option<i64> {
    if n % UNIT == 0 {
        i64::try_from(n / UNIT).ok()
    } else {
        None
    }
}

fn as_integer(values: &[Value]) -> Outcome {
    let [Value::Quantity(Quantity(n))] = values else {
        return no_overload();
    };
    whole(*n)
        .map(Value::Int)
        .ok_or_else(|| RunError::Failed("cannot convert value to integer".to_owned()))
}

fn is_integer(values: &[Value]) -> Outcome {
    let [Value::Quantity(Quantity(n))] = values else {
        return no_overload();
    };
    Ok(Value::Bool(whole(*n).is_some()))
}

fn both(values: &[Value]) -> Option<(i128, i128)> {
    match values {
        [Value::Quantity(Quantity(a)), Value::Quantity(Quantity(b))] => Some((*a, *b)),
        [Value::Quantity(Quantity(a)), Value::Int(b)] => Some((*a, i128::from(*b) * UNIT)),
        _ => None,
    }
}

fn add(values: &[Value]) -> Outcome {
    both(values).map_or_else(no_overload, |(a, b)| {
        Ok(Value::Quantity(Quantity(a.saturating_add(b))))
    })
}

fn subtract(values: &[Value]) -> Outcome {
    both(values).map_or_else(no_overload, |(a, b)| {
        Ok(Value::Quantity(Quantity(a.saturating_sub(b))))
    })
}
