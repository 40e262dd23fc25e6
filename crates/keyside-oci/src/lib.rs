//! The client side of registries: who asks, what a secret may be shown to, whether a pull would work, and the pull itself.
//!
//! Registries are strangers. They name other hosts to ask for tokens, redirect to storage, and answer as much and as slowly as they
//! like; whoever makes a node talk to one decides what it hears. So this crate is built around three rules:
//!
//! * **A secret belongs to an origin.** [`Authorization`] and [`Form`] are made for one scheme, host and port, and [`Client`] sends
//!   them nowhere else. A [`TokenService`] elsewhere is admitted by one function, which knows two pairs and what was confirmed.
//! * **Every answer has limits**, in size and in time, and every address is checked when it is dialled.
//! * **Nothing is kept that did not prove its digest.** [`BlobDir`] gives a name to content, and only to content.
//!
//! Two things are done with it. [`verify`] finds out whether a credential works, without downloading anything:
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use keyside_keychain::{Credential, Reference};
//! use keyside_oci::verify::{Question, verify};
//! use keyside_oci::{Client, Network};
//!
//! let client = Client::new(&Network::default())?;
//! let image = Reference::parse("quay.io/shop/web:1.2")?;
//! let question = Question::pull(&client, &image, Some(Credential::new("shop+robot", "s3cret")))?;
//! let verdict = verify(&client, &question).await;
//! println!("{} ({})", verdict.reason, verdict.detail);
//! # Ok(())
//! # }
//! ```
//!
//! [`Puller`] pulls as a node does, with a node's words when it fails:
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use keyside_keychain::Reference;
//! use keyside_oci::{BlobDir, Options, Puller};
//!
//! let puller = Puller::new(Options::default())?;
//! let dir = BlobDir::open("/var/lib/images")?;
//! match puller.pull(&Reference::parse("nginx:1.27")?, None, &dir).await {
//!     Ok(image) => println!("{} has {} layers", image.image_id, image.layers.len()),
//!     Err(error) => println!("{:?}: {}", error.cause(), error.kubelet_message()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Read [`challenge`](Ask) and `bound.rs` first, then `pull/session.rs` for the pull or `verify/machine.rs` for the verification.
//!
//! Without the feature `client` only what needs no network is left: everything that reads what registries say, and the order of the
//! questions of a verification. Whoever only wants to feed that with arbitrary bytes need not build a TLS library.

#![cfg_attr(
    not(feature = "client"),
    expect(dead_code, reason = "some of what is read is only needed to go on")
)]

#[cfg(feature = "client")]
mod address;
mod bound;
mod call;
mod cause;
mod challenge;
#[cfg(feature = "client")]
mod client;
mod digest;
mod failure;
mod manifest;
mod origin;
#[cfg(feature = "client")]
mod pull;
#[cfg(feature = "client")]
mod store;
mod token;
pub mod verify;

pub use bound::{Authorization, Form, Realm, RealmError, TokenService, Unsendable};
pub use call::{Answer, Call};
pub use cause::Cause;
pub use challenge::{Ask, Bearer, Unreadable};
#[cfg(feature = "client")]
pub use client::{Client, Network, Proxy, ProxyError, Trust, TrustError};
pub use digest::{Digest, NotADigest};
pub use failure::SendError;
pub use manifest::{Descriptor, Platform};
pub use origin::{Origin, OriginError, Registry, RegistryError};
#[cfg(feature = "client")]
pub use pull::{Code, Options, PullError, Pulled, Puller};
#[cfg(feature = "client")]
pub use store::BlobDir;
