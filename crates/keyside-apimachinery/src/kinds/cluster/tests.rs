//! Tests of budgets, classes and definitions.

use crate::kinds::fixture::{create, resource, row, update, yaml};
use serde_json::{Value, json};

#[track_caller]
fn check(group: &str, plural: &str, object: &str, expected: &[&str]) {
    assert_eq!(
        create(&resource(group, plural), &yaml(object)).1,
        expected,
        "{plural} {object}"
    );
}

#[test]
fn a_budget_has_one_bound() {
    check(
        "policy",
        "poddisruptionbudgets",
        "{spec: {minAvailable: 50%}}",
        &[],
    );
    check(
        "policy",
        "poddisruptionbudgets",
        "{spec: {minAvailable: 1, maxUnavailable: 1}}",
        &[
            "spec: Invalid value: {\"minAvailable\":1,\"maxUnavailable\":1}: minAvailable and maxUnavailable cannot be both \
           set",
        ],
    );
    let budget = json!({"metadata": {"name": "b"}, "spec": {"minAvailable": 2}});
    let shown = row(&resource("policy", "poddisruptionbudgets"), &budget);
    assert!(
        shown.contains("Min Available: 2\nMax Unavailable: N/A\nAllowed Disruptions: 0\n"),
        "{shown}"
    );
}

#[test]
fn classes_keep_what_others_rely_on() {
    let storage = resource("storage.k8s.io", "storageclasses");
    let class = |provisioner: &str| json!({"metadata": {"name": "c"}, "provisioner": provisioner});
    let (stored, errors) = create(&storage, &class("p"));
    assert_eq!(errors, [""; 0]);
    assert_eq!(stored["reclaimPolicy"], "Delete");
    assert_eq!(
        update(&storage, &class("q"), &class("p"), "").1,
        ["provisioner: Invalid value: null: field is immutable"]
    );
    check(
        "storage.k8s.io",
        "storageclasses",
        "{}",
        &["provisioner: Required value"],
    );
    let priorities = resource("scheduling.k8s.io", "priorityclasses");
    let class = |value: i64| json!({"metadata": {"name": "c"}, "value": value});
    assert_eq!(
        create(&priorities, &class(5)).0["preemptionPolicy"],
        "PreemptLowerPriority"
    );
    assert_eq!(
        create(&priorities, &class(2_000_000_000)).1,
        ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]
    );
    assert_eq!(
        update(&priorities, &class(6), &class(5), "").1,
        ["value: Forbidden: may not be changed in an update."]
    );
}

#[test]
fn definitions_behave_as_definitions() {
    let columns = resource("apiextensions.k8s.io", "customresourcedefinitions")
        .behaviour
        .columns();
    let names: Vec<Value> = columns.iter().map(|column| column.name.as_str().into()).collect();
    assert_eq!(names, ["Name", "Created At"]);
}
