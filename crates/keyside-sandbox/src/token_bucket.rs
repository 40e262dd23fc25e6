//! A token bucket: so many at once, then so many per second.

use std::time::{Duration, Instant};

/// Allows `burst` takes at once and refills one token per `interval`. It never waits: who gets no token is told so.
#[derive(Debug, Clone)]
pub(crate) struct TokenBucket {
    burst: f64,
    interval: Duration,
    tokens: f64,
    filled_at: Option<Instant>,
}

impl TokenBucket {
    pub(crate) fn new(burst: u32, interval: Duration) -> Self {
        let burst = f64::from(burst);
        Self {
            burst,
            interval,
            tokens: burst,
            filled_at: None,
        }
    }

    /// Takes a token if there is one.
    pub(crate) fn try_take(&mut self, now: Instant) -> bool {
        if let Some(filled_at) = self.filled_at {
            let gained = now.saturating_duration_since(filled_at).as_secs_f64() / self.interval.as_secs_f64();
            self.tokens = (self.tokens + gained).min(self.burst);
        }
        self.filled_at = Some(now);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_is_allowed_at_once_and_then_one_per_interval() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(10, Duration::from_millis(200));
        assert_eq!((0..20).filter(|_| bucket.try_take(start)).count(), 10);
        assert!(!bucket.try_take(start + Duration::from_millis(150)));
        assert!(bucket.try_take(start + Duration::from_millis(210)));
        assert!(!bucket.try_take(start + Duration::from_millis(220)));
    }

    #[test]
    fn an_idle_bucket_fills_up_to_its_burst_only() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(2, Duration::from_secs(300));
        bucket.try_take(start);
        let later = start + Duration::from_secs(86_400);
        assert_eq!((0..5).filter(|_| bucket.try_take(later)).count(), 2);
    }
}
