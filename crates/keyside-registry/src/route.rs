//! Which thing a path means.
//!
//! Repository names contain slashes and stand in the middle of the path, so a router that matches from the left cannot find their
//! end. Here the path is read from the right.

use http::StatusCode;

use crate::digest::Digest;
use crate::error::Refusal;
use crate::name::{Repository, Tag};

/// What a request is about.
#[derive(Debug, PartialEq)]
pub(crate) enum Endpoint {
    Ping,
    Token,
    Catalog,
    Tags(Repository),
    Referrers(Repository, Digest),
    Manifest(Repository, Selector),
    Blob(Repository, Digest),
    /// Where uploads begin.
    Uploads(Repository),
    Upload(Repository, String),
}

/// How a manifest is named.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Selector {
    Tag(Tag),
    Digest(Digest),
    /// Neither: nothing has this name, and nothing can be given it.
    Nothing(String),
}

impl Endpoint {
    pub(crate) fn parse(path: &str) -> Result<Self, Refusal> {
        let path = decode(path)?;
        if path == crate::access::TOKEN_PATH {
            return Ok(Self::Token);
        }
        let rest = match path.strip_prefix("/v2") {
            Some("" | "/") => return Ok(Self::Ping),
            Some("/_catalog") => return Ok(Self::Catalog),
            Some(rest) if rest.starts_with('/') => &rest[1..],
            _ => return Err(unknown()),
        };
        let parts: Vec<&str> = rest.split('/').collect();
        match parts.as_slice() {
            [name @ .., "tags", "list"] => Ok(Self::Tags(repository(name)?)),
            [name @ .., "blobs", "uploads"] | [name @ .., "blobs", "uploads", ""] => {
                Ok(Self::Uploads(repository(name)?))
            }
            [name @ .., "blobs", "uploads", id] => Ok(Self::Upload(repository(name)?, (*id).to_owned())),
            [name @ .., "blobs", digest] => Ok(Self::Blob(repository(name)?, parse_digest(digest)?)),
            [name @ .., "referrers", digest] => Ok(Self::Referrers(repository(name)?, parse_digest(digest)?)),
            [name @ .., "manifests", selector] => {
                Ok(Self::Manifest(repository(name)?, parse_selector(selector)?))
            }
            _ => Err(unknown()),
        }
    }

    /// The repository that the request is about.
    pub(crate) fn repository(&self) -> Option<&Repository> {
        match self {
            Self::Ping | Self::Token | Self::Catalog => None,
            Self::Tags(repository)
            | Self::Referrers(repository, _)
            | Self::Manifest(repository, _)
            | Self::Blob(repository, _)
            | Self::Uploads(repository)
            | Self::Upload(repository, _) => Some(repository),
        }
    }
}

fn unknown() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "UNSUPPORTED", "there is no such endpoint")
}

fn repository(parts: &[&str]) -> Result<Repository, Refusal> {
    Repository::parse(&parts.join("/")).ok_or_else(|| Refusal::bad("NAME_INVALID", "invalid repository name"))
}

pub(crate) fn parse_digest(text: &str) -> Result<Digest, Refusal> {
    Digest::parse(text).ok_or_else(|| {
        Refusal::bad(
            "DIGEST_INVALID",
            "a digest is sha256 or sha512 with lower-case hexadecimal digits",
        )
    })
}

fn parse_selector(text: &str) -> Result<Selector, Refusal> {
    if text.contains(':') {
        return Ok(Selector::Digest(parse_digest(text)?));
    }
    Ok(Tag::parse(text).map_or_else(|| Selector::Nothing(text.to_owned()), Selector::Tag))
}

/// Percent escapes, as some clients write the colon of a digest.
fn decode(path: &str) -> Result<String, Refusal> {
    let bad = || Refusal::bad("NAME_INVALID", "the path has a broken escape");
    if !path.contains('%') {
        return Ok(path.to_owned());
    }
    let mut bytes = path.bytes();
    let mut decoded = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(bytes.next()), digit(bytes.next())) else {
            return Err(bad());
        };
        decoded.push(u8::try_from(high * 16 + low).map_err(|_| bad())?);
    }
    String::from_utf8(decoded).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn check(path: &str) -> String {
        match Endpoint::parse(path) {
            Ok(endpoint) => format!("{endpoint:?}").replace(DIGEST, "D"),
            Err(refusal) => format!("{} {}", refusal.status.as_u16(), refusal.code),
        }
    }

    #[test]
    fn paths_are_read_from_the_right() {
        insta::assert_snapshot!(check("/v2/"), @"Ping");
        insta::assert_snapshot!(check("/v2"), @"Ping");
        insta::assert_snapshot!(check("/v2/_catalog"), @"Catalog");
        insta::assert_snapshot!(check("/token"), @"Token");
        insta::assert_snapshot!(check("/v2/a/b/tags/list"), @"Tags(Repository(a/b))");
        insta::assert_snapshot!(check("/v2/tags/list/tags/list"), @"Tags(Repository(tags/list))");
        insta::assert_snapshot!(check("/v2/a/manifests/v1"), @r#"Manifest(Repository(a), Tag(Tag("v1")))"#);
        insta::assert_snapshot!(check(&format!("/v2/a/manifests/{DIGEST}")), @"Manifest(Repository(a), Digest(Digest(D)))");
        insta::assert_snapshot!(check(&format!("/v2/a/blobs/{}", DIGEST.replace(':', "%3A"))), @"Blob(Repository(a), Digest(D))");
        insta::assert_snapshot!(check("/v2/a/blobs/uploads/"), @"Uploads(Repository(a))");
        insta::assert_snapshot!(check("/v2/a/blobs/uploads"), @"Uploads(Repository(a))");
        insta::assert_snapshot!(check("/v2/a/blobs/uploads/1f"), @r#"Upload(Repository(a), "1f")"#);
        insta::assert_snapshot!(check(&format!("/v2/a/blobs/blobs/{DIGEST}")), @"Blob(Repository(a/blobs), Digest(D))");
    }

    #[test]
    fn what_is_no_path_of_a_registry_is_refused() {
        insta::assert_snapshot!(check("/"), @"404 UNSUPPORTED");
        insta::assert_snapshot!(check("/v1/search"), @"404 UNSUPPORTED");
        insta::assert_snapshot!(check("/v2x"), @"404 UNSUPPORTED");
        insta::assert_snapshot!(check("/v2/a/b"), @"404 UNSUPPORTED");
        insta::assert_snapshot!(check("/v2/A/manifests/1"), @"400 NAME_INVALID");
        insta::assert_snapshot!(check("/v2/manifests/1"), @"400 NAME_INVALID");
        insta::assert_snapshot!(check("/v2/a/%2e%2e/manifests/1"), @"400 NAME_INVALID");
        insta::assert_snapshot!(check("/v2/a%2/manifests/1"), @"400 NAME_INVALID");
        insta::assert_snapshot!(check("/v2/a/blobs/sha256:12"), @"400 DIGEST_INVALID");
        insta::assert_snapshot!(check("/v2/a/manifests/.x"), @r#"Manifest(Repository(a), Nothing(".x"))"#);
    }
}
