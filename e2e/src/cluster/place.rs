//! Where a bed's programs run: on this machine, or in namespaces of their own.
//!
//! A bed with a node has its own processes, mounts and network: what containers, the kubelet and kube-proxy do there (overlay
//! mounts, bridges, addresses, packet rules) goes when its first process ends. That is the kernel's work, not this program's,
//! so nothing is left however this program ends.

use super::process::{MORTAL, mortal};
use anyhow::{Context, Result, bail};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The node's address on the bridge, where the API server listens for pods.
pub(super) const NODE_ADDRESS: &str = "10.88.0.1";

/// Inside: a network with a bridge as its only way out, and folders that programs fill without asking.
const FURNISH: &str = "set -e
ip link set lo up
ip link add cni0 type bridge
ip addr add 10.88.0.1/16 dev cni0
ip link set cni0 up
ip route add default dev cni0
for dir in /run /var/lib/cni /var/log; do mkdir -p $dir && mount -t tmpfs tmpfs $dir; done
mkdir -p /run/lock /run/netns";

/// Where programs run.
pub(super) enum Place {
    /// As any program.
    Machine,
    /// In namespaces of their own.
    Apart(Namespaces),
}

impl Place {
    /// Makes namespaces; needs root.
    pub(super) fn apart(kubebed: &Path) -> Result<Self> {
        let namespaces = Namespaces::new(kubebed)?;
        let status = namespaces.command("sh").args(["-c", FURNISH]).status()?;
        if !status.success() {
            bail!("the namespaces cannot be furnished: {status}");
        }
        Ok(Self::Apart(namespaces))
    }

    /// A program that runs here and dies with this one.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        match self {
            Self::Machine => mortal(program),
            Self::Apart(namespaces) => namespaces.command(program),
        }
    }

    /// The address the API server is known by.
    pub(super) fn address(&self) -> &'static str {
        match self {
            Self::Machine => "127.0.0.1",
            Self::Apart(_) => NODE_ADDRESS,
        }
    }

    /// Words to put before a command that is to see this place's network.
    pub(super) fn prefix(&self) -> Vec<String> {
        match self {
            Self::Machine => Vec::new(),
            Self::Apart(namespaces) => vec![
                "nsenter".to_owned(),
                format!("--net=/proc/{}/ns/net", namespaces.first),
            ],
        }
    }
}

/// Namespaces, which end with this value and with this program.
pub(super) struct Namespaces {
    keeper: Child,
    /// The first process in them, as seen from outside.
    first: u32,
}

impl Namespaces {
    fn new(kubebed: &Path) -> Result<Self> {
        let mut keeper = mortal("unshare")
            .args([
                "--mount",
                "--pid",
                "--net",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "--",
            ])
            .arg(kubebed)
            .arg("hold")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("cannot start unshare")?;
        let mut line = String::new();
        let stdout = keeper.stdout.take().context("unshare has no output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let children = format!("/proc/{0}/task/{0}/children", keeper.id());
        let first = std::fs::read_to_string(children)
            .ok()
            .and_then(|text| text.split_whitespace().next().and_then(|id| id.parse().ok()));
        match first {
            Some(first) if line.trim() == "holding" => Ok(Self { keeper, first }),
            _ => {
                let _ = keeper.kill();
                let _ = keeper.wait();
                bail!("no namespaces can be made here");
            }
        }
    }

    /// Both `nsenter`, which stays outside, and the program, which goes in, die with their parents.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = mortal("nsenter");
        command
            .arg(format!("--target={}", self.first))
            .args(["--mount", "--pid", "--net", "--"])
            .args(MORTAL)
            .arg(program);
        command
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
        // The kernel ends what is inside when the first process ends; it is gone from /proc when that is done.
        let first = format!("/proc/{}", self.first);
        while Path::new(&first).exists() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}
