//! The replica that writes is killed, then frozen, then asked to end, while it writes.

use super::many::{self, Many, NAME};
use super::replica::{Replica, holder};
use super::{Client, NAMESPACE};
use crate::cluster::until;
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How many namespaces.
pub(super) const COUNT: usize = 500;

/// How long another replica may take to write instead.
const TAKE_OVER: Duration = Duration::from_secs(20);

/// How long, if the one before has ended in order.
const HANDED_OVER: Duration = Duration::from_secs(2);

/// How long the frozen one stands still.
const FROZEN: Duration = Duration::from_secs(60);

/// A rotation may be over before the blow falls; then there is another one.
const TRIES: u32 = 8;

pub(super) fn run(client: &Client<'_>) -> Result<String> {
    // The kubelet would end a frozen container about a minute after it has stopped answering, and this one is to wake up.
    let usual = liveness(client, 30)?;
    let many = Many::make(client, COUNT)?;
    many.until_all(0)?;
    let (stop, looks) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (figures, watched) = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| many.watch(&stop, &looks));
        let figures = both(client, &many);
        stop.store(true, Ordering::Relaxed);
        (figures, watcher.join())
    });
    let Ok(watched) = watched else {
        bail!("the watcher has ended");
    };
    watched?;
    liveness(client, usual)?;
    Ok(format!(
        "{}; {} looks at {COUNT} namespaces, each with its credential",
        figures?,
        looks.load(Ordering::Relaxed)
    ))
}

/// How many times the kubelet finds a replica silent before it starts it anew. Says how many it was.
fn liveness(client: &Client<'_>, times: u32) -> Result<u32> {
    let deployment = format!("deployment keyside --namespace={NAMESPACE}");
    let path = "{.spec.template.spec.containers[0].livenessProbe.failureThreshold}";
    let before = client.kubectl(&format!("get {deployment} --output=jsonpath={path}"))?;
    client.fed(
        &format!("patch {deployment} --type=json --patch-file=/dev/stdin"),
        &json!([{"op": "replace", "path": "/spec/template/spec/containers/0/livenessProbe/failureThreshold",
            "value": times}])
        .to_string(),
    )?;
    client.until_ready()?;
    before.trim().parse().context("no failureThreshold")
}

fn both(client: &Client<'_>, many: &Many<'_>) -> Result<String> {
    let (_, memory) = Replica::named(&holder(client)?)?.memory()?;
    let (number, killed) = interrupted(client, many, 1, "KILL")?;
    let kill = taken_over(client, many, &killed, number)?;
    client.until_ready()?;
    let (number, frozen) = interrupted(client, many, number + 1, "STOP")?;
    let freeze = taken_over(client, many, &frozen, number);
    std::thread::sleep(FROZEN.saturating_sub(frozen.at.elapsed()));
    frozen.process.signal("CONT")?;
    let freeze = freeze?;
    client.until_ready()?;
    many.until_all(number)?;
    let (number, ended) = interrupted(client, many, number + 1, "TERM")?;
    let end = taken_over(client, many, &ended, number)?;
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
    process: Replica,
    at: Instant,
    /// How many copies were new by then.
    done: usize,
}

/// Rotates, and sends the signal to the leader as soon as the first copies are new. Says which content was stored last.
fn interrupted(client: &Client<'_>, many: &Many<'_>, first: u32, what: &str) -> Result<(u32, Interrupted)> {
    for number in first..first + TRIES {
        let mut events = Events::start(client)?;
        let holder = holder(client)?;
        let process = Replica::named(&holder)?;
        many.rotate(number)?;
        events.until_new(number)?;
        process.signal(what)?;
        let at = Instant::now();
        let done = many.contents()?.values().filter(|one| **one == number).count();
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
            interrupted.process.signal("CONT")?;
        }
        client.until_ready()?;
    }
    bail!("{TRIES} rotations were over before the leader could be interrupted");
}

/// How long it took until another one wrote; it must finish the work.
fn taken_over(
    client: &Client<'_>,
    many: &Many<'_>,
    interrupted: &Interrupted,
    number: u32,
) -> Result<Duration> {
    until("another leader", || {
        let holder = holder(client)?;
        // It is empty for the moment between one that has given it back and the next.
        Ok((!holder.is_empty() && holder != interrupted.holder).then_some(()))
    })?;
    let took = interrupted.at.elapsed();
    many.until_all(number)?;
    if took > TAKE_OVER {
        bail!("another replica wrote after {took:?} only");
    }
    Ok(took)
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
