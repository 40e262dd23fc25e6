//! Runs the acceptance tables in `e2e/cases`, which say what upstream programs really do.

use serde_json::Value;

/// The rows of one list of a table.
pub(crate) fn cases(table: &str, list: &str) -> Vec<Value> {
    let path = format!("{}/../../e2e/cases/{table}", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "tests read the tables from disk")]
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let document: Value = serde_json::from_str(&text).expect("the table is JSON");
    let rows = document[list].as_array().expect("the list exists").clone();
    assert!(!rows.is_empty(), "{table} has no {list}");
    rows
}

/// Runs every row, and shows all that fail.
pub(crate) fn failures(rows: Vec<Value>, check: impl Fn(&Value) -> Result<(), String>) {
    let mut failed = Vec::new();
    for row in &rows {
        if let Err(reason) = check(row) {
            failed.push(format!("{}: {reason}", label(row)));
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} rows fail:\n{}",
        failed.len(),
        rows.len(),
        failed.join("\n")
    );
}

fn label(row: &Value) -> String {
    row["name"].as_str().map_or_else(
        || format!("{} against {}", row["glob"], row["target"]),
        str::to_owned,
    )
}

/// A text that every row has.
pub(crate) fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field]
        .as_str()
        .unwrap_or_else(|| panic!("{}: no {field}", label(row)))
}

/// A document: `raw`, `raw_base64` or the object `config`.
pub(crate) fn document(row: &Value) -> Vec<u8> {
    use base64::Engine as _;
    match (row["raw"].as_str(), row["raw_base64"].as_str()) {
        (Some(raw), _) => raw.as_bytes().to_vec(),
        (None, Some(raw)) => base64::engine::general_purpose::STANDARD
            .decode(raw)
            .expect("the table holds base64"),
        (None, None) => serde_json::to_vec(&row["config"]).expect("a value can be written"),
    }
}
