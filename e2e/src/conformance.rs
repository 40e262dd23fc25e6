//! Kubernetes' own conformance tests against `keyside up` and against the Kubernetes they were made for: the ones that need no
//! container to run. Both at once, unless `--embedded` or `--real` asks for one of them.

mod report;
mod world;

use crate::cluster::{missing_for_node, missing_go};
use crate::{cargo, root, say, succeed, tools};
use anyhow::{Context, Result, bail};
use report::{EMBEDDED, Outcome, Outcomes, REAL};
use std::path::Path;
use world::World;

/// Tests that wait for minutes by design; they run with `--all`.
const SLOW: [&str; 2] = [
    "if the original version has been compacted away",
    "should not schedule jobs when suspended",
];

/// How many runs share the tests of a world: they mostly wait.
const SIDE_BY_SIDE: usize = 3;

/// Runs the tests named in `e2e/conformance.txt`, prints a table, and holds `docs/conformance.md` to it.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let focus = arguments
        .iter()
        .position(|argument| argument == "--focus")
        .and_then(|at| arguments.get(at + 1));
    let all = names()?;
    let chosen: Vec<&str> = all
        .iter()
        .map(String::as_str)
        .filter(|name| has("--all") || !SLOW.iter().any(|slow| name.contains(slow)))
        .filter(|name| focus.is_none_or(|focus| name.contains(focus.as_str())))
        .collect();
    if chosen.is_empty() {
        bail!("no test of e2e/conformance.txt is named like that");
    }
    if !tools::is_on_path("go") {
        say("skipped: Go is not installed, so Kubernetes' own tests cannot be built");
        return Ok(());
    }
    tools::install()?;
    let program = tools::kubernetes_tests()?;
    let worlds = worlds(has("--embedded"), has("--real"), &chosen, &program)?;
    match print(&chosen, &worlds) {
        0 => publish(&all, &worlds),
        failed => bail!("{failed} conformance tests did not pass; see target/conformance"),
    }
}

/// Runs the chosen tests in the worlds that are asked for and can be had, side by side.
fn worlds(
    only_embedded: bool,
    only_real: bool,
    chosen: &[&str],
    program: &Path,
) -> Result<Vec<(&'static str, Outcomes)>> {
    let dir = root().join("target/conformance");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir)?;
    let mut worlds = Vec::new();
    if !only_real {
        succeed(cargo("build").args(["--quiet", "--package", "keyside"]))?;
        worlds.push((EMBEDDED, World::embedded(&dir)?));
    }
    if !only_embedded {
        match missing_go().map_or_else(missing_for_node, |why| Ok(Some(why)))? {
            Some(why) => say(&format!("skipped on {REAL}: {why}")),
            None => worlds.push((REAL, World::real()?)),
        }
    }
    std::thread::scope(|scope| {
        let running: Vec<_> = worlds
            .iter()
            .map(|(title, world)| {
                let dir = dir.join(title.replace(' ', "-"));
                (
                    *title,
                    scope.spawn(move || outcomes(world, chosen, program, &dir)),
                )
            })
            .collect();
        running
            .into_iter()
            .map(|(title, run)| match run.join() {
                Ok(outcomes) => Ok((title, outcomes?)),
                Err(_) => bail!("the run against {title} has ended"),
            })
            .collect()
    })
}

/// The outcomes in one world, whose tests several runs share.
fn outcomes(world: &World, chosen: &[&str], program: &Path, dir: &Path) -> Result<Outcomes> {
    std::fs::create_dir_all(dir)?;
    let mut running = Vec::new();
    for at in 0..SIDE_BY_SIDE.min(chosen.len()) {
        let share: Vec<&str> = chosen.iter().copied().skip(at).step_by(SIDE_BY_SIDE).collect();
        let file = dir.join(format!("{at}.xml"));
        let child = world
            .tests(program, &share, &file)?
            .spawn()
            .context("cannot start the tests")?;
        running.push((child, share, file));
    }
    let mut outcomes = Outcomes::new();
    for (mut child, share, file) in running {
        // Its exit status says what the report says too, case by case.
        child.wait()?;
        outcomes.extend(report::read(&file, &share)?);
    }
    Ok(outcomes)
}

fn names() -> Result<Vec<String>> {
    let text = std::fs::read_to_string(root().join("e2e/conformance.txt"))?;
    Ok(text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect())
}

/// Prints one line a test and returns how many did not pass.
fn print(names: &[&str], worlds: &[(&str, Outcomes)]) -> usize {
    for name in names {
        let words: Vec<String> = worlds
            .iter()
            .filter_map(|(_, outcomes)| Some(format!("{:8}", outcomes.get(*name)?.word())))
            .collect();
        say(&format!("{} {name}", words.join(" ")));
    }
    let mut failed = 0;
    for (title, outcomes) in worlds {
        let passed = outcomes
            .values()
            .filter(|outcome| **outcome == Outcome::Passed)
            .count();
        failed += outcomes.len() - passed;
        say(&format!("{title}: {passed} of {} passed", outcomes.len()));
    }
    failed
}

/// Writes the published page if asked to; otherwise it has to say what was seen.
fn publish(all: &[String], worlds: &[(&str, Outcomes)]) -> Result<()> {
    let page = report::page();
    let before = std::fs::read_to_string(&page).unwrap_or_default();
    let now = report::render(all, worlds, &before);
    if now == before {
        return Ok(());
    }
    if std::env::var_os("KEYSIDE_UPDATE").is_none() {
        bail!("docs/conformance.md says something else; KEYSIDE_UPDATE=1 writes it anew");
    }
    Ok(std::fs::write(page, now)?)
}
