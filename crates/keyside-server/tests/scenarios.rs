//! The running system over an API server: what users do, and what must come of it.
//!
//! Every scenario runs in two worlds: over the embedded API server, in this process, and on a real Kubernetes when
//! `KEYSIDE_KUBECONFIG` names one (`cargo e2e cluster`).
//!
//! With `KEYSIDE_DEPLOYED`, keyside already runs there, in containers and as it is installed (`cargo e2e incluster`): what a test
//! sees then is the work of these, and tests that need a keyside of their own end at once.
//!
//! Every call of keyside goes through a layer that counts, so that costs are asserted as equalities.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, whichever function finds it out"
)]

/// Ends a test that spoils keyside's calls, or runs it with settings of its own, where keyside is not the test's own.
macro_rules! own_keyside {
    () => {
        if crate::world::passes_by() {
            return;
        }
    };
}

#[path = "scenarios/bed.rs"]
mod bed;
#[path = "scenarios/conflicts.rs"]
mod conflicts;
#[path = "scenarios/costs.rs"]
mod costs;
#[path = "scenarios/delivery.rs"]
mod delivery;
#[path = "scenarios/deployed.rs"]
mod deployed;
#[path = "scenarios/faults.rs"]
mod faults;
#[path = "scenarios/listener.rs"]
mod listener;
#[path = "scenarios/pods.rs"]
mod pods;
#[path = "scenarios/policy.rs"]
mod policy;
#[path = "scenarios/projects.rs"]
mod projects;
#[path = "scenarios/refusals.rs"]
mod refusals;
#[path = "scenarios/registry.rs"]
mod registry;
#[path = "scenarios/replicas.rs"]
mod replicas;
#[path = "scenarios/serving.rs"]
mod serving;
#[path = "scenarios/stuck.rs"]
mod stuck;
#[path = "scenarios/verification.rs"]
mod verification;
#[path = "scenarios/wipe.rs"]
mod wipe;
#[path = "scenarios/world.rs"]
mod world;
