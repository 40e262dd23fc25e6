//! The folder of one bed. Whoever runs a bed holds a lock on a file in it, so a folder whose lock is free belongs to a bed
//! that is gone: the kernel has ended its programs, and what is left on disk is removed at the next start.

use super::kernel;
use anyhow::{Context, Result};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// A locked folder, removed with this value.
pub(super) struct Folder {
    path: PathBuf,
    keep: bool,
    _lock: File,
}

impl Folder {
    /// Removes what gone beds have left, and makes a new folder.
    pub(super) fn new(beds: &Path) -> Result<Self> {
        std::fs::create_dir_all(beds).with_context(|| format!("cannot make {}", beds.display()))?;
        remove_stale(beds)?;
        let mut number = std::process::id();
        loop {
            let path = beds.join(number.to_string());
            match std::fs::create_dir(&path) {
                Ok(()) => {
                    let lock = File::create(path.join("lock"))?;
                    lock.lock()?;
                    return Ok(Self {
                        path,
                        keep: false,
                        _lock: lock,
                    });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error).with_context(|| format!("cannot make {}", path.display())),
            }
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A folder in it.
    pub(super) fn make(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(path)
    }

    /// Writes a file in it.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Leaves the logs behind for whoever wants to know why something failed.
    pub(super) fn keep(&mut self) {
        self.keep = true;
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        kernel::restore(&self.path);
        if !self.keep {
            remove(&self.path);
        }
    }
}

/// Removes the folders of beds that are gone. One made this very moment has no lock file yet and is left alone.
fn remove_stale(beds: &Path) -> Result<()> {
    for entry in std::fs::read_dir(beds)? {
        let path = entry?.path();
        let Ok(lock) = File::open(path.join("lock")) else {
            continue;
        };
        match lock.try_lock() {
            Ok(()) => {
                kernel::restore(&path);
                remove(&path);
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The lock file last: as long as it is there, the rest is found and removed at the next start.
fn remove(path: &Path) {
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name() == "lock" {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let _ = std::fs::remove_dir_all(&path);
        } else {
            let _ = std::fs::remove_file(&path);
        }
    }
    if std::fs::read_dir(path).is_ok_and(|left| left.count() <= 1) {
        let _ = std::fs::remove_dir_all(path);
    }
}
