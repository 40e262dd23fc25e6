//! Calling a webhook: in this process if its service is registered, else over HTTPS.

use super::configuration::{Target, Webhook};
use crate::server::Body;
use crate::services::Services;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use keyside_apimachinery::status::Status;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tower::ServiceExt;

/// A reply may hold a patch of a whole object, but not more.
const MAX_REPLY: usize = 8 << 20;
/// HTTPS clients kept, one for each set of trusted certificates.
const MAX_CLIENTS: usize = 32;

/// Why a webhook gave no usable answer.
pub(super) enum Failure {
    /// It could not be asked, or its reply is not understood: its failure policy decides.
    Call(String),
    /// It said no, or the request cannot go on whatever the policy.
    Refused(Status),
}

impl Failure {
    /// The error of the request; nothing if the webhook's policy is to go on.
    pub(super) fn into_status(self, webhook: &Webhook) -> Option<Status> {
        match self {
            Self::Refused(status) => Some(status),
            Self::Call(why) if webhook.ignore_failure => {
                tracing::warn!(webhook = webhook.name, why, "a webhook failed and is not asked");
                None
            }
            Self::Call(why) => Some(Status::internal(format!(
                "failed calling webhook {:?}: {why}",
                webhook.name
            ))),
        }
    }
}

/// Calls webhooks.
pub(super) struct Caller {
    services: Arc<Services>,
    /// By the certificates they trust.
    clients: Mutex<HashMap<String, reqwest::Client>>,
}

impl Caller {
    pub(super) fn new(services: Arc<Services>) -> Self {
        Self {
            services,
            clients: Mutex::default(),
        }
    }

    /// Posts a review and reads the reply.
    pub(super) async fn call(&self, webhook: &Webhook, review: &Value) -> Result<Value, Failure> {
        let reply = tokio::time::timeout(webhook.timeout, self.post(webhook, review)).await;
        let bytes = match reply {
            Ok(reply) => reply.map_err(|why| Failure::Call(format!("failed to call webhook: {why}")))?,
            Err(_) => {
                let address = address(&webhook.target, webhook.timeout.as_secs());
                let why = format!("failed to call webhook: Post {address:?}: context deadline exceeded");
                return Err(Failure::Call(why));
            }
        };
        serde_json::from_slice(&bytes)
            .map_err(|error| Failure::Call(format!("failed to call webhook: {error}")))
    }

    async fn post(&self, webhook: &Webhook, review: &Value) -> Result<Bytes, String> {
        let seconds = webhook.timeout.as_secs();
        let body = review.to_string();
        match &webhook.target {
            Target::Service {
                namespace,
                name,
                path,
                ..
            } => {
                let service = self.services.find(namespace, name);
                let service = service.ok_or_else(|| format!("service {name:?} not found"))?;
                let uri = format!("/{}?timeout={seconds}s", path.trim_start_matches('/'));
                let request = Request::builder()
                    .method(Method::POST)
                    .uri(uri)
                    .header(CONTENT_TYPE, "application/json")
                    .header(ACCEPT, "application/json")
                    .body(Body::from(body))
                    .map_err(|error| error.to_string())?;
                let Ok(response) = service.oneshot(request).await;
                let status = response.status();
                let body = Limited::new(response.into_body(), MAX_REPLY).collect().await;
                let bytes = body.map_err(|error| error.to_string())?.to_bytes();
                checked(status, bytes)
            }
            Target::Url(_) => {
                let address = address(&webhook.target, seconds);
                let failed = |error: reqwest::Error| format!("Post {address:?}: {}", causes(&error));
                let request = self.client(&webhook.authorities)?.post(&address);
                let request = request
                    .header(CONTENT_TYPE, "application/json")
                    .header(ACCEPT, "application/json");
                let mut response = request.body(body).send().await.map_err(failed)?;
                let mut bytes = Vec::new();
                while let Some(chunk) = response.chunk().await.map_err(failed)? {
                    if bytes.len() + chunk.len() > MAX_REPLY {
                        return Err(format!("the reply is longer than {MAX_REPLY} bytes"));
                    }
                    bytes.extend_from_slice(&chunk);
                }
                checked(response.status(), bytes.into())
            }
        }
    }

    fn client(&self, authorities: &str) -> Result<reqwest::Client, String> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(authorities) {
            return Ok(client.clone());
        }
        // Configurations come and go; what they trusted is not kept forever.
        if clients.len() >= MAX_CLIENTS {
            clients.clear();
        }
        let client = new_client(authorities)?;
        clients.insert(authorities.to_owned(), client.clone());
        Ok(client)
    }
}

fn new_client(authorities: &str) -> Result<reqwest::Client, String> {
    // A webhook that redirects elsewhere would show objects to somebody nobody has chosen.
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    let builder = if authorities.is_empty() {
        builder
    } else {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authorities.as_bytes()).flatten() {
            roots
                .add(certificate)
                .map_err(|error| format!("caBundle: {error}"))?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        builder.tls_backend_preconfigured(config)
    };
    builder.build().map_err(|error| causes(&error))
}

/// The address as Kubernetes writes it in errors.
fn address(target: &Target, seconds: u64) -> String {
    match target {
        Target::Url(url) => {
            let separator = if url.contains('?') { '&' } else { '?' };
            format!("{url}{separator}timeout={seconds}s")
        }
        Target::Service {
            namespace,
            name,
            path,
            port,
        } => {
            let path = path.trim_start_matches('/');
            format!("https://{name}.{namespace}.svc:{port}/{path}?timeout={seconds}s")
        }
    }
}

fn checked(status: StatusCode, bytes: Bytes) -> Result<Bytes, String> {
    if status.is_success() {
        return Ok(bytes);
    }
    match status {
        StatusCode::NOT_FOUND => Err("the server could not find the requested resource".to_owned()),
        StatusCode::UNAUTHORIZED => {
            Err("the server has asked for the client to provide credentials".to_owned())
        }
        status => {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]).into_owned();
            let quoted = format!("{text:?}");
            Err(format!(
                "an error on the server ({quoted}) has prevented the request from succeeding ({status})"
            ))
        }
    }
}

/// An error with its causes, outermost first; a client's error alone says little.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
