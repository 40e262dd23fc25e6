//! Every decision as a pure function over Kubernetes objects: index, resolve, inject, plan, diagnose, rotate.
//!
//! Nothing here waits, asks a clock, reads a file or opens a socket. The running system feeds the [`Index`] with what its
//! watches see; everything else is a question to the index:
//!
//! * [`resolve`]: which credentials answer for an image in a namespace, in which order, and why. *The* decision: every
//!   other part calls it, so no two of them can disagree.
//! * [`inject`]: what to add to a pod.
//! * [`plan`]: which copies to write and to remove, and [`status`]: what may be said afterwards.
//! * [`verify`]: when a credential is shown to its registries, and what their answers mean.
//! * [`admit`]: whether an object may be created as it is.
//! * [`explain`]: the decision as people and programs read it.
//! * [`history`]: what a rotation keeps, and how it is taken back.

pub mod admit;
pub mod adopt;
pub mod diagnose;
pub mod explain;
pub mod history;
pub mod id;
pub mod index;
pub mod inject;
pub mod inventory;
pub mod language;
pub mod names;
pub mod noticed;
pub mod page;
pub mod plan;
pub mod resolve;
pub mod select;
pub mod sentence;
pub mod shell;
pub mod source;
pub mod status;
pub mod verify;
pub mod version;

#[cfg(test)]
mod world;

pub use id::CredentialId;
pub use index::Index;
pub use version::InstallKey;
