//! The webhook as a real API server reaches it: by URL, over TLS, with a CA of its own.

use axum::Router;
use http::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use keyside_apiserver::pki::Authority;
use keyside_server::Reach;
use kube::Client;
use kube::api::{Api, DynamicObject, GroupVersionKind, PostParams};
use kube::discovery::ApiResource;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tower::{ServiceExt as _, service_fn};

/// A registration takes effect within a second or so.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often each webhook was asked.
#[derive(Default)]
struct Asked {
    pods: AtomicUsize,
    kinds: AtomicUsize,
}

/// A listener on a free port; it answers with whatever it was given last.
pub(crate) struct Listener {
    url: String,
    ca: Vec<u8>,
    router: Arc<Mutex<Option<Router>>>,
    asked: Arc<Asked>,
}

impl Listener {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(folder.path()).unwrap();
        let tls = authority.server(&["127.0.0.1".to_owned()]).unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listener = Self {
            url: format!("https://{}", socket.local_addr().unwrap()),
            ca: authority.certificate().as_bytes().to_vec(),
            router: Arc::default(),
            asked: Arc::default(),
        };
        tokio::spawn(accept(
            socket,
            TlsAcceptor::from(tls),
            listener.router.clone(),
            listener.asked.clone(),
        ));
        listener
    }

    /// From now on, this answers.
    pub(crate) fn serve(&self, router: Router) {
        *self.router.lock().unwrap() = Some(router);
    }

    pub(crate) fn reach(&self) -> Reach {
        Reach::Url {
            url: self.url.clone(),
            ca_bundle: self.ca.clone(),
        }
    }

    /// Creates things that are not kept until both webhooks were asked about one.
    pub(crate) async fn until_asked(&self, client: &Client) {
        let pods = self.asked.pods.load(Ordering::SeqCst);
        let kinds = self.asked.kinds.load(Ordering::SeqCst);
        until("the webhooks to be asked", async || {
            try_pod(client).await;
            try_project(client).await;
            self.asked.pods.load(Ordering::SeqCst) > pods && self.asked.kinds.load(Ordering::SeqCst) > kinds
        })
        .await;
    }

    /// Creates Projects that are not kept until the webhook is not asked about one.
    pub(crate) async fn until_not_asked(&self, client: &Client) {
        until("the webhook to be left alone", async || {
            let before = self.asked.kinds.load(Ordering::SeqCst);
            try_project(client).await;
            self.asked.kinds.load(Ordering::SeqCst) == before
        })
        .await;
    }
}

async fn accept(
    socket: TcpListener,
    tls: TlsAcceptor,
    router: Arc<Mutex<Option<Router>>>,
    asked: Arc<Asked>,
) {
    while let Ok((stream, _)) = socket.accept().await {
        let (tls, router, asked) = (tls.clone(), router.clone(), asked.clone());
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else {
                return;
            };
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let counter = match request.uri().path() {
                    "/mutate-pods" => &asked.pods,
                    _ => &asked.kinds,
                };
                counter.fetch_add(1, Ordering::SeqCst);
                let router = router.lock().unwrap().clone().unwrap_or_default();
                async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap()) }
            });
            // It ends with an error when the API server goes away, which is no concern of a test.
            let _ended = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
                .await;
        });
    }
}

async fn try_pod(client: &Client) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asks-for-nothing"},
        "spec": {"containers": [{"name": "c", "image": "registry.example/nothing"}]},
    });
    try_create(
        client,
        &GroupVersionKind::gvk("", "v1", "Pod"),
        Some("default"),
        pod,
    )
    .await;
}

async fn try_project(client: &Client) {
    let project = json!({
        "apiVersion": "keyside.dev/v1alpha1", "kind": "Project", "metadata": {"name": "asks-for-nothing"},
        "spec": {"namespaces": []},
    });
    let kind = GroupVersionKind::gvk("keyside.dev", "v1alpha1", "Project");
    try_create(client, &kind, None, project).await;
}

/// A dry run, whatever comes of it.
async fn try_create(client: &Client, kind: &GroupVersionKind, namespace: Option<&str>, object: Value) {
    let resource = ApiResource::from_gvk(kind);
    let api: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let parameters = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let object = serde_json::from_value(object).unwrap();
    let _whatever = api.create(&parameters, &object).await;
}

async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !look().await {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
