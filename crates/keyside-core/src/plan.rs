//! Which copies to write and to remove: from what is known to what shall be.
//!
//! A [`View`] is what the index says about one credential in all namespaces, or about one namespace with all credentials:
//! cells (a credential in a namespace) and copies without a reason. [`plan`] turns it into writes and deletes. Neither
//! calls anything, and bad input becomes a plan with less in it, never an error: what could not be planned shows in the
//! credential's status.
//!
//! Three things hold in every plan. A copy that stands is changed in place, so it is never absent. A Secret that is not
//! keyside's appears in no plan. And a copy without a reason goes last, after a grace time, once what replaces it stands.

pub mod copy;
pub mod on_demand;
pub mod policy;
pub mod project;

pub use copy::{Cell, Delete, Existing, Stale, View, Write};

use jiff::{SignedDuration, Timestamp};

/// What to do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Copies to create or to change.
    pub writes: Vec<Write>,
    /// Copies to remove, after the writes.
    pub deletes: Vec<Delete>,
    /// When to look again although nothing changes: the end of a grace time.
    pub again: Option<Timestamp>,
}

/// Plans. `grace` is how long a copy without a reason stands, so that what comes back at once (a Project replaced, a label
/// put right) finds it there.
pub fn plan(view: View, now: Timestamp, grace: SignedDuration) -> Plan {
    let mut plan = Plan::default();
    for cell in view.cells {
        plan.writes.extend(cell.write);
    }
    for stale in view.stale {
        let due = stale.since.checked_add(grace).unwrap_or(Timestamp::MAX);
        if due <= now {
            plan.deletes.push(stale.delete);
        } else {
            plan.again = Some(plan.again.map_or(due, |again| again.min(due)));
        }
    }
    plan
}

#[cfg(test)]
mod tests;
