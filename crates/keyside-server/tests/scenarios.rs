//! The running system over the real embedded API server, in one process: what users do, and what must come of it.
//!
//! Every call of keyside goes through a layer that counts, so that costs are asserted as equalities.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, whichever function finds it out"
)]

#[path = "scenarios/bed.rs"]
mod bed;
#[path = "scenarios/conflicts.rs"]
mod conflicts;
#[path = "scenarios/costs.rs"]
mod costs;
#[path = "scenarios/delivery.rs"]
mod delivery;
#[path = "scenarios/faults.rs"]
mod faults;
#[path = "scenarios/pods.rs"]
mod pods;
#[path = "scenarios/projects.rs"]
mod projects;
#[path = "scenarios/refusals.rs"]
mod refusals;
#[path = "scenarios/registry.rs"]
mod registry;
#[path = "scenarios/verification.rs"]
mod verification;
