//! How long a failed image stays untried.
//!
//! The kubelet keeps one entry per pod and image string, in memory: 10 s after the first failed pull, doubling to five minutes,
//! forgotten ten minutes after the last failure (`client-go/util/flowcontrol/backoff.go`, `pkg/kubelet/images/image_manager.go`).

use std::collections::HashMap;
use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(300);
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

/// Failed pulls by pod UID, then by the image as written. Another spelling or another pod starts afresh.
#[derive(Debug, Default)]
pub(crate) struct BackOff {
    failures: HashMap<String, HashMap<String, Failed>>,
}

#[derive(Debug)]
struct Failed {
    delay: Duration,
    at: Instant,
    why: String,
}

impl Failed {
    fn is_forgotten(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) > FORGOTTEN_AFTER
    }
}

impl BackOff {
    /// Why the last pull failed, if it is too early for the next one.
    pub(crate) fn waiting(&self, pod: &str, image: &str, now: Instant) -> Option<&str> {
        let failed = self.failures.get(pod)?.get(image)?;
        let waits = !failed.is_forgotten(now) && now.saturating_duration_since(failed.at) < failed.delay;
        waits.then_some(failed.why.as_str())
    }

    /// Notes a failed pull and makes the next wait longer.
    pub(crate) fn failed(&mut self, pod: &str, image: &str, why: String, now: Instant) {
        let images = self.failures.entry(pod.to_owned()).or_default();
        let delay = match images.get(image) {
            Some(before) if !before.is_forgotten(now) => (before.delay * 2).min(LONGEST),
            _ => FIRST,
        };
        images.insert(image.to_owned(), Failed { delay, at: now, why });
    }

    /// Drops what is forgotten anyway, so that memory does not grow with the number of pods ever seen.
    pub(crate) fn sweep(&mut self, now: Instant) {
        self.failures.retain(|_, images| {
            images.retain(|_, failed| !failed.is_forgotten(now));
            !images.is_empty()
        });
    }

    /// Drops a pod that is gone.
    pub(crate) fn forget(&mut self, pod: &str) {
        self.failures.remove(pod);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases() -> serde_json::Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/cases/kubelet.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn delays_are_the_kubelets_and_end_exactly_at_the_limit() {
        let mut back_off = BackOff::default();
        let mut now = Instant::now();
        for seconds in cases()["back_off_seconds"].as_array().unwrap() {
            let delay = Duration::from_secs(seconds.as_u64().unwrap());
            back_off.failed("uid", "nginx", "x".into(), now);
            assert_eq!(
                back_off.waiting("uid", "nginx", now + delay - Duration::from_nanos(1)),
                Some("x")
            );
            now += delay;
            assert_eq!(
                back_off.waiting("uid", "nginx", now),
                None,
                "at exactly {delay:?} it pulls"
            );
        }
    }

    #[test]
    fn another_pod_and_another_spelling_start_afresh() {
        let mut back_off = BackOff::default();
        let now = Instant::now();
        back_off.failed("uid", "nginx", "x".into(), now);
        assert_eq!(back_off.waiting("uid2", "nginx", now), None);
        assert_eq!(back_off.waiting("uid", "docker.io/library/nginx", now), None);
    }

    #[test]
    fn ten_minutes_after_the_last_failure_the_first_delay_is_back() {
        let mut back_off = BackOff::default();
        let start = Instant::now();
        for _ in 0..9 {
            back_off.failed("uid", "nginx", "x".into(), start);
        }
        let at_limit = start + FORGOTTEN_AFTER;
        back_off.sweep(at_limit);
        assert_eq!(back_off.failures.len(), 1, "at exactly 600 s it is still known");
        let later = at_limit + Duration::from_millis(1);
        back_off.failed("uid", "nginx", "y".into(), later);
        assert_eq!(back_off.waiting("uid", "nginx", later + FIRST), None);
        back_off.sweep(later + FORGOTTEN_AFTER + Duration::from_millis(1));
        assert!(back_off.failures.is_empty());
    }
}
