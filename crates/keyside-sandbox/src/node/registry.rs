//! The node's own way to images: through keyside-oci, into the store on disk.

use super::pull::{Fetched, Runtime};
use super::records::Record;
use super::store::Store;
use crate::sandbox::Config;
use keyside_keychain::Credential;
use std::sync::Arc;

pub(crate) struct OciRuntime {
    store: Arc<Store>,
}

impl OciRuntime {
    pub(crate) fn new(_config: &Config, store: Arc<Store>) -> Result<Self, String> {
        Ok(Self { store })
    }
}

impl Runtime for OciRuntime {
    async fn find(&self, image: &str) -> Result<Option<String>, String> {
        Ok(self.store.find(image).map(|image| image.id))
    }

    async fn pull(&self, _image: &str, _credential: Option<&Credential>) -> Result<Fetched, String> {
        Err("not yet".to_owned())
    }

    async fn save(&self, id: String, record: Record) {
        if let Err(error) = self.store.save(&id, &record) {
            tracing::warn!(%error, "who may use an image could not be noted");
        }
    }
}
