use crate::crd::resources;
use crate::resource::{Resource, WriteContext};
use serde_json::{Value, json};

fn kind(version: Value) -> Resource {
    let mut version = version;
    version["name"] = "v1".into();
    version["served"] = true.into();
    version["storage"] = true.into();
    let names = json!({"plural": "foos", "singular": "foo", "kind": "Foo", "listKind": "FooList", "shortNames": ["f"]});
    let definition = json!({
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]},
        "status": {"acceptedNames": names},
    });
    resources(&definition).pop().expect("one version is served")
}

fn with_schema(schema: Value) -> Resource {
    kind(json!({"schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}))
}

fn object(rest: Value) -> Value {
    let mut object = json!({"apiVersion": "example.com/v1", "kind": "Foo", "metadata": {"name": "x"}});
    object
        .as_object_mut()
        .unwrap()
        .extend(rest.as_object().unwrap().clone());
    object
}

#[test]
fn unknown_fields_are_removed_and_told() {
    let foo = with_schema(json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {
            "known": {"type": "string"},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
        }},
    }}));
    let mut value = object(json!({
        "spec": {"known": "a", "other": 1, "free": {"x": 1}, "list": [{"a": "1", "b": 2}], "map": {"k": "v"}},
        "more": true,
    }));
    let told = foo.behaviour.coerce(&mut value).unwrap().unwrap();
    let expected = ["more", "spec.list[0].b", "spec.other"].map(|path| format!("unknown field {path:?}"));
    assert_eq!(told, expected);
    let kept = json!({"known": "a", "free": {"x": 1}, "list": [{"a": "1"}], "map": {"k": "v"}});
    assert_eq!(value, object(json!({ "spec": kept })));
}

#[test]
fn defaults_fill_gaps_and_nulls() {
    let foo = with_schema(
        json!({"type": "object", "properties": {"spec": {"type": "object", "default": {}, "properties": {
            "a": {"type": "string", "default": "A"},
            "b": {"type": "string", "default": "B", "nullable": true},
            "c": {"type": "string"},
        }}}}),
    );
    let mut value = object(json!({"spec": {"a": null, "b": null, "c": null}}));
    foo.behaviour.coerce(&mut value).unwrap().unwrap();
    foo.behaviour.default(&mut value);
    assert_eq!(value["spec"], json!({"a": "A", "b": null}));
    let mut empty = object(json!({}));
    foo.behaviour.default(&mut empty);
    assert_eq!(empty["spec"], json!({"a": "A", "b": "B"}));
}

#[test]
fn status_is_out_of_reach_of_ordinary_writes() {
    let foo = with_schema(json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}));
    let context = WriteContext::default();
    let mut new = object(json!({"status": {"n": 1}}));
    foo.behaviour.prepare_create(&mut new, &context);
    assert_eq!(new, object(json!({})));
    let old = object(json!({"spec": {"a": 1}, "status": {"n": 1}}));
    let mut new = object(json!({"spec": {"a": 2}, "status": {"n": 2}}));
    foo.behaviour.prepare_update(&mut new, &old, &context);
    assert_eq!(new, object(json!({"spec": {"a": 2}, "status": {"n": 1}})));
    assert!(foo.behaviour.generation_counts(&new, &old));
    let mut new = object(json!({"spec": {"a": 2}, "status": {"n": 2}}));
    foo.behaviour.prepare_update(
        &mut new,
        &old,
        &WriteContext {
            subresource: "status".into(),
            ..context
        },
    );
    assert_eq!(new, object(json!({"spec": {"a": 1}, "status": {"n": 2}})));
    assert!(!foo.behaviour.generation_counts(&new, &old));
}

#[test]
fn scale_counts_are_whole_and_not_negative() {
    let foo = kind(json!({
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
        "subresources": {"scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
    }));
    let errors = |replicas: Value| {
        let value = object(json!({"spec": {"replicas": replicas}}));
        let errors = foo.behaviour.validate_create(&value, &WriteContext::default());
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(errors(json!(3)), [""; 0]);
    assert_eq!(
        errors(json!(-1)),
        [".spec.replicas: Invalid value: -1: should be a non-negative integer"]
    );
    let text = ".spec.replicas: Invalid value: 0: .spec.replicas accessor error: x is of the type string, expected int64";
    assert_eq!(errors(json!("x")), [text]);
}

#[test]
fn selectable_fields_are_texts() {
    let foo = kind(json!({
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
        "selectableFields": [{"jsonPath": ".spec.color"}, {"jsonPath": ".spec.n"}],
    }));
    assert_eq!(foo.behaviour.selectable_field_names(), ["spec.color", "spec.n"]);
    let fields = foo
        .behaviour
        .selectable_fields(&object(json!({"spec": {"n": 5}})));
    assert_eq!(
        fields,
        [
            ("spec.color".into(), String::new()),
            ("spec.n".into(), "5".into())
        ]
    );
}

#[test]
fn another_kind_is_refused() {
    let foo = with_schema(json!({"type": "object"}));
    let mut value = object(json!({}));
    value["kind"] = "Bar".into();
    let errors = foo.behaviour.validate_create(&value, &WriteContext::default());
    assert_eq!(
        errors[0].to_string(),
        r#"kind: Invalid value: "Bar": must be Foo"#
    );
}

#[test]
fn stored_objects_appear_in_the_version_asked_for() {
    let names = json!({"plural": "foos", "singular": "foo", "kind": "Foo", "listKind": "FooList"});
    let version = |name: &str, storage: bool, fields: Value| {
        json!({"name": name, "served": true, "storage": storage, "schema": {"openAPIV3Schema": {
            "type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}}})
    };
    let definition = json!({
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [
            version("v1", true, json!({"a": {"type": "string"}, "b": {"type": "string"}})),
            version("v2", false, json!({"a": {"type": "string"}, "c": {"type": "string", "default": "C"}})),
        ]},
        "status": {"acceptedNames": names},
    });
    let v2 = resources(&definition)
        .into_iter()
        .find(|r| r.gvk.version == "v2")
        .unwrap();
    let mut value = object(json!({"spec": {"a": "1", "b": "2", "gone": 3}}));
    v2.behaviour.adapt_stored(&mut value);
    assert_eq!(value["apiVersion"], "example.com/v2");
    assert_eq!(value["spec"], json!({"a": "1", "c": "C"}));
}
