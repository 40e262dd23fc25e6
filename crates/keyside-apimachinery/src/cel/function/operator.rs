//! Operators, sizes and conversions of the language itself.

use super::Row;
use crate::cel::duration;
use crate::cel::run::{Outcome, RunError, failed};
use crate::cel::time;
use crate::cel::value::{Key, Value};
use std::cmp::Ordering;
use std::sync::Arc;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    ("_+_", "(int,int) int", add), ("_+_", "(uint,uint) uint", add), ("_+_", "(double,double) double", add),
    ("_+_", "(string,string) string", add), ("_+_", "(bytes,bytes) bytes", add), ("_+_", "(list(A),list(A)) list(A)", add),
    ("_+_", "(duration,duration) duration", add), ("_+_", "(timestamp,duration) timestamp", add),
    ("_+_", "(duration,timestamp) timestamp", add),
    ("_-_", "(int,int) int", subtract), ("_-_", "(uint,uint) uint", subtract), ("_-_", "(double,double) double", subtract),
    ("_-_", "(duration,duration) duration", subtract), ("_-_", "(timestamp,duration) timestamp", subtract),
    ("_-_", "(timestamp,timestamp) duration", subtract),
    ("_*_", "(int,int) int", multiply), ("_*_", "(uint,uint) uint", multiply), ("_*_", "(double,double) double", multiply),
    ("_/_", "(int,int) int", divide), ("_/_", "(uint,uint) uint", divide), ("_/_", "(double,double) double", divide),
    ("_%_", "(int,int) int", remainder), ("_%_", "(uint,uint) uint", remainder),
    ("-_", "(int) int", negate), ("-_", "(double) double", negate), ("!_", "(bool) bool", not),
    ("_==_", "(A,A) bool", equal), ("_!=_", "(A,A) bool", not_equal),
    ("_<_", "(bool,bool) bool", less), ("_<_", "(int,int) bool", less), ("_<_", "(uint,uint) bool", less),
    ("_<_", "(double,double) bool", less), ("_<_", "(int,uint) bool", less), ("_<_", "(int,double) bool", less),
    ("_<_", "(uint,int) bool", less), ("_<_", "(uint,double) bool", less), ("_<_", "(double,int) bool", less),
    ("_<_", "(double,uint) bool", less), ("_<_", "(string,string) bool", less), ("_<_", "(bytes,bytes) bool", less),
    ("_<_", "(timestamp,timestamp) bool", less), ("_<_", "(duration,duration) bool", less),
    ("_<=_", "(bool,bool) bool", at_most), ("_<=_", "(int,int) bool", at_most), ("_<=_", "(uint,uint) bool", at_most),
    ("_<=_", "(double,double) bool", at_most), ("_<=_", "(int,uint) bool", at_most), ("_<=_", "(int,double) bool", at_most),
    ("_<=_", "(uint,int) bool", at_most), ("_<=_", "(uint,double) bool", at_most), ("_<=_", "(double,int) bool", at_most),
    ("_<=_", "(double,uint) bool", at_most), ("_<=_", "(string,string) bool", at_most), ("_<=_", "(bytes,bytes) bool", at_most),
    ("_<=_", "(timestamp,timestamp) bool", at_most), ("_<=_", "(duration,duration) bool", at_most),
    ("_>_", "(bool,bool) bool", more), ("_>_", "(int,int) bool", more), ("_>_", "(uint,uint) bool", more),
    ("_>_", "(double,double) bool", more), ("_>_", "(int,uint) bool", more), ("_>_", "(int,double) bool", more),
    ("_>_", "(uint,int) bool", more), ("_>_", "(uint,double) bool", more), ("_>_", "(double,int) bool", more),
    ("_>_", "(double,uint) bool", more), ("_>_", "(string,string) bool", more), ("_>_", "(bytes,bytes) bool", more),
    ("_>_", "(timestamp,timestamp) bool", more), ("_>_", "(duration,duration) bool", more),
    ("_>=_", "(bool,bool) bool", at_least), ("_>=_", "(int,int) bool", at_least), ("_>=_", "(uint,uint) bool", at_least),
    ("_>=_", "(double,double) bool", at_least), ("_>=_", "(int,uint) bool", at_least), ("_>=_", "(int,double) bool", at_least),
    ("_>=_", "(uint,int) bool", at_least), ("_>=_", "(uint,double) bool", at_least), ("_>=_", "(double,int) bool", at_least),
    ("_>=_", "(double,uint) bool", at_least), ("_>=_", "(string,string) bool", at_least), ("_>=_", "(bytes,bytes) bool", at_least),
    ("_>=_", "(timestamp,timestamp) bool", at_least), ("_>=_", "(duration,duration) bool", at_least),
    ("@in", "(A,list(A)) bool", within), ("@in", "(A,map(A,B)) bool", within),
    ("_[_]", "(list(A),int) A", index), ("_[_]", "(map(A,B),A) B", index),
    ("_[_]", "(optional(list(A)),int) optional(A)", optional_index),
    ("_[_]", "(optional(map(A,B)),A) optional(B)", optional_index),
    ("_[?_]", "(list(A),int) optional(A)", optional_index), ("_[?_]", "(map(A,B),A) optional(B)", optional_index),
    ("_[?_]", "(optional(list(A)),int) optional(A)", optional_index),
    ("_[?_]", "(optional(map(A,B)),A) optional(B)", optional_index),
    ("size", "(string) int", size), ("size", "(bytes) int", size), ("size", "(list(A)) int", size), ("size", "(map(A,B)) int", size),
    ("size", "string.() int", size), ("size", "bytes.() int", size), ("size", "list(A).() int", size), ("size", "map(A,B).() int", size),
    ("type", "(A) type", type_of), ("dyn", "(A) dyn", same),
    ("bool", "(bool) bool", same), ("bool", "(string) bool", to_bool),
    ("bytes", "(bytes) bytes", same), ("bytes", "(string) bytes", to_bytes),
    ("double", "(double) double", same), ("double", "(int) double", to_double), ("double", "(uint) double", to_double),
    ("double", "(string) double", to_double),
    ("int", "(int) int", same), ("int", "(uint) int", to_int), ("int", "(double) int", to_int), ("int", "(string) int", to_int),
    ("int", "(timestamp) int", to_int),
    ("uint", "(uint) uint", same), ("uint", "(int) uint", to_uint), ("uint", "(double) uint", to_uint), ("uint", "(string) uint", to_uint),
    ("string", "(string) string", same), ("string", "(bool) string", to_text), ("string", "(int) string", to_text),
    ("string", "(uint) string", to_text), ("string", "(double) string", to_text), ("string", "(bytes) string", to_text),
    ("string", "(timestamp) string", to_text), ("string", "(duration) string", to_text), ("string", "(IP) string", to_text),
    ("string", "(CIDR) string", to_text),
];

fn no_overload() -> Outcome {
    failed("no such overload")
}

fn overflow() -> RunError {
    RunError::Failed("integer overflow".to_owned())
}

fn int(value: Option<i64>) -> Outcome {
    value.map(Value::Int).ok_or_else(overflow)
}

fn uint(value: Option<u64>) -> Outcome {
    value
        .map(Value::Uint)
        .ok_or_else(|| RunError::Failed("unsigned integer overflow".to_owned()))
}

fn moved(at: &jiff::Timestamp, by: i64, back: bool) -> Outcome {
    let span = jiff::SignedDuration::from_nanos(by);
    let moved = if back {
        at.checked_sub(span)
    } else {
        at.checked_add(span)
    };
    moved
        .map(Value::Timestamp)
        .map_err(|_| RunError::Failed("timestamp overflow".to_owned()))
}

fn add(values: &[Value]) -> Outcome {
    match values {
        [Value::Int(a), Value::Int(b)] => int(a.checked_add(*b)),
        [Value::Uint(a), Value::Uint(b)] => uint(a.checked_add(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a + b)),
        [Value::String(a), Value::String(b)] => Ok(Value::text(&format!("{a}{b}"))),
        [Value::Bytes(a), Value::Bytes(b)] => Ok(Value::Bytes([&a[..], &b[..]].concat().into())),
        [Value::List(a), Value::List(b)] => Ok(Value::List(Arc::new(a.joined(b)))),
        [Value::Duration(a), Value::Duration(b)] => a
            .checked_add(*b)
            .map(Value::Duration)
            .ok_or_else(|| RunError::Failed("duration overflow".to_owned())),
        [Value::Timestamp(at), Value::Duration(by)] | [Value::Duration(by), Value::Timestamp(at)] => {
            moved(at, *by, false)
        }
        _ => no_overload(),
    }
}

fn subtract(values: &[Value]) -> Outcome {
    let too_long = || RunError::Failed("duration overflow".to_owned());
    match values {
        [Value::Int(a), Value::Int(b)] => int(a.checked_sub(*b)),
        [Value::Uint(a), Value::Uint(b)] => uint(a.checked_sub(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a - b)),
        [Value::Duration(a), Value::Duration(b)] => {
            a.checked_sub(*b).map(Value::Duration).ok_or_else(too_long)
        }
        [Value::Timestamp(a), Value::Timestamp(b)] => {
            let nanoseconds = a.as_nanosecond() - b.as_nanosecond();
            i64::try_from(nanoseconds)
                .map(Value::Duration)
                .map_err(|_| too_long())
        }
        [Value::Timestamp(at), Value::Duration(by)] => moved(at, *by, true),
        _ => no_overload(),
    }
}

fn multiply(values: &[Value]) -> Outcome {
    match values {
        [Value::Int(a), Value::Int(b)] => int(a.checked_mul(*b)),
        [Value::Uint(a), Value::Uint(b)] => uint(a.checked_mul(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a * b)),
        _ => no_overload(),
    }
}

fn divide(values: &[Value]) -> Outcome {
    match values {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => failed("division by zero"),
        [Value::Int(a), Value::Int(b)] => int(a.checked_div(*b)),
        [Value::Uint(a), Value::Uint(b)] => Ok(Value::Uint(a / b)),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a / b)),
        _ => no_overload(),
    }
}

fn remainder(values: &[Value]) -> Outcome {
    match values {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => failed("modulus by zero"),
        [Value::Int(a), Value::Int(b)] => int(a.checked_rem(*b)),
        [Value::Uint(a), Value::Uint(b)] => Ok(Value::Uint(a % b)),
        _ => no_overload(),
    }
}

fn negate(values: &[Value]) -> Outcome {
    match values {
        [Value::Int(n)] => int(n.checked_neg()),
        [Value::Double(n)] => Ok(Value::Double(-n)),
        _ => no_overload(),
    }
}

fn not(values: &[Value]) -> Outcome {
    match values {
        [Value::Bool(b)] => Ok(Value::Bool(!b)),
        _ => no_overload(),
    }
}

fn equal(values: &[Value]) -> Outcome {
    Ok(Value::Bool(values[0].equals(&values[1])))
}

fn not_equal(values: &[Value]) -> Outcome {
    Ok(Value::Bool(!values[0].equals(&values[1])))
}

fn ordered(values: &[Value], holds: fn(Ordering) -> bool) -> Outcome {
    // Numbers that have no order (NaN) fulfil no comparison.
    Ok(Value::Bool(values[0].compare(&values[1]).is_some_and(holds)))
}

fn less(values: &[Value]) -> Outcome {
    ordered(values, Ordering::is_lt)
}

fn at_most(values: &[Value]) -> Outcome {
    ordered(values, Ordering::is_le)
}

fn more(values: &[Value]) -> Outcome {
    ordered(values, Ordering::is_gt)
}

fn at_least(values: &[Value]) -> Outcome {
    ordered(values, Ordering::is_ge)
}

fn within(values: &[Value]) -> Outcome {
    match values {
        [value, Value::List(list)] => Ok(Value::Bool(list.items.iter().any(|item| item.equals(value)))),
        [value, Value::Map(map)] => Ok(Value::Bool(
            Key::of(value).is_some_and(|key| map.contains_key(&key)),
        )),
        _ => no_overload(),
    }
}

fn index(values: &[Value]) -> Outcome {
    match values {
        [Value::List(list), Value::Int(i)] => {
            let found = usize::try_from(*i).ok().and_then(|i| list.items.get(i));
            found
                .cloned()
                .ok_or_else(|| RunError::Failed(format!("index out of bounds: {i}")))
        }
        [Value::Map(map), key] => {
            let found = Key::of(key).and_then(|key| map.get(&key));
            found
                .cloned()
                .ok_or_else(|| RunError::Failed(format!("no such key: {}", shown(key))))
        }
        _ => no_overload(),
    }
}

fn optional_index(values: &[Value]) -> Outcome {
    match values {
        [Value::Optional(None), _] => Ok(Value::Optional(None)),
        [Value::Optional(Some(inner)), key] => optional_index(&[(**inner).clone(), key.clone()]),
        values => Ok(Value::Optional(index(values).ok().map(Box::new))),
    }
}

fn size(values: &[Value]) -> Outcome {
    let size = match values {
        [Value::String(text)] => text.chars().count(),
        [Value::Bytes(bytes)] => bytes.len(),
        [Value::List(list)] => list.items.len(),
        [Value::Map(map)] => map.len(),
        _ => return no_overload(),
    };
    Ok(Value::Int(size as i64))
}

fn type_of(values: &[Value]) -> Outcome {
    Ok(Value::Type(values[0].type_name()))
}

fn same(values: &[Value]) -> Outcome {
    Ok(values[0].clone())
}

fn conversion(from: &str, to: &str) -> Outcome {
    failed(format!("type conversion error from '{from}' to '{to}'"))
}

fn to_bool(values: &[Value]) -> Outcome {
    match values {
        [Value::String(text)] => match &**text {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(Value::Bool(false)),
            _ => conversion("string", "bool"),
        },
        _ => no_overload(),
    }
}

fn to_bytes(values: &[Value]) -> Outcome {
    match values {
        [Value::String(text)] => Ok(Value::Bytes(text.as_bytes().into())),
        _ => no_overload(),
    }
}

fn to_double(values: &[Value]) -> Outcome {
    match values {
        [Value::Int(n)] => Ok(Value::Double(*n as f64)),
        [Value::Uint(n)] => Ok(Value::Double(*n as f64)),
        [Value::String(text)] => text
            .parse()
            .map_or_else(|_| conversion("string", "double"), |n| Ok(Value::Double(n))),
        _ => no_overload(),
    }
}

fn to_int(values: &[Value]) -> Outcome {
    match values {
        [Value::Uint(n)] => int(i64::try_from(*n).ok()),
        [Value::Double(n)] => int((n.abs() < 9_223_372_036_854_775_807.0).then_some(*n as i64)),
        [Value::String(text)] => text
            .parse()
            .map_or_else(|_| conversion("string", "int"), |n| Ok(Value::Int(n))),
        [Value::Timestamp(at)] => Ok(Value::Int(at.as_second())),
        _ => no_overload(),
    }
}

fn to_uint(values: &[Value]) -> Outcome {
    match values {
        [Value::Int(n)] => uint(u64::try_from(*n).ok()),
        [Value::Double(n)] => uint(
            (0.0..18_446_744_073_709_551_615.0)
                .contains(n)
                .then_some(*n as u64),
        ),
        [Value::String(text)] => text
            .parse()
            .map_or_else(|_| conversion("string", "uint"), |n| Ok(Value::Uint(n))),
        _ => no_overload(),
    }
}

fn to_text(values: &[Value]) -> Outcome {
    if let [Value::Bytes(bytes)] = values {
        return match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::text(text)),
            Err(_) => failed("invalid UTF-8 in bytes, cannot convert to string"),
        };
    }
    Ok(Value::text(&shown(&values[0])))
}

/// A value as text, as `string()` and errors write it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Uint(n) => n.to_string(),
        Value::Double(n) => float(*n),
        Value::String(text) => text.to_string(),
        Value::Duration(nanoseconds) => duration_text(*nanoseconds),
        Value::Timestamp(at) => time::print(at),
        Value::Type(name) => (*name).to_owned(),
        Value::Ip(address) => address.to_string(),
        Value::Cidr(network) => network.to_string(),
        Value::List(list) => {
            format!(
                "[{}]",
                list.items.iter().map(shown).collect::<Vec<_>>().join(", ")
            )
        }
        other => other.type_name().to_owned(),
    }
}

/// `string(duration)` counts in seconds.
fn duration_text(nanoseconds: i64) -> String {
    let seconds = duration::seconds(nanoseconds);
    format!("{seconds}s")
}

/// A number as Go's `%g` writes it.
fn float(n: f64) -> String {
    let exponent = if n == 0.0 { 0.0 } else { n.abs().log10().floor() };
    if n.is_finite() && !(-4.0..21.0).contains(&exponent) {
        let text = format!("{n:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    match n {
        n if n.is_nan() => "NaN".to_owned(),
        n if n.is_infinite() => if n > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
        n => n.to_string(),
    }
}
