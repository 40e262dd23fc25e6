//! Deletion: at once, gracefully, held by finalizers, of collections and namespaces.

use crate::rig::{Answer, MAPS, Rig};
use serde_json::{Value, json};

const PODS: &str = "/api/v1/namespaces/default/pods";

async fn pod(rig: &Rig, name: &str, node: &str) {
    let account = json!({"metadata": {"name": "default"}});
    rig.post("/api/v1/namespaces/default/serviceaccounts", &account)
        .await;
    let mut pod = json!({
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": false},
    });
    if !node.is_empty() {
        pod["spec"]["nodeName"] = node.into();
    }
    let answer = rig.post(PODS, &pod).await;
    assert_eq!(answer.code, 201, "{}", answer.text);
}

#[tokio::test]
async fn what_nothing_holds_goes_at_once_and_the_answer_says_what_it_was() {
    let rig = Rig::new().await;
    let map = rig.config_map("a", json!({})).await;
    let answer = rig.delete(&format!("{MAPS}/a"), &Value::Null).await;
    assert_eq!(answer.code, 200);
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {"name": "a", "kind": "configmaps", "uid": map["metadata"]["uid"]},
    });
    assert_eq!(answer.json(), expected);
    assert_eq!(
        rig.delete(&format!("{MAPS}/a"), &Value::Null).await.error(),
        "404 configmaps \"a\" not found"
    );
}

#[tokio::test]
async fn preconditions_must_hold() {
    let rig = Rig::new().await;
    let map = rig.config_map("a", json!({})).await;
    let path = format!("{MAPS}/a");
    let wrong = json!({"preconditions": {"uid": "other"}});
    assert!(rig.delete(&path, &wrong).await.error().starts_with(
        "409 Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (other) does not match the UID in record"
    ));
    let wrong = json!({"preconditions": {"resourceVersion": "1"}});
    assert!(
        rig.delete(&path, &wrong)
            .await
            .error()
            .contains("The object might have been modified")
    );
    let right = json!({
        "kind": "DeleteOptions", "apiVersion": "v1",
        "preconditions": {"uid": map["metadata"]["uid"], "resourceVersion": map["metadata"]["resourceVersion"]},
    });
    assert_eq!(rig.delete(&path, &right).await.code, 200);
}

#[tokio::test]
async fn a_finalizer_holds_until_it_is_removed() {
    let rig = Rig::new().await;
    let path = format!("{MAPS}/a");
    rig.config_map("a", json!({})).await;
    let held = rig
        .patch(
            "merge",
            &path,
            &json!({"metadata": {"finalizers": ["example.com/hold"]}}),
        )
        .await;
    assert_eq!(held.code, 200);
    let marked = rig.delete(&path, &Value::Null).await.json();
    assert!(marked["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(marked["metadata"]["deletionGracePeriodSeconds"], 0);
    let again = rig.delete(&path, &Value::Null).await.json();
    assert_eq!(
        again["metadata"]["resourceVersion"],
        marked["metadata"]["resourceVersion"]
    );
    let more = json!({"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}});
    let refused = rig.patch("merge", &path, &more).await;
    assert!(
        refused
            .error()
            .contains("no new finalizers can be added if the object is being deleted")
    );
    let exists = rig.post(MAPS, &json!({"metadata": {"name": "a"}})).await;
    assert_eq!(
        exists.error(),
        "409 object is being deleted: configmaps \"a\" already exists"
    );
    let freed = rig
        .patch("merge", &path, &json!({"metadata": {"finalizers": null}}))
        .await;
    assert_eq!(freed.code, 200);
    assert_eq!(rig.get(&path).await.code, 404);
}

#[tokio::test]
async fn propagation_becomes_a_finalizer_for_the_garbage_collector() {
    let rig = Rig::new().await;
    let check = async |policy: Value, expected: Value| {
        rig.config_map("a", json!({})).await;
        let answer = rig.delete(&format!("{MAPS}/a"), &policy).await;
        assert_eq!(
            answer.json()["metadata"]
                .get("finalizers")
                .cloned()
                .unwrap_or_default(),
            expected,
            "{policy}"
        );
        rig.patch(
            "merge",
            &format!("{MAPS}/a"),
            &json!({"metadata": {"finalizers": null}}),
        )
        .await;
    };
    check(json!({"propagationPolicy": "Background"}), Value::Null).await;
    check(
        json!({"propagationPolicy": "Foreground"}),
        json!(["foregroundDeletion"]),
    )
    .await;
    check(json!({"propagationPolicy": "Orphan"}), json!(["orphan"])).await;
    check(json!({"orphanDependents": true}), json!(["orphan"])).await;
    rig.config_map("a", json!({})).await;
    let path = format!("{MAPS}/a?propagationPolicy=Foreground");
    assert_eq!(
        rig.delete(&path, &Value::Null).await.json()["metadata"]["finalizers"],
        json!(["foregroundDeletion"])
    );
    let wrong = rig
        .delete(&format!("{MAPS}/a"), &json!({"propagationPolicy": "Sideways"}))
        .await;
    assert_eq!(wrong.code, 422);
    let both = json!({"propagationPolicy": "Orphan", "orphanDependents": true});
    assert!(
        rig.delete(&format!("{MAPS}/a"), &both)
            .await
            .error()
            .contains("cannot be both set")
    );
}

#[tokio::test]
async fn a_running_pod_is_given_time_and_a_waiting_one_is_not() {
    let rig = Rig::new().await;
    pod(&rig, "waiting", "").await;
    assert_eq!(
        rig.delete(&format!("{PODS}/waiting"), &Value::Null).await.code,
        200
    );
    assert_eq!(rig.get(&format!("{PODS}/waiting")).await.code, 404);
    pod(&rig, "running", "node").await;
    let path = format!("{PODS}/running");
    let marked = rig.delete(&path, &Value::Null).await.json();
    assert_eq!(marked["metadata"]["deletionGracePeriodSeconds"], 30);
    let end: jiff::Timestamp = marked["metadata"]["deletionTimestamp"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((25..=30).contains(&end.duration_since(jiff::Timestamp::now()).as_secs()));
    let longer = rig.delete(&path, &json!({"gracePeriodSeconds": 60})).await.json();
    assert_eq!(
        longer["metadata"]["deletionGracePeriodSeconds"], 30,
        "only a shorter time is accepted"
    );
    let shorter = rig.delete(&path, &json!({"gracePeriodSeconds": 5})).await.json();
    assert_eq!(shorter["metadata"]["deletionGracePeriodSeconds"], 5);
    assert!(
        shorter["metadata"]["deletionTimestamp"].as_str() < marked["metadata"]["deletionTimestamp"].as_str()
    );
    assert_eq!(
        rig.delete(&path, &json!({"gracePeriodSeconds": 0})).await.code,
        200
    );
    assert_eq!(rig.get(&path).await.code, 404);
}

#[tokio::test]
async fn of_a_collection_only_what_is_selected_goes() {
    let rig = Rig::new().await;
    for (name, app) in [("a", "x"), ("b", "x"), ("c", "y")] {
        rig.config_map(name, json!({"app": app})).await;
    }
    let answer = rig
        .delete(&format!("{MAPS}?labelSelector=app%3Dx"), &Value::Null)
        .await;
    assert_eq!(answer.json()["kind"], "ConfigMapList");
    assert_eq!(answer.json()["items"].as_array().unwrap().len(), 2);
    let left = rig.get(MAPS).await.json();
    let names: Vec<_> = left["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["metadata"]["name"].clone())
        .collect();
    assert_eq!(names, ["c"]);
}

#[tokio::test]
async fn a_namespace_goes_when_its_content_is_gone_and_takes_nothing_new_meanwhile() {
    let rig = Rig::new().await;
    let path = "/api/v1/namespaces/team";
    assert_eq!(
        rig.post("/api/v1/namespaces", &json!({"metadata": {"name": "team"}}))
            .await
            .code,
        201
    );
    let map = json!({"metadata": {"name": "a"}});
    assert_eq!(
        rig.post("/api/v1/namespaces/team/configmaps", &map).await.code,
        201
    );
    let marked = rig.delete(path, &Value::Null).await.json();
    assert_eq!(marked["status"]["phase"], "Terminating");
    let refused = rig
        .post(
            "/api/v1/namespaces/team/configmaps",
            &json!({"metadata": {"name": "b"}}),
        )
        .await;
    let sentence = "unable to create new content in namespace team because it is being terminated";
    assert_eq!(
        refused.error(),
        format!("403 configmaps \"b\" is forbidden: {sentence}")
    );
    assert_eq!(
        refused.json()["details"]["causes"][0]["reason"],
        "NamespaceTerminating"
    );
    assert_eq!(
        rig.delete("/api/v1/namespaces/team/configmaps/a", &Value::Null)
            .await
            .code,
        200
    );
    let mut namespace = rig.get(path).await.json();
    namespace["spec"]["finalizers"] = json!([]);
    assert_eq!(rig.put(&format!("{path}/finalize"), &namespace).await.code, 200);
    assert_eq!(rig.get(path).await.code, 404);
    let refused: Answer = rig.delete("/api/v1/namespaces/default", &Value::Null).await;
    assert_eq!(
        refused.error(),
        "403 namespaces \"default\" is forbidden: this namespace may not be deleted"
    );
}
