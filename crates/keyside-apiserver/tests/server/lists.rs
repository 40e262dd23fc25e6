//! Lists: chunks of one moment, versions, selectors.

use crate::rig::{MAPS, Rig};
use keyside_apiserver::ApiServer;
use keyside_apiserver::store::{History, Store};
use serde_json::{Value, json};
use std::sync::mpsc;
use std::time::Duration;

fn names(list: &Value) -> Vec<&str> {
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}

async fn three() -> Rig {
    let rig = Rig::new().await;
    for (name, app) in [("a", "x"), ("b", "y"), ("c", "x")] {
        rig.config_map(name, json!({"app": app})).await;
    }
    rig
}

#[tokio::test]
async fn chunks_show_one_moment_whatever_happens_between_them() {
    let rig = three().await;
    let first = rig.get(&format!("{MAPS}?limit=1")).await.json();
    assert_eq!(names(&first), ["a"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 2);
    rig.config_map("aa", json!({})).await;
    rig.patch("merge", &format!("{MAPS}/b"), &json!({"data": {"key": "2"}}))
        .await;
    rig.delete(&format!("{MAPS}/c"), &Value::Null).await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let rest = rig.get(&format!("{MAPS}?limit=5&continue={token}")).await.json();
    assert_eq!(names(&rest), ["b", "c"]);
    assert_eq!(rest["items"][0]["data"]["key"], "1");
    assert_eq!(
        rest["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
    assert!(rest["metadata"].get("continue").is_none());
}

#[tokio::test]
async fn a_token_older_than_history_is_answered_with_one_that_goes_on_inconsistently() {
    let history = History {
        events: 2,
        ..History::default()
    };
    let server = ApiServer::builder()
        .store(Store::memory_with(history))
        .build()
        .await
        .unwrap();
    let rig = Rig::over(server);
    for name in ["a", "b", "c"] {
        rig.config_map(name, json!({})).await;
    }
    let first = rig.get(&format!("{MAPS}?limit=1")).await.json();
    for name in ["d", "e", "f"] {
        rig.config_map(name, json!({})).await;
    }
    let token = first["metadata"]["continue"].as_str().unwrap();
    let gone = rig.get(&format!("{MAPS}?limit=5&continue={token}")).await;
    assert_eq!(gone.code, 410);
    assert_eq!(gone.json()["reason"], "Expired");
    let token = gone.json()["metadata"]["continue"].as_str().unwrap().to_owned();
    let rest = rig.get(&format!("{MAPS}?limit=2&continue={token}")).await.json();
    assert_eq!(names(&rest), ["b", "c"]);
    assert_ne!(
        rest["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
    let token = rest["metadata"]["continue"].as_str().unwrap();
    let rest = rig.get(&format!("{MAPS}?continue={token}")).await.json();
    assert_eq!(names(&rest), ["d", "e", "f"]);
}

#[tokio::test]
async fn versions_ask_for_a_moment() {
    let rig = three().await;
    let then = rig.get(MAPS).await.json()["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .to_owned();
    rig.delete(&format!("{MAPS}/a"), &Value::Null).await;
    let check = async |query: &str, expected: &[&str]| {
        assert_eq!(
            names(&rig.get(&format!("{MAPS}?{query}")).await.json()),
            expected,
            "{query}"
        );
    };
    check("resourceVersion=0", &["b", "c"]).await;
    check(&format!("resourceVersion={then}"), &["b", "c"]).await;
    check(
        &format!("resourceVersion={then}&resourceVersionMatch=NotOlderThan"),
        &["b", "c"],
    )
    .await;
    check(
        &format!("resourceVersion={then}&resourceVersionMatch=Exact"),
        &["a", "b", "c"],
    )
    .await;
    let future = rig.get(&format!("{MAPS}?resourceVersion=999999")).await;
    assert_eq!(future.code, 504);
    assert!(
        future
            .error()
            .contains("Too large resource version: 999999, current:")
    );
    assert_eq!(future.headers["retry-after"], "1");
    assert_eq!(rig.get(&format!("{MAPS}?resourceVersion=abc")).await.code, 400);
    assert_eq!(
        rig.get(&format!("{MAPS}?resourceVersion=0&resourceVersionMatch=Exact"))
            .await
            .code,
        422
    );
}

#[tokio::test]
async fn selectors_choose_and_chunks_of_selections_are_full() {
    let rig = three().await;
    let check = async |query: &str, expected: &[&str]| {
        assert_eq!(
            names(&rig.get(&format!("{MAPS}?{query}")).await.json()),
            expected,
            "{query}"
        );
    };
    check("labelSelector=app%3Dx", &["a", "c"]).await;
    check("labelSelector=app+in+(y,z)", &["b"]).await;
    check("labelSelector=!app", &[]).await;
    check("fieldSelector=metadata.name%3Db", &["b"]).await;
    check("fieldSelector=metadata.name!%3Db&labelSelector=app", &["a", "c"]).await;
    let first = rig
        .get(&format!("{MAPS}?labelSelector=app%3Dx&limit=1"))
        .await
        .json();
    assert_eq!(names(&first), ["a"]);
    assert!(
        first["metadata"].get("remainingItemCount").is_none(),
        "what is left is not counted"
    );
    let token = first["metadata"]["continue"].as_str().unwrap();
    check(&format!("labelSelector=app%3Dx&limit=1&continue={token}"), &["c"]).await;
    let wrong = rig.get(&format!("{MAPS}?fieldSelector=spec.foo%3D1")).await;
    assert_eq!(
        wrong.error(),
        "400 \"spec.foo\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
    );
    assert_eq!(rig.get(&format!("{MAPS}?labelSelector=a+b+c")).await.code, 400);
}

#[test]
fn a_search_goes_on_where_nothing_is_chosen_for_long() {
    within(Duration::from_secs(60), async {
        let rig = Rig::new().await;
        for n in 0..2_100 {
            let app = if matches!(n, 500 | 2_099) {
                "rare"
            } else {
                "common"
            };
            rig.config_map(&format!("m-{n:04}"), json!({"app": app})).await;
        }
        let found = rig.get(&format!("{MAPS}?labelSelector=app%3Drare")).await.json();
        assert_eq!(names(&found), ["m-0500", "m-2099"]);
        let first = rig
            .get(&format!("{MAPS}?labelSelector=app%3Drare&limit=1"))
            .await
            .json();
        assert_eq!(names(&first), ["m-0500"]);
    });
}

/// Fails a test that does not end. It gets a thread of its own, because a search that goes round in circles never waits: nothing in
/// its own runtime could stop it.
fn within(limit: Duration, test: impl Future<Output = ()> + Send + 'static) {
    let (end, ended) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(test);
        end.send(()).unwrap();
    });
    match ended.recv_timeout(limit) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it does not end within {limit:?}"),
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

#[tokio::test]
async fn all_namespaces_are_listed_together() {
    let rig = three().await;
    rig.post("/api/v1/namespaces", &json!({"metadata": {"name": "team"}}))
        .await;
    rig.post(
        "/api/v1/namespaces/team/configmaps",
        &json!({"metadata": {"name": "t"}}),
    )
    .await;
    assert_eq!(
        names(&rig.get("/api/v1/configmaps").await.json()),
        ["a", "b", "c", "t"]
    );
    assert_eq!(
        names(
            &rig.get("/api/v1/configmaps?fieldSelector=metadata.namespace%3Dteam")
                .await
                .json()
        ),
        ["t"]
    );
    assert_eq!(rig.get("/api/v1/configmaps/a").await.code, 404);
    assert_eq!(
        names(&rig.get("/api/v1/namespaces/tea/configmaps").await.json()),
        [""; 0]
    );
}
