//! Amounts of resources: `500m`, `1Gi`, `1e3` (`k8s.io/apimachinery/pkg/api/resource`). Kept exactly, as a number of
//! billionths, and written back in the one form Kubernetes writes.

use super::access::inside;
use serde_json::Value;
use std::cmp::Ordering;
use std::fmt;

/// What is said about text that is no quantity.
pub(crate) const UNREADABLE: &str = "quantities must match the regular expression \
                                     '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const NANO: i128 = 1_000_000_000;
const DECIMAL: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// An amount.
#[derive(Debug, Clone)]
pub(crate) struct Quantity {
    nano: i128,
    format: Format,
    /// The text it was read from, where that is the text Kubernetes writes.
    kept: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Format {
    Decimal,
    Exponent,
    Binary,
}

impl Quantity {
    /// Reads a quantity from text or from a JSON number.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text.trim()),
            Value::Number(number) => Self::parse(&number.to_string()),
            _ => None,
        }
    }

    /// Reads a quantity from text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let split = unsigned
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(split);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if number.is_empty() || fraction.contains('.') {
            return None;
        }
        let (format, base, exponent) = unit(suffix)?;
        let digits = format!("{}{fraction}", whole.trim_start_matches('0'));
        let places = i32::try_from(fraction.len()).ok()?;
        let nano = if base == 10 {
            scaled(digits.parse().unwrap_or(0), exponent - places)
        } else {
            let units = scaled(digits.parse().unwrap_or(0), -places);
            let units = units.saturating_mul(1_i128.checked_shl(exponent.unsigned_abs())?);
            units.min(i128::from(i64::MAX) * NANO)
        };
        let kept = is_kept(&digits, fraction, format, exponent).then(|| text.to_owned());
        let nano = if text.starts_with('-') { -nano } else { nano };
        Some(Self { nano, format, kept })
    }

    /// Whether it is below nothing.
    pub(crate) fn is_negative(&self) -> bool {
        self.nano < 0
    }

    /// Whether it is nothing.
    pub(crate) fn is_zero(&self) -> bool {
        self.nano == 0
    }

    /// Whether it has no fraction.
    pub(crate) fn is_whole(&self) -> bool {
        self.nano % NANO == 0
    }

    /// The exact amount, in billionths.
    pub(crate) fn billionths(&self) -> i128 {
        self.nano
    }

    /// The sum, written as this one is unless it is nothing.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        let format = if self.nano == 0 { other.format } else { self.format };
        Self {
            nano: self.nano + other.nano,
            format,
            kept: None,
        }
    }

    /// The same amount with nothing below a thousandth, rounded up.
    fn in_thousandths(self) -> Self {
        let step = NANO / 1000;
        match self.nano.rem_euclid(step) {
            0 => self,
            rest => Self {
                nano: self.nano + step - rest,
                format: self.format,
                kept: None,
            },
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.nano.cmp(&other.nano))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kept) = &self.kept {
            return f.write_str(kept);
        }
        if self.nano == 0 {
            return f.write_str("0");
        }
        let small = self.nano.abs() < 1024 * NANO;
        if self.format == Format::Binary && !small && self.is_whole() {
            let mut amount = self.nano / NANO;
            let mut power = 0;
            while amount % 1024 == 0 && power + 1 < BINARY.len() {
                amount /= 1024;
                power += 1;
            }
            return write!(f, "{amount}{}", BINARY[power]);
        }
        let (mut amount, mut exponent) = (self.nano, -9);
        while amount % 1000 == 0 && exponent < 18 {
            amount /= 1000;
            exponent += 3;
        }
        match (self.format, DECIMAL.iter().find(|(_, e)| *e == exponent)) {
            (Format::Exponent, _) if exponent != 0 => write!(f, "{amount}e{exponent}"),
            (_, Some((suffix, _))) => write!(f, "{amount}{suffix}"),
            (_, None) => write!(f, "{amount}"),
        }
    }
}

/// Format, base and exponent of a suffix.
fn unit(suffix: &str) -> Option<(Format, u32, i32)> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((Format::Decimal, 10, *exponent));
    }
    if let Some(power) = BINARY.iter().position(|name| *name == suffix) {
        return Some((Format::Binary, 2, i32::try_from(power).ok()? * 10));
    }
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    (-30..=30)
        .contains(&exponent)
        .then_some((Format::Exponent, 10, exponent))
}

/// A number times a power of ten, as billionths, rounded up.
fn scaled(number: i128, exponent: i32) -> i128 {
    let power = exponent + 9;
    if power >= 0 {
        return number.saturating_mul(10_i128.saturating_pow(power.unsigned_abs()));
    }
    let divisor = 10_i128.saturating_pow(power.unsigned_abs());
    number / divisor + i128::from(number % divisor != 0)
}

/// Text that is read without loss is kept as it is when it looks like what would be written; Kubernetes decides by
/// these signs, and not by comparing. `digits` has no leading zeros of the whole part.
fn is_kept(digits: &str, fraction: &str, format: Format, exponent: i32) -> bool {
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let places = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    let written_alike = |length: i32| {
        let scale = exponent.saturating_sub(places);
        length <= 18 && scale >= -9 && scale % 3 == 0 && !digits.ends_with("000")
    };
    match format {
        // A power of 1024 has about three decimal digits.
        Format::Binary => {
            fraction.is_empty()
                && length <= 14 - exponent * 3 / 10
                && digits.parse::<i64>().is_ok_and(|number| number & 7 != 0)
        }
        // A fraction alone begins with the zero before it.
        _ => digits.len() > fraction.len() && !digits.starts_with('0') && written_alike(length),
    }
}

/// Rewrites the quantities of a `ResourceList` in the one form and no finer than thousandths.
pub(crate) fn tidy_list(object: &mut Value, field: &str) {
    if let Some(amounts) = inside(object, field).and_then(Value::as_object_mut) {
        amounts.values_mut().for_each(|amount| tidy(amount, true));
    }
}

/// Rewrites one quantity in a field.
pub(crate) fn tidy_field(object: &mut Value, field: &str) {
    if let Some(amount) = object.get_mut(field) {
        tidy(amount, false);
    }
}

fn tidy(amount: &mut Value, coarse: bool) {
    if let Some(read) = Quantity::read(amount) {
        let read = if coarse { read.in_thousandths() } else { read };
        *amount = read.to_string().into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            let written = Quantity::parse(text).map(|q| q.to_string());
            assert_eq!(written.as_deref().unwrap_or("-"), *expected, "{text}");
        }
    }

    #[test]
    fn quantities_are_written_in_one_form() {
        check(&[
            ("0", "0"),
            ("1", "1"),
            ("0.5", "500m"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("1.5", "1500m"),
            ("2000", "2k"),
            ("1024Mi", "1Gi"),
            ("1025Mi", "1025Mi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("1e3", "1e3"),
            ("1000e3", "1e6"),
            ("100E", "100E"),
            ("1n", "1n"),
            ("0.1n", "1n"),
            ("-5", "-5"),
            ("+5", "+5"),
            ("010", "010"),
            ("0010Ki", "0010Ki"),
            ("9Ki", "9Ki"),
            ("1e0", "1e0"),
            ("5.", "5."),
            ("1.500", "1.500"),
            ("0.500", "500m"),
            ("12E", "12E"),
            ("9999999999999999999", "9999999999999999999"),
            ("16Ei", "9223372036854775807"),
        ]);
    }

    #[test]
    fn other_text_is_no_quantity() {
        check(&[
            ("", "-"),
            ("a", "-"),
            ("1Gb", "-"),
            ("1.2.3", "-"),
            ("1 Gi", "-"),
            ("-", "-"),
            ("1e", "-"),
        ]);
    }

    #[test]
    fn quantities_compare_by_amount() {
        let [a, b, c] = ["1", "1000m", "1Ki"].map(|t| Quantity::parse(t).expect("reads"));
        assert!(a == b && b < c);
    }
}
