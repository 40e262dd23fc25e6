//! How often something may be done: so many times at once, and then once more each time a piece has grown back.

use std::time::Duration;
use tokio::time::Instant;

/// What is left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// When it will be whole again.
    whole: Instant,
}

impl Budget {
    /// Nothing is spent.
    pub(super) fn whole() -> Self {
        Self {
            whole: Instant::now(),
        }
    }

    /// Takes a piece; returns when it may be used.
    pub(super) fn spend(&mut self, burst: u32, refill: Duration) -> Instant {
        let now = Instant::now();
        self.whole = self.whole.max(now) + refill;
        self.whole
            .checked_sub(refill * burst)
            .map_or(now, |at| at.max(now))
    }

    /// Whether it is as if nothing had been spent.
    pub(super) fn is_whole(&self) -> bool {
        self.whole <= Instant::now()
    }
}
