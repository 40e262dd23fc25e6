//! The tests' own program: it installs what they need, runs them all, and runs the referees that are not ours.
//!
//! `cargo e2e tools` installs, `cargo e2e test` installs and runs every test, `cargo e2e conformance` runs
//! Kubernetes' own conformance tests against `keyside up`, `cargo e2e cluster` runs our own suite on a real Kubernetes,
//! `cargo e2e image` makes keyside's image, `cargo e2e incluster` runs it in a real cluster.

mod cluster;
mod conformance;
mod figures;
mod fuzz;
mod image;
mod incluster;
mod protobuf;
mod tools;

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ended = match arguments.first().map(String::as_str) {
        Some("tools") => tools::install(),
        Some("test") => test(&arguments[1..]),
        Some("conformance") => conformance::run(&arguments[1..]),
        Some("cluster") => cluster::run(&arguments[1..]),
        Some("record") => cluster::record(),
        Some(name @ ("rotation" | "admission")) => cluster::bench(name, &arguments[1..]),
        Some("image") => image::run(&arguments[1..]),
        Some("incluster") => incluster::run(&arguments[1..]),
        Some("footprint") => incluster::footprint(),
        Some("figures") => figures::run(),
        Some("fuzz") => fuzz::run(&arguments[1..]),
        Some("protobuf") => protobuf::run(),
        _ => Err(anyhow::anyhow!(
            "usage: cargo e2e tools | test [cargo test arguments] | cluster [--hold] [--node | --no-node] [-- test arguments] \
             | record | rotation [cargo bench arguments] | admission [cargo bench arguments] | conformance [--embedded|--real] [--focus TEXT] [--all] \
             | image [--out DIR] [--push HOST/REPO:TAG [--login USER --password-stdin]] | fuzz [--seconds N] [TARGET] \
             | figures | footprint | incluster [STEP] | protobuf"
        )),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Installs the tools and runs every test of the workspace with them on the path.
fn test(arguments: &[String]) -> Result<()> {
    tools::install()?;
    let mut command = cargo("test");
    command
        .args(["--workspace", "--no-fail-fast"])
        .args(arguments)
        .env("PATH", tools::path()?);
    succeed(&mut command)
}

/// A cargo command in the workspace's root.
fn cargo(verb: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.arg(verb).current_dir(root());
    command
}

/// The workspace's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

/// Runs to the end; anything but success is an error that names the command.
fn succeed(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    if !status.success() {
        let arguments: Vec<_> = command
            .get_args()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect();
        bail!(
            "{} {} ended with {status}",
            command.get_program().display(),
            arguments.join(" ")
        );
    }
    Ok(())
}

/// A line for whoever watches.
#[expect(
    clippy::print_stderr,
    reason = "this program talks to people on a terminal or in a log"
)]
fn say(text: &str) {
    eprintln!("{text}");
}
