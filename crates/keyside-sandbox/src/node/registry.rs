//! The node's own way to images: through keyside-oci, into the store on disk.

use super::pull::{Fetched, Runtime};
use super::records::Record;
use super::store::{Image, Store};
use crate::sandbox::Config;
use keyside_keychain::{Credential, Reference};
use keyside_oci::{Options, Pulled, Puller, TrustError};
use std::sync::Arc;
use tracing::warn;

/// Pulls over the network, and keeps what it pulled.
pub(crate) struct OciRuntime {
    puller: Puller,
    store: Arc<Store>,
}

impl OciRuntime {
    pub(crate) fn new(config: &Config, store: Arc<Store>) -> Result<Self, TrustError> {
        let network = config.network.clone();
        Ok(Self {
            puller: Puller::new(Options {
                network,
                ..Options::default()
            })?,
            store,
        })
    }
}

impl Runtime for OciRuntime {
    async fn find(&self, image: &str) -> Result<Option<String>, String> {
        let reference = Reference::parse(image).map_err(|error| error.to_string())?;
        Ok(self
            .store
            .find(&reference.containerd_name())
            .map(|image| image.id))
    }

    async fn pull(&self, image: &str, credential: Option<&Credential>) -> Result<Fetched, String> {
        let reference = Reference::parse(image).map_err(|error| error.to_string())?;
        let pulled = self.puller.pull(&reference, credential, self.store.blobs()).await;
        let pulled = pulled.map_err(|error| error.kubelet_message())?;
        let fetched = Fetched {
            id: pulled.image_id.to_string(),
            size: pulled.size_bytes,
        };
        let config = self.store.blobs().size(&pulled.image_id).unwrap_or_default();
        let (store, image) = (Arc::clone(&self.store), listed(&reference, pulled, config));
        blocking(move || store.add(image))
            .await
            .map_err(|error| format!("failed to list the image: {error}"))?;
        Ok(fetched)
    }

    fn repository_digest(&self, image: &str, id: &str) -> String {
        let repository = image.split_once('@').map_or(image, |(name, _)| name);
        let repository = repository
            .rsplit_once(':')
            .filter(|(_, tag)| !tag.contains('/'))
            .map_or(repository, |(name, _)| name);
        let names = self
            .store
            .find(image)
            .map(|image| image.names)
            .unwrap_or_default();
        let ours = |name: &&String| name.split_once('@').is_some_and(|(name, _)| name == repository);
        names.iter().find(ours).cloned().unwrap_or_else(|| id.to_owned())
    }

    async fn save(&self, id: String, record: Record) {
        let store = Arc::clone(&self.store);
        if let Err(error) = blocking(move || store.save(&id, &record)).await {
            // Whoever wants the image after a restart has to ask the registry again: safe, and worth a line.
            warn!(%error, "who may use an image could not be noted");
        }
    }
}

/// An image as the store lists it: under the name it was asked for, and under its digest.
fn listed(reference: &Reference, pulled: Pulled, config_size: u64) -> Image {
    let digest = format!("{}@{}", reference.lookup(), pulled.manifest_digest);
    let layers = pulled
        .layers
        .iter()
        .map(|layer| (layer.digest.to_string(), layer.size));
    let config = (pulled.image_id.to_string(), config_size);
    Image {
        id: pulled.image_id.to_string(),
        names: [reference.containerd_name(), digest].into(),
        size: pulled.size_bytes,
        content: std::iter::once(config).chain(layers).collect(),
    }
}

async fn blocking(work: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> std::io::Result<()> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(std::io::Error::other(error)))
}
