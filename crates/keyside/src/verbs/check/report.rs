//! The report for a bug report: which checks ended how, on what versions. No name, no message, no value.

use super::outcome::Category;
use crate::failure::Failure;
use serde_json::{Value, json};
use std::path::Path;

/// Writes it.
pub(super) fn write(path: &Path, categories: &[Category]) -> Result<(), Failure> {
    let checks: Vec<Value> = categories
        .iter()
        .flat_map(|category| &category.checks)
        .map(|check| {
            json!({
                "id": check.id, "reason": check.reason(), "problems": check.problems.len(),
                "durationMs": u64::try_from(check.duration_ms).unwrap_or(u64::MAX),
            })
        })
        .collect();
    let report = json!({
        "keyside": env!("CARGO_PKG_VERSION"),
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
        "checks": checks,
    });
    let text = serde_json::to_string_pretty(&report).map_err(anyhow::Error::from)?;
    std::fs::write(path, text + "\n")
        .map_err(|error| Failure::new(format!("{} cannot be written", path.display())).because(error))
}
