//! Which credential answers for which image: the idea that keyside is made of.
//!
//! A pod names images. A cluster holds credentials. Between the two stands one question, asked for every image of every pod, and this
//! crate answers it. It knows nothing of Kubernetes, does no I/O and has no clock, so that the webhook, the copies, the node plugin,
//! `explain` and the web UI can all ask the same function and never disagree.
//!
//! # The question in four steps
//!
//! **1. What does the pod mean?** [`Reference::parse`] reads an image as the kubelet does: `nginx:1` is `docker.io/library/nginx`.
//!
//! **2. What is a credential for?** A [`Pattern`] is a registry, perhaps with a path: `quay.io/shop`. However people wrote it
//! (`https://Quay.io/v2/shop/`), it has one canonical spelling, and a path ends at a segment: `quay.io/shop` is not for
//! `quay.io/shop-b`.
//!
//! **3. Which ones answer, and in which order?** A [`Keychain`] holds credentials by pattern. Of those that match, the more specific
//! pattern comes first, then the narrower [`Scope`], then what is [managed](Origin) before what is plain, then the name.
//!
//! ```
//! use keyside_keychain::{Keychain, Origin, Pattern, Rank, Reference, Scope};
//!
//! let mut keychain = Keychain::new();
//! for (pattern, scope, name) in [
//!     ("quay.io", Scope::Cluster, "everybody"),
//!     ("quay.io/shop", Scope::Project, "shop"),
//!     ("quay.io/shop-b", Scope::Project, "neighbour"),
//!     ("quay.io", Scope::Namespace, "mine"),
//! ] {
//!     let rank = Rank { scope, origin: Origin::Managed, name: name.to_owned() };
//!     keychain.insert(Pattern::parse(pattern)?, rank, name);
//! }
//!
//! let image = Reference::parse("quay.io/shop/web:1.2")?;
//! let answers: Vec<_> = keychain.resolve(&image).iter().map(|filed| filed.payload).collect();
//! assert_eq!(answers, ["shop", "mine", "everybody"]);
//!
//! // And for those who ask why not:
//! let near = &keychain.nearest(&image, 1)[0];
//! assert_eq!((near.filed.payload, near.miss), ("neighbour", keyside_keychain::keychain::Miss::OtherPath));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **4. Will the node do the same?** The kubelet has a rule of its own, older and looser: paths are raw prefixes, spelling counts, and
//! one unreadable Secret stops every pull of the pod. It cannot be changed, so it is reproduced: [`Keyring`] tries credentials in
//! exactly the kubelet's order, and [`Pattern::delivered_keys`] gives the keys that make the kubelet find what was decided, and
//! nothing else.
//!
//! ```
//! use keyside_keychain::{Credential, DockerConfig, Escape, Form, Keyring, Pattern};
//!
//! let keys = Pattern::parse("quay.io/shop")?.delivered_keys([]);
//! assert_eq!(keys, ["quay.io/shop/"]);
//! let copy = DockerConfig::with_keys(keys, &Credential::new("robot", "s3cret")).to_json(Escape::Plain);
//!
//! let mut keyring = Keyring::new();
//! keyring.add_secret("copy", Form::ConfigJson.secret_type(), Form::ConfigJson.data_key(), copy.expose())?;
//! assert_eq!(keyring.lookup("quay.io/shop/web").len(), 1);
//! assert_eq!(keyring.lookup("quay.io/shop-b/web").len(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Around it
//!
//! [`docker_config`] reads and writes what pull secrets hold, with all the tolerance of the programs that read them. [`lint`] says
//! what is doubtful about an input before it is stored. [`preset`] knows the registries that people use. [`Secret`] keeps a password
//! out of logs, errors and debug output. How an answer becomes a change to a pod or a copy in a namespace is the next crate's
//! business: go on with `keyside-core/src/resolve.rs`.

#![warn(missing_docs)]

#[cfg(test)]
mod acceptance;
mod auth_field;
mod credential;
pub mod docker_config;
mod glob;
mod hub;
mod json;
pub mod keychain;
pub mod keyring;
pub mod lint;
pub mod pattern;
pub mod preset;
mod reference;
mod url;

pub use auth_field::AuthFieldError;
pub use credential::{Credential, Secret};
pub use docker_config::{DockerConfig, Escape, Form};
pub use json::SyntaxError;
pub use keychain::{Keychain, Origin, Rank, Scope};
pub use keyring::Keyring;
pub use pattern::{Pattern, PatternError};
pub use reference::{DOCKER_HUB, Reference, ReferenceError};
