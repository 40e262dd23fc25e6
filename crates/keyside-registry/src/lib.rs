//! An OCI distribution registry as a library: an axum router over an object store, with authentication modes and scripted faults.
//!
//! It stores and hands out container images by the protocol that docker, containerd and all the others speak (the OCI distribution
//! specification). It keeps no state but what is in its [`Store`]: several processes over one store are one registry, uploads in
//! progress included. Nothing large is ever held in memory.
//!
//! ```
//! use keyside_registry::{Authentication, Registry, Rights, Store};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let registry = Registry::builder(Store::memory())
//!     .authentication(Authentication::Bearer)
//!     .anonymous(Rights::none().pull("public"))
//!     .build()?;
//! registry.accounts().set("robot", "s3cret", Rights::none().pull("shop")).await?;
//!
//! let router: axum::Router = registry.router();   // serve it, or call it as a tower service
//! # Ok(())
//! # }
//! ```
//!
//! How a request travels: `serve` finds out under which name the registry was reached, `route` what the path means, `access` who is
//! asking and whether they may, and `content` does it, in terms of objects in the `store`. `faults` steps in between when a test asked
//! for it.

mod access;
mod builder;
mod content;
mod digest;
mod error;
mod faults;
mod form;
mod manifest;
mod name;
mod random;
mod route;
mod serve;
mod store;

pub use access::{AccountError, Accounts, Action, Authentication, Rights};
pub use builder::{BuildError, Builder, Registry, SeedError, SweepError};
pub use faults::{Fault, Faults, Part, Script};
#[cfg(feature = "s3")]
pub use store::Bucket;
pub use store::{Store, StoreError};

#[cfg(test)]
mod tests;
