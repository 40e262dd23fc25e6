//! Functions of lists, and of lists as sets.

use super::Row;
use crate::cel::run::{Outcome, RunError, failed};
use crate::cel::value::{List, Value};
use std::cmp::Ordering;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    ("isSorted", "list(A).() bool", is_sorted), ("min", "list(A).() A", least), ("max", "list(A).() A", greatest),
    ("sum", "list(int).() int", sum), ("sum", "list(uint).() uint", sum), ("sum", "list(double).() double", sum),
    ("sum", "list(duration).() duration", sum),
    ("indexOf", "list(A).(A) int", index_of), ("lastIndexOf", "list(A).(A) int", last_index_of),
    ("includes", "dyn.(dyn) bool", includes),
    ("slice", "list(A).(int,int) list(A)", slice), ("flatten", "list(list(A)).() list(A)", flatten),
    ("flatten", "list(A).(int) list(dyn)", flatten), ("distinct", "list(A).() list(A)", distinct),
    ("reverse", "list(A).() list(A)", reverse), ("sort", "list(A).() list(A)", sort), ("lists.range", "(int) list(int)", range),
    ("sets.contains", "(list(A),list(A)) bool", set_contains), ("sets.equivalent", "(list(A),list(A)) bool", set_equivalent),
    ("sets.intersects", "(list(A),list(A)) bool", set_intersects),
];

/// The longest list that may be made from a number alone.
const MAX_RANGE: i64 = 100_000;

fn no_overload() -> Outcome {
    failed("no such overload")
}

fn compared(a: &Value, b: &Value) -> Result<Ordering, RunError> {
    a.compare(b)
        .ok_or_else(|| RunError::Failed("no such overload".to_owned()))
}

fn is_sorted(values: &[Value]) -> Outcome {
    let [Value::List(list)] = values else {
        return no_overload();
    };
    for pair in list.items.windows(2) {
        if compared(&pair[0], &pair[1])?.is_gt() {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}

fn extreme(values: &[Value], name: &str, better: fn(Ordering) -> bool) -> Outcome {
    let [Value::List(list)] = values else {
        return no_overload();
    };
    let mut items = list.items.iter();
    let Some(mut best) = items.next() else {
        return failed(format!("{name} called on empty list"));
    };
    for item in items {
        if better(compared(item, best)?) {
            best = item;
        }
    }
    Ok(best.clone())
}

fn least(values: &[Value]) -> Outcome {
    extreme(values, "min", Ordering::is_lt)
}

fn greatest(values: &[Value]) -> Outcome {
    extreme(values, "max", Ordering::is_gt)
}

fn sum(values: &[Value]) -> Outcome {
    let [Value::List(list)] = values else {
        return no_overload();
    };
    let overflow = || RunError::Failed("integer overflow".to_owned());
    let mut total = match list.items.first() {
        Some(first) => first.clone(),
        None => return Ok(Value::Int(0)),
    };
    for item in &list.items[1..] {
        total = match (&total, item) {
            (Value::Int(a), Value::Int(b)) => Value::Int(a.checked_add(*b).ok_or_else(overflow)?),
            (Value::Uint(a), Value::Uint(b)) => Value::Uint(a.checked_add(*b).ok_or_else(overflow)?),
            (Value::Double(a), Value::Double(b)) => Value::Double(a + b),
            (Value::Duration(a), Value::Duration(b)) => {
                Value::Duration(a.checked_add(*b).ok_or_else(overflow)?)
            }
            _ => return no_overload(),
        };
    }
    Ok(total)
}

fn place(found: Option<usize>) -> Outcome {
    Ok(Value::Int(found.map_or(-1, |i| i as i64)))
}

fn index_of(values: &[Value]) -> Outcome {
    let [Value::List(list), wanted] = values else {
        return no_overload();
    };
    place(list.items.iter().position(|item| item.equals(wanted)))
}

fn last_index_of(values: &[Value]) -> Outcome {
    let [Value::List(list), wanted] = values else {
        return no_overload();
    };
    place(list.items.iter().rposition(|item| item.equals(wanted)))
}

fn includes(values: &[Value]) -> Outcome {
    Ok(Value::Bool(match values {
        [Value::List(list), wanted] => list.items.iter().any(|item| item.equals(wanted)),
        [one, wanted] => one.equals(wanted),
        _ => return no_overload(),
    }))
}

fn slice(values: &[Value]) -> Outcome {
    let [Value::List(list), Value::Int(start), Value::Int(end)] = values else {
        return no_overload();
    };
    let bounds = || Some((usize::try_from(*start).ok()?, usize::try_from(*end).ok()?));
    let found = bounds().and_then(|(start, end)| list.items.get(start..end));
    match found {
        Some(items) => Ok(Value::list(items.to_vec())),
        None => failed(format!(
            "cannot slice({start}, {end}), list is length {}",
            list.items.len()
        )),
    }
}

fn flatten(values: &[Value]) -> Outcome {
    let (list, depth) = match values {
        [Value::List(list)] => (list, 1),
        [Value::List(list), Value::Int(depth)] if *depth >= 0 => (list, *depth),
        [Value::List(_), Value::Int(_)] => return failed("level must be non-negative"),
        _ => return no_overload(),
    };
    let mut out = Vec::new();
    flatten_into(list, depth, &mut out);
    Ok(Value::list(out))
}

fn flatten_into(list: &List, depth: i64, out: &mut Vec<Value>) {
    for item in &list.items {
        match item {
            Value::List(inner) if depth > 0 => flatten_into(inner, depth - 1, out),
            other => out.push(other.clone()),
        }
    }
}

fn distinct(values: &[Value]) -> Outcome {
    let [Value::List(list)] = values else {
        return no_overload();
    };
    let mut out: Vec<Value> = Vec::new();
    for item in &list.items {
        if !out.iter().any(|known| known.equals(item)) {
            out.push(item.clone());
        }
    }
    Ok(Value::list(out))
}

fn reverse(values: &[Value]) -> Outcome {
    let [Value::List(list)] = values else {
        return no_overload();
    };
    Ok(Value::list(list.items.iter().rev().cloned().collect()))
}

fn sort(values: &[Value]) -> Outcome {
    let [Value::List(list)] = values else {
        return no_overload();
    };
    if list
        .items
        .windows(2)
        .any(|pair| pair[0].compare(&pair[1]).is_none())
    {
        return failed("list elements must have the same type");
    }
    let mut items = list.items.clone();
    items.sort_by(|a, b| a.compare(b).unwrap_or(Ordering::Equal));
    Ok(Value::list(items))
}

fn range(values: &[Value]) -> Outcome {
    let [Value::Int(count)] = values else {
        return no_overload();
    };
    if *count > MAX_RANGE {
        return Err(RunError::TooExpensive);
    }
    Ok(Value::list((0..*count).map(Value::Int).collect()))
}

fn covers(a: &List, b: &List) -> bool {
    b.items
        .iter()
        .all(|item| a.items.iter().any(|own| own.equals(item)))
}

fn set_contains(values: &[Value]) -> Outcome {
    let [Value::List(a), Value::List(b)] = values else {
        return no_overload();
    };
    Ok(Value::Bool(covers(a, b)))
}

fn set_equivalent(values: &[Value]) -> Outcome {
    let [Value::List(a), Value::List(b)] = values else {
        return no_overload();
    };
    Ok(Value::Bool(covers(a, b) && covers(b, a)))
}

fn set_intersects(values: &[Value]) -> Outcome {
    let [Value::List(a), Value::List(b)] = values else {
        return no_overload();
    };
    Ok(Value::Bool(
        b.items
            .iter()
            .any(|item| a.items.iter().any(|own| own.equals(item))),
    ))
}
