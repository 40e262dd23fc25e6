//! The server as a whole: what it is made of, how it is started, and how it is called from the same process.

mod bootstrap;
mod listen;

pub(crate) use bootstrap::IMMORTAL;

use crate::admission::Admission;
use crate::auth::{Authenticator, Authorizer, Config, InProcess, UserInfo, rbac};
use crate::catalog::Catalog;
use crate::discovery::Documents;
use crate::handle;
use crate::services::Services;
use crate::store::{CommitError, Store};
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use keyside_apimachinery::kinds;
use listen::Hosts;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{BoxError, Service, util::BoxCloneSyncService};

/// Bodies of requests and answers.
pub type Body = axum::body::Body;

/// Requests under way at once; Kubernetes' default is 600 too.
const TURNS: usize = 600;

/// What all requests share.
pub(crate) struct Core {
    pub(crate) store: Store,
    pub(crate) catalog: Catalog,
    pub(crate) authenticator: Authenticator,
    pub(crate) authorizer: Authorizer,
    pub(crate) admission: Admission,
    pub(crate) services: Arc<Services>,
    pub(crate) documents: Documents,
    /// Requests under way; watches count only until they have begun.
    pub(crate) turns: Semaphore,
    /// Names the listener answers to besides the usual ones.
    pub(crate) hosts: Hosts,
    /// Connections being served.
    pub(crate) connections: TaskTracker,
    /// Cancelled when the server stops: watches end, background tasks return.
    pub(crate) shutdown: CancellationToken,
}

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The objects every cluster has could not be written.
    #[error("the first objects could not be stored: {0}")]
    Bootstrap(#[from] CommitError),
}

/// What a server is made of.
pub struct Builder {
    store: Option<Store>,
    auth: Config,
    hosts: Hosts,
}

impl Builder {
    /// Where objects are kept; in memory unless said otherwise.
    #[must_use]
    pub fn store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// How clients prove who they are; in-process callers need nothing of it.
    #[must_use]
    pub fn auth(mut self, auth: Config) -> Self {
        self.auth = auth;
        self
    }

    /// A name or address clients use besides `localhost`, loopback addresses, the listener's own address and
    /// `kubernetes.default.svc`. Requests for other names are refused.
    #[must_use]
    pub fn host(mut self, name: &str) -> Self {
        self.hosts.add(name);
        self
    }

    /// Starts the server: when this returns, what a cluster always has (its system namespaces) is there, and custom
    /// resources stored earlier are served. Needs a Tokio runtime.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn build(self) -> Result<ApiServer, StartError> {
        let store = self.store.unwrap_or_else(Store::memory);
        bootstrap::run(&store).await?;
        rbac::bootstrap::run(&store).await?;
        let services = Arc::new(Services::default());
        let authorizer = Authorizer::new(store.clone());
        let core = Arc::new(Core {
            catalog: Catalog::new(kinds::builtin_resources()),
            authenticator: Authenticator::new(&self.auth, store.clone()),
            admission: Admission::new(store.clone(), authorizer.clone(), Arc::clone(&services)),
            authorizer,
            services,
            documents: Documents::default(),
            hosts: self.hosts,
            turns: Semaphore::new(TURNS),
            connections: TaskTracker::new(),
            store,
            shutdown: CancellationToken::new(),
        });
        let (loaded, ready) = tokio::sync::oneshot::channel();
        tokio::spawn(crate::expire::run(Arc::clone(&core)));
        tokio::spawn(crate::crd::run(Arc::clone(&core), loaded));
        tokio::spawn(rbac::aggregate::run(core.store.clone(), core.shutdown.clone()));
        // An error means that the task has ended, which it does only at shutdown.
        drop(ready.await);
        Ok(ApiServer { core })
    }
}

/// A running API server; clones are the same one.
#[derive(Clone)]
pub struct ApiServer {
    core: Arc<Core>,
}

impl ApiServer {
    /// A server to be described and started.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            store: None,
            auth: Config::default(),
            hosts: Hosts::default(),
        }
    }

    /// A service for callers in this process, acting as `user`. The identity travels in a request extension, which
    /// nothing that comes over a socket can carry.
    ///
    /// ```no_run
    /// # async fn example(server: keyside_apiserver::ApiServer) {
    /// let user = keyside_apiserver::UserInfo::admin("tests");
    /// let client = kube::Client::new(server.in_process(user), "default");
    /// # }
    /// ```
    #[must_use]
    pub fn in_process(&self, user: UserInfo) -> Local {
        Local {
            core: Arc::clone(&self.core),
            user: Some(user),
        }
    }

    /// A service for callers in this process who say in each request who they are, by a bearer token, as over a socket.
    #[must_use]
    pub fn by_token(&self) -> Local {
        Local {
            core: Arc::clone(&self.core),
            user: None,
        }
    }

    /// Makes a service callable by admission webhooks whose `clientConfig.service` has this namespace and name: no
    /// socket, no certificate.
    pub fn register_service<S>(&self, namespace: &str, name: &str, service: S)
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.core
            .services
            .register(namespace, name, BoxCloneSyncService::new(service));
    }

    /// The store under it all.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.core.store
    }

    /// Serves clients on a socket until [`ApiServer::stop`], then lets answers under way finish. What `tls` says about
    /// client certificates decides whether they are asked for; those shown are checked by its verifier and name the
    /// user.
    ///
    /// # Errors
    /// If the socket cannot be used.
    pub async fn serve_tls(
        &self,
        listener: TcpListener,
        tls: Arc<rustls::ServerConfig>,
    ) -> std::io::Result<()> {
        listen::run(Arc::clone(&self.core), listener, tls).await
    }

    /// Ends watches, background tasks and listeners, waits for answers under way, and lets go of the disk once what was accepted is durable. Later
    /// writes are refused.
    pub async fn stop(&self) {
        self.core.shutdown.cancel();
        listen::finish(&self.core).await;
        self.core.store.close().await;
    }

    #[cfg(test)]
    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

/// The server for callers in this process; see [`ApiServer::in_process`] and [`ApiServer::by_token`].
#[derive(Clone)]
pub struct Local {
    core: Arc<Core>,
    user: Option<UserInfo>,
}

impl<B> Service<Request<B>> for Local
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let core = Arc::clone(&self.core);
        let mut request = request.map(Body::new);
        if let Some(user) = &self.user {
            request.extensions_mut().insert(InProcess(user.clone()));
        }
        Box::pin(async move { Ok(handle::serve(core, request).await) })
    }
}
