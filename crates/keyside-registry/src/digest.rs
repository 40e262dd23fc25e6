//! Content addresses: `sha256:…` and `sha512:…`, and the hashing that proves them.

use std::fmt;
use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256, SHA512};

/// The algorithms that clients may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    /// What everybody uses, and what manifests pushed by tag are filed under.
    Sha256,
    /// The other one that the image specification registers.
    Sha512,
}

impl Algorithm {
    /// Reads `sha256` or `sha512`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "sha256" => Some(Self::Sha256),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// The name as it stands before the colon.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// How many hexadecimal digits a digest has.
    fn digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

/// A digest with its algorithm.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digest {
    algorithm: Algorithm,
    hex: String,
}

impl Digest {
    /// Reads `algorithm:hex`; only lower-case digits of the right number are taken.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (algorithm, hex) = text.split_once(':')?;
        let algorithm = Algorithm::parse(algorithm)?;
        let fits = hex.len() == algorithm.digits()
            && hex
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        fits.then(|| Self {
            algorithm,
            hex: hex.to_owned(),
        })
    }

    /// The digest of these bytes.
    pub(crate) fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// The algorithm.
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The part after the colon.
    pub(crate) fn hex(&self) -> &str {
        &self.hex
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// A digest in the making.
pub(crate) struct Hasher {
    algorithm: Algorithm,
    context: Context,
}

impl Hasher {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let context = Context::new(match algorithm {
            Algorithm::Sha256 => &SHA256,
            Algorithm::Sha512 => &SHA512,
        });
        Self { algorithm, context }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    pub(crate) fn finish(self) -> Digest {
        Digest {
            algorithm: self.algorithm,
            hex: hex(self.context.finish().as_ref()),
        }
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string cannot fail");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_nothing_are_the_known_ones() {
        insta::assert_snapshot!(Digest::of(Algorithm::Sha256, b""), @"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert!(
            Digest::of(Algorithm::Sha512, b"")
                .to_string()
                .starts_with("sha512:cf83e1357eefb8bd")
        );
    }

    #[test]
    fn only_complete_lower_case_digests_are_read() {
        let good = Digest::of(Algorithm::Sha256, b"x").to_string();
        assert_eq!(Digest::parse(&good).expect("a digest").to_string(), good);
        for bad in [
            "",
            "sha256:",
            "sha256:abc",
            &good.to_uppercase(),
            &good.replace("sha256", "sha512"),
            &good.replace("sha256", "md5"),
            &format!("{good}0"),
        ] {
            assert!(Digest::parse(bad).is_none(), "{bad} is no digest");
        }
    }
}
