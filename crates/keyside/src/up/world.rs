//! Everything in one process: API server, registry, keyside's own controllers, and what surrounds an API server.
//!
//! What does not wait for each other starts side by side; the order that matters is: the API server first, the kinds and
//! the controllers with their first state next, then the webhook, and the node last, so that the first pod is already
//! treated as any later one.

use super::folder::Folder;
use super::page;
use super::ports::Ports;
use super::ui;
use crate::cli::Network;
use crate::failure::{Failure, root_cause};
use crate::output::Output;
use crate::state::Ready;
use axum::Router;
use keyside_apiserver::pki::{Authority, write_kubeconfig};
use keyside_apiserver::{ApiServer, UserInfo, auth};
use keyside_keychain::Credential;
use keyside_registry::{Authentication, Registry, Rights};
use keyside_sandbox::sample::{self, Image, Target};
use keyside_sandbox::{Config as SandboxConfig, Sandbox};
use keyside_server::{Reach, Running, rbac};
use kube::Client;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The account of the sample registry.
const USER: &str = "demo";
/// The repository of the sample image, and its tag.
const REPOSITORY: &str = "demo/hello";
const TAG: &str = "1";
/// The name of the only node.
const NODE: &str = "keyside";
/// The password is 160 random bits: nothing is gained by making each check of it slow.
const PASSWORD_ROUNDS: NonZeroU32 = NonZeroU32::new(1_000).expect("a thousand is not zero");
/// After this long a stop goes on without those who do not end.
const PATIENCE: Duration = Duration::from_secs(8);

/// The running world.
pub(super) struct World {
    ready: Ready,
    api: ApiServer,
    running: Running,
    sandbox: Sandbox,
    stop: CancellationToken,
    servers: JoinSet<(&'static str, std::io::Result<()>)>,
}

impl World {
    /// Starts everything; returns when a pod created now would be served.
    pub(super) async fn start(
        folder: &Folder,
        ports: Ports,
        network: &Network,
        output: &Output,
    ) -> Result<Self, Failure> {
        let ui_key = ui::key(folder)?;
        let ready = announce(folder, &ports, &ui_key)?;
        let password = folder.secret("registry-password", password)?;
        let stop = CancellationToken::new();
        let mut servers = JoinSet::new();

        let step = output.step("starting the API server and the registry");
        let authority = authority(folder)?;
        let (api, registry) = tokio::try_join!(
            api_server(folder, &authority),
            registry(folder, &ready.registry, &password)
        )?;
        let Ports {
            api: api_port,
            registry: registry_port,
            ui: ui_port,
            metrics,
        } = ports;
        serve_api(&api, &authority, &ready, api_port, &mut servers)?;
        serve("registry", registry_port, registry.router(), &stop, &mut servers);
        let shown = Arc::new(OnceLock::new());
        let metrics_port = metrics.local_addr()?.port();
        serve(
            "metrics",
            metrics,
            page::metrics(metrics_port, shown.clone()),
            &stop,
            &mut servers,
        );
        step.done(&format!(
            "API server {}, registry {}",
            ready.api_server, ready.registry
        ));

        let step = output.step("starting keyside and the node");
        let admin = client(&api, UserInfo::admin("system:keyside-sandbox"));
        let (running, sandbox) = tokio::try_join!(
            keyside(&api, &admin, network, &stop),
            sandbox(folder, &admin, &authority, network, &stop)
        )?;
        // Nobody else sets it.
        let _set = shown.set(running.metrics());
        own_service(&admin, &ready.api_server).await?;
        default_project(&admin).await?;
        push_sample(&registry, &ready.registry, &password).await?;
        ui::account(&admin).await?;
        let network = crate::network::network(network)?;
        let pages = ui::router(&api, &admin, &ready, &ui_key, network, &stop);
        ui::serve(ui_port, pages, &stop, &mut servers);
        running.ready().await;
        step.done("keyside and the node are ready");
        Ok(Self {
            ready,
            api,
            running,
            sandbox,
            stop,
            servers,
        })
    }

    /// Where everything is.
    pub(super) fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Waits until a part ends by itself, which none should.
    pub(super) async fn failed(&mut self) -> Failure {
        tokio::select! {
            error = self.running.failed() => Failure::from(error),
            ended = self.servers.join_next() => match ended {
                Some(Ok((what, Err(error)))) => Failure::new(format!("the {what} stopped serving")).because(error),
                Some(Ok((what, Ok(())))) => Failure::new(format!("the {what} stopped serving")),
                Some(Err(error)) => Failure::new("a part of the cluster broke").because(error),
                None => std::future::pending().await,
            },
        }
    }

    /// Ends everything: first what writes, then what is written to.
    pub(super) async fn stop(self) {
        let Self {
            api,
            running,
            sandbox,
            stop,
            mut servers,
            ..
        } = self;
        stop.cancel();
        let orderly = async {
            running.stop().await;
            sandbox.stopped().await;
            api.stop().await;
            while servers.join_next().await.is_some() {}
        };
        if tokio::time::timeout(PATIENCE, orderly).await.is_err() {
            tracing::warn!("not everything ended in {} s", PATIENCE.as_secs());
        }
    }
}

/// The addresses, before anything listens on them for real.
fn announce(folder: &Folder, ports: &Ports, ui_key: &str) -> Result<Ready, Failure> {
    let dir = folder.path();
    let registry = ports.registry.local_addr()?.to_string();
    Ok(Ready {
        kubeconfig: dir.join("kubeconfig"),
        api_server: format!("https://{}", ports.api.local_addr()?),
        registry_user: USER.to_owned(),
        registry_password_file: dir.join("registry-password"),
        image: format!("{registry}/{REPOSITORY}:{TAG}"),
        registry,
        ui: ui::link(&ports.ui.local_addr()?, ui_key),
        metrics: format!("http://{}/metrics", ports.metrics.local_addr()?),
        data_dir: dir.to_path_buf(),
        pid: std::process::id(),
    })
}

/// 160 random bits in letters that no shell touches.
fn password() -> String {
    use base64::Engine as _;
    let bits = [
        uuid::Uuid::new_v4().into_bytes(),
        uuid::Uuid::new_v4().into_bytes(),
    ]
    .concat();
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(&bits[..24])
}

fn authority(folder: &Folder) -> Result<Authority, Failure> {
    Authority::open(&folder.path().join("pki"))
        .map_err(|error| because("the certificates cannot be used", &error))
}

async fn api_server(folder: &Folder, authority: &Authority) -> Result<ApiServer, Failure> {
    let key = authority
        .token_key()
        .map_err(|error| because("the key of tokens cannot be used", &error))?;
    let mut builder = ApiServer::builder().auth(auth::Config::default().token_key(key));
    if !folder.is_ephemeral() {
        let dir = folder.path().join("apiserver");
        folder.make(&dir)?;
        let store = keyside_apiserver::store::Store::open(&dir.join("store.redb"))
            .map_err(|error| because("the stored objects cannot be opened", &error).hint("keyside reset"))?;
        builder = builder.store(store);
    }
    builder
        .build()
        .await
        .map_err(|error| because("the API server did not start", &error))
}

async fn registry(folder: &Folder, host: &str, password: &str) -> Result<Registry, Failure> {
    let store = if folder.is_ephemeral() {
        keyside_registry::Store::memory()
    } else {
        keyside_registry::Store::files(folder.path().join("registry"))
            .map_err(|error| because("the registry's folder cannot be used", &error))?
    };
    let port = host.rsplit(':').next().unwrap_or_default();
    let registry = Registry::builder(store)
        .authentication(Authentication::Basic)
        .allowed_hosts([host.to_owned(), format!("localhost:{port}")])
        .password_rounds(PASSWORD_ROUNDS)
        .build()
        .map_err(|error| because("the registry did not start", &error))?;
    let accounts = registry.accounts();
    let known = accounts
        .names()
        .await
        .map_err(|error| because("the registry's accounts cannot be read", &error))?;
    // A password changed since then stays changed.
    if !known.iter().any(|name| name == USER) {
        accounts
            .set(USER, password, Rights::all())
            .await
            .map_err(|error| because("the registry's account cannot be made", &error))?;
    }
    Ok(registry)
}

/// Serves the API over TLS and writes the kubeconfig of its administrator.
fn serve_api(
    api: &ApiServer,
    authority: &Authority,
    ready: &Ready,
    listener: TcpListener,
    servers: &mut JoinSet<(&'static str, std::io::Result<()>)>,
) -> Result<(), Failure> {
    let unusable =
        |error: &dyn std::error::Error| because("the API server's certificates cannot be made", error);
    let names = [
        "127.0.0.1",
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
    ];
    let tls = authority
        .server(&names.map(str::to_owned))
        .map_err(|error| unusable(&error))?;
    let identity = authority
        .client("kubernetes-admin", "system:masters")
        .map_err(|error| unusable(&error))?;
    let kubeconfig = authority.kubeconfig("keyside", &ready.api_server, &identity);
    write_kubeconfig(&ready.kubeconfig, &kubeconfig)
        .map_err(|error| because("the kubeconfig cannot be written", &error))?;
    let api = api.clone();
    servers.spawn(async move { ("API server", api.serve_tls(listener, tls).await) });
    Ok(())
}

fn serve(
    what: &'static str,
    listener: TcpListener,
    router: Router,
    stop: &CancellationToken,
    servers: &mut JoinSet<(&'static str, std::io::Result<()>)>,
) {
    let stop = stop.clone();
    servers.spawn(async move {
        let ended = axum::serve(listener, router)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await;
        (what, ended)
    });
}

/// A client in this process, without a socket.
fn client(api: &ApiServer, user: UserInfo) -> Client {
    Client::new(api.in_process(user), "default")
}

/// keyside's kinds, its controllers, and its webhook, which the API server calls in process.
async fn keyside(
    api: &ApiServer,
    admin: &Client,
    network: &Network,
    stop: &CancellationToken,
) -> Result<Running, Failure> {
    keyside_server::install(admin).await?;
    rbac::install_rbac(admin, &rbac::Options::default()).await?;
    // Here as in a cluster: nothing works in the embedded world that keyside would not be allowed to do elsewhere.
    let identity = UserInfo::service_account(keyside_api::SYSTEM_NAMESPACE, rbac::NAME);
    let mut config = keyside_server::Config::new(client(api, identity));
    // This world's registry is on this machine.
    config.verification = Some(keyside_server::Verification {
        loopback: true,
        network: crate::network::network(network)?,
        ..keyside_server::Verification::default()
    });
    let running = keyside_server::run(config, stop.clone()).await?;
    api.register_service(
        keyside_api::SYSTEM_NAMESPACE,
        keyside_server::SERVICE,
        running.webhook(),
    );
    keyside_server::register_webhook(admin, &Reach::service()).await?;
    Ok(running)
}

async fn sandbox(
    folder: &Folder,
    admin: &Client,
    authority: &Authority,
    network: &Network,
    stop: &CancellationToken,
) -> Result<Sandbox, Failure> {
    let config = SandboxConfig {
        state: (!folder.is_ephemeral()).then(|| folder.path().join("node")),
        root_certificate: Some(authority.certificate().to_owned()),
        network: crate::network::network(network)?,
        ..SandboxConfig::new(admin.clone(), NODE)
    };
    Sandbox::start(config, stop.clone())
        .await
        .map_err(|error| because("the node did not start", &error))
}

/// The Service by which a cluster's API server is known inside of it; clients look for it even where nothing runs.
async fn own_service(client: &Client, address: &str) -> Result<(), Failure> {
    let port: u16 = address
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .unwrap_or_default();
    let service = serde_json::json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "targetPort": port, "protocol": "TCP"}]},
    });
    let services: kube::Api<k8s_openapi::api::core::v1::Service> =
        kube::Api::namespaced(client.clone(), "default");
    let parameters = kube::api::PatchParams::apply("keyside-up").force();
    services
        .patch("kubernetes", &parameters, &kube::api::Patch::Apply(service))
        .await?;
    Ok(())
}

/// The project that a fresh cluster has, unless somebody has removed or changed it since.
async fn default_project(client: &Client) -> Result<(), Failure> {
    use keyside_api::{Project, ProjectSpec};
    let spec = ProjectSpec {
        namespaces: vec!["default".to_owned()],
        ..ProjectSpec::default()
    };
    match kube::Api::all(client.clone())
        .create(&kube::api::PostParams::default(), &Project::new("default", spec))
        .await
    {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn push_sample(registry: &Registry, host: &str, password: &str) -> Result<(), Failure> {
    let login = Credential::new(USER, password);
    let target = Target {
        host,
        repository: REPOSITORY,
        tag: TAG,
        login: Some(&login),
    };
    let pushed = sample::push(registry.router(), &target, &Image::sample("1")).await;
    match pushed {
        Ok(_) => Ok(()),
        // The password was changed on purpose; the image is there from the first start.
        Err(sample::PushError::Refused { status, .. }) if status == 401 => Ok(()),
        Err(error) => Err(because("the sample image cannot be stored", &error)),
    }
}

fn because(what: &str, error: &dyn std::error::Error) -> Failure {
    let outer = error.to_string();
    let inner = root_cause(error);
    let failure = Failure::new(what).because(&outer);
    if inner == outer {
        failure
    } else {
        failure.because(inner)
    }
}
