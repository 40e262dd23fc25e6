//! From what people write to the canonical spelling.

use std::fmt;

use super::{Pattern, split_port};
use crate::hub;
use crate::reference::{self, DOCKER_HUB};

/// A text that is no pattern, with a clean spelling if there is an obvious one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// Why it is refused.
    pub refusal: Refusal,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

/// Why a pattern is refused. The text itself is never part of the message, because it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing but blanks, slashes or a scheme.
    Empty,
    /// `user@host`.
    UserPart,
    /// A `?`: the kubelet cuts the key there, and it then serves a host that nobody meant.
    Query,
    /// A `#`.
    Fragment,
    /// A `%`.
    Escape,
    /// A host with impossible characters or an empty label.
    Host,
    /// A port that is no number.
    Port,
    /// A wildcard in the port.
    WildcardPort,
    /// A wildcard in the path.
    WildcardPath,
    /// Two slashes in a row inside the path.
    EmptySegment,
    /// `.` or `..` in the path.
    DotSegment,
    /// A tag or digest.
    TagOrDigest,
    /// A path that no repository has, such as one with upper-case letters.
    Path,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "no registry is given",
            Self::UserPart => "a user name does not belong into the registry",
            Self::Query => "a question mark is no wildcard: everything behind it would be dropped",
            Self::Fragment => "everything behind the number sign would be dropped",
            Self::Escape => "percent escapes do not belong into a registry or repository",
            Self::Host => "this is not a host name",
            Self::Port => "the port is not a number",
            Self::WildcardPort => "a port cannot hold a wildcard",
            Self::WildcardPath => "a path cannot hold a wildcard; it serves everything below it anyway",
            Self::EmptySegment => "two slashes in a row match no repository",
            Self::DotSegment => "dots alone match no repository",
            Self::TagOrDigest => "tags and digests are removed before a credential is looked up",
            Self::Path => "no repository has such a path",
        })
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal.fmt(f)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, " (use {suggestion})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PatternError {}

/// A refusal, and what to try as a suggestion. Trying happens once, so that no suggestion asks for another.
struct Refused {
    refusal: Refusal,
    instead: Option<String>,
}

impl Refusal {
    fn or_rather(self, instead: impl Into<String>) -> Refused {
        Refused {
            refusal: self,
            instead: Some(instead.into()),
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            instead: None,
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Pattern, PatternError> {
    read(text).map_err(|Refused { refusal, instead }| {
        let suggestion = instead.and_then(|instead| read(&instead).ok());
        PatternError {
            refusal,
            suggestion: suggestion.map(|pattern| pattern.to_string()),
        }
    })
}

fn read(text: &str) -> Result<Pattern, Refused> {
    let text = without_scheme(text.trim());
    if let Some((before, after)) = text.split_once('?') {
        return Err(refuse_query(before, after));
    }
    if let Some((before, _)) = text.split_once('#') {
        return Err(Refusal::Fragment.or_rather(before));
    }
    if text.contains('%') {
        return Err(Refusal::Escape.into());
    }
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    if let Some((_, host)) = host.rsplit_once('@') {
        return Err(Refusal::UserPart.or_rather(format!("{host}/{path}")));
    }
    let host = canonical_host(host)?;
    let path = without_version(path.trim_matches('/'));
    check_path(&host, path)?;
    Ok(Pattern::of_parts(&host, path))
}

/// A question mark inside the host was meant as a wildcard; behind the host it begins a query.
fn refuse_query(before: &str, after: &str) -> Refused {
    let rest_of_host = after.split('/').next().unwrap_or_default();
    if !before.contains('/') && rest_of_host.contains('.') {
        Refusal::Query.or_rather(format!("{before}*{after}"))
    } else {
        Refusal::Query.or_rather(before)
    }
}

fn without_scheme(text: &str) -> &str {
    let is_scheme = |scheme: &str| {
        !scheme.is_empty()
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => text,
    }
}

/// One leading API version is no part of the path.
fn without_version(path: &str) -> &str {
    match path.split_once('/') {
        Some(("v1" | "v2", rest)) => rest.trim_start_matches('/'),
        None if matches!(path, "v1" | "v2") => "",
        _ => path,
    }
}

fn canonical_host(written: &str) -> Result<String, Refused> {
    let lower = written.to_ascii_lowercase();
    let (name, port) = split_port(&lower);
    if name.is_empty() {
        return Err(if lower.is_empty() {
            Refusal::Empty
        } else {
            Refusal::Host
        }
        .into());
    }
    let port = match port {
        None | Some("" | "443") => None,
        Some(port) if port.contains('*') => return Err(Refusal::WildcardPort.into()),
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => Some(port),
        Some(_) => return Err(Refusal::Port.or_rather(name)),
    };
    if !is_host_pattern(name) {
        return Err(Refusal::Host.or_rather(name.trim_end_matches('.')));
    }
    Ok(match port {
        Some(port) => format!("{name}:{port}"),
        None if hub::is_spelling(name) => DOCKER_HUB.to_owned(),
        None => name.to_owned(),
    })
}

/// Labels of lower-case letters, digits, dashes, underscores and stars; or an IPv6 address in brackets.
///
/// An underscore is accepted although the grammar of references knows none: such a host is read as a path there, and works.
fn is_host_pattern(name: &str) -> bool {
    if name.starts_with('[') {
        // A second port is none of an address.
        return name.ends_with(']') && reference::is_host(name);
    }
    let is_label = |label: &str| {
        let bytes_fit = label
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_*".contains(&b));
        !label.is_empty() && bytes_fit && !label.starts_with('-') && !label.ends_with('-')
    };
    name.split('.').all(is_label)
}

fn check_path(host: &str, path: &str) -> Result<(), Refused> {
    if path.is_empty() || reference::is_path(path) {
        return Ok(());
    }
    let under = |path: &str| format!("{host}/{path}");
    let segments = || path.split('/');
    Err(if segments().any(str::is_empty) {
        let cleaned: Vec<_> = segments().filter(|segment| !segment.is_empty()).collect();
        Refusal::EmptySegment.or_rather(under(&cleaned.join("/")))
    } else if segments().any(|segment| matches!(segment, "." | "..")) {
        Refusal::DotSegment.into()
    } else if let Some((before, _)) = path.split_once('*') {
        Refusal::WildcardPath.or_rather(under(before.rsplit_once('/').map_or("", |(parent, _)| parent)))
    } else if let Some((before, _)) = path.split_once([':', '@']) {
        Refusal::TagOrDigest.or_rather(under(before))
    } else {
        Refusal::Path.or_rather(under(&path.to_lowercase()))
    })
}
