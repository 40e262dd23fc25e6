//! Being a node: the Node object, its status, and the lease that says it is alive.

use super::agent::HOST;
use super::container::{NOT_RUN, SCHEME};
use super::store::Image;
use crate::controllers::World;
use crate::queue::{Doing as _, Failed};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::{
    ContainerImage, Namespace, Node, NodeAddress, NodeCondition, NodeDaemonEndpoints, NodeStatus,
    NodeSystemInfo,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, OwnerReference, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tracing::warn;

/// How often the lease is renewed, and for how long a renewal counts.
const RENEWAL: Duration = Duration::from_secs(10);
const LEASE_SECONDS: i32 = 40;
const LEASES: &str = "kube-node-lease";
/// How often the status is written although nothing changed (`nodeStatusReportFrequency`).
const REPORT: Duration = Duration::from_secs(300);
/// Images that a node lists, the largest first (`nodeStatusMaxImages`).
const LISTED_IMAGES: usize = 50;
/// Pods that the node takes. Nothing is run, so a thousand cost little more than one.
const PODS: &str = "10000";
const NOTE: &str = "keyside sandbox: images are pulled and checked, containers are not run";

/// What the node says about itself.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) name: String,
    /// Version of the API server, such as `v1.37.2+keyside`.
    pub(crate) version: String,
    boot: String,
}

impl Identity {
    pub(crate) fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            boot: uuid::Uuid::new_v4().to_string(),
        }
    }
}

/// Keeps the Node object and the lease up to date.
pub(crate) struct Presence {
    world: Arc<World>,
    identity: Identity,
    images: watch::Receiver<Arc<Vec<Image>>>,
}

impl Presence {
    /// Registers the node; when this returns, pods can be scheduled onto it.
    pub(crate) async fn register(
        world: &Arc<World>,
        identity: Identity,
        images: watch::Receiver<Arc<Vec<Image>>>,
    ) -> Result<Self, Failed> {
        let presence = Self {
            world: Arc::clone(world),
            identity,
            images,
        };
        presence.ensure_node().await?;
        presence.report().await?;
        presence.renew().await?;
        Ok(presence)
    }

    /// Renews the lease, and reports when the images change or when it is time, until everything stops.
    pub(crate) async fn run(mut self) {
        let mut renewal = tokio::time::interval(RENEWAL);
        let mut report = tokio::time::interval(REPORT);
        let stop = self.world.stop.clone();
        report.reset();
        loop {
            let done = tokio::select! {
                () = stop.cancelled() => return,
                _ = renewal.tick() => self.renew().await,
                _ = report.tick() => self.report().await,
                changed = self.images.changed() => match changed {
                    Ok(()) => self.report().await,
                    Err(_) => return,
                },
            };
            if let Err(error) = done {
                warn!(%error, "the node could not report");
            }
        }
    }

    async fn ensure_node(&self) -> Result<(), Failed> {
        let name = &self.identity.name;
        let leases = Namespace {
            metadata: named(LEASES),
            ..Namespace::default()
        };
        self.world.namespaces.ensure(&leases).await?;
        let labels = [
            ("kubernetes.io/hostname", name.as_str()),
            ("kubernetes.io/os", "linux"),
            ("kubernetes.io/arch", architecture()),
            ("beta.kubernetes.io/os", "linux"),
            ("beta.kubernetes.io/arch", architecture()),
        ];
        let own = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        };
        let mut metadata = named(name);
        metadata.labels = Some(own(&labels));
        metadata.annotations = Some(own(&[(NOT_RUN, "not run")]));
        self.world
            .nodes
            .ensure(&Node {
                metadata,
                ..Node::default()
            })
            .await
    }

    async fn report(&self) -> Result<(), Failed> {
        let nodes = self.world.nodes.api("");
        let name = &self.identity.name;
        let node = nodes.get(name).await.doing(|| format!("read node {name}"))?;
        let images = Arc::clone(&self.images.borrow());
        let status = status(&self.identity, &node, &images, Timestamp::now());
        self.world
            .nodes
            .patch_status(&node, &Patch::Strategic(json!({ "status": status })))
            .await
            .map(drop)
    }

    async fn renew(&self) -> Result<(), Failed> {
        let name = &self.identity.name;
        let leases: Api<Lease> = Api::namespaced(self.world.client.clone(), LEASES);
        let now = MicroTime(Timestamp::now());
        let patch = Patch::Merge(json!({ "spec": { "renewTime": now } }));
        match leases.patch(name, &PatchParams::default(), &patch).await {
            Err(error) if crate::queue::code(&error) == Some(404) => {
                let made = leases.create(&PostParams::default(), &self.lease(now)).await;
                crate::queue::ignore_exists(made, || format!("create lease {name}"))
            }
            answer => answer.map(drop).doing(|| format!("renew lease {name}")),
        }
    }

    fn lease(&self, now: MicroTime) -> Lease {
        let name = &self.identity.name;
        let uid = self
            .world
            .nodes
            .get(&crate::informer::Key::new("", name))
            .and_then(|node| node.uid());
        let owner = |uid: String| OwnerReference {
            api_version: "v1".to_owned(),
            kind: "Node".to_owned(),
            name: name.clone(),
            uid,
            ..OwnerReference::default()
        };
        let metadata = ObjectMeta {
            namespace: Some(LEASES.to_owned()),
            owner_references: uid.map(|uid| vec![owner(uid)]),
            ..named(name)
        };
        let spec = LeaseSpec {
            holder_identity: Some(name.clone()),
            lease_duration_seconds: Some(LEASE_SECONDS),
            renew_time: Some(now),
            ..LeaseSpec::default()
        };
        Lease {
            metadata,
            spec: Some(spec),
        }
    }
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        ..ObjectMeta::default()
    }
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn status(identity: &Identity, node: &Node, images: &[Image], now: Timestamp) -> NodeStatus {
    let old = node.status.clone().unwrap_or_default();
    let resources: BTreeMap<String, Quantity> = [
        ("cpu", "1000"),
        ("memory", "1Ti"),
        ("ephemeral-storage", "1Ti"),
        ("pods", PODS),
    ]
    .into_iter()
    .map(|(name, amount)| (name.to_owned(), Quantity(amount.to_owned())))
    .collect();
    NodeStatus {
        capacity: Some(resources.clone()),
        allocatable: Some(resources),
        addresses: Some(vec![
            address("InternalIP", HOST),
            address("Hostname", &identity.name),
        ]),
        conditions: Some(conditions(old.conditions.as_deref().unwrap_or_default(), now)),
        daemon_endpoints: Some(NodeDaemonEndpoints::default()),
        images: Some(listed(images)),
        node_info: Some(NodeSystemInfo {
            architecture: architecture().to_owned(),
            boot_id: identity.boot.clone(),
            machine_id: node.uid().unwrap_or_default(),
            system_uuid: node.uid().unwrap_or_default(),
            kernel_version: "none".to_owned(),
            os_image: "keyside sandbox (containers are not run)".to_owned(),
            operating_system: "linux".to_owned(),
            container_runtime_version: format!("{SCHEME}://{}", env!("CARGO_PKG_VERSION")),
            kubelet_version: identity.version.clone(),
            ..NodeSystemInfo::default()
        }),
        ..NodeStatus::default()
    }
}

fn address(kind: &str, address: &str) -> NodeAddress {
    NodeAddress {
        type_: kind.to_owned(),
        address: address.to_owned(),
    }
}

fn conditions(old: &[NodeCondition], now: Timestamp) -> Vec<NodeCondition> {
    let pressure =
        |kind: &'static str, reason: &'static str, message: &'static str| (kind, "False", reason, message);
    let wanted = [
        pressure(
            "MemoryPressure",
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available",
        ),
        pressure(
            "DiskPressure",
            "KubeletHasNoDiskPressure",
            "kubelet has no disk pressure",
        ),
        pressure(
            "PIDPressure",
            "KubeletHasSufficientPID",
            "kubelet has sufficient PID available",
        ),
        ("Ready", "True", "KubeletReady", NOTE),
        ("ContainersNotRun", "True", "Sandbox", NOTE),
    ];
    let condition = |(kind, status, reason, message): (&str, &str, &str, &str)| {
        let known = old.iter().find(|one| one.type_ == kind && one.status == status);
        NodeCondition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            last_heartbeat_time: Some(Time(now)),
            last_transition_time: known
                .and_then(|known| known.last_transition_time.clone())
                .or(Some(Time(now))),
        }
    };
    wanted.into_iter().map(condition).collect()
}

fn listed(images: &[Image]) -> Vec<ContainerImage> {
    let mut images: Vec<&Image> = images.iter().collect();
    images.sort_by_key(|image| (std::cmp::Reverse(image.size), image.id.clone()));
    let one = |image: &&Image| ContainerImage {
        names: Some(image.names.iter().cloned().collect()),
        size_bytes: i64::try_from(image.size).ok(),
    };
    images.iter().take(LISTED_IMAGES).map(one).collect()
}
