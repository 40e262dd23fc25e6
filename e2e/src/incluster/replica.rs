//! A replica as the machine below sees it: a process, its memory and its work.

use super::{Client, NAMESPACE};
use crate::figures::kib;
use anyhow::{Context as _, Result};
use std::process::Command;
use std::time::Duration;

/// The kernel counts work in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// A `keyside serve` in a container.
pub(super) struct Replica(u32);

impl Replica {
    /// The one with this identity, which begins with the pod's name.
    pub(super) fn named(identity: &str) -> Result<Self> {
        let pod = identity.split('_').next().unwrap_or_default();
        let named = format!("HOSTNAME={pod}");
        servers()?
            .into_iter()
            .find(|(_, environment)| environment.split('\0').any(|variable| variable == named))
            .map(|(process, _)| Self(process))
            .with_context(|| format!("no process belongs to {identity}"))
    }

    /// Memory in use, in MiB: now, and at most so far.
    pub(super) fn memory(&self) -> Result<(u32, u32)> {
        let (now, most) = (kib(self.0, "VmRSS:")?, kib(self.0, "VmHWM:")?);
        now.zip(most)
            .map(|(now, most)| (now / 1024, most / 1024))
            .context("the kernel does not say how much memory is used")
    }

    /// How long it has kept a core busy so far.
    pub(super) fn work(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        // The name in parentheses may hold spaces; what follows it is the third field.
        let (_, fields) = stat.rsplit_once(')').context("no name in the kernel's line")?;
        let ticks = |field: usize| fields.split_whitespace().nth(field - 3)?.parse::<u32>().ok();
        ticks(14)
            .zip(ticks(15))
            .map(|(user, system)| TICK * (user + system))
            .context("the kernel does not say how long the process has worked")
    }

    pub(super) fn signal(&self, what: &str) -> Result<()> {
        crate::succeed(Command::new("kill").args([format!("-{what}"), self.0.to_string()]))
    }
}

/// Who writes, as the Lease says; empty for the moment between one that has given it back and the next.
pub(super) fn holder(client: &Client<'_>) -> Result<String> {
    client.kubectl(&format!(
        "get lease keyside --namespace={NAMESPACE} --output=jsonpath={{.spec.holderIdentity}}"
    ))
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
