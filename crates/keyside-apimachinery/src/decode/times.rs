//! Points in time as Kubernetes keeps them: RFC 3339 in UTC, with whole seconds or with microseconds.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

const SECONDS_LAYOUT: &str = "2006-01-02T15:04:05Z07:00";
const MICROS_LAYOUT: &str = "2006-01-02T15:04:05.000000Z07:00";

/// The kept form of a time with seconds.
///
/// # Errors
/// What Go says about a text that is no time.
pub(super) fn seconds(text: &str) -> Result<String, String> {
    Ok(read(text, SECONDS_LAYOUT)?
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string())
}

/// The kept form of a time with microseconds.
///
/// # Errors
/// What Go says about a text that is no time.
pub(super) fn micros(text: &str) -> Result<String, String> {
    Ok(read(text, MICROS_LAYOUT)?
        .strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        .to_string())
}

fn read(text: &str, layout: &str) -> Result<Timestamp, String> {
    let mut rest = text;
    let wrong = |rest: &str, part: &str| {
        format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {part:?}")
    };
    let outside = |part: &str| format!("parsing time {text:?}: {part} out of range");
    let mut numbers = [0_i16; 6];
    let parts = [("2006", 4), ("01", 2), ("02", 2), ("15", 2), ("04", 2), ("05", 2)];
    for (i, (part, digits)) in parts.into_iter().enumerate() {
        let head = rest
            .get(..digits)
            .filter(|head| head.bytes().all(|b| b.is_ascii_digit()));
        let Some(number) = head.and_then(|head| head.parse().ok()) else {
            return Err(wrong(rest, part));
        };
        numbers[i] = number;
        rest = &rest[digits..];
        if let Some(separator) = ["-", "-", "T", ":", ":"].get(i) {
            rest = rest
                .strip_prefix(separator)
                .ok_or_else(|| wrong(rest, separator))?;
        }
    }
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(after) => after.split_at(after.bytes().take_while(u8::is_ascii_digit).count()),
        None => ("", rest),
    };
    let offset = offset(zone).ok_or_else(|| wrong(zone, "Z07:00"))?;
    let small = |number: i16| i8::try_from(number).unwrap_or(i8::MAX);
    let [year, month, day, hour, minute, second] = numbers;
    let nanos = format!("{fraction:0<9}")
        .get(..9)
        .and_then(|nanos| nanos.parse().ok())
        .unwrap_or_default();
    if !(1..=12).contains(&month) {
        return Err(outside("month"));
    }
    let name = [(hour, 23, "hour"), (minute, 59, "minute"), (second, 59, "second")];
    if let Some((.., part)) = name.iter().find(|(number, last, _)| number > last) {
        return Err(outside(part));
    }
    let civil = DateTime::new(
        year,
        small(month),
        small(day),
        small(hour),
        small(minute),
        small(second),
        nanos,
    );
    let time = civil.and_then(|civil| civil.to_zoned(TimeZone::fixed(offset)));
    time.map(|time| time.timestamp()).map_err(|_| outside("day"))
}

/// `Z`, `+01:00`, `-07:30`.
fn offset(zone: &str) -> Option<Offset> {
    if zone == "Z" {
        return Some(Offset::UTC);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let number = |text: &str| (text.len() == 2).then(|| text.parse::<i32>().ok()).flatten();
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60))
        .ok()
        .filter(|_| minutes < 60)
}
