//! The election, without an API server: what a replica has seen of the Lease, and what to do next.
//!
//! Time is the monotonic clock of this process only. When the Lease was renewed is never read as a time: what counts is
//! when *we* saw it change, so no clock in the cluster has to be right.
//!
//! A holder renews rarely, so that an idle system writes little, and a candidate that sees nothing to do waits long before
//! it takes over. A candidate that sees work waiting does not: it *challenges* the holder, by an annotation on the Lease,
//! and a holder that lives answers at once by renewing. One that does not answer is taken for dead.

use super::leadership::Due;
use super::object::Record;
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// The most challenges while what is due does not change: the holder lives, and the work is refused to it.
const CHALLENGES: u32 = 3;

/// The times that make up the election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How often a holder renews.
    pub renew: Duration,
    /// After how long without a renewal a holder believes itself that it is none. Shorter than `expire`.
    pub fence: Duration,
    /// After how long without a renewal the Lease is taken from its holder.
    pub expire: Duration,
    /// How long work waits before its holder is challenged.
    pub suspect: Duration,
    /// How long a holder has to answer a challenge.
    pub answer: Duration,
    /// The pause after a write that failed.
    pub retry: Duration,
}

impl Default for Pace {
    /// 180 writes an hour at rest. A holder that dies while work waits is replaced after `suspect + answer` plus what a
    /// challenge shortly before adds (at most `suspect + answer` again); one that dies at rest after `expire`.
    fn default() -> Self {
        Self {
            renew: Duration::from_secs(20),
            fence: Duration::from_secs(27),
            expire: Duration::from_secs(30),
            suspect: Duration::from_secs(4),
            answer: Duration::from_secs(5),
            retry: Duration::from_secs(1),
        }
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Nothing before this time, unless something is seen.
    Wait(Instant),
    /// Write this.
    Write(Record),
}

/// One replica's side of the election.
#[derive(Debug)]
pub(super) struct Election {
    me: String,
    pace: Pace,
    /// The Lease as last seen; `None` if there is none.
    record: Option<Record>,
    /// When a renewal by the holder was last seen, or when we renewed (the time before the call).
    renewed: Instant,
    /// When a challenge was first seen that has not been answered.
    challenged: Option<Instant>,
    /// What was due at our last challenge, and how often it was the same.
    asked: Option<(u64, u32)>,
}

impl Election {
    pub(super) fn new(me: &str, pace: Pace) -> Self {
        Self {
            me: me.to_owned(),
            pace,
            record: None,
            renewed: Instant::now(),
            challenged: None,
            asked: None,
        }
    }

    /// The Lease was seen.
    pub(super) fn see(&mut self, record: Option<Record>, now: Instant) {
        let before = self.record.as_ref();
        let sign = |record: &Record| (record.holder.clone(), record.renewed);
        if before.map(sign) != record.as_ref().map(sign) {
            // Our own renewal counts from before it was sent, which was earlier.
            if !record.as_ref().is_some_and(|record| self.is_mine(record)) {
                self.renewed = now;
            }
            self.challenged = None;
        }
        if record.as_ref().is_some_and(|record| record.challenger.is_some()) {
            self.challenged.get_or_insert(now);
        }
        self.record = record;
    }

    /// Our write was accepted; it was begun at `sent`.
    pub(super) fn wrote(&mut self, record: Record, sent: Instant) {
        let is_mine = self.is_mine(&record);
        self.see(Some(record), Instant::now());
        if is_mine {
            self.renewed = sent;
            self.asked = None;
        }
    }

    /// Until when this replica leads if it renews no more; `None` if it does not lead.
    pub(super) fn leads_until(&self) -> Option<Instant> {
        let record = self.record.as_ref()?;
        self.is_mine(record).then(|| self.renewed + self.pace.fence)
    }

    /// What to do now. `due`: work that waits and that this replica may not do. `frozen`: this process stood still.
    pub(super) fn step(&mut self, now: Instant, due: Option<Due>, frozen: bool) -> Step {
        let Some(record) = &self.record else {
            return Step::Write(self.taken(&Record::default()));
        };
        if self.is_mine(record) {
            let at = self.renewed + self.pace.renew;
            if frozen || self.challenged.is_some() || now >= at {
                return Step::Write(self.renewal(record));
            }
            return Step::Wait(at);
        }
        let dead = self.dead_at();
        if record.holder.is_none() || now >= dead {
            return Step::Write(self.taken(record));
        }
        match due
            .filter(|_| self.challenged.is_none())
            .and_then(|due| self.challenge_at(due))
        {
            Some(at) if now >= at => {
                let challenge = Record {
                    challenger: Some(self.me.clone()),
                    ..record.clone()
                };
                self.note_asked(due);
                Step::Write(challenge)
            }
            Some(at) => Step::Wait(dead.min(at)),
            None => Step::Wait(dead),
        }
    }

    /// The Lease given back, if it is ours.
    pub(super) fn release(&mut self) -> Option<Record> {
        let record = self
            .record
            .take()
            .filter(|record| record.holder.as_ref() == Some(&self.me))?;
        Some(Record {
            holder: None,
            challenger: None,
            ..record
        })
    }

    fn is_mine(&self, record: &Record) -> bool {
        record.holder.as_ref() == Some(&self.me)
    }

    /// When the holder counts as dead, if it does not renew.
    fn dead_at(&self) -> Instant {
        let expired = self.renewed + self.pace.expire;
        match self.challenged {
            Some(challenged) => expired.min(challenged + self.pace.answer),
            None => expired,
        }
    }

    /// When the holder is to be challenged because of this work; never again if it lives and the work stays.
    fn challenge_at(&self, due: Due) -> Option<Instant> {
        let pause = self.pace.suspect;
        let usual = (due.since + pause).max(self.renewed + pause);
        match self.asked {
            Some((changes, times)) if changes == due.changes && times >= CHALLENGES => None,
            _ => Some(usual),
        }
    }

    fn note_asked(&mut self, due: Option<Due>) {
        let changes = due.map_or(0, |due| due.changes);
        let times = match self.asked {
            Some((asked, times)) if asked == changes => times + 1,
            _ => 1,
        };
        self.asked = Some((changes, times));
    }

    fn renewal(&self, record: &Record) -> Record {
        Record {
            renewed: Some(Timestamp::now()),
            challenger: None,
            seconds: self.seconds(),
            ..record.clone()
        }
    }

    fn taken(&self, record: &Record) -> Record {
        let now = Timestamp::now();
        let had_holder = record.version().is_some();
        Record {
            holder: Some(self.me.clone()),
            renewed: Some(now),
            acquired: Some(now),
            transitions: record.transitions + i32::from(had_holder),
            challenger: None,
            seconds: self.seconds(),
            ..record.clone()
        }
    }

    fn seconds(&self) -> i32 {
        i32::try_from(self.pace.expire.as_secs())
            .unwrap_or(i32::MAX)
            .max(1)
    }
}

#[cfg(test)]
mod tests;
