//! What surrounds an API server in the embedded world: default service accounts, workload controllers, a scheduler, a node that
//! pulls, garbage collection, sample images.
//!
//! Everything here is a client of the API server and nothing else: [`Sandbox::start`] takes a [`kube::Client`] and works as
//! `kube-controller-manager`, `kube-scheduler` and a kubelet would, with one difference that is said wherever it could be missed:
//! **containers are not run**. Images are really pulled, though, every layer of them, with the credentials and in the order that a
//! kubelet would use.
//!
//! | Module | What it does |
//! |---|---|
//! | [`informer`], [`objects`], [`queue`] | one watch per kind, writes that memory hears of, work that is done once at a time |
//! | [`event`] | events, merged as client-go merges them |
//! | [`controllers`] | deployments, replica sets, stateful sets, daemon sets, jobs, cron jobs, endpoints, namespaces, service accounts |
//! | [`garbage`] | owners and dependents |
//! | [`scheduler`] | pods to nodes |
//! | [`node`] | pulling as a kubelet does |
//! | [`sample`] | an image to try it with |
//!
//! Nothing polls: work follows watches, and times that objects themselves name (a back-off, a schedule, a deadline).

mod catalog;
mod controllers;
mod cron;
mod event;
mod garbage;
mod informer;
mod node;
mod objects;
mod pod;
mod queue;
pub mod sample;
mod sandbox;
mod scheduler;
mod selector;
mod token_bucket;

pub use node::VerificationPolicy;
pub use queue::Failed;
pub use sandbox::{Config, Parts, Sandbox, StartError};
