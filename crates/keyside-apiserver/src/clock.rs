//! Times as Kubernetes writes them.

use jiff::{Timestamp, fmt::temporal::DateTimePrinter};

/// Now, RFC 3339 with seconds: `2026-11-24T02:30:04Z`.
pub(crate) fn now() -> String {
    format(Timestamp::now())
}

/// A moment in seconds from now.
pub(crate) fn after(seconds: i64) -> String {
    let now = Timestamp::now();
    let span = jiff::SignedDuration::from_secs(seconds);
    format(now.checked_add(span).unwrap_or(now))
}

/// The moment a text names; nothing if it names none.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// RFC 3339 with seconds.
pub(crate) fn format(at: Timestamp) -> String {
    DateTimePrinter::new().precision(Some(0)).timestamp_to_string(&at)
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_have_seconds_and_no_fraction() {
        let at = super::parse("2026-11-24T02:30:04.999Z").unwrap();
        assert_eq!(super::format(at), "2026-11-24T02:30:04Z");
    }
}
