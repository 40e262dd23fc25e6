//! Create, update, patch, apply: what is stored, what is refused, and in which words.

use crate::rig::{MAPS, Rig};
use http::Method;
use keyside_apiserver::store::{Key, Range};
use serde_json::{Value, json};

fn map(name: &str) -> Value {
    json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name}, "data": {"key": "1"}})
}

#[tokio::test]
async fn a_new_object_gets_its_identity_from_the_server() {
    let rig = Rig::new().await;
    let mut object = map("a");
    object["metadata"]["uid"] = "mine".into();
    object["metadata"]["creationTimestamp"] = "2000-01-01T00:00:00Z".into();
    object["metadata"]["deletionTimestamp"] = "2000-01-01T00:00:00Z".into();
    let answer = rig.post(&format!("{MAPS}?fieldManager=me"), &object).await;
    assert_eq!(answer.code, 201);
    let created = answer.json();
    let metadata = &created["metadata"];
    assert_eq!(metadata["namespace"], "default");
    assert_ne!(metadata["uid"], "mine");
    assert!(metadata["creationTimestamp"].as_str().unwrap() > "2020");
    assert!(metadata.get("deletionTimestamp").is_none());
    assert_eq!(metadata["managedFields"][0]["manager"], "me");
    assert_eq!(
        rig.post(MAPS, &object).await.error(),
        "409 configmaps \"a\" already exists"
    );
}

#[tokio::test]
async fn names_are_generated_and_tried_again() {
    let rig = Rig::new().await;
    let object = json!({"metadata": {"generateName": "gen-"}});
    let first = rig.post(MAPS, &object).await.json()["metadata"]["name"].clone();
    let second = rig.post(MAPS, &object).await.json()["metadata"]["name"].clone();
    assert_ne!(first, second);
    assert_eq!(first.as_str().unwrap().len(), 9);
}

#[tokio::test]
async fn what_cannot_be_decoded_is_refused_in_kubernetes_words() {
    let rig = Rig::new().await;
    let check = async |body: Value, expected: &str| {
        assert_eq!(rig.post(MAPS, &body).await.error(), expected);
    };
    let mut other = map("a");
    other["apiVersion"] = "v2".into();
    check(
        other,
        "400 the API version in the data (v2) does not match the expected API version (v1)",
    )
    .await;
    let mut other = map("a");
    other["metadata"]["namespace"] = "other".into();
    let sentence = "the namespace of the provided object does not match the namespace sent on the request";
    check(other, &format!("400 {sentence}")).await;
    let mut other = map("a");
    other["metadata"]["resourceVersion"] = "5".into();
    check(
        other,
        "500 resourceVersion should not be set on objects to be created",
    )
    .await;
    let answer = rig
        .call(Method::POST, MAPS, &["content-type: text/plain"], "x")
        .await;
    assert_eq!(answer.code, 415);
    assert!(
        answer
            .error()
            .contains("the body of the request was in an unknown format - accepted media types include:")
    );
    let answer = rig.call(Method::POST, MAPS, &[], "{").await;
    assert_eq!(answer.code, 400);
    assert!(answer.error().contains("the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error:"));
}

#[tokio::test]
async fn yaml_is_as_good_as_json() {
    let rig = Rig::new().await;
    let body =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: why}\ndata:\n  key: |\n    two\n    lines\n";
    let answer = rig
        .call(
            Method::POST,
            MAPS,
            &["content-type: application/yaml", "accept: application/yaml"],
            body,
        )
        .await;
    assert_eq!(answer.code, 201, "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "application/yaml");
    assert!(answer.text.contains("name: why"));
    assert_eq!(
        rig.get(&format!("{MAPS}/why")).await.json()["data"]["key"],
        "two\nlines\n"
    );
}

#[tokio::test]
async fn unknown_fields_are_dropped_warned_about_or_refused() {
    let rig = Rig::new().await;
    let check = async |name: &str, validation: &str, code: u16, warnings: &[&str]| {
        let mut object = map(name);
        object["foo"] = 1.into();
        let answer = rig
            .post(&format!("{MAPS}?fieldValidation={validation}"), &object)
            .await;
        assert_eq!(answer.code, code, "{}", answer.text);
        assert_eq!(answer.warnings(), warnings);
        answer
    };
    check("a", "Ignore", 201, &[]).await;
    let stored = check("b", "Warn", 201, &[r#"299 - "unknown field \"foo\"""#])
        .await
        .json();
    assert!(stored.get("foo").is_none());
    let refused = check("c", "Strict", 400, &[]).await;
    assert_eq!(
        refused.error(),
        "400 ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"foo\""
    );
}

#[tokio::test]
async fn a_dry_run_stores_nothing() {
    let rig = Rig::new().await;
    let before = rig.server.store().revision();
    let answer = rig.post(&format!("{MAPS}?dryRun=All"), &map("a")).await;
    assert_eq!(answer.code, 201);
    assert!(answer.json()["metadata"]["uid"].is_string());
    rig.config_map("b", json!({})).await;
    let patched = rig
        .patch(
            "merge",
            &format!("{MAPS}/b?dryRun=All"),
            &json!({"data": {"key": "2"}}),
        )
        .await;
    assert_eq!(patched.json()["data"]["key"], "2");
    assert_eq!(
        rig.delete(&format!("{MAPS}/b?dryRun=All"), &Value::Null)
            .await
            .code,
        200
    );
    assert_eq!(rig.get(&format!("{MAPS}/b")).await.json()["data"]["key"], "1");
    assert_eq!(rig.server.store().revision(), before + 1);
    let wrong = rig.post(&format!("{MAPS}?dryRun=yes"), &map("a")).await;
    assert_eq!(wrong.code, 422);
}

#[tokio::test]
async fn updates_need_the_newest_version_where_they_name_one() {
    let rig = Rig::new().await;
    let path = format!("{MAPS}/a");
    let first = rig.config_map("a", json!({})).await;
    let mut new = first.clone();
    new["data"]["key"] = "2".into();
    assert_eq!(rig.put(&path, &new).await.code, 200);
    let sentence =
        "the object has been modified; please apply your changes to the latest version and try again";
    let expected = format!("409 Operation cannot be fulfilled on configmaps \"a\": {sentence}");
    assert_eq!(rig.put(&path, &new).await.error(), expected);
    new["metadata"]
        .as_object_mut()
        .unwrap()
        .shift_remove("resourceVersion");
    assert_eq!(rig.put(&path, &new).await.code, 200);
    new["metadata"]["uid"] = "another".into();
    assert!(
        rig.put(&path, &new)
            .await
            .error()
            .contains("Precondition failed: UID in precondition: another, UID in object meta:")
    );
    new["metadata"]["name"] = "b".into();
    let expected = "400 the name of the object (b) does not match the name on the URL (a)";
    assert_eq!(rig.put(&path, &new).await.error(), expected);
}

#[tokio::test]
async fn an_update_without_a_change_writes_nothing() {
    let rig = Rig::new().await;
    let first = rig.config_map("a", json!({})).await;
    let before = rig.server.store().revision();
    let again = rig.put(&format!("{MAPS}/a"), &first).await.json();
    assert_eq!(again, first);
    let patched = rig
        .patch("merge", &format!("{MAPS}/a"), &json!({"data": {"key": "1"}}))
        .await
        .json();
    assert_eq!(
        patched["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
    assert_eq!(rig.server.store().revision(), before);
}

#[tokio::test]
async fn most_kinds_are_not_created_by_an_update_and_some_are() {
    let rig = Rig::new().await;
    assert_eq!(
        rig.put(&format!("{MAPS}/a"), &map("a")).await.error(),
        "404 configmaps \"a\" not found"
    );
    let lease = json!({"metadata": {"name": "l"}, "spec": {}});
    let answer = rig
        .put("/apis/coordination.k8s.io/v1/namespaces/default/leases/l", &lease)
        .await;
    assert_eq!(answer.code, 201);
    let answer = rig
        .put("/apis/coordination.k8s.io/v1/namespaces/default/leases/l", &lease)
        .await;
    assert!(
        answer
            .error()
            .contains("metadata.resourceVersion: Invalid value: 0: must be specified for an update")
    );
}

#[tokio::test]
async fn every_kind_of_patch_changes_what_it_says() {
    let rig = Rig::new().await;
    rig.config_map("a", json!({})).await;
    let path = format!("{MAPS}/a");
    let data = async |kind: &str, patch: Value| rig.patch(kind, &path, &patch).await.json()["data"].clone();
    assert_eq!(
        data("merge", json!({"data": {"b": "2"}})).await,
        json!({"key": "1", "b": "2"})
    );
    assert_eq!(
        data("strategic-merge", json!({"data": {"key": null}})).await,
        json!({"b": "2"})
    );
    let patch = json!([{"op": "test", "path": "/data/b", "value": "2"}, {"op": "add", "path": "/data/c", "value": "3"}]);
    assert_eq!(data("json", patch).await, json!({"b": "2", "c": "3"}));
    let failed = rig
        .patch(
            "json",
            &path,
            &json!([{"op": "test", "path": "/data/b", "value": "9"}]),
        )
        .await;
    assert_eq!(failed.code, 422);
    let unknown = rig
        .call(Method::PATCH, &path, &["content-type: application/json"], "{}")
        .await;
    assert_eq!(unknown.code, 415);
    assert_eq!(unknown.error(), "415 415: Unsupported Media Type");
}

#[tokio::test]
async fn patches_of_many_at_once_are_all_applied() {
    let rig = Rig::new().await;
    rig.config_map("a", json!({})).await;
    let tasks: Vec<_> = (0..32)
        .map(|number| {
            let rig = rig.clone();
            tokio::spawn(async move {
                let patch = json!({"data": {format!("k{number}"): "x"}});
                rig.patch("merge", &format!("{MAPS}/a"), &patch).await.code
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 200);
    }
    let stored = rig.get(&format!("{MAPS}/a")).await.json();
    assert_eq!(stored["data"].as_object().unwrap().len(), 33);
}

#[tokio::test]
async fn an_apply_creates_then_owns_then_conflicts() {
    let rig = Rig::new().await;
    let path = |manager: &str| format!("{MAPS}/a?fieldManager={manager}");
    let wanted = |value: &str| json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}, "data": {"key": value}});
    assert_eq!(rig.patch("apply", &path("one"), &wanted("1")).await.code, 201);
    assert_eq!(rig.patch("apply", &path("one"), &wanted("2")).await.code, 200);
    let conflict = rig.patch("apply", &path("two"), &wanted("3")).await;
    assert_eq!(
        conflict.error(),
        "409 Apply failed with 1 conflict: conflict with \"one\": .data.key"
    );
    assert_eq!(
        conflict.json()["details"]["causes"][0]["reason"],
        "FieldManagerConflict"
    );
    let forced = rig
        .patch("apply", &format!("{}&force=true", path("two")), &wanted("3"))
        .await
        .json();
    assert_eq!(forced["data"]["key"], "3");
    let nobody = rig.patch("apply", &format!("{MAPS}/a"), &wanted("3")).await;
    assert!(
        nobody
            .error()
            .contains("fieldManager: Required value: is required for apply patch")
    );
    let before = rig.server.store().revision();
    assert_eq!(rig.patch("apply", &path("two"), &wanted("3")).await.code, 200);
    assert_eq!(
        rig.server.store().revision(),
        before,
        "an apply that changes nothing writes nothing"
    );
}

#[tokio::test]
async fn generations_count_changes_of_the_spec_only() {
    let rig = Rig::new().await;
    let deployments = "/apis/apps/v1/namespaces/default/deployments";
    let deployment = json!({
        "metadata": {"name": "web", "generation": 7},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
        },
        "status": {"replicas": 9},
    });
    let created = rig.post(deployments, &deployment).await.json();
    assert_eq!(created["metadata"]["generation"], 1);
    assert!(created["status"].get("replicas").is_none());
    let path = format!("{deployments}/web");
    let labelled = rig
        .patch("merge", &path, &json!({"metadata": {"labels": {"x": "y"}}}))
        .await
        .json();
    assert_eq!(labelled["metadata"]["generation"], 1);
    let scaled = rig
        .patch(
            "merge",
            &path,
            &json!({"spec": {"replicas": 3}, "status": {"replicas": 3}}),
        )
        .await
        .json();
    assert_eq!(scaled["metadata"]["generation"], 2);
    assert!(
        scaled["status"].get("replicas").is_none(),
        "the object's endpoint does not write status"
    );
    let status = json!({"spec": {"replicas": 5}, "status": {"replicas": 3}});
    let reported = rig
        .patch("merge", &format!("{path}/status"), &status)
        .await
        .json();
    assert_eq!(reported["metadata"]["generation"], 2);
    assert_eq!(
        (&reported["spec"]["replicas"], &reported["status"]["replicas"]),
        (&json!(3), &json!(3))
    );
}

#[tokio::test]
async fn repeated_owners_are_said_once_and_warned_about() {
    let rig = Rig::new().await;
    let owner = json!({"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"});
    let mut object = map("a");
    object["metadata"]["ownerReferences"] = json!([owner, owner]);
    let answer = rig.post(MAPS, &object).await;
    assert_eq!(answer.json()["metadata"]["ownerReferences"], json!([owner]));
    assert!(answer.warnings()[0].contains("contains duplicate entries"));
}

#[tokio::test]
async fn a_body_beyond_three_megabytes_is_refused() {
    let rig = Rig::new().await;
    let mut object = map("a");
    object["data"]["key"] = "x".repeat(3 << 20).into();
    let answer = rig.post(MAPS, &object).await;
    assert_eq!(answer.error(), "413 Request entity too large: limit is 3145728");
}

#[tokio::test]
async fn services_get_addresses_that_nobody_else_has() {
    let rig = Rig::new().await;
    let services = "/api/v1/namespaces/default/services";
    let service = |name: &str, spec: Value| json!({"metadata": {"name": name}, "spec": spec});
    let port = json!([{"port": 80}]);
    let first = rig
        .post(
            services,
            &service("a", json!({"ports": port, "type": "NodePort"})),
        )
        .await
        .json();
    let address = first["spec"]["clusterIP"].as_str().unwrap().to_owned();
    let node_port = first["spec"]["ports"][0]["nodePort"].as_u64().unwrap();
    assert!(address.starts_with("10."), "{address}");
    assert!((30_000..=32_767).contains(&node_port));
    let same = rig
        .post(
            services,
            &service("b", json!({"ports": port, "clusterIP": address})),
        )
        .await;
    assert!(
        same.error().contains("provided IP is already allocated"),
        "{}",
        same.text
    );
    let taken = json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": node_port}]});
    let same = rig.post(services, &service("b", taken)).await;
    assert!(
        same.error().contains("spec.ports[0].nodePort: Invalid value"),
        "{}",
        same.text
    );
    let kept = rig
        .patch(
            "merge",
            &format!("{services}/a"),
            &json!({"spec": {"type": "ClusterIP"}}),
        )
        .await;
    assert_eq!(kept.code, 200, "{}", kept.text);
    let kept = kept.json();
    assert_eq!(kept["spec"]["clusterIP"], address.as_str());
    assert!(kept["spec"]["ports"][0].get("nodePort").is_none(), "{kept}");
    assert_eq!(rig.delete(&format!("{services}/a"), &Value::Null).await.code, 200);
    let again = rig
        .post(
            services,
            &service("b", json!({"ports": port, "clusterIP": address})),
        )
        .await;
    assert_eq!(again.code, 201, "{}", again.text);
    let held = rig.server.store().list(&Range::new("allocations", "ports", None));
    assert!(held.entries.is_empty(), "the node port was given back");
    let headless = rig
        .post(
            services,
            &service("c", json!({"ports": port, "clusterIP": "None"})),
        )
        .await
        .json();
    assert_eq!(headless["spec"]["clusterIP"], "None");
}

#[tokio::test]
async fn an_event_is_the_same_object_in_both_groups() {
    let rig = Rig::new().await;
    let event = json!({
        "metadata": {"name": "e"}, "reason": "Pulled", "message": "done", "type": "Normal",
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
    });
    assert_eq!(
        rig.post("/api/v1/namespaces/default/events", &event).await.code,
        201
    );
    let newer = rig
        .get("/apis/events.k8s.io/v1/namespaces/default/events/e")
        .await
        .json();
    assert_eq!(newer["apiVersion"], "events.k8s.io/v1");
    assert_eq!(
        (&newer["note"], &newer["regarding"]["name"]),
        (&json!("done"), &json!("p"))
    );
    assert!(newer.get("message").is_none());
    let path = "/api/v1/events?fieldSelector=involvedObject.name%3Dp";
    assert_eq!(rig.get(path).await.json()["items"].as_array().unwrap().len(), 1);
    assert!(
        rig.server
            .store()
            .get(&Key::new("", "events", "default", "e"))
            .is_some()
    );
}
