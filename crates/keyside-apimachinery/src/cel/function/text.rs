//! Functions of text, and regular expressions.

use super::Row;
use super::operator::shown;
use crate::cel::run::{Outcome, RunError, failed};
use crate::cel::value::Value;
use crate::crd::pattern;
use regex::Regex;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    ("contains", "string.(string) bool", contains), ("startsWith", "string.(string) bool", starts_with),
    ("endsWith", "string.(string) bool", ends_with), ("matches", "string.(string) bool", matches),
    ("matches", "(string,string) bool", matches),
    ("charAt", "string.(int) string", char_at), ("indexOf", "string.(string) int", index_of),
    ("indexOf", "string.(string,int) int", index_of), ("lastIndexOf", "string.(string) int", last_index_of),
    ("lastIndexOf", "string.(string,int) int", last_index_of), ("lowerAscii", "string.() string", lower),
    ("upperAscii", "string.() string", upper), ("replace", "string.(string,string) string", replace),
    ("replace", "string.(string,string,int) string", replace), ("split", "string.(string) list(string)", split),
    ("split", "string.(string,int) list(string)", split), ("substring", "string.(int) string", substring),
    ("substring", "string.(int,int) string", substring), ("trim", "string.() string", trim),
    ("join", "list(string).() string", join), ("join", "list(string).(string) string", join),
    ("format", "string.(list(A)) string", format), ("strings.quote", "(string) string", quote),
    ("find", "string.(string) string", find), ("findAll", "string.(string) list(string)", find_all),
    ("findAll", "string.(string,int) list(string)", find_all),
];

fn no_overload() -> Outcome {
    failed("no such overload")
}

fn two(values: &[Value], test: fn(&str, &str) -> bool) -> Outcome {
    match values {
        [Value::String(a), Value::String(b)] => Ok(Value::Bool(test(a, b))),
        _ => no_overload(),
    }
}

fn contains(values: &[Value]) -> Outcome {
    two(values, |a, b| a.contains(b))
}

fn starts_with(values: &[Value]) -> Outcome {
    two(values, |a, b| a.starts_with(b))
}

fn ends_with(values: &[Value]) -> Outcome {
    two(values, |a, b| a.ends_with(b))
}

fn regex(text: &str) -> Result<Regex, RunError> {
    pattern::compile(text).map_err(RunError::Failed)
}

fn matches(values: &[Value]) -> Outcome {
    match values {
        [Value::String(text), Value::String(pattern)] => Ok(Value::Bool(regex(pattern)?.is_match(text))),
        _ => no_overload(),
    }
}

fn find(values: &[Value]) -> Outcome {
    match values {
        [Value::String(text), Value::String(pattern)] => Ok(Value::text(
            regex(pattern)?.find(text).map_or("", |found| found.as_str()),
        )),
        _ => no_overload(),
    }
}

fn find_all(values: &[Value]) -> Outcome {
    let (text, pattern, limit) = match values {
        [Value::String(text), Value::String(pattern)] => (text, pattern, -1),
        [Value::String(text), Value::String(pattern), Value::Int(limit)] => (text, pattern, *limit),
        _ => return no_overload(),
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = regex(pattern)?;
    let found = found
        .find_iter(text)
        .take(limit)
        .map(|found| Value::text(found.as_str()));
    Ok(Value::list(found.collect()))
}

/// A place in a text, counted in characters.
fn place(i: i64, text: &str, name: &str) -> Result<usize, RunError> {
    let length = text.chars().count();
    let found = usize::try_from(i).ok().filter(|i| *i <= length);
    found.ok_or_else(|| RunError::Failed(format!("{name}index out of range: {i}")))
}

/// The byte where a character begins.
fn byte(text: &str, place: usize) -> usize {
    text.char_indices().nth(place).map_or(text.len(), |(i, _)| i)
}

fn char_at(values: &[Value]) -> Outcome {
    let [Value::String(text), Value::Int(i)] = values else {
        return no_overload();
    };
    let place = place(*i, text, "")?;
    Ok(Value::text(&text.chars().skip(place).take(1).collect::<String>()))
}

fn count(text: &str, end: usize) -> Value {
    Value::Int(text[..end].chars().count() as i64)
}

fn index_of(values: &[Value]) -> Outcome {
    let (text, wanted, from) = match values {
        [Value::String(text), Value::String(wanted)] => (text, wanted, 0),
        [Value::String(text), Value::String(wanted), Value::Int(from)] => (text, wanted, *from),
        _ => return no_overload(),
    };
    let start = byte(text, place(from, text, "")?);
    Ok(text[start..]
        .find(&**wanted)
        .map_or(Value::Int(-1), |i| count(text, start + i)))
}

fn last_index_of(values: &[Value]) -> Outcome {
    let (text, wanted, until) = match values {
        [Value::String(text), Value::String(wanted)] => (text, wanted, None),
        [Value::String(text), Value::String(wanted), Value::Int(until)] => (text, wanted, Some(*until)),
        _ => return no_overload(),
    };
    let end = match until {
        None => text.len(),
        // The match may begin at the place and reach beyond it.
        Some(until) => {
            let start = byte(text, place(until, text, "")?);
            (start + wanted.len()).min(text.len())
        }
    };
    let end = (0..=end).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    Ok(text[..end]
        .rfind(&**wanted)
        .map_or(Value::Int(-1), |i| count(text, i)))
}

fn lower(values: &[Value]) -> Outcome {
    let [Value::String(text)] = values else {
        return no_overload();
    };
    Ok(Value::text(&text.to_ascii_lowercase()))
}

fn upper(values: &[Value]) -> Outcome {
    let [Value::String(text)] = values else {
        return no_overload();
    };
    Ok(Value::text(&text.to_ascii_uppercase()))
}

fn trim(values: &[Value]) -> Outcome {
    let [Value::String(text)] = values else {
        return no_overload();
    };
    Ok(Value::text(text.trim()))
}

fn replace(values: &[Value]) -> Outcome {
    match values {
        [Value::String(text), Value::String(old), Value::String(new)] => {
            Ok(Value::text(&text.replace(&**old, new)))
        }
        [
            Value::String(text),
            Value::String(old),
            Value::String(new),
            Value::Int(limit),
        ] => {
            let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
            Ok(Value::text(&text.replacen(&**old, new, limit)))
        }
        _ => no_overload(),
    }
}

fn split(values: &[Value]) -> Outcome {
    let (text, separator, limit) = match values {
        [Value::String(text), Value::String(separator)] => (text, separator, -1),
        [Value::String(text), Value::String(separator), Value::Int(limit)] => (text, separator, *limit),
        _ => return no_overload(),
    };
    if limit == 0 {
        return Ok(Value::list(Vec::new()));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if !separator.is_empty() {
        return Ok(Value::list(
            text.splitn(limit, &**separator).map(Value::text).collect(),
        ));
    }
    // Without a separator each character is a part; the last one allowed takes the rest.
    let mut parts: Vec<Value> = Vec::new();
    let mut rest = &**text;
    while let Some(c) = rest.chars().next() {
        if parts.len() + 1 == limit {
            parts.push(Value::text(rest));
            break;
        }
        let (first, after) = rest.split_at(c.len_utf8());
        parts.push(Value::text(first));
        rest = after;
    }
    Ok(Value::list(parts))
}

fn substring(values: &[Value]) -> Outcome {
    let (text, start, end) = match values {
        [Value::String(text), Value::Int(start)] => (text, *start, text.chars().count() as i64),
        [Value::String(text), Value::Int(start), Value::Int(end)] => (text, *start, *end),
        _ => return no_overload(),
    };
    if start > end {
        return failed(format!("invalid substring range. start: {start}, end: {end}"));
    }
    let (start, end) = (
        byte(text, place(start, text, "")?),
        byte(text, place(end, text, "")?),
    );
    Ok(Value::text(&text[start..end]))
}

fn join(values: &[Value]) -> Outcome {
    let (list, separator) = match values {
        [Value::List(list)] => (list, ""),
        [Value::List(list), Value::String(separator)] => (list, &**separator),
        _ => return no_overload(),
    };
    let texts: Vec<String> = list.items.iter().map(shown).collect();
    Ok(Value::text(&texts.join(separator)))
}

fn quote(values: &[Value]) -> Outcome {
    let [Value::String(text)] = values else {
        return no_overload();
    };
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(Value::text(&out))
}

/// `'%s is %d'.format([a, b])`.
fn format(values: &[Value]) -> Outcome {
    let [Value::String(template), Value::List(arguments)] = values else {
        return no_overload();
    };
    let mut out = String::new();
    let mut arguments_left = arguments.items.iter();
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut precision = None;
        if chars.next_if_eq(&'.').is_some() {
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            precision = digits.parse::<usize>().ok();
        }
        let Some(clause) = chars.next() else {
            return failed("unexpected end of string");
        };
        if clause == '%' {
            out.push('%');
            continue;
        }
        let Some(argument) = arguments_left.next() else {
            return failed(format!("index {} out of range", arguments.items.len()));
        };
        out.push_str(&clause_text(clause, precision.unwrap_or(6).min(1000), argument)?);
    }
    Ok(Value::text(&out))
}

fn clause_text(clause: char, precision: usize, value: &Value) -> Result<String, RunError> {
    Ok(match (clause, value) {
        ('s', value) => shown(value),
        ('d', Value::Int(_) | Value::Uint(_)) => shown(value),
        ('f', Value::Double(n)) => format!("{n:.precision$}"),
        ('e', Value::Double(n)) => {
            let text = format!("{n:.precision$e}");
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let exponent: i32 = exponent.parse().unwrap_or(0);
            format!(
                "{mantissa}e{}{:02}",
                if exponent < 0 { '-' } else { '+' },
                exponent.abs()
            )
        }
        ('b', Value::Bool(b)) => u8::from(*b).to_string(),
        ('b' | 'o' | 'x' | 'X', Value::Int(n)) => {
            let sign = if *n < 0 { "-" } else { "" };
            format!("{sign}{}", radix(clause, n.unsigned_abs()))
        }
        ('b' | 'o' | 'x' | 'X', Value::Uint(n)) => radix(clause, *n),
        ('x', Value::String(text)) => text.bytes().map(|b| format!("{b:02x}")).collect(),
        ('X', Value::String(text)) => text.bytes().map(|b| format!("{b:02X}")).collect(),
        (clause, _) if "sdfebxXo".contains(clause) => {
            return Err(RunError::Failed(format!(
                "error during formatting: wrong type for %{clause}"
            )));
        }
        (clause, _) => {
            let text =
                format!("could not parse formatting clause: unrecognized formatting clause \"{clause}\"");
            return Err(RunError::Failed(text));
        }
    })
}

fn radix(clause: char, n: u64) -> String {
    match clause {
        'b' => format!("{n:b}"),
        'o' => format!("{n:o}"),
        'x' => format!("{n:x}"),
        _ => format!("{n:X}"),
    }
}
