//! The embedded API server answers as Kubernetes does: requests that were put to a real one are put to ours.
//!
//! `e2e/scripts/*.http` holds the requests, one block a script. `cargo e2e record` puts them to a real Kubernetes and keeps
//! the answers in `e2e/golden/*.json`, without what differs from run to run. The tests here put the same requests to the
//! embedded server. Where it is known to differ, `e2e/golden/differences.txt` says so: a new difference fails, and so does
//! one that is gone and still listed. `docs/fidelity.md` is made of the same results.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, whichever function finds it out"
)]

#[path = "golden/compare.rs"]
mod compare;
#[path = "golden/normal.rs"]
mod normal;
#[path = "golden/report.rs"]
mod report;
#[path = "golden/run.rs"]
mod run;
#[path = "golden/script.rs"]
mod script;

use compare::Difference;
use run::Answer;
use script::Area;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Answers of an area, by script.
type Golden = BTreeMap<String, Vec<Answer>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn golden_path(area: &Area) -> PathBuf {
    root().join("golden").join(format!("{}.json", area.name))
}

/// What was recorded.
fn golden(area: &Area) -> Golden {
    let path = golden_path(area);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `cargo e2e record`", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// Puts all scripts to the embedded server, and compares.
async fn differences() -> Vec<Difference> {
    let mut all = Vec::new();
    for area in script::areas(&root().join("scripts")) {
        let golden = golden(&area);
        for script in &area.scripts {
            let client = run::embedded(&script.namespace).await;
            let ours = run::answers(&client, script).await;
            let theirs = golden
                .get(&script.title)
                .unwrap_or_else(|| panic!("{} is not recorded: run `cargo e2e record`", script.title));
            all.extend(compare::compare(&area.name, script, theirs, &ours));
        }
    }
    all
}

#[tokio::test]
async fn embedded_server_answers_as_kubernetes_does() {
    if std::env::var_os("KEYSIDE_RECORD").is_some() {
        return;
    }
    let differences = differences().await;
    let found: Vec<String> = differences.iter().map(Difference::place).collect();
    let path = root().join("golden/differences.txt");
    if std::env::var_os("KEYSIDE_UPDATE").is_some() {
        std::fs::write(
            &path,
            found.iter().map(|line| format!("{line}\n")).collect::<String>(),
        )
        .unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let known: Vec<&str> = known.lines().collect();
    let new: Vec<String> = differences
        .iter()
        .filter(|one| !known.contains(&one.place().as_str()))
        .map(ToString::to_string)
        .collect();
    assert!(
        new.is_empty(),
        "answers that differ from Kubernetes':\n{}",
        new.join("\n")
    );
    let gone: Vec<&&str> = known
        .iter()
        .filter(|line| !found.iter().any(|one| one == **line))
        .collect();
    assert!(
        gone.is_empty(),
        "no longer different, to be taken off differences.txt: {gone:#?}"
    );
    let document = root().join("../docs/fidelity.md");
    let report = report::report(&script::areas(&root().join("scripts")), &differences);
    if std::env::var_os("KEYSIDE_UPDATE").is_some() {
        std::fs::write(&document, &report).unwrap();
    }
    let written = std::fs::read_to_string(&document).unwrap_or_default();
    assert!(
        written == report,
        "docs/fidelity.md is old: run the test with KEYSIDE_UPDATE=1"
    );
}

/// Puts all scripts to a real Kubernetes and keeps the answers; `cargo e2e record` runs it.
#[tokio::test]
async fn record() {
    if std::env::var_os("KEYSIDE_RECORD").is_none() {
        return;
    }
    let client = run::real().await;
    for area in script::areas(&root().join("scripts")) {
        let mut golden = Golden::new();
        for script in &area.scripts {
            run::furnish_real(&client, &script.namespace).await;
            golden.insert(script.title.clone(), run::answers(&client, script).await);
        }
        let mut text = serde_json::to_string_pretty(&golden).unwrap();
        text.push('\n');
        std::fs::write(golden_path(&area), text).unwrap();
    }
}
