//! What the API server serves: asked anew when a custom kind comes or goes.

use crate::queue::{Doing as _, Failed};
use kube::Client;
use kube::api::{ApiResource, DynamicObject};
use kube::core::PartialObjectMeta;
use kube::discovery::{ApiCapabilities, Discovery, Scope, verbs};
use kube::{Api, discovery};

/// An object of which only `metadata` is read.
pub(crate) type Meta = PartialObjectMeta<DynamicObject>;

/// One served resource.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) resource: ApiResource,
    pub(crate) is_namespaced: bool,
    operations: Vec<String>,
}

impl Served {
    fn new(resource: ApiResource, capabilities: ApiCapabilities) -> Self {
        let is_namespaced = capabilities.scope == Scope::Namespaced;
        Self {
            resource,
            is_namespaced,
            operations: capabilities.operations,
        }
    }

    fn supports(&self, verb: &str) -> bool {
        self.operations.iter().any(|one| one == verb)
    }

    /// Whether objects can be followed and deleted, so that owners and dependents of this kind can be kept in order.
    pub(crate) fn is_collectable(&self) -> bool {
        // Events own nothing, are owned by nothing and come in masses.
        self.resource.kind != "Event"
            && [verbs::LIST, verbs::WATCH, verbs::DELETE]
                .iter()
                .all(|verb| self.supports(verb))
    }

    pub(crate) fn is_deletable(&self) -> bool {
        self.supports(verbs::DELETE) && self.supports(verbs::LIST)
    }

    pub(crate) fn has_collection_delete(&self) -> bool {
        self.supports("deletecollection")
    }

    /// `deployments.apps`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.resource.plural, self.resource.group)
    }

    /// Access to all objects of the kind.
    pub(crate) fn everywhere(&self, client: &Client) -> Api<Meta> {
        Api::all_with(client.clone(), &self.resource)
    }

    /// Access to the objects of a namespace, or to all if the kind has none.
    pub(crate) fn within(&self, client: &Client, namespace: &str) -> Api<Meta> {
        if self.is_namespaced && !namespace.is_empty() {
            Api::namespaced_with(client.clone(), namespace, &self.resource)
        } else {
            self.everywhere(client)
        }
    }
}

/// Everything that is served, each kind in one version.
pub(crate) async fn discover(client: &Client) -> Result<Vec<Served>, Failed> {
    let found: discovery::Discovery = Discovery::new(client.clone())
        .run_aggregated()
        .await
        .doing(|| "ask what is served".to_owned())?;
    let mut served: Vec<Served> = Vec::new();
    for group in found.groups() {
        let resources = group.resources_by_stability().into_iter();
        served.extend(resources.map(|(resource, capabilities)| Served::new(resource, capabilities)));
    }
    served.sort_by_key(|one| (one.resource.group.clone(), one.resource.plural.clone()));
    Ok(served)
}
