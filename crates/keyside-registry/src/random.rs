//! Randomness from the operating system.

use aws_lc_rs::rand;

use crate::digest::hex;

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct RandomError;

/// Fresh bytes for a key or a salt.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(bytes)
}

/// A name that nobody guesses: 32 hexadecimal digits.
pub(crate) fn hex_id() -> Result<String, RandomError> {
    Ok(hex(&bytes::<16>()?))
}
