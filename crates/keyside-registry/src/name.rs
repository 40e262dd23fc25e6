//! The two names that clients choose: repositories and tags.
//!
//! Both grammars are those of the OCI distribution specification ("Pulling manifests"). Everything that becomes part of a key in the
//! store passes through here, so that no path can be made to point elsewhere.

use std::fmt;

/// The longest repository name: what remains of 255 characters is for the host.
const MAX_REPOSITORY: usize = 255;
const MAX_TAG: usize = 128;

/// A repository such as `team/app`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Repository(String);

impl Repository {
    /// Reads a name: parts of lower-case letters and digits, joined by `.`, `_`, `__` or dashes, separated by `/`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fits = text.len() <= MAX_REPOSITORY && text.split('/').all(is_part);
        fits.then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Repository({})", self.0)
    }
}

/// A tag such as `v1.2`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Tag(String);

impl Tag {
    /// Reads a tag: at most 128 of `[A-Za-z0-9_.-]`, not beginning with `.` or `-`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = text.bytes();
        let first = bytes.next()?;
        let fits = text.len() <= MAX_TAG
            && is_word(first)
            && bytes.all(|byte| is_word(byte) || b".-".contains(&byte));
        fits.then(|| Self(text.to_owned()))
    }

    /// The tag as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_part(part: &str) -> bool {
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    alphanumeric(first)
        && alphanumeric(last)
        && part
            .split(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit())
            .all(|joint| matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|byte| byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_names_follow_the_specification() {
        for good in ["a", "team/app", "a.b/c_d/e__f/g---h", "0/1", "library/nginx"] {
            assert!(Repository::parse(good).is_some(), "{good} is a name");
        }
        for bad in [
            "", "/", "a/", "/a", "a//b", "A", "a/../b", ".", "..", "_a", "a_", "a___b", "a..b", "a._b",
            "a b", "ä", "a:b", "_uploads",
        ] {
            assert!(Repository::parse(bad).is_none(), "{bad} is no name");
        }
        assert!(Repository::parse(&"a".repeat(255)).is_some());
        assert!(Repository::parse(&"a".repeat(256)).is_none());
    }

    #[test]
    fn tags_follow_the_specification() {
        for good in ["1", "_", "v1.2-rc_3", "LATEST"] {
            assert!(Tag::parse(good).is_some(), "{good} is a tag");
        }
        for bad in ["", ".a", "-a", "a/b", "a b", "a+b", "a\n", "ä"] {
            assert!(Tag::parse(bad).is_none(), "{bad:?} is no tag");
        }
        assert!(Tag::parse(&"a".repeat(128)).is_some());
        assert!(Tag::parse(&"a".repeat(129)).is_none());
    }
}
