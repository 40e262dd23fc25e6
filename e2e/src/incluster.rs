//! keyside in the cluster: its image in the private registry of a real node, installed with Helm, two replicas in containers,
//! and everything that can happen to them there. `cargo e2e incluster` needs root and takes a few minutes.

mod away;
mod client;
mod explain;
mod footprint;
mod install;
mod leader;
mod logs;
mod many;
mod pods;
mod policy;
mod removal;
mod replica;
mod rights;
mod scenarios;
mod ui;

use crate::cluster::{Bed, missing_for_node, missing_go, with_logs};
use crate::{cargo, say, succeed, tools};
use anyhow::{Context as _, Result};
use client::Client;
use std::path::PathBuf;
use std::time::Instant;

/// Where keyside runs.
const NAMESPACE: &str = "keyside-system";

/// Sees something; figures worth a line, or nothing.
type Step = fn(&Client<'_>) -> Result<String>;

/// What is seen, in this order; later ones stand on earlier ones.
const STEPS: [(&str, Step); 15] = [
    (
        "Helm installs it, and the node pulls it from a private registry",
        install::run,
    ),
    ("`helm test` passes", install::test),
    (
        "the scenarios pass against the replicas in containers",
        scenarios::run,
    ),
    (
        "pulls that fail are explained, and what is printed heals them",
        explain::run,
    ),
    (
        "the web UI lets nobody in, and everybody to what is theirs",
        ui::run,
    ),
    (
        "a pod made with kubectl pulls, with its secret by hand and without",
        pods::by_hand,
    ),
    (
        "a pod in a Project's namespace pulls, and one elsewhere does not",
        pods::of_project,
    ),
    (
        "the account may do what the documentation says, and plant nothing",
        rights::run,
    ),
    (
        "`kubectl logs` of the replicas is JSON, and no password is in it",
        logs::run,
    ),
    (
        "with keyside away pods come all the same, and are found afterwards",
        away::run,
    ),
    (
        "the writer is killed, then frozen, in the middle of a rotation",
        leader::run,
    ),
    (
        "with the next upgrade the API server's own policy serves pods, and nothing is left of the webhook",
        policy::change,
    ),
    ("the same pods pull by the policy", policy::pods),
    (
        "with both, left to the cluster, also the first of a new namespace pulls, and with keyside away",
        policy::both,
    ),
    ("uninstalling leaves nothing but what is asked for", removal::run),
];

/// All steps on a fresh cluster, or the first and those whose description holds one of these texts.
pub(crate) fn run(texts: &[String]) -> Result<()> {
    let wanted = |what: &str| texts.is_empty() || texts.iter().any(|text| what.contains(text));
    let steps: Vec<(&str, Step)> = STEPS
        .into_iter()
        .enumerate()
        .filter(|(number, (what, _))| *number == 0 || wanted(what))
        .map(|(_, step)| step)
        .collect();
    on_a_cluster(program, &steps)
}

/// What the optimised program takes from a large cluster.
pub(crate) fn footprint() -> Result<()> {
    on_a_cluster(optimised, &[STEPS[0], ("memory and work", footprint::run)])
}

fn on_a_cluster(program: fn() -> Result<PathBuf>, steps: &[(&str, Step)]) -> Result<()> {
    if let Some(why) = missing_go().map_or_else(missing_for_node, |why| Ok(Some(why)))? {
        say(&format!("skipped: {why}"));
        return Ok(());
    }
    tools::install()?;
    if !tools::bin()?.join("helm").exists() {
        say("skipped: Go is not installed, so Helm cannot be built");
        return Ok(());
    }
    let program = program()?;
    let started = Instant::now();
    with_logs(Bed::with_node()?, |bed| {
        say(&format!("a cluster with a node  {}", seconds(started)));
        let client = Client::new(bed, program)?;
        for (what, step) in steps {
            let begun = Instant::now();
            let figures = step(&client).with_context(|| (*what).to_owned())?;
            say(&format!("√ {what}  {}", seconds(begun)));
            if !figures.is_empty() {
                say(&format!("  {figures}"));
            }
        }
        Ok(())
    })?;
    say(&format!("all of it, without building: {}", seconds(started)));
    Ok(())
}

/// keyside as people run it.
fn optimised() -> Result<PathBuf> {
    succeed(cargo("build").args(["--package", "keyside", "--locked", "--quiet", "--release"]))?;
    Ok(crate::root().join("target/release/keyside"))
}

/// keyside as this program was built.
fn program() -> Result<PathBuf> {
    succeed(cargo("build").args(["--package", "keyside", "--locked", "--quiet"]))?;
    // Before a cluster stands and waits for it.
    succeed(cargo("test").args(["--package", "keyside", "--test", "browser", "--no-run", "--quiet"]))?;
    succeed(cargo("test").args([
        "--package",
        "keyside-server",
        "--test",
        "scenarios",
        "--no-run",
        "--quiet",
    ]))?;
    let own = std::env::current_exe().context("this program does not know where it is")?;
    Ok(own.with_file_name("keyside"))
}

fn seconds(since: Instant) -> String {
    format!("{:.1}s", since.elapsed().as_secs_f32())
}
