//! Where the scenarios run: over the embedded API server in this process, or on a real Kubernetes.
//!
//! `KEYSIDE_KUBECONFIG` names a real one; `cargo e2e cluster` starts it and sets the variable. Without it, every test has a
//! cluster of its own. On a real one tests take turns, because keyside cares for a whole cluster, and each begins by removing
//! what the one before has left; therefore a cluster must say that it is there for tests.

use crate::listener::Listener;
use crate::wipe;
use axum::Router;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use keyside_api::SYSTEM_NAMESPACE;
use keyside_apiserver::{ApiServer, Body, Local, UserInfo};
use keyside_server::{Reach, rbac};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tower::Service as _;

/// One test at a time has the real cluster.
static TURN: Mutex<()> = Mutex::const_new(());

/// Whether keyside runs in the cluster already, as it is installed.
pub(crate) fn is_deployed() -> bool {
    std::env::var_os("KEYSIDE_DEPLOYED").is_some()
}

/// The same, for a test that ends for this reason, and says so.
pub(crate) fn passes_by() -> bool {
    // Past what the test harness keeps to itself.
    is_deployed() && writeln!(std::io::stdout(), "skipped: it needs a keyside of its own").is_ok()
}

/// A cluster.
pub(crate) enum World {
    Embedded(ApiServer),
    Real(Box<Real>),
}

/// A real cluster, while it is this test's turn.
pub(crate) struct Real {
    /// What users call with.
    users: Client,
    /// What keyside calls with: its own account and no other rights.
    keyside: Client,
    webhook: Listener,
    _turn: MutexGuard<'static, ()>,
}

impl World {
    /// An empty cluster.
    pub(crate) async fn start() -> Self {
        match std::env::var_os("KEYSIDE_KUBECONFIG") {
            Some(path) => Self::Real(Box::new(Real::start(path.into()).await)),
            None => Self::Embedded(ApiServer::builder().build().await.unwrap()),
        }
    }

    /// How long anything may take before a test gives up.
    pub(crate) fn patience(&self) -> Duration {
        match self {
            Self::Embedded(_) => Duration::from_secs(20),
            Self::Real(_) => Duration::from_secs(120),
        }
    }

    /// How many things are done at once where as many as possible are meant. Here a single thread is API server, keyside and
    /// whoever creates; a real API server shares the machine with the test, and what it cannot do in time is no fault of ours.
    pub(crate) fn crowd(&self) -> usize {
        match self {
            Self::Embedded(_) => 100,
            Self::Real(_) => 16,
        }
    }

    /// How many namespaces with a pod each are many: a real node, where keyside is deployed, has to make every one of these pods.
    pub(crate) fn many(&self) -> usize {
        if is_deployed() { 50 } else { 500 }
    }

    /// What users call with.
    pub(crate) fn client(&self) -> Client {
        match self {
            Self::Embedded(server) => Client::new(server.in_process(UserInfo::admin("tests")), "default"),
            Self::Real(real) => real.users.clone(),
        }
    }

    /// What keyside's calls end at.
    pub(crate) fn upstream(&self) -> Upstream {
        match self {
            Self::Embedded(server) => {
                Upstream::Embedded(server.in_process(UserInfo::service_account(SYSTEM_NAMESPACE, rbac::NAME)))
            }
            Self::Real(real) => Upstream::Real(real.keyside.clone()),
        }
    }

    /// Puts the webhook where the API server finds it, and tells it so; returns when it is asked.
    pub(crate) async fn register(&self, webhook: Router) {
        match self {
            Self::Embedded(server) => {
                server.register_service(SYSTEM_NAMESPACE, keyside_server::SERVICE, webhook);
                keyside_server::register_webhook(&self.client(), &Reach::service())
                    .await
                    .unwrap();
            }
            Self::Real(real) => {
                real.webhook.serve(webhook);
                keyside_server::register_webhook(&real.users, &real.webhook.reach())
                    .await
                    .unwrap();
                real.webhook.until_asked(&real.users).await;
            }
        }
    }

    /// After the registration for keyside's own kinds was removed: returns when the API server has noticed.
    pub(crate) async fn until_unregistered(&self) {
        if let Self::Real(real) = self {
            real.webhook.until_not_asked(&real.users).await;
        }
    }
}

impl Real {
    async fn start(kubeconfig: PathBuf) -> Self {
        let turn = TURN.lock().await;
        let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let config = config(&kubeconfig).await;
        let mut as_keyside = config.clone();
        as_keyside.auth_info.impersonate =
            Some(format!("system:serviceaccount:{SYSTEM_NAMESPACE}:{}", rbac::NAME));
        as_keyside.auth_info.impersonate_groups = Some(vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{SYSTEM_NAMESPACE}"),
            "system:authenticated".to_owned(),
        ]);
        let users = Client::try_from(config).unwrap();
        wipe::wipe(&users).await;
        Self {
            users,
            keyside: Client::try_from(as_keyside).unwrap(),
            webhook: Listener::start().await,
            _turn: turn,
        }
    }
}

async fn config(kubeconfig: &std::path::Path) -> Config {
    let file = Kubeconfig::read_from(kubeconfig).unwrap();
    let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .unwrap();
    config.read_timeout = Some(Duration::from_secs(295));
    config
}

/// What a call of keyside ends at.
#[derive(Clone)]
pub(crate) enum Upstream {
    Embedded(Local),
    Real(Client),
}

impl Upstream {
    pub(crate) async fn call(&mut self, request: Request<kube::client::Body>) -> Response<Body> {
        match self {
            Self::Embedded(local) => match local.call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
            Self::Real(client) => match client.send(request).await {
                Ok(response) => response.map(|body| Body::new(body.map_err(axum::Error::new))),
                Err(error) => panic!("the API server cannot be reached: {error}"),
            },
        }
    }
}
