//! The one thread that changes the store: it takes the transactions that have gathered, decides them in order, makes
//! the accepted ones durable in one go, and only then shows, acknowledges and publishes them.

use super::event::Entry;
use super::journal::Journal;
use super::key::Key;
use super::state::{Change, State};
use super::transaction::{CommitError, Expect, Transaction};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::{mpsc, oneshot};

/// How many transactions share one sync. More would only delay the first of them.
const GROUP: usize = 1024;

/// What the thread is asked to do.
pub(super) enum Message {
    /// A transaction.
    Write(Request),
    /// To let go of the disk and end.
    Close(oneshot::Sender<()>),
}

/// A transaction and whoever waits for it.
pub(super) struct Request {
    pub(super) transaction: Transaction,
    pub(super) reply: oneshot::Sender<Answer>,
}

/// What each write has stored, or why none did.
pub(super) type Answer = Result<Vec<Entry>, CommitError>;

/// The state shared with readers.
pub(super) type Shared = Arc<RwLock<State>>;

pub(super) fn read(state: &Shared) -> RwLockReadGuard<'_, State> {
    state.read().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn write(state: &Shared) -> RwLockWriteGuard<'_, State> {
    state.write().unwrap_or_else(PoisonError::into_inner)
}

/// Runs until it is told to end or all senders are gone.
pub(super) fn run(state: &Shared, journal: Box<dyn Journal>, mut inbox: mpsc::UnboundedReceiver<Message>) {
    let _at_end = BreakAtEnd(state);
    let mut writer = Writer {
        state,
        journal,
        gone: Vec::new(),
        broken: None,
    };
    let mut messages = Vec::with_capacity(GROUP);
    while inbox.blocking_recv_many(&mut messages, GROUP) > 0 {
        let mut requests = Vec::with_capacity(messages.len());
        let mut closing = None;
        for message in messages.drain(..) {
            match message {
                // What comes after the wish to close is dropped, which its sender hears.
                Message::Write(request) if closing.is_none() => requests.push(request),
                Message::Write(_) => {}
                Message::Close(done) => closing = closing.or(Some(done)),
            }
        }
        writer.serve(requests);
        if let Some(done) = closing {
            drop(writer);
            answer(done, ());
            return;
        }
    }
}

/// However the thread ends, nothing can be written afterwards, and the state says so.
struct BreakAtEnd<'a>(&'a Shared);

impl Drop for BreakAtEnd<'_> {
    fn drop(&mut self) {
        write(self.0).break_writes();
    }
}

/// A caller that has gone away needs no answer; its change stays.
fn answer<T>(reply: oneshot::Sender<T>, value: T) {
    drop(reply.send(value));
}

struct Writer<'a> {
    state: &'a Shared,
    journal: Box<dyn Journal>,
    /// Revisions nobody can ask for any more, to be removed with the next group.
    gone: Vec<u64>,
    /// Why nothing is written any more. A disk that has failed once is not trusted again: what it said to be durable
    /// afterwards might not be.
    broken: Option<String>,
}

impl Writer<'_> {
    fn serve(&mut self, requests: Vec<Request>) {
        if let Some(reason) = &self.broken {
            for request in requests {
                answer(request.reply, Err(CommitError::ReadOnly(reason.clone())));
            }
            return;
        }
        let mut group = Group::new(self.state);
        let decided: Vec<_> = requests
            .into_iter()
            .map(|request| (group.decide(&request.transaction), request.reply))
            .collect();
        if group.changes.is_empty() {
            decided
                .into_iter()
                .for_each(|(decision, reply)| answer(reply, decision));
            return;
        }
        let compacted = read(self.state).compacted();
        if let Err(error) = self.journal.append(&group.changes, &self.gone, compacted) {
            tracing::error!(%error, "the store cannot write any more and is read-only until restart");
            let reason = error.to_string();
            write(self.state).break_writes();
            for (_, reply) in decided {
                answer(reply, Err(CommitError::ReadOnly(reason.clone())));
            }
            self.broken = Some(reason);
            return;
        }
        self.gone = publish(self.state, group.changes);
        decided
            .into_iter()
            .for_each(|(decision, reply)| answer(reply, decision));
    }
}

/// Shows durable changes to readers and wakes the watchers; returns revisions nobody can ask for any more.
fn publish(state: &Shared, changes: Vec<Change>) -> Vec<u64> {
    let touched: BTreeSet<Arc<str>> = changes
        .iter()
        .map(|change| Arc::clone(&change.key.collection))
        .collect();
    let mut state = write(state);
    for change in changes {
        state.apply(change);
    }
    let gone = state.forget();
    state.wake(touched.iter());
    gone
}

/// The transactions being decided together: later ones see what earlier ones have done.
struct Group<'a> {
    state: &'a Shared,
    revision: u64,
    changes: Vec<Change>,
    /// The latest state of keys written in this group.
    staged: HashMap<Key, Option<Entry>>,
}

impl<'a> Group<'a> {
    fn new(state: &'a Shared) -> Self {
        Self {
            state,
            revision: read(state).revision(),
            changes: Vec::new(),
            staged: HashMap::new(),
        }
    }

    fn current(&self, key: &Key) -> Option<Entry> {
        match self.staged.get(key) {
            Some(staged) => staged.clone(),
            None => read(self.state).get(key).cloned(),
        }
    }

    fn check(&self, key: &Key, expect: Expect) -> Result<(), CommitError> {
        let current = self.current(key);
        let met = match expect {
            Expect::Absent => current.is_none(),
            Expect::At(revision) => current.as_ref().is_some_and(|entry| entry.revision == revision),
        };
        if met {
            Ok(())
        } else {
            Err(CommitError::Conflict {
                key: key.clone(),
                current,
            })
        }
    }

    /// Accepts a transaction if all it expects is so, and gives its writes their revisions.
    fn decide(&mut self, transaction: &Transaction) -> Answer {
        for (key, expect) in &transaction.checks {
            self.check(key, *expect)?;
        }
        for write in &transaction.writes {
            self.check(&write.key, write.expect)?;
        }
        let mut entries = Vec::with_capacity(transaction.writes.len());
        for write in &transaction.writes {
            self.revision += 1;
            let entry = Entry {
                revision: self.revision,
                value: write.object.fill(self.revision),
            };
            self.staged
                .insert(write.key.clone(), (!write.delete).then(|| entry.clone()));
            self.changes.push(Change {
                revision: self.revision,
                key: write.key.clone(),
                deleted: write.delete,
                value: entry.value.clone(),
            });
            entries.push(entry);
        }
        Ok(entries)
    }
}
