//! Quantities: `100m`, `1Gi`, `1e3`. Kubernetes keeps them in a canonical form (`k8s.io/apimachinery` `resource.Quantity`):
//! no fraction, and the largest suffix that needs none.

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
const MALFORMED: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
/// Everything is counted in billionths; finer amounts are rounded up.
const UNIT: i128 = 1_000_000_000;
/// Larger amounts are cut to this.
const LARGEST: i128 = i64::MAX as i128 * UNIT;

/// How the suffix was written, which is kept.
#[derive(Clone, Copy, PartialEq)]
enum Suffix {
    Decimal,
    Binary,
    Exponent,
}

/// The canonical form of a quantity.
///
/// # Errors
/// What Kubernetes says about a text that is no quantity.
pub fn canonical(text: &str) -> Result<String, String> {
    let (billionths, suffix) = read(text.trim()).ok_or(MALFORMED)?;
    if billionths == 0 {
        return Ok("0".into());
    }
    let whole = billionths % UNIT == 0;
    if suffix == Suffix::Binary && billionths.abs() >= 1024 * UNIT && whole {
        return Ok(binary(billionths / UNIT));
    }
    Ok(decimal(billionths, suffix == Suffix::Exponent))
}

/// The amount in billionths.
fn read(text: &str) -> Option<(i128, Suffix)> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let (factor, exponent, kind) = scale(suffix)?;
    let digits = format!("{whole}{fraction}");
    let places = i32::try_from(fraction.len()).ok()?;
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let amount = shifted(digits.trim_start_matches('0'), factor, exponent + 9 - places);
    Some((sign * amount, kind))
}

/// What a suffix means: a power of two to multiply with, a power of ten, and how it was written.
fn scale(suffix: &str) -> Option<(i128, i32, Suffix)> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((1, *exponent, Suffix::Decimal));
    }
    if let Some(power) = BINARY.iter().position(|name| *name == suffix) {
        return Some((1_i128 << (10 * power), 0, Suffix::Binary));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    Some((1, exponent.parse().ok()?, Suffix::Exponent))
}

/// `digits * factor * 10^exponent`, rounded up and cut to what can be held.
fn shifted(digits: &str, factor: i128, exponent: i32) -> i128 {
    if digits.is_empty() {
        return 0;
    }
    // No finer than what is kept, no larger than what is cut: 18 digits hold every amount in between.
    let kept: String = digits.chars().take(24).collect();
    let dropped = i32::try_from(digits.len() - kept.len()).unwrap_or(i32::MAX / 2);
    let mut amount = kept
        .parse::<i128>()
        .unwrap_or(LARGEST)
        .checked_mul(factor)
        .unwrap_or(LARGEST);
    let mut exponent = exponent.saturating_add(dropped);
    let mut rest = false;
    while exponent > 0 && amount < LARGEST {
        amount = amount.saturating_mul(10);
        exponent -= 1;
    }
    while exponent < 0 && amount > 0 {
        rest |= amount % 10 != 0;
        amount /= 10;
        exponent += 1;
    }
    (amount + i128::from(rest)).min(LARGEST)
}

fn binary(mut whole: i128) -> String {
    let mut power = 0;
    while whole % 1024 == 0 && power + 1 < BINARY.len() {
        whole /= 1024;
        power += 1;
    }
    format!("{whole}{}", BINARY[power])
}

fn decimal(mut billionths: i128, as_exponent: bool) -> String {
    let mut exponent = -9;
    while billionths % 1000 == 0 && exponent < 18 {
        billionths /= 1000;
        exponent += 3;
    }
    if as_exponent {
        return if exponent == 0 {
            billionths.to_string()
        } else {
            format!("{billionths}e{exponent}")
        };
    }
    let suffix = DECIMAL
        .iter()
        .find(|(_, e)| *e == exponent)
        .map_or("", |(name, _)| name);
    format!("{billionths}{suffix}")
}
