//! What table cells are made of: ages in kubectl's short form, joined lists, names of ready things.

use jiff::Timestamp;
use serde_json::Value;

/// Name and age: the cells of kinds without columns of their own.
pub(super) fn name_and_age(object: &Value, now: &str) -> Vec<Value> {
    vec![object["metadata"]["name"].clone(), age(object, now).into()]
}

/// Age of an object.
pub(super) fn age(object: &Value, now: &str) -> String {
    since(&object["metadata"]["creationTimestamp"], now)
}

/// Time between a timestamp of the object and now in short form, `<unknown>` without one.
pub(crate) fn since(then: &Value, now: &str) -> String {
    let parse = |text: &str| text.parse::<Timestamp>().ok();
    match (then.as_str().and_then(parse), parse(now)) {
        (Some(then), Some(now)) => short(now.as_second() - then.as_second()),
        _ => "<unknown>".into(),
    }
}

/// A number of seconds as `kubectl` writes ages (`duration.HumanDuration`): two units while the first is small.
pub(super) fn short(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let pair = |big: i64, unit: &str, small: i64, rest: &str| {
        if small == 0 {
            format!("{big}{unit}")
        } else {
            format!("{big}{unit}{small}{rest}")
        }
    };
    let (minutes, hours, days) = (seconds / MINUTE, seconds / HOUR, seconds / DAY);
    match seconds {
        ..-1 => "<invalid>".into(),
        ..0 => "0s".into(),
        s if s < 2 * MINUTE => format!("{s}s"),
        _ if minutes < 10 => pair(minutes, "m", seconds % MINUTE, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 192 => pair(days, "d", hours % 24, "h"),
        s if s < 2 * YEAR => format!("{days}d"),
        s if s < 8 * YEAR => pair(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}
