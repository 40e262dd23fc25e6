use super::Definition;
use crate::resource::{Behaviour, WriteContext};
use serde_json::{Value, json};

fn definition(schema: Value) -> Value {
    let mut object = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "foos.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "foos", "kind": "Foo"}, "versions": [
            {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]},
    });
    Definition.default(&mut object);
    Definition.prepare_create(&mut object, &WriteContext::default());
    object
}

fn errors(object: &Value) -> Vec<String> {
    let errors = Definition.validate_create(object, &WriteContext::default());
    errors.iter().map(ToString::to_string).collect()
}

/// Checks a definition with one schema.
fn check_schema(schema: Value, expected: &[&str]) {
    assert_eq!(errors(&definition(schema)), expected);
}

/// Checks a sound definition with one change.
fn check(change: impl FnOnce(&mut Value), expected: &[&str]) {
    let mut object = definition(json!({"type": "object"}));
    change(&mut object);
    assert_eq!(errors(&object), expected);
}

#[test]
fn names_are_defaulted() {
    let object = definition(json!({"type": "object"}));
    let names = json!({"plural": "foos", "kind": "Foo", "singular": "foo", "listKind": "FooList"});
    assert_eq!(object["spec"]["names"], names);
    assert_eq!(object["spec"]["conversion"], json!({"strategy": "None"}));
    assert_eq!(object["status"]["storedVersions"], json!(["v1"]));
    assert_eq!(errors(&object), [""; 0]);
}

#[test]
fn names_and_versions_are_checked() {
    check(
        |o| o["metadata"]["name"] = "x".into(),
        &[r#"metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group"#],
    );
    check(
        |o| o["spec"]["scope"] = "Everywhere".into(),
        &[r#"spec.scope: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced""#],
    );
    check(
        |o| o["spec"]["names"]["listKind"] = "Foo".into(),
        &[r#"spec.names.listKind: Invalid value: "Foo": kind and listKind may not be the same"#],
    );
    check(
        |o| o["spec"]["versions"][0]["storage"] = false.into(),
        &[concat!(
            r#"spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"#,
            r#""DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"#,
            r#""SelectableFields":null}]: must have exactly one version marked as storage version"#
        )],
    );
    check(
        |o| {
            drop(
                o["spec"]["versions"][0]
                    .as_object_mut()
                    .unwrap()
                    .shift_remove("schema"),
            )
        },
        &["spec.versions[0].schema.openAPIV3Schema: Required value"],
    );
    check(
        |o| o["spec"]["preserveUnknownFields"] = true.into(),
        &[
            "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set \
           x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
        ],
    );
    check(
        |o| o["spec"]["versions"][0]["deprecationWarning"] = "old".into(),
        &[
            r#"spec.versions[0].deprecationWarning: Invalid value: "old": can only be set for deprecated versions"#,
        ],
    );
}

#[test]
fn columns_subresources_and_selectable_fields_are_checked() {
    check(
        |o| {
            o["spec"]["versions"][0]["additionalPrinterColumns"] =
                json!([{"name": "A", "type": "text", "jsonPath": "a"}])
        },
        &[
            r#"spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string"#,
            r#"spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with ."#,
        ],
    );
    check(
        |o| o["spec"]["versions"][0]["subresources"] = json!({"scale": {"specReplicasPath": ".status.n"}}),
        &[
            r#"spec.subresources.scale.specReplicasPath: Invalid value: ".status.n": should be a json path under .spec"#,
            "spec.subresources.scale.statusReplicasPath: Required value",
        ],
    );
    check(
        |o| {
            o["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"a": {"type": "number"}}}}});
            o["spec"]["versions"][0]["selectableFields"] =
                json!([{"jsonPath": ".spec.b"}, {"jsonPath": ".spec.a"}]);
        },
        &[
            r#"spec.selectableFields[0].jsonPath: Invalid value: ".spec.b": is an invalid path: does not refer to a valid field"#,
            r#"spec.selectableFields[1].jsonPath: Invalid value: ".spec.a": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."#,
        ],
    );
}

#[test]
fn schemas_must_be_structural() {
    check_schema(
        json!({"properties": {"a": {"type": "string"}}}),
        &["spec.validation.openAPIV3Schema.type: Required value: must not be empty at the root"],
    );
    check_schema(
        json!({"type": "object", "properties": {"a": {"type": "array"}}}),
        &["spec.validation.openAPIV3Schema.properties[a].items: Required value: must be specified"],
    );
    check_schema(
        json!({"type": "object", "anyOf": [{"properties": {"a": {"type": "string"}}}]}),
        &[
            "spec.validation.openAPIV3Schema.anyOf[0].properties[a].type: Forbidden: must be empty to be structural",
            "spec.validation.openAPIV3Schema.properties[a]: Required value: because it is defined in \
             spec.validation.openAPIV3Schema.anyOf[0].properties[a]",
        ],
    );
    check_schema(
        json!({"type": "object", "properties": {"metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}}}),
        &[
            "spec.validation.openAPIV3Schema.properties[metadata]: Forbidden: must not specify anything other than name \
           and generateName, but metadata is implicitly specified",
        ],
    );
    check_schema(
        json!({"type": "object", "properties": {"a": {"x-kubernetes-int-or-string": true,
               "anyOf": [{"type": "integer"}, {"type": "string"}]}}}),
        &[],
    );
    check_schema(
        json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}}),
        &[
            "spec.validation.openAPIV3Schema.properties[a].pattern: Invalid value: \"(\": must be a valid regular \
           expression, but isn't: error parsing regexp: unclosed group: `(`",
        ],
    );
}

#[test]
fn keywords_are_checked() {
    check_schema(
        json!({"type": "object", "properties": {"a": {"type": "text"}}}),
        &[
            r#"spec.validation.openAPIV3Schema.properties[a].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string""#,
        ],
    );
    check_schema(
        json!({"type": "object", "properties": {"a": {"type": "array", "uniqueItems": true, "items": {"type": "string"}}}}),
        &[
            "spec.validation.openAPIV3Schema.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since \
           the runtime complexity becomes quadratic",
        ],
    );
    check_schema(
        json!({"type": "object", "$ref": "#/definitions/x"}),
        &["spec.validation.openAPIV3Schema.$ref: Forbidden: $ref is not supported"],
    );
    check_schema(
        json!({"type": "object", "properties": {"a": {"type": "array", "x-kubernetes-list-type": "map",
               "items": {"type": "object", "properties": {"n": {"type": "string"}}}}}}),
        &[
            "spec.validation.openAPIV3Schema.properties[a].x-kubernetes-list-map-keys: Required value: must not be empty \
           if x-kubernetes-list-type is map",
        ],
    );
    check_schema(
        json!({"type": "object", "properties": {"a": {"type": "array", "x-kubernetes-list-type": "map",
               "x-kubernetes-list-map-keys": ["n"], "items": {"type": "object", "properties": {"n": {"type": "string"}}}}}}),
        &[
            "spec.validation.openAPIV3Schema.properties[a].items.properties[n].default: Required value: this property is in \
           x-kubernetes-list-map-keys, so it must have a default or be a required property",
        ],
    );
}

#[test]
fn defaults_must_be_valid() {
    check_schema(
        json!({"type": "object", "properties": {"a": {"type": "string", "default": 1}}}),
        &[
            r#"spec.validation.openAPIV3Schema.properties[a].default: Invalid value: "integer":  in body must be of type string: "integer""#,
        ],
    );
    check_schema(
        json!({"type": "object", "properties": {"a": {"type": "object", "default": {"b": 1}}}}),
        &[
            r#"spec.validation.openAPIV3Schema.properties[a].default: Invalid value: {"b":1}: must not have unknown fields"#,
        ],
    );
    check_schema(
        json!({"type": "object", "properties": {"metadata": {"type": "object", "default": {"name": "x"}}}}),
        &[
            "spec.validation.openAPIV3Schema.properties[metadata].default: Forbidden: must not be set in top-level metadata",
        ],
    );
}

#[test]
fn odd_formats_are_warned_about_once() {
    let object =
        definition(json!({"type": "object", "properties": {"a": {"type": "string", "format": "odd"}}}));
    assert_eq!(
        Definition.warnings(&object, None),
        ["unrecognized format \"odd\""]
    );
    assert_eq!(Definition.warnings(&object, Some(&object)), [""; 0]);
}

#[test]
fn an_established_definition_keeps_its_scope() {
    let mut old = definition(json!({"type": "object"}));
    old["status"]["conditions"] = json!([{"type": "Established", "status": "True"}]);
    let mut new = old.clone();
    new["spec"]["scope"] = "Cluster".into();
    let errors = Definition.validate_update(&new, &old, &WriteContext::default());
    assert_eq!(
        errors[0].to_string(),
        r#"spec.scope: Invalid value: "Cluster": field is immutable"#
    );
}

#[test]
fn deletion_waits_for_the_objects() {
    let mut object = definition(json!({"type": "object"}));
    Definition.prepare_delete(
        &mut object,
        &WriteContext {
            now: "2024-01-01T00:00:00Z".into(),
            ..WriteContext::default()
        },
    );
    assert_eq!(
        object["metadata"]["finalizers"],
        json!(["customresourcecleanup.apiextensions.k8s.io"])
    );
    assert_eq!(
        object["status"]["conditions"][0]["reason"],
        "InstanceDeletionPending"
    );
}
