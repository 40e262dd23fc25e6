//! The running system: watches feed the index, plans become API calls, plus webhook, web UI, metrics, lease.
//!
//! [`run`] starts everything over one [`kube::Client`]; what stands behind the client (a cluster, the embedded API
//! server, a test's memory store) makes no difference. [`install`] puts the kinds and the system namespace in place, and
//! [`register_webhook`] tells the API server to ask us at admission.
//!
//! A change's way: a watch shows an object, the index takes it in and says whom it concerns, the queue holds those keys,
//! and a controller views, plans, applies and reports. Everything that is decided is decided in `keyside-core`.
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

mod apply;
mod context;
mod error;
mod flow;
mod install;
mod key;
mod queue;
mod reconcile;
mod report;
mod running;
mod watches;
pub mod web;
mod webhook;
mod wire;

pub use install::{Reach, SERVICE, WEBHOOK_CONFIGURATION, install, register_webhook};
pub use running::{Config, Running, run};
