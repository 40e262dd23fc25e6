//! Cron schedules, read as `CronJob` reads them (`github.com/robfig/cron/v3`, standard form).
//!
//! Five fields or a word such as `@daily`. If both days are restricted, either may match; hours that a change of the clock skips do
//! not happen, and those it repeats happen twice.

mod field;

use field::Field;
use k8s_openapi::jiff::{Timestamp, ToSpan as _, Zoned, tz::TimeZone};
use std::time::Duration;

/// How far a schedule is searched: `30 0 30 2 *` never comes.
const YEARS: i16 = 5;

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Schedule {
    Fields(Box<Fields>),
    Every(Duration),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields {
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CronError {
    #[error("expected exactly 5 fields, found {0}")]
    FieldCount(usize),
    #[error("unrecognized descriptor: {0}")]
    Descriptor(String),
    #[error("failed to parse duration {0}")]
    Every(String),
    #[error("failed to parse field {0:?}")]
    Field(String),
    #[error("{value} is outside of {min} to {max} in {field:?}")]
    Range {
        field: String,
        value: u8,
        min: u8,
        max: u8,
    },
}

impl Schedule {
    pub(crate) fn parse(text: &str) -> Result<Self, CronError> {
        let text = text.trim();
        if text.starts_with('@') {
            return descriptor(text);
        }
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = parts.as_slice() else {
            return Err(CronError::FieldCount(parts.len()));
        };
        let fields = Fields {
            minute: Field::parse(minute, 0, 59, &[])?,
            hour: Field::parse(hour, 0, 23, &[])?,
            day: Field::parse(day, 1, 31, &[])?,
            month: Field::parse(month, 1, 12, &field::MONTHS)?,
            weekday: Field::parse(weekday, 0, 6, &field::WEEKDAYS)?,
        };
        Ok(Self::Fields(Box::new(fields)))
    }

    /// The first time after `after`, if there is one within some years.
    pub(crate) fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Every(delay) => {
                let next = after.checked_add(*delay).ok()?;
                Timestamp::from_second(next.as_second()).ok()
            }
            Self::Fields(fields) => fields.next(after, zone),
        }
    }
}

fn descriptor(text: &str) -> Result<Schedule, CronError> {
    let fields = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => {
            let every = text
                .strip_prefix("@every ")
                .ok_or_else(|| CronError::Descriptor(text.to_owned()))?;
            let delay = go_duration(every).ok_or_else(|| CronError::Every(text.to_owned()))?;
            return Ok(Schedule::Every(delay.max(Duration::from_secs(1))));
        }
    };
    Schedule::parse(fields)
}

/// `1h30m10s`, in whole seconds.
fn go_duration(text: &str) -> Option<Duration> {
    let (mut seconds, mut number) = (0_u64, String::new());
    for character in text.chars() {
        let unit = match character {
            '0'..='9' => {
                number.push(character);
                continue;
            }
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    (number.is_empty() && !text.is_empty()).then(|| Duration::from_secs(seconds))
}

impl Fields {
    /// Goes from the largest unit to the smallest; whenever one does not fit, the smaller ones start from their beginning.
    fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let whole_minute = Timestamp::from_second(after.as_second().div_euclid(60) * 60).ok()?;
        let mut time = whole_minute.checked_add(1.minute()).ok()?.to_zoned(zone.clone());
        let last_year = time.year() + YEARS;
        while time.year() <= last_year {
            if !self.month.has(time.month()) {
                time = time
                    .first_of_month()
                    .ok()?
                    .checked_add(1.month())
                    .ok()?
                    .start_of_day()
                    .ok()?;
            } else if !self.has_day(&time) {
                time = time.tomorrow().ok()?.start_of_day().ok()?;
            } else if !self.hour.has(time.hour()) {
                // Absolute time: the hour after a change of the clock is reached whatever it is called.
                let minutes = i64::from(60 - time.minute());
                time = time.checked_add(minutes.minutes()).ok()?;
            } else if !self.minute.has(time.minute()) {
                time = time.checked_add(1.minute()).ok()?;
            } else {
                return Some(time.timestamp());
            }
        }
        None
    }

    fn has_day(&self, time: &Zoned) -> bool {
        let day = self.day.has(time.day());
        let weekday = self.weekday.has(time.weekday().to_sunday_zero_offset());
        if self.day.is_star || self.weekday.is_star {
            day && weekday
        } else {
            day || weekday
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schedule: &str, zone: &str, after: &str, expected: &[&str]) {
        let parsed = Schedule::parse(schedule).unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let mut time: Timestamp = after.parse().unwrap();
        for expected in expected {
            time = parsed
                .next(time, &zone)
                .unwrap_or_else(|| panic!("{schedule} ends"));
            assert_eq!(time.to_string(), *expected, "{schedule}");
        }
    }

    #[test]
    fn every_field_is_honoured() {
        check(
            "*/15 * * * *",
            "UTC",
            "2026-01-01T00:00:00Z",
            &["2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"],
        );
        check(
            "5/20 * * * *",
            "UTC",
            "2026-01-01T00:00:30Z",
            &["2026-01-01T00:05:00Z", "2026-01-01T00:25:00Z"],
        );
        check(
            "0 9-17/4 * * mon-FRI",
            "UTC",
            "2026-01-02T14:00:00Z",
            &["2026-01-02T17:00:00Z", "2026-01-05T09:00:00Z"],
        );
        check(
            "30 1 29 feb *",
            "UTC",
            "2026-03-01T00:00:00Z",
            &["2028-02-29T01:30:00Z"],
        );
        check(
            "0 0 1,15 * *",
            "UTC",
            "2026-12-20T00:00:00Z",
            &["2027-01-01T00:00:00Z", "2027-01-15T00:00:00Z"],
        );
    }

    #[test]
    fn two_restricted_days_mean_either() {
        check(
            "0 0 13 * 5",
            "UTC",
            "2026-02-01T00:00:00Z",
            &[
                "2026-02-06T00:00:00Z",
                "2026-02-13T00:00:00Z",
                "2026-02-20T00:00:00Z",
            ],
        );
        check(
            "0 0 */10 * 5",
            "UTC",
            "2026-02-01T12:00:00Z",
            &["2026-02-06T00:00:00Z", "2026-02-11T00:00:00Z"],
        );
        check(
            "0 0 * * 0",
            "UTC",
            "2026-02-01T00:00:00Z",
            &["2026-02-08T00:00:00Z"],
        );
    }

    #[test]
    fn words_stand_for_fields() {
        check(
            "@yearly",
            "UTC",
            "2026-02-01T00:00:00Z",
            &["2027-01-01T00:00:00Z"],
        );
        check(
            "@hourly",
            "UTC",
            "2026-02-01T00:00:00Z",
            &["2026-02-01T01:00:00Z"],
        );
        check(
            "@every 1h30m",
            "UTC",
            "2026-02-01T00:00:10.5Z",
            &["2026-02-01T01:30:10Z"],
        );
    }

    #[test]
    fn clocks_that_change_skip_or_repeat() {
        let berlin = "Europe/Berlin";
        check(
            "30 2 * * *",
            berlin,
            "2026-03-28T12:00:00Z",
            &["2026-03-30T00:30:00Z"],
        );
        check(
            "0 * * * *",
            berlin,
            "2026-03-29T00:30:00Z",
            &["2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"],
        );
        check(
            "30 2 * * *",
            berlin,
            "2026-10-24T12:00:00Z",
            &[
                "2026-10-25T00:30:00Z",
                "2026-10-25T01:30:00Z",
                "2026-10-26T01:30:00Z",
            ],
        );
    }

    #[test]
    fn a_day_that_never_comes_ends_the_search() {
        let schedule = Schedule::parse("0 0 30 2 *").unwrap();
        assert_eq!(schedule.next(Timestamp::UNIX_EPOCH, &TimeZone::UTC), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "* * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 7",
            "a * * * *",
            "*/0 * * * *",
            "5-1 * * * *",
            "@never",
            "@every x",
            "1-2-3 * * * *",
            ", * * * *",
        ] {
            assert!(Schedule::parse(text).is_err(), "{text:?}");
        }
    }
}
