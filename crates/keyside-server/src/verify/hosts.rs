//! How much one host is asked: so many side by side, so many in a burst, and nothing while it wants to be left alone.

use super::Verification;
use super::budget::Budget;
use keyside_oci::Cause;
use keyside_oci::verify::{Reason, Verdict};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// All hosts that were asked.
pub(super) struct Hosts {
    hosts: Mutex<HashMap<String, Arc<Host>>>,
    per_host: usize,
    burst: u32,
    refill: Duration,
}

/// One host.
pub(super) struct Host {
    permits: Arc<Semaphore>,
    state: Mutex<State>,
    burst: u32,
    refill: Duration,
}

struct State {
    budget: Budget,
    /// Until when the host wants to be left alone.
    paused: Option<Instant>,
}

impl Hosts {
    pub(super) fn new(config: &Verification) -> Self {
        Self {
            hosts: Mutex::default(),
            per_host: config.per_host.max(1),
            burst: config.burst.max(1),
            refill: config.refill,
        }
    }

    pub(super) fn of(&self, origin: &str) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Host {
            permits: Arc::new(Semaphore::new(self.per_host)),
            state: Mutex::new(State {
                budget: Budget::whole(),
                paused: None,
            }),
            burst: self.burst,
            refill: self.refill,
        };
        hosts
            .entry(origin.to_owned())
            .or_insert_with(|| Arc::new(new()))
            .clone()
    }
}

impl Host {
    /// Waits until the host may be asked. An error says for how long it wants to be left alone.
    pub(super) async fn turn(&self) -> Result<OwnedSemaphorePermit, Duration> {
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.expect("the permits are never closed");
        sleep_until(self.spend()).await;
        match self.pause_left() {
            Some(left) => Err(left),
            None => Ok(permit),
        }
    }

    /// Takes a piece of the budget; returns when it may be used.
    fn spend(&self) -> Instant {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.budget.spend(self.burst, self.refill)
    }

    fn pause_left(&self) -> Option<Duration> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let left = state.paused?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Takes note if the host wants to be left alone.
    pub(super) fn heed(&self, verdict: &Verdict, usual: Duration) {
        if verdict.reason == Reason::Failed(Cause::RateLimited) {
            let until = Instant::now() + verdict.retry_after.unwrap_or(usual);
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.paused = Some(state.paused.map_or(until, |known| known.max(until)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(burst: u32) -> Arc<Host> {
        let config = Verification {
            burst,
            refill: Duration::from_secs(1),
            ..Verification::default()
        };
        Hosts::new(&config).of("https://quay.io")
    }

    #[tokio::test(start_paused = true)]
    async fn burst_is_free_and_what_follows_waits() {
        let host = host(3);
        let start = Instant::now();
        let mut seconds = Vec::new();
        for _ in 0..5 {
            drop(host.turn().await.unwrap());
            seconds.push(start.elapsed().as_secs());
        }
        assert_eq!(seconds, [0, 0, 0, 1, 2]);
        tokio::time::sleep(Duration::from_secs(60)).await;
        let start = Instant::now();
        for _ in 0..3 {
            drop(host.turn().await.unwrap());
        }
        assert_eq!(start.elapsed().as_secs(), 0, "the budget grows back");
    }

    #[tokio::test(start_paused = true)]
    async fn pause_that_a_host_asks_for_is_kept() {
        let host = host(3);
        let verdict = |retry_after| Verdict {
            reason: Reason::Failed(Cause::RateLimited),
            detail: String::new(),
            retry_after,
            unconfirmed: None,
        };
        host.heed(&verdict(Some(Duration::from_secs(90))), Duration::from_secs(60));
        host.heed(&verdict(None), Duration::from_secs(60));
        assert_eq!(host.turn().await.unwrap_err().as_secs(), 90);
        tokio::time::sleep(Duration::from_secs(91)).await;
        assert!(host.turn().await.is_ok());
    }
}
