use super::token::Grant;
use super::{Authenticator, Config, UserInfo};
use crate::store::{Key, Store, Transaction};
use http::Request;
use http::request::Parts;
use serde_json::{Value, json};

fn parts(path: &str, token: Option<&str>) -> Parts {
    let mut request = Request::builder().uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(()).unwrap().into_parts().0
}

async fn put(store: &Store, plural: &str, object: &Value) {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    let key = Key::new("", plural, &text("namespace"), &text("name"));
    store.commit(Transaction::create(key, object)).await.unwrap();
}

fn object(name: &str, uid: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "team", "uid": uid}})
}

fn issue(authenticator: &Authenticator, pod: Option<Value>, seconds: i64) -> String {
    let tokens = authenticator.tokens.as_ref().unwrap();
    let account = object("default", "1");
    let grant = Grant {
        service_account: &account,
        bound: pod.map(|pod| ("pod", pod)),
        node: None,
        audiences: tokens.audiences.clone(),
        seconds,
    };
    tokens.issue(&grant).unwrap()
}

#[tokio::test]
async fn a_fixed_token_is_its_user_and_any_other_is_nobody() {
    let config = Config::default().token(
        "secret",
        UserInfo {
            username: "ann".into(),
            ..UserInfo::default()
        },
    );
    let authenticator = Authenticator::new(&config, Store::memory());
    let user = authenticator
        .authenticate(&parts("/api", Some("secret")))
        .await
        .unwrap();
    assert_eq!(
        (user.username.as_str(), user.groups[0].as_str()),
        ("ann", "system:authenticated")
    );
    for token in [Some("secre"), Some("other"), None] {
        assert_eq!(
            authenticator
                .authenticate(&parts("/api", token))
                .await
                .unwrap_err()
                .code,
            401,
            "{token:?}"
        );
    }
    assert!(!format!("{config:?}").contains("secret"));
}

#[tokio::test]
async fn only_health_and_version_are_open() {
    let authenticator = Authenticator::new(&Config::default(), Store::memory());
    for path in ["/healthz", "/livez/ping", "/readyz", "/version"] {
        assert_eq!(
            authenticator
                .authenticate(&parts(path, None))
                .await
                .unwrap()
                .username,
            "system:anonymous"
        );
    }
    for path in ["/api", "/versions", "/", "/metrics"] {
        assert!(
            authenticator.authenticate(&parts(path, None)).await.is_err(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_token_counts_while_its_account_and_pod_are_the_same() {
    let store = Store::memory();
    let authenticator = Authenticator::new(&Config::default(), store.clone());
    let token = issue(&authenticator, Some(object("p", "2")), 600);
    let user = |token: String| {
        let authenticator = &authenticator;
        async move {
            authenticator
                .authenticate(&parts("/api", Some(&token)))
                .await
                .ok()
        }
    };
    assert_eq!(user(token.clone()).await, None, "without the account");
    put(&store, "serviceaccounts", &object("default", "1")).await;
    assert_eq!(user(token.clone()).await, None, "without the pod");
    put(&store, "pods", &object("p", "2")).await;
    let found = user(token.clone()).await.unwrap();
    assert_eq!(found.username, "system:serviceaccount:team:default");
    assert_eq!(
        found.groups,
        [
            "system:serviceaccounts",
            "system:serviceaccounts:team",
            "system:authenticated"
        ]
    );
    assert_eq!(found.extra["authentication.kubernetes.io/pod-name"], ["p"]);
    assert_eq!(
        user(issue(&authenticator, Some(object("p", "3")), 600)).await,
        None,
        "another pod of that name"
    );
    assert_eq!(user(issue(&authenticator, None, -1)).await, None, "expired");
    let other = Authenticator::new(&Config::default(), store.clone());
    assert_eq!(
        user(issue(&other, None, 600)).await,
        None,
        "signed by another server"
    );
}

#[tokio::test]
async fn a_token_is_for_its_audience_only() {
    let store = Store::memory();
    put(&store, "serviceaccounts", &object("default", "1")).await;
    let authenticator = Authenticator::new(&Config::default(), store);
    let token = issue(&authenticator, None, 600);
    let elsewhere = ["https://registry.example.com".to_owned()];
    assert_eq!(authenticator.user_of_token(&token, &elsewhere), None);
    let ours = authenticator.audiences.clone();
    assert_eq!(authenticator.user_of_token(&token, &ours).unwrap().1, ours);
}
