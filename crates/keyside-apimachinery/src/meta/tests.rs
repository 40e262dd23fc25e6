use super::*;
use crate::kinds::name::subdomain;
use serde_json::json;

fn check_create(metadata: Value, expected: &[&str]) {
    let found = validate(&json!({"metadata": metadata}), true, subdomain);
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        expected
    );
}

fn check_update(new: Value, old: Value, expected: &[&str]) {
    let found = validate_update(&json!({"metadata": new}), &json!({"metadata": old}), true);
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn generated_names_take_five_characters_and_fit_a_label() {
    let name = generate_name("web-", 0);
    assert_eq!(name, "web-bbbbb");
    let long = generate_name(&"a".repeat(80), u64::MAX);
    assert_eq!(long.len(), 63);
    assert_ne!(generate_name("x", 1), generate_name("x", 2));
}

#[test]
fn empty_values_leave_no_trace_in_metadata() {
    let mut object = json!({"metadata": {"name": "a", "labels": {"x": "y"}}});
    set(&mut object, "labels", json!({}));
    set(&mut object, "uid", "u");
    remove(&mut object, "name");
    assert_eq!(object, json!({"metadata": {"uid": "u"}}));
}

#[test]
fn name_and_namespace_are_required() {
    check_create(
        json!({}),
        &[
            "metadata.name: Required value: name or generateName is required",
            "metadata.namespace: Required value",
        ],
    );
    check_create(json!({"name": "a", "namespace": "default"}), &[]);
}

#[test]
fn cluster_wide_objects_have_no_namespace() {
    let object = json!({"metadata": {"name": "a", "namespace": "b"}});
    let found = validate(&object, false, subdomain);
    assert_eq!(
        found[0].to_string(),
        "metadata.namespace: Forbidden: not allowed on this type"
    );
}

#[test]
fn owners_need_all_four_names_and_at_most_one_controls() {
    let owner =
        |name: &str| json!({"apiVersion": "v1", "kind": "Pod", "name": name, "uid": "1", "controller": true});
    let both = json!([owner("a"), owner("b")]);
    check_create(
        json!({"name": "a", "namespace": "b", "ownerReferences": both}),
        &[&format!(
            "metadata.ownerReferences: Invalid value: {both}: Only one reference can have Controller set to true. \
             Found \"true\" in references for Pod/a and Pod/b"
        )],
    );
    check_create(
        json!({"name": "a", "namespace": "b", "ownerReferences": [{"apiVersion": "v1"}]}),
        &[
            "metadata.ownerReferences[0].kind: Required value: must not be empty",
            "metadata.ownerReferences[0].name: Required value: must not be empty",
            "metadata.ownerReferences[0].uid: Required value: must not be empty",
        ],
    );
}

#[test]
fn finalizers_are_qualified_names_and_foreground_excludes_orphan() {
    check_create(
        json!({"name": "a", "namespace": "b", "finalizers": ["orphan", "foregroundDeletion"]}),
        &[
            "metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\"]: finalizer orphan and \
           foregroundDeletion cannot be both set",
        ],
    );
}

#[test]
fn annotations_are_bounded_together() {
    check_create(
        json!({"name": "a", "namespace": "b", "annotations": {"A.com/x": "y".repeat(262_144)}}),
        &["metadata.annotations: Too long: may not be more than 262144 bytes"],
    );
}

#[test]
fn what_the_server_set_is_immutable() {
    check_update(
        json!({"name": "b", "namespace": "n", "uid": "2", "resourceVersion": "1"}),
        json!({"name": "a", "namespace": "n", "uid": "1", "resourceVersion": "1"}),
        &[
            "metadata.name: Invalid value: \"b\": field is immutable",
            "metadata.uid: Invalid value: \"2\": field is immutable",
        ],
    );
}

#[test]
fn an_object_being_deleted_takes_no_new_finalizers() {
    check_update(
        json!({"name": "a", "namespace": "n", "resourceVersion": "1", "deletionTimestamp": "t",
               "finalizers": ["a.b/c", "a.b/d"]}),
        json!({"name": "a", "namespace": "n", "resourceVersion": "1", "deletionTimestamp": "t",
               "finalizers": ["a.b/c"]}),
        &[
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new \
           finalizers []string{\"a.b/d\"}",
        ],
    );
}

#[test]
fn an_update_without_version_is_refused_by_name() {
    check_update(
        json!({"name": "a", "namespace": "n"}),
        json!({"name": "a", "namespace": "n"}),
        &["metadata.resourceVersion: Invalid value: \"\": must be specified for an update"],
    );
}
