//! Durations as Go reads and prints them: `1h30m`, `-1.5s`, `100ms`.

const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Nanoseconds of a duration in Go's form (`time.ParseDuration`); `None` if it is not one or too long.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (whole, fraction) = match rest[..number].split_once('.') {
            Some((whole, fraction)) if !fraction.contains('.') => (whole, fraction),
            Some(_) => return None,
            None => (&rest[..number], ""),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        rest = &rest[number..];
        let end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == &rest[..end])?;
        rest = &rest[end..];
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total
            .checked_add(whole.checked_mul(*unit)?)?
            .checked_add(fraction_of(fraction, *unit))?;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// As [`parse`], or in words: `2 days`, `3 weeks`. What the `duration` format of schemas takes.
#[must_use]
pub fn parse_lenient(text: &str) -> Option<i64> {
    const DAY: i128 = 86_400_000_000_000;
    const WORDS: [(&[&str], &str, i128); 8] = [
        (&["ns"], "nano", 1),
        (&["us", "µs"], "micro", 1_000),
        (&["ms"], "milli", 1_000_000),
        (&["s"], "sec", 1_000_000_000),
        (&["m"], "min", 60_000_000_000),
        (&["h", "hr"], "hour", 3_600_000_000_000),
        (&["d"], "day", DAY),
        (&["w", "wk"], "week", 7 * DAY),
    ];
    if let Some(nanoseconds) = parse(text) {
        return Some(nanoseconds);
    }
    let mut total = None;
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: i128 = rest[..end].parse().ok()?;
        rest = rest[end..].trim_start();
        let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let unit = rest[..end].to_lowercase();
        rest = &rest[end..];
        let found = WORDS
            .iter()
            .find(|(exact, prefix, _)| exact.contains(&unit.as_str()) || unit.starts_with(prefix));
        if let Some((_, _, factor)) = found {
            total = Some(total.unwrap_or(0) + number.checked_mul(*factor)?);
        }
    }
    i64::try_from(total?).ok()
}

/// `.25` of a unit, cut off below a nanosecond.
fn fraction_of(digits: &str, unit: i128) -> i128 {
    let mut scale = unit;
    let mut sum = 0;
    for digit in digits.bytes() {
        // Digits beyond a nanosecond's share add nothing, but the sum stays exact up to there.
        sum = sum * 10 + i128::from(digit - b'0');
        scale *= 10;
        if scale > unit * 1_000_000_000_000_000 {
            break;
        }
    }
    sum * unit / (scale / unit)
}

/// The form Go prints: `1h30m0s`, `1.5s`, `100ms`, `0s`.
#[must_use]
pub fn print(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let total = nanoseconds.unsigned_abs();
    let body = match total {
        0 => "0s".to_owned(),
        1..1_000 => format!("{total}ns"),
        1_000..1_000_000 => format!("{}µs", decimal(total, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", decimal(total, 1_000_000)),
        _ => {
            let (minutes, rest) = (total / 60_000_000_000, total % 60_000_000_000);
            let seconds = decimal(rest, 1_000_000_000);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    };
    format!("{sign}{body}")
}

/// Seconds with as many decimals as needed: `1.5`.
#[must_use]
pub fn seconds(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    format!("{sign}{}", decimal(nanoseconds.unsigned_abs(), 1_000_000_000))
}

fn decimal(value: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let text = format!("{}.{:0width$}", value / unit, value % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{parse, parse_lenient, print};

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let second = 1_000_000_000;
        for (text, expected) in [
            ("0", Some(0)),
            ("1h30m", Some(5400 * second)),
            ("-1.5s", Some(-3 * second / 2)),
            (".5s", Some(second / 2)),
            ("100ms", Some(second / 10)),
            ("1.000000001s", Some(second + 1)),
            ("1", None),
            ("", None),
            ("1d", None),
            ("s", None),
            ("1.5.s", None),
            ("9999999h", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(parse_lenient("2 days"), Some(172_800 * second));
        assert_eq!(parse_lenient("soon"), None);
    }

    #[test]
    fn durations_are_printed_as_go_prints_them() {
        for text in ["0s", "1h30m0s", "1.5s", "100ms", "1.5µs", "7ns", "-2m0.25s"] {
            assert_eq!(print(parse(text).unwrap()), text);
        }
    }
}
