//! Injection by a policy of the API server's own: the same pods as with the webhook, and nobody is called.

use crate::bed::{Bed, pull_secrets};
use k8s_openapi::api::core::v1::{Pod, ServiceAccount};
use keyside_api::{INJECTION, InjectionTable};
use kube::api::{Api, PostParams};
use serde_json::{Value, json};

const PODS: usize = 1000;

/// Numbers that look random and are the same in every run, so that what fails fails again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

/// An image in any of the ways in which people, and people who err, write it.
fn image(dice: &mut Dice) -> String {
    let hosts = [
        "",
        "",
        "docker.io/",
        "index.docker.io/",
        "Docker.IO/",
        "registry-1.docker.io/",
        "docker.io:443/",
        "quay.io/",
        "quay.io/",
        "Quay.io/",
        "quay.io:443/",
        "quay.io:8443/",
        "ghcr.io/",
        "GHCR.io/",
        "a.corp.example/",
        "b.corp.example/",
        "a.corp.example:5000/",
        "deep.a.corp.example/",
        "localhost/",
        "localhost:5000/",
        "my_registry.example.com/",
        "[::1]:5000/",
        "-bad.example/",
        "user/",
    ];
    let paths = [
        "nginx",
        "library/nginx",
        "shop",
        "shop/web",
        "shop/web/deep",
        "shop-b/web",
        "shopping",
        "team/app",
        "team",
        "v2/app",
        "a__b/c.d-e",
        "UPPER/app",
        "a//b",
        "team/",
        "x_",
        "team/private/app",
    ];
    let ends = [
        "",
        "",
        ":1",
        ":latest",
        ":1.2-rc_3",
        ":bad+tag",
        ":",
        "@sha256:abc",
        "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ":1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ];
    match dice.roll(60) {
        0 => "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef".to_owned(),
        1 => format!("quay.io/{}", "a".repeat(250 + dice.roll(12))),
        2 => format!("my_registry.example.com/{}", "a".repeat(225 + dice.roll(12))),
        _ => [dice.pick(&hosts), dice.pick(&paths), dice.pick(&ends)].concat(),
    }
}

fn pod(dice: &mut Dice, at: usize) -> Value {
    let mut containers = |name: &str, least: usize, sides: usize| -> Vec<Value> {
        (0..least + dice.roll(sides))
            .map(|i| json!({"name": format!("{name}{i}"), "image": image(dice)}))
            .collect()
    };
    let (main, init) = (containers("c", 1, 3), containers("i", 0, 3));
    let mut spec = json!({"containers": main, "initContainers": init, "automountServiceAccountToken": false});
    if dice.roll(4) == 0 {
        spec["volumes"] = json!([
            {"name": "data", "emptyDir": {}}, {"name": "image", "image": {"reference": image(dice)}},
        ]);
    }
    let guarded = dice.roll(12) == 0;
    if guarded {
        spec["serviceAccountName"] = json!("guarded");
    } else if dice.roll(3) == 0 {
        let lists = [
            json!([{"name": "mine"}]),
            json!([{"name": "testquay"}]),
            json!([{"name": "hub"}, {"name": "mine"}]),
            json!([]),
        ];
        spec["imagePullSecrets"] = lists[dice.roll(lists.len())].clone();
    }
    let annotations = [
        json!({}),
        json!({"a": "b"}),
        json!({"keyside.dev/injected": " x ,,y"}),
        json!({"keyside.dev/ignore": "true"}),
        json!({"keyside.dev/inject": "disabled"}),
        json!({"keyside.dev/inject": "enabled"}),
    ];
    let labels = [
        json!({}),
        json!({}),
        json!({}),
        json!({"keyside.dev/ignore": "true"}),
        json!({"app": "x"}),
    ];
    let mut metadata = json!({"name": format!("p{at}")});
    if dice.roll(2) == 0 {
        metadata["annotations"] = annotations[dice.roll(annotations.len())].clone();
        metadata["labels"] = labels[dice.roll(labels.len())].clone();
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

/// What admission makes of a pod, without keeping it: its list and its annotations, or the refusal.
async fn admitted(bed: &Bed, namespace: &str, pod: &Value) -> Value {
    let api: Api<Pod> = Api::namespaced(bed.client.clone(), namespace);
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    match api
        .create(&dry, &serde_json::from_value(pod.clone()).unwrap())
        .await
    {
        Ok(pod) => json!({"secrets": pull_secrets(&pod), "annotations": pod.metadata.annotations}),
        Err(kube::Error::Api(status)) => json!({"refused": status.message}),
        Err(error) => panic!("{error}"),
    }
}

/// Credentials of every sort, so that order, wildcards, spellings and sources matter.
async fn furnish(bed: &Bed) {
    for namespace in ["web", "api", "quiet"] {
        bed.namespace(namespace).await;
    }
    bed.namespace_like(json!({"metadata": {"name": "off", "labels": {"keyside.dev/inject": "disabled"}}}))
        .await;
    bed.project("shop", &["web", "off"]).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.credential(
        "project-shop",
        "shop-web",
        "Project",
        &[("quay.io/shop/web", "u:p"), ("docker.io/team", "u:p")],
    )
    .await;
    bed.credential(
        "web",
        "own",
        "Namespace",
        &[("*.corp.example", "u:p"), ("quay.io/shop", "u:p")],
    )
    .await;
    bed.pull_secret("web", "hub", &[("https://index.docker.io/v1/", "a:b")])
        .await;
    bed.pull_secret(
        "web",
        "slash",
        &[("ghcr.io/team/", "a:b"), ("localhost:5000", "a:b")],
    )
    .await;
    bed.pull_secret(
        "api",
        "shout",
        &[("Quay.io/shop", "a:b"), ("a.corp.example:5000", "a:b")],
    )
    .await;
    bed.pull_secret(
        "api",
        "any",
        &[("*.corp.example/team", "a:b"), ("my_registry.example.com", "a:b")],
    )
    .await;
    bed.secret(
        "keyside-system",
        json!({"metadata": {"name": "everywhere"}, "type": "kubernetes.io/basic-auth",
               "stringData": {"username": "u", "password": "p"}}),
    )
    .await;
    let source = json!({"secret": {"namespace": "keyside-system", "name": "everywhere"}});
    bed.cluster_credential_like("everywhere", json!({"registry": "ghcr.io", "source": source}))
        .await
        .unwrap();
    for namespace in ["web", "api"] {
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "guarded",
            "annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}}});
        let api: Api<ServiceAccount> = Api::namespaced(bed.client.clone(), namespace);
        api.create(&PostParams::default(), &serde_json::from_value(account).unwrap())
            .await
            .unwrap();
    }
    bed.until_condition("project-shop", "shop-web", "Ready", "True/Delivered")
        .await;
    bed.until_condition("web", "own", "Ready", "True/Delivered").await;
    bed.quiet().await;
}

async fn all_admitted(bed: &Bed, pods: &[(&'static str, Value)]) -> Vec<Value> {
    let mut all = Vec::with_capacity(pods.len());
    for (namespace, pod) in pods {
        all.push(admitted(bed, namespace, pod).await);
    }
    all
}

/// A pod that surely needs something.
fn needy() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "needy"},
           "spec": {"containers": [{"name": "c", "image": "quay.io/other/app:1"}]}})
}

#[tokio::test]
async fn policy_and_webhook_make_the_same_pod_of_a_thousand() {
    own_keyside!();
    let mut bed = Bed::start().await;
    if !keyside_server::serves_policies(&bed.client).await.unwrap() {
        return;
    }
    furnish(&bed).await;
    let mut dice = Dice(7);
    let pods: Vec<(&'static str, Value)> = (0..PODS)
        .map(|at| (dice.pick(&["web", "web", "api", "off"]), pod(&mut dice, at)))
        .collect();
    let by_webhook = all_admitted(&bed, &pods).await;
    bed.use_policy().await;
    bed.eventually("the policy to hold", async || {
        let pod = admitted(&bed, "web", &needy()).await;
        (pod["secrets"] == json!(["testquay"])).then_some(())
    })
    .await;
    bed.quiet().await;
    let by_policy = all_admitted(&bed, &pods).await;
    let differ: Vec<_> = pods
        .iter()
        .zip(by_webhook.iter().zip(&by_policy))
        .filter(|(_, (webhook, policy))| webhook != policy)
        .map(|(pod, (webhook, policy))| format!("{pod:?}\n  webhook {webhook}\n  policy  {policy}"))
        .collect();
    assert!(
        differ.is_empty(),
        "{} differ:\n{}",
        differ.len(),
        differ[..differ.len().min(5)].join("\n")
    );
    let served = by_policy
        .iter()
        .filter(|pod| pod["annotations"]["keyside.dev/injected"].is_string())
        .count();
    assert!(served > PODS / 4, "only {served} pods were given anything");
}

#[tokio::test]
async fn tables_follow_credentials_and_nothing_changed_means_nothing_called() {
    own_keyside!();
    let mut bed = Bed::start().await;
    if !keyside_server::serves_policies(&bed.client).await.unwrap() {
        return;
    }
    furnish(&bed).await;
    bed.use_policy().await;
    let tables: Api<InjectionTable> = Api::all(bed.client.clone());
    let namespaces = async || -> Vec<String> {
        let list = tables.list(&kube::api::ListParams::default()).await.unwrap();
        let mut names: Vec<String> = list
            .items
            .into_iter()
            .filter_map(|one| one.metadata.namespace)
            .collect();
        names.sort();
        names
    };
    let wanted = ["api", "default", "project-shop", "quiet", "web"];
    bed.eventually("a table where something can answer", async || {
        (namespaces().await == wanted).then_some(())
    })
    .await;
    bed.quiet().await;
    bed.count();
    // A rotation: the names stay, and so do the tables.
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:new")])
        .await;
    bed.until_content("web", "testquay", "new").await;
    bed.quiet().await;
    assert!(
        !bed.calls()
            .iter()
            .any(|call| call.path.contains("injectiontables"))
    );
    let cluster: Api<keyside_api::ClusterRegistryCredential> = Api::all(bed.client.clone());
    bed.delete(cluster, "everywhere").await;
    bed.eventually("the tables without a reason to go", async || {
        (namespaces().await == ["api", "project-shop", "web"]).then_some(())
    })
    .await;
    let table = Api::<InjectionTable>::namespaced(bed.client.clone(), "web")
        .get(INJECTION)
        .await
        .unwrap();
    assert_eq!(table.spec.guarded_accounts, ["guarded"]);
}
