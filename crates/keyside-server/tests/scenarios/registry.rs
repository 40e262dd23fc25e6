//! A registry on this machine that keyside can ask, and that counts what it is asked.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use keyside_registry::{Authentication, Registry, Rights, Store};
use std::sync::{Arc, Mutex};

/// The only account.
pub(crate) const USER: &str = "robot";

/// A running registry.
pub(crate) struct Peer {
    pub(crate) host: String,
    pub(crate) registry: Registry,
    asked: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Peer {
    /// A registry with a login and one image, `team/app:1`.
    pub(crate) async fn start(password: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let registry = Registry::builder(Store::memory())
            .authentication(Authentication::Bearer)
            .password_rounds(std::num::NonZeroU32::new(1).unwrap())
            .build()
            .unwrap();
        registry
            .accounts()
            .set(USER, password, Rights::all())
            .await
            .unwrap();
        seed(&registry).await;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let count = move |request: Request, next: Next| {
            let line = format!("{} {}", request.method(), request.uri());
            log.lock().unwrap().push(line);
            async move { Response::from(next.run(request).await) }
        };
        let router = registry.router().layer(axum::middleware::from_fn(count));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self {
            host,
            registry,
            asked,
            task,
        }
    }

    /// How many verifications began since the last question.
    pub(crate) fn pings(&self) -> usize {
        let mut asked = self.asked.lock().unwrap();
        let pings = asked.iter().filter(|line| *line == "GET /v2/").count();
        asked.clear();
        pings
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn seed(registry: &Registry) {
    let config = registry.put_blob("team/app", "{}".into()).await.unwrap();
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [],
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2},
    });
    let bytes = serde_json::to_vec(&manifest).unwrap();
    registry
        .put_manifest("team/app", Some("1"), bytes.into())
        .await
        .unwrap();
}
