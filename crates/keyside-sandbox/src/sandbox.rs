//! Starting everything, or a part of it, and stopping it again.

use crate::controllers::{self, World};
use crate::garbage::Collector;
use crate::node::{
    Agent, Identity, ImageManager, Images, OciRuntime, Presence, Runtime, Store, VerificationPolicy,
};
use crate::queue::{Doing as _, Failed};
use crate::scheduler::Scheduler;
use keyside_oci::Network;
use kube::Client;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the sandbox needs to know.
pub struct Config {
    /// Access to the API server, with all rights.
    pub client: Client,
    /// Name of the node.
    pub node_name: String,
    /// Where the node keeps its images. Without it they are kept in a temporary directory and removed at the end.
    pub state: Option<PathBuf>,
    /// How registries are reached, and whom TLS trusts. Plain HTTP is spoken to loopback addresses and to those named here.
    pub network: Network,
    /// The certificate of the API server's authority, in PEM, for the `ConfigMap` `kube-root-ca.crt` of every namespace.
    pub root_certificate: Option<String>,
    /// Who may use an image that is already on the node.
    pub verification: VerificationPolicy,
    /// What is started.
    pub parts: Parts,
}

impl Config {
    /// Everything, on a node of this name, with a kubelet's defaults.
    #[must_use]
    pub fn new(client: Client, node_name: &str) -> Self {
        Self {
            client,
            node_name: node_name.to_owned(),
            state: None,
            network: Network::default(),
            root_certificate: None,
            verification: VerificationPolicy::default(),
            parts: Parts::ALL,
        }
    }
}

/// Which parts are started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Workloads, endpoints, namespaces, service accounts.
    pub controllers: bool,
    /// Owners and dependents.
    pub garbage_collector: bool,
    /// Pods to nodes.
    pub scheduler: bool,
    /// The node.
    pub node: bool,
}

impl Parts {
    /// Everything.
    pub const ALL: Self = Self {
        controllers: true,
        garbage_collector: true,
        scheduler: true,
        node: true,
    };
    /// Nothing, to name single parts on top of.
    pub const NONE: Self = Self {
        controllers: false,
        garbage_collector: false,
        scheduler: false,
        node: false,
    };
}

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The directory of the node cannot be used.
    #[error("the node's image store could not be opened")]
    OpenStore(#[source] io::Error),
    /// The client of registries could not be made.
    #[error("the registry client could not be made")]
    MakeClient(#[source] keyside_oci::TrustError),
    /// The node could not be registered.
    #[error("the node could not be registered")]
    Register(#[source] Failed),
}

/// A running sandbox. It works until its token is cancelled.
#[derive(Debug)]
pub struct Sandbox {
    tasks: TaskTracker,
    /// Kept until everything has ended, then removed.
    _scratch: Option<tempfile::TempDir>,
}

impl Sandbox {
    /// Starts the sandbox. When this returns, the node is registered and pods created from now on are treated as any later one.
    ///
    /// # Errors
    /// If the image store cannot be opened or the node cannot be registered.
    pub async fn start(config: Config, stop: CancellationToken) -> Result<Self, StartError> {
        let scratch = match config.state {
            Some(_) => None,
            None => Some(tempfile::tempdir().map_err(StartError::OpenStore)?),
        };
        let dir = config
            .state
            .clone()
            .or_else(|| scratch.as_ref().map(|dir| dir.path().to_owned()))
            .unwrap_or_default();
        let store = Arc::new(Store::open(&dir).map_err(StartError::OpenStore)?);
        let runtime = OciRuntime::new(&config, Arc::clone(&store)).map_err(StartError::MakeClient)?;
        let sandbox = Self::start_with(config, stop, store, runtime).await?;
        Ok(Self {
            _scratch: scratch,
            ..sandbox
        })
    }

    /// As [`Sandbox::start`], with another way to get images.
    pub(crate) async fn start_with<R: Runtime>(
        config: Config,
        stop: CancellationToken,
        store: Arc<Store>,
        runtime: R,
    ) -> Result<Self, StartError> {
        let tasks = TaskTracker::new();
        let world = World::new(&config.client, &stop, &tasks);
        world.fill().await;
        if config.parts.controllers {
            controllers::start(&world, config.root_certificate.clone());
        }
        if config.parts.garbage_collector {
            tasks.spawn(Collector::new(&world).run(Arc::clone(&world.definitions)));
        }
        if config.parts.node {
            start_node(&world, &config, &store, runtime)
                .await
                .map_err(StartError::Register)?;
        }
        if config.parts.scheduler {
            world.run(Scheduler::new(&world));
        }
        tasks.close();
        Ok(Self {
            tasks,
            _scratch: None,
        })
    }

    /// Returns when everything has ended, after the token was cancelled.
    pub async fn stopped(self) {
        self.tasks.wait().await;
    }
}

async fn start_node<R: Runtime>(
    world: &Arc<World>,
    config: &Config,
    store: &Arc<Store>,
    runtime: R,
) -> Result<(), Failed> {
    let version = config
        .client
        .apiserver_version()
        .await
        .doing(|| "ask for the server's version".to_owned())?;
    let identity = Identity::new(&config.node_name, &version.git_version);
    let presence = Presence::register(world, identity, store.watch()).await?;
    world.tasks.spawn(presence.run());
    let manager = ImageManager::new(config.verification.clone(), store.records());
    let images = Arc::new(Images::new(runtime, manager));
    world.run_wide(Agent::new(world, &config.node_name, images), Agent::<R>::WIDTH);
    Ok(())
}

#[cfg(test)]
mod tests;
