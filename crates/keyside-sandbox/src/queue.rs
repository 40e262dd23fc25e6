//! What is to be looked at, and when: a work queue in which every key waits at most once and is worked on by one worker at a time.
//!
//! A key that is added while it is being worked on comes again afterwards. Failures come again after a growing delay. Nothing here
//! looks at anything by itself: keys come from watches and from the answers of earlier work.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt::Debug;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// The first delay after a failure; it doubles up to [`LONGEST_RETRY`].
const FIRST_RETRY: Duration = Duration::from_millis(10);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// What was being done when the API server refused.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing}")]
pub struct Failed {
    doing: String,
    #[source]
    source: kube::Error,
}

/// How work on a key ended: when to look again without being told, if at all.
pub(crate) type Worked = Result<Option<Duration>, Failed>;

impl Failed {
    /// The HTTP status, if the server answered.
    pub(crate) fn code(&self) -> Option<u16> {
        code(&self.source)
    }

    /// Whether the server refused because the namespace goes away: nothing is to be done there any more.
    fn is_namespace_ending(&self) -> bool {
        let kube::Error::Api(status) = &self.source else {
            return false;
        };
        let causes = status.details.iter().flat_map(|details| &details.causes);
        causes
            .into_iter()
            .any(|cause| cause.reason == "NamespaceTerminating")
    }

    /// What the server said, as events and conditions repeat it.
    pub(crate) fn cause(&self) -> String {
        match &self.source {
            kube::Error::Api(status) => status.message.clone(),
            other => other.to_string(),
        }
    }
}

/// The HTTP status of an error, if the server answered.
pub(crate) fn code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}

/// Says what was being done, for errors of the client.
pub(crate) trait Doing<T> {
    /// A phrase such as `create pod ns/name`.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Failed>;
}

impl<T> Doing<T> for Result<T, kube::Error> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Failed> {
        self.map_err(|source| Failed {
            doing: what(),
            source,
        })
    }
}

/// A creation that found the object already there is as good as one that made it.
pub(crate) fn ignore_exists<T>(
    answer: Result<T, kube::Error>,
    what: impl FnOnce() -> String,
) -> Result<(), Failed> {
    match answer {
        Err(error) if code(&error) == Some(409) => Ok(()),
        answer => answer.map(drop).doing(what),
    }
}

/// The queue of one controller.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Notify,
}

/// A moment, and a number that tells moments of different keys apart.
type Time = (Instant, u64);

#[derive(Debug)]
struct State<T> {
    ready: VecDeque<T>,
    /// Everything in `ready`, and what was added while running.
    dirty: HashSet<T>,
    running: HashSet<T>,
    /// The earliest time each key asked for, and the same in order of time.
    due: HashMap<T, Time>,
    times: BTreeMap<Time, T>,
    next_id: u64,
    failures: HashMap<T, u32>,
}

impl<T: Clone + Eq + Hash + Debug + Send + 'static> Queue<T> {
    pub(crate) fn new() -> Arc<Self> {
        let state = State {
            ready: VecDeque::new(),
            dirty: HashSet::new(),
            running: HashSet::new(),
            due: HashMap::new(),
            times: BTreeMap::new(),
            next_id: 0,
            failures: HashMap::new(),
        };
        Arc::new(Self {
            state: Mutex::new(state),
            changed: Notify::new(),
        })
    }

    /// Asks for a look at once.
    pub(crate) fn add(&self, key: T) {
        self.state().add(key);
        self.changed.notify_one();
    }

    /// Asks for a look later. Of several times the earliest counts, and any earlier look makes it void.
    pub(crate) fn add_after(&self, key: T, delay: Duration) {
        self.state().add_at(key, Instant::now() + delay);
        self.changed.notify_one();
    }

    /// Works until `stop`, on at most `limit` keys at once. What is under way then is dropped.
    pub(crate) async fn run<W, F>(self: Arc<Self>, limit: usize, stop: CancellationToken, work: W)
    where
        W: Fn(T) -> F,
        F: Future<Output = Worked> + Send + 'static,
    {
        let mut workers: JoinSet<(T, Worked)> = JoinSet::new();
        loop {
            while workers.len() < limit
                && let Some(key) = self.take()
            {
                let worked = work(key.clone());
                workers.spawn(async move { (key, worked.await) });
            }
            let next = self.state().next_time();
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.changed.notified() => {}
                () = until(next) => {}
                Some(done) = workers.join_next() => match done {
                    Ok((key, worked)) => self.finish(key, worked),
                    // Not expected: nothing in here panics. The key is dropped rather than the process.
                    Err(error) => warn!(%error, "work was not finished"),
                },
            }
        }
    }

    fn take(&self) -> Option<T> {
        let mut state = self.state();
        state.ripen(Instant::now());
        let key = state.ready.pop_front()?;
        state.dirty.remove(&key);
        state.forget_time(&key);
        state.running.insert(key.clone());
        Some(key)
    }

    fn finish(&self, key: T, worked: Worked) {
        let mut state = self.state();
        state.running.remove(&key);
        match worked {
            Ok(again) => {
                state.failures.remove(&key);
                if let Some(delay) = again {
                    state.add_at(key.clone(), Instant::now() + delay);
                }
            }
            Err(error) if error.is_namespace_ending() => {
                state.failures.remove(&key);
            }
            Err(error) => {
                let failures = state.failures.entry(key.clone()).or_default();
                *failures += 1;
                let delay = FIRST_RETRY
                    .saturating_mul(1 << (*failures - 1).min(20))
                    .min(LONGEST_RETRY);
                // A conflict is no news: somebody else was quicker, and the next look sees what they wrote.
                if error.code() == Some(409) {
                    debug!(?key, %error, "conflict");
                } else {
                    let reason = std::error::Error::source(&error)
                        .map(ToString::to_string)
                        .unwrap_or_default();
                    warn!(?key, %error, reason, "will be tried again");
                }
                state.add_at(key.clone(), Instant::now() + delay);
            }
        }
        if state.dirty.contains(&key) {
            state.ready.push_back(key);
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone + Eq + Hash> State<T> {
    fn add(&mut self, key: T) {
        if self.dirty.insert(key.clone()) && !self.running.contains(&key) {
            self.ready.push_back(key);
        }
    }

    fn add_at(&mut self, key: T, time: Instant) {
        if self.due.get(&key).is_some_and(|(due, _)| *due <= time) {
            return;
        }
        self.forget_time(&key);
        self.next_id += 1;
        self.due.insert(key.clone(), (time, self.next_id));
        self.times.insert((time, self.next_id), key);
    }

    fn forget_time(&mut self, key: &T) {
        if let Some(time) = self.due.remove(key) {
            self.times.remove(&time);
        }
    }

    /// Moves what is due to the ready keys.
    fn ripen(&mut self, now: Instant) {
        while let Some(((time, _), _)) = self.times.first_key_value()
            && *time <= now
            && let Some((_, key)) = self.times.pop_first()
        {
            self.due.remove(&key);
            self.add(key);
        }
    }

    fn next_time(&self) -> Option<Instant> {
        self.times.first_key_value().map(|((time, _), _)| *time)
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    type Log = Arc<Mutex<Vec<(u32, u64)>>>;

    /// Runs a queue for some seconds of paused time; the answer is which key was looked at after how many seconds.
    async fn check(
        queue: Arc<Queue<u32>>,
        seconds: u64,
        answer: impl Fn(u32, usize) -> Worked + Send + Sync + 'static,
    ) -> Vec<(u32, u64)> {
        let (log, answer, start) = (Log::default(), Arc::new(answer), Instant::now());
        let stop = CancellationToken::new();
        let seen = Arc::clone(&log);
        let run = tokio::spawn(queue.run(2, stop.clone(), move |key| {
            let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
            async move {
                let count = {
                    let mut seen = seen.lock().unwrap();
                    seen.push((key, start.elapsed().as_secs()));
                    seen.iter().filter(|(of, _)| *of == key).count()
                };
                answer(key, count)
            }
        }));
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        stop.cancel();
        run.await.unwrap();
        log.lock().unwrap().clone()
    }

    fn failure() -> Worked {
        Err(kube::Error::LinesCodecMaxLineLengthExceeded).doing(|| "test".to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_added_twice_is_looked_at_once() {
        let queue = Queue::new();
        queue.add(1);
        queue.add(1);
        queue.add(2);
        assert_eq!(check(queue, 5, |_, _| Ok(None)).await, [(1, 0), (2, 0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_comes_again_when_it_asked_for_it() {
        let queue = Queue::new();
        queue.add(1);
        let again = |_, count| Ok((count < 3).then_some(Duration::from_secs(10)));
        assert_eq!(check(queue, 100, again).await, [(1, 0), (1, 10), (1, 20)]);
    }

    #[tokio::test(start_paused = true)]
    async fn of_several_times_the_earliest_counts() {
        let queue = Queue::new();
        queue.add_after(1, Duration::from_secs(30));
        queue.add_after(1, Duration::from_secs(20));
        queue.add_after(1, Duration::from_secs(40));
        assert_eq!(check(queue, 100, |_, _| Ok(None)).await, [(1, 20)]);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_tried_again_with_growing_delays() {
        let queue = Queue::new();
        queue.add(1);
        let seen = check(queue, 1, |_, count| if count < 5 { failure() } else { Ok(None) }).await;
        assert_eq!(seen.len(), 5, "10, 20, 40 and 80 ms fit into a second");
        let queue = Queue::new();
        queue.add(1);
        let seen = check(queue, 600, |_, _| failure()).await;
        assert!(
            (18..25).contains(&seen.len()),
            "it slows down to once a minute: {}",
            seen.len()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_added_while_it_runs_comes_again_and_never_runs_twice_at_once() {
        let queue = Queue::new();
        let (running, looks) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let stop = CancellationToken::new();
        queue.add(1);
        let (r, l) = (Arc::clone(&running), Arc::clone(&looks));
        let run = tokio::spawn(Arc::clone(&queue).run(8, stop.clone(), move |_| {
            let (running, looks) = (Arc::clone(&r), Arc::clone(&l));
            async move {
                assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0);
                tokio::time::sleep(Duration::from_secs(1)).await;
                running.fetch_sub(1, Ordering::SeqCst);
                looks.fetch_add(1, Ordering::SeqCst);
                Ok(None)
            }
        }));
        tokio::time::sleep(Duration::from_millis(500)).await;
        queue.add(1);
        queue.add(1);
        tokio::time::sleep(Duration::from_secs(5)).await;
        stop.cancel();
        run.await.unwrap();
        assert_eq!(looks.load(Ordering::SeqCst), 2);
    }
}
