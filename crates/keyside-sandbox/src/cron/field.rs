//! One field of a cron schedule: a set of numbers.

use super::CronError;

pub(super) const MONTHS: [&str; 13] = [
    "", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
pub(super) const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// Bit n: the number n.
    numbers: u64,
    /// Whether the field restricts nothing, which matters for days.
    pub(super) is_star: bool,
}

impl Field {
    pub(super) fn parse(text: &str, min: u8, max: u8, names: &[&str]) -> Result<Self, CronError> {
        let mut field = Self {
            numbers: 0,
            is_star: false,
        };
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let range = Range::parse(part, min, max, names)?;
            field.is_star |= range.is_star;
            for number in (range.start..=range.end).step_by(usize::from(range.step)) {
                field.numbers |= 1 << number;
            }
        }
        if field.numbers == 0 {
            return Err(CronError::Field(text.to_owned()));
        }
        Ok(field)
    }

    pub(super) fn has(self, number: i8) -> bool {
        u32::try_from(number).is_ok_and(|number| self.numbers & (1 << number) != 0)
    }
}

struct Range {
    start: u8,
    end: u8,
    step: u8,
    is_star: bool,
}

impl Range {
    /// `*`, `3`, `3-9`, each with an optional `/step`; `3/2` goes on to the end.
    fn parse(text: &str, min: u8, max: u8, names: &[&str]) -> Result<Self, CronError> {
        let wrong = || CronError::Field(text.to_owned());
        let (range, step) = match text.split_once('/') {
            None => (text, None),
            Some((range, step)) => (
                range,
                Some(
                    step.parse::<u8>()
                        .ok()
                        .filter(|step| *step > 0)
                        .ok_or_else(wrong)?,
                ),
            ),
        };
        let number = |part: &str| number(part, names).ok_or_else(wrong);
        let (start, end, is_star) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (min, max, step.is_none_or(|step| step == 1)),
            Some((start, end)) => (number(start)?, number(end)?, false),
            None => {
                let start = number(range)?;
                (start, if step.is_some() { max } else { start }, false)
            }
        };
        for value in [start, end] {
            if value < min || value > max {
                return Err(CronError::Range {
                    field: text.to_owned(),
                    value,
                    min,
                    max,
                });
            }
        }
        if start > end {
            return Err(wrong());
        }
        Ok(Self {
            start,
            end,
            step: step.unwrap_or(1),
            is_star,
        })
    }
}

fn number(text: &str, names: &[&str]) -> Option<u8> {
    let lower = text.to_ascii_lowercase();
    let named = names.iter().position(|name| !name.is_empty() && *name == lower);
    match named {
        Some(position) => u8::try_from(position).ok(),
        None => text
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())?,
    }
}
