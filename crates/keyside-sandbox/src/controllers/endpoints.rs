//! Which pods stand behind a service: `Endpoints` and one `EndpointSlice` for each service with a selector.
//!
//! The addresses are as invented as the pods' own. Services without a selector have endpoints that somebody else writes.

mod plan;

use super::{Reconciler, World};
use crate::informer::Key;
use crate::queue::{Queue, Worked};
use crate::selector;
use k8s_openapi::api::core::v1::{Endpoints, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use std::sync::Arc;

pub(super) struct Controller {
    world: Arc<World>,
}

impl Controller {
    pub(super) fn new(world: &Arc<World>) -> Self {
        Self {
            world: Arc::clone(world),
        }
    }

    /// Endpoints go with their service, if we made them. Slices have an owner and go by themselves.
    async fn remove(&self, key: &Key) -> Worked {
        if let Some(known) = self.world.endpoints.get(key).filter(|known| plan::is_ours(known)) {
            self.world.endpoints.delete(&known).await?;
        }
        Ok(None)
    }
}

impl Reconciler for Controller {
    fn listen(&self, queue: &Arc<Queue<Key>>) {
        let own = Arc::clone(queue);
        self.world
            .services
            .listen(move |change| own.add(Key::of(change.latest())));
        let (pods, services) = (Arc::clone(queue), self.world.services.clone());
        self.world.pods.listen(move |change| {
            let before = change.old.as_deref().map(plan::relevant);
            if before == change.new.as_deref().map(plan::relevant) {
                return;
            }
            let namespace = change.latest().metadata.namespace.as_deref().unwrap_or_default();
            for service in services.list_in(namespace) {
                let selector = service
                    .spec
                    .as_ref()
                    .and_then(|spec| spec.selector.clone())
                    .unwrap_or_default();
                if change
                    .both()
                    .any(|pod| selector::matches_map(&selector, pod.metadata.labels.as_ref()))
                {
                    pods.add(Key::of(&*service));
                }
            }
        });
        let lost = Arc::clone(queue);
        self.world.endpoints.listen(move |change| {
            if change.new.is_none() {
                lost.add(Key::of(change.latest()));
            }
        });
    }

    async fn reconcile(&self, key: Key) -> Worked {
        let Some(service) = self.world.services.get(&key) else {
            return self.remove(&key).await;
        };
        if service.metadata.deletion_timestamp.is_some() || !plan::has_endpoints(&service) {
            return Ok(None);
        }
        let pods: Vec<_> = self.world.pods.list_in(&key.namespace);
        let (wanted, slice) = plan::plan(&service, &pods);
        self.write(&key, &service, wanted).await?;
        self.write_slice(slice).await?;
        Ok(None)
    }
}

impl Controller {
    async fn write(&self, key: &Key, _service: &Service, wanted: Endpoints) -> Worked {
        match self.world.endpoints.get(key) {
            None => self.world.endpoints.ensure(&wanted).await?,
            Some(known) if !plan::is_ours(&known) || known.subsets == wanted.subsets => {}
            Some(known) => {
                let changed = Endpoints {
                    subsets: wanted.subsets,
                    ..Endpoints::clone(&known)
                };
                self.world.endpoints.replace(&changed).await?;
            }
        }
        Ok(None)
    }

    async fn write_slice(&self, wanted: EndpointSlice) -> Worked {
        match self.world.slices.get(&Key::of(&wanted)) {
            None => self.world.slices.ensure(&wanted).await?,
            Some(known) if known.endpoints == wanted.endpoints && known.ports == wanted.ports => {}
            Some(known) => {
                let changed = EndpointSlice {
                    endpoints: wanted.endpoints,
                    ports: wanted.ports,
                    ..EndpointSlice::clone(&known)
                };
                self.world.slices.replace(&changed).await?;
            }
        }
        Ok(None)
    }
}
