use super::escalation::{Change, check};
use super::{Authorizer, aggregate, bootstrap};
use crate::auth::{Attributes, UserInfo};
use crate::store::{Key, Store, Transaction};
use serde_json::{Value, json};

const GROUP: &str = "rbac.authorization.k8s.io";

async fn put(store: &Store, resource: &str, namespace: &str, object: Value) {
    let key = Key::new(
        GROUP,
        resource,
        namespace,
        object["metadata"]["name"].as_str().unwrap(),
    );
    let transaction = match store.get(&key) {
        Some(entry) => Transaction::update(key, entry.revision, &object),
        None => Transaction::create(key, &object),
    };
    store.commit(transaction).await.unwrap();
}

fn role(name: &str, verbs: &[&str], resources: &[&str]) -> Value {
    json!({"metadata": {"name": name}, "rules": [{"verbs": verbs, "apiGroups": [""], "resources": resources}]})
}

fn binding(name: &str, kind: &str, role: &str, subject: Value) -> Value {
    json!({"metadata": {"name": name}, "roleRef": {"kind": kind, "name": role}, "subjects": [subject]})
}

fn ann() -> UserInfo {
    UserInfo {
        username: "ann".into(),
        groups: vec!["dev".into(), "system:authenticated".into()],
        ..UserInfo::default()
    }
}

fn may(
    authorizer: &Authorizer,
    user: &UserInfo,
    verb: &str,
    resource: &str,
    namespace: &str,
) -> super::Decision {
    authorizer.authorize(&Attributes {
        user: user.clone(),
        verb: verb.into(),
        resource: resource.into(),
        namespace: namespace.into(),
        ..Attributes::default()
    })
}

#[tokio::test]
async fn decisions_follow_every_write_at_once() {
    let store = Store::memory();
    let authorizer = Authorizer::new(store.clone());
    assert!(!may(&authorizer, &ann(), "get", "pods", "team").allowed);
    put(&store, "roles", "team", role("reader", &["get"], &["pods"])).await;
    put(
        &store,
        "rolebindings",
        "team",
        binding("b", "Role", "reader", json!({"kind": "User", "name": "ann"})),
    )
    .await;
    let decision = may(&authorizer, &ann(), "get", "pods", "team");
    assert!(decision.allowed);
    assert_eq!(
        decision.reason,
        "RBAC: allowed by RoleBinding \"b/team\" of Role \"reader\" to User \"ann\""
    );
    assert!(!may(&authorizer, &ann(), "get", "pods", "other").allowed);
    assert!(!may(&authorizer, &ann(), "get", "pods", "").allowed);
    put(&store, "roles", "team", role("reader", &["list"], &["pods"])).await;
    assert!(!may(&authorizer, &ann(), "get", "pods", "team").allowed);
}

#[tokio::test]
async fn a_binding_of_a_missing_role_is_told() {
    let store = Store::memory();
    put(
        &store,
        "clusterrolebindings",
        "",
        binding(
            "b",
            "ClusterRole",
            "gone",
            json!({"kind": "Group", "name": "dev"}),
        ),
    )
    .await;
    let decision = may(&Authorizer::new(store), &ann(), "get", "pods", "team");
    assert_eq!(
        decision.reason,
        "RBAC: clusterrole.rbac.authorization.k8s.io \"gone\" not found"
    );
}

#[tokio::test]
async fn a_service_account_is_bound_by_name() {
    let store = Store::memory();
    put(&store, "roles", "team", role("reader", &["get"], &["pods"])).await;
    put(
        &store,
        "rolebindings",
        "team",
        binding(
            "b",
            "Role",
            "reader",
            json!({"kind": "ServiceAccount", "name": "bot"}),
        ),
    )
    .await;
    let bot = crate::auth::service_account_user("team", "bot", "");
    let stranger = crate::auth::service_account_user("other", "bot", "");
    let authorizer = Authorizer::new(store);
    assert!(may(&authorizer, &bot, "get", "pods", "team").allowed);
    assert!(!may(&authorizer, &stranger, "get", "pods", "team").allowed);
}

#[tokio::test]
async fn every_cluster_has_its_first_roles() {
    let store = Store::memory();
    bootstrap::run(&store).await.unwrap();
    let before = store.revision();
    bootstrap::run(&store).await.unwrap();
    assert_eq!(store.revision(), before, "a second start changes nothing");
    let subject = json!({"kind": "User", "name": "ann"});
    put(
        &store,
        "rolebindings",
        "team",
        binding("b", "ClusterRole", "view", subject),
    )
    .await;
    let authorizer = Authorizer::new(store.clone());
    assert!(may(&authorizer, &ann(), "list", "pods", "team").allowed);
    assert!(!may(&authorizer, &ann(), "get", "secrets", "team").allowed);
    let path = Attributes {
        user: ann(),
        verb: "get".into(),
        path: "/apis/apps".into(),
        ..Attributes::default()
    };
    assert!(authorizer.authorize(&path).allowed);
    put(
        &store,
        "rolebindings",
        "team",
        binding(
            "b",
            "ClusterRole",
            "admin",
            json!({"kind": "User", "name": "ann"}),
        ),
    )
    .await;
    assert!(
        may(&authorizer, &ann(), "delete", "secrets", "team").allowed,
        "view flows into edit, edit into admin"
    );
}

#[tokio::test]
async fn aggregated_roles_follow_their_parts() {
    let store = Store::memory();
    bootstrap::run(&store).await.unwrap();
    let mut part = role("crontabs", &["get"], &["crontabs"]);
    part["metadata"]["labels"] = json!({"rbac.authorization.k8s.io/aggregate-to-view": "true"});
    put(&store, "clusterroles", "", part).await;
    aggregate::bring_up_to_date(&store).await.unwrap();
    put(
        &store,
        "rolebindings",
        "team",
        binding("b", "ClusterRole", "view", json!({"kind": "User", "name": "ann"})),
    )
    .await;
    assert!(may(&Authorizer::new(store), &ann(), "get", "crontabs", "team").allowed);
}

#[tokio::test]
async fn nobody_hands_out_more_than_they_have() {
    let store = Store::memory();
    put(&store, "roles", "team", role("reader", &["get"], &["pods"])).await;
    put(
        &store,
        "rolebindings",
        "team",
        binding("b", "Role", "reader", json!({"kind": "User", "name": "ann"})),
    )
    .await;
    let authorizer = Authorizer::new(store.clone());
    let verdict = |resource: &str, new: Value| {
        let change = Change {
            user: &ann(),
            resource,
            namespace: "team",
            name: "x",
            new: &new,
            old: None,
        };
        check(&authorizer, &change)
            .err()
            .map(|status| (status.code, status.message))
    };
    assert_eq!(verdict("roles", role("x", &["get"], &["pods"])), None);
    let text = "roles.rbac.authorization.k8s.io \"x\" is forbidden: user \"ann\" (groups=[\"dev\" \"system:authenticated\"]) is \
                attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], \
                Verbs:[\"list\" \"watch\"]}";
    assert_eq!(
        verdict("roles", role("x", &["get", "list", "watch"], &["pods"])),
        Some((403, text.to_owned()))
    );
    let subject = || json!({"kind": "User", "name": "bob"});
    assert_eq!(
        verdict("rolebindings", binding("x", "Role", "reader", subject())),
        None
    );
    put(&store, "roles", "team", role("writer", &["delete"], &["pods"])).await;
    assert_eq!(
        verdict("rolebindings", binding("x", "Role", "writer", subject()))
            .unwrap()
            .0,
        403
    );
    assert_eq!(
        verdict("rolebindings", binding("x", "Role", "none", subject()))
            .unwrap()
            .0,
        404
    );
    let masters = UserInfo::admin("root");
    let all = role("x", &["*"], &["*"]);
    let change = Change {
        user: &masters,
        resource: "roles",
        namespace: "team",
        name: "x",
        new: &all,
        old: None,
    };
    assert!(check(&authorizer, &change).is_ok());
}
