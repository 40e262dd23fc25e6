//! What is kept secret: a byte string that never prints itself, and the credential made of it.
//!
//! User names are treated like passwords: many registries use account ids or robot names that are worth guessing with. The only
//! ways to the bytes are [`Secret::expose`] and [`Secret::expose_text`], so a search for `expose` finds every place that uses them.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::json;

/// A value that must not leak: redacted in `Debug`, wiped when dropped, compared in constant time.
///
/// Bytes, not text: the `auth` field of a docker config may decode to anything, and a password is kept byte for byte.
///
/// It cannot be printed, turned into text or serialised by accident:
///
/// ```compile_fail
/// println!("{}", keyside_keychain::Secret::from("s3cret"));
/// ```
/// ```compile_fail
/// let text: String = keyside_keychain::Secret::from("s3cret").to_string();
/// ```
/// ```compile_fail
/// serde_json::to_string(&keyside_keychain::Secret::from("s3cret"));
/// ```
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// The bytes themselves. Do not log, format or store them elsewhere.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text; what is not UTF-8 becomes U+FFFD, which is what a kubelet makes of it on its way to the runtime.
    pub fn expose_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// Whether the value is text, so that it can be written into a JSON string without loss.
    pub fn is_text(&self) -> bool {
        std::str::from_utf8(&self.0).is_ok()
    }

    /// Whether there is nothing inside.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of bytes, which may be shown where the value may not.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl From<&[u8]> for Secret {
    fn from(bytes: &[u8]) -> Self {
        Self::from(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

/// A user name and a password for one registry, with the e-mail address that old documents carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credential {
    /// The account, robot or token name.
    pub username: Secret,
    /// The password or token.
    pub password: Secret,
    /// Without meaning for a registry, but part of [`Credential::kubelet_hash`].
    pub email: Secret,
}

impl Credential {
    /// A credential without an e-mail address.
    pub fn new(username: impl Into<Secret>, password: impl Into<Secret>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
            email: Secret::default(),
        }
    }

    /// Whether neither user nor password is given: the kubelet tries such an entry as an anonymous pull.
    pub fn is_empty(&self) -> bool {
        self.username.is_empty() && self.password.is_empty()
    }

    /// Whether `user:password` can be split again: a colon in the user name cannot be told from the separator (RFC 7617).
    pub fn fits_basic_auth(&self) -> bool {
        !self.username.expose().contains(&b':')
    }

    /// `base64(user:password)`, as in an `Authorization: Basic` header and in the `auth` field of a docker config.
    pub fn basic_auth(&self) -> Secret {
        let mut joined = Zeroizing::new(Vec::with_capacity(self.username.len() + self.password.len() + 1));
        joined.extend_from_slice(self.username.expose());
        joined.push(b':');
        joined.extend_from_slice(self.password.expose());
        Secret::from(STANDARD.encode(&*joined))
    }

    /// The hash under which the kubelet remembers who pulled an image (KEP-2535, `hashAuthConfig` in
    /// `pkg/credentialprovider/keyring.go`): user, password and e-mail count, the registry does not.
    pub fn kubelet_hash(&self) -> String {
        let mut text = Zeroizing::new(Vec::from(*b"{"));
        for (name, value) in [
            ("username", &self.username),
            ("password", &self.password),
            ("email", &self.email),
        ] {
            if value.is_empty() {
                continue;
            }
            if text.len() > 1 {
                text.push(b',');
            }
            json::write_string(&mut text, name.as_bytes(), json::Escape::Html);
            text.push(b':');
            json::write_string(&mut text, value.expose(), json::Escape::Html);
        }
        text.push(b'}');
        Sha256::digest(&*text)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_user_nor_password_nor_mail() {
        let mut credential = Credential::new("robot-7", "s3cret");
        credential.email = Secret::from("a@b.example");
        let shown = format!("{credential:?} {:?}", Secret::from("s3cret"));
        for part in ["robot", "s3cret", "a@b"] {
            assert!(!shown.contains(part), "{part} leaks in {shown}");
        }
    }

    #[test]
    fn basic_auth_splits_at_the_first_colon() {
        assert_eq!(
            Credential::new("u", "p:a:s").basic_auth(),
            Secret::from("dTpwOmE6cw==")
        );
        assert!(Credential::new("u", "p:a:s").fits_basic_auth());
        assert!(!Credential::new("a:b", "c").fits_basic_auth());
    }

    #[test]
    fn an_empty_credential_hashes_like_an_empty_object() {
        assert_eq!(
            Credential::default().kubelet_hash(),
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
    }
}
