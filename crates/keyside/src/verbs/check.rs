//! `keyside check`: looks at the cluster and says what is wrong. All checks always run; a warning is no failure. What is read is read
//! once, the rest is judged from it.

mod api;
mod credentials;
mod fresh;
mod install;
mod outcome;
mod pods;
mod policy;
mod report;
mod rights;
mod secrets;
pub(super) mod survey;
mod words;

use super::Ended;
use crate::cli::{Check, CheckFormat, Global};
use crate::connect::{Connection, connect};
use crate::failure::{FOUND, Failure};
use crate::output::{Mark, Output, columns};
use crate::print;
use outcome::{Category, Grade, Outcome};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use survey::Survey;
use words::Said;

/// How long lies between two looks of `--wait`.
const PAUSE: Duration = Duration::from_millis(500);

pub(super) async fn run(global: &Global, flags: &Check, output: &Output) -> Ended {
    let connection = connect(global).await?;
    let deadline = Instant::now() + duration(&flags.timeout)?;
    let categories = loop {
        let categories = look(&connection, flags).await?;
        let fine = categories.iter().all(|category| category.worst() != Grade::Error);
        if fine || !flags.wait || Instant::now() >= deadline {
            break categories;
        }
        tokio::time::sleep(PAUSE).await;
    };
    if let Some(path) = &flags.report {
        report::write(path, &categories)?;
        let path = path.display().to_string();
        output.note(Said::Written { path }.text(output.language()));
    }
    match flags.output {
        Some(CheckFormat::Json) => print::document(&outcome::document(&categories), None, output)?,
        format => table(&categories, format == Some(CheckFormat::Short), output),
    }
    let failed = categories.iter().any(|category| category.worst() == Grade::Error);
    Ok(if failed {
        ExitCode::from(FOUND)
    } else {
        ExitCode::SUCCESS
    })
}

/// Runs every check.
async fn look(connection: &Connection, flags: &Check) -> Result<Vec<Category>, Failure> {
    let client = &connection.client;
    let mut categories = vec![api::category(client, flags.pre, flags.namespace.as_deref()).await?];
    if flags.pre {
        return Ok(categories);
    }
    if let Some(name) = &flags.namespace {
        super::require_namespace(client, name).await?;
    }
    let survey = Survey::read(client, flags.namespace.as_deref()).await?;
    categories.push(install::category(client, &survey).await);
    categories.push(credentials::delivery(&survey));
    categories.push(credentials::validity(&survey, jiff::Timestamp::now()));
    categories.push(secrets::category(&survey));
    categories.push(pods::category(&survey));
    Ok(categories)
}

fn table(categories: &[Category], short: bool, output: &Output) {
    let mark = |grade: Grade| match grade {
        Grade::Success => output.mark(Mark::Ok),
        Grade::Warning => output.mark(Mark::Warn),
        Grade::Error => output.mark(Mark::Fail),
    };
    let mut is_first = true;
    for category in categories {
        let worst = category.worst();
        if short && worst == Grade::Success {
            continue;
        }
        let name = words::category(category.name, output.language());
        output.line(format!(
            "{name}{} {} {}",
            " ".repeat(17_usize.saturating_sub(columns(name))),
            mark(worst),
            category.summary().text(output.language())
        ));
        is_first = false;
        for one in category.checks.iter().filter(|one| one.grade != Grade::Success) {
            for problem in &one.problems {
                output.line(format!(
                    "  {} {}   {}",
                    mark(one.grade),
                    problem.message.text(output.language()),
                    one.reason()
                ));
                if let Some(fix) = &problem.fix {
                    output.line(format!("      {}{fix}", Said::Fix.text(output.language())));
                }
            }
        }
    }
    let all: Vec<&Outcome> = categories.iter().flat_map(|category| &category.checks).collect();
    let count = |grade: Grade| all.iter().filter(|one| one.grade == grade).count();
    if !is_first {
        output.line("");
    }
    let total = Said::Total {
        all: all.len(),
        fine: count(Grade::Success),
        warnings: count(Grade::Warning),
        failed: count(Grade::Error),
    };
    output.line(total.text(output.language()));
}

/// A duration with its unit, as flags take it.
fn duration(text: &str) -> Result<Duration, Failure> {
    let bad = || Failure::new(format!("`{text}` is no duration")).hint("--timeout 60s");
    let (number, unit) = text.split_at(
        text.find(|letter: char| !letter.is_ascii_digit())
            .ok_or_else(bad)?,
    );
    let number: u64 = number.parse().map_err(|_| bad())?;
    match unit {
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number * 60)),
        "ms" => Ok(Duration::from_millis(number)),
        _ => Err(bad()),
    }
}
