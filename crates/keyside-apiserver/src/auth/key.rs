//! The key that signs service account tokens, and the tokens' form: JWT with ES256.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;

/// A key pair for tokens; clones share it.
#[derive(Clone)]
pub struct TokenKey {
    pair: Arc<EcdsaKeyPair>,
    id: String,
}

impl TokenKey {
    /// Reads a P-256 key in PKCS#8 PEM; `None` if it is not one.
    #[must_use]
    pub fn from_pem(pem: &str) -> Option<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
        Self::from_pkcs8(der.secret_pkcs8_der())
    }

    /// A key that lives as long as the process.
    pub(super) fn ephemeral() -> Option<Self> {
        let der =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).ok()?;
        Self::from_pkcs8(der.as_ref())
    }

    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).ok()?;
        let public = pair.public_key().as_der().ok()?;
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(public.as_ref()));
        Some(Self {
            pair: Arc::new(pair),
            id,
        })
    }

    /// Tells this key from others (`kid`).
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A token with these claims; `None` only if the machine has no randomness.
    pub(super) fn sign(&self, claims: &Value) -> Option<String> {
        let header = json!({"alg": "ES256", "kid": self.id});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.pair.sign(&SystemRandom::new(), text.as_bytes()).ok()?;
        Some(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The claims of a token this key has signed.
    pub(super) fn verify(&self, token: &str) -> Option<Value> {
        let (text, signature) = token.rsplit_once('.')?;
        let (header, claims) = text.split_once('.')?;
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header["alg"] != "ES256" {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key().as_ref());
        public.verify(text.as_bytes(), &signature).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::TokenKey;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    #[test]
    fn only_what_the_key_signed_is_believed() {
        let key = TokenKey::ephemeral().unwrap();
        let other = TokenKey::ephemeral().unwrap();
        let token = key.sign(&json!({"sub": "a"})).unwrap();
        assert_eq!(key.verify(&token), Some(json!({"sub": "a"})));
        assert_eq!(other.verify(&token), None);
        let parts: Vec<&str> = token.split('.').collect();
        let forged = format!(
            "{}.{}.{}",
            parts[0],
            URL_SAFE_NO_PAD.encode(r#"{"sub":"b"}"#),
            parts[2]
        );
        assert_eq!(key.verify(&forged), None);
        let unsigned = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), parts[1]);
        assert_eq!(key.verify(&unsigned), None);
        assert_eq!(key.verify("a.b"), None);
    }
}
