//! Where the embedded world keeps its files, and how a second process finds the one that runs.

use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a running `keyside up` tells others, and prints with `-o json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ready {
    pub(crate) kubeconfig: PathBuf,
    pub(crate) api_server: String,
    pub(crate) registry: String,
    pub(crate) registry_user: String,
    pub(crate) registry_password_file: PathBuf,
    pub(crate) image: String,
    pub(crate) ui: String,
    pub(crate) metrics: String,
    pub(crate) data_dir: PathBuf,
    pub(crate) pid: u32,
}

/// The folder used when `--data-dir` is not given.
pub(crate) fn default_dir() -> Result<PathBuf, Failure> {
    if let Some(dir) = std::env::var_os("KEYSIDE_DATA_DIR").filter(|dir| !dir.is_empty()) {
        return Ok(PathBuf::from(dir));
    }
    if let Some(dir) = std::env::var_os("XDG_STATE_HOME").filter(|dir| !dir.is_empty()) {
        return Ok(Path::new(&dir).join("keyside"));
    }
    let home = std::env::var_os("HOME").filter(|dir| !dir.is_empty());
    let home = home.ok_or_else(|| {
        Failure::new("there is no folder to keep data in")
            .because("HOME is not set")
            .hint("keyside up --data-dir DIR")
    })?;
    Ok(Path::new(&home).join(".local/state/keyside"))
}

/// The file a running instance leaves in its data folder.
pub(crate) fn ready_file(dir: &Path) -> PathBuf {
    dir.join("up.json")
}

/// The instance that runs in this folder, if one does. A file left by a killed process does not count.
pub(crate) fn running(dir: &Path) -> Option<Ready> {
    let text = std::fs::read_to_string(ready_file(dir)).ok()?;
    let ready: Ready = serde_json::from_str(&text).ok()?;
    is_keyside(ready.pid).then_some(ready)
}

/// Whether the process lives and is a keyside: a number alone may have gone to another program.
fn is_keyside(pid: u32) -> bool {
    let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) else {
        return false;
    };
    line.split(|byte| *byte == 0).any(|argument| argument == b"up")
}
