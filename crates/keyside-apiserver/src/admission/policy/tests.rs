use super::*;
use crate::admission::Operation;
use crate::auth::UserInfo;
use crate::store::Transaction;
use keyside_apimachinery::kinds;
use serde_json::json;

async fn put(store: &Store, resource: &str, object: Json) {
    let key = Key::new(GROUP, resource, "", object["metadata"]["name"].as_str().unwrap());
    store.commit(Transaction::create(key, &object)).await.unwrap();
}

/// A policy over changes of config maps with this spec, bound with this action.
async fn policies(spec: Json, action: &str) -> Policies {
    let store = Store::memory();
    let mut whole = json!({
        "matchConstraints": {"resourceRules": [{
            "operations": ["CREATE", "UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"],
        }]},
    });
    whole
        .as_object_mut()
        .unwrap()
        .extend(spec.as_object().unwrap().clone());
    put(
        &store,
        POLICIES,
        json!({"metadata": {"name": "p"}, "spec": whole}),
    )
    .await;
    let policies = Policies::new(store.clone());
    assert!(
        judge(&policies, "tests", "1").is_ok(),
        "a policy without a binding does nothing"
    );
    let binding = json!({"policyName": "p", "validationActions": [action]});
    put(
        &store,
        BINDINGS,
        json!({"metadata": {"name": "b"}, "spec": binding}),
    )
    .await;
    policies
}

fn judge(policies: &Policies, user: &str, value: &str) -> Result<Vec<String>, Status> {
    let resources = kinds::builtin_resources();
    let resource = resources
        .into_iter()
        .find(|resource| resource.plural == "configmaps")
        .unwrap();
    let request = AdmissionRequest {
        user: UserInfo::admin(user),
        operation: Operation::Create,
        resource: Arc::new(resource),
        subresource: String::new(),
        namespace: "team".to_owned(),
        name: "x".to_owned(),
        options: json!({}),
        dry_run: false,
    };
    let object =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": value}});
    policies.validate(&request, &object, None)
}

#[tokio::test]
async fn refusal_has_the_policys_words_and_reason() {
    let spec = json!({
        "variables": [{"name": "a", "expression": "object.data.a"}, {"name": "broken", "expression": "object.nothing"}],
        "validations": [{
            "expression": "variables.a != '2'", "messageExpression": "'no ' + variables.a", "reason": "Forbidden",
        }],
    });
    let policies = policies(spec, "Deny").await;
    assert!(judge(&policies, "tests", "1").is_ok());
    let status = judge(&policies, "tests", "2").unwrap_err();
    assert_eq!((status.code, status.reason), (403, "Forbidden"));
    assert_eq!(
        status.message,
        "configmaps \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no 2"
    );
}

#[tokio::test]
async fn conditions_say_whom_a_policy_concerns() {
    let spec = json!({
        "matchConditions": [{"name": "who", "expression": "request.userInfo.username == 'thief'"}],
        "validations": [{"expression": "false"}],
    });
    let policies = policies(spec, "Deny").await;
    assert!(judge(&policies, "tests", "1").is_ok());
    let status = judge(&policies, "thief", "1").unwrap_err();
    assert_eq!(status.code, 422);
    assert!(
        status
            .message
            .ends_with("denied request: failed expression: false"),
        "{}",
        status.message
    );
}

#[tokio::test]
async fn warnings_do_not_refuse() {
    let policies = policies(
        json!({"validations": [{"expression": "false", "message": "mind"}]}),
        "Warn",
    )
    .await;
    let warnings = judge(&policies, "tests", "1").unwrap();
    assert!(warnings[0].ends_with("denied request: mind"), "{warnings:?}");
}

#[tokio::test]
async fn failing_expression_refuses_unless_failures_are_ignored() {
    let spec = |policy: &str| json!({"failurePolicy": policy, "validations": [{"expression": "object.nothing == 1"}]});
    let status = judge(&policies(spec("Fail"), "Deny").await, "tests", "1").unwrap_err();
    assert!(status.message.contains("resulted in error"), "{}", status.message);
    assert!(judge(&policies(spec("Ignore"), "Deny").await, "tests", "1").is_ok());
}
