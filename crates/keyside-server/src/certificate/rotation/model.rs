//! What the steps do, without cryptography: the tests of the rotation run years in moments, and those of the real
//! certificates compare.

use super::{AUTHORITY_LASTS, Authority, LEAF_LASTS, Leaf, State, Step, Validity};
use jiff::Timestamp;

/// What is stored once a step is done; `name` is for an authority that is made in it.
pub(crate) fn after(stored: Option<&State>, step: Step, name: &str, now: Timestamp) -> State {
    let authority = || Authority {
        name: name.to_owned(),
        valid: Validity::starting(now, AUTHORITY_LASTS),
    };
    let (current, next) = match (step, stored) {
        (Step::Mint, _) | (_, None) => (authority(), None),
        (Step::Announce, Some(state)) => (state.current.clone(), Some(authority())),
        (Step::Renew | Step::Switch, Some(state)) => (state.current.clone(), state.next.clone()),
        (Step::Retire, Some(state)) => (state.next.clone().unwrap_or_else(|| state.current.clone()), None),
    };
    let leaf = match (step, stored) {
        (Step::Announce | Step::Retire, Some(state)) => state.leaf.clone(),
        (Step::Switch, _) => leaf_by(next.as_ref().unwrap_or(&current), now),
        _ => leaf_by(&current, now),
    };
    State {
        current,
        next,
        leaf,
        stepped: now,
    }
}

/// A leaf ends no later than who signed it.
fn leaf_by(authority: &Authority, now: Timestamp) -> Leaf {
    let mut valid = Validity::starting(now, LEAF_LASTS);
    valid.until = valid.until.min(authority.valid.until);
    Leaf {
        issuer: authority.name.clone(),
        valid,
        fits: true,
    }
}
