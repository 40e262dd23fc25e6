//! From the key in a document to what is compared.
//!
//! A key is parsed as a URL when it is added, and the result is parsed as a URL again at every lookup. The second time matters for
//! escapes only (`%2561` ends as `a`), but then it decides.

use crate::glob;
use crate::url::{self, Location, UrlError};

/// What the kubelet files a key under: without scheme, user, query, fragment and one leading `/v1` or `/v2`.
///
/// # Errors
/// The key is no URL; the kubelet ignores it. Characters that are no text are shown as U+FFFD.
pub fn index_key(key: &str) -> Result<String, UrlError> {
    to_bytes(key).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) fn to_bytes(key: &str) -> Result<Vec<u8>, UrlError> {
    let schemeless = key
        .strip_prefix("https://")
        .or(key.strip_prefix("http://"))
        .unwrap_or(key);
    let Location {
        host: mut index_key,
        path,
    } = url::parse(schemeless.as_bytes())?;
    let has_version = path.starts_with(b"/v1/") || path.starts_with(b"/v2/");
    let path = if has_version { &path[3..] } else { &path };
    if path != b"/" {
        index_key.extend_from_slice(path);
    }
    Ok(index_key)
}

/// Whether a pattern serves an image, as the kubelet compares keyring keys and the `matchImages` of a credential provider
/// (`URLsMatch`). A pattern is taken as it is: without scheme, and with `/v2/` as a path like any other.
///
/// # Errors
/// One of the two is no URL; the kubelet then takes it as no match.
///
/// ```
/// use keyside_keychain::keyring::urls_match;
/// assert!(urls_match("*.dkr.ecr.*.amazonaws.com", "123.dkr.ecr.us-east-1.amazonaws.com/app")?);
/// assert!(!urls_match("*", "quay.io/app")?);
/// # Ok::<(), keyside_keychain::keyring::UrlError>(())
/// ```
pub fn urls_match(pattern: &str, target: &str) -> Result<bool, UrlError> {
    Ok(Glob::parse(pattern.as_bytes())?.matches(&Glob::parse(target.as_bytes())?))
}

/// A parsed index key or lookup.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    labels: Vec<Vec<u8>>,
    port: Vec<u8>,
    path: Vec<u8>,
}

impl Glob {
    pub(super) fn parse(schemeless: &[u8]) -> Result<Self, UrlError> {
        let Location { host, path } = url::parse(schemeless)?;
        let (name, port) = url::split_port(&host);
        let labels = name.split(|&b| b == b'.').map(<[u8]>::to_vec).collect();
        Ok(Self {
            labels,
            port: port.to_vec(),
            path,
        })
    }

    pub(super) fn matches(&self, target: &Self) -> bool {
        self.port == target.port
            && self.labels.len() == target.labels.len()
            && target.path.starts_with(&self.path)
            && self
                .labels
                .iter()
                .zip(&target.labels)
                .all(|(pattern, label)| glob::matches(pattern, label))
    }
}
