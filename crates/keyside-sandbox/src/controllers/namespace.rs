//! The end of a namespace: first its pods, then everything else in it, then the namespace itself.

mod conditions;

use super::{Reconciler, World, batch};
use crate::catalog::{self, Meta, Served};
use crate::informer::Key;
use crate::queue::{Doing as _, Failed, Queue, Worked};
use conditions::{Content, Trouble};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, PostParams, Preconditions, PropagationPolicy};
use std::sync::Arc;
use std::time::Duration;

/// The finalizer in `spec.finalizers` that this controller answers for.
const OURS: &str = "kubernetes";
/// Kinds emptied side by side.
const WIDTH: usize = 8;
/// How long a look waits after an object of the namespace has gone: its neighbours go at the same time.
const SETTLE: Duration = Duration::from_millis(50);

pub(crate) struct Controller {
    world: Arc<World>,
}

impl Reconciler for Controller {
    fn listen(&self, queue: &Arc<Queue<Key>>) {
        let own = Arc::clone(queue);
        self.world.namespaces.listen(move |change| {
            if change.new.as_ref().is_some_and(|namespace| is_ending(namespace)) {
                own.add(Key::of(change.latest()));
            }
        });
        let (queue, namespaces) = (Arc::clone(queue), self.world.namespaces.clone());
        self.world.departures.listen(move |namespace| {
            let key = Key::new("", namespace);
            if namespaces
                .get(&key)
                .is_some_and(|namespace| is_ending(&namespace))
            {
                queue.add_after(key, SETTLE);
            }
        });
    }

    async fn reconcile(&self, key: Key) -> Worked {
        let Some(namespace) = self
            .world
            .namespaces
            .get(&key)
            .filter(|namespace| is_ending(namespace))
        else {
            return Ok(None);
        };
        let content = self.empty(&key.name).await;
        if content.is_empty() {
            self.finalize(&namespace).await?;
            return Ok(None);
        }
        self.report(&namespace, &content).await?;
        // What remains goes with a finalizer or a grace period, and its departure calls for the next look. Only trouble is retried.
        match content.trouble {
            Trouble::None => Ok(None),
            _ => Ok(Some(Duration::from_secs(5))),
        }
    }
}

impl Controller {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self {
            world: Arc::clone(world),
        }
    }

    /// Deletes what is in a namespace; the answer is what remains.
    async fn empty(&self, namespace: &str) -> Content {
        let served = match catalog::discover(&self.world.client).await {
            Ok(served) => served,
            Err(error) => return Content::undiscovered(error.cause()),
        };
        let (pods, others): (Vec<_>, Vec<_>) = served
            .into_iter()
            .filter(|one| one.is_namespaced && one.is_deletable())
            .partition(|one| one.resource.group.is_empty() && one.resource.plural == "pods");
        let mut content = Content::default();
        for kinds in [pods, others] {
            let mut answers = futures::stream::iter(kinds)
                .map(|kind| async move { (kind.full_name(), self.empty_kind(&kind, namespace).await) })
                .buffer_unordered(WIDTH);
            while let Some((name, answer)) = answers.next().await {
                content.add(name, answer.map_err(|error| error.cause()));
            }
            // Pods may still use the rest while they end.
            if !content.is_empty() {
                break;
            }
        }
        content
    }

    /// Deletes all objects of a kind; the answer is the finalizers of each that remains.
    async fn empty_kind(&self, kind: &Served, namespace: &str) -> Result<Vec<Vec<String>>, Failed> {
        let api = kind.within(&self.world.client, namespace);
        let doing = || format!("empty {} in {namespace}", kind.full_name());
        let some = api.list(&ListParams::default().limit(1)).await.doing(doing)?;
        if some.items.is_empty() {
            return Ok(Vec::new());
        }
        let params = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Background),
            ..DeleteParams::default()
        };
        if kind.has_collection_delete() {
            api.delete_collection(&params, &ListParams::default())
                .await
                .doing(doing)?;
        } else {
            let all = api.list(&ListParams::default()).await.doing(doing)?;
            batch::each(all.items, |one| {
                let (api, params) = (&api, &params);
                async move {
                    let preconditions = Preconditions {
                        uid: one.uid(),
                        resource_version: None,
                    };
                    let params = DeleteParams {
                        preconditions: Some(preconditions),
                        ..params.clone()
                    };
                    match api.delete(&one.name_any(), &params).await {
                        Err(error) if matches!(crate::queue::code(&error), Some(404 | 409)) => Ok(()),
                        answer => answer.map(drop).doing(doing),
                    }
                }
            })
            .await?;
        }
        let rest = api.list(&ListParams::default()).await.doing(doing)?;
        Ok(rest
            .items
            .iter()
            .map(|one: &Meta| one.finalizers().to_vec())
            .collect())
    }

    /// Gives up our hold; the server removes the namespace when nobody else has one.
    async fn finalize(&self, namespace: &Namespace) -> Result<(), Failed> {
        let mut released = namespace.clone();
        if let Some(finalizers) = released.spec.as_mut().and_then(|spec| spec.finalizers.as_mut()) {
            finalizers.retain(|finalizer| finalizer != OURS);
        }
        let name = namespace.name_any();
        let api = self.world.namespaces.api("");
        match api
            .replace_subresource("finalize", &name, &PostParams::default(), &released)
            .await
        {
            Ok(namespace) => {
                let namespace: Namespace = namespace;
                self.world.namespaces.observe(namespace);
                Ok(())
            }
            Err(error) if crate::queue::code(&error) == Some(404) => Ok(()),
            Err(error) => Err(error).doing(|| format!("finalize namespace {name}")),
        }
    }

    async fn report(&self, namespace: &Namespace, content: &Content) -> Result<(), Failed> {
        let mut status = namespace.status.clone().unwrap_or_default();
        status.phase = Some("Terminating".to_owned());
        status.conditions = Some(conditions::next(status.conditions, content, Timestamp::now()));
        if namespace.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let changed = Namespace {
            status: Some(status),
            ..namespace.clone()
        };
        self.world.namespaces.replace_status(&changed).await.map(drop)
    }
}

fn is_ending(namespace: &Namespace) -> bool {
    let finalizers = namespace.spec.as_ref().and_then(|spec| spec.finalizers.as_ref());
    namespace.metadata.deletion_timestamp.is_some()
        && finalizers.is_some_and(|all| all.iter().any(|one| one == OURS))
}
