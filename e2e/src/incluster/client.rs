//! The programs that a person has, pointed at the bed's cluster.

use crate::cluster::{Bed, until};
use crate::tools;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// kubectl, helm and keyside, all as the administrator.
pub(super) struct Client<'a> {
    pub(super) bed: &'a Bed,
    pub(super) program: PathBuf,
    helm: PathBuf,
}

impl<'a> Client<'a> {
    pub(super) fn new(bed: &'a Bed, program: PathBuf) -> Result<Self> {
        let helm = tools::bin()?.join("helm");
        Ok(Self { bed, program, helm })
    }

    /// What kubectl says; an error if it fails.
    pub(super) fn kubectl(&self, line: &str) -> Result<String> {
        self.fed(line, "")
    }

    /// The same, with something to read.
    pub(super) fn fed(&self, line: &str, stdin: &str) -> Result<String> {
        said(line, run(self.bed.kubectl(&words(line)), stdin)?)
    }

    /// How kubectl ends, be it well or not.
    pub(super) fn tried(&self, line: &str) -> Result<Output> {
        run(self.bed.kubectl(&words(line)), "")
    }

    /// What kubectl reads, as JSON.
    pub(super) fn json(&self, line: &str) -> Result<Value> {
        serde_json::from_str(&self.kubectl(line)?).with_context(|| format!("kubectl {line}: no JSON"))
    }

    pub(super) fn helm(&self, line: &str) -> Result<String> {
        let mut command = self.program(&self.helm);
        command.args(words(line)).current_dir(crate::root());
        said(line, run(command, "")?)
    }

    pub(super) fn keyside(&self, line: &str, stdin: &str) -> Result<String> {
        let mut command = self.program(&self.program);
        command.args(words(line));
        said(line, run(command, stdin)?)
    }

    /// How keyside ends, be it well or not.
    pub(super) fn tried_keyside(&self, line: &str) -> Result<Output> {
        let mut command = self.program(&self.program);
        command.args(words(line));
        run(command, "")
    }

    /// A line as a person pastes it into a shell.
    pub(super) fn shell(&self, line: &str) -> Result<String> {
        self.fed_shell(line, "")
    }

    /// The same, with something to read.
    pub(super) fn fed_shell(&self, line: &str, stdin: &str) -> Result<String> {
        let own = self.program.parent().map(Path::to_path_buf).unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&tools::path()?)))?;
        let mut command = self.program(Path::new("sh"));
        command.args(["-c", line]).env("PATH", path);
        said(line, run(command, stdin)?)
    }

    /// Any program that is to see the cluster.
    pub(super) fn program(&self, program: &Path) -> Command {
        let mut command = self.bed.command_in_network(program);
        command.env("KUBECONFIG", self.bed.kubeconfig());
        command
    }

    /// Waits until a field of an object has a value.
    pub(super) fn until_field(&self, object: &str, path: &str, wanted: &[&str]) -> Result<()> {
        until(&format!("{object} ({path})"), || {
            let output = self.tried(&format!("get {object} --output=jsonpath={path}"))?;
            let value = String::from_utf8_lossy(&output.stdout);
            Ok(wanted.contains(&value.trim()).then_some(()))
        })
    }

    /// Waits until both replicas are ready.
    pub(super) fn until_ready(&self) -> Result<()> {
        self.kubectl(&format!(
            "rollout status deployment/keyside --namespace={} --timeout=300s",
            super::NAMESPACE
        ))?;
        self.until_field(
            &format!("deployment/keyside --namespace={}", super::NAMESPACE),
            "{.status.readyReplicas}",
            &["2"],
        )
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn run(mut command: Command, stdin: &str) -> Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let mut input = child.stdin.take().context("no input")?;
    // Who does not read it says why by how it ends.
    let _ = input.write_all(stdin.as_bytes());
    drop(input);
    Ok(child.wait_with_output()?)
}

fn said(line: &str, output: Output) -> Result<String> {
    if !output.status.success() {
        bail!(
            "{line}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}
