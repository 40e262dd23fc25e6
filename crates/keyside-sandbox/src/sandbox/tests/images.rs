//! The node with real images: the sample image in our own registry, over a socket, layer by layer.

use super::world::*;
use crate::sample::{self, Image, Target};
use crate::{Config, Sandbox};
use k8s_openapi::api::core::v1::{Node, Pod};
use keyside_apiserver::{ApiServer, UserInfo};
use keyside_keychain::Credential;
use keyside_registry::{Authentication, Fault, Part, Registry, Rights, Script, Store};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use std::num::NonZeroU32;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// A registry on a port of its own, with an account and the sample image.
struct Stocked {
    host: String,
    registry: Registry,
}

async fn stocked(authentication: Authentication) -> Stocked {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let registry = Registry::builder(Store::memory())
        .authentication(authentication)
        .public_url(format!("http://{host}"))
        .password_rounds(NonZeroU32::MIN)
        .build()
        .unwrap();
    registry
        .accounts()
        .set("user", "right", Rights::all())
        .await
        .unwrap();
    let router = registry.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let stocked = Stocked { host, registry };
    stocked.push("1").await;
    stocked
}

impl Stocked {
    async fn push(&self, tag: &str) {
        let login = Credential::new("user", "right");
        let target = Target {
            host: &self.host,
            repository: "team/app",
            tag,
            login: Some(&login),
        };
        sample::push(self.registry.router(), &target, &Image::sample(tag))
            .await
            .unwrap();
    }

    fn image(&self, tag: &str) -> String {
        format!("{}/team/app:{tag}", self.host)
    }
}

async fn sandbox(client: &Client, dir: &Path) -> (Sandbox, CancellationToken) {
    let stop = CancellationToken::new();
    let config = Config {
        state: Some(dir.to_owned()),
        ..Config::new(client.clone(), "node")
    };
    (Sandbox::start(config, stop.clone()).await.unwrap(), stop)
}

async fn end((sandbox, stop): (Sandbox, CancellationToken)) {
    stop.cancel();
    sandbox.stopped().await;
}

async fn secret(client: &Client, host: &str, name: &str, password: &str) {
    let config = json!({ "auths": { host: { "username": "user", "password": password } } });
    let secrets: Api<k8s_openapi::api::core::v1::Secret> = Api::default_namespaced(client.clone());
    let data = json!({ ".dockerconfigjson": config.to_string() });
    create(
        &secrets,
        json!({ "metadata": { "name": name }, "type": "kubernetes.io/dockerconfigjson", "stringData": data }),
    )
    .await;
}

async fn pod(client: &Client, name: &str, image: &str, secrets: &[&str]) -> Pod {
    let listed: Vec<_> = secrets.iter().map(|name| json!({ "name": name })).collect();
    let spec = json!({ "containers": [{ "name": "a", "image": image, "imagePullPolicy": "IfNotPresent" }], "imagePullSecrets": listed });
    create(
        &Api::default_namespaced(client.clone()),
        json!({ "metadata": { "name": name }, "spec": spec }),
    )
    .await
}

/// `Running`, or reason and message of the first wait that is not the beginning.
async fn outcome(client: &Client, name: &str) -> String {
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let waiting = |pod: &Pod| {
        let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
        let waiting = statuses[0].state.as_ref()?.waiting.as_ref()?;
        Some(format!(
            "{}: {}",
            waiting.reason.clone()?,
            waiting.message.clone()?
        ))
    };
    let ended = until_one(&pods, name, "an outcome", |pod| {
        phase(pod) == "Running" || waiting(pod).is_some()
    })
    .await;
    waiting(&ended).unwrap_or_else(|| phase(&ended).to_owned())
}

async fn api() -> (ApiServer, Client) {
    let server = ApiServer::builder().build().await.unwrap();
    let client = Client::new(server.in_process(UserInfo::admin("tests")), "default");
    (server, client)
}

#[tokio::test]
async fn every_layer_is_really_there_before_a_pod_runs() {
    for authentication in [Authentication::Basic, Authentication::Bearer] {
        let (stocked, (_server, client), dir) = (
            stocked(authentication).await,
            api().await,
            tempfile::tempdir().unwrap(),
        );
        let running = sandbox(&client, dir.path()).await;
        secret(&client, &stocked.host, "right", "right").await;
        pod(&client, "app", &stocked.image("1"), &["right"]).await;
        assert_eq!(outcome(&client, "app").await, "Running");
        let image = Image::sample("1");
        for blob in &image.blobs {
            let path = dir
                .path()
                .join("blobs/sha256")
                .join(blob.digest.trim_start_matches("sha256:"));
            assert_eq!(std::fs::read(path).unwrap(), blob.content);
        }
        let pods: Api<Pod> = Api::default_namespaced(client.clone());
        let status = pods
            .get("app")
            .await
            .unwrap()
            .status
            .unwrap()
            .container_statuses
            .unwrap()
            .remove(0);
        assert_eq!(
            status.image_id,
            format!("{}/team/app@{}", stocked.host, image.manifest.digest)
        );
        let nodes: Api<Node> = Api::all(client.clone());
        let has_image = |node: &Node| {
            node.status
                .as_ref()
                .is_some_and(|status| status.images.iter().flatten().count() == 1)
        };
        until_one(&nodes, "node", "the image", has_image).await;
        end(running).await;
    }
}

#[tokio::test]
async fn failures_read_as_on_a_node_and_the_right_secret_helps() {
    let (stocked, (_server, client), dir) = (
        stocked(Authentication::Basic).await,
        api().await,
        tempfile::tempdir().unwrap(),
    );
    let running = sandbox(&client, dir.path()).await;
    secret(&client, &stocked.host, "wrong", "wrong").await;
    secret(&client, &stocked.host, "right", "right").await;
    let image = stocked.image("1");
    pod(&client, "none", &image, &[]).await;
    let refused = outcome(&client, "none").await;
    let expected = format!(
        "ErrImagePull: failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": "
    );
    assert!(
        refused.starts_with(&expected) && refused.contains("401 Unauthorized"),
        "{refused}"
    );
    pod(&client, "wrong", &image, &["wrong"]).await;
    assert!(outcome(&client, "wrong").await.starts_with(&expected));
    pod(&client, "missing", &stocked.image("9"), &["right"]).await;
    let missing = outcome(&client, "missing").await;
    assert!(
        missing.starts_with("ErrImagePull: rpc error: code = NotFound desc = ")
            && missing.ends_with(": not found"),
        "{missing}"
    );
    pod(&client, "second", &image, &["wrong", "right"]).await;
    assert_eq!(outcome(&client, "second").await, "Running");
    // It lies on the node now, and still nobody gets it without a credential.
    pod(&client, "thief", &image, &[]).await;
    assert!(outcome(&client, "thief").await.starts_with(&expected));
    end(running).await;
}

#[tokio::test]
async fn images_and_rights_survive_a_restart() {
    let (stocked, (_server, client), dir) = (
        stocked(Authentication::Basic).await,
        api().await,
        tempfile::tempdir().unwrap(),
    );
    secret(&client, &stocked.host, "right", "right").await;
    let running = sandbox(&client, dir.path()).await;
    let first = pod(&client, "first", &stocked.image("1"), &["right"]).await;
    assert_eq!(outcome(&client, "first").await, "Running");
    end(running).await;
    stocked
        .registry
        .accounts()
        .set_password("user", "changed")
        .await
        .unwrap();
    let running = sandbox(&client, dir.path()).await;
    pod(&client, "second", &stocked.image("1"), &["right"]).await;
    assert_eq!(
        outcome(&client, "second").await,
        "Running",
        "the registry is not asked for what is there and proven"
    );
    pod(&client, "thief", &stocked.image("1"), &[]).await;
    assert!(
        outcome(&client, "thief").await.starts_with("ErrImagePull"),
        "rights are remembered too"
    );
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let kept = pods.get("first").await.unwrap();
    assert_eq!(kept.uid(), first.uid());
    assert_eq!(
        kept.status.unwrap().container_statuses.unwrap()[0].restart_count,
        0,
        "what was said to run still is"
    );
    end(running).await;
}

#[tokio::test]
async fn a_damaged_layer_is_noticed_and_the_pod_does_not_run() {
    let (stocked, (_server, client), dir) = (
        stocked(Authentication::Basic).await,
        api().await,
        tempfile::tempdir().unwrap(),
    );
    let running = sandbox(&client, dir.path()).await;
    secret(&client, &stocked.host, "right", "right").await;
    let faults = stocked.registry.faults();
    for (name, fault, expected) in [
        ("corrupt", Fault::Corrupt, "unexpected commit digest"),
        (
            "cut",
            Fault::Cut { after: 100 },
            "failed to pull and unpack image",
        ),
        ("denied", Fault::Forbidden, "403 Forbidden"),
    ] {
        faults.add(Script::new("team/app", fault).on(Part::Blobs));
        pod(&client, name, &stocked.image("1"), &["right"]).await;
        let refused = outcome(&client, name).await;
        assert!(
            refused.contains("ErrImagePull") && refused.contains(expected),
            "{name}: {refused}"
        );
        faults.clear("team/app");
    }
    let nodes: Api<Node> = Api::all(client.clone());
    let images = nodes
        .get("node")
        .await
        .unwrap()
        .status
        .unwrap()
        .images
        .unwrap_or_default();
    assert!(images.is_empty(), "half an image is none: {images:?}");
    pod(&client, "whole", &stocked.image("1"), &["right"]).await;
    assert_eq!(outcome(&client, "whole").await, "Running");
    end(running).await;
}
