//! The client side of registries: challenge, token, verify a pull, pull with digest checks.

mod address;
mod bound;
mod cause;
mod challenge;
mod digest;
mod origin;

pub use bound::{Authorization, Form, Realm, RealmError, TokenService, Unsendable};
pub use cause::Cause;
pub use challenge::{Ask, Bearer, Unreadable};
pub use digest::{Digest, NotADigest};
pub use origin::{Origin, OriginError, Registry, RegistryError};
