//! The webhook's certificates: minted and rotated by keyside, so that a cluster needs nothing else for it.
//!
//! One Secret of keyside's own namespace holds an authority, the next authority while there is one, and a leaf with its
//! key. API servers trust the *bundle*, all authorities in the Secret. Steps are far enough apart ([`rotation::SETTLE`])
//! that a replica or an API server that is one step late still fits to everybody else: at every step, any bundle that is
//! published validates any leaf that is served.

mod files;
mod material;
pub(crate) mod rotation;
mod served;

pub use files::CertificateFiles;
pub(crate) use material::{Material, SECRET};
pub(crate) use served::Served;
