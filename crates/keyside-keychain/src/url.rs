//! The part of Go's `net/url` that decides which host and path a docker config key stands for.
//!
//! The kubelet puts `https://` in front of a key and parses it as a URL; a key that does not parse is silently ignored. So it takes
//! Go's parser, with its exact idea of what is allowed where, to say which keys work. Paths and hosts are bytes: an escape such as
//! `%ff` need not decode to text.

use std::net::Ipv6Addr;

/// Why a key is no URL, in Go's words. The key itself is left out: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// A control character, such as a line break.
    #[error("net/url: invalid control character in URL")]
    ControlCharacter,
    /// An opening bracket that is not closed.
    #[error("missing ']' in host")]
    MissingBracket,
    /// Brackets around something that is no IPv6 address.
    #[error("invalid host: not an IPv6 address in brackets")]
    Address,
    /// A port that is not a number.
    #[error("invalid port after host")]
    Port,
    /// A character that no host contains.
    #[error("invalid character {} in host name", go_quote(*.0))]
    HostCharacter(char),
    /// A percent sign that is not followed by two hexadecimal digits, or hides what may not be hidden.
    #[error("invalid URL escape")]
    Escape,
    /// A user part with impossible characters.
    #[error("net/url: invalid userinfo")]
    User,
}

/// Host (with port) and path of a URL; the rest of it does not matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) host: Vec<u8>,
    pub(crate) path: Vec<u8>,
}

/// Where escapes are decoded; each place has its own rules.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Host,
    Zone,
    Elsewhere,
}

/// Parses what follows `https://`.
pub(crate) fn parse(schemeless: &[u8]) -> Result<Location, UrlError> {
    let (main, fragment) = cut(schemeless, b'#');
    if main.iter().any(|&b| b < b' ' || b == 0x7f) {
        return Err(UrlError::ControlCharacter);
    }
    let (main, _query) = cut(main, b'?');
    let slash = main.iter().position(|&b| b == b'/').unwrap_or(main.len());
    let (authority, path) = main.split_at(slash);
    let host = parse_authority(authority)?;
    let path = unescape(path, Place::Elsewhere)?;
    unescape(fragment.unwrap_or_default(), Place::Elsewhere)?;
    Ok(Location { host, path })
}

/// Splits host labels and port as `net.SplitHostPort` does; what it cannot split is a host without port.
pub(crate) fn split_port(host: &[u8]) -> (&[u8], &[u8]) {
    let whole = (host, &host[host.len()..]);
    let Some(colon) = host.iter().rposition(|&b| b == b':') else {
        return whole;
    };
    let (name, port) = (&host[..colon], &host[colon + 1..]);
    match name.strip_prefix(b"[") {
        Some(inner) => match inner.strip_suffix(b"]") {
            Some(address) if !address.contains(&b']') => (address, port),
            _ => whole,
        },
        None if name.iter().any(|b| b":[]".contains(b)) => whole,
        None => (name, port),
    }
}

fn cut(bytes: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match bytes.iter().position(|&b| b == separator) {
        Some(at) => (&bytes[..at], Some(&bytes[at + 1..])),
        None => (bytes, None),
    }
}

fn parse_authority(authority: &[u8]) -> Result<Vec<u8>, UrlError> {
    let Some(at) = authority.iter().rposition(|&b| b == b'@') else {
        return parse_host(authority);
    };
    let host = parse_host(&authority[at + 1..])?;
    let user = &authority[..at];
    if !user
        .iter()
        .all(|&b| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b))
    {
        return Err(UrlError::User);
    }
    unescape(user, Place::Elsewhere)?;
    Ok(host)
}

fn parse_host(host: &[u8]) -> Result<Vec<u8>, UrlError> {
    match host.iter().rposition(|&b| b == b'[') {
        Some(0) => return parse_address(host),
        Some(_) => return Err(UrlError::Address),
        None => {}
    }
    if let Some(colon) = host.iter().position(|&b| b == b':') {
        check_port(&host[colon..])?;
    }
    unescape(host, Place::Host)
}

/// An IPv6 address in brackets, perhaps with a zone and a port.
fn parse_address(host: &[u8]) -> Result<Vec<u8>, UrlError> {
    let close = host
        .iter()
        .rposition(|&b| b == b']')
        .ok_or(UrlError::MissingBracket)?;
    let (inner, port) = (&host[1..close], &host[close + 1..]);
    check_port(port)?;
    let zone = inner
        .windows(3)
        .position(|window| window == b"%25")
        .unwrap_or(inner.len());
    let mut address = unescape(&inner[..zone], Place::Host)?;
    address.extend(unescape(&inner[zone..], Place::Zone)?);
    if !is_ipv6(&address) {
        return Err(UrlError::Address);
    }
    Ok([b"[", address.as_slice(), b"]", port].concat())
}

/// Whether `netip.ParseAddr` takes it for an IPv6 address; a zone may follow, but not an empty one.
fn is_ipv6(address: &[u8]) -> bool {
    let (address, zone) = cut(address, b'%');
    let Ok(text) = std::str::from_utf8(address) else {
        return false;
    };
    zone.is_none_or(|zone| !zone.is_empty()) && text.parse::<Ipv6Addr>().is_ok()
}

/// Nothing, or a colon and digits, or a colon alone.
fn check_port(port: &[u8]) -> Result<(), UrlError> {
    match port.split_first() {
        None => Ok(()),
        Some((b':', digits)) if digits.iter().all(u8::is_ascii_digit) => Ok(()),
        Some(_) => Err(UrlError::Port),
    }
}

fn unescape(text: &[u8], place: Place) -> Result<Vec<u8>, UrlError> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (escaped, after) = escaped_byte(after).ok_or(UrlError::Escape)?;
            if !may_be_escaped(escaped, place) {
                return Err(UrlError::Escape);
            }
            out.push(escaped);
            rest = after;
        } else if place != Place::Elsewhere && byte.is_ascii() && !is_host_byte(byte) {
            return Err(UrlError::HostCharacter(char::from(byte)));
        } else {
            out.push(byte);
        }
    }
    Ok(out)
}

fn escaped_byte(digits: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = digits.split_at_checked(2)?;
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    let value = nibble(digits[0])? * 16 + nibble(digits[1])?;
    Some((u8::try_from(value).ok()?, rest))
}

/// In a host only bytes beyond ASCII (and the percent sign, for zones) may be escaped; in a zone also what could stand there anyway.
fn may_be_escaped(byte: u8, place: Place) -> bool {
    match place {
        Place::Host => !byte.is_ascii() || byte == b'%',
        Place::Zone => byte == b'%' || byte == b' ' || is_host_byte(byte),
        Place::Elsewhere => true,
    }
}

/// What Go's `shouldEscape` leaves alone in hosts and zones.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

/// A character in double quotes as Go's `%q` shows it.
fn go_quote(c: char) -> String {
    if c == '\\' {
        "\"\\\\\"".to_owned()
    } else {
        format!("\"{c}\"")
    }
}
