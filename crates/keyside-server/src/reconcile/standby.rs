//! A replica that may not write: it plans as the holder of the Lease does, and notes what is due, so that it knows when a
//! holder does nothing although there is work.

use super::{Requeue, until};
use crate::context::{Context, Key};
use crate::rbac::Mode;
use jiff::Timestamp;
use keyside_core::plan::project::{Home, home};
use keyside_core::plan::{Plan, copy, plan};

pub(super) fn reconcile(ctx: &Context, key: &Key) -> Requeue {
    let now = Timestamp::now();
    let view = match key {
        Key::Credential(id) => ctx.note(|index| copy::view_credential(index, id, now)),
        Key::Namespace(namespace) => ctx.note(|index| copy::view_namespace(index, namespace, now)),
        Key::Project(name) => {
            let index = ctx.index();
            let is_due = index
                .project(name)
                .is_some_and(|project| home(&index, project) == Home::Absent);
            drop(index);
            ctx.leadership
                .note_due(key, is_due && ctx.config.rights.creates_homes());
            return Requeue::No;
        }
        // Housekeeping that nobody waits for.
        Key::Memory | Key::Idle | Key::Taken => {
            ctx.leadership.defer(key.clone());
            return Requeue::No;
        }
    };
    let Plan {
        writes,
        deletes,
        again,
    } = plan(view, now, ctx.config.grace);
    // Where copies are not seen, nobody can tell whether the holder has written them.
    let sees = ctx.config.rights.mode != Mode::Blind;
    ctx.leadership
        .note_due(key, sees && !(writes.is_empty() && deletes.is_empty()));
    again.map_or(Requeue::No, until)
}
