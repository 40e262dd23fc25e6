//! The two worlds that the tests are run against.

use crate::cluster::Bed;
use crate::{root, tools};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What is tested.
pub(super) enum World {
    /// `keyside up`.
    Embedded(Embedded),
    /// The Kubernetes that the tests were made for.
    Real(Box<Bed>),
}

impl World {
    pub(super) fn embedded(dir: &Path) -> Result<Self> {
        Ok(Self::Embedded(Embedded::start(dir)?))
    }

    pub(super) fn real() -> Result<Self> {
        Ok(Self::Real(Box::new(Bed::with_node()?)))
    }

    /// A run of the named tests; outcomes go to `report`, what they say beside it.
    pub(super) fn tests(&self, program: &Path, names: &[&str], report: &Path) -> Result<Command> {
        let focus: Vec<String> = names
            .iter()
            .map(|name| format!("{} \\[Conformance\\]", escape(name)))
            .collect();
        let log = std::fs::File::create(report.with_extension("log"))?;
        let (mut command, kubeconfig) = match self {
            Self::Embedded(embedded) => (Command::new(program), embedded.kubeconfig.as_path()),
            Self::Real(bed) => (bed.command_in_network(program), bed.kubeconfig()),
        };
        command
            .arg(format!("--kubeconfig={}", kubeconfig.display()))
            .args([
                "--provider=local",
                "--allowed-not-ready-nodes=10",
                "--ginkgo.v",
                "--ginkgo.no-color",
            ])
            .arg(format!(
                "--kubectl-path={}",
                tools::bin()?.join("kubectl").display()
            ))
            .arg(format!("--ginkgo.focus={}", focus.join("|")))
            .arg(format!("--ginkgo.junit-report={}", report.display()))
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(command)
    }
}

/// Quotes what a regular expression would read as its own.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `keyside up` in a folder of its own, ended with this value.
pub(super) struct Embedded {
    child: Child,
    kubeconfig: PathBuf,
}

impl Embedded {
    fn start(dir: &Path) -> Result<Self> {
        let data = dir.join("data");
        let log = std::fs::File::create(dir.join("up.log"))?;
        let mut child = Command::new(root().join("target/debug/keyside"))
            .args([
                "up",
                "-o",
                "json",
                "--api-port",
                "0",
                "--registry-port",
                "0",
                "--ui-port",
                "0",
                "--data-dir",
            ])
            .arg(&data)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cannot start keyside")?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("keyside has no stdout")?;
        BufReader::new(stdout).read_line(&mut line)?;
        if line.is_empty() {
            bail!(
                "keyside up did not become ready; see {}",
                dir.join("up.log").display()
            );
        }
        Ok(Self {
            child,
            kubeconfig: data.join("kubeconfig"),
        })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
