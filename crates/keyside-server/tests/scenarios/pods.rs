//! Pods: what admission adds, and that a pod created in the same second as its namespace finds its Secret.

use crate::bed::{Bed, pull_secrets};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{Pod, ServiceAccount};
use keyside_server::rbac;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;
use std::time::{Duration, Instant};

async fn shop() -> Bed {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("shop", &["web", "later"]).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.until_condition("project-shop", "testquay", "Ready", "True/Delivered")
        .await;
    bed
}

#[tokio::test]
async fn p8_pod_made_with_kubectl_is_given_the_credential_of_its_project() {
    let bed = shop().await;
    let pod = bed.pod("web", "plain", &["quay.io/shop/web:1", "nginx"]).await;
    assert_eq!(pull_secrets(&pod), ["testquay"]);
    assert_eq!(
        pod.metadata.annotations.unwrap()["keyside.dev/injected"],
        "testquay"
    );
    let other = bed.pod("web", "public", &["nginx"]).await;
    assert!(pull_secrets(&other).is_empty() && other.metadata.annotations.is_none());
}

#[tokio::test]
async fn p9_pull_secret_of_the_namespace_is_used_without_being_named() {
    let bed = shop().await;
    bed.pull_secret("web", "own", &[("ghcr.io", "a:b")]).await;
    let pod = bed
        .eventually("the secret to be seen", async || {
            let pod = bed
                .pod(
                    "web",
                    &format!("p{}", Instant::now().elapsed().as_nanos()),
                    &["ghcr.io/x/y"],
                )
                .await;
            let list = pull_secrets(&pod);
            bed.delete(
                Api::<Pod>::namespaced(bed.client.clone(), "web"),
                pod.metadata.name.as_deref().unwrap(),
            )
            .await;
            (!list.is_empty()).then_some(list)
        })
        .await;
    assert_eq!(pod, ["own"]);
}

#[tokio::test]
async fn f07_pod_of_the_same_second_as_its_namespace_finds_its_secret() {
    let bed = Bed::start().await;
    let names: Vec<String> = (0..bed.many()).map(|at| format!("fresh-{at}")).collect();
    bed.project("fresh", &names.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    bed.credential("project-fresh", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.quiet().await;
    let created = names.iter().map(|name| async {
        bed.namespace(name).await;
        let pod = bed.pod(name, "first", &["quay.io/shop/web"]).await;
        // Not a moment later: what the node would find when the pod was admitted.
        (pull_secrets(&pod), bed.content(name, "testquay").await.is_some())
    });
    let found: Vec<_> = futures::stream::iter(created)
        .buffer_unordered(bed.crowd())
        .collect()
        .await;
    let good = found
        .iter()
        .filter(|(list, stands)| *list == ["testquay"] && *stands)
        .count();
    assert_eq!(good, names.len(), "{found:?}");
}

#[tokio::test]
async fn f08_pod_right_after_its_service_account_is_served_as_any_other() {
    let bed = shop().await;
    let accounts: Api<ServiceAccount> = Api::namespaced(bed.client.clone(), "web");
    let account = serde_json::from_value(json!({"metadata": {"name": "operator"}})).unwrap();
    accounts
        .create(&kube::api::PostParams::default(), &account)
        .await
        .unwrap();
    let spec =
        json!({"serviceAccountName": "operator", "containers": [{"name": "c", "image": "quay.io/shop/web"}]});
    let pod = bed
        .pod_like("web", json!({"metadata": {"name": "p"}, "spec": spec}))
        .await
        .unwrap();
    assert_eq!(pull_secrets(&pod), ["testquay"]);
}

#[tokio::test]
async fn f09_own_list_and_that_of_the_account_are_kept_and_added_to() {
    let bed = shop().await;
    let accounts: Api<ServiceAccount> = Api::namespaced(bed.client.clone(), "web");
    let list = json!({"imagePullSecrets": [{"name": "of-account"}]});
    accounts
        .patch("default", &PatchParams::default(), &Patch::Merge(list))
        .await
        .unwrap();
    let pod = bed.pod("web", "none", &["quay.io/shop/web"]).await;
    assert_eq!(pull_secrets(&pod), ["of-account", "testquay"]);
    let spec = json!({
        "imagePullSecrets": [{"name": "mine"}, {"name": "testquay"}],
        "containers": [{"name": "c", "image": "quay.io/shop/web"}],
    });
    let pod = bed
        .pod_like("web", json!({"metadata": {"name": "own"}, "spec": spec}))
        .await
        .unwrap();
    assert_eq!(pull_secrets(&pod), ["mine", "testquay"]);
}

#[tokio::test]
async fn f10_templates_and_service_accounts_are_never_touched() {
    own_keyside!();
    let bed = shop().await;
    bed.quiet().await;
    bed.count();
    let template = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "quay.io/shop/web"}]}},
        },
    });
    let api: Api<k8s_openapi::api::apps::v1::Deployment> = Api::namespaced(bed.client.clone(), "web");
    let created = api
        .create(
            &kube::api::PostParams::default(),
            &serde_json::from_value(template).unwrap(),
        )
        .await
        .unwrap();
    assert!(
        created
            .spec
            .unwrap()
            .template
            .spec
            .unwrap()
            .image_pull_secrets
            .is_none()
    );
    bed.quiet().await;
    assert!(bed.calls().is_empty(), "{:?}", bed.calls());
}

#[tokio::test]
async fn f27_each_image_gets_the_credential_of_its_path() {
    let bed = shop().await;
    bed.credential("project-shop", "deep", "Project", &[("quay.io/shop", "u:p")])
        .await;
    bed.until_content("web", "deep", "quay.io/shop/").await;
    let pod = bed
        .pod("web", "both", &["quay.io/shop/web", "quay.io/other/web"])
        .await;
    assert_eq!(pull_secrets(&pod), ["deep", "testquay"]);
}

#[tokio::test]
async fn f28_neighbour_never_sees_the_credential_of_a_path() {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("shop", &["web"]).await;
    bed.credential("project-shop", "team", "Project", &[("quay.io/team", "u:p")])
        .await;
    let content = bed.until_content("web", "team", "quay.io/team/").await;
    assert!(!content.contains("\"quay.io/team\""), "{content}");
    let pod = bed.pod("web", "neighbour", &["quay.io/team-b/app"]).await;
    assert!(pull_secrets(&pod).is_empty());
}

#[tokio::test]
async fn f29_credential_that_is_invalid_does_not_keep_a_valid_one_away() {
    let bed = shop().await;
    let spec = json!({"imagePullSecrets": [{"name": "stale"}], "containers": [{"name": "c", "image": "quay.io/shop/web"}]});
    bed.pull_secret("web", "stale", &[("quay.io", "old:old")]).await;
    let pod = bed
        .pod_like("web", json!({"metadata": {"name": "p"}, "spec": spec}))
        .await
        .unwrap();
    assert_eq!(pull_secrets(&pod), ["stale", "testquay"]);
}

#[tokio::test]
async fn f40_missing_secret_beside_a_public_image_makes_no_noise() {
    let bed = shop().await;
    bed.quiet().await;
    bed.count();
    let spec =
        json!({"imagePullSecrets": [{"name": "gone"}], "containers": [{"name": "c", "image": "nginx"}]});
    let pod = bed
        .pod_like("web", json!({"metadata": {"name": "p"}, "spec": spec}))
        .await
        .unwrap();
    assert_eq!(pull_secrets(&pod), ["gone"]);
    bed.quiet().await;
    assert!(bed.calls().is_empty(), "{:?}", bed.calls());
}

#[tokio::test]
async fn repository_that_is_the_path_itself_gets_its_key_before_the_pod_is_admitted() {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("shop", &["web"]).await;
    bed.credential(
        "project-shop",
        "lab",
        "Project",
        &[("registry.gitlab.com/acme/app", "u:p")],
    )
    .await;
    bed.until_content("web", "lab", "acme/app/").await;
    let pod = bed.pod("web", "p", &["registry.gitlab.com/acme/app:1"]).await;
    assert_eq!(pull_secrets(&pod), ["lab"]);
    let content = bed.content("web", "lab").await.unwrap();
    assert!(content.contains("\"registry.gitlab.com/acme/app\":"), "{content}");
}

#[tokio::test]
async fn repository_that_got_its_key_keeps_it_over_a_restart() {
    let mut bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("shop", &["web"]).await;
    bed.credential(
        "project-shop",
        "lab",
        "Project",
        &[("registry.gitlab.com/acme/app", "u:p")],
    )
    .await;
    bed.until_content("web", "lab", "acme/app/").await;
    bed.pod("web", "p", &["registry.gitlab.com/acme/app:1"]).await;
    bed.quiet().await;
    let before = bed.secrets("web").get("lab").await.unwrap();
    bed.stop().await;
    bed.run(|_| {}).await;
    bed.quiet().await;
    assert_eq!(bed.secrets("web").get("lab").await.unwrap(), before);
}

#[tokio::test]
async fn on_demand_copy_stands_when_the_pod_is_admitted_and_nowhere_else() {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.namespace("api").await;
    bed.project("shop", &["web", "api"]).await;
    bed.pull_secret("project-shop", "lazy", &[("quay.io", "u:p")])
        .await;
    let spec = json!({"scope": "Project", "delivery": "OnDemand", "source": {"secret": {"name": "lazy"}}});
    bed.credential_like("project-shop", "lazy", spec).await.unwrap();
    bed.until_condition("project-shop", "lazy", "Ready", "True/Delivered")
        .await;
    assert_eq!(bed.content("web", "lazy").await, None);
    let pod = bed.pod("web", "p", &["quay.io/shop/web"]).await;
    assert_eq!(pull_secrets(&pod), ["lazy"]);
    assert!(bed.content("web", "lazy").await.is_some());
    bed.quiet().await;
    assert_eq!(bed.content("api", "lazy").await, None);
}

#[tokio::test]
async fn on_demand_copy_goes_when_no_pod_names_it_any_more() {
    own_keyside!();
    let mut bed = Bed::empty().await;
    let options = rbac::Options {
        on_demand_removal: true,
        ..rbac::Options::default()
    };
    rbac::install_rbac(&bed.client, &options).await.unwrap();
    bed.run(|config| {
        config.on_demand_removal = true;
        config.idle_for = jiff::SignedDuration::from_secs(1);
    })
    .await;
    bed.namespace("web").await;
    bed.project("shop", &["web"]).await;
    bed.pull_secret("project-shop", "lazy", &[("quay.io", "u:p")])
        .await;
    let spec = json!({"scope": "Project", "delivery": "OnDemand", "source": {"secret": {"name": "lazy"}}});
    bed.credential_like("project-shop", "lazy", spec).await.unwrap();
    bed.until_condition("project-shop", "lazy", "Ready", "True/Delivered")
        .await;
    bed.pod("web", "p", &["quay.io/shop/web"]).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(bed.content("web", "lazy").await.is_some(), "a pod still names it");
    let pods = Api::<Pod>::namespaced(bed.client.clone(), "web");
    pods.delete("p", &kube::api::DeleteParams::default().grace_period(0))
        .await
        .unwrap();
    bed.until_gone("web", "lazy").await;
}

#[tokio::test]
async fn guarded_account_keeps_its_pods_as_they_are() {
    let bed = shop().await;
    let accounts: Api<ServiceAccount> = Api::namespaced(bed.client.clone(), "web");
    let guard = json!({"metadata": {"annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}}});
    accounts
        .patch("default", &PatchParams::default(), &Patch::Merge(guard))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let pod = bed.pod("web", "p", &["quay.io/shop/web"]).await;
    assert!(pull_secrets(&pod).is_empty());
}

#[tokio::test]
async fn pods_are_created_without_keyside() {
    own_keyside!();
    let mut bed = shop().await;
    bed.stop().await;
    let start = Instant::now();
    let pod = bed.pod("web", "p", &["quay.io/shop/web"]).await;
    assert!(
        start.elapsed() < Duration::from_millis(2500),
        "{:?}",
        start.elapsed()
    );
    // The webhook of a stopped keyside still answers from what it knew; without any, the pod would come as it is.
    assert_eq!(pull_secrets(&pod), ["testquay"]);
}

#[tokio::test]
async fn dry_run_leaves_no_trace() {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("shop", &["web"]).await;
    bed.pull_secret("project-shop", "lazy", &[("quay.io", "u:p")])
        .await;
    let spec = json!({"scope": "Project", "delivery": "OnDemand", "source": {"secret": {"name": "lazy"}}});
    bed.credential_like("project-shop", "lazy", spec).await.unwrap();
    bed.quiet().await;
    bed.count();
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "quay.io/shop/web"}]}});
    let parameters = kube::api::PostParams {
        dry_run: true,
        ..Default::default()
    };
    let pods: Api<Pod> = Api::namespaced(bed.client.clone(), "web");
    let pod = pods
        .create(&parameters, &serde_json::from_value(pod).unwrap())
        .await
        .unwrap();
    assert_eq!(pull_secrets(&pod), ["lazy"]);
    bed.quiet().await;
    assert!(bed.calls().is_empty(), "{:?}", bed.calls());
}
