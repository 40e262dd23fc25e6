//! The store on disk: a redb file with one record per change, in order of revision. The newest record of a key is its
//! current state; older ones are kept as long as history needs them. Appending to the right edge of one tree is the
//! cheapest durable write there is, and reading it from left to right at start rebuilds everything.

mod error;

pub use error::OpenError;

use super::journal::{Journal, JournalError};
use super::record::{self, Summary};
use super::seal::{self, Key, Seal};
use super::state::{Change, History, State};
use super::witness::Witness;
use error::{database_error, storage_error};
use redb::backends::FileBackend;
use redb::{
    Builder, Database, Durability, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition,
    TableError,
};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

/// Format of the file; raised by changes that older programs cannot read.
const FORMAT: u32 = 1;

/// The whole state is in memory; the file's own cache need not be large.
const CACHE: usize = 8 << 20;

/// Records nobody needs are removed this many at a time: each removal touches an old page.
const SWEEP: usize = 512;

const RECORDS: TableDefinition<u64, &[u8]> = TableDefinition::new("records");
const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

/// Where the files are.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) data: PathBuf,
    pub(super) key: PathBuf,
    pub(super) witness: PathBuf,
}

impl Files {
    /// The key lies beside the data, in a file of its own, so that one can be backed up without the other.
    pub(super) fn at(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            key: data.with_extension("key"),
            witness: data.with_extension("newest"),
        }
    }

    fn io(&self, source: io::Error) -> OpenError {
        OpenError::Io {
            path: self.data.clone(),
            source,
        }
    }

    pub(super) fn damaged(&self, detail: impl Into<String>) -> OpenError {
        OpenError::Damaged {
            path: self.data.clone(),
            detail: detail.into(),
        }
    }
}

/// Opens the store in a file, or creates it with a new key.
pub(super) fn open(files: &Files, history: History) -> Result<(State, Disk), OpenError> {
    let exists = std::fs::metadata(&files.data).is_ok_and(|data| data.len() > 0);
    let key = load_key(files, exists)?;
    if !exists {
        forget_witness(files)?;
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&files.data);
    let file = file.map_err(|error| files.io(error))?;
    seal::sync_folder(&files.data).map_err(|error| files.io(error))?;
    let backend = FileBackend::new(file).map_err(|error| database_error(files, error))?;
    let witness = Witness::open(&files.witness).map_err(|source| OpenError::Io {
        path: files.witness.clone(),
        source,
    })?;
    open_with(files, backend, Some(witness), &key, history)
}

/// What is known of an earlier store says nothing about a new one.
fn forget_witness(files: &Files) -> Result<(), OpenError> {
    match std::fs::remove_file(&files.witness) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(OpenError::Io {
            path: files.witness.clone(),
            source: error,
        }),
        _ => Ok(()),
    }
}

fn load_key(files: &Files, exists: bool) -> Result<Key, OpenError> {
    let io = |source| OpenError::Io {
        path: files.key.clone(),
        source,
    };
    match seal::read(&files.key) {
        Ok(Some(key)) => {
            if seal::is_exposed(&files.key).map_err(io)? {
                return Err(OpenError::ExposedKey(files.key.clone()));
            }
            Ok(key)
        }
        Ok(None) => Err(OpenError::UnreadableKey(files.key.clone())),
        Err(error) if error.kind() == io::ErrorKind::NotFound && exists => Err(OpenError::MissingKey {
            data: files.data.clone(),
            key: files.key.clone(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = seal::random().map_err(io)?;
            seal::write(&files.key, &key).map_err(io)?;
            Ok(key)
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(OpenError::UnreadableKey(files.key.clone()))
        }
        Err(error) => Err(io(error)),
    }
}

/// Opens the store in anything that behaves like a file. A damaged file is an error even where the database library
/// panics over it.
pub(super) fn open_with(
    files: &Files,
    backend: impl StorageBackend,
    witness: Option<Witness>,
    key: &Key,
    history: History,
) -> Result<(State, Disk), OpenError> {
    let opened = std::panic::catch_unwind(AssertUnwindSafe(|| load(files, backend, witness, key, history)));
    opened.unwrap_or_else(|_| Err(files.damaged("its pages do not fit together")))
}

fn load(
    files: &Files,
    backend: impl StorageBackend,
    witness: Option<Witness>,
    key: &Key,
    history: History,
) -> Result<(State, Disk), OpenError> {
    let seal = Seal::new(key);
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE).set_check_integrity_on_open(true);
    let database = builder
        .create_with_backend(backend)
        .map_err(|error| database_error(files, error))?;
    let summary = read_summary(files, &database, &seal)?;
    if let Some(known) = witness
        .as_ref()
        .and_then(Witness::newest)
        .filter(|known| *known > summary.newest)
    {
        let (path, witness) = (files.data.clone(), files.witness.clone());
        return Err(OpenError::Behind {
            path,
            found: summary.newest,
            known,
            witness,
        });
    }
    let mut state = State::new(history);
    state.loading(summary.compacted, summary.newest);
    let mut gone = read_records(files, &database, &seal, &summary, &mut state)?;
    gone.extend(state.forget());
    Ok((
        state,
        Disk {
            database,
            witness,
            seal,
            summary,
            gone,
        },
    ))
}

/// Reads all records into the state; returns revisions that are not needed.
fn read_records(
    files: &Files,
    database: &Database,
    seal: &Seal,
    summary: &Summary,
    state: &mut State,
) -> Result<Vec<u64>, OpenError> {
    let mut found = Summary::default();
    let mut gone = Vec::new();
    let transaction = database
        .begin_read()
        .map_err(|error| files.damaged(error.to_string()))?;
    let records = transaction
        .open_table(RECORDS)
        .map_err(|error| files.damaged(error.to_string()))?;
    for row in records.iter().map_err(|error| storage_error(files, error))? {
        let (revision, sealed) = row.map_err(|error| storage_error(files, error))?;
        let revision = revision.value();
        let change = record::open(seal, revision, sealed.value())
            .map_err(|_| files.damaged(format!("record {revision} is not authentic")))?;
        found.add(revision);
        if revision > summary.compacted {
            state.apply(change);
        } else {
            gone.extend(state.load(change));
        }
    }
    if found.agrees(summary) {
        Ok(gone)
    } else {
        Err(files.damaged("records are missing"))
    }
}

/// What records there must be; a new file gets its first summary.
fn read_summary(files: &Files, database: &Database, seal: &Seal) -> Result<Summary, OpenError> {
    let transaction = database
        .begin_read()
        .map_err(|error| files.damaged(error.to_string()))?;
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::TableDoesNotExist(_)) => {
            drop(transaction);
            let first = Summary::default();
            create(database, seal, &first).map_err(|error| files.io(io::Error::other(error)))?;
            return Ok(first);
        }
        Err(error) => return Err(files.damaged(error.to_string())),
    };
    let get = |name: &str| {
        let value = meta.get(name).map_err(|error| storage_error(files, error))?;
        value
            .map(|value| value.value().to_vec())
            .ok_or_else(|| files.damaged(format!("its {name} is missing")))
    };
    let format = get("format")?;
    let found = format
        .try_into()
        .map(u32::from_be_bytes)
        .map_err(|_| files.damaged("its format is unreadable"))?;
    if found > FORMAT {
        return Err(OpenError::Newer {
            path: files.data.clone(),
            found,
        });
    }
    let wrong_key = |_| OpenError::WrongKey {
        data: files.data.clone(),
        key: files.key.clone(),
    };
    // The check value has no other content, so that a wrong key and a damaged summary can be told apart.
    seal.open(b"keyside store check", &get("check")?)
        .map_err(wrong_key)?;
    Summary::open(seal, &get("summary")?).map_err(|_| files.damaged("its summary is not authentic"))
}

fn create(database: &Database, seal: &Seal, first: &Summary) -> Result<(), JournalError> {
    let sealed = |broken| broken_seal(&broken);
    let transaction = database.begin_write().map_err(failed)?;
    {
        let mut meta = transaction.open_table(META).map_err(failed)?;
        meta.insert("format", FORMAT.to_be_bytes().as_slice())
            .map_err(failed)?;
        let check = seal.seal(b"keyside store check", Vec::new()).map_err(sealed)?;
        meta.insert("check", check.as_slice()).map_err(failed)?;
        meta.insert("summary", first.seal(seal).map_err(sealed)?.as_slice())
            .map_err(failed)?;
        transaction.open_table(RECORDS).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

/// The durable log.
pub(super) struct Disk {
    database: Database,
    witness: Option<Witness>,
    seal: Seal,
    summary: Summary,
    /// Revisions nobody can ask for any more.
    gone: Vec<u64>,
}

impl Journal for Disk {
    fn append(&mut self, changes: &[Change], gone: &[u64], compacted: u64) -> Result<(), JournalError> {
        self.gone.extend_from_slice(gone);
        let sweep = self.gone.len() >= SWEEP;
        let mut summary = self.summary;
        let mut transaction = self.database.begin_write().map_err(failed)?;
        transaction
            .set_durability(Durability::Immediate)
            .map_err(failed)?;
        {
            let mut records = transaction.open_table(RECORDS).map_err(failed)?;
            for change in changes {
                let sealed = record::seal(&self.seal, change).map_err(|broken| broken_seal(&broken))?;
                records
                    .insert(change.revision, sealed.as_slice())
                    .map_err(failed)?;
                summary.add(change.revision);
                summary.newest = change.revision;
            }
            if sweep {
                for revision in &self.gone {
                    if records.remove(revision).map_err(failed)?.is_some() {
                        summary.remove(*revision);
                    }
                }
                // Only now: history up to here may be incomplete from this transaction on, not before.
                summary.compacted = compacted;
            }
            let mut meta = transaction.open_table(META).map_err(failed)?;
            let sealed = summary.seal(&self.seal).map_err(|broken| broken_seal(&broken))?;
            meta.insert("summary", sealed.as_slice()).map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        self.summary = summary;
        if sweep {
            self.gone.clear();
        }
        if let Some(Err(error)) = self
            .witness
            .as_ref()
            .map(|witness| witness.remember(summary.newest))
        {
            // What was written is durable; only the memory of it is not, and that may lag.
            tracing::warn!(%error, "the newest revision could not be noted beside the store");
        }
        Ok(())
    }
}

fn failed(error: impl std::fmt::Display) -> JournalError {
    JournalError(error.to_string())
}

fn broken_seal(_: &seal::Broken) -> JournalError {
    JournalError("a record could not be encrypted".to_owned())
}

#[cfg(test)]
mod tests;
