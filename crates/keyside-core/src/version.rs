//! Fingerprints that stand in the open, on copies and in statuses.
//!
//! A bare hash of a password lets anybody check guesses offline. So every fingerprint is keyed with the install key: it
//! says whether two contents are equal and nothing else.

use crate::names::hex;
use hmac::{Hmac, KeyInit as _, Mac as _};
use keyside_keychain::Secret;
use sha2::Sha256;
use std::fmt;

/// The key of this installation: 32 random bytes that never leave its Secret.
#[derive(Clone)]
pub struct InstallKey(Secret);

impl InstallKey {
    /// How many bytes a key has.
    pub const LEN: usize = 32;

    /// The key with these bytes; `None` if they are too few to be one.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= Self::LEN).then(|| Self(Secret::from(bytes)))
    }

    /// The keyed hash of some parts. `purpose` keeps fingerprints of different things apart even if their bytes agree.
    fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 16] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose()).expect("a key of any length is taken");
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes()[..16]
            .try_into()
            .expect("the hash has 32 bytes")
    }

    /// The version of a delivered document.
    pub fn version(&self, document: &Secret) -> Version {
        Version(self.mac("copy", &[document.expose()]))
    }

    /// The fingerprint of what a source Secret holds, as one object: a Secret made anew counts as entered anew.
    pub fn content(&self, uid: &str, values: &[(&str, &[u8])]) -> Version {
        let mut parts = vec![uid.as_bytes()];
        for (key, value) in values {
            parts.extend([key.as_bytes(), *value]);
        }
        Version(self.mac("source", &parts))
    }

    /// The fingerprint of what is verified: content, and how it is tested.
    pub fn subject(&self, parts: &[&str]) -> Version {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        Version(self.mac("verify", &parts))
    }

    /// The fingerprint of where a credential may be sent.
    pub fn destination(&self, parts: &[&str]) -> Version {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        Version(self.mac("destination", &parts))
    }
}

impl fmt::Debug for InstallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstallKey([redacted])")
    }
}

/// A keyed hash, displayed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version([u8; 16]);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> InstallKey {
        InstallKey::new(&[byte; 32]).unwrap()
    }

    #[test]
    fn r06_version_depends_on_the_install_key() {
        let document = Secret::from("{}");
        assert_ne!(key(1).version(&document), key(2).version(&document));
        assert_eq!(key(1).version(&document), key(1).version(&document));
    }

    #[test]
    fn r06_weak_password_cannot_be_guessed_from_the_version() {
        use sha2::Digest as _;
        let document = Secret::from("hunter2");
        let version = key(1).version(&document).to_string();
        let bare = hex(&Sha256::digest(document.expose()));
        assert!(!bare.contains(&version));
    }

    #[test]
    fn parts_cannot_slide_into_each_other() {
        assert_ne!(key(1).destination(&["ab", "c"]), key(1).destination(&["a", "bc"]));
        assert_ne!(key(1).destination(&["a"]), key(1).content("a", &[]));
    }

    #[test]
    fn short_key_is_no_key() {
        assert!(InstallKey::new(b"short").is_none());
        assert!(!format!("{:?}", key(b'x')).contains('x'));
    }
}
