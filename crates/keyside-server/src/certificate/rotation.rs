//! Which step of the rotation is due, as a function of what is stored and the time.
//!
//! ```text
//! authorities  A ──────────────┬─ A B ────────┬─ A B ────────┬─ B ───────
//! leaf         by A, by A, …   │  by A        │  by B        │  by B, …
//! step         Mint     Renew  Announce       Switch         Retire
//! ```

use jiff::{SignedDuration, Timestamp};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How long an authority lasts.
pub(crate) const AUTHORITY_LASTS: SignedDuration = SignedDuration::from_hours(24 * 730);
/// The next authority is announced when the current one has less than this left: more than a leaf lasts.
pub(crate) const AUTHORITY_RENEWED_BEFORE: SignedDuration = SignedDuration::from_hours(24 * 180);
/// How long a leaf lasts.
pub(crate) const LEAF_LASTS: SignedDuration = SignedDuration::from_hours(24 * 90);
/// A leaf is renewed when it has less than this left.
pub(crate) const LEAF_RENEWED_BEFORE: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Between two steps everybody has this time to learn of the first.
pub(crate) const SETTLE: SignedDuration = SignedDuration::from_hours(24);
/// Certificates are valid since this long before they were made, because clocks differ.
pub(crate) const SLACK: SignedDuration = SignedDuration::from_hours(1);

/// From when until when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

impl Validity {
    /// Of a certificate that is made now.
    pub(crate) fn starting(now: Timestamp, lasts: SignedDuration) -> Self {
        Self {
            from: now.checked_sub(SLACK).unwrap_or(Timestamp::MIN),
            until: now.checked_add(lasts).unwrap_or(Timestamp::MAX),
        }
    }

    pub(crate) fn holds(self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }

    fn left(self, now: Timestamp) -> SignedDuration {
        self.until.duration_since(now)
    }
}

/// An authority, known by a name that no other has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authority {
    pub(crate) name: String,
    pub(crate) valid: Validity,
}

/// The leaf that replicas serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The name of the authority that signed it.
    pub(crate) issuer: String,
    pub(crate) valid: Validity,
    /// Whether it is made out for the names by which the API server calls us.
    pub(crate) fits: bool,
}

/// What is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) current: Authority,
    pub(crate) next: Option<Authority>,
    pub(crate) leaf: Leaf,
    /// When the last step was done.
    pub(crate) stepped: Timestamp,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A new authority and a leaf by it. Nothing usable is stored.
    Mint,
    /// A new leaf by the current authority.
    Renew,
    /// A new authority joins the bundle and signs nothing yet.
    Announce,
    /// A new leaf by the next authority.
    Switch,
    /// The next authority becomes the current one, and the former leaves the bundle.
    Retire,
}

/// The step that is due now, if any. `published`: whether API servers are told the stored bundle; if not, nothing is
/// signed by an authority that they may not know.
pub(crate) fn due(stored: Option<&State>, published: bool, now: Timestamp) -> Option<Step> {
    let Some(state) = stored else {
        return Some(Step::Mint);
    };
    let signs = |authority: &Authority| authority.valid.holds(now) && authority.valid.left(now) > DAY;
    // Without a usable leaf nobody can call us: there is nothing to be careful about.
    if !state.leaf.valid.holds(now) || !state.leaf.fits {
        return Some(match &state.next {
            Some(next) if !signs(&state.current) && signs(next) => Step::Switch,
            _ if signs(&state.current) => Step::Renew,
            _ => Step::Mint,
        });
    }
    if now.duration_since(state.stepped) < SETTLE {
        return None;
    }
    match &state.next {
        Some(next) if state.leaf.issuer == next.name => Some(Step::Retire),
        // A clock that has gone back may have left an authority that is not valid yet.
        Some(next) if published && signs(next) => Some(Step::Switch),
        Some(_) => renewal(state, now),
        // A fresh leaf first: the steps that follow need time, and the leaf has to last until whoever is late has the next.
        None => renewal(state, now).or_else(|| {
            let ends = state.current.valid.left(now) < AUTHORITY_RENEWED_BEFORE;
            ends.then_some(Step::Announce)
        }),
    }
}

fn renewal(state: &State, now: Timestamp) -> Option<Step> {
    (state.leaf.valid.left(now) < LEAF_RENEWED_BEFORE).then_some(Step::Renew)
}

#[cfg(test)]
pub(crate) mod model;
#[cfg(test)]
mod tests;
