//! What every namespace has from the start: the service account `default` and the certificate of the API server.

use super::{Reconciler, World};
use crate::informer::Key;
use crate::queue::{Queue, Worked};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Name of the `ConfigMap` that pods mount beside their token.
pub(super) const ROOT_CERTIFICATE: &str = "kube-root-ca.crt";
const DATA_KEY: &str = "ca.crt";

pub(super) struct Controller {
    world: Arc<World>,
    /// PEM. Without one, no `ConfigMap` is made.
    root_certificate: Option<String>,
}

impl Controller {
    pub(super) fn new(world: &Arc<World>, root_certificate: Option<String>) -> Self {
        Self {
            world: Arc::clone(world),
            root_certificate,
        }
    }

    async fn ensure_certificate(&self, key: &Key, certificate: &str) -> Worked {
        let certificates = &self.world.root_certificates;
        let data = BTreeMap::from([(DATA_KEY.to_owned(), certificate.to_owned())]);
        match certificates.get(&Key::new(&key.name, ROOT_CERTIFICATE)) {
            Some(known) if known.data.as_ref() == Some(&data) => {}
            Some(known) => {
                let changed = ConfigMap {
                    data: Some(data),
                    ..ConfigMap::clone(&known)
                };
                certificates.replace(&changed).await?;
            }
            None => {
                let mut metadata = named(&key.name, ROOT_CERTIFICATE);
                let text = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints.";
                metadata.annotations = Some(BTreeMap::from([(
                    "kubernetes.io/description".to_owned(),
                    text.to_owned(),
                )]));
                certificates
                    .ensure(&ConfigMap {
                        metadata,
                        data: Some(data),
                        ..ConfigMap::default()
                    })
                    .await?;
            }
        }
        Ok(None)
    }
}

impl Reconciler for Controller {
    fn listen(&self, queue: &Arc<Queue<Key>>) {
        let own = Arc::clone(queue);
        self.world.namespaces.listen(move |change| {
            if change.new.is_some() {
                own.add(Key::of(change.latest()));
            }
        });
        // What is deleted or changed comes back; while a namespace ends, the look finds that out.
        let accounts = Arc::clone(queue);
        self.world.service_accounts.listen(move |change| {
            if change.new.is_none() {
                accounts.add(home(change.latest()));
            }
        });
        let certificates = Arc::clone(queue);
        self.world
            .root_certificates
            .listen(move |change| certificates.add(home(change.latest())));
    }

    async fn reconcile(&self, key: Key) -> Worked {
        let Some(namespace) = self
            .world
            .namespaces
            .get(&key)
            .filter(|namespace| is_active(namespace))
        else {
            return Ok(None);
        };
        let name = namespace.metadata.name.as_deref().unwrap_or_default();
        if self
            .world
            .service_accounts
            .get(&Key::new(name, "default"))
            .is_none()
        {
            let account = ServiceAccount {
                metadata: named(name, "default"),
                ..ServiceAccount::default()
            };
            match self.world.service_accounts.ensure(&account).await {
                // The namespace has begun to end.
                Err(error) if matches!(error.code(), Some(403 | 404)) => return Ok(None),
                answer => answer?,
            }
        }
        match &self.root_certificate {
            Some(certificate) => self.ensure_certificate(&key, certificate).await,
            None => Ok(None),
        }
    }
}

fn is_active(namespace: &Namespace) -> bool {
    namespace.metadata.deletion_timestamp.is_none()
}

fn home<K: Resource>(object: &K) -> Key {
    Key::new("", object.meta().namespace.clone().unwrap_or_default())
}

fn named(namespace: &str, name: &str) -> ObjectMeta {
    ObjectMeta {
        namespace: Some(namespace.to_owned()),
        name: Some(name.to_owned()),
        ..ObjectMeta::default()
    }
}
