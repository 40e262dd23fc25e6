//! The grammar of image references, without regular expressions.
//!
//! Each function is one production. Everything is compared byte by byte, so that neither Unicode digits nor a final line feed slip in.

use super::{DOCKER_HUB, Reference, ReferenceError};

/// The longest path, `library/` included.
const MAX_PATH: usize = 255;
const MAX_TAG: usize = 128;

pub(super) fn parse(image: &str) -> Result<Reference, ReferenceError> {
    if image.len() == 64 && image.bytes().all(is_lower_hex) {
        return Err(ReferenceError::ImageId(image.to_owned()));
    }
    let (host, rest) = split_host(image);
    let repository = rest.split(':').next().unwrap_or_default();
    if has_upper_case(repository) {
        return Err(ReferenceError::UpperCase(repository.to_owned()));
    }
    let Some(parts) = Parts::of(host, &rest) else {
        let fits_in_lower_case = Parts::of(&host.to_lowercase(), &rest.to_lowercase()).is_some();
        return Err(if fits_in_lower_case {
            ReferenceError::UpperCaseHost
        } else {
            ReferenceError::Format
        });
    };
    if parts.path.len() > MAX_PATH {
        return Err(ReferenceError::TooLong);
    }
    if let Some(digest) = parts.digest {
        check_digest(digest)?;
    }
    Ok(Reference {
        original: image.to_owned(),
        host_len: parts.host.len(),
        name: parts.name,
        tag: parts.tag.map(str::to_owned),
        digest: parts.digest.map(str::to_owned),
    })
}

/// Splits off the host, and completes what docker lets people leave out.
fn split_host(image: &str) -> (&str, String) {
    let (host, rest) = match image.split_once('/') {
        Some(("index.docker.io", rest)) => (DOCKER_HUB, rest),
        Some((host, rest)) if is_host_like(host) => (host, rest),
        _ => (DOCKER_HUB, image),
    };
    if host == DOCKER_HUB && !rest.contains('/') {
        (host, format!("library/{rest}"))
    } else {
        (host, rest.to_owned())
    }
}

/// Whether the part before the first slash is meant as a host and not as a Docker Hub user.
fn is_host_like(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':']) || has_upper_case(part)
}

fn has_upper_case(text: &str) -> bool {
    text.chars().any(|c| !c.to_lowercase().eq([c]))
}

/// The parts of a text that fits the grammar; the digest is not yet known to be a usable one.
struct Parts<'a> {
    name: String,
    host: &'a str,
    path: String,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(host: &'a str, rest: &'a str) -> Option<Self> {
        let (rest, digest) = split_optional(rest, '@');
        let (path, tag) = split_optional(rest, ':');
        let fits = is_path(path) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest);
        let name = format!("{host}/{path}");
        if fits && is_host(host) {
            Some(Self {
                name,
                host,
                path: path.to_owned(),
                tag,
                digest,
            })
        } else if fits && is_path(host) {
            // No host to the grammar, but good as the first part of a path.
            Some(Self {
                path: name.clone(),
                name,
                host: "",
                tag,
                digest,
            })
        } else {
            None
        }
    }
}

fn split_optional(text: &str, separator: char) -> (&str, Option<&str>) {
    match text.split_once(separator) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// Labels of letters, digits and inner dashes joined by dots, or hexadecimal digits and colons in brackets; then perhaps a port.
pub(crate) fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let Some((address, port)) = address.split_once(']') else {
            return false;
        };
        let port_fits = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return !address.is_empty()
            && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':')
            && port_fits;
    }
    let (name, port) = split_optional(host, ':');
    name.split('.').all(is_label) && port.is_none_or(is_port)
}

fn is_label(label: &str) -> bool {
    let edges_fit = !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    edges_fit && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_port(port: &str) -> bool {
    !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
}

/// One or more [components](is_component) joined by slashes.
pub(crate) fn is_path(path: &str) -> bool {
    path.split('/').all(is_component)
}

/// Lower-case letters and digits, joined by one dot, one or two underscores, or any number of dashes.
fn is_component(component: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends_fit = bytes.first().is_some_and(|&b| is_word(b)) && bytes.last().is_some_and(|&b| is_word(b));
    ends_fit
        && bytes.split(|&b| is_word(b)).all(|separator| match separator {
            [] | b"." | b"_" | b"__" => true,
            dashes => dashes.iter().all(|&b| b == b'-'),
        })
}

fn is_tag(tag: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    (1..=MAX_TAG).contains(&tag.len()) && !tag.starts_with(['.', '-']) && tag.bytes().all(fits)
}

/// An algorithm, a colon and at least 32 hexadecimal digits of either case.
fn is_digest(digest: &str) -> bool {
    let Some((algorithm, encoded)) = digest.split_once(':') else {
        return false;
    };
    let part_fits = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    algorithm.split(['-', '_', '+', '.']).all(part_fits)
        && encoded.len() >= 32
        && encoded.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether the digest can be verified: known algorithm, right length, lower case (`github.com/opencontainers/go-digest`).
fn check_digest(digest: &str) -> Result<(), ReferenceError> {
    let (algorithm, encoded) = digest.split_once(':').unwrap_or((digest, ""));
    let digits = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        // Go checks the spelling of an unknown algorithm before it says that it is unknown.
        other if other.bytes().any(|b| b.is_ascii_uppercase()) => return Err(ReferenceError::DigestFormat),
        _ => return Err(ReferenceError::DigestAlgorithm),
    };
    if encoded.len() != digits {
        return Err(ReferenceError::DigestLength);
    }
    if encoded.bytes().all(is_lower_hex) {
        Ok(())
    } else {
        Err(ReferenceError::DigestFormat)
    }
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}
