use super::{Rules, violations};
use crate::crd::props::Props;
use serde_json::{Value, json};

fn schema(spec: Value) -> Props {
    Props::read(&json!({"type": "object", "properties": {"spec": spec}})).unwrap()
}

fn texts(errors: Vec<crate::status::FieldError>) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

fn check(spec: Value, new: Value, old: Option<Value>, expected: &[&str]) {
    let schema = schema(spec);
    assert_eq!(texts(violations("s", &schema)), [""; 0]);
    let rules = Rules::new(&schema, true).unwrap();
    let wrap =
        |spec: Value| json!({"apiVersion": "e/v1", "kind": "K", "metadata": {"name": "x"}, "spec": spec});
    let old = old.map(wrap);
    assert_eq!(texts(rules.check(&schema, &wrap(new), old.as_ref())), expected);
}

fn refused(spec: Value, expected: &[&str]) {
    assert_eq!(texts(violations("s", &schema(spec))), expected);
}

fn object(rules: Value) -> Value {
    json!({"type": "object", "x-kubernetes-validations": rules, "properties": {
        "min": {"type": "integer"}, "max": {"type": "integer"}, "name": {"type": "string"}}})
}

#[test]
fn a_broken_rule_is_told() {
    let spec = object(json!([{"rule": "self.min <= self.max"}]));
    check(
        spec.clone(),
        json!({"min": 2, "max": 1}),
        None,
        &["spec: Invalid value: failed rule: self.min <= self.max"],
    );
    check(spec.clone(), json!({"min": 1, "max": 1}), None, &[]);
    let missing = ["spec: Invalid value: \"object\": no such key: max evaluating rule: self.min <= self.max"];
    check(spec, json!({"min": 1}), None, &missing);
}

#[test]
fn messages_reasons_and_paths_are_those_of_the_rule() {
    let rule = json!({"rule": "self.min <= self.max", "message": "min above max", "reason": "FieldValueForbidden", "fieldPath": ".min"});
    check(
        object(json!([rule])),
        json!({"min": 2, "max": 1}),
        None,
        &["spec.min: Forbidden: min above max"],
    );
    let rule = json!({"rule": "self.max < 5", "messageExpression": "'max is ' + string(self.max)"});
    check(
        object(json!([rule])),
        json!({"max": 7}),
        None,
        &["spec: Invalid value: max is 7"],
    );
    let scalar = json!({"type": "string", "x-kubernetes-validations": [{"rule": "self.size() < 3"}]});
    let spec = json!({"type": "object", "properties": {"a": scalar}});
    check(
        spec,
        json!({"a": "long"}),
        None,
        &["spec.a: Invalid value: \"long\": failed rule: self.size() < 3"],
    );
}

#[test]
fn a_rule_about_a_change_needs_something_old() {
    let spec = object(json!([{"rule": "self.name == oldSelf.name", "message": "name is immutable"}]));
    check(spec.clone(), json!({"name": "a"}), None, &[]);
    check(
        spec.clone(),
        json!({"name": "b"}),
        Some(json!({"name": "a"})),
        &["spec: Invalid value: name is immutable"],
    );
    check(
        spec,
        json!({"name": "a", "min": 1}),
        Some(json!({"name": "a"})),
        &[],
    );
    let rule =
        json!({"rule": "!oldSelf.hasValue() || self.name == oldSelf.value().name", "optionalOldSelf": true});
    let text = ["spec: Invalid value: failed rule: !oldSelf.hasValue() || self.name == oldSelf.value().name"];
    check(
        object(json!([rule])),
        json!({"name": "b"}),
        Some(json!({"name": "a"})),
        &text,
    );
    check(object(json!([rule])), json!({"name": "b"}), None, &[]);
}

#[test]
fn elements_of_map_lists_keep_their_identity() {
    let element = json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "string"}, "v": {"type": "integer"}},
                         "x-kubernetes-validations": [{"rule": "self.v >= oldSelf.v", "message": "may not shrink"}]});
    let list = |list_type: &str| {
        let mut list = json!({"type": "array", "items": element, "x-kubernetes-list-type": list_type});
        if list_type == "map" {
            list["x-kubernetes-list-map-keys"] = json!(["n"]);
        }
        json!({"type": "object", "properties": {"list": list}})
    };
    let old = json!({"list": [{"n": "a", "v": 2}, {"n": "b", "v": 2}]});
    let new = json!({"list": [{"n": "b", "v": 1}, {"n": "c", "v": 0}]});
    check(
        list("map"),
        new,
        Some(old),
        &["spec.list[0]: Invalid value: may not shrink"],
    );
    let path = "s.properties[spec].properties[list].items.x-kubernetes-validations[0].rule";
    let text = format!(
        "{path}: Invalid value: \"self.v >= oldSelf.v\": oldSelf cannot be used on the uncorrelatable portion of the schema \
         within s.properties[spec].properties[list]"
    );
    refused(list("atomic"), &[&text]);
}

#[test]
fn what_has_not_changed_is_left_in_peace() {
    let spec = object(json!([{"rule": "self.max < 5"}]));
    check(spec.clone(), json!({"max": 7}), Some(json!({"max": 7})), &[]);
    let text = ["spec: Invalid value: failed rule: self.max < 5"];
    check(spec, json!({"max": 7, "min": 1}), Some(json!({"max": 7})), &text);
}

#[test]
fn names_and_kinds_of_objects_can_be_seen() {
    let schema = json!({"type": "object", "x-kubernetes-validations": [{"rule": "self.metadata.name == 'x' && self.kind == 'K'"}]});
    let schema = Props::read(&schema).unwrap();
    assert_eq!(texts(violations("s", &schema)), [""; 0]);
    let rules = Rules::new(&schema, true).unwrap();
    let object = json!({"kind": "K", "metadata": {"name": "x"}});
    assert_eq!(texts(rules.check(&schema, &object, None)), [""; 0]);
}

#[test]
fn values_have_the_types_of_their_formats() {
    let spec = json!({"type": "object", "properties": {
        "at": {"type": "string", "format": "date-time"}, "for": {"type": "string", "format": "duration"},
        "port": {"x-kubernetes-int-or-string": true}, "share": {"type": "number"},
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}},
        "x-kubernetes-validations": [
            {"rule": "self.at < timestamp('2030-01-01T00:00:00Z') && self.__for__ >= duration('1m')"},
            {"rule": "type(self.port) == int ? self.port > 1 : self.port.endsWith('%')"},
            {"rule": "self.share == 2.0 && self.set == ['b', 'a']"}]});
    let good =
        json!({"at": "2024-01-01T00:00:00Z", "for": "1h", "port": "5%", "share": 2, "set": ["a", "b"]});
    check(spec.clone(), good.clone(), None, &[]);
    let mut bad = good;
    bad["port"] = json!(1);
    let text =
        "spec: Invalid value: failed rule: type(self.port) == int ? self.port > 1 : self.port.endsWith('%')";
    check(spec, bad, None, &[text]);
}

#[test]
fn rules_that_cannot_work_are_refused() {
    let rule = r#"{"Rule":"self.mni == 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}"#;
    let text = format!(
        "s.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {rule}: compilation failed: ERROR: <input>:1:5: \
         undefined field 'mni'\n | self.mni == 1\n | ....^"
    );
    refused(object(json!([{"rule": "self.mni == 1"}])), &[&text]);
    let spec = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {
        "free": {"x-kubernetes-preserve-unknown-fields": true}}, "x-kubernetes-validations": [{"rule": "has(self.free)"}]});
    assert!(texts(violations("s", &schema(spec)))[0].contains("undefined field 'free'"));
    let number = texts(violations("s", &schema(object(json!([{"rule": "self.min"}])))));
    assert!(
        number[0].ends_with("cel expression must evaluate to a bool"),
        "{number:?}"
    );
    let unused = texts(violations(
        "s",
        &schema(object(json!([{"rule": "true", "optionalOldSelf": true}]))),
    ));
    assert!(
        unused[0]
            .ends_with("optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule"),
        "{unused:?}"
    );
}

#[test]
fn expensive_rules_are_given_up() {
    let rule = "self.list.all(a, self.list.all(b, self.list.all(c, a + b + c >= 0)))";
    let list = json!({"type": "array", "items": {"type": "integer"}});
    let spec = json!({"type": "object", "properties": {"list": list}, "x-kubernetes-validations": [{ "rule": rule }]});
    let schema = schema(spec);
    let rules = Rules::new(&schema, true).unwrap();
    let object = json!({"spec": {"list": (0..200).collect::<Vec<_>>()}});
    let errors = texts(rules.check(&schema, &object, None));
    assert!(
        errors[0].contains("no further validation rules will be run due to call cost exceeds limit"),
        "{errors:?}"
    );
}
