//! What the tests said, and the page that says it (`docs/conformance.md`).

use crate::root;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Outcomes by name of a test, without the word that marks conformance.
pub(super) type Outcomes = BTreeMap<String, Outcome>;

/// What became of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Failed,
    NotRun,
}

impl Outcome {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::NotRun => "NOT RUN",
        }
    }
}

/// The outcomes of these tests, from a `JUnit` report.
pub(super) fn read(report: &Path, names: &[&str]) -> Result<Outcomes> {
    let text = std::fs::read_to_string(report).with_context(|| {
        format!(
            "the tests wrote no report; see {}",
            report.with_extension("log").display()
        )
    })?;
    let cases: Vec<(String, bool)> = text
        .split("<testcase ")
        .skip(1)
        .filter_map(|case| {
            let name = attribute(case, "name")?;
            let status = attribute(case, "status")?;
            (status != "skipped").then_some((unescape(name), status == "passed"))
        })
        .collect();
    let outcome = |name: &str| {
        let whole = format!("{name} [Conformance]");
        match cases.iter().find(|(case, _)| case.contains(&whole)) {
            Some((_, true)) => Outcome::Passed,
            Some((_, false)) => Outcome::Failed,
            None => Outcome::NotRun,
        }
    };
    Ok(names
        .iter()
        .map(|name| ((*name).to_owned(), outcome(name)))
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

/// The published page.
pub(super) fn page() -> PathBuf {
    root().join("docs/conformance.md")
}

/// The page with these outcomes, by world; a test that did not run keeps what the page says of it.
pub(super) fn render(all: &[String], worlds: &[(&str, Outcomes)], before: &str) -> String {
    let known = known(before);
    let mut page = INTRODUCTION.to_owned();
    for name in all {
        let word = |at: usize, world: &str| {
            let ran = worlds.iter().find(|(title, _)| *title == world);
            ran.and_then(|(_, outcomes)| outcomes.get(name))
                .map(|outcome| outcome.word().to_owned())
                .or_else(|| known.get(name).and_then(|words| words.get(at).cloned()))
                .unwrap_or_else(|| Outcome::NotRun.word().to_owned())
        };
        let (embedded, real) = (word(0, EMBEDDED), word(1, REAL));
        writeln!(page, "| {name} | {embedded} | {real} |").expect("a text takes whatever is written to it");
    }
    page
}

/// What the page says by now.
fn known(page: &str) -> BTreeMap<String, Vec<String>> {
    page.lines()
        .filter_map(|line| {
            let mut cells = line
                .strip_prefix("| ")?
                .strip_suffix(" |")?
                .split(" | ")
                .map(str::to_owned);
            Some((cells.next()?, cells.collect()))
        })
        .collect()
}

/// The title of `keyside up`.
pub(super) const EMBEDDED: &str = "keyside up";
/// The title of the other one.
pub(super) const REAL: &str = "Kubernetes 1.37.2";

const INTRODUCTION: &str = "# Conformance

Kubernetes' own conformance tests of what the embedded API server serves, run by Kubernetes' own test program against both worlds.
They are those that need no container to run ([conformance.txt](../e2e/conformance.txt)). `cargo e2e conformance` runs them, `--all` with the two that wait
for minutes by design; `KEYSIDE_UPDATE=1` writes this page from what was seen.

| Test | keyside up | Kubernetes 1.37.2 |
|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_keeps_what_did_not_run_and_takes_what_did() {
        let all = ["[sig-a] one".to_owned(), "[sig-a] two".to_owned()];
        let first = render(
            &all,
            &[(EMBEDDED, Outcomes::from([(all[0].clone(), Outcome::Passed)]))],
            "",
        );
        assert!(first.ends_with("| [sig-a] one | passed | NOT RUN |\n| [sig-a] two | NOT RUN | NOT RUN |\n"));
        let second = render(
            &all,
            &[(REAL, Outcomes::from([(all[0].clone(), Outcome::Failed)]))],
            &first,
        );
        assert!(second.ends_with("| [sig-a] one | passed | FAILED |\n| [sig-a] two | NOT RUN | NOT RUN |\n"));
    }
}
