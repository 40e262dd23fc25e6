//! What keyside takes from a large cluster: memory and work of its replicas, at rest and in a rotation.

use super::many::{self, Many};
use super::replica::{Replica, holder};
use super::{Client, NAMESPACE};
use anyhow::{Context as _, Result};
use std::time::{Duration, Instant};

/// How many namespaces.
const COUNT: usize = 1000;

/// How many times the credential is rotated.
const ROTATIONS: u32 = 5;

/// How long it is left alone.
const REST: Duration = Duration::from_secs(60);

pub(super) fn run(client: &Client<'_>) -> Result<String> {
    let many = Many::make(client, COUNT)?;
    many.until_all(0)?;
    let (writer, other) = replicas(client)?;
    std::thread::sleep(REST / 6);
    let at_rest = spent(&writer, &other, || {
        std::thread::sleep(REST);
        Ok(())
    })?;
    let (now, _) = writer.memory()?;
    let (other_now, _) = other.memory()?;
    let rotating = spent(&writer, &other, || {
        for number in 1..=ROTATIONS {
            many.rotate(number)?;
            many.until_all(number)?;
        }
        Ok(())
    })?;
    let ((_, most), (_, other_most)) = (writer.memory()?, other.memory()?);
    Ok(format!(
        "{COUNT} namespaces, credential `{}`: the writer uses {now} MiB ({most} at most), the other {other_now} ({other_most}); \
         in {REST:?} at rest the writer works {} and the other {}; in a rotation {} and {} ({ROTATIONS} in {:.1}s, looked at all the time)",
        many::NAME,
        millis(at_rest.writer),
        millis(at_rest.other),
        millis(rotating.writer / ROTATIONS),
        millis(rotating.other / ROTATIONS),
        rotating.took.as_secs_f32(),
    ))
}

/// Work of both replicas in a span of time.
struct Spent {
    writer: Duration,
    other: Duration,
    took: Duration,
}

fn spent(writer: &Replica, other: &Replica, during: impl FnOnce() -> Result<()>) -> Result<Spent> {
    let (before, other_before, begun) = (writer.work()?, other.work()?, Instant::now());
    during()?;
    Ok(Spent {
        writer: writer.work()?.saturating_sub(before),
        other: other.work()?.saturating_sub(other_before),
        took: begun.elapsed(),
    })
}

/// The one that writes, and the other one.
fn replicas(client: &Client<'_>) -> Result<(Replica, Replica)> {
    let holder = holder(client)?;
    let pods = client.kubectl(&format!(
        "get pods --namespace={NAMESPACE} --selector=app.kubernetes.io/component=server \
         --output=jsonpath={{.items[*].metadata.name}}"
    ))?;
    let other = pods
        .split_whitespace()
        .find(|pod| !holder.starts_with(&format!("{pod}_")))
        .context("there is no second replica")?;
    Ok((Replica::named(&holder)?, Replica::named(other)?))
}

fn millis(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
