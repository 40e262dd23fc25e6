//! The node: it pulls the images of its pods as a kubelet does, every layer of them, and says plainly that it runs nothing.
//!
//! | Module | What it answers |
//! |---|---|
//! | [`image_manager`], [`back_off`], [`records`], [`keyring`] | which image is pulled when, with which credential, and what is said (pure) |
//! | [`pull`], [`store`], [`registry`] | asking registries and keeping what they gave |
//! | [`sync`], [`container`], [`status`] | what becomes of a pod |
//! | [`agent`], [`presence`] | following the pods, and being a node |
//!
//! What a pod of this node looks like: `containerStatuses` say running as soon as the image is there, with a container id of the scheme
//! `keyside-not-run`; the annotation `sandbox.keyside.dev/containers: not run` stands on the pod and on the node. A pod that does not
//! restart always ends when its author says so with `sandbox.keyside.dev/outcome: succeed` (or `fail`); otherwise it stays running.

mod addresses;
mod agent;
mod back_off;
pub(crate) mod container;
mod image_manager;
mod keyring;
mod presence;
mod pull;
mod records;
mod registry;
mod status;
mod store;
mod sync;

pub(crate) use agent::Agent;
pub(crate) use image_manager::ImageManager;
pub(crate) use presence::{Identity, Presence};
#[cfg(test)]
pub(crate) use pull::Fetched;
pub(crate) use pull::{Images, Runtime};
#[cfg(test)]
pub(crate) use records::Record;
pub use records::VerificationPolicy;
pub(crate) use registry::OciRuntime;
pub(crate) use store::Store;
