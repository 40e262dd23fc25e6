//! Why a store cannot be opened, and what to do about it.

use super::{FORMAT, Files};
use redb::{DatabaseError, StorageError};
use std::io;
use std::path::PathBuf;

/// Why a store cannot be opened, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{0} is in use by another process; stop that one first, or use another data folder")]
    Locked(PathBuf),
    /// A newer program wrote it.
    #[error(
        "{path} has format {found}, this program reads up to {FORMAT}; use the newer program that wrote it"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// There is data, but its key is gone.
    #[error(
        "{data} is encrypted and its key {key} is missing; restore the key file, or move the data file away to begin anew"
    )]
    MissingKey {
        /// The data file.
        data: PathBuf,
        /// The key file.
        key: PathBuf,
    },
    /// The key file holds something else.
    #[error("{0} does not hold a key; restore the key file this store was created with")]
    UnreadableKey(PathBuf),
    /// Others may read the key.
    #[error("{0} can be read by others; run: chmod 600 {0}")]
    ExposedKey(PathBuf),
    /// The key is not the one the data was written with.
    #[error("{key} is not the key of {data}; restore the key file this store was created with")]
    WrongKey {
        /// The data file.
        data: PathBuf,
        /// The key file.
        key: PathBuf,
    },
    /// The file is not as it was written.
    #[error("{path} is damaged ({detail}); restore it from a backup, or move it away to begin anew")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// Acknowledged changes are not in the file.
    #[error(
        "{path} ends at revision {found}, but {known} was acknowledged: its end is damaged, or it is a backup; if it is, remove {witness} to go on from there"
    )]
    Behind {
        /// The file.
        path: PathBuf,
        /// The newest revision in it.
        found: u64,
        /// The newest revision that was acknowledged.
        known: u64,
        /// The file that says so.
        witness: PathBuf,
    },
    /// The disk or the folder does not work.
    #[error("{path} cannot be opened: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The database library's reasons in our words.
pub(super) fn database_error(files: &Files, error: DatabaseError) -> OpenError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            OpenError::Locked(files.data.clone())
        }
        DatabaseError::UpgradeRequired(found) => OpenError::Newer {
            path: files.data.clone(),
            found: found.into(),
        },
        DatabaseError::Storage(error) => storage_error(files, error),
        error => files.damaged(error.to_string()),
    }
}

/// As [`database_error`].
pub(super) fn storage_error(files: &Files, error: StorageError) -> OpenError {
    let content = |kind| matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof);
    match error {
        StorageError::Io(source) if !content(source.kind()) => files.io(source),
        error => files.damaged(error.to_string()),
    }
}
