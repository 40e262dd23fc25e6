//! The registry as its clients see it, in process: requests go to the router, answers come back.

mod access;
mod blobs;
mod faults;
mod manifests;
mod tokens;

use std::num::NonZeroU32;

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::digest::{Algorithm, Digest};
use crate::{Authentication, Builder, Registry, Rights, Store};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A registry with a quick password hash: these tests are about what it decides, not about how slowly.
fn builder(store: Store) -> Builder {
    Registry::builder(store).password_rounds(NonZeroU32::new(10).unwrap())
}

/// With the accounts `reader` (pulls from `team`) and `writer` (pushes to `team`).
async fn with_accounts(authentication: Authentication) -> Registry {
    let registry = builder(Store::memory())
        .authentication(authentication)
        .build()
        .unwrap();
    let accounts = registry.accounts();
    accounts
        .set("reader", "r", Rights::none().pull("team"))
        .await
        .unwrap();
    accounts
        .set("writer", "w", Rights::none().push("team"))
        .await
        .unwrap();
    registry
}

struct Client {
    router: Router,
    host: &'static str,
    authorization: Option<String>,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    /// Whether the body came to its end.
    whole: bool,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The status, and the error code if there is one.
    fn verdict(&self) -> String {
        let code = self.json()["errors"][0]["code"]
            .as_str()
            .map(|code| format!(" {code}"));
        format!("{}{}", self.status, code.unwrap_or_default())
    }
}

impl Client {
    fn of(registry: &Registry) -> Self {
        Self {
            router: registry.router(),
            host: "registry.test:5000",
            authorization: None,
        }
    }

    fn basic(mut self, user: &str, password: &str) -> Self {
        self.authorization = Some(basic(user, password));
        self
    }

    fn bearer(mut self, token: &str) -> Self {
        self.authorization = Some(format!("Bearer {token}"));
        self
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, mut body) = response.into_parts();
        let (mut received, mut whole) = (Vec::new(), true);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => received.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: received,
            whole,
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    async fn head(&self, path: &str) -> Answer {
        self.send(Method::HEAD, path, &[], Body::empty()).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Body::empty()).await
    }

    async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.send(Method::POST, path, &[], body).await
    }

    /// Pushes a blob in one request.
    async fn push_blob(&self, repository: &str, content: &[u8]) -> String {
        let digest = sha256(content);
        let path = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        let answer = self.post(&path, content.to_vec()).await;
        assert_eq!(answer.status, 201, "{}", answer.verdict());
        digest
    }

    async fn put_manifest(&self, repository: &str, reference: &str, kind: &str, manifest: &Value) -> Answer {
        let path = format!("/v2/{repository}/manifests/{reference}");
        let headers = [(CONTENT_TYPE.as_str(), kind)];
        self.send(Method::PUT, &path, &headers, manifest.to_string())
            .await
    }

    /// Pushes a whole image of one layer; returns the digest of its manifest.
    async fn push_image(&self, repository: &str, tag: &str) -> String {
        let config = descriptor("application/vnd.oci.image.config.v1+json", b"{}");
        let layer = descriptor("application/vnd.oci.image.layer.v1.tar", tag.as_bytes());
        self.push_blob(repository, b"{}").await;
        self.push_blob(repository, tag.as_bytes()).await;
        let manifest = json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [layer]});
        let answer = self.put_manifest(repository, tag, IMAGE, &manifest).await;
        assert_eq!(answer.status, 201, "{}", answer.verdict());
        answer.header("docker-content-digest").to_owned()
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn sha256(content: &[u8]) -> String {
    Digest::of(Algorithm::Sha256, content).to_string()
}

fn descriptor(kind: &str, content: &[u8]) -> Value {
    json!({"mediaType": kind, "digest": sha256(content), "size": content.len()})
}
