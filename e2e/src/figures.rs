//! Figures of the embedded world beside those of a real control plane on the same machine in the same run: start-up time
//! and idle memory. The rival is a command given in the environment; this repository builds none.
//!
//! `KEYSIDE_RIVAL` starts etcd and a kube-apiserver in the foreground and prints a line when they are ready.

use crate::{cargo, root, say, succeed};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Runs of each; the median is what counts.
const RUNS: usize = 7;

/// Prints the table.
pub(crate) fn run() -> Result<()> {
    succeed(cargo("build").args(["--quiet", "--release", "--package", "keyside"]))?;
    let ours = measure("keyside up", keyside)?;
    say(&format!(
        "keyside up           ready in {:>6.0} ms (median of {RUNS}, {:.0}-{:.0}), idle {:>5.1} MB",
        ours.median(),
        ours.least(),
        ours.most(),
        ours.memory
    ));
    if let Ok(command) = std::env::var("KEYSIDE_RIVAL") {
        let rival = measure("rival", || Ok(shell(&command)))?;
        say(&format!(
            "rival                ready in {:>6.0} ms (median of {RUNS}, {:.0}-{:.0}), idle {:>5.1} MB",
            rival.median(),
            rival.least(),
            rival.most(),
            rival.memory
        ));
        say(&format!(
            "ratio                {:.3} of its time, {:.3} of its memory",
            ours.median() / rival.median(),
            ours.memory / rival.memory
        ));
    }
    Ok(())
}

struct Measured {
    millis: Vec<f64>,
    memory: f64,
}

impl Measured {
    fn median(&self) -> f64 {
        self.millis[self.millis.len() / 2]
    }
    fn least(&self) -> f64 {
        self.millis[0]
    }
    fn most(&self) -> f64 {
        self.millis[self.millis.len() - 1]
    }
}

/// Starts it several times; memory is that of the whole process group, five seconds after the last start.
fn measure(what: &str, command: impl Fn() -> Result<Command>) -> Result<Measured> {
    let mut millis = Vec::new();
    let mut memory = 0.0;
    for run in 1..=RUNS {
        let started = Instant::now();
        let mut child = command()?
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {what}"))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no stdout")?).read_line(&mut line)?;
        if line.is_empty() {
            bail!("{what} ended before it was ready");
        }
        millis.push(started.elapsed().as_secs_f64() * 1000.0);
        if run == RUNS {
            std::thread::sleep(Duration::from_secs(5));
            memory = resident(child.id())?;
        }
        stop(&mut child)?;
    }
    millis.sort_by(f64::total_cmp);
    Ok(Measured { millis, memory })
}

fn keyside() -> Result<Command> {
    let dir = root().join("target/figures");
    let _ = std::fs::remove_dir_all(&dir);
    let mut command = Command::new(root().join("target/release/keyside"));
    command
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
        .arg(dir);
    Ok(command)
}

fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec {command}")]);
    shell
}

/// Resident megabytes of a process and all its descendants.
fn resident(pid: u32) -> Result<f64> {
    let mut megabytes = f64::from(kib(pid, "VmRSS:")?.unwrap_or(0)) / 1024.0;
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    for child in children.split_whitespace() {
        megabytes += resident(child.parse()?)?;
    }
    Ok(megabytes)
}

/// What the kernel says of a process's memory, in KiB; none of one that has ended.
pub(crate) fn kib(pid: u32, field: &str) -> Result<Option<u32>> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let text = status.lines().find_map(|line| line.strip_prefix(field));
    Ok(text.and_then(|text| text.split_whitespace().next()?.parse().ok()))
}

/// Ends it as a user would.
fn stop(child: &mut Child) -> Result<()> {
    succeed(Command::new("kill").args(["-TERM", &child.id().to_string()]))?;
    child.wait()?;
    Ok(())
}
