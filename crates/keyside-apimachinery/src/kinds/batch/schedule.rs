//! Schedules of cron jobs: five fields, a name such as `@daily`, or `@every 1h30m`. Only their form is checked here;
//! the sentences are those of the library Kubernetes uses (`github.com/robfig/cron`).

const NAMED: [&str; 7] = [
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@midnight",
    "@hourly",
];
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Values a field may have, and their names.
struct Bounds {
    low: u32,
    high: u32,
    names: &'static [&'static str],
}

const FIELDS: [Bounds; 5] = [
    Bounds {
        low: 0,
        high: 59,
        names: &[],
    },
    Bounds {
        low: 0,
        high: 23,
        names: &[],
    },
    Bounds {
        low: 1,
        high: 31,
        names: &[],
    },
    Bounds {
        low: 1,
        high: 12,
        names: &MONTHS,
    },
    Bounds {
        low: 0,
        high: 6,
        names: &DAYS,
    },
];

/// What is wrong with a schedule.
pub(super) fn check(schedule: &str) -> Result<(), String> {
    let rest = match schedule
        .strip_prefix("TZ=")
        .or_else(|| schedule.strip_prefix("CRON_TZ="))
    {
        Some(zoned) => zoned
            .split_once(' ')
            .map(|(_, rest)| rest.trim())
            .unwrap_or_default(),
        None => schedule,
    };
    if rest.is_empty() {
        return Err("empty spec string".into());
    }
    if rest.starts_with('@') {
        return named(rest);
    }
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!(
            "expected exactly 5 fields, found {}: [{}]",
            fields.len(),
            fields.join(" ")
        ));
    }
    fields.iter().zip(&FIELDS).try_for_each(|(field, bounds)| {
        field
            .split(',')
            .filter(|part| !part.is_empty())
            .try_for_each(|part| range(part, bounds))
    })
}

fn named(schedule: &str) -> Result<(), String> {
    if NAMED.contains(&schedule) {
        return Ok(());
    }
    match schedule.strip_prefix("@every ") {
        Some(duration) if is_duration(duration) => Ok(()),
        Some(duration) => Err(format!(
            "failed to parse duration {schedule}: time: invalid duration {duration:?}"
        )),
        None => Err(format!("unrecognized descriptor: {schedule}")),
    }
}

/// A duration as Go writes one: numbers with units, such as `1h30m`.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    let mut parts = 0;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let unit = ["ns", "us", "µs", "ms", "s", "m", "h"]
            .into_iter()
            .filter(|unit| after.starts_with(unit))
            .max_by_key(|unit| unit.len());
        let (Some(unit), Ok(_)) = (unit, number.parse::<f64>()) else {
            return false;
        };
        rest = &after[unit.len()..];
        parts += 1;
    }
    parts > 0
}

/// `*`, `5`, `1-5`, each with an optional `/step`.
fn range(text: &str, bounds: &Bounds) -> Result<(), String> {
    let mut pieces = text.split('/');
    let span = pieces.next().unwrap_or_default();
    let step = pieces.next();
    if pieces.next().is_some() {
        return Err(format!("too many slashes: {text}"));
    }
    let ends: Vec<&str> = span.split('-').collect();
    let any = matches!(ends[0], "*" | "?");
    let (start, end) = match ends[..] {
        _ if any => (bounds.low, bounds.high),
        [only] => {
            let only = number(only, bounds)?;
            (only, if step.is_some() { bounds.high } else { only })
        }
        [start, end] => (number(start, bounds)?, number(end, bounds)?),
        _ => return Err(format!("too many hyphens: {text}")),
    };
    let step = step.map_or(Ok(1), plain_number)?;
    let (low, high) = (bounds.low, bounds.high);
    if start < low {
        Err(format!(
            "beginning of range ({start}) below minimum ({low}): {text}"
        ))
    } else if end > high {
        Err(format!("end of range ({end}) above maximum ({high}): {text}"))
    } else if start > end {
        Err(format!(
            "beginning of range ({start}) beyond end of range ({end}): {text}"
        ))
    } else if step == 0 {
        Err(format!("step of range should be a positive number: {text}"))
    } else {
        Ok(())
    }
}

fn number(text: &str, bounds: &Bounds) -> Result<u32, String> {
    let name = bounds.names.iter().position(|name| *name == text.to_lowercase());
    match name.and_then(|position| u32::try_from(position).ok()) {
        Some(position) => Ok(position + bounds.low),
        None => plain_number(text),
    }
}

fn plain_number(text: &str) -> Result<u32, String> {
    match text.parse::<i64>() {
        Ok(number) => {
            u32::try_from(number).map_err(|_| format!("negative number ({number}) not allowed: {text}"))
        }
        Err(_) => Err(format!(
            "failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn schedules_have_five_fields_or_a_name() {
        for good in [
            "* * * * *",
            "*/5 0-6 1,15 jan-mar MON",
            "0 0 ? * ?",
            "@hourly",
            "@every 1h30m",
            "TZ=UTC 0 0 * * *",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            (
                "5-3 * * * *",
                "beginning of range (5) beyond end of range (3): 5-3",
            ),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("1/2/3 * * * *", "too many slashes: 1/2/3"),
            (
                "x * * * *",
                "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax",
            ),
            ("@never", "unrecognized descriptor: @never"),
            (
                "@every x",
                "failed to parse duration @every x: time: invalid duration \"x\"",
            ),
            ("", "empty spec string"),
        ];
        for (schedule, expected) in cases {
            assert_eq!(check(schedule), Err(expected.into()), "{schedule}");
        }
    }
}
