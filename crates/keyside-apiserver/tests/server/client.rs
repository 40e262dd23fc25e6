//! kube's own client over the server in the same process: what everybody else in this repository builds on.

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, Secret};
use keyside_apiserver::{ApiServer, UserInfo};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use serde_json::json;

async fn client() -> kube::Client {
    let server = ApiServer::builder().build().await.unwrap();
    kube::Client::new(server.in_process(UserInfo::admin("tests")), "default")
}

fn config_map(name: &str, value: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name}, "data": {"key": value}})).unwrap()
}

#[tokio::test]
async fn an_object_is_created_read_updated_and_deleted() {
    let maps: Api<ConfigMap> = Api::default_namespaced(client().await);
    let created = maps
        .create(&PostParams::default(), &config_map("a", "1"))
        .await
        .unwrap();
    assert!(created.metadata.uid.is_some());
    let mut read = maps.get("a").await.unwrap();
    assert_eq!(read, created);
    read.data = Some([("key".to_owned(), "2".to_owned())].into());
    let updated = maps.replace("a", &PostParams::default(), &read).await.unwrap();
    assert_ne!(
        updated.metadata.resource_version,
        created.metadata.resource_version
    );
    let stale = maps
        .replace("a", &PostParams::default(), &created)
        .await
        .unwrap_err();
    assert!(matches!(stale, kube::Error::Api(status) if status.code == 409 && status.reason == "Conflict"));
    maps.delete("a", &DeleteParams::default()).await.unwrap();
    let gone = maps.get("a").await.unwrap_err();
    assert!(matches!(gone, kube::Error::Api(status) if status.message == "configmaps \"a\" not found"));
}

#[tokio::test]
async fn a_list_comes_in_chunks_of_one_moment() {
    let maps: Api<ConfigMap> = Api::default_namespaced(client().await);
    for name in ["a", "b", "c"] {
        maps.create(&PostParams::default(), &config_map(name, "1"))
            .await
            .unwrap();
    }
    let first = maps.list(&ListParams::default().limit(2)).await.unwrap();
    assert_eq!(first.items.len(), 2);
    assert_eq!(first.metadata.remaining_item_count, Some(1));
    maps.create(&PostParams::default(), &config_map("d", "1"))
        .await
        .unwrap();
    maps.delete("c", &DeleteParams::default()).await.unwrap();
    let token = first.metadata.continue_.unwrap();
    let second = maps
        .list(&ListParams::default().limit(2).continue_token(&token))
        .await
        .unwrap();
    let names: Vec<_> = second
        .items
        .iter()
        .filter_map(|map| map.metadata.name.as_deref())
        .collect();
    assert_eq!(names, ["c"]);
    assert_eq!(second.metadata.resource_version, first.metadata.resource_version);
}

#[tokio::test]
async fn a_watch_shows_what_happens() {
    let maps: Api<ConfigMap> = Api::default_namespaced(client().await);
    let list = maps.list(&ListParams::default()).await.unwrap();
    let version = list.metadata.resource_version.unwrap();
    let mut events = maps
        .watch(&WatchParams::default(), &version)
        .await
        .unwrap()
        .boxed();
    maps.create(&PostParams::default(), &config_map("a", "1"))
        .await
        .unwrap();
    let patch = json!({"data": {"key": "2"}});
    maps.patch("a", &PatchParams::default(), &Patch::Merge(patch))
        .await
        .unwrap();
    maps.delete("a", &DeleteParams::default()).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.push(match events.try_next().await.unwrap().unwrap() {
            WatchEvent::Added(map) => format!("added {}", map.data.unwrap()["key"]),
            WatchEvent::Modified(map) => format!("modified {}", map.data.unwrap()["key"]),
            WatchEvent::Deleted(map) => format!("deleted {}", map.data.unwrap()["key"]),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(seen, ["added 1", "modified 2", "deleted 2"]);
}

#[tokio::test]
async fn a_secret_is_applied_and_taken_away_again() {
    let secrets: Api<Secret> = Api::default_namespaced(client().await);
    let params = PatchParams::apply("tests").force();
    let wanted =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}});
    let applied = secrets.patch("s", &params, &Patch::Apply(&wanted)).await.unwrap();
    assert_eq!(applied.metadata.name.as_deref(), Some("s"));
    let again = secrets.patch("s", &params, &Patch::Apply(&wanted)).await.unwrap();
    assert_eq!(again.metadata.resource_version, applied.metadata.resource_version);
}

#[tokio::test]
async fn nothing_is_created_in_a_namespace_that_is_not_there() {
    let client = client().await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), "nowhere");
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]},
    }))
    .unwrap();
    let refused = pods.create(&PostParams::default(), &pod).await.unwrap_err();
    assert!(
        matches!(refused, kube::Error::Api(status) if status.message == "namespaces \"nowhere\" not found")
    );
    let namespaces: Api<Namespace> = Api::all(client);
    let names: Vec<_> = namespaces.list(&ListParams::default()).await.unwrap().items;
    assert!(
        names
            .iter()
            .any(|namespace| namespace.metadata.name.as_deref() == Some("kube-system"))
    );
}
