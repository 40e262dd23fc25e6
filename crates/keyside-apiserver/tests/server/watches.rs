//! Watches: what is seen, in which order, from where, until when (R28).

use crate::rig::{MAPS, Rig};
use keyside_apiserver::ApiServer;
use keyside_apiserver::store::{History, Store};
use serde_json::{Value, json};

async fn relabel(rig: &Rig, name: &str, app: Value) {
    let answer = rig
        .patch(
            "merge",
            &format!("{MAPS}/{name}"),
            &json!({"metadata": {"labels": {"app": app}}}),
        )
        .await;
    assert_eq!(answer.code, 200);
}

#[tokio::test]
async fn a_selection_sees_objects_come_change_and_go() {
    let rig = Rig::new().await;
    let mut watch = rig
        .watch(
            &format!("{MAPS}?watch=1&resourceVersion=0&labelSelector=app%3Dx"),
            &[],
        )
        .await;
    rig.config_map("a", json!({"app": "x"})).await;
    rig.config_map("other", json!({"app": "y"})).await;
    relabel(&rig, "a", "y".into()).await;
    relabel(&rig, "a", "x".into()).await;
    relabel(&rig, "other", "z".into()).await;
    rig.patch("merge", &format!("{MAPS}/a"), &json!({"data": {"key": "2"}}))
        .await;
    rig.delete(&format!("{MAPS}/a"), &Value::Null).await;
    rig.delete(&format!("{MAPS}/other"), &Value::Null).await;
    rig.config_map("last", json!({"app": "x"})).await;
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(watch.line().await);
    }
    assert_eq!(
        seen,
        [
            "ADDED a",
            "DELETED a",
            "ADDED a",
            "MODIFIED a",
            "DELETED a",
            "ADDED last"
        ]
    );
}

#[tokio::test]
async fn an_object_that_leaves_the_selection_is_shown_as_it_was_with_the_new_version() {
    let rig = Rig::new().await;
    let mut watch = rig
        .watch(
            &format!("{MAPS}?watch=1&resourceVersion=0&labelSelector=app%3Dx"),
            &[],
        )
        .await;
    rig.config_map("a", json!({"app": "x"})).await;
    relabel(&rig, "a", "y".into()).await;
    watch.next().await.unwrap();
    let gone = watch.next().await.unwrap();
    assert_eq!(gone["object"]["metadata"]["labels"]["app"], "x");
    assert_eq!(
        gone["object"]["metadata"]["resourceVersion"],
        rig.server.store().revision().to_string().as_str()
    );
}

#[tokio::test]
async fn a_watch_resumes_from_any_version_it_has_seen() {
    let rig = Rig::new().await;
    let first = rig.config_map("a", json!({})).await;
    rig.config_map("b", json!({})).await;
    rig.delete(&format!("{MAPS}/a"), &Value::Null).await;
    let version = first["metadata"]["resourceVersion"].as_str().unwrap();
    let mut watch = rig
        .watch(&format!("{MAPS}?watch=1&resourceVersion={version}"), &[])
        .await;
    assert_eq!(watch.line().await, "ADDED b");
    let deleted = watch.next().await.unwrap();
    assert_eq!(deleted["type"], "DELETED");
    assert!(deleted["object"]["metadata"]["resourceVersion"].as_str() > Some(version));
}

#[tokio::test]
async fn without_a_version_what_is_there_comes_first() {
    let rig = Rig::new().await;
    rig.config_map("a", json!({})).await;
    let mut watch = rig.watch(&format!("{MAPS}?watch=true"), &[]).await;
    assert_eq!(watch.line().await, "ADDED a");
    rig.config_map("b", json!({})).await;
    assert_eq!(watch.line().await, "ADDED b");
    let mut one = rig.watch(&format!("{MAPS}/b?watch=true"), &[]).await;
    assert_eq!(one.line().await, "ADDED b");
}

#[tokio::test]
async fn a_streaming_list_ends_with_a_marked_bookmark() {
    let rig = Rig::new().await;
    rig.config_map("a", json!({})).await;
    let query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=0&allowWatchBookmarks=true";
    let mut watch = rig.watch(&format!("{MAPS}?{query}"), &[]).await;
    assert_eq!(watch.line().await, "ADDED a");
    let mark = watch.next().await.unwrap();
    assert_eq!(mark["type"], "BOOKMARK");
    assert_eq!(mark["object"]["kind"], "ConfigMap");
    assert_eq!(
        mark["object"]["metadata"]["annotations"],
        json!({"k8s.io/initial-events-end": "true"})
    );
    assert_eq!(
        mark["object"]["metadata"]["resourceVersion"],
        rig.server.store().revision().to_string().as_str()
    );
    let answer = rig
        .get(&format!("{MAPS}?watch=true&sendInitialEvents=true"))
        .await;
    assert!(
        answer
            .error()
            .contains("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
    );
    let answer = rig
        .get(&format!("{MAPS}?watch=true&resourceVersionMatch=NotOlderThan"))
        .await;
    assert!(
        answer
            .error()
            .contains("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
    );
}

#[tokio::test]
async fn a_watch_ends_when_its_time_is_up_with_a_bookmark() {
    let rig = Rig::new().await;
    let newest = rig.server.store().revision();
    let path = format!("{MAPS}?watch=1&resourceVersion={newest}&timeoutSeconds=1&allowWatchBookmarks=true");
    let mut watch = rig.watch(&path, &[]).await;
    let answer = rig
        .post("/api/v1/namespaces", &json!({"metadata": {"name": "elsewhere"}}))
        .await;
    assert_eq!(answer.code, 201);
    let last = watch.next().await.unwrap();
    assert_eq!(last["type"], "BOOKMARK");
    let version: u64 = last["object"]["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        version > newest,
        "a bookmark moves on with what happens elsewhere"
    );
    assert_eq!(watch.next().await, None);
    let mut silent = rig
        .watch(
            &format!("{MAPS}?watch=1&resourceVersion={newest}&timeoutSeconds=1"),
            &[],
        )
        .await;
    assert_eq!(silent.next().await, None);
}

#[tokio::test]
async fn a_version_older_than_history_ends_with_410() {
    let history = History {
        events: 3,
        ..History::default()
    };
    let rig = Rig::over(
        ApiServer::builder()
            .store(Store::memory_with(history))
            .build()
            .await
            .unwrap(),
    );
    let first = rig.config_map("a", json!({})).await;
    for name in ["b", "c", "d", "e", "f"] {
        rig.config_map(name, json!({})).await;
    }
    let version = first["metadata"]["resourceVersion"].as_str().unwrap();
    let mut watch = rig
        .watch(&format!("{MAPS}?watch=1&resourceVersion={version}"), &[])
        .await;
    let error = watch.next().await.unwrap();
    assert_eq!(
        (&error["type"], &error["object"]["code"]),
        (&json!("ERROR"), &json!(410))
    );
    assert_eq!(error["object"]["reason"], "Expired");
    assert!(
        error["object"]["message"]
            .as_str()
            .unwrap()
            .starts_with(&format!("too old resource version: {version} ("))
    );
    assert_eq!(watch.next().await, None);
}

#[tokio::test]
async fn a_reader_too_slow_for_the_history_is_told_so() {
    let history = History {
        events: 3,
        ..History::default()
    };
    let rig = Rig::over(
        ApiServer::builder()
            .store(Store::memory_with(history))
            .build()
            .await
            .unwrap(),
    );
    let newest = rig.server.store().revision();
    let mut watch = rig
        .watch(&format!("{MAPS}?watch=1&resourceVersion={newest}"), &[])
        .await;
    for name in ["a", "b", "c", "d", "e", "f"] {
        rig.config_map(name, json!({})).await;
    }
    assert_eq!(watch.next().await.unwrap()["object"]["code"], 410);
}

#[tokio::test]
async fn tables_come_with_their_columns_once() {
    let rig = Rig::new().await;
    rig.config_map("a", json!({})).await;
    let accept = "accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let mut watch = rig.watch(&format!("{MAPS}?watch=1"), &[accept]).await;
    let first = watch.next().await.unwrap();
    assert_eq!(first["object"]["kind"], "Table");
    assert_eq!(first["object"]["columnDefinitions"][0]["name"], "Name");
    assert_eq!(first["object"]["rows"][0]["cells"][0], "a");
    rig.config_map("b", json!({})).await;
    let second = watch.next().await.unwrap();
    assert!(second["object"]["columnDefinitions"].is_null());
    assert_eq!(
        second["object"]["rows"][0]["object"]["kind"],
        "PartialObjectMetadata"
    );
}

#[tokio::test]
async fn stopping_the_server_ends_watches() {
    let rig = Rig::new().await;
    let mut watch = rig.watch(&format!("{MAPS}?watch=1"), &[]).await;
    rig.server.stop().await;
    assert_eq!(watch.next().await, None);
    let refused = rig.post(MAPS, &json!({"metadata": {"name": "late"}})).await;
    assert_eq!(refused.code, 503);
}

#[tokio::test]
async fn the_newer_events_group_watches_the_same_events() {
    let rig = Rig::new().await;
    let mut watch = rig
        .watch(
            "/apis/events.k8s.io/v1/events?watch=1&fieldSelector=regarding.name%3Dp",
            &[],
        )
        .await;
    for name in ["p", "q"] {
        let event = json!({
            "metadata": {"generateName": "e-"}, "reason": "R", "message": "m", "type": "Normal",
            "involvedObject": {"kind": "Pod", "name": name, "namespace": "default"},
        });
        let answer = rig.post("/api/v1/namespaces/default/events", &event).await;
        assert_eq!(answer.code, 201, "{}", answer.text);
    }
    let seen = watch.next().await.unwrap();
    assert_eq!(
        (&seen["object"]["note"], &seen["object"]["regarding"]["name"]),
        (&json!("m"), &json!("p"))
    );
}
