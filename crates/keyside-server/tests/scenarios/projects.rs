//! Projects: who is a member, and what follows when that changes.

use crate::bed::Bed;
use k8s_openapi::api::core::v1::Namespace;
use keyside_api::Project;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

async fn ready(bed: &Bed, name: &str) -> Option<String> {
    let project: Project = Api::all(bed.client.clone()).get(name).await.unwrap();
    let condition = project
        .status?
        .conditions
        .into_iter()
        .find(|one| one.type_ == "Ready")?;
    Some(format!(
        "{}/{}: {}",
        condition.status, condition.reason, condition.message
    ))
}

async fn until_ready(bed: &Bed, name: &str, expected: &str) {
    let what = format!("project {name} {expected}");
    bed.eventually(&what, async || {
        ready(bed, name).await.filter(|now| now == expected)
    })
    .await;
}

async fn set_namespaces(bed: &Bed, name: &str, namespaces: &[&str]) {
    let spec = json!({"spec": {"namespaces": namespaces}});
    Api::<Project>::all(bed.client.clone())
        .patch(name, &PatchParams::default(), &Patch::Merge(spec))
        .await
        .unwrap();
}

#[tokio::test]
async fn home_namespace_is_created_and_members_are_counted() {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("shop", &["web", "later"]).await;
    until_ready(&bed, "shop", "True/Accepted: one namespace is a member").await;
    bed.namespace("later").await;
    until_ready(&bed, "shop", "True/Accepted: 2 namespaces are members").await;
    let status = Api::<Project>::all(bed.client.clone())
        .get("shop")
        .await
        .unwrap()
        .status
        .unwrap();
    assert_eq!(
        (status.namespace_count, status.home_namespace.as_deref()),
        (2, Some("project-shop"))
    );
}

#[tokio::test]
async fn namespace_that_two_projects_claim_belongs_to_the_older() {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("first", &["web"]).await;
    until_ready(&bed, "first", "True/Accepted: one namespace is a member").await;
    // Times of creation have whole seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    bed.project("a-second", &["web"]).await;
    until_ready(
        &bed,
        "a-second",
        "False/NamespaceClaimed: web belongs to the older Project first",
    )
    .await;
    bed.delete(Api::<Project>::all(bed.client.clone()), "first").await;
    until_ready(&bed, "a-second", "True/Accepted: one namespace is a member").await;
}

#[tokio::test]
async fn f17_namespace_that_moves_has_a_credential_at_every_moment() {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("old", &["web"]).await;
    bed.project("new", &[]).await;
    bed.pull_secret("web", "mine", &[("ghcr.io", "a:b")]).await;
    bed.credential("project-old", "of-old", "Project", &[("quay.io", "u:p")])
        .await;
    bed.credential("project-new", "of-new", "Project", &[("quay.io", "u:p")])
        .await;
    bed.until_content("web", "of-old", "quay.io").await;
    set_namespaces(&bed, "old", &[]).await;
    set_namespaces(&bed, "new", &["web"]).await;
    loop {
        let (old, new) = (
            bed.content("web", "of-old").await,
            bed.content("web", "of-new").await,
        );
        assert!(
            old.is_some() || new.is_some(),
            "one of them stands at every moment"
        );
        if old.is_none() {
            break;
        }
    }
    bed.quiet().await;
    assert_eq!(bed.secret_names("web").await, ["mine", "of-new"]);
}

#[tokio::test]
async fn f17_namespace_that_leaves_every_project_keeps_only_what_is_not_ours() {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("old", &["web"]).await;
    bed.pull_secret("web", "mine", &[("ghcr.io", "a:b")]).await;
    bed.credential("project-old", "of-old", "Project", &[("quay.io", "u:p")])
        .await;
    bed.until_content("web", "of-old", "quay.io").await;
    set_namespaces(&bed, "old", &[]).await;
    bed.until_gone("web", "of-old").await;
    assert_eq!(bed.secret_names("web").await, ["mine"]);
}

#[tokio::test]
async fn a13_namespace_made_anew_gets_nothing_until_it_is_stated_again() {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("shop", &["web"]).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.until_content("web", "testquay", "quay.io").await;
    bed.remove_namespace("web").await;
    bed.namespace("web").await;
    let expected = "False/NamespaceRecreated: web: deleted and made anew, so it gets nothing until it is taken out of `spec.namespaces` and stated again";
    until_ready(&bed, "shop", expected).await;
    assert_eq!(bed.content("web", "testquay").await, None);
    set_namespaces(&bed, "shop", &[]).await;
    until_ready(&bed, "shop", "True/Accepted: no namespace is a member yet").await;
    set_namespaces(&bed, "shop", &["web"]).await;
    bed.until_content("web", "testquay", "quay.io").await;
}

#[tokio::test]
async fn a13_namespace_made_anew_while_keyside_was_away_is_a_stranger() {
    let mut bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("shop", &["web"]).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.until_content("web", "testquay", "quay.io").await;
    bed.quiet().await;
    bed.stop().await;
    bed.remove_namespace("web").await;
    bed.namespace("web").await;
    bed.run(|_| {}).await;
    bed.quiet().await;
    assert_eq!(bed.content("web", "testquay").await, None);
    assert!(
        ready(&bed, "shop")
            .await
            .unwrap()
            .starts_with("False/NamespaceRecreated")
    );
}

#[tokio::test]
async fn namespace_joins_by_selector_and_by_rancher_project_only_if_the_project_says_so() {
    let bed = Bed::start().await;
    bed.namespace_like(json!({"metadata": {"name": "labelled", "labels": {"team": "shop"}}}))
        .await;
    bed.namespace_like(
        json!({"metadata": {"name": "rancher", "annotations": {"field.cattle.io/projectId": "c:p"}}}),
    )
    .await;
    bed.project("shut", &[]).await;
    bed.quiet().await;
    assert_eq!(
        ready(&bed, "shut").await.unwrap(),
        "True/Accepted: no namespace is a member yet"
    );
    let spec = json!({"namespaceSelector": {"matchLabels": {"team": "shop"}}, "rancherProjectId": "c:p"});
    bed.project_like(json!({"metadata": {"name": "open"}, "spec": spec}))
        .await
        .unwrap();
    until_ready(&bed, "open", "True/Accepted: 2 namespaces are members").await;
}

#[tokio::test]
async fn namespace_being_deleted_is_left_alone() {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("shop", &["web"]).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.until_content("web", "testquay", "quay.io").await;
    // Something in it holds it back, so it stays in deletion.
    let hold =
        json!({"metadata": {"name": "held", "finalizers": ["example.com/hold"]}, "stringData": {"a": "b"}});
    bed.secret("web", hold).await;
    bed.quiet().await;
    let api: Api<Namespace> = Api::all(bed.client.clone());
    api.delete("web", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    bed.quiet().await;
    bed.count();
    // Where namespaces are really emptied, the copy may be gone already.
    if bed.content("web", "testquay").await.is_some() {
        bed.delete(bed.secrets("web"), "testquay").await;
    }
    bed.quiet().await;
    let written = bed
        .calls()
        .into_iter()
        .filter(|call| call.path.contains("/namespaces/web/secrets"))
        .count();
    assert_eq!(written, 0, "{:?}", bed.calls());
}
