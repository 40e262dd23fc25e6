//! Keeping writes in order: one at a time for one object, so many at once in all, and none while the API server asks for
//! a pause.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// The place an object has: namespace and name.
type Place = (Arc<str>, Arc<str>);

/// Order among writes.
#[derive(Debug)]
pub(crate) struct Flow {
    permits: Semaphore,
    places: Mutex<HashMap<Place, Arc<tokio::sync::Mutex<()>>>>,
    paused_until: Mutex<Option<Instant>>,
}

/// The right to write one object; given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    flow: &'a Flow,
    place: Place,
    guard: Option<OwnedMutexGuard<()>>,
    _permit: SemaphorePermit<'a>,
}

impl Flow {
    pub(crate) fn new(in_flight: usize) -> Self {
        Self {
            permits: Semaphore::new(in_flight),
            places: Mutex::default(),
            paused_until: Mutex::default(),
        }
    }

    /// Waits for the turn to write an object. Whoever gets it looks again whether the write is still due: the one before
    /// may have done it.
    pub(crate) async fn turn(&self, namespace: &Arc<str>, name: &Arc<str>) -> Turn<'_> {
        let place = (namespace.clone(), name.clone());
        let lock = {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            places.entry(place.clone()).or_default().clone()
        };
        let guard = Some(lock.lock_owned().await);
        let permit = self
            .permits
            .acquire()
            .await
            .expect("the permits are never closed");
        self.pause().await;
        Turn {
            flow: self,
            place,
            guard,
            _permit: permit,
        }
    }

    /// The API server has asked for a pause.
    pub(crate) fn hold(&self, time: Duration) {
        let mut until = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = Instant::now() + time;
        *until = Some(until.map_or(asked, |until| until.max(asked)));
    }

    async fn pause(&self) {
        loop {
            let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
            match until.filter(|until| *until > Instant::now()) {
                Some(until) => tokio::time::sleep_until(until).await,
                None => return,
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut places = self.flow.places.lock().unwrap_or_else(PoisonError::into_inner);
        self.guard.take();
        // Only this map and whoever waits hold the lock: with nobody waiting it can go.
        if places
            .get(&self.place)
            .is_some_and(|lock| Arc::strong_count(lock) == 1)
        {
            places.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_object_is_written_by_one_at_a_time_and_leaves_nothing_behind() {
        let flow = Flow::new(8);
        let (namespace, name): Place = ("a".into(), "s".into());
        let first = flow.turn(&namespace, &name).await;
        assert!(
            tokio::time::timeout(Duration::from_secs(1), flow.turn(&namespace, &name))
                .await
                .is_err()
        );
        let _other = flow.turn(&namespace, &"t".into()).await;
        drop(first);
        drop(flow.turn(&namespace, &name).await);
        assert_eq!(flow.places.lock().unwrap().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn pause_holds_every_write_and_the_longest_counts() {
        let flow = Flow::new(8);
        flow.hold(Duration::from_secs(7));
        flow.hold(Duration::from_secs(3));
        let start = Instant::now();
        drop(flow.turn(&"a".into(), &"s".into()).await);
        assert_eq!(start.elapsed().as_secs(), 7);
    }
}
