//! Writes `docs/fidelity.md`: what the embedded server serves equal to Kubernetes, and what not.

use crate::compare::Difference;
use crate::script::Area;
use std::fmt::Write as _;

const HEAD: &str = "# Fidelity of the embedded API server

The embedded API server is put the same requests as a real Kubernetes 1.37, and the answers are compared whole: status,
headers, every field, every word of every error. What differs from run to run (identities, times, versions) is taken out first.
The requests are in `e2e/scripts/`, the recorded answers in `e2e/golden/`; `cargo e2e record` records them anew, and a test
holds this page to the results. Kubernetes' own conformance tests are run besides ([results](conformance.md)).

";

/// The page.
pub(crate) fn report(areas: &[Area], differences: &[Difference]) -> String {
    let mut page = HEAD.to_owned();
    let differs = |area: &Area, title: &str| {
        differences
            .iter()
            .any(|one| one.area == area.name && one.script == title)
    };
    let mut table =
        "| Area | What is asked | Scripts | Requests | Equal |\n|---|---|---|---|---|\n".to_owned();
    let (mut scripts, mut requests, mut equal) = (0, 0, 0);
    for area in areas {
        let steps: usize = area.scripts.iter().map(|script| script.steps.len()).sum();
        let same = area
            .scripts
            .iter()
            .filter(|script| !differs(area, &script.title))
            .count();
        let count = area.scripts.len();
        writeln!(
            table,
            "| {} | {} | {count} | {steps} | {same} |",
            area.name, area.about
        )
        .unwrap();
        (scripts, requests, equal) = (scripts + count, requests + steps, equal + same);
    }
    writeln!(table, "| all | | {scripts} | {requests} | {equal} |").unwrap();
    page.push_str(&table);
    page.push_str("\n## Every script\n\n| Area | Script | Answer |\n|---|---|---|\n");
    for area in areas {
        for script in &area.scripts {
            let answer = match differences
                .iter()
                .find(|one| one.area == area.name && one.script == script.title)
            {
                None => "equal".to_owned(),
                Some(first) => format!("differs: {}", first.summary()),
            };
            writeln!(page, "| {} | {} | {answer} |", area.name, script.title).unwrap();
        }
    }
    page
}
