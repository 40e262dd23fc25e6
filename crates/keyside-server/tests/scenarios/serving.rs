//! keyside as it runs in a cluster: the webhook over TLS, its certificates and registration, probes, metrics, and the end.

use crate::bed::{Bed, Wire, pull_secrets};
use base64::Engine as _;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration as Registration;
use k8s_openapi::api::coordination::v1::Lease;
use keyside_api::SYSTEM_NAMESPACE;
use keyside_server::{Candidacy, Config, Ports, Running, Target, WEBHOOK_CONFIGURATION};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// keyside with all its ports.
struct Served {
    bed: Bed,
    wire: Wire,
    running: Option<Running>,
    webhook: SocketAddr,
    health: SocketAddr,
    metrics: SocketAddr,
}

impl Served {
    async fn start(configure: impl FnOnce(&mut Config)) -> Self {
        let bed = Bed::empty().await;
        let wire = bed.wire();
        let mut config = Config::new(Client::new(wire.clone(), "default"));
        config.status_every = Duration::from_millis(200);
        config.candidacy = Some(Candidacy::new("only"));
        configure(&mut config);
        let mut running = keyside_server::run(config, CancellationToken::new())
            .await
            .unwrap();
        let [webhook, health, metrics] = [listener().await, listener().await, listener().await];
        let addresses = [&webhook, &health, &metrics].map(|one| one.local_addr().unwrap());
        let target = Target::Url(format!("https://{}", addresses[0]));
        let ports = Ports {
            webhook: Some((webhook, target)),
            health: Some(health),
            metrics: Some(metrics),
            ..Ports::default()
        };
        running.serve(ports).unwrap();
        let [webhook, health, metrics] = addresses;
        let served = Self {
            bed,
            wire,
            running: Some(running),
            webhook,
            health,
            metrics,
        };
        served.until_ready().await;
        served
    }

    /// One more thing than a probe asks: that the API server knows where to call.
    async fn until_ready(&self) {
        self.bed
            .eventually("a ready and registered keyside", async || {
                let registered = self.registration().await.is_some();
                (registered && self.ready().await == 200).then_some(())
            })
            .await;
    }

    async fn ready(&self) -> u16 {
        let answer = reqwest::get(format!("http://{}/readyz", self.health)).await;
        answer.map_or(0, |answer| answer.status().as_u16())
    }

    async fn metrics(&self) -> String {
        let answer = reqwest::get(format!("http://{}/metrics", self.metrics)).await;
        answer.unwrap().text().await.unwrap()
    }

    /// The value of one metric; the start of a line names it.
    async fn metric(&self, name: &str) -> Option<String> {
        let text = self.metrics().await;
        let line = text.lines().find(|line| line.starts_with(&format!("{name} ")))?;
        Some(line.rsplit(' ').next()?.to_owned())
    }

    async fn until_metric(&self, name: &str, value: &str) {
        self.bed
            .eventually(&format!("{name} {value}"), async || {
                (self.metric(name).await.as_deref() == Some(value)).then_some(())
            })
            .await;
    }

    fn registrations(&self) -> Api<Registration> {
        Api::all(self.bed.client.clone())
    }

    /// The bundle that is registered.
    async fn registration(&self) -> Option<Vec<u8>> {
        let registration = self
            .registrations()
            .get_opt(WEBHOOK_CONFIGURATION)
            .await
            .unwrap()?;
        let bundle = registration.webhooks?.pop()?.client_config.ca_bundle?.0;
        (!bundle.is_empty()).then_some(bundle)
    }

    async fn edit_registration(&self, path: &str, value: Value) {
        let patch: json_patch::Patch =
            serde_json::from_value(json!([{"op": "replace", "path": path, "value": value}])).unwrap();
        self.registrations()
            .patch(
                WEBHOOK_CONFIGURATION,
                &PatchParams::default(),
                &Patch::<()>::Json(patch),
            )
            .await
            .unwrap();
    }

    async fn caller(&self) -> reqwest::Client {
        let bundle = self.registration().await.unwrap();
        let authorities = reqwest::Certificate::from_pem_bundle(&bundle).unwrap();
        reqwest::Client::builder()
            .tls_certs_only(authorities)
            .build()
            .unwrap()
    }

    /// Reviews a pod of this namespace, as an API server would ask.
    async fn review(&self, caller: &reqwest::Client, namespace: &str) -> reqwest::Result<Value> {
        let review = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "1", "operation": "CREATE", "namespace": namespace,
                "kind": {"group": "", "version": "v1", "kind": "Pod"},
                "object": {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "quay.io/a/b"}]}},
            },
        });
        let url = format!("https://{}/mutate-pods", self.webhook);
        let answer = caller.post(url).body(review.to_string()).send().await?;
        Ok(serde_json::from_slice(&answer.bytes().await?).unwrap())
    }

    async fn shop(&self) {
        self.bed.namespace("web").await;
        self.bed.project("shop", &["web"]).await;
        self.bed
            .credential(
                "project-shop",
                "testquay",
                "Project",
                &[("quay.io", "robot:hunter22")],
            )
            .await;
        self.bed
            .until_condition("project-shop", "testquay", "Ready", "True/Delivered")
            .await;
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

#[tokio::test]
async fn webhook_is_called_over_tls_with_certificates_that_keyside_made() {
    own_keyside!();
    let served = Served::start(|_| {}).await;
    served.shop().await;
    let pod = served.bed.pod("web", "p", &["quay.io/shop/web"]).await;
    assert_eq!(pull_secrets(&pod), ["testquay"]);
    let secret = served
        .bed
        .secrets(SYSTEM_NAMESPACE)
        .get("keyside-webhook")
        .await
        .unwrap();
    let keys: Vec<String> = secret.data.unwrap().into_keys().collect();
    assert_eq!(keys, ["ca.crt", "ca.key", "stepped", "tls.crt", "tls.key"]);
}

/// The certificates are lost, so that all of them are new: nobody who holds a connection notices.
#[tokio::test]
async fn leaf_is_exchanged_without_breaking_a_connection() {
    own_keyside!();
    let served = Served::start(|_| {}).await;
    served.bed.namespace("web").await;
    let before = served.registration().await.unwrap();
    let connected = served.caller().await;
    assert_eq!(
        served.review(&connected, "web").await.unwrap()["response"]["allowed"],
        true
    );
    let secrets = served.bed.secrets(SYSTEM_NAMESPACE);
    secrets
        .delete("keyside-webhook", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    served
        .bed
        .eventually("another bundle", async || {
            served.registration().await.filter(|bundle| *bundle != before)
        })
        .await;
    assert_eq!(
        served.review(&connected, "web").await.unwrap()["response"]["allowed"],
        true
    );
    let newcomer = served.caller().await;
    assert_eq!(
        served.review(&newcomer, "web").await.unwrap()["response"]["allowed"],
        true
    );
}

#[tokio::test]
async fn r55_registration_that_is_changed_is_put_right_once_and_then_reported() {
    own_keyside!();
    let served = Served::start(|_| {}).await;
    let differs = "keyside_webhook_registration_differs{kind=\"MutatingWebhookConfiguration\"}";
    let path = "/webhooks/0/clientConfig/caBundle";
    let bundle = served.registration().await.unwrap();
    let empty = json!(base64::prelude::BASE64_STANDARD.encode("\n"));
    served.edit_registration(path, empty.clone()).await;
    served
        .bed
        .eventually("the bundle to come back", async || {
            served.registration().await.filter(|now| *now == bundle)
        })
        .await;
    served.until_metric(differs, "0").await;
    served.edit_registration(path, empty).await;
    served.until_metric(differs, "1").await;
    served.wire.forget();
    served.bed.quiet_on(&served.wire).await;
    assert_eq!(served.wire.calls(), [], "there is no fight");
    assert_eq!(served.registration().await.unwrap(), b"\n");
}

#[tokio::test]
async fn r55_registration_that_is_deleted_comes_back() {
    own_keyside!();
    let served = Served::start(|_| {}).await;
    let registrations = served.registrations();
    registrations
        .delete(WEBHOOK_CONFIGURATION, &kube::api::DeleteParams::default())
        .await
        .unwrap();
    served
        .bed
        .eventually("the registration to come back", async || {
            served.registration().await
        })
        .await;
}

#[tokio::test]
async fn pods_that_need_nothing_are_kept_away_by_the_api_server() {
    own_keyside!();
    let served = Served::start(|_| {}).await;
    served.shop().await;
    let ours = "keyside.dev/ignore";
    for (name, meta) in [
        ("a", json!({"labels": {ours: "true"}})),
        ("b", json!({"annotations": {ours: "true"}})),
        ("c", json!({"labels": {"keyside.dev/inject": "disabled"}})),
        ("d", json!({"annotations": {"keyside.dev/inject": "disabled"}})),
    ] {
        let mut pod =
            json!({"metadata": meta, "spec": {"containers": [{"name": "c", "image": "quay.io/shop/web"}]}});
        pod["metadata"]["name"] = json!(name);
        let pod = served.bed.pod_like("web", pod).await.unwrap();
        assert_eq!(pull_secrets(&pod), [""; 0], "{name}");
    }
    let asked = |text: &str| text.matches("keyside_admissions_total{subject=\"Pod\"").count();
    assert_eq!(asked(&served.metrics().await), 0);
    // Other labels and values are no reason.
    let other = json!({
        "metadata": {"name": "e", "labels": {ours: "false"}, "annotations": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "quay.io/shop/web"}]},
    });
    let pod = served.bed.pod_like("web", other).await.unwrap();
    assert_eq!(pull_secrets(&pod), ["testquay"]);
    served
        .until_metric(
            "keyside_admissions_total{subject=\"Pod\",outcome=\"Injected\"}",
            "1",
        )
        .await;
}

#[tokio::test]
async fn metrics_say_what_is_delivered_and_nothing_of_the_secret() {
    own_keyside!();
    let served = Served::start(|_| {}).await;
    served.shop().await;
    let labels = "namespace=\"project-shop\",name=\"testquay\"";
    for state in ["desired", "delivered"] {
        served
            .until_metric(&format!("keyside_deliveries{{{labels},state=\"{state}\"}}"), "1")
            .await;
    }
    served.until_metric("keyside_leader", "1").await;
    served.until_metric("keyside_ready", "1").await;
    served
        .until_metric("keyside_watch_stalled{watch=\"copies\"}", "0")
        .await;
    let text = served.metrics().await;
    assert!(
        text.contains(&format!("keyside_last_propagation_seconds{{{labels}}}")),
        "{text}"
    );
    assert!(
        text.contains("keyside_webhook_certificate_expiration_timestamp_seconds"),
        "{text}"
    );
    assert!(!text.contains("robot") && !text.contains("hunter22"));
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn e06_replica_whose_watches_hear_nothing_is_not_ready_until_they_do() {
    own_keyside!();
    let served = Served::start(|config| config.stalled_after = Duration::from_secs(2)).await;
    served.shop().await;
    served.wire.forget();
    served.wire.freeze();
    served
        .until_metric("keyside_watch_stalled{watch=\"copies\"}", "1")
        .await;
    served
        .bed
        .eventually("not ready", async || (served.ready().await == 503).then_some(()))
        .await;
    let wrote = served
        .wire
        .calls()
        .into_iter()
        .any(|call| call.is_copy() && call.method != "GET");
    assert!(!wrote, "a stalled watch is no reason to write");
    served.bed.namespace("api").await;
    served
        .bed
        .delete(
            Api::<keyside_api::Project>::all(served.bed.client.clone()),
            "shop",
        )
        .await;
    served.wire.thaw();
    // What happened meanwhile is seen.
    served.bed.until_gone("web", "testquay").await;
}

/// R74: a review under way is answered, the Lease is free at once, and the end comes in time.
#[tokio::test]
async fn r74_replica_that_is_told_to_stop_drains() {
    own_keyside!();
    let mut served = Served::start(|_| {}).await;
    let running = served.running.take().unwrap();
    let caller = served.caller().await;
    served.bed.namespace("web").await;
    served.review(&caller, "web").await.unwrap();
    let start = Instant::now();
    // A namespace that nobody knows: the answer waits for it to appear.
    let (answer, (), released) = tokio::join!(
        served.review(&caller, "nowhere"),
        async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            running.drain(Duration::from_millis(500)).await;
        },
        async {
            served
                .bed
                .eventually("not ready", async || (served.ready().await == 503).then_some(()))
                .await;
            let leases: Api<Lease> = Api::namespaced(served.bed.client.clone(), SYSTEM_NAMESPACE);
            served
                .bed
                .eventually("the lease to be free", async || {
                    let spec = leases.get("keyside").await.unwrap().spec.unwrap();
                    spec.holder_identity
                        .is_none_or(|holder| holder.is_empty())
                        .then_some(())
                })
                .await;
            start.elapsed()
        }
    );
    assert_eq!(answer.unwrap()["response"]["allowed"], true);
    assert!(released < Duration::from_secs(2), "{released:?}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(
        served.review(&served.caller().await, "web").await.is_err(),
        "nobody listens any more"
    );
}
