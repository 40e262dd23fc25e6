//! The one thread that changes the store: it takes the transactions that have gathered, decides them in order, makes
//! the accepted ones durable in one go, and only then shows, acknowledges and publishes them.

use super::event::Entry;
use super::journal::Journal;
use super::key::Key;
use super::state::{Change, State};
use super::transaction::{CommitError, Expect, Transaction};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{mpsc, oneshot};

/// How many transactions share one sync. More would only delay the first of them.
const GROUP: usize = 1024;

/// A transaction and whoever waits for it.
pub(super) struct Request {
    pub(super) transaction: Transaction,
    pub(super) reply: oneshot::Sender<Result<Vec<Entry>, CommitError>>,
}

/// The state shared with readers.
pub(super) type Shared = Arc<RwLock<State>>;

/// Runs until all senders are gone.
pub(super) fn run(state: &Shared, mut journal: Box<dyn Journal>, mut inbox: mpsc::UnboundedReceiver<Request>) {
    let mut gathered = Vec::with_capacity(GROUP);
    let mut gone = Vec::new();
    let mut broken: Option<String> = None;
    while inbox.blocking_recv_many(&mut gathered, GROUP) > 0 {
        if let Some(reason) = &broken {
            refuse(gathered.drain(..), reason);
            continue;
        }
        let mut group = Group::new(state);
        let replies: Vec<_> = gathered.drain(..).map(|request| (group.decide(&request.transaction), request.reply)).collect();
        if !group.changes.is_empty() {
            let compacted = state.read().unwrap_or_else(PoisonError::into_inner).compacted();
            if let Err(error) = journal.append(&group.changes, &gone, compacted) {
                tracing::error!(%error, "the store cannot write any more and is read-only until restart");
                let reason = error.to_string();
                for (_, reply) in replies {
                    // A caller that has gone away needs no answer.
                    drop(reply.send(Err(CommitError::ReadOnly(reason.clone()))));
                }
                state.write().unwrap_or_else(PoisonError::into_inner).break_writes();
                broken = Some(reason);
                continue;
            }
            gone = publish(state, group.changes);
        }
        for (decision, reply) in replies {
            // A caller that has gone away needs no answer; its change stays.
            drop(reply.send(decision));
        }
    }
}

fn refuse(requests: impl Iterator<Item = Request>, reason: &str) {
    for request in requests {
        // A caller that has gone away needs no answer.
        drop(request.reply.send(Err(CommitError::ReadOnly(reason.to_owned()))));
    }
}

/// Shows durable changes to readers and wakes the watchers; returns revisions to be let go with the next group.
fn publish(state: &Shared, changes: Vec<Change>) -> Vec<u64> {
    let mut state = state.write().unwrap_or_else(PoisonError::into_inner);
    let touched: BTreeSet<Arc<str>> = changes.iter().map(|change| Arc::clone(&change.key.collection)).collect();
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
        let revision = state.read().unwrap_or_else(PoisonError::into_inner).revision();
        Self { state, revision, changes: Vec::new(), staged: HashMap::new() }
    }

    fn current(&self, key: &Key) -> Option<Entry> {
        if let Some(staged) = self.staged.get(key) {
            return staged.clone();
        }
        self.state.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn check(&self, key: &Key, expect: Expect) -> Result<(), CommitError> {
        let current = self.current(key);
        let met = match expect {
            Expect::Absent => current.is_none(),
            Expect::At(revision) => current.as_ref().is_some_and(|entry| entry.revision == revision),
        };
        if met { Ok(()) } else { Err(CommitError::Conflict { key: key.clone(), current }) }
    }

    /// Accepts a transaction if all it expects is so, and gives its writes their revisions.
    fn decide(&mut self, transaction: &Transaction) -> Result<Vec<Entry>, CommitError> {
        for (key, expect) in &transaction.checks {
            self.check(key, *expect)?;
        }
        for write in &transaction.writes {
            self.check(&write.key, write.expect)?;
        }
        let mut entries = Vec::with_capacity(transaction.writes.len());
        for write in &transaction.writes {
            self.revision += 1;
            let entry = Entry { revision: self.revision, value: write.object.fill(self.revision) };
            self.staged.insert(write.key.clone(), (!write.delete).then(|| entry.clone()));
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
