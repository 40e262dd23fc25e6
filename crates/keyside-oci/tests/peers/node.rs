//! A puller with a store of its own.

use keyside_keychain::{Credential, Reference};
use keyside_oci::{BlobDir, Options, Platform, PullError, Pulled, Puller};
use std::time::Duration;

pub(crate) struct Node {
    _folder: tempfile::TempDir,
    pub(crate) dir: BlobDir,
    puller: Puller,
}

impl Node {
    pub(crate) fn new(architecture: &str) -> Self {
        Self::with(Options {
            platform: Platform::new("linux", architecture),
            ..options()
        })
    }

    pub(crate) fn with(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            dir: BlobDir::open(folder.path()).unwrap(),
            puller: Puller::new(options).unwrap(),
            _folder: folder,
        }
    }

    pub(crate) async fn pull(
        &self,
        image: &str,
        credential: Option<&Credential>,
    ) -> Result<Pulled, PullError> {
        let image = Reference::parse(image).unwrap();
        self.puller.pull(&image, credential, &self.dir).await
    }

    /// Pulls `team/app:1`.
    pub(crate) async fn pull_app(
        &self,
        host: &str,
        credential: Option<&Credential>,
    ) -> Result<Pulled, PullError> {
        self.pull(&format!("{host}/team/app:1"), credential).await
    }
}

/// As in production, but not for another machine, and impatient.
pub(crate) fn options() -> Options {
    Options {
        platform: Platform::new("linux", "amd64"),
        step_time: Duration::from_secs(3),
        idle_time: Duration::from_secs(2),
        ..Options::default()
    }
}
