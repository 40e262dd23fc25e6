//! The `format` keyword: which formats Kubernetes checks, and how.
//!
//! The list and the checks follow `kube-openapi/pkg/validation/strfmt`; a format that is not in the list is ignored
//! when objects are checked, and warned about when the definition is written.

use super::pattern;
use crate::cel::duration;
use regex::Regex;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

/// Whether Kubernetes checks this format on values of this type.
pub(crate) fn is_checked(format: &str, kind: &str) -> bool {
    match kind {
        "" | "string" => STRING_FORMATS.contains(&normalized(format).as_str()),
        "integer" => matches!(format, "int32" | "int64"),
        "number" => matches!(format, "float" | "double"),
        _ => false,
    }
}

/// Whether a string is of a format for which [`is_checked`] holds.
pub(crate) fn is_valid(format: &str, text: &str) -> bool {
    match normalized(format).as_str() {
        "password" | "int32" | "int64" | "float" | "double" => true,
        "byte" => is_base64(text),
        "date" => is_date(text),
        "datetime" => is_date_time(text),
        "duration" => duration::parse_lenient(text).is_some(),
        "email" => is_email(text),
        "hostname" => is_hostname(text),
        "ipv4" => parse_sloppy(text).is_some_and(|_| text.contains('.')),
        "ipv6" => text.contains(':') && text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => is_cidr(text),
        "mac" => is_mac(text),
        "uri" => is_request_uri(text),
        "isbn" => is_isbn10(text) || is_isbn13(text),
        "isbn10" => is_isbn10(text),
        "isbn13" => is_isbn13(text),
        "creditcard" => is_credit_card(text),
        "k8sshortname" => text.len() <= 63 && matches("k8sshortname", text),
        "k8slongname" => text.len() <= 253 && matches("k8slongname", text),
        other => matches(other, text),
    }
}

/// Dashes do not count: `date-time` is `datetime`.
fn normalized(format: &str) -> String {
    format.replace('-', "")
}

const STRING_FORMATS: [&str; 26] = [
    "bsonobjectid",
    "byte",
    "cidr",
    "creditcard",
    "date",
    "datetime",
    "duration",
    "email",
    "hexcolor",
    "hostname",
    "ipv4",
    "ipv6",
    "isbn",
    "isbn10",
    "isbn13",
    "k8slongname",
    "k8sshortname",
    "mac",
    "password",
    "rgbcolor",
    "ssn",
    "uri",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
];

static PATTERNS: LazyLock<BTreeMap<&'static str, Regex>> = LazyLock::new(|| {
    let name = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    let uuid = |version: &str, variant: &str| {
        format!("(?i)^[0-9a-f]{{8}}-?[0-9a-f]{{4}}-?{version}-?{variant}-?[0-9a-f]{{12}}$")
    };
    let any = "[0-9a-f]{4}";
    let octet = "([01]?[0-9]?[0-9]|2[0-4][0-9]|25[0-5])";
    let patterns = [
        ("bsonobjectid", "^[0-9a-fA-F]{24}$".to_owned()),
        ("hexcolor", "^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$".to_owned()),
        (
            "rgbcolor",
            format!(r"^rgb\(\s*{octet}\s*,\s*{octet}\s*,\s*{octet}\s*\)$"),
        ),
        ("ssn", r"^\d{3}[- ]?\d{2}[- ]?\d{4}$".to_owned()),
        ("uuid", uuid(any, any)),
        ("uuid3", uuid("3[0-9a-f]{3}", any)),
        ("uuid4", uuid("4[0-9a-f]{3}", "[89ab][0-9a-f]{3}")),
        ("uuid5", uuid("5[0-9a-f]{3}", "[89ab][0-9a-f]{3}")),
        ("k8sshortname", format!("^{name}$")),
        ("k8slongname", format!(r"^{name}(\.{name})*$")),
    ];
    let compiled = patterns
        .iter()
        .filter_map(|(name, text)| Some((*name, pattern::compile(text).ok()?)));
    compiled.collect()
});

fn matches(name: &str, text: &str) -> bool {
    PATTERNS.get(name).is_some_and(|regex| regex.is_match(text))
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    !text.is_empty()
        && text.len().is_multiple_of(4)
        && padding <= 2
        && body
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.is_ascii() && text.parse::<jiff::civil::Date>().is_ok()
}

fn is_date_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let Some((date, time)) = lower.split_once('t') else {
        return false;
    };
    let Some((clock, zone)) = time.split_at_checked(8) else {
        return false;
    };
    let zone = match zone.strip_prefix(|c: char| c != 'z' && c != '+' && c != '-') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => zone,
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let two = |s: &str, max: &str| s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit()) && s <= max;
    is_date(date)
        && matches!(parts[..], [h, m, s] if two(h, "23") && two(m, "59") && two(s, "59"))
        && (zone == "z" || is_offset(zone))
}

fn is_offset(zone: &str) -> bool {
    let digits = |s: &str| s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit());
    let Some(offset) = zone.strip_prefix(['+', '-']) else {
        return false;
    };
    offset
        .split_once(':')
        .is_some_and(|(h, m)| digits(h) && digits(m))
}

/// An address as in a mail header: `a@b`, `Name <a@b>`.
fn is_email(text: &str) -> bool {
    let text = text.trim();
    let address = match text.rsplit_once('<') {
        Some((_, rest)) => match rest.strip_suffix('>') {
            Some(address) => address,
            None => return false,
        },
        None => text,
    };
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    let atom = |s: &str| {
        !s.is_empty()
            && s.chars()
                .all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii())
    };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let literal = domain.starts_with('[') && domain.ends_with(']');
    (quoted || local.split('.').all(atom)) && (literal || domain.split('.').all(atom))
}

fn is_hostname(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_digit() || c.is_alphabetic() || is_symbol(c);
    let label = |label: &str| {
        let inner = |c: char| letter(c) || c == '-';
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(inner)
            && label.starts_with(letter)
            && label.ends_with(letter)
    };
    let labels: Vec<&str> = text.split('.').collect();
    let top_level = labels
        .last()
        .is_some_and(|last| last.chars().count() >= 2 && last.chars().all(char::is_alphabetic));
    text.len() <= 255 && labels.iter().all(|l| label(l)) && (labels.len() == 1 || top_level)
}

fn is_symbol(c: char) -> bool {
    !c.is_ascii() && !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control()
}

/// An address; octets may have leading zeros, as Kubernetes still tolerates.
fn parse_sloppy(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts
            .next()
            .filter(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))?;
        *octet = part.parse().ok()?;
    }
    parts
        .next()
        .is_none()
        .then_some(IpAddr::V4(Ipv4Addr::from(octets)))
}

fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else {
        return false;
    };
    let Some(address) = parse_sloppy(address) else {
        return false;
    };
    let max = if address.is_ipv4() { 32 } else { 128 };
    !length.is_empty()
        && length.bytes().all(|b| b.is_ascii_digit())
        && length.parse::<u16>().is_ok_and(|n| n <= max)
}

fn is_mac(text: &str) -> bool {
    let separated = |separator: char, width: usize| {
        let parts: Vec<&str> = text.split(separator).collect();
        let octets = parts.len() * width / 2;
        matches!(octets, 6 | 8 | 20)
            && parts
                .iter()
                .all(|p| p.len() == width && p.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    separated(':', 2) || separated('-', 2) || separated('.', 4)
}

/// An absolute URI or an absolute path, as in the first line of a request.
fn is_request_uri(text: &str) -> bool {
    let printable = text.chars().all(|c| !c.is_control() && c != ' ');
    let scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    printable
        && (text.starts_with('/')
            || text
                .split_once(':')
                .is_some_and(|(s, rest)| scheme(s) && !rest.is_empty()))
}

fn digits_of(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}

fn is_isbn10(text: &str) -> bool {
    let digits = digits_of(text);
    let value = |(i, b): (usize, u8)| match b {
        b'0'..=b'9' => Some(u32::from(b - b'0')),
        b'X' if i == 9 => Some(10),
        _ => None,
    };
    let values: Option<Vec<u32>> = digits.bytes().enumerate().map(value).collect();
    values.is_some_and(|v| v.len() == 10 && (1..).zip(&v).map(|(i, d)| i * d).sum::<u32>().is_multiple_of(11))
}

fn is_isbn13(text: &str) -> bool {
    let digits = digits_of(text);
    let all_digits = digits.len() == 13 && digits.bytes().all(|b| b.is_ascii_digit());
    let sum = || {
        digits
            .bytes()
            .zip([1, 3].into_iter().cycle())
            .map(|(b, f)| u32::from(b - b'0') * f)
            .sum::<u32>()
    };
    all_digits && sum().is_multiple_of(10)
}

/// A card number by its issuer's prefix and length, with a right check digit.
fn is_credit_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let starts = |prefix: &[u32]| digits.starts_with(prefix);
    let issuer = match digits.len() {
        13 => starts(&[4]),
        14 => starts(&[3, 6]) || starts(&[3, 8]) || (starts(&[3, 0]) && digits[2] <= 5),
        15 => starts(&[3, 4]) || starts(&[3, 7]) || starts(&[2, 1, 3, 1]) || starts(&[1, 8, 0, 0]),
        16 => {
            starts(&[4])
                || (starts(&[5]) && (1..=5).contains(&digits[1]))
                || starts(&[6, 0, 1, 1])
                || starts(&[6, 5])
                || starts(&[3, 5])
        }
        _ => false,
    };
    let doubled = |(i, d): (usize, &u32)| {
        if i % 2 == 1 {
            (d * 2) / 10 + (d * 2) % 10
        } else {
            *d
        }
    };
    issuer
        && digits
            .iter()
            .rev()
            .enumerate()
            .map(doubled)
            .sum::<u32>()
            .is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::{is_checked, is_valid};

    fn check(format: &str, good: &[&str], bad: &[&str]) {
        assert!(is_checked(format, "string"), "{format}");
        for text in good {
            assert!(is_valid(format, text), "{format} should take {text:?}");
        }
        for text in bad {
            assert!(!is_valid(format, text), "{format} should refuse {text:?}");
        }
    }

    #[test]
    fn formats_take_and_refuse_what_kubernetes_does() {
        check("byte", &["aGk=", "QUJD"], &["aGk", "a b=", ""]);
        check("date", &["2024-02-29"], &["2023-02-29", "2024-2-1"]);
        check(
            "date-time",
            &["2024-02-29T10:00:00Z", "2024-02-29t10:00:00.5+02:00"],
            &["2024-02-29", "2024-02-29T25:00:00Z"],
        );
        check("duration", &["1h30m", "2 days", "0"], &["soon", ""]);
        check("email", &["a@b.c", "A <a@b>"], &["a", "a@", "@b"]);
        check(
            "hostname",
            &["a", "a.example", "1a.example.com"],
            &["", "a_b", "-a", "a.b.1"],
        );
        check("ipv4", &["10.0.0.1", "010.0.0.1"], &["10.0.0", "::1"]);
        check("ipv6", &["::1", "fe80::1"], &["10.0.0.1", "::g"]);
        check("cidr", &["10.0.0.0/8", "fd00::/64"], &["10.0.0.0", "10.0.0.0/33"]);
        check(
            "mac",
            &["01:23:45:67:89:ab", "0123.4567.89ab"],
            &["01:23", "xx:23:45:67:89:ab"],
        );
        check("uri", &["https://a/b", "/b"], &["a", "", "a b"]);
        check("uuid", &["123e4567-e89b-12d3-a456-426614174000"], &["123"]);
        check(
            "uuid4",
            &["123e4567-e89b-42d3-a456-426614174000"],
            &["123e4567-e89b-12d3-a456-426614174000"],
        );
        check("isbn", &["0321751043", "978-0321751041"], &["0321751044"]);
        check("creditcard", &["4111 1111 1111 1111"], &["4111 1111 1111 1112"]);
        check("ssn", &["111-22-3333"], &["111-22-333"]);
        check("hexcolor", &["#fff", "00ff00"], &["#ffff"]);
        check("rgbcolor", &["rgb(1, 2,255)"], &["rgb(1,2,256)"]);
        check("k8s-short-name", &["a-b"], &["a.b", "A"]);
        check("k8s-long-name", &["a-b.c"], &["a..b"]);
        check("bsonobjectid", &["507f1f77bcf86cd799439011"], &["507f"]);
    }

    #[test]
    fn formats_belong_to_types() {
        assert!(is_checked("int32", "integer") && !is_checked("int32", "string"));
        assert!(is_checked("double", "number") && !is_checked("email", "object"));
        assert!(!is_checked("dns", "string"));
    }
}
