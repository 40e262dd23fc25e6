//! Objects as they are now, the changes that led here, and the one way to change them.
//!
//! The current state is in memory, as JSON text keyed by collection and path; a read copies a pointer. A write is a
//! [`Transaction`]: a compare-and-swap that one thread decides, makes durable together with its neighbours (group
//! commit), and only then shows. The revision counts writes and never goes back, across restarts too. A bounded
//! history of changes, durable like the rest, lets watches resume and long lists stay consistent.
//!
//! | Module | What it holds |
//! |---|---|
//! | [`key`] | where an object is kept |
//! | [`transaction`] | what a writer asks for |
//! | [`state`] | objects and history in memory |
//! | [`follow`] | a watcher's place in the history |
//! | [`writer`] | the one thread that changes anything |
//! | [`journal`], [`disk`] | what makes changes durable: nothing in tests, a redb file otherwise |
//! | [`record`], [`seal`] | what is in that file, encrypted |
//! | [`witness`] | tells a bit that rotted from a write that was torn |

mod disk;
mod event;
mod follow;
mod journal;
mod key;
mod record;
mod seal;
mod state;
mod transaction;
mod witness;
mod writer;

pub use disk::OpenError;
pub use event::{Entry, Event, Facts};
pub use follow::Follow;
pub use key::{Key, Range, collection};
pub use state::{History, Page, Unavailable};
pub use transaction::{CommitError, Expect, Template, Transaction, Write};

use disk::Files;
use journal::{Journal, Memory};
use state::State;
use std::path::Path;
use std::sync::{Arc, RwLock, RwLockReadGuard};
use tokio::sync::{mpsc, oneshot};
use writer::{Message, Request, Shared};

/// A store; clones share it. It closes when the last clone is gone.
#[derive(Clone)]
pub struct Store {
    state: Shared,
    inbox: mpsc::UnboundedSender<Message>,
}

impl Store {
    /// A store that forgets everything when it closes: for tests.
    #[must_use]
    pub fn memory() -> Self {
        Self::memory_with(History::default())
    }

    /// As [`Store::memory`], with another amount of history.
    #[must_use]
    pub fn memory_with(history: History) -> Self {
        Self::start(State::new(history), Box::new(Memory))
    }

    /// The store in a file, created if need be. Its key lies beside it, with the extension `key` and for its owner's
    /// eyes only.
    ///
    /// # Errors
    /// If the file is in use, damaged, written by a newer program or with another key; each says what to do.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_with(path, History::default())
    }

    /// As [`Store::open`], with another amount of history.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(path: &Path, history: History) -> Result<Self, OpenError> {
        let (state, disk) = disk::open(&Files::at(path), history)?;
        Ok(Self::start(state, Box::new(disk)))
    }

    fn start(state: State, journal: Box<dyn Journal>) -> Self {
        let state = Arc::new(RwLock::new(state));
        let (inbox, requests) = mpsc::unbounded_channel();
        let shared = Arc::clone(&state);
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer::run(&shared, journal, requests))
            .expect("a process that cannot start one thread cannot serve anything");
        Self { state, inbox }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        writer::read(&self.state)
    }

    /// Whether writes are still accepted: not after the disk has failed once.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.read().is_writable()
    }

    /// The newest visible revision.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.read().revision()
    }

    /// The object at a place.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Entry> {
        self.read().get(key).cloned()
    }

    /// Collections that hold something.
    #[must_use]
    pub fn collections(&self) -> Vec<Arc<str>> {
        self.read().collections()
    }

    /// All objects of a range, of one moment.
    #[must_use]
    pub fn list(&self, range: &Range) -> Page {
        self.read()
            .page(range, "", usize::MAX, None)
            .expect("the newest revision is always available")
    }

    /// Up to `limit` objects of a range after a path, as of revision `at` (or now).
    ///
    /// # Errors
    /// If that revision is too old or does not exist yet.
    pub fn page(
        &self,
        range: &Range,
        after: &str,
        limit: usize,
        at: Option<u64>,
    ) -> Result<Page, Unavailable> {
        self.read().page(range, after, limit, at)
    }

    /// How many objects a range has after a path.
    #[must_use]
    pub fn count(&self, range: &Range, after: &str) -> usize {
        self.read().count(range, after)
    }

    /// Follows the changes of a range after revision `from`.
    ///
    /// # Errors
    /// If changes after that revision have been forgotten, or the revision does not exist yet.
    pub fn follow(&self, range: Range, from: u64) -> Result<Follow, Unavailable> {
        Follow::new(Arc::clone(&self.state), range, from)
    }

    /// Does all of it or nothing. Returns what each write stored, once it can no longer be lost.
    ///
    /// # Errors
    /// If something was not as expected, or the disk fails.
    pub async fn commit(&self, transaction: Transaction) -> Result<Vec<Entry>, CommitError> {
        let (reply, answer) = oneshot::channel();
        self.inbox
            .send(Message::Write(Request { transaction, reply }))
            .map_err(|_| CommitError::Closed)?;
        answer.await.map_err(|_| CommitError::Closed)?
    }

    /// Lets go of the disk once what was asked before is done, so that the file can be opened again. Reads go on;
    /// writes are refused. Without this the store closes when its last clone is gone.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.inbox.send(Message::Close(done)).is_ok() {
            // An error means that it was closed before.
            drop(closed.await);
        }
    }
}
