//! The client side of registries: challenge, token, verify a pull, pull with digest checks.

mod address;
mod bound;
mod cause;
mod challenge;
mod client;
mod digest;
mod manifest;
mod origin;
mod pull;
mod store;
mod token;
pub mod verify;

pub use bound::{Authorization, Form, Realm, RealmError, TokenService, Unsendable};
pub use cause::Cause;
pub use challenge::{Ask, Bearer, Unreadable};
pub use client::{Answer, Call, Client, Network, SendError, Trust, TrustError};
pub use digest::{Digest, NotADigest};
pub use manifest::{Descriptor, Platform};
pub use origin::{Origin, OriginError, Registry, RegistryError};
pub use pull::{Code, Options, PullError, Pulled, Puller};
pub use store::BlobDir;
