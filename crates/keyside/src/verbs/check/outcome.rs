//! What checks end with, and their JSON, on which scripts rely: ids, reasons and fields do not change.

use super::words::Said;
use keyside_core::language::Language;
use keyside_core::page::Topic;
use serde_json::{Value, json};
use std::time::Instant;

/// How a check ended; the worse is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grade {
    Success,
    /// Worth a look; no failure.
    Warning,
    Error,
}

impl Grade {
    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// What it is about, as `TYPE/name` or `TYPE/namespace/name`.
    pub(super) object: String,
    /// One sentence.
    pub(super) message: Said,
    /// A command to paste.
    pub(super) fix: Option<String>,
}

/// One check.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) id: &'static str,
    pub(super) description: &'static str,
    pub(super) grade: Grade,
    /// Why it did not end well: a code with a page.
    reason: Option<Topic>,
    pub(super) problems: Vec<Problem>,
    started: Instant,
    pub(super) duration_ms: u128,
}

/// Checks that belong together.
#[derive(Clone, Debug)]
pub(super) struct Category {
    pub(super) name: &'static str,
    pub(super) checks: Vec<Outcome>,
}

impl Outcome {
    /// A check that has found nothing yet.
    pub(super) fn begin(id: &'static str, description: &'static str) -> Self {
        Self {
            id,
            description,
            grade: Grade::Success,
            reason: None,
            problems: Vec::new(),
            started: Instant::now(),
            duration_ms: 0,
        }
    }

    /// Ends it: with these problems it is of this grade.
    pub(super) fn end(mut self, grade: Grade, reason: impl Into<Topic>, problems: Vec<Problem>) -> Self {
        self.duration_ms = self.started.elapsed().as_millis();
        if !problems.is_empty() {
            (self.grade, self.reason, self.problems) = (grade, Some(reason.into()), problems);
        }
        self
    }
}

impl Outcome {
    /// The code of its reason.
    pub(super) fn reason(&self) -> &'static str {
        self.reason.map_or("Ok", Topic::code)
    }

    /// The command that prints the page of its reason.
    fn hint(&self) -> Option<String> {
        let topic = self.reason?;
        Some(format!("keyside explain {}", topic.code()))
    }
}

impl Category {
    /// The worst of its checks.
    pub(super) fn worst(&self) -> Grade {
        let grades = self.checks.iter().map(|check| check.grade);
        grades.max().unwrap_or(Grade::Success)
    }

    /// How many of its checks are fine.
    pub(super) fn summary(&self) -> Said {
        let worst = self.worst();
        Said::Category {
            count: self.checks.iter().filter(|check| check.grade == worst).count(),
            all: self.checks.len(),
            worst,
        }
    }
}

/// The result as one document.
pub(super) fn document(categories: &[Category]) -> Value {
    let success = categories.iter().all(|category| category.worst() != Grade::Error);
    let check = |one: &Outcome| {
        // What programs get is not translated.
        let messages: Vec<String> = one
            .problems
            .iter()
            .map(|problem| problem.message.text(Language::En))
            .collect();
        let fixes: Vec<&String> = one
            .problems
            .iter()
            .filter_map(|problem| problem.fix.as_ref())
            .collect();
        let objects: Vec<&String> = one.problems.iter().map(|problem| &problem.object).collect();
        json!({
            "id": one.id,
            "description": one.description,
            "result": one.grade.as_str(),
            "reason": one.reason(),
            "error": (!messages.is_empty()).then(|| messages.join("; ")),
            "hint": one.hint(),
            "object": objects,
            "fix": fixes,
            "durationMs": u64::try_from(one.duration_ms).unwrap_or(u64::MAX),
        })
    };
    let categories: Vec<Value> = categories
        .iter()
        .map(|category| {
            let checks: Vec<Value> = category.checks.iter().map(check).collect();
            json!({"categoryName": category.name, "checks": checks})
        })
        .collect();
    json!({"success": success, "categories": categories})
}
