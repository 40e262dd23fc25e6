//! Passwords at rest: PBKDF2 with HMAC-SHA-256 and a salt of their own.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2::{PBKDF2_HMAC_SHA256, derive, verify};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::random::{self, RandomError};

/// OWASP's recommendation for this function (Password Storage Cheat Sheet).
pub(crate) const ITERATIONS: NonZeroU32 = NonZeroU32::new(600_000).expect("it is not zero");

/// What is kept of a password.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Hashed {
    iterations: NonZeroU32,
    salt: String,
    hash: String,
}

impl Hashed {
    /// Hashes a password. Slow on purpose: call it where blocking is fine.
    pub(crate) fn new(password: &str, iterations: NonZeroU32) -> Result<Self, RandomError> {
        let salt: [u8; 16] = random::bytes()?;
        let mut hash = [0; 32];
        derive(
            PBKDF2_HMAC_SHA256,
            iterations,
            &salt,
            password.as_bytes(),
            &mut hash,
        );
        Ok(Self {
            iterations,
            salt: STANDARD.encode(salt),
            hash: STANDARD.encode(hash),
        })
    }

    /// Whether this is the password; the comparison takes the same time for every wrong one.
    pub(crate) fn fits(&self, password: &str) -> bool {
        let (Ok(salt), Ok(hash)) = (STANDARD.decode(&self.salt), STANDARD.decode(&self.hash)) else {
            return false;
        };
        verify(
            PBKDF2_HMAC_SHA256,
            self.iterations,
            &salt,
            password.as_bytes(),
            &hash,
        )
        .is_ok()
    }
}
