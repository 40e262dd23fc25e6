//! The running system: watches feed the index, plans become API calls, plus webhook, web UI, metrics, lease.
//!
//! [`run`] starts everything over one [`kube::Client`]; what stands behind the client (a cluster, the embedded API
//! server, a test's memory store) makes no difference. [`install()`] puts the kinds and the system namespace in place, and
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
//! // in a cluster, `running.serve(ports)` does both, and keeps certificates and registration as they shall be
//! # Ok(())
//! # }
//! ```

mod apply;
mod certificate;
mod context;
mod diagnosis;
mod error;
mod flow;
mod health;
mod install;
mod keeper;
mod key;
mod lease;
mod leftover;
mod listen;
pub mod metrics;
mod policy;
mod queue;
pub mod rbac;
mod reconcile;
mod registration;
mod report;
mod running;
mod single;
mod stall;
mod verify;
mod watches;
mod webhook;
mod wire;

pub use certificate::CertificateFiles;
pub use diagnosis::{Diagnoses, Restarts};
pub use install::install;
pub use keeper::Target;
pub use lease::{Candidacy, Pace};
pub use policy::{may_register_webhook, may_write_policies, serves_policies};
pub use registration::{Reach, SERVICE, WEBHOOK_CONFIGURATION, register_webhook};
pub use running::{Config, Pages, Ports, Running, run};
pub use verify::{Verification, registry_client};
