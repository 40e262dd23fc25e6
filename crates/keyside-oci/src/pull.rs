//! Pulling an image: every document and every layer, each proven by its digest before it is kept.

mod blob;
mod error;
mod flight;
mod message;
mod resolve;
mod session;

pub use error::{Code, PullError};

use crate::client::{Client, Network, TrustError};
use crate::digest::Digest;
use crate::manifest::{Descriptor, Platform, platform_of_config};
use crate::origin::Origin;
use crate::store::BlobDir;
use blob::Blob;
use error::Failure;
use flight::Flights;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use keyside_keychain::{Credential, Reference};
use resolve::Resolved;
use session::Session;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Configs are small; one that is not is not asked for its platform.
const CONFIG_LIMIT: u64 = 4 * 1024 * 1024;

/// How to pull.
#[derive(Clone, Debug)]
pub struct Options {
    /// Trust, plain HTTP and fixed addresses.
    pub network: Network,
    /// What images are pulled for.
    pub platform: Platform,
    /// Downloads at the same time, over all pulls.
    pub parallel: usize,
    /// Token services that may see the credentials of a registry, by the registry's host as it stands in images.
    pub token_services: BTreeMap<String, Vec<Origin>>,
    /// For everything but content: until the manifest is read, and until each download begins.
    pub step_time: Duration,
    /// In which 16 KiB of content must arrive, or the rest of it.
    pub idle_time: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            network: Network::default(),
            platform: Platform::host(),
            parallel: 4,
            token_services: BTreeMap::new(),
            step_time: Duration::from_secs(15),
            idle_time: blob::IDLE_TIME,
        }
    }
}

/// Pulls images. One for the whole node: it shares connections and downloads between pulls.
#[derive(Debug)]
pub struct Puller {
    client: Client,
    platform: Platform,
    parallel: usize,
    token_services: BTreeMap<String, Vec<Origin>>,
    step_time: Duration,
    idle_time: Duration,
    flights: Flights,
    downloads: Semaphore,
}

/// An image that lies in the store completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// Digest of what the name points to: the index if there is one, else the manifest. What a pod's `imageID` ends in.
    pub manifest_digest: Digest,
    /// Media type of the platform's manifest.
    pub media_type: String,
    /// Digest of the config, which runtimes use as the image's id.
    pub image_id: Digest,
    /// Bytes of all documents and layers, as downloaded.
    pub size_bytes: u64,
    /// What the image is for.
    pub platform: Platform,
    /// The layers, the lowest first.
    pub layers: Vec<Descriptor>,
}

impl Puller {
    /// Prepares to pull.
    ///
    /// # Errors
    /// [`TrustError`] if an authority's certificate cannot be used.
    pub fn new(options: Options) -> Result<Self, TrustError> {
        let parallel = options.parallel.max(1);
        Ok(Self {
            client: Client::new(&options.network)?,
            platform: options.platform,
            parallel,
            token_services: options.token_services,
            step_time: options.step_time,
            idle_time: options.idle_time,
            flights: Flights::default(),
            downloads: Semaphore::new(parallel),
        })
    }

    /// Pulls an image with one credential or none. What is in the store already is not downloaded again; what an earlier pull has
    /// begun is continued. It may be dropped at any time.
    ///
    /// The registry is asked in any case, so that a name means what it means now and nobody gets an image for lying there.
    ///
    /// # Errors
    /// [`PullError`], with its cause.
    pub async fn pull(
        &self,
        image: &Reference,
        credential: Option<&Credential>,
        dir: &BlobDir,
    ) -> Result<Pulled, PullError> {
        self.pull_all(image, credential, dir)
            .await
            .map_err(|failure| PullError::new(image, failure))
    }

    async fn pull_all(
        &self,
        image: &Reference,
        credential: Option<&Credential>,
        dir: &BlobDir,
    ) -> Result<Pulled, Failure> {
        let registry = self.client.registry(image.host()).map_err(Failure::Reference)?;
        let confirmed = self
            .token_services
            .get(image.host())
            .map(Vec::as_slice)
            .unwrap_or_default();
        let session = Session::new(
            &self.client,
            registry,
            image,
            credential,
            confirmed,
            self.step_time,
        );
        let resolved = resolve::resolve(&session, dir, &self.platform).await?;

        let config = &resolved.manifest.config;
        let config_blob = Blob {
            descriptor: config,
            part: "config",
        };
        // First, and alone: it is small, and it may say that the layers are for another processor.
        self.ensure(&session, dir, config_blob).await?;
        let platform = self.check_platform(&resolved, dir)?;
        self.ensure_layers(&session, dir, &resolved.manifest.layers)
            .await?;
        Ok(pulled(resolved, platform))
    }

    /// A few layers at a time, so that a manifest with very many of them costs no more memory than one with a few.
    async fn ensure_layers(
        &self,
        session: &Session<'_>,
        dir: &BlobDir,
        layers: &[Descriptor],
    ) -> Result<(), Failure> {
        let mut waiting = layers.iter();
        let mut running = FuturesUnordered::new();
        loop {
            for descriptor in waiting.by_ref().take(self.parallel - running.len()) {
                let part = "layer";
                running.push(self.ensure(session, dir, Blob { descriptor, part }));
            }
            match running.next().await {
                Some(ended) => ended?,
                None => return Ok(()),
            }
        }
    }

    /// The image's platform by its config. It is only held against the image if an index left it open: whoever names a single
    /// manifest gets it, as with containerd.
    fn check_platform(&self, resolved: &Resolved, dir: &BlobDir) -> Result<Platform, Failure> {
        let config = dir.read(&resolved.manifest.config.digest, CONFIG_LIMIT);
        let said = config.as_deref().and_then(platform_of_config);
        match (said, &resolved.descriptor.platform) {
            (Some(said), _) if resolved.unproven && !self.platform.runs(&said) => {
                Err(Failure::Platform(resolved.digest.clone()))
            }
            (Some(said), _) => Ok(said),
            (None, Some(listed)) => Ok(listed.clone()),
            (None, None) => Ok(self.platform.clone()),
        }
    }
}

fn pulled(resolved: Resolved, platform: Platform) -> Pulled {
    let config = &resolved.manifest.config;
    let layers = resolved.manifest.layers.iter().map(|layer| layer.size);
    let size_bytes = layers.fold(resolved.size.saturating_add(config.size), u64::saturating_add);
    Pulled {
        manifest_digest: resolved.digest,
        media_type: resolved.descriptor.media_type,
        image_id: config.digest.clone(),
        size_bytes,
        platform,
        layers: resolved.manifest.layers,
    }
}
