//! One kind of object: what the informer knows of it, and the calls that change it.
//!
//! What the server answers to a write goes straight into the informer, so that the next look sees it.

use crate::informer::{Informer, Key};
use crate::queue::{Doing as _, Failed, code};
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::ops::Deref;
use std::sync::Arc;

/// An informer with the client to write through.
pub(crate) struct Objects<K> {
    client: Client,
    informer: Arc<Informer<K>>,
}

impl<K> Clone for Objects<K> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            informer: Arc::clone(&self.informer),
        }
    }
}

impl<K> Deref for Objects<K> {
    type Target = Informer<K>;

    fn deref(&self) -> &Self::Target {
        &self.informer
    }
}

/// Where objects of a scope are addressed.
pub(crate) trait Scoped<K>: Sized {
    fn api(client: Client, namespace: &str) -> Api<K>;
}

impl<K: Resource<DynamicType = (), Scope = Self>> Scoped<K> for NamespaceResourceScope {
    fn api(client: Client, namespace: &str) -> Api<K> {
        Api::namespaced(client, namespace)
    }
}

impl<K: Resource<DynamicType = (), Scope = Self>> Scoped<K> for ClusterResourceScope {
    fn api(client: Client, _namespace: &str) -> Api<K> {
        Api::all(client)
    }
}

impl<K> Objects<K>
where
    K: Resource<DynamicType = ()> + Clone + Serialize + DeserializeOwned + Debug + Send + Sync + 'static,
    K::Scope: Scoped<K>,
{
    pub(crate) fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            informer: Informer::new(),
        }
    }

    pub(crate) fn informer(&self) -> &Arc<Informer<K>> {
        &self.informer
    }

    pub(crate) fn api(&self, namespace: &str) -> Api<K> {
        K::Scope::api(self.client.clone(), namespace)
    }

    fn api_of(&self, object: &K) -> Api<K> {
        self.api(object.meta().namespace.as_deref().unwrap_or_default())
    }

    pub(crate) async fn create(&self, object: &K) -> Result<K, Failed> {
        let made = self.api_of(object).create(&PostParams::default(), object).await;
        self.keep(made.doing(|| describe("create", object))?)
    }

    /// Creates an object unless there is one of its name.
    pub(crate) async fn ensure(&self, object: &K) -> Result<(), Failed> {
        match self.create(object).await {
            Err(error) if error.code() == Some(409) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Writes an object as it is; refused if somebody else has written since it was read.
    pub(crate) async fn replace(&self, object: &K) -> Result<K, Failed> {
        let api = self.api_of(object);
        let answer = api
            .replace(&object.name_any(), &PostParams::default(), object)
            .await;
        self.keep(answer.doing(|| describe("update", object))?)
    }

    /// Writes the status of an object; refused if somebody else has written since it was read.
    pub(crate) async fn replace_status(&self, object: &K) -> Result<K, Failed> {
        let api = self.api_of(object);
        let answer = api
            .replace_status(&object.name_any(), &PostParams::default(), object)
            .await;
        self.keep(answer.doing(|| describe("update the status of", object))?)
    }

    pub(crate) async fn patch(&self, object: &K, patch: &Patch<serde_json::Value>) -> Result<K, Failed> {
        let answer = self
            .api_of(object)
            .patch(&object.name_any(), &PatchParams::default(), patch)
            .await;
        self.keep(answer.doing(|| describe("change", object))?)
    }

    pub(crate) async fn patch_status(
        &self,
        object: &K,
        patch: &Patch<serde_json::Value>,
    ) -> Result<K, Failed> {
        let answer = self
            .api_of(object)
            .patch_status(&object.name_any(), &PatchParams::default(), patch)
            .await;
        self.keep(answer.doing(|| describe("change the status of", object))?)
    }

    /// Deletes exactly this object, not a successor of its name. Gone already is fine.
    pub(crate) async fn delete(&self, object: &K) -> Result<(), Failed> {
        self.delete_with(
            object,
            DeleteParams {
                propagation_policy: Some(PropagationPolicy::Background),
                ..DeleteParams::default()
            },
        )
        .await
    }

    /// As [`Objects::delete`], at once: for a pod whose end is to be confirmed.
    pub(crate) async fn delete_now(&self, object: &K) -> Result<(), Failed> {
        self.delete_with(
            object,
            DeleteParams {
                grace_period_seconds: Some(0),
                ..DeleteParams::default()
            },
        )
        .await
    }

    async fn delete_with(&self, object: &K, mut params: DeleteParams) -> Result<(), Failed> {
        params.preconditions = Some(Preconditions {
            uid: object.uid(),
            resource_version: None,
        });
        let answer = self.api_of(object).delete(&object.name_any(), &params).await;
        match answer {
            Err(error) if code(&error) == Some(404) => {
                self.informer.observe_gone(object);
                Ok(())
            }
            // The name belongs to another object now.
            Err(error) if code(&error) == Some(409) => Ok(()),
            Err(error) => Err(error).doing(|| describe("delete", object)),
            Ok(either) => {
                self.note_deletion(object, either.left());
                Ok(())
            }
        }
    }

    /// An answer with the object means that it is still there, with a deletion timestamp; unless nothing holds it back.
    fn note_deletion(&self, object: &K, remaining: Option<K>) {
        match remaining {
            Some(remaining) if waits(&remaining) => self.informer.observe(remaining),
            _ => self.informer.observe_gone(object),
        }
    }

    fn keep(&self, object: K) -> Result<K, Failed> {
        self.informer.observe(object.clone());
        Ok(object)
    }
}

/// Whether a deleted object is still stored: it has finalizers, or time to end.
fn waits<K: Resource>(object: &K) -> bool {
    let meta = object.meta();
    meta.deletion_timestamp.is_some()
        && (meta
            .finalizers
            .as_ref()
            .is_some_and(|finalizers| !finalizers.is_empty())
            || meta
                .deletion_grace_period_seconds
                .is_some_and(|seconds| seconds > 0))
}

fn describe<K: Resource<DynamicType = ()>>(verb: &str, object: &K) -> String {
    let key = Key::of(object);
    let slash = if key.namespace.is_empty() { "" } else { "/" };
    format!(
        "{verb} {} {}{slash}{}",
        K::kind(&()).to_ascii_lowercase(),
        key.namespace,
        key.name
    )
}
