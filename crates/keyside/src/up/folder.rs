//! The folder of the embedded world: who may read it, that only one process uses it, and what it tells others.

use crate::cli::Global;
use crate::failure::Failure;
use crate::state::{self, Ready};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// An opened folder, locked for this process.
pub(super) struct Folder {
    path: PathBuf,
    ephemeral: bool,
    /// Held as long as the process lives; the system frees it even after kill -9.
    _lock: File,
}

impl Folder {
    /// Makes the folder (0700) and locks it.
    pub(super) fn open(global: &Global, ephemeral: bool) -> Result<Self, Failure> {
        let path = match (&global.data_dir, ephemeral) {
            (Some(dir), _) => dir.clone(),
            (None, true) => std::env::temp_dir().join(format!("keyside-{}", std::process::id())),
            (None, false) => state::default_dir()?,
        };
        let unusable = |error: &dyn std::fmt::Display| {
            Failure::new(format!("the folder {} cannot be used", path.display()))
                .because(error)
                .hint("keyside up --data-dir DIR")
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(|error| unusable(&error))?;
        let path = path.canonicalize().map_err(|error| unusable(&error))?;
        close_to_others(&path).map_err(|error| unusable(&error))?;
        let lock = private_file(&path.join("up.lock"), false).map_err(|error| unusable(&error))?;
        if lock.try_lock().is_err() {
            let pid =
                state::running(&path).map_or_else(String::new, |ready| format!(" (process {})", ready.pid));
            return Err(Failure::new("the embedded cluster is already running")
                .because(format!("{} is in use{pid}", path.display()))
                .hint("keyside down"));
        }
        // What a killed process left would name the wrong process until this one is ready.
        let _ = std::fs::remove_file(state::ready_file(&path));
        Ok(Self {
            path,
            ephemeral,
            _lock: lock,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether objects and blobs stay in memory.
    pub(super) fn is_ephemeral(&self) -> bool {
        self.ephemeral
    }

    /// Makes a folder in it, for its owner only.
    pub(super) fn make(&self, dir: &Path) -> Result<(), Failure> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        Ok(())
    }

    /// Reads a secret kept in a file of mode 0600, or makes it with `create` the first time.
    pub(super) fn secret(&self, name: &str, create: impl FnOnce() -> String) -> Result<String, Failure> {
        let path = self.path.join(name);
        if let Ok(text) = std::fs::read_to_string(&path) {
            let text = text.trim_end().to_owned();
            if !text.is_empty() {
                return Ok(text);
            }
        }
        let text = create();
        write_private(&path, text.as_bytes())?;
        Ok(text)
    }

    /// Tells other processes where everything is.
    pub(super) fn announce(&self, ready: &Ready) -> Result<(), Failure> {
        let text = serde_json::to_string(ready).map_err(anyhow::Error::from)?;
        write_private(&state::ready_file(&self.path), text.as_bytes())
    }

    /// Takes the announcement back; an ephemeral world leaves nothing behind.
    pub(super) fn close(&self) {
        let _ = std::fs::remove_file(state::ready_file(&self.path));
        if self.ephemeral {
            for name in crate::verbs::OURS {
                let path = self.path.join(name);
                let _ = if path.is_dir() {
                    std::fs::remove_dir_all(&path)
                } else {
                    std::fs::remove_file(&path)
                };
            }
            let _ = std::fs::remove_dir(&self.path);
        }
    }
}

/// Takes a folder that was made for this (it is empty, or used by us before) from the eyes of others. A folder with other
/// things in it keeps its mode: every file of ours in it is for its owner only anyway.
fn close_to_others(path: &Path) -> std::io::Result<()> {
    let is_ours = path.join("up.lock").exists() || std::fs::read_dir(path)?.next().is_none();
    if is_ours {
        std::fs::set_permissions(path, Permissions::from_mode(0o700))
    } else {
        Ok(())
    }
}

/// Replaces the file in one step, so that no reader sees half of it.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let staged = path.with_extension("part");
    let mut file = private_file(&staged, true)?;
    file.write_all(bytes)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&staged, path)?;
    Ok(())
}

fn private_file(path: &Path, truncate: bool) -> std::io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(truncate)
        .mode(0o600)
        .open(path)
}
