use super::*;
use serde_json::json;

fn check(selector: &str, labels: Value, expected: bool) {
    let parsed = LabelSelector::parse(selector).unwrap();
    assert_eq!(
        parsed.matches(labels.as_object()),
        expected,
        "{selector} over {labels}"
    );
}

fn check_error(selector: &str, expected: &str) {
    assert_eq!(
        LabelSelector::parse(selector).unwrap_err().to_string(),
        expected,
        "{selector}"
    );
}

fn check_fields(selector: &str, expected: bool) {
    let parsed = FieldSelector::parse(selector).unwrap();
    let field = |name: &str| match name {
        "metadata.name" => Some("a"),
        "spec.odd" => Some("x,=\\y"),
        _ => None,
    };
    assert_eq!(parsed.matches(field), expected, "{selector}");
}

#[test]
fn equality_compares_one_value() {
    check("a=b", json!({"a": "b"}), true);
    check("a==b", json!({"a": "b"}), true);
    check("a = b , c=d", json!({"a": "b", "c": "e"}), false);
    check("a!=b", json!({"a": "b"}), false);
    check("a!=b", json!({}), true);
    check("a=", json!({"a": ""}), true);
    check("a=", json!({}), false);
    check("", json!({}), true);
}

#[test]
fn sets_compare_several_values() {
    check("a in (b,c)", json!({"a": "c"}), true);
    check("a in (b, c)", json!({}), false);
    check("a notin (b,c)", json!({"a": "d"}), true);
    check("a notin (b,c)", json!({}), true);
    check("a in ()", json!({"a": ""}), true);
    check("a in (,b)", json!({"a": ""}), true);
    check(
        "in in (in,notin),notin",
        json!({"in": "notin", "notin": "x"}),
        true,
    );
}

#[test]
fn presence_needs_no_value() {
    check("a", json!({"a": ""}), true);
    check("!a", json!({"a": ""}), false);
    check("! a,b", json!({"b": ""}), true);
}

#[test]
fn numbers_are_compared_as_numbers() {
    check("a>5", json!({"a": "10"}), true);
    check("a<5", json!({"a": "10"}), false);
    check("a<5", json!({"a": "x"}), false);
    check_error(
        "a>x",
        "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    );
}

#[test]
fn what_does_not_follow_the_grammar_is_named() {
    check_error("a=b=c", "found '=', expected: ',' or 'end of string'");
    check_error(",a", "found ',', expected: !, identifier, or 'end of string'");
    check_error("a,", "found '', expected: identifier after ','");
    check_error(
        "a b",
        "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
    );
    check_error("a in b", "unable to parse requirement: found 'b' expected: '('");
    check_error(
        "a in (b",
        "unable to parse requirement: found '', expected: ',' or ')'",
    );
    check_error(
        "a=(",
        "unable to parse requirement: found '(', expected: identifier",
    );
    check_error("!", "unable to parse requirement: found '', expected: identifier");
    let key = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
               alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
               '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    check_error(
        "-a=b",
        &format!("unable to parse requirement: <nil>: Invalid value: \"-a\": {key}"),
    );
    assert!(
        LabelSelector::parse("a=-b")
            .unwrap_err()
            .to_string()
            .contains("values[0][a]: Invalid value: \"-b\"")
    );
}

#[test]
fn objects_say_the_same_as_text() {
    let selector = json!({"matchLabels": {"a": "b"}, "matchExpressions": [
        {"key": "c", "operator": "NotIn", "values": ["d"]}, {"key": "e", "operator": "Exists"}]});
    let object = LabelSelector::from_object(&selector).unwrap();
    assert_eq!(object, LabelSelector::parse("a=b,c!=d,e").unwrap());
    let wrong = json!({"matchExpressions": [{"key": "a", "operator": "Is"}]});
    let error = LabelSelector::from_object(&wrong).unwrap_err();
    assert_eq!(error.to_string(), "\"Is\" is not a valid label selector operator");
    let wrong = json!({"matchExpressions": [{"key": "a", "operator": "In"}]});
    let error = LabelSelector::from_object(&wrong).unwrap_err();
    assert_eq!(
        error.to_string(),
        "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"
    );
}

#[test]
fn an_absent_selector_selects_nothing_and_an_empty_one_everything() {
    assert!(!LabelSelector::from_object(&Value::Null).unwrap().matches(None));
    assert!(LabelSelector::from_object(&json!({})).unwrap().matches(None));
    assert!(LabelSelector::default().is_empty());
}

#[test]
fn fields_are_compared_with_escapes_taken_away() {
    check_fields("metadata.name=a", true);
    check_fields("metadata.name==a", true);
    check_fields("metadata.name!=a", false);
    check_fields("metadata.name=a,spec.none!=x", true);
    check_fields("spec.none=", true);
    check_fields("spec.odd=x\\,\\=\\\\y", true);
    check_fields("", true);
}

#[test]
fn field_selectors_that_are_not_understood_are_named() {
    let error = |text: &str| FieldSelector::parse(text).unwrap_err().to_string();
    assert_eq!(error("a,b=c"), "invalid selector: 'a,b=c'; can't understand 'a'");
    assert_eq!(
        error("a=b\\c"),
        "invalid field selector: invalid escape sequence: \\c"
    );
    assert_eq!(
        error("a=b\\"),
        "invalid field selector: invalid escape sequence: \\"
    );
    assert_eq!(
        error("a=b=c"),
        "invalid field selector: unescaped character in value: 61"
    );
}
