//! Encryption at rest: AES-256-GCM with a random nonce per record. What a record is (its revision, or its role) is
//! authenticated with it, so that records cannot be swapped.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// Bytes of a key.
const KEY_LEN: usize = 32;

/// A key, wiped when it is no longer needed.
pub(super) type Key = Zeroizing<[u8; KEY_LEN]>;

/// Seals and opens records with one key.
pub(super) struct Seal(RandomizedNonceKey);

/// A record is not what it should be: altered, swapped, or sealed with another key.
#[derive(Debug)]
pub(super) struct Broken;

impl Seal {
    pub(super) fn new(key: &Key) -> Self {
        Self(
            RandomizedNonceKey::new(&AES_256_GCM, key.as_slice())
                .expect("a key of 32 bytes is what AES-256 takes"),
        )
    }

    /// Nonce, ciphertext, tag.
    pub(super) fn seal(&self, role: &[u8], mut plain: Vec<u8>) -> Result<Vec<u8>, Broken> {
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(role), &mut plain)
            .map_err(|_| Broken)?;
        let mut out = Vec::with_capacity(NONCE_LEN + plain.len());
        out.extend_from_slice(nonce.as_ref());
        out.extend_from_slice(&plain);
        Ok(out)
    }

    pub(super) fn open(&self, role: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Broken> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(Broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Broken)?;
        let mut text = text.to_vec();
        let length = self
            .0
            .open_in_place(nonce, Aad::from(role), &mut text)
            .map_err(|_| Broken)?
            .len();
        text.truncate(length);
        Ok(text)
    }
}

/// A new random key.
pub(super) fn random() -> io::Result<Key> {
    let mut key = Key::default();
    rand::fill(key.as_mut_slice()).map_err(|_| io::Error::other("the system gives no random bytes"))?;
    Ok(key)
}

/// Writes a key to a new file that only its owner may read, durably.
pub(super) fn write(path: &Path, key: &Key) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let mut text = Zeroizing::new(String::with_capacity(2 * KEY_LEN + 1));
    for byte in key.iter() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).expect("four bits are a hexadecimal digit"));
        }
    }
    text.push('\n');
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    sync_folder(path)
}

/// Reads a key; `Ok(None)` if the file does not hold one.
pub(super) fn read(path: &Path) -> io::Result<Option<Key>> {
    let mut text = Zeroizing::new(String::new());
    File::open(path)?.take(1024).read_to_string(&mut text)?;
    let text = text.trim_end();
    if text.len() != 2 * KEY_LEN || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let mut key = Key::default();
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digit = |at: usize| {
            char::from(digits[at])
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        *byte = digit(0).unwrap_or(0) << 4 | digit(1).unwrap_or(0);
    }
    Ok(Some(key))
}

/// Whether others than the owner may read a file.
pub(super) fn is_exposed(path: &Path) -> io::Result<bool> {
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

/// A new file's name is durable only when its folder is.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_role_only() {
        let seal = Seal::new(&random().unwrap());
        let sealed = seal.seal(b"1", b"secret".to_vec()).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_eq!(seal.open(b"1", &sealed).unwrap(), b"secret");
        assert!(seal.open(b"2", &sealed).is_err());
        assert!(Seal::new(&random().unwrap()).open(b"1", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(seal.open(b"1", &altered).is_err(), "byte {at}");
        }
        assert!(seal.open(b"1", &sealed[..5]).is_err());
    }

    #[test]
    fn a_key_file_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.key");
        let key = random().unwrap();
        write(&path, &key).unwrap();
        assert!(!is_exposed(&path).unwrap());
        assert_eq!(read(&path).unwrap().unwrap(), key);
        assert!(write(&path, &key).is_err(), "a key is never overwritten");
        std::fs::write(&path, "short").unwrap();
        assert!(read(&path).unwrap().is_none());
    }
}
