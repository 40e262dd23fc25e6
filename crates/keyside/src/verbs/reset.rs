//! `keyside reset`: deletes the embedded cluster's data, after a question.

use super::Ended;
use crate::cli::{Confirm, Global};
use crate::connect;
use crate::failure::Failure;
use crate::output::Output;
use crate::state;
use std::io::{BufRead, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

/// What `up` writes into its folder, and all that `reset` deletes: a folder given by mistake loses nothing else.
pub(crate) const OURS: [&str; 10] = [
    "apiserver",
    "images",
    "kubeconfig",
    "pki",
    "registry",
    "registry-password",
    "ui-key",
    "up.json",
    "up.lock",
    "node",
];

pub(super) async fn run(global: &Global, confirm: &Confirm, output: &Output) -> Ended {
    let dir = global.data_dir.clone().map_or_else(state::default_dir, Ok)?;
    if connect::running(global)?.is_some() {
        return Err(Failure::new("the embedded cluster is running").hint("keyside down"));
    }
    if !dir.exists() {
        output.note(format!("nothing to delete: {} does not exist", dir.display()));
        return Ok(ExitCode::SUCCESS);
    }
    if !confirm.yes {
        ask(&dir)?;
    }
    for name in OURS {
        remove(&dir.join(name))?;
    }
    // The folder itself goes only when nothing else is in it.
    let _ = std::fs::remove_dir(&dir);
    output.note(format!("deleted the data in {}", dir.display()));
    Ok(ExitCode::SUCCESS)
}

fn remove(path: &Path) -> Result<(), Failure> {
    let result = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else {
        std::fs::remove_file(path)
    };
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::new(format!("{} cannot be deleted", path.display())).because(error))
        }
        _ => Ok(()),
    }
}

fn ask(dir: &Path) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(
            Failure::new("reset deletes data and there is no terminal to ask on").hint("keyside reset --yes"),
        );
    }
    crate::output::prompt(&format!(
        "Delete the embedded cluster's data in {}? [y/N] ",
        dir.display()
    ));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Failure::new("nothing was deleted"))
    }
}
