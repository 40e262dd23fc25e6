//! Image references, read exactly as the kubelet and the runtimes read them.
//!
//! The rules are those of `ParseNormalizedNamed` in `github.com/distribution/reference` 0.6.0, which the kubelet calls in
//! `pkg/util/parsers/parsers.go`. Nothing is trimmed or repaired: an image that the kubelet refuses is refused here, in its words.

mod grammar;

use std::fmt;
use std::str::FromStr;

pub(crate) use grammar::{is_host, is_path};

/// The host that short names mean.
pub const DOCKER_HUB: &str = "docker.io";

/// An image reference in normal form, which remembers how it was written.
///
/// ```
/// use keyside_keychain::Reference;
/// let image = Reference::parse("nginx:1.27")?;
/// assert_eq!(image.host(), "docker.io");
/// assert_eq!(image.path(), "library/nginx");
/// assert_eq!(image.lookup(), "docker.io/library/nginx");
/// # Ok::<(), keyside_keychain::ReferenceError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    original: String,
    /// `host/path`, or the path alone where the host is empty.
    name: String,
    host_len: usize,
    tag: Option<String>,
    digest: Option<String>,
}

/// Why a text is no image reference. The messages are upstream's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// 64 hexadecimal digits could be an image id as well.
    #[error("invalid repository name ({0}), cannot specify 64-byte hexadecimal strings")]
    ImageId(String),
    /// The repository has upper-case letters; the name is what stands between host and tag.
    #[error("invalid reference format: repository name ({0}) must be lowercase")]
    UpperCase(String),
    /// Lower case throughout would make it a reference.
    #[error("repository name must be lowercase")]
    UpperCaseHost,
    /// Anything else that does not fit the grammar.
    #[error("invalid reference format")]
    Format,
    /// The path is longer than 255 characters.
    #[error("repository name must not be more than 255 characters")]
    TooLong,
    /// A digest that is neither sha256 nor sha384 nor sha512.
    #[error("unsupported digest algorithm")]
    DigestAlgorithm,
    /// A digest with too few or too many digits.
    #[error("invalid checksum digest length")]
    DigestLength,
    /// A digest with upper-case digits or an impossible algorithm name.
    #[error("invalid checksum digest format")]
    DigestFormat,
}

impl Reference {
    /// Reads a reference as written in a pod.
    ///
    /// # Errors
    /// Whatever makes the kubelet answer `InvalidImageName`; [`ReferenceError`] displays the same text.
    pub fn parse(image: &str) -> Result<Self, ReferenceError> {
        grammar::parse(image)
    }

    /// The text as written.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// The registry, with its port if one is written and with the case as written. `docker.io` for short names.
    ///
    /// Empty in one odd case: a host with an underscore, such as `my_registry.example.com/app`, is no host to the grammar but a valid
    /// first part of a path. [`Reference::lookup`] is right even then.
    pub fn host(&self) -> &str {
        &self.name[..self.host_len]
    }

    /// The repository without the host, `library/` included.
    pub fn path(&self) -> &str {
        self.name[self.host_len..].trim_start_matches('/')
    }

    /// The tag, if one is written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest with its algorithm, if one is written.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// What the kubelet looks up in its keyring and hands to a credential provider: host and path, without tag and digest.
    pub fn lookup(&self) -> &str {
        &self.name
    }

    /// What the kubelet asks the runtime to pull: the text as written, with `:latest` if there is neither tag nor digest.
    pub fn pull_string(&self) -> String {
        if self.tag.is_none() && self.digest.is_none() {
            format!("{}:latest", self.original)
        } else {
            self.original.clone()
        }
    }

    /// What containerd calls the image: the digest wins over the tag, and `latest` is added if there is neither.
    pub fn containerd_name(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => format!("{}@{digest}", self.name),
            (None, tag) => format!("{}:{}", self.name, tag.as_deref().unwrap_or("latest")),
        }
    }

    /// The shortest spelling that means the same, as docker shows it: `docker.io/library/nginx:1` is `nginx:1`.
    pub fn familiar(&self) -> String {
        let name = match self.name.strip_prefix("docker.io/") {
            Some(path) => match path.strip_prefix("library/") {
                Some(official) if !official.contains('/') => official,
                _ => path,
            },
            None => &self.name,
        };
        self.with_tag_and_digest(name)
    }

    /// What to ask the registry for: the digest if there is one, else the tag, else `latest`.
    pub fn identifier(&self) -> &str {
        self.digest().or(self.tag()).unwrap_or("latest")
    }

    /// Whether the image lives on Docker Hub.
    pub fn is_docker_hub(&self) -> bool {
        self.host() == DOCKER_HUB
    }

    fn with_tag_and_digest(&self, name: &str) -> String {
        let mut text = name.to_owned();
        for (separator, part) in [(':', &self.tag), ('@', &self.digest)] {
            if let Some(part) = part {
                text.push(separator);
                text.push_str(part);
            }
        }
        text
    }
}

/// The normal form: host, path, and tag and digest if written.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_tag_and_digest(&self.name))
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({self})")
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(image: &str) -> Result<Self, Self::Err> {
        Self::parse(image)
    }
}

#[cfg(test)]
mod tests;
