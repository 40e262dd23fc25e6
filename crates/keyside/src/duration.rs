//! Durations as Go's tools write them.

use crate::failure::Failure;
use std::time::Duration;

/// `60s`, `2m`, `1h`: a unit is required.
pub(crate) fn parse(text: &str) -> Result<Duration, Failure> {
    let wrong = || {
        Failure::new(format!("`{text}` is no duration"))
            .because("a number and a unit are needed: 500ms, 60s, 2m")
            .hint("--timeout 60s")
    };
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let number: u64 = text[..split].parse().map_err(|_| wrong())?;
    match &text[split..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        "h" => Ok(Duration::from_secs(number.saturating_mul(3600))),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_unit_are_read() {
        let read = ["500ms", "60s", "2m", "1h"].map(|text| parse(text).unwrap().as_millis());
        assert_eq!(read, [500, 60_000, 120_000, 3_600_000]);
    }

    #[test]
    fn number_without_unit_is_refused() {
        for text in ["60", "s", "", "-1s", "1d", "99999999999999999999s"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
