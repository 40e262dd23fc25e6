//! How long it takes from a node's event to the diagnosis on the pod: over the API server in this process, the whole way through watch,
//! pod, decision, checks and event; and then one question to a registry on this machine, as `keyside explain` asks it. Prints the median
//! and the 99th percentile of both.

use futures::StreamExt;
use k8s_openapi::api::core::v1::{Event, Pod, ServiceAccount};
use keyside_apiserver::{ApiServer, UserInfo};
use keyside_keychain::{Credential, Reference};
use keyside_oci::verify::{Question, verify};
use keyside_registry::{Authentication, Registry, Store};
use kube::api::PostParams;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use std::collections::HashMap;
use std::io::Write;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Pods that fail, one after the other.
const PODS: usize = 300;

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let api = ApiServer::builder().build().await.expect("an API server");
    let client = Client::new(api.in_process(UserInfo::admin("bench")), "default");
    keyside_server::install(&client).await.expect("installed");
    let stop = CancellationToken::new();
    let running = keyside_server::run(keyside_server::Config::new(client.clone()), stop.clone())
        .await
        .expect("running");
    running.ready().await;
    let account = serde_json::from_value(json!({"metadata": {"name": "default"}})).expect("an account");
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "default");
    accounts
        .create(&PostParams::default(), &account)
        .await
        .expect("an account");
    let registry = Peer::start().await;
    let times = measure(&client, &registry).await;
    let (alone, asked) = times.into_iter().unzip();
    print("event to diagnosis", alone);
    print("event to diagnosis and the registry's answer", asked);
    running.stop().await;
    api.stop().await;
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    let line = format!(
        "{what}, {} pods: p50 {:?}, p99 {:?}\n",
        times.len(),
        at(50),
        at(99)
    );
    let _ = std::io::stdout().write_all(line.as_bytes());
}

/// A registry that knows nobody, and who asks it.
struct Peer {
    image: Reference,
    client: keyside_oci::Client,
}

impl Peer {
    async fn start() -> Self {
        let registry = Registry::builder(Store::memory())
            .authentication(Authentication::Bearer)
            // How slowly a registry hashes passwords is its own affair, and would be most of what is measured.
            .password_rounds(NonZeroU32::new(1_000).expect("not zero"))
            .build()
            .expect("a registry");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let host = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, registry.router()).await });
        Self {
            image: Reference::parse(&format!("{host}/team/app:1")).expect("an image"),
            client: keyside_oci::Client::new(&keyside_oci::Network::default()).expect("a client"),
        }
    }

    /// Whether a credential that it does not know can pull.
    async fn ask(&self) {
        let login = Credential::new("robot", "not-the-word");
        let question = Question::pull(&self.client, &self.image, Some(login)).expect("a question");
        let verdict = verify(&self.client, &question).await;
        assert_eq!(verdict.reason.as_str(), "BadCredentials");
    }
}

/// For each pod the time to the diagnosis, and the time until the registry had answered as well.
async fn measure(client: &Client, registry: &Peer) -> Vec<(Duration, Duration)> {
    let events: Api<Event> = Api::namespaced(client.clone(), "default");
    let config = watcher::Config::default().fields("reason=PullDiagnosed");
    let said = watcher(events.clone(), config).applied_objects();
    let mut said = std::pin::pin!(said);
    let mut begun: HashMap<String, Instant> = HashMap::new();
    let mut times = Vec::new();
    for at in 0..PODS {
        let name = format!("web-{at}");
        let event = failed(client, &name).await;
        begun.insert(name, Instant::now());
        events
            .create(&PostParams::default(), &event)
            .await
            .expect("an event");
        while let Some(Ok(event)) = said.next().await {
            let about = event.involved_object.name.clone().unwrap_or_default();
            if let Some(begun) = begun.remove(&about) {
                let alone = begun.elapsed();
                registry.ask().await;
                times.push((alone, begun.elapsed()));
                break;
            }
        }
    }
    times
}

/// A pod, and what its node says of it.
async fn failed(client: &Client, name: &str) -> Event {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{"name": "app", "image": "reg.test/team/app:1"}]},
    });
    let pod: Pod = serde_json::from_value(pod).expect("a pod");
    let pods: Api<Pod> = Api::namespaced(client.clone(), "default");
    let pod = pods.create(&PostParams::default(), &pod).await.expect("a pod");
    serde_json::from_value(json!({
        "metadata": {"name": format!("{name}.1"), "namespace": "default"},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": name, "namespace": "default", "uid": pod.uid()},
        "type": "Warning", "reason": "Failed",
        "message": "Failed to pull image \"reg.test/team/app:1\": failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
        "source": {"component": "kubelet"},
    }))
    .expect("an event")
}
