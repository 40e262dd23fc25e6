//! What a review of a pod costs: instructions of our webhook, and of one that reads the whole review into a generic JSON
//! tree, as most do.
//!
//! `cargo bench -p keyside-server` runs itself under callgrind with n and with 2n reviews: half of the difference, divided
//! by n, is the cost of one, and start-up cancels out. Instructions do not depend on what else the machine does. Without
//! valgrind it prints times only.

#![expect(clippy::unwrap_used, reason = "a benchmark stops when something fails")]
#![expect(clippy::print_stdout, reason = "the result of a measurement is its output")]

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use keyside_apiserver::{ApiServer, UserInfo};
use keyside_server::{Config, Running};
use kube::Client;
use kube::api::{Api, DynamicObject, PostParams};
use serde_json::{Value, json};
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Reviews of the shorter run.
const REVIEWS: u32 = 4_000;

/// Credentials that apply in the pod's namespace.
const CREDENTIALS: [usize; 3] = [10, 100, 1_000];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["count", way, credentials, reviews] = arguments[..] {
        run(way, credentials.parse().unwrap(), reviews.parse().unwrap());
        return;
    }
    println!("a review of {} bytes", review().len());
    for credentials in CREDENTIALS {
        let [ours, tree] = ["ours", "tree"].map(|way| cost(way, credentials));
        println!("{credentials:>6} credentials: ours {ours}; generic JSON tree {tree}");
    }
}

/// Instructions of one review, and its time without callgrind.
fn cost(way: &str, credentials: usize) -> String {
    let started = Instant::now();
    run(way, credentials, REVIEWS);
    let single = started.elapsed();
    let started = Instant::now();
    run(way, credentials, 2 * REVIEWS);
    let each = started.elapsed().saturating_sub(single) / REVIEWS;
    match (
        instructions(way, credentials, REVIEWS),
        instructions(way, credentials, 2 * REVIEWS),
    ) {
        (Some(once), Some(twice)) => {
            format!(
                "{} instructions, {each:.1?}",
                twice.saturating_sub(once) / u64::from(REVIEWS)
            )
        }
        _ => format!("{each:.1?} (valgrind is not installed)"),
    }
}

/// Instructions of a whole run, as callgrind counts them.
fn instructions(way: &str, credentials: usize, reviews: u32) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["count", way, &credentials.to_string(), &reviews.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// Answers so many reviews, one after the other.
fn run(way: &str, credentials: usize, reviews: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (server, running) = world(credentials).await;
        let body = review();
        for _ in 0..reviews {
            match way {
                "ours" => ours(&running, &body).await,
                _ => tree(&body),
            }
        }
        running.stop().await;
        server.stop().await;
    });
}

/// Through the router, from the bytes of the body to the bytes of the answer.
async fn ours(running: &Running, body: &str) {
    let request = Request::post("/mutate-pods")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let response = running.webhook().oneshot(request).await.unwrap();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    assert!(bytes.windows(9).any(|part| part == b"JSONPatch"));
}

/// What a webhook must do at least if it reads the review as a tree: read it, look at the images, write an answer.
fn tree(body: &str) {
    let review: Value = serde_json::from_str(body).unwrap();
    let images = review["request"]["object"]["spec"]["containers"]
        .as_array()
        .unwrap()
        .len();
    let patch = json!([{"op": "add", "path": "/spec/imagePullSecrets", "value": [{"name": "testquay"}]}]);
    let answer = json!({"response": {"uid": review["request"]["uid"], "allowed": images > 0, "patch": patch.to_string()}});
    black_box(answer.to_string());
}

/// A cluster in which so many credentials apply in the namespace `shop`, one of them to the pod's images.
async fn world(credentials: usize) -> (ApiServer, Running) {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let server = ApiServer::builder().build().await.unwrap();
    let client = Client::new(server.in_process(UserInfo::admin("bench")), "default");
    keyside_server::install(&client).await.unwrap();
    create(
        &client,
        "v1",
        "Namespace",
        None,
        json!({"metadata": {"name": "shop"}}),
    )
    .await;
    for n in 0..credentials {
        let name = format!("c{n}");
        let host = if n == 0 {
            "registry.example.com".to_owned()
        } else {
            format!("registry-{n}.example.com")
        };
        let config = json!({"auths": {host: {"username": "u", "password": "p", "auth": "dTpw"}}});
        let secret = json!({
            "metadata": {"name": name}, "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": config.to_string()},
        });
        create(&client, "v1", "Secret", Some("shop"), secret).await;
        let credential = json!({"metadata": {"name": name}, "spec": {"source": {"secret": {"name": name}}}});
        create(
            &client,
            "keyside.dev/v1alpha1",
            "RegistryCredential",
            Some("shop"),
            credential,
        )
        .await;
    }
    let mut config = Config::new(client);
    // Nothing but reviews is to be counted.
    config.verification = None;
    let running = keyside_server::run(config, CancellationToken::new())
        .await
        .unwrap();
    running.ready().await;
    (server, running)
}

async fn create(client: &Client, api_version: &str, kind: &str, namespace: Option<&str>, mut object: Value) {
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.into();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = kube::api::ApiResource::from_gvk(&kube::api::GroupVersionKind::gvk(group, version, kind));
    let api: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let object: DynamicObject = serde_json::from_value(object).unwrap();
    api.create(&PostParams::default(), &object).await.unwrap();
}

/// A pod of three containers with what a cluster adds to it, as an API server sends it.
fn review() -> String {
    let container = |n: u32| {
        json!({
            "name": format!("app-{n}"), "image": format!("registry.example.com/shop/app-{n}:1.{n}"),
            "env": (0..8).map(|e| json!({"name": format!("VARIABLE_{e}"), "value": format!("a value of some length, number {e}")})).collect::<Vec<_>>(),
            "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
            "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
            "livenessProbe": {"httpGet": {"path": "/livez", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10, "failureThreshold": 3, "successThreshold": 1, "timeoutSeconds": 1},
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10, "failureThreshold": 3, "successThreshold": 1, "timeoutSeconds": 1},
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": true},
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent",
            "volumeMounts": [{"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "kube-api-access-x7x2p", "readOnly": true}],
        })
    };
    let object = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "checkout-7d9f8c6b5-x2x4z", "generateName": "checkout-7d9f8c6b5-", "namespace": "shop", "uid": "0b9e3c1e-3f0c-4a53-9d5e-1f8f7d1c9a11",
            "labels": {"app": "checkout", "pod-template-hash": "7d9f8c6b5", "team": "shop"},
            "annotations": {"example.com/checksum": "f0e4c2f76c58916ec258f246851bea091d14d4247a2fc3e18694461b1816e13b"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "checkout-7d9f8c6b5", "uid": "5a3c", "controller": true, "blockOwnerDeletion": true}],
        },
        "spec": {
            "containers": (0..3).map(container).collect::<Vec<_>>(), "serviceAccountName": "default", "restartPolicy": "Always",
            "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30, "enableServiceLinks": true,
            "tolerations": [{"effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300}],
            "volumes": [{"name": "kube-api-access-x7x2p", "projected": {"defaultMode": 420, "sources": [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}]}}],
        },
        "status": {},
    });
    let request = json!({
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "namespace": "shop", "operation": "CREATE",
        "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller", "groups": ["system:serviceaccounts", "system:authenticated"]},
        "object": object, "oldObject": null, "dryRun": false, "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
    });
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).to_string()
}
