//! The built-in kinds: what each one defaults, refuses, keeps, warns about and shows in a table.
//!
//! [`builtin_resources`] is the list of everything served besides custom resources, in discovery's order. Each API
//! group has a file with its rows and a folder with its kinds; a kind is a [`kind::Kind`], a table of functions over
//! the JSON object. Rules and sentences are those of Kubernetes (`pkg/apis/*/v1/defaults.go`,
//! `pkg/apis/*/validation`, `pkg/registry/*/strategy.go`, `pkg/printers/internalversion`).
//!
//! Resources whose only verb is `create` (`TokenReview`, `Binding`) are questions and commands: they are never
//! stored, and the server answers them with code of its own.

mod access;
mod address;
mod admission;
mod apps;
mod batch;
mod checks;
mod cluster;
mod coordination;
mod core;
mod kind;
pub(crate) mod name;
mod network;
mod others;
mod path;
pub(crate) mod print;
pub(crate) mod quantity;
mod rbac;
mod selector;
mod served;

pub use self::core::service::{needs_cluster_ip, ports_without_node_port, set_cluster_ip};

use crate::resource::Resource;

/// Everything served besides custom resources.
#[must_use]
pub fn builtin_resources() -> Vec<Resource> {
    let groups = [
        core::resources(),
        cluster::registrations(),
        apps::resources(),
        coordination::events(),
        cluster::reviews(),
        others::autoscalers(),
        batch::resources(),
        others::certificates(),
        network::resources(),
        others::runtimes(),
        cluster::policies(),
        rbac::resources(),
        cluster::storage(),
        others::drivers(),
        admission::resources(),
        cluster::definitions(),
        cluster::priorities(),
        coordination::leases(),
        network::slices(),
    ];
    groups.into_iter().flatten().collect()
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
