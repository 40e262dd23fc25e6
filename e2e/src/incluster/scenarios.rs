//! The scenarios of the embedded world, this time against the replicas in containers.

use super::Client;
use anyhow::{Context as _, Result, bail};
use std::process::Stdio;

pub(super) fn run(client: &Client<'_>) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = client.program(cargo.as_ref());
    command
        .current_dir(crate::root())
        .args([
            "test",
            "--quiet",
            "--package",
            "keyside-server",
            "--test",
            "scenarios",
        ])
        .envs(client.bed.environment())
        .env("KEYSIDE_DEPLOYED", "1")
        .stderr(Stdio::null());
    let output = command.output().context("cannot start cargo")?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("{}\n{said}", output.status);
    }
    let skipped = said.lines().filter(|line| line.contains("skipped: ")).count();
    let result = said.lines().rev().find(|line| line.starts_with("test result"));
    Ok(format!(
        "{}; {skipped} of them need a keyside of their own and did nothing",
        result.unwrap_or_default()
    ))
}
