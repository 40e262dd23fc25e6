//! For tests: objects from YAML, and what a kind makes of them.

use super::builtin_resources;
use crate::resource::{Resource, WriteContext};
use serde_json::Value;

/// When tests take place.
pub(crate) const NOW: &str = "2026-01-01T01:00:00Z";

/// An object.
pub(crate) fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("the test's YAML is valid")
}

/// A resource by its plural, in the group's first version.
pub(crate) fn resource(group: &str, plural: &str) -> Resource {
    let found = builtin_resources()
        .into_iter()
        .find(|r| r.gvk.group == group && r.plural == plural);
    found.expect("the resource is served")
}

/// What is stored of a new object, and what is wrong with it.
pub(crate) fn create(resource: &Resource, object: &Value) -> (Value, Vec<String>) {
    let context = WriteContext {
        now: NOW.into(),
        ..WriteContext::default()
    };
    let mut object = object.clone();
    resource.behaviour.default(&mut object);
    resource.behaviour.prepare_create(&mut object, &context);
    let errors = resource.behaviour.validate_create(&object, &context);
    (object, errors.iter().map(ToString::to_string).collect())
}

/// What is stored of a change, and what is wrong with it; both objects are defaulted first.
pub(crate) fn update(
    resource: &Resource,
    new: &Value,
    old: &Value,
    subresource: &str,
) -> (Value, Vec<String>) {
    let context = WriteContext {
        now: NOW.into(),
        subresource: subresource.into(),
        ..WriteContext::default()
    };
    let (mut new, mut old) = (new.clone(), old.clone());
    resource.behaviour.default(&mut old);
    resource.behaviour.default(&mut new);
    resource.behaviour.prepare_update(&mut new, &old, &context);
    let errors = resource.behaviour.validate_update(&new, &old, &context);
    (new, errors.iter().map(ToString::to_string).collect())
}

/// The table row of an object, `Title: cell` by line.
pub(crate) fn row(resource: &Resource, object: &Value) -> String {
    let columns = resource.behaviour.columns();
    let cells = resource.behaviour.cells(object, NOW);
    assert_eq!(
        columns.len(),
        cells.len(),
        "{} has a cell for each column",
        resource.plural
    );
    let lines = columns.iter().zip(cells).map(|(column, cell)| {
        let cell = cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
        format!("{}: {cell}\n", column.name)
    });
    lines.collect()
}

/// Rows of an acceptance table.
pub(crate) fn rows(file: &str, list: &str) -> Vec<Value> {
    let path = format!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/cases/{}"), file);
    let text = std::fs::read_to_string(&path).expect("the table is there");
    let table: Value = serde_json::from_str(&text).expect("the table is JSON");
    let rows = table[list].as_array().cloned().unwrap_or_default();
    assert!(!rows.is_empty(), "{file} has rows under {list}");
    rows
}

/// Fails with every row that does not hold.
pub(crate) fn report(failures: &[String]) {
    assert!(
        failures.is_empty(),
        "{} rows fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
