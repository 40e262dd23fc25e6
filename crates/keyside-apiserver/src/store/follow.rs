//! A watcher's place in the history: it reads changes from the shared ring at its own pace and sleeps when there are
//! none. Nothing is buffered for it, so a slow one costs nothing until it has fallen out of the history.

use super::event::Event;
use super::key::Range;
use super::state::Unavailable;
use super::writer::{self, Shared};
use std::sync::Arc;
use tokio::sync::watch;

/// How many changes are handed out at once; a bound on what a watcher holds.
const BATCH: usize = 256;

/// A place in the history of one range.
pub struct Follow {
    state: Shared,
    range: Range,
    position: u64,
    wake: watch::Receiver<u64>,
}

impl Follow {
    pub(super) fn new(state: Shared, range: Range, from: u64) -> Result<Self, Unavailable> {
        let wake = {
            let mut state = writer::write(&state);
            let wake = state.subscribe(&range.collection);
            state.changes(&range, from, 0)?;
            wake
        };
        Ok(Self {
            state,
            range,
            position: from,
            wake,
        })
    }

    /// The revision up to which everything has been handed out.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Changes that have happened since the last call, without waiting.
    ///
    /// # Errors
    /// If the reader was so slow that history has been forgotten.
    pub fn ready(&mut self) -> Result<Vec<Arc<Event>>, Unavailable> {
        // Seen before reading: a change that comes between is read now and wakes once more for nothing.
        self.wake.borrow_and_update();
        let state = writer::read(&self.state);
        let (events, reached) = state.changes(&self.range, self.position, BATCH)?;
        self.position = reached;
        Ok(events)
    }

    /// Waits until [`Follow::ready`] may have something. Never returns once the store is gone.
    pub async fn changed(&mut self) {
        if self.wake.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
