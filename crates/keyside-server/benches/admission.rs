//! What admission adds to the creation of a pod on a real Kubernetes: nothing at all, a webhook that answers a constant, ours, and
//! the policy that the API server runs by itself. All are registered at the same time, each for pods of its own, and pods are
//! created in turns, so that whatever else the machine does is shared. Pods are dry runs: all of admission, and no disk.
//!
//! `cargo e2e admission` starts a Kubernetes and runs it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on has failed, and its figures are for whoever reads them"
)]

#[expect(
    dead_code,
    reason = "it is the scenarios' listener, which they use in more ways"
)]
#[path = "../tests/scenarios/listener.rs"]
mod listener;

use axum::Router;
use axum::extract::Json;
use axum::routing::post;
use futures::StreamExt as _;
use keyside_server::{Reach, Running};
use kube::Client;
use kube::api::{Api, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use kube::discovery::ApiResource;
use listener::Listener;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Turns that each way of admission has, and pods in each turn.
const TURNS: usize = 20;
const PODS: usize = 50;

/// Credentials that apply in the namespace.
const CREDENTIALS: usize = 100;

/// When to give up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The label that says who looks at a pod.
const LABEL: &str = "admission";

/// An image that a credential is for, and one that none is for.
const PRIVATE: &str = "registry-7.example/team/app:1";
const PUBLIC: &str = "public.example/app:1";

/// A way of admission: its name, the pods it looks at, and their image.
const WAYS: [(&str, &str, &str); 7] = [
    ("none", "none", PRIVATE),
    ("no-op webhook", "no-op", PRIVATE),
    ("constant patch", "constant", PRIVATE),
    ("keyside, nothing needed", "webhook", PUBLIC),
    ("keyside", "webhook", PRIVATE),
    ("policy, nothing needed", "policy", PUBLIC),
    ("policy", "policy", PRIVATE),
];

#[tokio::main]
async fn main() {
    let Some(kubeconfig) = std::env::var_os("KEYSIDE_KUBECONFIG") else {
        println!("skipped: it needs a real Kubernetes; `cargo e2e admission` starts one");
        return;
    };
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .unwrap();
    let file = Kubeconfig::read_from(PathBuf::from(kubeconfig)).unwrap();
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .unwrap();
    let client = Client::try_from(config).unwrap();
    let _running = furnish(&client).await;
    println!(
        "{} pods for each way, {CREDENTIALS} credentials; milliseconds, as whoever creates a pod sees it",
        TURNS * PODS
    );
    for clients in [1, 8] {
        measure(&client, clients).await;
    }
}

async fn measure(client: &Client, clients: usize) {
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); WAYS.len()];
    for turn in 0..=TURNS {
        for (way, times) in WAYS.iter().zip(&mut times) {
            let new = futures::stream::iter(0..PODS)
                .map(|_| timed(client, way))
                .buffer_unordered(clients)
                .collect::<Vec<f64>>()
                .await;
            // The first turn warms connections and caches.
            if turn > 0 {
                times.extend(new);
            }
        }
    }
    for sorted in &mut times {
        sorted.sort_by(f64::total_cmp);
    }
    let (none, no_op) = (at(&times[0], 50), at(&times[1], 50));
    println!(
        "{clients} at a time{:>20} {:>7} {:>7} {:>7} {:>10}",
        "p50", "p99", "added", "of no-op", ""
    );
    for ((name, ..), sorted) in WAYS.iter().zip(&times) {
        let added = at(sorted, 50) - none;
        println!(
            "{name:<24} {:>7.2} {:>7.2} {added:>7.2} {:>7.2}",
            at(sorted, 50),
            at(sorted, 99),
            added / (no_op - none)
        );
    }
}

/// The value below which so many of a hundred are.
fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100]
}

/// Milliseconds to create a pod.
async fn timed(client: &Client, (name, label, image): &(&str, &str, &str)) -> f64 {
    let begun = Instant::now();
    let pod = create(client, label, image).await;
    let took = begun.elapsed().as_secs_f64() * 1000.0;
    let served = pod["spec"]["imagePullSecrets"].is_array();
    let expected = *image == PRIVATE && ["constant", "webhook", "policy"].contains(label);
    assert_eq!(served, expected, "{name}: {pod}");
    took
}

async fn create(client: &Client, label: &str, image: &str) -> Value {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "p", "labels": {LABEL: label}},
        "spec": {"containers": [{"name": "c", "image": image, "env": [{"name": "A", "value": "b"}],
                                 "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}}}]}});
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let api = api(client, "", "Pod", Some("team"));
    let created = api
        .create(&dry, &serde_json::from_value(pod).unwrap())
        .await
        .unwrap();
    serde_json::to_value(created).unwrap()
}

/// The namespace, its credentials, and all ways of admission.
async fn furnish(client: &Client) -> Running {
    keyside_server::install(client).await.unwrap();
    for name in ["team", "project-team"] {
        make(client, "", "Namespace", None, json!({"metadata": {"name": name}})).await;
    }
    let project = json!({"metadata": {"name": "team"}, "spec": {"namespaces": ["team"]}});
    make(client, "keyside.dev", "Project", None, project).await;
    for at in 0..CREDENTIALS {
        let name = format!("c{at}");
        let document =
            json!({"auths": {format!("registry-{at}.example/team"): {"username": "u", "password": "p"}}});
        let secret = json!({"metadata": {"name": name}, "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": document.to_string()}});
        make(client, "", "Secret", Some("project-team"), secret).await;
        let spec = json!({"scope": "Project", "source": {"secret": {"name": name}}});
        let credential = json!({"metadata": {"name": name}, "spec": spec});
        make(
            client,
            "keyside.dev",
            "RegistryCredential",
            Some("project-team"),
            credential,
        )
        .await;
    }
    policy(client).await;
    webhooks(client).await
}

/// The policy and its tables as keyside makes them, for pods of their own only; then keyside ends.
async fn policy(client: &Client) {
    let running = run(client, true).await;
    let served = async |image| create(client, "policy", image).await["spec"]["imagePullSecrets"].is_array();
    until("the policy to hold", async || {
        served(PRIVATE).await && served("registry-99.example/team/x").await
    })
    .await;
    running.stop().await;
    let selector =
        json!({"spec": {"matchResources": {"objectSelector": {"matchLabels": {LABEL: "policy"}}}}});
    let bindings = api(
        client,
        "admissionregistration.k8s.io",
        "MutatingAdmissionPolicyBinding",
        None,
    );
    bindings
        .patch(
            keyside_api::INJECTION,
            &PatchParams::default(),
            &Patch::Merge(selector),
        )
        .await
        .unwrap();
    until("the policy to look at its own pods only", async || {
        create(client, "none", PRIVATE).await["spec"]["imagePullSecrets"].is_null()
    })
    .await;
}

/// keyside's webhook and the two it is compared with, behind one listener.
async fn webhooks(client: &Client) -> Running {
    let running = run(client, false).await;
    let listener = Listener::start().await;
    let others = Router::new()
        .route(
            "/no-op",
            post(async |Json(review): Json<Value>| answer(&review, false)),
        )
        .route(
            "/constant",
            post(async |Json(review): Json<Value>| answer(&review, true)),
        );
    listener.serve(running.webhook().merge(others));
    keyside_server::register_webhook(client, &listener.reach())
        .await
        .unwrap();
    let configurations = api(
        client,
        "admissionregistration.k8s.io",
        "MutatingWebhookConfiguration",
        None,
    );
    let name = keyside_server::WEBHOOK_CONFIGURATION;
    let ours = serde_json::to_value(configurations.get(name).await.unwrap()).unwrap();
    let mut webhook = ours["webhooks"][0].clone();
    let Reach::Url { url, .. } = listener.reach() else {
        unreachable!("a listener is reached by its address")
    };
    for label in ["no-op", "constant", "webhook"] {
        webhook["name"] = json!(format!("{label}.keyside.dev"));
        webhook["objectSelector"] = json!({"matchLabels": {LABEL: label}});
        webhook["clientConfig"] = ours["webhooks"][0]["clientConfig"].clone();
        if label != "webhook" {
            webhook["clientConfig"]["url"] = json!(format!("{url}/{label}"));
        }
        let configuration = json!({"metadata": {"name": format!("of-{label}")}, "webhooks": [webhook]});
        make(
            client,
            "admissionregistration.k8s.io",
            "MutatingWebhookConfiguration",
            None,
            configuration,
        )
        .await;
    }
    configurations.delete(name, &Default::default()).await.unwrap();
    until("every way to look at its own pods only", async || {
        let served =
            async |label| create(client, label, PRIVATE).await["spec"]["imagePullSecrets"].is_array();
        served("constant").await && served("webhook").await && !served("none").await
    })
    .await;
    running
}

/// The answer to a review: let it pass, changed or not.
fn answer(review: &Value, with_patch: bool) -> Json<Value> {
    let mut response = json!({"uid": review["request"]["uid"], "allowed": true});
    if with_patch {
        // [{"op":"add","path":"/spec/imagePullSecrets","value":[{"name":"c7"}]}]
        response["patchType"] = json!("JSONPatch");
        response["patch"] = json!(
            "W3sib3AiOiJhZGQiLCJwYXRoIjoiL3NwZWMvaW1hZ2VQdWxsU2VjcmV0cyIsInZhbHVlIjpbeyJuYW1lIjoiYzcifV19XQ=="
        );
    }
    Json(json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}))
}

async fn run(client: &Client, policy: bool) -> Running {
    let mut config = keyside_server::Config::new(client.clone());
    config.verification = None;
    config.policy = policy;
    let running = keyside_server::run(config, CancellationToken::new())
        .await
        .unwrap();
    running.ready().await;
    running
}

fn api(client: &Client, group: &str, kind: &str, namespace: Option<&str>) -> Api<DynamicObject> {
    let version = if group == "keyside.dev" { "v1alpha1" } else { "v1" };
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}

/// Creates an object; a kind that was just defined may need a moment.
async fn make(client: &Client, group: &str, kind: &str, namespace: Option<&str>, mut object: Value) {
    let api = api(client, group, kind, namespace);
    object["apiVersion"] = json!(match group {
        "" => "v1".to_owned(),
        "keyside.dev" => "keyside.dev/v1alpha1".to_owned(),
        group => format!("{group}/v1"),
    });
    object["kind"] = json!(kind);
    let object: DynamicObject = serde_json::from_value(object).unwrap();
    api.create(&PostParams::default(), &object).await.unwrap();
}

async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !look().await {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
