use super::{admit, validate};
use crate::admission::{AdmissionRequest, Operation};
use crate::auth::UserInfo;
use crate::store::{Key, Store, Transaction};
use keyside_apimachinery::kinds;
use serde_json::{Value, json};
use std::sync::Arc;

fn request(operation: Operation) -> AdmissionRequest {
    let pods = kinds::builtin_resources()
        .into_iter()
        .find(|resource| resource.plural == "pods")
        .unwrap();
    AdmissionRequest {
        user: UserInfo::admin("tests"),
        operation,
        resource: Arc::new(pods),
        subresource: String::new(),
        namespace: "ns1".into(),
        name: "p".into(),
        options: Value::Null,
        dry_run: false,
    }
}

async fn put_account(store: &Store, name: &str, rest: Value) {
    let mut account = json!({"metadata": {"name": name, "namespace": "ns1", "uid": "1"}});
    account
        .as_object_mut()
        .unwrap()
        .extend(rest.as_object().cloned().unwrap_or_default());
    let key = Key::new("", "serviceaccounts", "ns1", name);
    store.commit(Transaction::create(key, &account)).await.unwrap();
}

fn references(names: &Value) -> Value {
    let reference = |name: &Value| {
        if name == "" {
            json!({})
        } else {
            json!({"name": name})
        }
    };
    names
        .as_array()
        .map_or(Value::Null, |names| names.iter().map(reference).collect())
}

fn cases() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/cases/admission.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

async fn check(case: &Value) {
    let name = case["name"].as_str().unwrap();
    let store = Store::memory();
    for (account, list) in case["service_accounts"].as_object().unwrap() {
        let mut rest = json!({"imagePullSecrets": references(list)});
        if rest["imagePullSecrets"].is_null() {
            rest = json!({});
        }
        let annotations = &case["service_account_annotations"];
        let mut object = json!({"metadata": {"name": account, "namespace": "ns1", "uid": "1", "annotations": annotations}});
        object
            .as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        let key = Key::new("", "serviceaccounts", "ns1", account);
        store.commit(Transaction::create(key, &object)).await.unwrap();
    }
    let mut pod =
        json!({"metadata": {"name": "p", "namespace": "ns1"}, "spec": {"containers": [{"name": "c"}]}});
    if case["pod_service_account"] != "" {
        pod["spec"]["serviceAccountName"] = case["pod_service_account"].clone();
    }
    if !case["pod_list"].is_null() {
        pod["spec"]["imagePullSecrets"] = references(&case["pod_list"]);
    }
    if name.contains("mirror")
        || case["why"]
            .as_str()
            .is_some_and(|why| why.starts_with("mirror pods"))
    {
        pod["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    }
    let operation = if case["operation"] == "UPDATE" {
        Operation::Update
    } else {
        Operation::Create
    };
    let request = request(operation);
    let outcome = match admit(&store, &request, &mut pod).await {
        Ok(()) => validate(&store, &request, &pod).await,
        refused => refused,
    };
    let error = outcome.err().map(|status| status.message);
    assert_eq!(error.as_deref(), case["error"].as_str(), "{name}");
    let list = pod["spec"]["imagePullSecrets"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let names: Vec<&str> = list
        .iter()
        .map(|s| s["name"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(json!(names), case["result_list"], "{name}");
    let account = pod["spec"]["serviceAccountName"].as_str().unwrap_or_default();
    assert_eq!(
        account,
        case["result_service_account"].as_str().unwrap(),
        "{name}"
    );
}

#[tokio::test]
async fn every_row_of_the_table_holds() {
    let cases = cases();
    let rows = cases["service_account_admission"].as_array().unwrap();
    assert!(!rows.is_empty());
    for case in rows {
        check(case).await;
    }
}

#[tokio::test]
async fn the_token_is_mounted_where_nothing_else_is() {
    let store = Store::memory();
    put_account(&store, "default", json!({})).await;
    let mounted = json!([{"name": "own", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]);
    let containers = json!([{"name": "a"}, {"name": "b", "volumeMounts": mounted}]);
    let mut pod = json!({"metadata": {"name": "p"}, "spec": {"containers": containers}});
    admit(&store, &request(Operation::Create), &mut pod)
        .await
        .unwrap();
    let volume = pod["spec"]["volumes"][0]["name"].as_str().unwrap().to_owned();
    assert!(
        volume.starts_with("kube-api-access-") && volume.len() == 21,
        "{volume}"
    );
    assert_eq!(
        pod["spec"]["containers"][0]["volumeMounts"][0]["name"],
        volume.as_str()
    );
    assert_eq!(pod["spec"]["containers"][1]["volumeMounts"], mounted);
    let before = pod.clone();
    admit(&store, &request(Operation::Create), &mut pod)
        .await
        .unwrap();
    assert_eq!(pod, before, "a second look changes nothing");
}

#[tokio::test]
async fn an_account_may_refuse_to_be_mounted() {
    let store = Store::memory();
    put_account(&store, "default", json!({"automountServiceAccountToken": false})).await;
    let mut pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a"}]}});
    admit(&store, &request(Operation::Create), &mut pod)
        .await
        .unwrap();
    assert_eq!(pod["spec"].get("volumes"), None);
}

#[tokio::test]
async fn a_pod_of_a_young_namespace_waits_for_its_account() {
    let store = Store::memory();
    let late = store.clone();
    let comes = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        put_account(&late, "default", json!({"imagePullSecrets": [{"name": "a"}]})).await;
    });
    let mut pod = json!({"metadata": {"name": "p"}, "spec": {"containers": []}});
    admit(&store, &request(Operation::Create), &mut pod)
        .await
        .unwrap();
    assert_eq!(pod["spec"]["imagePullSecrets"], json!([{"name": "a"}]));
    comes.await.unwrap();
}
