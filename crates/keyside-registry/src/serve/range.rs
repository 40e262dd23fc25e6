//! `Range` and `Content-Range` (RFC 9110, section 14), as far as registries use them: one range of bytes.

use std::ops::Range;

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Everything: there is no range, or none that has to be understood.
    Whole,
    Part(Range<u64>),
    /// A range beyond the end.
    Beyond,
}

/// Reads a `Range` header. Forms that are not one range of bytes are ignored, which the standard allows; a range that runs backwards
/// can be satisfied by nothing.
pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let spec = header.and_then(|text| text.trim().strip_prefix("bytes="));
    let Some((first, last)) = spec.and_then(|spec| spec.split_once('-')) else {
        return Wanted::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first > last => return Wanted::Beyond,
        (Some(first), Some(last)) => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.is_empty() => first..size,
        (None, Some(0)) if first.is_empty() => return Wanted::Beyond,
        (None, Some(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Wanted::Whole,
    };
    if range.is_empty() {
        Wanted::Beyond
    } else {
        Wanted::Part(range)
    }
}

/// Reads the `Content-Range` of a chunk, `first-last`; some clients put `bytes ` before and `/…` behind.
pub(super) fn chunk(header: &str) -> Option<Range<u64>> {
    let text = header.trim();
    let text = text
        .strip_prefix("bytes")
        .map_or(text, |rest| rest.trim_start_matches([' ', '=']));
    let text = text.split('/').next().unwrap_or_default();
    let (first, last) = text.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then(|| first..last.saturating_add(1))
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_of_bytes_is_understood_and_the_rest_ignored() {
        let check = |header: &str, expected| assert_eq!(wanted(Some(header), 10), expected, "{header}");
        check("bytes=0-3", Wanted::Part(0..4));
        check("bytes=4-", Wanted::Part(4..10));
        check("bytes=-3", Wanted::Part(7..10));
        check("bytes=-30", Wanted::Part(0..10));
        check("bytes=8-99", Wanted::Part(8..10));
        check("bytes=10-", Wanted::Beyond);
        check("bytes=10-12", Wanted::Beyond);
        check("bytes=-0", Wanted::Beyond);
        check("bytes=3-1", Wanted::Beyond);
        for ignored in [
            "",
            "bytes",
            "bytes=-",
            "bytes=0-1,3-4",
            "items=0-1",
            "bytes=+1-2",
            "bytes=a-b",
        ] {
            check(ignored, Wanted::Whole);
        }
        assert_eq!(wanted(None, 10), Wanted::Whole);
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Beyond);
    }

    #[test]
    fn chunks_say_where_they_belong() {
        assert_eq!(chunk("0-9"), Some(0..10));
        assert_eq!(chunk("bytes 5-9/*"), Some(5..10));
        for bad in ["", "9-0", "-", "1-", "a-b", "*/5"] {
            assert_eq!(chunk(bad), None, "{bad}");
        }
    }
}
