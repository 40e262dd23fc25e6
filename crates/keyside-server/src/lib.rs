//! The running system: watches feed the index, plans become API calls, plus webhook, web UI, metrics, lease.
//!
//! [`run`] starts everything over one [`kube::Client`]; what stands behind the client (a cluster, the embedded API
//! server, a test's memory store) makes no difference. [`install`] puts the kinds and the system namespace in place, and
//! [`register_webhook`] tells the API server to ask us at admission.
//!
//! ```no_run
//! # async fn start(client: kube::Client) -> anyhow::Result<()> {
//! use keyside_server::{Config, Reach};
//! use tokio_util::sync::CancellationToken;
//!
//! keyside_server::install(&client).await?;
//! let running = keyside_server::run(Config::new(client.clone()), CancellationToken::new()).await?;
//! // hand `running.webhook()` to whoever serves it: a TLS listener, or the embedded API server
//! keyside_server::register_webhook(&client, &Reach::service()).await?;
//! running.ready().await;
//! # Ok(())
//! # }
//! ```

mod install;
mod running;

pub use install::{Reach, SERVICE, WEBHOOK_CONFIGURATION, install, register_webhook};
pub use running::{Config, Running, run};
