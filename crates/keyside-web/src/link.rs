//! One-time links of the embedded world. A code proves that its maker could read a key that only the owner of the data
//! folder can read; it works once, for five minutes, and travels in the fragment of a link, which no server log sees.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// How long a code works, in seconds.
pub const LIFETIME_SECONDS: u64 = 300;

const NONCE: usize = 16;
const SIGNED: usize = NONCE + 8;
const TAG: usize = 32;

/// Makes codes, and knows which of them were used.
pub struct LinkKey {
    key: Vec<u8>,
    used: Mutex<HashMap<[u8; NONCE], u64>>,
}

impl LinkKey {
    /// A key from random text, such as the content of a file of mode 0600.
    pub fn new(key: &str) -> Self {
        Self {
            key: key.as_bytes().to_vec(),
            used: Mutex::default(),
        }
    }

    /// A fresh code.
    pub fn code(&self) -> String {
        self.code_until(now().saturating_add(LIFETIME_SECONDS))
    }

    /// The path of a link with a fresh code.
    pub fn path(&self) -> String {
        format!("link#{}", self.code())
    }

    fn code_until(&self, end: u64) -> String {
        let mut bytes = uuid::Uuid::new_v4().into_bytes().to_vec();
        bytes.extend(end.to_be_bytes());
        let tag = self.mac(&bytes).finalize().into_bytes();
        bytes.extend(tag);
        BASE64.encode(bytes)
    }

    /// Whether the code is ours, still young, and used for the first time now.
    pub(super) fn redeem(&self, code: &str) -> bool {
        let Ok(bytes) = BASE64.decode(code.trim()) else {
            return false;
        };
        if bytes.len() != SIGNED + TAG {
            return false;
        }
        let (signed, tag) = bytes.split_at(SIGNED);
        if self.mac(signed).verify_slice(tag).is_err() {
            return false;
        }
        let (mut nonce, mut end) = ([0; NONCE], [0; 8]);
        nonce.copy_from_slice(&signed[..NONCE]);
        end.copy_from_slice(&signed[NONCE..]);
        let (end, now) = (u64::from_be_bytes(end), now());
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, end| *end > now);
        end > now && used.insert(nonce, end).is_none()
    }

    fn mac(&self, bytes: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(bytes);
        mac
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_works_once() {
        let key = LinkKey::new("k");
        let code = key.code();
        assert!(key.redeem(&code));
        assert!(!key.redeem(&code));
    }

    #[test]
    fn a_code_made_by_another_process_with_the_same_key_works() {
        assert!(LinkKey::new("k").redeem(&LinkKey::new("k").code()));
        assert!(!LinkKey::new("k").redeem(&LinkKey::new("other").code()));
    }

    #[test]
    fn an_old_or_changed_code_does_not_work() {
        let key = LinkKey::new("k");
        assert!(!key.redeem(&key.code_until(now())));
        let mut code = key.code();
        let last = if code.pop() == Some('A') { 'E' } else { 'A' };
        code.push(last);
        assert!(!key.redeem(&code));
        assert!(!key.redeem(""));
        assert!(!key.redeem("not base64!"));
    }
}
