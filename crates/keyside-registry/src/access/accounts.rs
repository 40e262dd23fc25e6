//! Accounts: names with a password and rights, kept in the store.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::password::{Hashed, ITERATIONS};
use super::rights::Rights;
use crate::digest::hex;
use crate::random::{self, RandomError};
use crate::store::{Store, StoreError};

const FOLDER: &str = "accounts";
/// Twice as many hexadecimal digits have to fit into a file name.
const MAX_NAME: usize = 120;
/// How many passwords are remembered as right, so that not every request of a pull costs a slow hash.
const REMEMBERED: usize = 4096;
/// How many slow hashes run at a time; more would starve everything else of processors.
const HASHING: usize = 2;

/// Why an account could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name is empty, too long, or could not be sent in a header.
    #[error("an account name has 1 to {MAX_NAME} bytes, no colon and no control characters")]
    Name,
    /// There is no account of this name.
    #[error("there is no such account")]
    Unknown,
    /// The account's object cannot be read.
    #[error("the account is damaged")]
    Damaged,
    /// The store failed.
    #[error("cannot reach the accounts")]
    Store(#[from] StoreError),
    /// No salt could be made.
    #[error("cannot protect the password")]
    Random(#[from] RandomError),
    /// The thread that hashes died.
    #[error("cannot hash the password")]
    Hash,
}

/// What is known of somebody who has proved to be it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    name: String,
    password: Hashed,
    pub(crate) rights: Rights,
    /// Another one after every change, so that tokens given out before no longer count.
    pub(crate) generation: String,
}

/// The accounts of a registry. Clones are the same accounts; so are those of every other process over the same store.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    iterations: NonZeroU32,
    shared: Arc<Shared>,
}

struct Shared {
    /// Fingerprints of passwords that were right, under a key that dies with the process.
    right: Mutex<HashSet<[u8; 32]>>,
    key: hmac::Key,
    hashing: Semaphore,
}

impl Accounts {
    pub(crate) fn new(store: Store, iterations: Option<NonZeroU32>) -> Result<Self, RandomError> {
        Ok(Self {
            store,
            iterations: iterations.unwrap_or(ITERATIONS),
            shared: Arc::new(Shared {
                right: Mutex::default(),
                key: hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>()?),
                hashing: Semaphore::new(HASHING),
            }),
        })
    }

    /// Makes an account, or replaces it: from the next request on only this password and these rights count.
    ///
    /// # Errors
    /// [`AccountError::Name`] for a name that cannot be used, otherwise what the store says.
    pub async fn set(&self, name: &str, password: &str, rights: Rights) -> Result<(), AccountError> {
        let key = key(name)?;
        let account = Account {
            name: name.to_owned(),
            password: self.hash(password).await?,
            rights,
            generation: random::hex_id()?,
        };
        Ok(self.store.write(&key, account.json()).await?)
    }

    /// Changes a password. The old one and every token that was given for it stop working at once.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] if there is no such account.
    pub async fn set_password(&self, name: &str, password: &str) -> Result<(), AccountError> {
        let account = self.find(name).await?.ok_or(AccountError::Unknown)?;
        self.set(name, password, account.rights).await
    }

    /// Changes what an account may do.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] if there is no such account.
    pub async fn set_rights(&self, name: &str, rights: Rights) -> Result<(), AccountError> {
        let mut account = self.find(name).await?.ok_or(AccountError::Unknown)?;
        account.rights = rights;
        account.generation = random::hex_id()?;
        Ok(self.store.write(&key(name)?, account.json()).await?)
    }

    /// Removes an account; `false` if there is none.
    ///
    /// # Errors
    /// What the store says.
    pub async fn remove(&self, name: &str) -> Result<bool, AccountError> {
        Ok(self.store.delete(&key(name)?).await?)
    }

    /// The names of all accounts, in byte order.
    ///
    /// # Errors
    /// What the store says.
    pub async fn names(&self) -> Result<Vec<String>, AccountError> {
        let mut names = Vec::new();
        for object in self.store.list(FOLDER).await?.objects {
            if let Some(bytes) = self.store.read(&format!("{FOLDER}/{object}")).await? {
                let account: Account = serde_json::from_slice(&bytes).map_err(|_| AccountError::Damaged)?;
                names.push(account.name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// The account, if the password is right. A wrong name takes as long as a wrong password.
    pub(crate) async fn verify(&self, name: &str, password: &str) -> Result<Option<Account>, AccountError> {
        let account = match self.find(name).await {
            Ok(account) => account,
            Err(AccountError::Name) => None,
            Err(error) => return Err(error),
        };
        let Some(account) = account else {
            self.hash(password).await?;
            return Ok(None);
        };
        let fingerprint = self.fingerprint(&account, password);
        if self.remembers(&fingerprint) {
            return Ok(Some(account));
        }
        let _turn = self
            .shared
            .hashing
            .acquire()
            .await
            .map_err(|_| AccountError::Hash)?;
        // Others may have asked the same while this one waited for its turn.
        if self.remembers(&fingerprint) {
            return Ok(Some(account));
        }
        let (hashed, text) = (account.password.clone(), password.to_owned());
        let fits = tokio::task::spawn_blocking(move || hashed.fits(&text)).await;
        if !fits.map_err(|_| AccountError::Hash)? {
            return Ok(None);
        }
        self.remember(fingerprint);
        Ok(Some(account))
    }

    pub(crate) async fn find(&self, name: &str) -> Result<Option<Account>, AccountError> {
        let Some(bytes) = self.store.read(&key(name)?).await? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|_| AccountError::Damaged)
    }

    async fn hash(&self, password: &str) -> Result<Hashed, AccountError> {
        let _turn = self
            .shared
            .hashing
            .acquire()
            .await
            .map_err(|_| AccountError::Hash)?;
        let (password, iterations) = (password.to_owned(), self.iterations);
        let hashed = tokio::task::spawn_blocking(move || Hashed::new(&password, iterations)).await;
        Ok(hashed.map_err(|_| AccountError::Hash)??)
    }

    /// The generation is part of it, so what is remembered about an account dies with the account's next change.
    fn fingerprint(&self, account: &Account, password: &str) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.shared.key);
        context.update(account.generation.as_bytes());
        context.update(password.as_bytes());
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(context.sign().as_ref());
        fingerprint
    }

    fn remembers(&self, fingerprint: &[u8; 32]) -> bool {
        let right = self.shared.right.lock().unwrap_or_else(PoisonError::into_inner);
        right.contains(fingerprint)
    }

    fn remember(&self, fingerprint: [u8; 32]) {
        let mut right = self.shared.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right.len() >= REMEMBERED {
            right.clear();
        }
        right.insert(fingerprint);
    }
}

impl Account {
    fn json(&self) -> bytes::Bytes {
        serde_json::to_vec(self)
            .expect("plain structures of strings and numbers can always be written")
            .into()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

fn key(name: &str) -> Result<String, AccountError> {
    let fits =
        (1..=MAX_NAME).contains(&name.len()) && !name.contains(':') && !name.contains(char::is_control);
    fits.then(|| format!("{FOLDER}/{}", hex(name.as_bytes())))
        .ok_or(AccountError::Name)
}
