//! Moments and lengths of time: reading, printing, and the functions that take them apart.

use super::duration;
use super::function::Row;
use super::run::{Outcome, RunError, failed};
use super::value::Value;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    ("timestamp", "(string) timestamp", to_timestamp), ("timestamp", "(timestamp) timestamp", to_timestamp),
    ("timestamp", "(int) timestamp", to_timestamp),
    ("duration", "(string) duration", to_duration), ("duration", "(duration) duration", to_duration),
    ("getFullYear", "timestamp.() int", full_year), ("getFullYear", "timestamp.(string) int", full_year),
    ("getMonth", "timestamp.() int", month), ("getMonth", "timestamp.(string) int", month),
    ("getDayOfYear", "timestamp.() int", day_of_year), ("getDayOfYear", "timestamp.(string) int", day_of_year),
    ("getDayOfMonth", "timestamp.() int", day_of_month), ("getDayOfMonth", "timestamp.(string) int", day_of_month),
    ("getDate", "timestamp.() int", date), ("getDate", "timestamp.(string) int", date),
    ("getDayOfWeek", "timestamp.() int", day_of_week), ("getDayOfWeek", "timestamp.(string) int", day_of_week),
    ("getHours", "timestamp.() int", hours), ("getHours", "timestamp.(string) int", hours), ("getHours", "duration.() int", hours),
    ("getMinutes", "timestamp.() int", minutes), ("getMinutes", "timestamp.(string) int", minutes),
    ("getMinutes", "duration.() int", minutes),
    ("getSeconds", "timestamp.() int", seconds), ("getSeconds", "timestamp.(string) int", seconds),
    ("getSeconds", "duration.() int", seconds),
    ("getMilliseconds", "timestamp.() int", milliseconds), ("getMilliseconds", "timestamp.(string) int", milliseconds),
    ("getMilliseconds", "duration.() int", milliseconds),
];

/// A moment in the form of RFC 3339.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// A day as the moment it begins in UTC; a moment as itself.
pub(crate) fn parse_date(text: &str) -> Option<Timestamp> {
    if let Some(at) = parse(text) {
        return Some(at);
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// RFC 3339 with as many decimals as needed.
pub(super) fn print(at: &Timestamp) -> String {
    at.to_string()
}

fn to_timestamp(values: &[Value]) -> Outcome {
    match values {
        [Value::String(text)] => match parse(text) {
            Some(at) => Ok(Value::Timestamp(at)),
            None => failed(format!(
                "parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\" failed"
            )),
        },
        [Value::Int(seconds)] => match Timestamp::from_second(*seconds) {
            Ok(at) => Ok(Value::Timestamp(at)),
            Err(_) => failed("timestamp overflow"),
        },
        [at] => Ok(at.clone()),
        _ => failed("no such overload"),
    }
}

fn to_duration(values: &[Value]) -> Outcome {
    match values {
        [Value::String(text)] => match duration::parse(text) {
            Some(nanoseconds) => Ok(Value::Duration(nanoseconds)),
            None => failed(format!("time: invalid duration {text:?}")),
        },
        [other] => Ok(other.clone()),
        _ => failed("no such overload"),
    }
}

/// A part of a moment, in UTC or the zone that is named.
fn part(values: &[Value], take: fn(&jiff::Zoned) -> i64) -> Outcome {
    let (at, zone) = match values {
        [Value::Timestamp(at)] => (at, TimeZone::UTC),
        [Value::Timestamp(at), Value::String(name)] => (at, zone(name)?),
        _ => return failed("no such overload"),
    };
    Ok(Value::Int(take(&at.to_zoned(zone))))
}

/// A zone by name, or by its distance from UTC (`+02:00`).
fn zone(name: &str) -> Result<TimeZone, RunError> {
    let unknown = || RunError::Failed(format!("unknown time zone {name}"));
    let Some((hours, minutes)) = name.split_once(':') else {
        return if name == "UTC" {
            Ok(TimeZone::UTC)
        } else {
            TimeZone::get(name).map_err(|_| unknown())
        };
    };
    let negative = hours.starts_with('-');
    let hours: i32 = hours
        .trim_start_matches(['+', '-'])
        .parse()
        .map_err(|_| unknown())?;
    let minutes: i32 = minutes.parse().map_err(|_| unknown())?;
    if hours > 23 || minutes > 59 {
        return Err(unknown());
    }
    let seconds = (hours * 60 + minutes) * 60;
    let offset = Offset::from_seconds(if negative { -seconds } else { seconds }).map_err(|_| unknown())?;
    Ok(TimeZone::fixed(offset))
}

fn full_year(values: &[Value]) -> Outcome {
    part(values, |at| i64::from(at.year()))
}

fn month(values: &[Value]) -> Outcome {
    part(values, |at| i64::from(at.month()) - 1)
}

fn day_of_year(values: &[Value]) -> Outcome {
    part(values, |at| i64::from(at.day_of_year()) - 1)
}

fn day_of_month(values: &[Value]) -> Outcome {
    part(values, |at| i64::from(at.day()) - 1)
}

fn date(values: &[Value]) -> Outcome {
    part(values, |at| i64::from(at.day()))
}

fn day_of_week(values: &[Value]) -> Outcome {
    part(values, |at| i64::from(at.weekday().to_sunday_zero_offset()))
}

/// A duration counted in units of so many nanoseconds, or a part of a moment.
fn counted(values: &[Value], unit: i64, take: fn(&jiff::Zoned) -> i64) -> Outcome {
    match values {
        [Value::Duration(nanoseconds)] => Ok(Value::Int(nanoseconds / unit)),
        values => part(values, take),
    }
}

fn hours(values: &[Value]) -> Outcome {
    counted(values, 3_600_000_000_000, |at| i64::from(at.hour()))
}

fn minutes(values: &[Value]) -> Outcome {
    counted(values, 60_000_000_000, |at| i64::from(at.minute()))
}

fn seconds(values: &[Value]) -> Outcome {
    counted(values, 1_000_000_000, |at| i64::from(at.second()))
}

fn milliseconds(values: &[Value]) -> Outcome {
    counted(values, 1_000_000, |at| i64::from(at.millisecond()))
}
