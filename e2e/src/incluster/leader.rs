//! The replica that writes is killed, then frozen, then asked to end, while it writes.

use super::many::{self, COUNT, NAME};
use super::{Client, NAMESPACE};
use crate::cluster::until;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long another replica may take to write instead.
const TAKE_OVER: Duration = Duration::from_secs(20);

/// How long, if the one before has ended in order.
const HANDED_OVER: Duration = Duration::from_secs(2);

/// How long the frozen one stands still.
const FROZEN: Duration = Duration::from_secs(60);

/// A rotation may be over before the blow falls; then there is another one.
const TRIES: u32 = 8;

pub(super) fn run(client: &Client<'_>) -> Result<String> {
    many::make(client)?;
    until_all(client, 0)?;
    let (stop, looks) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (figures, watched) = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| many::watch(client, &stop, &looks));
        let figures = both(client);
        stop.store(true, Ordering::Relaxed);
        (figures, watcher.join())
    });
    let Ok(watched) = watched else {
        bail!("the watcher has ended");
    };
    watched?;
    Ok(format!(
        "{}; {} looks at {COUNT} namespaces, each with its credential",
        figures?,
        looks.load(Ordering::Relaxed)
    ))
}

fn both(client: &Client<'_>) -> Result<String> {
    let memory = memory(client)?;
    let (number, killed) = interrupted(client, 1, "KILL")?;
    let kill = taken_over(client, &killed, number)?;
    client.until_ready()?;
    let (number, frozen) = interrupted(client, number + 1, "STOP")?;
    let freeze = taken_over(client, &frozen, number);
    std::thread::sleep(FROZEN.saturating_sub(frozen.at.elapsed()));
    signal(frozen.process, "CONT")?;
    let freeze = freeze?;
    client.until_ready()?;
    until_all(client, number)?;
    let (number, ended) = interrupted(client, number + 1, "TERM")?;
    let end = taken_over(client, &ended, number)?;
    if end > HANDED_OVER {
        bail!("the writer ended in order, and another wrote after {end:?} only");
    }
    client.until_ready()?;
    Ok(format!(
        "killed after {} of {COUNT}: another wrote after {:.1}s; frozen after {}: after {:.1}s; \
         ended in order after {}: after {:.1}s; memory of a replica {memory} MiB",
        killed.done,
        kill.as_secs_f32(),
        frozen.done,
        freeze.as_secs_f32(),
        ended.done,
        end.as_secs_f32()
    ))
}

/// A leader that was interrupted.
struct Interrupted {
    holder: String,
    process: u32,
    at: Instant,
    /// How many copies were new by then.
    done: usize,
}

/// Rotates, and sends the signal to the leader as soon as the first copies are new. Says which content was stored last.
fn interrupted(client: &Client<'_>, first: u32, what: &str) -> Result<(u32, Interrupted)> {
    for number in first..first + TRIES {
        let mut events = Events::start(client)?;
        let holder = holder(client)?;
        let process = process(&holder)?;
        many::rotate(client, number)?;
        events.until_new(number)?;
        signal(process, what)?;
        let at = Instant::now();
        let done = many::contents(client)?
            .values()
            .filter(|one| **one == number)
            .count();
        let interrupted = Interrupted {
            holder,
            process,
            at,
            done,
        };
        if done < COUNT {
            return Ok((number, interrupted));
        }
        if what == "STOP" {
            signal(process, "CONT")?;
        }
        client.until_ready()?;
    }
    bail!("{TRIES} rotations were over before the leader could be interrupted");
}

/// How long it took until another one wrote; it must finish the work.
fn taken_over(client: &Client<'_>, interrupted: &Interrupted, number: u32) -> Result<Duration> {
    until("another leader", || {
        let holder = holder(client)?;
        // It is empty for the moment between one that has given it back and the next.
        Ok((!holder.is_empty() && holder != interrupted.holder).then_some(()))
    })?;
    let took = interrupted.at.elapsed();
    until_all(client, number)?;
    if took > TAKE_OVER {
        bail!("another replica wrote after {took:?} only");
    }
    Ok(took)
}

fn until_all(client: &Client<'_>, number: u32) -> Result<()> {
    until(&format!("content {number} everywhere"), || {
        let contents = many::contents(client)?;
        Ok((contents.len() == COUNT && contents.values().all(|one| *one == number)).then_some(()))
    })
}

fn holder(client: &Client<'_>) -> Result<String> {
    client.kubectl(&format!(
        "get lease keyside --namespace={NAMESPACE} --output=jsonpath={{.spec.holderIdentity}}"
    ))
}

/// The process of this identity, which begins with the pod's name, as this machine sees it.
fn process(holder: &str) -> Result<u32> {
    let pod = holder.split('_').next().unwrap_or_default();
    let named = format!("HOSTNAME={pod}");
    servers()?
        .into_iter()
        .find(|(_, environment)| environment.split('\0').any(|variable| variable == named))
        .map(|(process, _)| process)
        .with_context(|| format!("no process belongs to {holder}"))
}

/// Every `keyside serve` in a container on this machine, and its environment.
fn servers() -> Result<Vec<(u32, String)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end while it is looked at.
        let read = |name: &str| {
            let bytes = std::fs::read(entry.path().join(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        if read("cmdline").starts_with("/usr/local/bin/keyside\0serve\0") {
            found.push((process, read("environ")));
        }
    }
    Ok(found)
}

/// The most memory that the leader has used so far, in MiB.
fn memory(client: &Client<'_>) -> Result<u32> {
    let process = process(&holder(client)?)?;
    let status = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<u32> = peak.and_then(|text| text.split_whitespace().next()?.parse().ok());
    kib.map(|kib| kib / 1024)
        .context("the kernel does not say how much memory is used")
}

fn signal(process: u32, what: &str) -> Result<()> {
    crate::succeed(Command::new("kill").args([format!("-{what}"), process.to_string()]))
}

/// What happens to the copies, as it happens.
struct Events {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Events {
    /// Begins with all copies as they are.
    fn start(client: &Client<'_>) -> Result<Self> {
        let path = format!("/api/v1/secrets?watch=true&fieldSelector=metadata.name={NAME}");
        let mut child = client
            .bed
            .kubectl(&["get", "--raw", &path])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start kubectl")?;
        let lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let mut events = Self { child, lines };
        for _ in 0..COUNT {
            events.next()?;
        }
        Ok(events)
    }

    /// Waits until a copy has this content.
    fn until_new(&mut self, number: u32) -> Result<()> {
        while self.next()? != number {}
        Ok(())
    }

    /// The content of the next copy.
    fn next(&mut self) -> Result<u32> {
        loop {
            let line = self.lines.next().context("the watch has ended")??;
            let event: Value = serde_json::from_str(&line)?;
            if let Some((_, number)) = many::content(&event["object"])? {
                return Ok(number);
            }
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
