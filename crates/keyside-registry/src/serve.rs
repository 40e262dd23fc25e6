//! One request in, one answer out.

mod blobs;
mod body;
mod lists;
mod manifests;
mod range;
mod tokens;
mod uploads;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{ALLOW, AUTHORIZATION, HOST, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode};

use crate::access::{Caller, Guard, Site};
use crate::content::Contents;
use crate::error::Refusal;
use crate::faults::{Fault, Faults};
use crate::form::Form;
use crate::route::Endpoint;

const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const UPLOAD_ID: HeaderName = HeaderName::from_static("docker-upload-uuid");
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
const TAG: HeaderName = HeaderName::from_static("oci-tag");
const FILTERS: HeaderName = HeaderName::from_static("oci-filters-applied");

/// What every request is served with.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) contents: Contents,
    pub(crate) guard: Guard,
    pub(crate) faults: Faults,
    /// The address to give out; without one, whatever name the client used.
    pub(crate) site: Option<Site>,
    pub(crate) scheme: &'static str,
    /// The only names to answer to, if any are given.
    pub(crate) hosts: Option<Vec<String>>,
}

/// A request with everything that has been found out about it.
struct Call {
    head: Parts,
    query: Form,
    site: Site,
    caller: Caller,
}

impl Server {
    pub(crate) fn router(self) -> Router {
        Router::new().fallback(answer).with_state(self)
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response, Refusal> {
        let (head, body) = request.into_parts();
        let site = self.site(&head)?;
        let endpoint = Endpoint::parse(head.uri.path())?;
        if endpoint == Endpoint::Token {
            return self.token(&head, &site, body).await;
        }
        let fault = self.strike(&endpoint, &head, &site, &[]);
        let fault = match fault {
            Struck::Answer(response) => return Ok(response),
            Struck::Spoil(fault) => Some(fault),
            Struck::Not => None,
        };
        let caller = self.guard.identify(&head.headers, &site).await?;
        let query = Form::parse(head.uri.query().unwrap_or_default());
        let call = Call {
            head,
            query,
            site,
            caller,
        };
        let response = self.dispatch(endpoint, call, body).await;
        Ok(match fault {
            Some(fault) => {
                pause(&fault).await;
                fault.spoil(response.unwrap_or_else(Refusal::into_response))
            }
            None => response?,
        })
    }

    async fn dispatch(&self, endpoint: Endpoint, call: Call, body: Body) -> Result<Response, Refusal> {
        match endpoint {
            Endpoint::Ping => self.ping(&call),
            Endpoint::Catalog => self.catalog(&call).await,
            Endpoint::Tags(repository) => self.tags(&call, &repository).await,
            Endpoint::Referrers(repository, digest) => self.referrers(&call, &repository, &digest).await,
            Endpoint::Manifest(repository, selector) => {
                self.manifest(&call, &repository, selector, body).await
            }
            Endpoint::Blob(repository, digest) => self.blob(&call, &repository, &digest).await,
            Endpoint::Uploads(repository) => self.begin_upload(&call, &repository, body).await,
            Endpoint::Upload(repository, id) => self.upload(&call, &repository, &id, body).await,
            Endpoint::Token => Err(Refusal::missing("UNSUPPORTED", "there is no such endpoint")),
        }
    }

    fn ping(&self, call: &Call) -> Result<Response, Refusal> {
        call.only(&[Method::GET, Method::HEAD])?;
        if !call.caller.is_known() {
            return Err(self.guard.challenge(&call.site, &[], None));
        }
        let mut response = Response::new(Body::from("{}"));
        set(
            response.headers_mut(),
            http::header::CONTENT_TYPE,
            "application/json",
        );
        Ok(response)
    }

    /// Under which name the client came, if that is one to answer to.
    fn site(&self, head: &Parts) -> Result<Site, Refusal> {
        let header = head.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = head
            .uri
            .authority()
            .map(|authority| authority.as_str())
            .or(header)
            .unwrap_or_default();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
        if host.is_empty() || !host.bytes().all(plain) {
            return Err(Refusal::bad("UNKNOWN", "the request names no host"));
        }
        if let Some(hosts) = &self.hosts
            && !hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
        {
            let status = StatusCode::MISDIRECTED_REQUEST;
            return Err(Refusal::new(
                status,
                "DENIED",
                "the registry does not answer to this name",
            ));
        }
        Ok(self.site.clone().unwrap_or_else(|| Site {
            scheme: self.scheme,
            host: host.to_owned(),
        }))
    }

    fn strike(&self, endpoint: &Endpoint, head: &Parts, site: &Site, token_for: &[String]) -> Struck {
        let Some(fault) = self.faults.strike(endpoint, token_for) else {
            return Struck::Not;
        };
        if fault == Fault::ExpiredLogin && !head.headers.contains_key(AUTHORIZATION) {
            return Struck::Not;
        }
        match fault.answer(endpoint, &head.uri, || self.guard.challenge(site, &[], None)) {
            Some(response) => Struck::Answer(response),
            None => Struck::Spoil(fault),
        }
    }
}

/// What a scripted fault does to a request.
enum Struck {
    Not,
    Answer(Response),
    Spoil(Fault),
}

impl Call {
    fn method(&self) -> &Method {
        &self.head.method
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Refuses other methods.
    fn only(&self, methods: &[Method]) -> Result<(), Refusal> {
        if methods.contains(self.method()) {
            return Ok(());
        }
        let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Err(
            Refusal::new(status, "UNSUPPORTED", "the method is not supported here")
                .with(ALLOW, names.join(", ")),
        )
    }
}

async fn answer(State(server): State<Server>, request: Request<Body>) -> Response {
    let mut response = server
        .answer(request)
        .await
        .unwrap_or_else(Refusal::into_response);
    response
        .headers_mut()
        .insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
    let nosniff = HeaderValue::from_static("nosniff");
    response
        .headers_mut()
        .insert(http::header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

async fn pause(fault: &Fault) {
    if let Fault::Slow(time) = fault {
        tokio::time::sleep(*time).await;
    }
}

/// Sets a header to a value made of digests, numbers and checked names.
fn set(headers: &mut HeaderMap, name: HeaderName, value: impl AsRef<str>) {
    if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
        headers.insert(name, value);
    }
}

/// An answer without a body.
fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
