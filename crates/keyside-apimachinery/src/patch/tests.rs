use super::*;
use crate::schema;
use proptest::prelude::*;
use serde_json::json;
use std::path::Path;

fn table(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_json::from_slice(&std::fs::read(&path).expect("the table is there")).expect("the table is JSON")
}

fn schema_of(kind: &str) -> std::sync::Arc<schema::Schema> {
    let group = if kind == "Deployment" { "apps" } else { "" };
    schema::builtin(group, "v1", kind).expect("a built-in kind")
}

/// The kind a row of the acceptance table is about, told by its shape.
fn kind_of(row: &Value) -> &'static str {
    let original = &row["original"];
    match (
        original["spec"]["template"].is_object(),
        original["spec"].is_object(),
    ) {
        (true, _) => "Deployment",
        (false, true) => "Pod",
        (false, false) => "ServiceAccount",
    }
}

fn check_json(document: Value, patch: Value, expected: Value) {
    assert_eq!(json(&document, &patch).unwrap(), expected);
}

#[test]
fn strategic_patches_give_what_was_measured_upstream() {
    let rows = table("../../e2e/cases/admission.json");
    for row in rows["strategic_merge_patch"].as_array().expect("rows") {
        let result = strategic(&schema_of(kind_of(row)), &row["original"], &row["patch"]).unwrap();
        assert_eq!(result, row["result"], "{}", row["name"]);
    }
}

/// Rows made at random and answered by `k8s.io/apimachinery` v0.37.2.
#[test]
fn random_strategic_patches_give_what_upstream_gives() {
    for (i, row) in table("testdata/strategic_merge_patch.json")
        .as_array()
        .expect("rows")
        .iter()
        .enumerate()
    {
        let schema = schema_of(row["kind"].as_str().expect("a kind"));
        let result = strategic(&schema, &row["original"], &row["patch"]);
        match row.get("result") {
            Some(expected) => assert_eq!(result.as_ref(), Ok(expected), "row {i}: {row}"),
            None => assert!(result.is_err(), "row {i}: {row}"),
        }
    }
}

#[test]
fn json_patches_follow_the_rfc() {
    check_json(
        json!({"a": {"b": [1, 2]}}),
        json!([
            {"op": "test", "path": "/a/b/0", "value": 1},
            {"op": "add", "path": "/a/b/-", "value": 3},
            {"op": "remove", "path": "/a/b/0"},
            {"op": "replace", "path": "/a/b/0", "value": {"c": null}},
            {"op": "copy", "from": "/a/b", "path": "/d"},
            {"op": "move", "from": "/d/1", "path": "/e~1f"},
        ]),
        json!({"a": {"b": [{"c": null}, 3]}, "d": [{"c": null}], "e/f": 3}),
    );
}

#[test]
fn json_patches_that_do_not_fit_are_unprocessable() {
    let wrong = [
        json!([{"op": "remove", "path": "/x"}]),
        json!([{"op": "replace", "path": "/x", "value": 1}]),
        json!([{"op": "test", "path": "/a", "value": 2}]),
        json!([{"op": "add", "path": "/x/y", "value": 2}]),
    ];
    for patch in wrong {
        let error = json(&json!({"a": 1}), &patch).unwrap_err();
        assert!(matches!(error, PatchError::Unfit(_)), "{patch}");
        assert_eq!((error.status().code, error.status().reason), (422, "Invalid"));
    }
}

#[test]
fn json_patches_that_are_no_list_of_operations_are_malformed() {
    for patch in [
        json!({}),
        json!([{"op": "dance", "path": "/a"}]),
        json!([1]),
        json!([{"op": "add", "path": "a"}]),
    ] {
        assert_eq!(
            json(&json!({"a": 1}), &patch).unwrap_err().status().code,
            400,
            "{patch}"
        );
    }
}

#[test]
fn a_merge_patch_removes_with_null_and_replaces_lists() {
    let merged = merge(
        &json!({"a": [1, 2], "b": {"c": 1, "d": 2}}),
        &json!({"a": [3], "b": {"c": null}}),
    );
    assert_eq!(merged, json!({"a": [3], "b": {"d": 2}}));
}

#[test]
fn directives_that_are_not_understood_are_named() {
    let schema = schema_of("Pod");
    let patch = json!({"spec": {"$patch": "dance", "a": 1}});
    let error = strategic(&schema, &json!({"spec": {}}), &patch).unwrap_err();
    assert_eq!(error.to_string(), "unknown patch type: dance in map: {\"a\":1}");
    let patch = json!({"spec": {"containers": [{"image": "b"}]}});
    let error = strategic(&schema, &json!({"spec": {"containers": [{"name": "a"}]}}), &patch).unwrap_err();
    assert_eq!(
        error.to_string(),
        "map: {\"image\":\"b\"} does not contain declared merge key: name"
    );
}

/// Pull secrets of a pod, each name once.
fn names() -> impl Strategy<Value = Vec<Value>> {
    proptest::sample::subsequence(vec!["a", "b", "c", "d"], 0..=4)
        .prop_shuffle()
        .prop_map(|names| names.into_iter().map(|name| json!({"name": name})).collect())
}

proptest! {
    #[test]
    fn patching_twice_is_patching_once(old in names(), new in names()) {
        let schema = schema_of("Pod");
        let patch = json!({"spec": {"imagePullSecrets": new}});
        let once = strategic(&schema, &json!({"spec": {"imagePullSecrets": old}}), &patch).unwrap();
        let twice = strategic(&schema, &once, &patch).unwrap();
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn no_element_is_lost_or_doubled(old in names(), new in names()) {
        let schema = schema_of("Pod");
        let patch = json!({"spec": {"imagePullSecrets": new.clone()}});
        let result = strategic(&schema, &json!({"spec": {"imagePullSecrets": old.clone()}}), &patch).unwrap();
        let result = result["spec"]["imagePullSecrets"].as_array().unwrap();
        let mut all = old.clone();
        all.extend(new.into_iter().filter(|name| !old.contains(name)));
        prop_assert_eq!(result.len(), all.len());
        prop_assert!(all.iter().all(|name| result.contains(name)));
    }
}
