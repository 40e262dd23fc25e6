//! Tests of webhook configurations.

use super::super::fixture::{create, resource, row, yaml};
use serde_json::Value;

const GROUP: &str = "admissionregistration.k8s.io";

fn configuration(webhook: &str) -> Value {
    let mut one = yaml(
        "{name: a.example.com, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {name: s, \
         namespace: ns}}, rules: [{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: [pods]}]}",
    );
    if let Value::Object(more) = yaml(webhook) {
        for (field, value) in more {
            one[field] = value;
        }
    }
    serde_json::json!({"metadata": {"name": "a"}, "webhooks": [one]})
}

#[track_caller]
fn check(webhook: &str, expected: &[&str]) {
    let (_, errors) = create(
        &resource(GROUP, "mutatingwebhookconfigurations"),
        &configuration(webhook),
    );
    assert_eq!(errors, expected, "{webhook}");
}

#[test]
fn a_webhook_gets_its_defaults() {
    let (stored, errors) = create(
        &resource(GROUP, "mutatingwebhookconfigurations"),
        &configuration("{}"),
    );
    assert_eq!(errors, [""; 0]);
    insta::assert_yaml_snapshot!(stored["webhooks"][0], @r#"
    name: a.example.com
    sideEffects: None
    admissionReviewVersions:
      - v1
    clientConfig:
      service:
        name: s
        namespace: ns
        port: 443
    rules:
      - operations:
          - CREATE
        apiGroups:
          - ""
        apiVersions:
          - v1
        resources:
          - pods
        scope: "*"
    failurePolicy: Fail
    matchPolicy: Equivalent
    namespaceSelector: {}
    objectSelector: {}
    timeoutSeconds: 10
    reinvocationPolicy: Never
    "#);
    let (validating, _) = create(
        &resource(GROUP, "validatingwebhookconfigurations"),
        &configuration("{}"),
    );
    assert_eq!(validating["webhooks"][0].get("reinvocationPolicy"), None);
}

#[test]
fn a_webhook_says_who_and_where_it_is() {
    check(
        "name: a",
        &[
            "webhooks[0].name: Invalid value: \"a\": should be a domain with at least three segments separated by dots",
        ],
    );
    check(
        "clientConfig: {}",
        &["webhooks[0].clientConfig: Required value: exactly one of url or service is required"],
    );
    check("clientConfig: {url: 'https://a.example:8443/x'}", &[]);
    check(
        "clientConfig: {url: 'http://u@a.example?x=1'}",
        &[
            "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired \
             format: https://host[/path]",
            "webhooks[0].clientConfig.url: Invalid value: \"u\": user information is not permitted in the URL",
            "webhooks[0].clientConfig.url: Invalid value: \"x=1\": query parameters are not permitted in the URL",
        ],
    );
    check(
        "clientConfig: {service: {name: s, namespace: ns, path: x//y}}",
        &[
            "webhooks[0].clientConfig.service.path: Invalid value: \"x//y\": must start with a '/'",
            "webhooks[0].clientConfig.service.path: Invalid value: \"x//y\": segment[0] may not be empty",
            "webhooks[0].clientConfig.service.path: Invalid value: \"x//y\": segment[1] may not be empty",
        ],
    );
}

#[test]
fn a_webhook_says_how_it_behaves() {
    check(
        "sideEffects: Some",
        &[
            "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"",
        ],
    );
    check(
        "sideEffects: null",
        &["webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun"],
    );
    check(
        "timeoutSeconds: 31",
        &[
            "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
        ],
    );
    check(
        "admissionReviewVersions: [v2]",
        &[
            "webhooks[0].admissionReviewVersions: Invalid value: [\"v2\"]: must include at least one of v1, v1beta1",
        ],
    );
    check(
        "failurePolicy: Maybe",
        &["webhooks[0].failurePolicy: Unsupported value: \"Maybe\": supported values: \"Fail\", \"Ignore\""],
    );
}

#[test]
fn rules_do_not_overlap_themselves() {
    let rule = |fields: &str| {
        format!("rules: [{{operations: [CREATE], apiGroups: [''], apiVersions: [v1], {fields}}}]")
    };
    check(
        &rule("resources: ['*', pods]"),
        &[
            "webhooks[0].rules[0].resources: Invalid value: [\"*\",\"pods\"]: if '*' is present, must not specify other \
           resources without subresources",
        ],
    );
    check(
        &rule("resources: [pods/*, pods/status]"),
        &[
            "webhooks[0].rules[0].resources[1]: Invalid value: \"pods/status\": if 'pods/*' is present, must not specify \
           pods/status",
        ],
    );
    check(
        "rules: [{apiGroups: [''], apiVersions: [v1], resources: [pods]}]",
        &["webhooks[0].rules[0].operations: Required value"],
    );
}

#[test]
fn conditions_are_expressions_with_names() {
    check(
        "matchConditions: [{name: a, expression: 'object.metadata.name == \"x\"'}]",
        &[],
    );
    check(
        "matchConditions: [{name: a, expression: ''}]",
        &["webhooks[0].matchConditions[0].expression: Required value"],
    );
    check(
        "matchConditions: [{name: a, expression: 'true'}, {name: a, expression: 'true'}]",
        &["webhooks[0].matchConditions[1].name: Duplicate value: \"a\""],
    );
    check(
        "matchConditions: [{name: a, expression: '1 + 1'}]",
        &[
            "webhooks[0].matchConditions[0].expression: Invalid value: \"1 + 1\": must evaluate to bool but got int",
        ],
    );
    let (_, errors) = create(
        &resource(GROUP, "mutatingwebhookconfigurations"),
        &configuration("matchConditions: [{name: a, expression: 'object.'}]"),
    );
    let start = "webhooks[0].matchConditions[0].expression: Invalid value: \"object.\": compilation failed: ";
    assert!(errors.len() == 1 && errors[0].starts_with(start), "{errors:?}");
}

#[test]
fn a_row_counts_webhooks() {
    let shown = row(
        &resource(GROUP, "validatingwebhookconfigurations"),
        &configuration("{}"),
    );
    assert_eq!(shown, "Name: a\nWebhooks: 1\nAge: <unknown>\n");
}
