//! The work queue: each key once, never twice at a time, urgent ones first.
//!
//! A key that comes while it is being worked on is worked on again afterwards; one that comes while it waits is the same
//! work. Keys can also be put in for later; the earliest time counts.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A queue of keys.
#[derive(Debug)]
pub(crate) struct Queue<K> {
    state: Mutex<State<K>>,
    wake: Notify,
}

#[derive(Debug)]
struct State<K> {
    urgent: VecDeque<K>,
    usual: VecDeque<K>,
    waiting: HashSet<K>,
    working: HashSet<K>,
    again: HashSet<K>,
    later: HashMap<K, Instant>,
    /// Nothing is handed out before the first state of everything is known.
    open: bool,
}

/// When to hand out a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Before everything that is not urgent.
    Urgent,
    /// In turn.
    Usual,
    /// Not before this time has passed.
    After(Duration),
}

impl<K: Clone + Eq + Hash + Ord> Queue<K> {
    pub(crate) fn new() -> Self {
        let state = State {
            urgent: VecDeque::new(),
            usual: VecDeque::new(),
            waiting: HashSet::new(),
            working: HashSet::new(),
            again: HashSet::new(),
            later: HashMap::new(),
            open: false,
        };
        Self {
            state: Mutex::new(state),
            wake: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        // The state is whole between any two statements, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to hand out keys.
    pub(crate) fn open(&self) {
        self.lock().open = true;
        self.wake.notify_waiters();
    }

    /// Puts a key in.
    pub(crate) fn add(&self, key: K, when: When) {
        let mut state = self.lock();
        match when {
            When::After(delay) => {
                let due = Instant::now() + delay;
                let known = state.later.entry(key).or_insert(due);
                *known = due.min(*known);
            }
            When::Urgent | When::Usual => state.push(key, when == When::Urgent),
        }
        drop(state);
        self.wake.notify_one();
    }

    /// The next key; it counts as being worked on until [`Queue::done`].
    pub(crate) async fn next(&self) -> K {
        loop {
            let woken = self.wake.notified();
            let due = {
                let mut state = self.lock();
                state.promote(Instant::now());
                if let Some(key) = state.take() {
                    return key;
                }
                state.later.values().min().copied().filter(|_| state.open)
            };
            match due {
                Some(due) => {
                    // Either the time has come or something was put in: look again.
                    let _elapsed = tokio::time::timeout_at(due, woken).await;
                }
                None => woken.await,
            }
        }
    }

    /// The work on a key is done.
    pub(crate) fn done(&self, key: &K) {
        let mut state = self.lock();
        state.working.remove(key);
        if state.again.remove(key) {
            state.push(key.clone(), false);
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Whether nothing waits and nothing is being worked on; what is put in for later does not count.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.lock();
        state.waiting.is_empty() && state.working.is_empty()
    }

    /// Whether a key that `concerns` says yes to waits or is being worked on.
    pub(crate) fn is_busy_with(&self, concerns: impl Fn(&K) -> bool) -> bool {
        let state = self.lock();
        state.waiting.iter().chain(&state.working).any(concerns)
    }
}

impl<K: Clone + Eq + Hash + Ord> State<K> {
    fn push(&mut self, key: K, urgent: bool) {
        self.later.remove(&key);
        if self.working.contains(&key) {
            self.again.insert(key);
        } else if self.waiting.insert(key.clone()) {
            if urgent {
                self.urgent.push_back(key)
            } else {
                self.usual.push_back(key)
            }
        } else if urgent && let Some(at) = self.usual.iter().position(|one| *one == key) {
            self.usual.remove(at);
            self.urgent.push_back(key);
        }
    }

    /// Moves what is due from later to now, in order of time.
    fn promote(&mut self, now: Instant) {
        let due: BTreeMap<(Instant, K), ()> = self
            .later
            .iter()
            .filter(|(_, due)| **due <= now)
            .map(|(key, due)| ((*due, key.clone()), ()))
            .collect();
        for ((_, key), ()) in due {
            self.push(key, false);
        }
    }

    fn take(&mut self) -> Option<K> {
        if !self.open {
            return None;
        }
        let key = self.urgent.pop_front().or_else(|| self.usual.pop_front())?;
        self.waiting.remove(&key);
        self.working.insert(key.clone());
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(keys: &[&'static str]) -> Queue<&'static str> {
        let queue = Queue::new();
        queue.open();
        keys.iter().for_each(|key| queue.add(*key, When::Usual));
        queue
    }

    #[tokio::test]
    async fn key_put_in_twice_is_handed_out_once() {
        let queue = queue(&["a", "b", "a"]);
        assert_eq!((queue.next().await, queue.next().await), ("a", "b"));
        queue.done(&"a");
        queue.done(&"b");
        assert!(queue.is_idle());
    }

    #[tokio::test]
    async fn key_that_comes_during_its_own_work_is_worked_on_again_afterwards() {
        let queue = queue(&["a"]);
        assert_eq!(queue.next().await, "a");
        queue.add("a", When::Usual);
        queue.add("b", When::Usual);
        assert_eq!(queue.next().await, "b");
        queue.done(&"a");
        assert_eq!(queue.next().await, "a");
    }

    #[tokio::test]
    async fn urgent_key_overtakes_and_is_not_handed_out_twice() {
        let queue = queue(&["a", "b", "c"]);
        queue.add("c", When::Urgent);
        assert_eq!(
            (queue.next().await, queue.next().await, queue.next().await),
            ("c", "a", "b")
        );
        for key in ["a", "b", "c"] {
            queue.done(&key);
        }
        assert!(queue.is_idle());
    }

    #[tokio::test(start_paused = true)]
    async fn later_keys_come_at_the_earliest_time_asked_for() {
        let queue = queue(&[]);
        queue.add("a", When::After(Duration::from_secs(60)));
        queue.add("a", When::After(Duration::from_secs(5)));
        queue.add("b", When::After(Duration::from_secs(9)));
        let start = Instant::now();
        assert_eq!(queue.next().await, "a");
        assert_eq!(start.elapsed().as_secs(), 5);
        assert_eq!(queue.next().await, "b");
        assert_eq!(start.elapsed().as_secs(), 9);
    }

    #[tokio::test(start_paused = true)]
    async fn closed_queue_keeps_everything_until_it_opens() {
        let queue = Queue::new();
        queue.add("a", When::Urgent);
        assert!(
            tokio::time::timeout(Duration::from_secs(1), queue.next())
                .await
                .is_err()
        );
        queue.open();
        assert_eq!(queue.next().await, "a");
    }
}
