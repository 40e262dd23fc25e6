//! One request to a registry, its token service or its storage, and one bounded answer.
//!
//! What every request has in common is decided here and nowhere else: which addresses are dialled, whom TLS trusts, that nothing is
//! sent through a proxy or follows a redirect by itself, how large an answer may be and how long it may take, and that a secret only
//! leaves for its own origin.

mod context;
mod lanes;
mod meter;
mod names;
mod proxy;
mod trust;

pub(crate) use meter::Times;
pub use proxy::{Proxy, ProxyError};
pub use trust::{Trust, TrustError};

use crate::address::is_allowed;
use crate::call::{Answer, Call, Secrets};
use crate::failure::SendError;
use crate::origin::{Origin, Registry, has_user_part, is_loopback};
use context::Context;
use http::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, RANGE};
use http::{HeaderMap, Method, Version};
use lanes::{Lanes, Ride};
use meter::Meter;
use names::Names;
use reqwest::redirect::Policy;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use url::Host;

/// All names and values of the headers of one answer together.
const HEAD_LIMIT: usize = 32 * 1024;
/// Token answers hold a token and little else.
const TOKEN_LIMIT: usize = 64 * 1024;
/// How much is read of a body that only explains something.
const BEGINNING: usize = 64 * 1024;
/// How long the rest of an answer may take that nobody needs.
const DRAIN_TIME: Duration = Duration::from_secs(1);
/// Connecting and the TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How the network around the client is special.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Whom TLS trusts.
    pub trust: Trust,
    /// Registries, as `host` or `host:port`, that are spoken to without TLS. Loopback hosts always are.
    pub plain_http: BTreeSet<String>,
    /// Addresses of names, which are dialled without asking the resolver and without further checks, as with `/etc/hosts`.
    pub hosts: BTreeMap<String, SocketAddr>,
    /// The proxy through which registries on other machines are asked.
    pub proxy: Option<Proxy>,
}

/// A client of registries. Clones share connections.
#[derive(Clone, Debug)]
pub struct Client {
    /// For everybody, and for registries that are named as this machine. Two, because the resolver only learns a name and must know
    /// whether loopback addresses are allowed for it.
    outer: reqwest::Client,
    local: reqwest::Client,
    plain_http: BTreeSet<String>,
    /// Names whose address is given, port and all.
    given: Arc<BTreeSet<String>>,
    meter: Meter,
    lanes: Lanes,
}

/// An answer of which only the head has arrived.
pub(crate) struct Opened {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    response: reqwest::Response,
    context: Context,
    ride: Ride,
}

impl Client {
    /// Prepares a client. Reading the platform's certificates is done once per process.
    ///
    /// # Errors
    /// [`TrustError`] if a certificate cannot be used.
    pub fn new(network: &Network) -> Result<Self, TrustError> {
        let tls = network.trust.config()?;
        let lower = |name: &String| name.to_ascii_lowercase();
        let hosts: BTreeMap<_, _> = network
            .hosts
            .iter()
            .map(|(name, address)| (lower(name), *address))
            .collect();
        let (meter, lanes) = (Meter::default(), Lanes::default());
        let build = |loopback: bool| {
            let proxy = network.proxy.as_ref().filter(|_| !loopback);
            let names = Names::new(hosts.clone(), loopback, meter.clone());
            let mut builder = reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .connector_layer(meter.clone())
                .connector_layer(lanes.clone())
                .dns_resolver(names.trusting(proxy.into_iter().flat_map(Proxy::hosts)))
                .redirect(Policy::none())
                .retry(reqwest::retry::never())
                .no_proxy()
                .http1_only()
                .referer(false)
                .connect_timeout(CONNECT_TIMEOUT)
                .tcp_nodelay(true)
                .user_agent(concat!("keyside/", env!("CARGO_PKG_VERSION")));
            for rule in proxy.into_iter().flat_map(Proxy::rules) {
                builder = builder.proxy(rule.map_err(|_| TrustError::Unusable)?);
            }
            builder.build().map_err(|_| TrustError::Unusable)
        };
        Ok(Self {
            outer: build(false)?,
            local: build(true)?,
            plain_http: network.plain_http.iter().map(lower).collect(),
            given: Arc::new(hosts.into_keys().collect()),
            meter,
            lanes,
        })
    }

    /// What the last connection took.
    pub(crate) fn times(&self) -> Times {
        self.meter.take()
    }

    /// The registry of an image's host, spoken to in the way that is configured.
    ///
    /// # Errors
    /// As [`Registry::new`].
    pub fn registry(&self, host: &str) -> Result<Registry, crate::origin::RegistryError> {
        Registry::new(host, self.plain_http.contains(&host.to_ascii_lowercase()))
    }

    /// Sends a request and reads the answer to its end, or to the limit.
    ///
    /// # Errors
    /// [`SendError`]; an answer with any status is no error.
    pub async fn send(&self, call: &Call, deadline: Instant) -> Result<Answer, SendError> {
        let context = Context::new(call.url());
        let whole = async {
            let opened = self.open(call, deadline).await?;
            if call.is_cut() {
                opened.read_beginning().await
            } else {
                opened.read(TOKEN_LIMIT).await
            }
        };
        timeout_at(deadline, whole)
            .await
            .unwrap_or_else(|_| Err(context.deadline()))
    }

    /// Sends a request and waits for the head of the answer.
    pub(crate) async fn open(&self, call: &Call, deadline: Instant) -> Result<Opened, SendError> {
        let context = Context::new(call.url());
        let request = self.request(call)?;
        let origin = Origin::of(call.url()).ok_or(SendError::Scheme)?;
        let mut ride = self.lanes.enter(call.registry().is_loopback(), &origin);
        let sent = timeout_at(deadline, ride.sending(request.send()))
            .await
            .map_err(|_| context.deadline())?;
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                let error = context.classify(&error);
                return Err(self.look_closer(call, error, deadline).await);
            }
        };
        let headers = response.headers().clone();
        let size: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        if size > HEAD_LIMIT {
            return Err(SendError::HeadTooLarge);
        }
        if response.content_length() == Some(0) && stays_open(&response) {
            ride.finish();
        }
        Ok(Opened {
            status: response.status().as_u16(),
            headers,
            response,
            context,
            ride,
        })
    }

    fn request(&self, call: &Call) -> Result<reqwest::RequestBuilder, SendError> {
        let url = call.url();
        let origin = Origin::of(url).ok_or(SendError::Scheme)?;
        let loopback = call.registry().is_loopback();
        if has_user_part(url) {
            return Err(SendError::Scheme);
        }
        self.check_literal(&origin, loopback)?;
        if call.is_elsewhere() && !origin.is_secure() && !self.may_be_plain(&origin, call.registry()) {
            return Err(SendError::PlainHttp {
                host: origin.authority(),
            });
        }
        let client = if loopback { &self.local } else { &self.outer };
        let mut request = client.request(call.method().clone(), url.clone());
        if let Some(accept) = call.accept() {
            request = request.header(ACCEPT, accept);
        }
        if let Some(from) = call.from() {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        match call.secrets() {
            Secrets::None => {}
            Secrets::Header(authorization) => {
                let value = authorization.header_for(url).ok_or(SendError::ForeignOrigin)?;
                request = request.header(AUTHORIZATION, value);
            }
            Secrets::Form(form) => {
                let body = form.body_for(url).ok_or(SendError::ForeignOrigin)?;
                request = request
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(body);
            }
        }
        Ok(request)
    }

    /// An address written as a number never reaches the resolver, so it is checked here.
    fn check_literal(&self, origin: &Origin, loopback: bool) -> Result<(), SendError> {
        let address = match origin.host() {
            Host::Domain(_) => return Ok(()),
            Host::Ipv4(address) => IpAddr::V4(*address),
            Host::Ipv6(address) => IpAddr::V6(*address),
        };
        if is_allowed(address, loopback) {
            return Ok(());
        }
        let address = SocketAddr::new(address, origin.port()).to_string();
        Err(SendError::Forbidden { address })
    }

    /// Whether a redirect may lead to an unencrypted address.
    fn may_be_plain(&self, origin: &Origin, registry: &Registry) -> bool {
        let local = match origin.host() {
            Host::Domain(name) => is_loopback(Host::Domain(name)),
            Host::Ipv4(address) => is_loopback(Host::Ipv4(*address)),
            Host::Ipv6(address) => is_loopback(Host::Ipv6(*address)),
        };
        local || origin == registry.origin() || self.plain_http.contains(&origin.authority())
    }

    /// Tells a server without TLS from one that does not speak HTTP at all, by asking once without TLS and without any secret.
    async fn look_closer(&self, call: &Call, error: SendError, deadline: Instant) -> SendError {
        let mut url = call.url().clone();
        // The port of TLS has to be written out, unless the name's own address brings one: what is written would win.
        let is_given = url.host_str().is_some_and(|host| self.given.contains(host));
        let port = url.port().or(url.port_or_known_default().filter(|_| !is_given));
        if error != SendError::NotTls || url.set_scheme("http").is_err() || url.set_port(port).is_err() {
            return error;
        }
        url.set_path("/v2/");
        url.set_query(None);
        let client = if call.registry().is_loopback() {
            &self.local
        } else {
            &self.outer
        };
        match timeout_at(deadline, client.request(Method::GET, url).send()).await {
            Ok(Ok(_)) => SendError::PlainAnswer,
            _ => error,
        }
    }
}

impl Opened {
    /// Reads the body. A success must fit the limit; of anything else only the beginning matters.
    pub(crate) async fn read(self, limit: usize) -> Result<Answer, SendError> {
        let success = (200..300).contains(&self.status);
        let (answer, more) = self.take(if success { limit } else { BEGINNING }).await?;
        if more && success {
            return Err(SendError::TooLarge { limit });
        }
        Ok(answer)
    }

    /// Reads the beginning of the body.
    async fn read_beginning(self) -> Result<Answer, SendError> {
        Ok(self.take(BEGINNING).await?.0)
    }

    /// Reads up to a limit, and says whether there is more.
    async fn take(mut self, limit: usize) -> Result<(Answer, bool), SendError> {
        let (mut body, mut more) = (Vec::new(), false);
        while let Some(chunk) = self.chunk().await? {
            let room = limit - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                more = true;
                break;
            }
        }
        let answer = Answer {
            status: self.status,
            headers: self.headers,
            body,
        };
        Ok((answer, more))
    }

    /// Reads what is left of an answer that has said enough, so that its connection can be used again.
    pub(crate) async fn drain(self, deadline: Instant) {
        // A body too long, too slow or broken costs the connection, and nothing else.
        let until = deadline.min(Instant::now() + DRAIN_TIME);
        let _drained = timeout_at(until, self.read_beginning()).await;
    }

    /// The next piece of the body.
    pub(crate) async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, SendError> {
        let chunk = self.response.chunk().await;
        let chunk = chunk.map_err(|error| self.context.classify_body(&error))?;
        if chunk.is_none() && stays_open(&self.response) {
            self.ride.finish();
        }
        Ok(chunk)
    }
}

/// Whether the connection can be used for another request when the answer is read.
fn stays_open(response: &reqwest::Response) -> bool {
    let closing = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"close");
    let closes = response.headers().get(CONNECTION).is_some_and(closing);
    response.version() == Version::HTTP_11 && !closes
}
