//! A small Kubernetes API server as a library: create, read, patch, apply, watch, admission, tables, OpenAPI, over a
//! memory or disk store.
//!
//! What happens to one object (decode, default, validate, patch, print) is `keyside-apimachinery`'s; this crate
//! stores, listens, waits, and knows who may do what.
//!
//! A request's way: [`handle`] finds out who asks ([`auth`]) and what for ([`path`], [`catalog`]), a verb in [`verbs`]
//! prepares the change and asks [`admission`], [`store`] makes it durable, and watchers hear of it.
//!
//! | Module | What it does |
//! |---|---|
//! | [`server`] | puts the parts together; the in-process service |
//! | [`handle`] | the way of every request |
//! | [`path`], [`query`], [`accept`], [`body`], [`reply`] | HTTP in and out |
//! | [`catalog`], [`discovery`] | what is served, and telling clients so |
//! | [`verbs`] | get, list, watch, create, update, patch, apply, delete; subresources |
//! | [`present`] | stored objects on their way out: versions, tables, metadata |
//! | [`allocate`], [`expire`] | addresses of services; the end of events |
//! | [`store`] | objects, history, durability |
//! | [`auth`], [`admission`], [`crd`], [`pki`] | identities, rules, webhooks, custom kinds, certificates |

mod accept;
pub mod admission;
mod allocate;
pub mod auth;
mod body;
mod call;
mod catalog;
mod clock;
mod convert;
mod crd;
mod discovery;
mod expire;
mod handle;
mod path;
pub mod pki;
mod present;
mod query;
mod reply;
pub mod server;
mod services;
pub mod store;
mod verbs;

pub use auth::UserInfo;
pub use server::{ApiServer, Body, Builder, Local};
