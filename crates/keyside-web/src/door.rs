//! How the API server is reached in somebody's own name: every session gets a client that carries its user's token and
//! nothing of ours. There is no impersonation anywhere.

use anyhow::Context as _;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response};
use kube::Client;
use kube::client::Body;
use kube::config::AuthInfo;
use std::sync::Arc;
use tower::{BoxError, Service, ServiceExt as _};

type Open = dyn Fn(&str) -> anyhow::Result<Client> + Send + Sync;

/// Makes clients out of tokens.
#[derive(Clone)]
pub struct Door(Arc<Open>);

impl Door {
    /// The API server of a cluster. Of the configuration only the address and the authority are used: whoever it would
    /// log in as is left out.
    pub fn cluster(config: kube::Config) -> Self {
        Self(Arc::new(move |token| {
            let mut config = config.clone();
            // The library would try again for minutes what the API server refuses with 429 or cannot answer: a page says it.
            config.default_retry = false;
            config.auth_info = AuthInfo {
                token: Some(token.to_owned().into()),
                ..AuthInfo::default()
            };
            Client::try_from(config).context("prepare a client")
        }))
    }

    /// An API server in this process, as a service that finds out who asks by the bearer token alone.
    pub fn service<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: axum::body::HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Arc::new(move |token| {
            let mut value =
                HeaderValue::try_from(format!("Bearer {token}")).context("the token is no header value")?;
            value.set_sensitive(true);
            let named = service.clone().map_request(move |mut request: Request<Body>| {
                request.headers_mut().insert(AUTHORIZATION, value.clone());
                request
            });
            Ok(Client::new(named, "default"))
        }))
    }

    /// A client in the name of the token's owner. Nothing is asked yet.
    pub(super) fn open(&self, token: &str) -> anyhow::Result<Client> {
        (self.0)(token)
    }
}
