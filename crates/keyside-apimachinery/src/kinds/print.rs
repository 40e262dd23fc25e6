//! What table cells are made of: ages in kubectl's short form, joined lists, names of containers and images.

use super::access::{list, text};
use jiff::Timestamp;
use serde_json::Value;

/// Name and age: the cells of kinds without columns of their own.
pub(crate) fn name_and_age(object: &Value, now: &str) -> Vec<Value> {
    vec![object["metadata"]["name"].clone(), age(object, now).into()]
}

/// Age of an object.
pub(crate) fn age(object: &Value, now: &str) -> String {
    since(&object["metadata"]["creationTimestamp"], now)
}

/// Time between a timestamp of the object and now in short form, `<unknown>` without one.
pub(crate) fn since(then: &Value, now: &str) -> String {
    match (seconds(then), seconds(&now.into())) {
        (Some(then), Some(now)) => short(now - then),
        _ => "<unknown>".into(),
    }
}

/// A timestamp in seconds since 1970.
pub(crate) fn seconds(time: &Value) -> Option<i64> {
    Some(time.as_str()?.parse::<Timestamp>().ok()?.as_second())
}

/// A text, or `<none>`.
pub(crate) fn or_none(text: &str) -> Value {
    if text.is_empty() {
        "<none>".into()
    } else {
        text.into()
    }
}

/// Names and images of the containers of a pod template.
pub(crate) fn containers(template: &Value) -> [Value; 2] {
    ["name", "image"].map(|field| {
        let all = list(&template["spec"], "containers")
            .iter()
            .map(|container| text(container, field));
        all.collect::<Vec<_>>().join(",").into()
    })
}

/// A few items of a longer list: at most three, and how many more there are.
pub(crate) fn at_most_three(items: &[String], if_none: &str) -> String {
    match items.len() {
        0 => if_none.into(),
        1..=3 => items.join(","),
        count => format!("{} + {} more...", items[..3].join(","), count - 3),
    }
}

/// A number of seconds as `kubectl` writes ages (`duration.HumanDuration`): two units while the first is small.
pub(crate) fn short(seconds: i64) -> String {
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
        ..=-2 => "<invalid>".into(),
        -1 => "0s".into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        let cases = [
            (-5, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (121, "2m1s"),
            (599, "9m59s"),
            (10 * 60, "10m"),
            (179 * 60, "179m"),
            (180 * 60, "3h"),
            (7 * 3600 + 60, "7h1m"),
            (47 * 3600, "47h"),
            (50 * 3600, "2d2h"),
            (9 * 86400, "9d"),
            (800 * 86400, "2y70d"),
            (3000 * 86400, "8y"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(short(seconds), expected, "{seconds}");
        }
        assert_eq!(since(&Value::Null, "2026-01-01T00:00:00Z"), "<unknown>");
        assert_eq!(
            since(&"2026-01-01T00:00:00.500000Z".into(), "2026-01-01T00:00:30Z"),
            "30s"
        );
    }

    #[test]
    fn long_lists_are_cut() {
        let items = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        assert_eq!(at_most_three(&items(0), "<none>"), "<none>");
        assert_eq!(at_most_three(&items(3), ""), "0,1,2");
        assert_eq!(at_most_three(&items(5), ""), "0,1,2 + 2 more...");
    }
}
