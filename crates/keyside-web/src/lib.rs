//! The web UI: pages made on the server, which work without script; a small script adds what is live.
//!
//! It owns no rights. Every page and every action asks the API server with the signed-in user's own token ([`Door`]), so
//! what the user may not do is refused by the API server, and said. There is one table of routes (`web/route.rs`); a
//! request's way is: [`guard`] (host, origin), route, session, page. A page reads, a `Template` shows; nothing is decided
//! here about credentials: that is `keyside-core`'s.

mod assets;
mod authority;
mod badge;
mod call;
mod cluster;
mod command;
mod credential;
mod document;
mod door;
mod failure;
mod form;
mod frame;
mod guard;
mod link;
mod live;
mod pages;
mod paste;
mod place;
mod pull;
mod rights;
mod route;
mod session;
mod text;
mod time;
mod upload;
mod users;
mod write;

pub use door::Door;
pub use link::{LIFETIME_SECONDS, LinkKey};

use futures::future::BoxFuture;
use keyside_oci::Network;
use session::Sessions;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Makes a token for the owner of the embedded world.
pub type Issue = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<String>> + Send + Sync>;

/// What the UI needs to know.
pub struct Config {
    /// How to reach the API server in a user's name.
    pub door: Door,
    /// The values of `Host` that are us, such as `127.0.0.1:7080`, or names that are us at every port. All others are refused.
    pub hosts: Vec<String>,
    /// Whether it is served over TLS: then the cookie says so.
    pub tls: bool,
    /// How registries are reached when a page asks one about an image.
    pub network: Network,
    /// In the embedded world: how its owner signs in, and what there is to try.
    pub sandbox: Option<Sandbox>,
    /// Ends what streams.
    pub shutdown: CancellationToken,
}

/// What only the embedded world has.
pub struct Sandbox {
    /// The key of one-time links.
    pub key: LinkKey,
    /// Makes the token behind a session that such a link opens.
    pub issue: Issue,
    /// The private sample image, and the registry and user it needs.
    pub sample: Sample,
}

/// The private image of the embedded registry.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The image.
    pub image: String,
    /// Its registry.
    pub registry: String,
    /// Who may pull it.
    pub user: String,
}

/// What all requests share.
struct Web {
    hosts: Vec<String>,
    tls: bool,
    sandbox: Option<Sandbox>,
    shutdown: CancellationToken,
    sessions: Sessions,
    /// The session cookie's name. Over plain HTTP cookies are shared by all ports of a host, and `__Host-` cannot be had:
    /// a random name keeps another port's pages from meaning ours.
    cookie: String,
    /// Asks registries about images; none if the platform's certificates cannot be used.
    registries: Option<keyside_oci::Client>,
    /// How they are reached, for a check that takes times: a client tells them of one question at a time.
    network: Network,
    /// Only so many registries are asked at once.
    turns: Semaphore,
}

/// Every route: method, path, and whether it is closed to those who have not signed in. For tests to walk through.
pub fn routes() -> impl Iterator<Item = (http::Method, &'static str, bool)> {
    route::ROUTES.iter().map(|route| {
        let is_closed = route.access == route::Access::SignedIn;
        (route.method.clone(), route.path, is_closed)
    })
}

/// How many registries are asked at once.
const ASKING: usize = 8;

/// The UI as a router, to be served by TLS or on the loopback address. Serve it with
/// `into_make_service_with_connect_info::<SocketAddr>()`, so that failed attempts to sign in are counted by address.
pub fn router(config: Config) -> axum::Router {
    let Config {
        door,
        hosts,
        tls,
        network,
        sandbox,
        shutdown,
    } = config;
    let cookie = if tls {
        "__Host-keyside".to_owned()
    } else {
        let port = hosts
            .first()
            .and_then(|host| host.rsplit(':').next())
            .unwrap_or_default();
        format!("keyside-{port}-{}", &session::random_id()[..8])
    };
    route::router(Arc::new(Web {
        hosts,
        tls,
        sandbox,
        shutdown,
        sessions: Sessions::new(door),
        cookie,
        registries: keyside_oci::Client::new(&network).ok(),
        network,
        turns: Semaphore::new(ASKING),
    }))
}
