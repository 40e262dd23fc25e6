//! Kubernetes' own conformance tests against `keyside up`, or against the Kubernetes they were made for (`--real`): the ones
//! that need no container to run.

use crate::cluster::{self, Bed};
use crate::{cargo, root, say, succeed, tools};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Tests that wait for minutes by design; they run with `--all`.
const SLOW: [&str; 2] = [
    "if the original version has been compacted away",
    "should not schedule jobs when suspended",
];

/// Runs the tests named in `e2e/conformance.txt` and prints a table.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let all = arguments.iter().any(|argument| argument == "--all");
    let focus = arguments
        .iter()
        .position(|argument| argument == "--focus")
        .and_then(|at| arguments.get(at + 1));
    let real = arguments.iter().any(|argument| argument == "--real");
    if real && let Some(why) = cluster::missing_for_node()? {
        say(&format!("skipped: {why}"));
        return Ok(());
    }
    let names: Vec<String> = names()?
        .into_iter()
        .filter(|name| all || !SLOW.iter().any(|slow| name.contains(slow)))
        .filter(|name| focus.is_none_or(|focus| name.contains(focus.as_str())))
        .collect();
    if names.is_empty() {
        bail!("no test of e2e/conformance.txt is named like that");
    }
    let tests = tools::kubernetes_tests()?;
    tools::install()?;
    let dir = root().join(if real {
        "target/conformance-real"
    } else {
        "target/conformance"
    });
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir)?;
    let world = if real {
        World::Real(Box::new(Bed::with_node()?))
    } else {
        run_cargo_build()?;
        World::Embedded(Embedded::start(&dir)?)
    };
    let report = dir.join("junit.xml");
    let status = e2e(&world, &tests, &names, &report)?
        .status()
        .context("cannot start the tests")?;
    drop(world);
    let results = results(&report)?;
    let failed = print(&names, &results);
    if failed > 0 || !status.success() {
        bail!(
            "{failed} of {} conformance tests did not pass ({status}); see {}",
            names.len(),
            dir.display()
        );
    }
    Ok(())
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

fn run_cargo_build() -> Result<()> {
    succeed(cargo("build").args(["--quiet", "--package", "keyside"]))
}

/// The command that runs the named tests in one process.
fn e2e(world: &World, tests: &Path, names: &[String], report: &Path) -> Result<Command> {
    let focus: Vec<String> = names
        .iter()
        .map(|name| format!("{} \\[Conformance\\]", escape(name)))
        .collect();
    let log = std::fs::File::create(report.with_extension("log"))?;
    let (mut command, kubeconfig) = match world {
        World::Embedded(embedded) => (Command::new(tests), embedded.kubeconfig.as_path()),
        World::Real(bed) => (bed.command_in_network(tests), bed.kubeconfig()),
    };
    command
        .arg(format!("--kubeconfig={}", kubeconfig.display()))
        .args([
            "--provider=local",
            "--allowed-not-ready-nodes=10",
            "--ginkgo.v",
            "--ginkgo.no-color",
        ])
        .arg(format!(
            "--kubectl-path={}",
            tools::bin()?.join("kubectl").display()
        ))
        .arg(format!("--ginkgo.focus={}", focus.join("|")))
        .arg(format!("--ginkgo.junit-report={}", report.display()))
        .stdout(log.try_clone()?)
        .stderr(log);
    Ok(command)
}

/// Quotes what a regular expression would read as its own.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// What is tested.
enum World {
    Embedded(Embedded),
    Real(Box<Bed>),
}

/// `keyside up` in a folder of its own, ended with this value.
struct Embedded {
    child: Child,
    kubeconfig: PathBuf,
}

impl Embedded {
    fn start(dir: &Path) -> Result<Self> {
        let data = dir.join("data");
        let log = std::fs::File::create(dir.join("up.log"))?;
        let mut child = Command::new(root().join("target/debug/keyside"))
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
            .arg(&data)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cannot start keyside")?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("keyside has no stdout")?;
        BufReader::new(stdout).read_line(&mut line)?;
        if line.is_empty() {
            bail!(
                "keyside up did not become ready; see {}",
                dir.join("up.log").display()
            );
        }
        Ok(Self {
            child,
            kubeconfig: data.join("kubeconfig"),
        })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Name and outcome of every test case of a `JUnit` report that ran.
fn results(report: &Path) -> Result<Vec<(String, bool)>> {
    let text = std::fs::read_to_string(report).context("the tests wrote no report")?;
    let cases = text.split("<testcase ").skip(1);
    Ok(cases
        .filter_map(|case| {
            let name = attribute(case, "name")?;
            let status = attribute(case, "status")?;
            (status != "skipped").then_some((unescape(name), status == "passed"))
        })
        .collect())
}

fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = element.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

fn unescape(text: &str) -> String {
    text.replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Prints one line a test and returns how many did not pass.
fn print(names: &[String], results: &[(String, bool)]) -> usize {
    let mut failed = 0;
    for name in names {
        let whole = format!("{name} [Conformance]");
        let verdict = match results.iter().find(|(case, _)| case.contains(&whole)) {
            Some((_, true)) => "passed",
            Some((_, false)) => "FAILED",
            None => "NOT RUN",
        };
        failed += usize::from(verdict != "passed");
        say(&format!("{verdict:8} {name}"));
    }
    say(&format!("{} passed, {failed} failed", names.len() - failed));
    failed
}
