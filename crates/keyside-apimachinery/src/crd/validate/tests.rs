use super::Checker;
use crate::crd::props::Props;
use serde_json::{Value, json};

fn errors(schema: Value, object: Value, old: Option<Value>) -> Vec<String> {
    let schema = Props::read(&schema).unwrap();
    let errors = Checker::new(&schema).check(&schema, &object, old.as_ref(), "");
    errors.iter().map(ToString::to_string).collect()
}

/// Checks the field `spec.a` of the given schema.
fn check(schema: Value, value: Value, expected: &[&str]) {
    let schema =
        json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"a": schema}}}});
    assert_eq!(errors(schema, json!({"spec": {"a": value}}), None), expected);
}

#[test]
fn wrong_types_are_named() {
    check(
        json!({"type": "integer"}),
        json!("x"),
        &[r#"spec.a: Invalid value: "string": spec.a in body must be of type integer: "string""#],
    );
    check(
        json!({"type": "string"}),
        json!(null),
        &[r#"spec.a: Invalid value: "null": spec.a in body must be of type string: "null""#],
    );
    check(
        json!({"x-kubernetes-int-or-string": true}),
        json!(true),
        &[r#"spec.a: Invalid value: "boolean": spec.a in body must be of type integer,string: "boolean""#],
    );
    check(
        json!({"type": "integer", "format": "int32"}),
        json!({}),
        &[r#"spec.a: Invalid value: "": spec.a in body must be of type int32: """#],
    );
    check(json!({"type": "integer"}), json!(1.0), &[]);
    check(json!({"type": "number"}), json!(1), &[]);
    check(json!({"type": "string", "nullable": true}), json!(null), &[]);
    check(json!({"x-kubernetes-int-or-string": true}), json!("5%"), &[]);
}

#[test]
fn numbers_are_bounded() {
    check(
        json!({"type": "integer", "minimum": 1}),
        json!(0),
        &["spec.a: Invalid value: 0: spec.a in body should be greater than or equal to 1"],
    );
    check(
        json!({"type": "number", "maximum": 1.5, "exclusiveMaximum": true}),
        json!(1.5),
        &["spec.a: Invalid value: 1.5: spec.a in body should be less than 1.5"],
    );
    check(
        json!({"type": "integer", "multipleOf": 3}),
        json!(7),
        &["spec.a: Invalid value: 7: spec.a in body should be a multiple of 3"],
    );
    check(
        json!({"type": "integer", "format": "int32"}),
        json!(4_294_967_296_i64),
        &[r#"<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.a"#],
    );
}

#[test]
fn strings_are_bounded() {
    check(
        json!({"type": "string", "maxLength": 2}),
        json!("abc"),
        &["spec.a: Too long: may not be more than 2 bytes"],
    );
    check(
        json!({"type": "string", "minLength": 2}),
        json!("é"),
        &[r#"spec.a: Invalid value: "é": spec.a in body should be at least 2 chars long"#],
    );
    check(
        json!({"type": "string", "pattern": "^a+$"}),
        json!("b"),
        &[r#"spec.a: Invalid value: "b": spec.a in body should match '^a+$'"#],
    );
    check(
        json!({"type": "string", "enum": ["x", "y"]}),
        json!("z"),
        &[r#"spec.a: Unsupported value: "z": supported values: "x", "y""#],
    );
    check(
        json!({"type": "string", "format": "date"}),
        json!("today"),
        &[r#"spec.a: Invalid value: "today": spec.a in body must be of type date: "today""#],
    );
    check(
        json!({"type": "string", "format": "never-heard-of"}),
        json!("x"),
        &[],
    );
}

#[test]
fn lists_and_maps_are_bounded() {
    check(
        json!({"type": "array", "maxItems": 1, "items": {"type": "integer"}}),
        json!([1, "x"]),
        &[
            r#"spec.a[1]: Invalid value: "string": spec.a[1] in body must be of type integer: "string""#,
            "spec.a: Too many: 2: must have at most 1 item",
        ],
    );
    check(
        json!({"type": "array", "minItems": 1, "items": {"type": "integer"}}),
        json!([]),
        &["spec.a: Invalid value: 0: spec.a in body should have at least 1 items"],
    );
    check(
        json!({"type": "object", "minProperties": 1, "required": ["b"]}),
        json!({}),
        &[
            "spec.a: Invalid value: 0: spec.a in body should have at least 1 properties",
            "spec.a.b: Required value",
        ],
    );
    check(
        json!({"type": "object", "additionalProperties": {"type": "string"}}),
        json!({"k": 1}),
        &[r#"spec.a.k: Invalid value: "integer": spec.a.k in body must be of type string: "integer""#],
    );
}

#[test]
fn junctors_say_which_rule_broke() {
    check(
        json!({"type": "integer", "oneOf": [{"minimum": 5}, {"maximum": 6}]}),
        json!(5),
        &[
            r#"<nil>: Invalid value: "": "spec.a" must validate one and only one schema (oneOf). Found 2 valid alternatives"#,
        ],
    );
    check(
        json!({"type": "object", "anyOf": [{"required": ["x"]}, {"required": ["y"]}]}),
        json!({}),
        &[
            r#"<nil>: Invalid value: "": "spec.a" must validate at least one schema (anyOf)"#,
            "spec.a.x: Required value",
        ],
    );
    check(
        json!({"type": "integer", "allOf": [{"minimum": 5}, {"maximum": 9}]}),
        json!(4),
        &[
            "spec.a: Invalid value: 4: spec.a in body should be greater than or equal to 5",
            r#"<nil>: Invalid value: "": "spec.a" must validate all the schemas (allOf)"#,
        ],
    );
    check(
        json!({"type": "string", "not": {"enum": ["x"]}}),
        json!("x"),
        &[r#"<nil>: Invalid value: "": "spec.a" must not validate the schema (not)"#],
    );
}

#[test]
fn the_root_can_be_at_fault() {
    let schema = json!({"type": "object", "required": ["spec"]});
    assert_eq!(errors(schema, json!({}), None), ["spec: Required value"]);
}

#[test]
fn what_has_not_changed_is_not_complained_about() {
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "a": {"type": "string", "maxLength": 1},
        "l": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"],
              "items": {"type": "object", "properties": {"n": {"type": "string"}, "v": {"type": "integer", "maximum": 1}}}},
    }}}});
    let old = json!({"spec": {"a": "long", "l": [{"n": "x", "v": 7}, {"n": "y", "v": 7}]}});
    let new = json!({"spec": {"a": "long", "b": 1, "l": [{"n": "y", "v": 8}, {"n": "x", "v": 7}]}});
    assert_eq!(
        errors(schema, new, Some(old)),
        ["spec.l[0].v: Invalid value: 8: spec.l[0].v in body should be less than or equal to 1"]
    );
}
