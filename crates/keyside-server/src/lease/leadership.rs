//! What the rest of the system knows of the election: whether this replica may write, and what a replica that may not has
//! seen waiting.

use crate::context::Key;
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How often the pulse beats.
const PULSE: Duration = Duration::from_millis(500);

/// A pulse that was away for longer means that the whole process stood still (a stopped process, a machine that slept, a
/// processor that was given to others), and that whatever was believed before may have changed.
const FROZEN: Duration = Duration::from_secs(3);

/// Whether this replica may write.
#[derive(Debug)]
pub(crate) struct Leadership {
    state: Mutex<State>,
    changed: watch::Sender<Told>,
}

/// What is told of the election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    leads: bool,
    /// How often this replica has begun to lead. Whoever misses that it did not for a moment (it stood still, and renewed at
    /// once) sees it by this: what was looked at meanwhile was looked at by a replica that may not write.
    pub(crate) terms: u64,
}

#[derive(Debug)]
struct State {
    right: Right,
    pulse: Instant,
    frozen: bool,
    resigned: bool,
    waiting: HashSet<Key>,
    due: Option<Due>,
    deferred: HashSet<Key>,
}

#[derive(Debug, PartialEq, Eq)]
enum Right {
    /// There is no election.
    Always,
    Until(Instant),
    Never,
}

/// Work that is due and that this replica may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// Since when something has been due without interruption.
    pub(crate) since: Instant,
    /// Grows whenever what is due changes: a sign that somebody works on it.
    pub(crate) changes: u64,
}

impl Leadership {
    /// The only replica: it leads.
    pub(crate) fn alone() -> Self {
        Self::new(Right::Always)
    }

    /// One of several: it leads once it is granted.
    pub(crate) fn elected() -> Self {
        Self::new(Right::Never)
    }

    fn new(right: Right) -> Self {
        let leads = right == Right::Always;
        let state = State {
            right,
            pulse: Instant::now(),
            frozen: false,
            resigned: false,
            waiting: HashSet::new(),
            due: None,
            deferred: HashSet::new(),
        };
        Self {
            state: Mutex::new(state),
            changed: watch::channel(Told {
                leads,
                terms: u64::from(leads),
            })
            .0,
        }
    }

    /// Whether a write may be sent now. Asked right before each.
    pub(crate) fn leads(&self) -> bool {
        let now = Instant::now();
        let mut state = self.lock();
        state.notice_freeze(now);
        let leads = state.leads(now);
        drop(state);
        self.tell(leads);
        leads
    }

    /// This replica writes no more, whatever the election says.
    pub(crate) fn resign(&self) {
        self.lock().resigned = true;
        self.tell(false);
    }

    /// Told at every change of [`leads`](Self::leads), and when the process turns out to have stood still.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Told> {
        self.changed.subscribe()
    }

    pub(super) fn grant(&self, until: Instant) {
        let mut state = self.lock();
        if state.frozen {
            return;
        }
        state.right = Right::Until(until);
        let leads = state.leads(Instant::now());
        if leads {
            state.waiting.clear();
            state.due = None;
        }
        drop(state);
        self.tell(leads);
    }

    pub(super) fn revoke(&self) {
        self.lock().right = Right::Never;
        self.tell(false);
    }

    /// Whether the process stood still since the Lease was last renewed.
    pub(super) fn is_frozen(&self) -> bool {
        self.lock().frozen
    }

    /// The Lease was renewed: what happened before counts no more.
    pub(super) fn thaw(&self) {
        let mut state = self.lock();
        state.frozen = false;
        state.pulse = Instant::now();
    }

    /// Beats until it is dropped.
    pub(super) async fn beat(&self) {
        let mut pulse = tokio::time::interval(PULSE);
        pulse.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            pulse.tick().await;
            let now = Instant::now();
            let mut state = self.lock();
            state.notice_freeze(now);
            state.pulse = now;
            let leads = state.leads(now);
            drop(state);
            self.tell(leads);
        }
    }

    /// Notes that a key has work that this replica may not do, or has none any more.
    pub(crate) fn note_due(&self, key: &Key, is_due: bool) {
        let mut state = self.lock();
        let changed = if is_due {
            state.waiting.insert(key.clone())
        } else {
            state.waiting.remove(key)
        };
        if !changed {
            return;
        }
        state.due = match state.due {
            _ if state.waiting.is_empty() => None,
            None => Some(Due {
                since: Instant::now(),
                changes: 0,
            }),
            Some(due) => Some(Due {
                changes: due.changes + 1,
                ..due
            }),
        };
        let began = is_due && state.waiting.len() == 1;
        drop(state);
        if began {
            // The election looks again, although nothing about who leads has changed.
            self.changed.send_modify(|_| {});
        }
    }

    /// Keeps a key for the time when this replica leads.
    pub(crate) fn defer(&self, key: Key) {
        self.lock().deferred.insert(key);
    }

    /// The keys that were kept.
    pub(crate) fn take_deferred(&self) -> HashSet<Key> {
        std::mem::take(&mut self.lock().deferred)
    }

    pub(super) fn due(&self) -> Option<Due> {
        self.lock().due
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, leads: bool) {
        self.changed.send_if_modified(|told| {
            let before = std::mem::replace(&mut told.leads, leads);
            told.terms += u64::from(leads && !before);
            before != leads
        });
    }
}

impl State {
    fn notice_freeze(&mut self, now: Instant) {
        if matches!(self.right, Right::Until(_)) && now.duration_since(self.pulse) > FROZEN {
            self.right = Right::Never;
            self.frozen = true;
        }
    }

    fn leads(&self, now: Instant) -> bool {
        match self.right {
            _ if self.resigned => false,
            Right::Always => true,
            Right::Until(until) => now < until,
            Right::Never => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn replica_leads_only_while_it_is_granted() {
        let leadership = Leadership::elected();
        assert!(!leadership.leads());
        leadership.grant(Instant::now() + Duration::from_secs(2));
        assert!(leadership.leads());
        advance(Duration::from_secs(2)).await;
        assert!(!leadership.leads());
    }

    #[tokio::test(start_paused = true)]
    async fn process_that_stood_still_does_not_lead_until_it_has_renewed() {
        let leadership = Leadership::elected();
        leadership.grant(Instant::now() + Duration::from_secs(25));
        // Nobody beats: whoever asks first after the freeze finds it out.
        advance(Duration::from_secs(4)).await;
        assert!(!leadership.leads());
        assert!(leadership.is_frozen());
        leadership.grant(Instant::now() + Duration::from_secs(25));
        assert!(!leadership.leads(), "what a watch tells is no renewal");
        leadership.thaw();
        leadership.grant(Instant::now() + Duration::from_secs(25));
        assert!(leadership.leads());
    }

    #[tokio::test(start_paused = true)]
    async fn moment_without_the_lease_is_seen_by_whoever_looks_afterwards() {
        let leadership = Leadership::elected();
        let told = leadership.subscribe();
        leadership.grant(Instant::now() + Duration::from_secs(25));
        let before = told.borrow().terms;
        advance(Duration::from_secs(4)).await;
        assert!(!leadership.leads());
        leadership.thaw();
        leadership.grant(Instant::now() + Duration::from_secs(25));
        leadership.grant(Instant::now() + Duration::from_secs(26));
        assert_eq!(told.borrow().terms, before + 1, "a renewal is no new term");
    }

    #[tokio::test(start_paused = true)]
    async fn pulse_keeps_a_process_awake() {
        let leadership = Leadership::elected();
        leadership.grant(Instant::now() + Duration::from_secs(25));
        tokio::select! {
            () = leadership.beat() => {}
            () = tokio::time::sleep(Duration::from_secs(20)) => {}
        }
        assert!(leadership.leads());
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_waits_is_known_since_it_began_to_wait() {
        let leadership = Leadership::elected();
        let key = |name: &str| Key::Namespace(name.into());
        let began = Instant::now();
        leadership.note_due(&key("a"), true);
        advance(Duration::from_secs(1)).await;
        leadership.note_due(&key("b"), true);
        leadership.note_due(&key("b"), true);
        assert_eq!(
            leadership.due(),
            Some(Due {
                since: began,
                changes: 1
            })
        );
        leadership.note_due(&key("a"), false);
        assert_eq!(
            leadership.due(),
            Some(Due {
                since: began,
                changes: 2
            })
        );
        leadership.note_due(&key("b"), false);
        assert_eq!(leadership.due(), None);
    }
}
