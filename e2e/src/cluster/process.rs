//! One program of the bed, which ends with the value that holds it, and with this program however it ends: the kernel is
//! told to kill it when its parent dies.
//!
//! The kernel watches the thread that started a program, so everything is started by a thread that lives as long as the bed.

use anyhow::{Context, Result, bail};
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A command that the kernel kills when its parent dies. It comes from util-linux, as do `unshare` and `nsenter`.
pub(super) const MORTAL: [&str; 4] = ["setpriv", "--pdeathsig", "KILL", "--"];

/// How much of a log is shown when its program has ended.
const SHOWN: usize = 15;

/// A running program.
pub(super) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program; what it prints goes to `NAME.log` in this folder.
    pub(super) fn start(name: &str, mut command: Command, logs: &Path) -> Result<Self> {
        let log = logs.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            // In a group of its own, so that Ctrl-C ends this program first and the kernel the rest.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log,
        })
    }

    /// An error with the end of its log if it has ended.
    pub(super) fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended with {status}:\n{}", self.name, self.tail());
        }
        Ok(())
    }

    /// The end of what it printed.
    pub(super) fn tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(SHOWN)..].join("\n")
    }
}

impl Drop for Process {
    /// At once and without asking: a kube-apiserver whose etcd has gone never ends by itself, and nothing here is kept.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command whose program dies with this one.
pub(super) fn mortal(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(MORTAL[0]);
    command.args(&MORTAL[1..]).arg(program);
    command
}
