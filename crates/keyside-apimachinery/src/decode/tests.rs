use super::*;
use crate::schema;
use serde_json::json;

fn check_syntax(body: &str, expected: &str) {
    assert_eq!(
        parse(body.as_bytes(), Format::Json).unwrap_err().to_string(),
        expected,
        "{body}"
    );
}

fn shaped(kind: &str, mut object: Value) -> (Value, Vec<String>) {
    let group = if kind == "Deployment" { "apps" } else { "" };
    let schema = schema::builtin(group, "v1", kind).expect("a built-in kind");
    let unknown = shape(&schema, &mut object).unwrap();
    (object, unknown)
}

fn check_mismatch(kind: &str, mut object: Value, expected: &str) {
    let group = if kind == "Deployment" { "apps" } else { "" };
    let schema = schema::builtin(group, "v1", kind).expect("a built-in kind");
    assert_eq!(shape(&schema, &mut object).unwrap_err().to_string(), expected);
}

#[test]
fn syntax_errors_are_told_as_go_tells_them() {
    check_syntax(
        "{,}",
        "invalid character ',' looking for beginning of object key string",
    );
    check_syntax(
        "{\"a\":1,}",
        "invalid character '}' looking for beginning of object key string",
    );
    check_syntax("{\"a\" 1}", "invalid character '1' after object key");
    check_syntax(
        "{\"a\":1 \"b\"}",
        "invalid character '\"' after object key:value pair",
    );
    check_syntax("{\"a\":", "unexpected end of JSON input");
    check_syntax("[1 2]", "invalid character '2' after array element");
    check_syntax("{} x", "invalid character 'x' after top-level value");
    check_syntax("nope", "invalid character 'o' in literal null (expecting 'u')");
    check_syntax("{\"a\": \"\n\"}", "invalid character '\\n' in string literal");
    check_syntax("\"\\q\"", "invalid character 'q' in string escape code");
    check_syntax(
        "\"\\u12g4\"",
        "invalid character 'g' in \\u hexadecimal character escape",
    );
    check_syntax("-", "unexpected end of JSON input");
    check_syntax(
        "1.x",
        "invalid character 'x' after decimal point in numeric literal",
    );
    check_syntax("1ex", "invalid character 'x' in exponent of numeric literal");
    check_syntax("<html>", "invalid character '<' looking for beginning of value");
}

#[test]
fn repeated_keys_are_named_by_path_and_the_last_one_counts() {
    let body = br#"{"spec": {"paused": true, "list": [{"a": 1, "a": 2, "a": 3}], "paused": false}}"#;
    let parsed = parse(body, Format::Json).unwrap();
    assert_eq!(
        parsed.value,
        json!({"spec": {"paused": false, "list": [{"a": 3}]}})
    );
    assert_eq!(
        parsed.duplicates,
        [
            "duplicate field \"spec.list[0].a\"",
            "duplicate field \"spec.paused\""
        ]
    );
}

#[test]
fn repeated_keys_of_yaml_are_named_by_line() {
    let body = b"\na: 1\nspec:\n  foo: x\n  foo: y\n  foo: z\n";
    let parsed = parse(body, Format::Yaml).unwrap();
    assert_eq!(parsed.value, json!({"a": 1, "spec": {"foo": "z"}}));
    let sentence = "yaml: unmarshal errors:\n  line 5: key \"foo\" already set in map\n  line 6: key \"foo\" already \
                    set in map";
    assert_eq!(parsed.duplicates, [sentence]);
}

#[test]
fn yaml_values_are_typed_as_kubernetes_types_them() {
    let body = b"mode: 0644\nyes: on\nnumber: 1.5\nwhole: 2.0\ntext: \"1\"\nnothing:\nlist: [a, 1]\n1: x\n";
    let parsed = parse(body, Format::Yaml).unwrap();
    let expected = json!({"mode": 420, "yes": true, "number": 1.5, "whole": 2, "text": "1", "nothing": null,
        "list": ["a", 1], "1": "x"});
    assert_eq!(parsed.value, expected);
}

#[test]
fn yaml_bodies_may_be_json() {
    let parsed = parse(b"{\"a\": {\"b\": [1, null]}}", Format::Yaml).unwrap();
    assert_eq!(parsed.value, json!({"a": {"b": [1, null]}}));
    assert!(parse(b"a: [", Format::Yaml).is_err());
}

#[test]
fn findings_follow_the_order_of_upstream() {
    let unknown = ["unknown field \"b\"".to_owned()];
    let json = parse(br#"{"a": 1, "a": 2}"#, Format::Json).unwrap();
    let sentence = strict_error(&findings(&json.duplicates, &unknown));
    assert_eq!(
        sentence,
        "strict decoding error: unknown field \"b\", duplicate field \"a\""
    );
    let yaml = parse(b"a: 1\na: 2", Format::Yaml).unwrap();
    assert_eq!(findings(&yaml.duplicates, &unknown)[1], unknown[0]);
}

#[test]
fn unknown_fields_are_removed_and_named() {
    let (object, unknown) = shaped(
        "Deployment",
        json!({"spec": {"unknown1": 1, "template": {"spec": {"containers": [{"name": "a", "imagee": "b"}]}}},
               "metadata": {"labels": {"any": "thing"}, "unknownMeta": 1}}),
    );
    assert_eq!(
        object,
        json!({"spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}, "metadata": {"labels": {"any": "thing"}}})
    );
    assert_eq!(
        unknown,
        [
            "unknown field \"spec.unknown1\"",
            "unknown field \"spec.template.spec.containers[0].imagee\"",
            "unknown field \"metadata.unknownMeta\"",
        ]
    );
}

#[test]
fn nulls_and_empty_optional_lists_and_maps_vanish() {
    let (object, _) = shaped(
        "Pod",
        json!({"metadata": {"labels": {}, "creationTimestamp": null, "annotations": {"a": null}},
               "spec": {"containers": [], "imagePullSecrets": [], "securityContext": {}, "volumes": null}}),
    );
    assert_eq!(
        object,
        json!({"metadata": {"annotations": {"a": ""}}, "spec": {"containers": [], "securityContext": {}}})
    );
}

#[test]
fn definitions_of_custom_kinds_keep_their_schemas_whole() {
    let schema = schema::builtin("apiextensions.k8s.io", "v1", "CustomResourceDefinition").unwrap();
    let version = json!({"name": "v1", "subresources": {"status": {}}, "schema": {"openAPIV3Schema": {
        "type": "object", "properties": {"a": {"type": "array", "items": {"type": "string", "default": {}}},
        "b": {"additionalProperties": {"type": "string"}}, "c": {"additionalProperties": true}}}}});
    let mut object = json!({"spec": {"group": "a", "names": {"kind": "A", "plural": "as"}, "scope": "Cluster", "versions": [version]}});
    let before = object.clone();
    assert_eq!(shape(&schema, &mut object).unwrap(), Vec::<String>::new());
    assert_eq!(object, before);
    object["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["a"]["items"]["typo"] = json!(1);
    assert_eq!(
        shape(&schema, &mut object).unwrap(),
        ["unknown field \"spec.versions[0].schema.openAPIV3Schema.properties.a.items.typo\""]
    );
}

#[test]
fn wrong_types_are_told_as_go_tells_them() {
    check_mismatch(
        "Deployment",
        json!({"spec": {"replicas": "2"}}),
        "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
    );
    check_mismatch(
        "Pod",
        json!({"spec": {"containers": {"name": "a"}}}),
        "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
    );
    check_mismatch(
        "Pod",
        json!({"spec": {"containers": [{"ports": [{"containerPort": 1.5}]}]}}),
        "json: cannot unmarshal number 1.5 into Go struct field ContainerPort.spec.containers.ports.containerPort of \
         type int32",
    );
    check_mismatch(
        "Pod",
        json!({"metadata": {"labels": {"a": 1}}}),
        "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
    );
    check_mismatch(
        "Pod",
        json!([]),
        "json: cannot unmarshal array into Go value of type v1.Pod",
    );
    check_mismatch(
        "Secret",
        json!({"data": {"a": "%"}}),
        "illegal base64 data at input byte 0",
    );
    check_mismatch(
        "Pod",
        json!({"metadata": {"creationTimestamp": "yesterday"}}),
        "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\"",
    );
}

#[test]
fn times_are_kept_in_utc() {
    let (object, _) = shaped(
        "Pod",
        json!({"metadata": {"creationTimestamp": "2024-02-29T23:30:00.5-01:30"}}),
    );
    assert_eq!(object["metadata"]["creationTimestamp"], "2024-03-01T01:00:00Z");
    let (object, _) = shaped("Event", json!({"eventTime": "2024-02-29T23:30:00.5Z"}));
    assert_eq!(object["eventTime"], "2024-02-29T23:30:00.500000Z");
}

#[test]
fn quantities_are_kept_in_one_form() {
    let pod =
        |cpu: Value| json!({"spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": cpu}}}]}});
    for (given, kept) in [
        (json!("1000m"), "1"),
        (json!(0.5), "500m"),
        (json!(2), "2"),
        (json!("1.5Gi"), "1536Mi"),
    ] {
        let (object, _) = shaped("Pod", pod(given));
        assert_eq!(object, pod(kept.into()));
    }
    check_mismatch(
        "Pod",
        pod("1 GB".into()),
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
}
