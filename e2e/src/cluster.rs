//! A real Kubernetes for the tests: our own suite runs on it, requests are recorded on it, costs are measured on it.
//!
//! `cargo e2e cluster` starts a control plane and runs the scenarios on it; as root, it then starts another one with a real
//! node and sees a private image pulled. `--hold` keeps the cluster up and says how to reach it.
//!
//! Nothing outlives the bed, however it ends: every program is killed by the kernel when its parent dies, and a node lives in
//! namespaces of its own, with which its mounts and its network go. So there is no clean-up that could be missed, but files.

mod control_plane;
mod folder;
mod kernel;
mod node;
mod place;
mod process;
mod smoke;
mod wait;

use crate::{cargo, say, succeed, tools};
use anyhow::{Context, Result};
use control_plane::{ControlPlane, kubectl};
use folder::Folder;
use node::Node;
pub(crate) use node::{PASSWORD, PRIVATE_IMAGE, REGISTRY, TLS_REGISTRY, USER};
use place::Place;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
pub(crate) use wait::until;

/// A running cluster. Fields end in order: the node before the control plane, programs before the folder they use.
pub(crate) struct Bed {
    kubebed: PathBuf,
    _node: Option<Node>,
    plane: ControlPlane,
    place: Place,
    folder: Folder,
}

impl Bed {
    /// A control plane on a free port of this machine.
    pub(crate) fn control_plane() -> Result<Self> {
        Self::start(|_| Ok(Place::Machine), false)
    }

    /// A control plane with a node and a registry, in namespaces of their own; needs root.
    pub(crate) fn with_node() -> Result<Self> {
        Self::start(Place::apart, true)
    }

    fn start(place: impl FnOnce(&Path) -> Result<Place>, with_node: bool) -> Result<Self> {
        let kubebed = tools::kubebed()?;
        let folder = Folder::new(&tools::beds()?)?;
        let place = place(&kubebed)?;
        let mut plane = ControlPlane::start(&kubebed, &folder, &place)?;
        let node = with_node
            .then(|| Node::start(&kubebed, &folder, &place, &mut plane))
            .transpose()?;
        let bed = Self {
            kubebed,
            _node: node,
            plane,
            place,
            folder,
        };
        bed.mark()?;
        Ok(bed)
    }

    /// Says in the cluster that nothing in it is worth keeping: tests that wipe a cluster look for this first.
    fn mark(&self) -> Result<()> {
        succeed(
            self.kubectl(&[
                "create",
                "configmap",
                "keyside-test-bed",
                "--namespace=kube-system",
            ])
            .stdout(std::process::Stdio::null()),
        )
    }

    /// kubectl, as the administrator.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Command {
        let mut command = kubectl(&self.kubebed, &self.place, self.plane.kubeconfig());
        command.args(arguments);
        command
    }

    /// Who may do everything.
    pub(crate) fn kubeconfig(&self) -> &Path {
        self.plane.kubeconfig()
    }

    /// Who signs the bed's certificates.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("certs/ca.crt")
    }

    /// A program that sees the bed's network.
    pub(crate) fn command_in_network(&self, program: &Path) -> Command {
        let mut words = self.place.prefix().into_iter();
        match words.next() {
            None => Command::new(program),
            Some(first) => {
                let mut command = Command::new(first);
                command.args(words).arg(program);
                command
            }
        }
    }

    /// One line of JSON for each request.
    pub(crate) fn audit_log(&self) -> &Path {
        self.plane.audit_log()
    }

    /// Environment for programs that are to use this cluster.
    pub(crate) fn environment(&self) -> [(&'static str, PathBuf); 2] {
        [
            ("KEYSIDE_KUBECONFIG", self.plane.kubeconfig().to_owned()),
            ("KEYSIDE_AUDIT_LOG", self.plane.audit_log().to_owned()),
        ]
    }

    /// Leaves the logs behind.
    pub(crate) fn keep_logs(&mut self) {
        self.folder.keep();
        say(&format!(
            "logs are in {}",
            self.folder.path().join("logs").display()
        ));
    }
}

/// `cluster [--hold] [--node | --no-node] [-- arguments for the tests]`; `--node` alone leaves the scenarios out, `--no-node` the node.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if let Some(why) = missing_go() {
        say(&format!("skipped: {why}"));
        return Ok(());
    }
    let (ours, for_tests) = match arguments.iter().position(|argument| argument == "--") {
        Some(at) => (&arguments[..at], &arguments[at + 1..]),
        None => (arguments, &[][..]),
    };
    let has = |flag: &str| ours.iter().any(|argument| argument == flag);
    if has("--hold") {
        return hold(has("--node"));
    }
    if !has("--node") {
        scenarios(for_tests)?;
    }
    if has("--no-node") {
        return Ok(());
    }
    match missing_for_node()? {
        Some(why) => {
            say(&format!("skipped: {why}"));
            Ok(())
        }
        None => with_logs(Bed::with_node()?, smoke::run),
    }
}

/// The scenarios of the embedded world, on a real one.
fn scenarios(arguments: &[String]) -> Result<()> {
    let test = |extra: &[&str]| {
        let mut command = cargo("test");
        command
            .args(["--package", "keyside-server", "--test", "scenarios"])
            .args(extra);
        command
    };
    succeed(&mut test(&["--no-run"]))?;
    with_logs(Bed::control_plane()?, |bed| {
        succeed(test(&["--"]).args(arguments).envs(bed.environment()))
    })
}

/// `record`: puts the requests of `e2e/scripts` to a real Kubernetes and keeps the answers in `e2e/golden`.
pub(crate) fn record() -> Result<()> {
    if let Some(why) = missing_go() {
        say(&format!("skipped: {why}"));
        return Ok(());
    }
    let test = |extra: &[&str]| {
        let mut command = cargo("test");
        command
            .args(["--package", "keyside-e2e", "--test", "golden"])
            .args(extra);
        command
    };
    succeed(&mut test(&["--no-run"]))?;
    with_logs(Bed::control_plane()?, |bed| {
        succeed(
            test(&["record", "--", "--exact"])
                .envs(bed.environment())
                .env("KEYSIDE_RECORD", "1"),
        )
    })
}

/// `rotation` and `admission`: a bench of that name on a real Kubernetes; arguments go to `cargo bench`.
pub(crate) fn bench(name: &str, arguments: &[String]) -> Result<()> {
    if let Some(why) = missing_go() {
        say(&format!("skipped: {why}"));
        return Ok(());
    }
    let bench = |extra: &[&str]| {
        let mut command = cargo("bench");
        command
            .args(["--package", "keyside-server", "--bench", name])
            .args(arguments)
            .args(extra);
        command
    };
    succeed(&mut bench(&["--no-run"]))?;
    with_logs(Bed::control_plane()?, |bed| {
        succeed(bench(&[]).envs(bed.environment()))
    })
}

/// Does something with a cluster, and keeps its logs if that fails.
pub(crate) fn with_logs(mut bed: Bed, use_it: impl FnOnce(&Bed) -> Result<()>) -> Result<()> {
    let used = use_it(&bed);
    if used.is_err() {
        bed.keep_logs();
    }
    used
}

fn hold(with_node: bool) -> Result<()> {
    let bed = if with_node {
        if let Some(why) = missing_for_node()? {
            say(&format!("skipped: {why}"));
            return Ok(());
        }
        Bed::with_node()?
    } else {
        Bed::control_plane()?
    };
    let enter = bed.place.prefix().join(" ");
    if with_node {
        say(&format!("its network is reached with: {enter} COMMAND"));
        say(&format!(
            "private image {}, user {}, password {}",
            node::PRIVATE_IMAGE,
            node::USER,
            node::PASSWORD
        ));
    }
    say(&format!("audit log {}", bed.plane.audit_log().display()));
    say(&format!("export KUBECONFIG={}", bed.plane.kubeconfig().display()));
    say("ready; ends with Ctrl-C, or when its input ends");
    let mut rest = Vec::new();
    std::io::stdin()
        .read_to_end(&mut rest)
        .context("cannot wait for the end of the input")?;
    Ok(())
}

/// Why no cluster can be had here.
pub(crate) fn missing_go() -> Option<String> {
    (!tools::is_on_path("go") && !tools::has_kubebed())
        .then(|| "Go is not installed, so no Kubernetes can be built".to_owned())
}

/// Why no node can be had here.
pub(crate) fn missing_for_node() -> Result<Option<String>> {
    if !tools::is_root()? {
        return Ok(Some("a node needs root".to_owned()));
    }
    let missing: Vec<&str> = node::PROGRAMS
        .into_iter()
        .filter(|program| !tools::is_on_path(program))
        .collect();
    Ok((!missing.is_empty()).then(|| {
        format!(
            "a node needs {}; `cargo e2e tools` installs them",
            missing.join(", ")
        )
    }))
}
