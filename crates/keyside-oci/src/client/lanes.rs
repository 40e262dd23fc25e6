//! One connection for requests that follow each other.
//!
//! When an answer has been read to its end, its connection is not yet back in the HTTP library's pool: two other tasks have to run
//! first. A request that comes at once would not find it and dial anew, so that a hundred questions in a row would leave several
//! connections at the registry, how many depending on the scheduler. So whoever is about to dial first waits for a connection that
//! is known to be on its way back; it is nearly always there at once. Where all that stand are in use, nobody waits.

use crate::origin::Origin;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tower::{Layer, Service};

/// How long after an answer its connection may take to come back. Only a connection that broke off unseen makes anybody wait so long.
const GRACE: Duration = Duration::from_millis(500);
/// Registries may point to any number of hosts; what is known of those that nobody uses is forgotten from here on.
const FORGETTING: usize = 64;

tokio::task_local! {
    /// The lane of the request that is being sent. The library lets go of a dial that it no longer needs by moving it to a task of
    /// its own, where there is none.
    static SENDING: Lane;
}

/// What is known of the connections of one client, by where they lead.
#[derive(Clone, Debug, Default)]
pub(super) struct Lanes(Arc<Mutex<HashMap<Key, Lane>>>);

/// Connections are shared by requests to one origin, but not by those that may reach this machine and those that may not.
type Key = (bool, Origin);

/// The connections to one origin.
#[derive(Clone, Debug, Default)]
struct Lane(Arc<Mutex<Count>>);

#[derive(Debug, Default)]
struct Count {
    /// Requests that are being sent or whose answers are being read.
    busy: usize,
    /// Connections that were made and have not been seen to end.
    standing: usize,
    /// When the last answer was read to its end.
    returned: Option<Instant>,
}

/// A request that occupies a connection until this is dropped.
#[derive(Debug)]
pub(super) struct Ride {
    lane: Lane,
    reusable: bool,
}

/// The dial is not needed any more: a connection came back meanwhile. Nobody sees this but the library's own log.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a connection came back meanwhile")]
struct Spared;

impl Lanes {
    /// Begins a request.
    pub(super) fn enter(&self, loopback: bool, origin: &Origin) -> Ride {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.len() >= FORGETTING {
            lanes.retain(|_, lane| lane.with(|count| count.busy > 0));
        }
        let lane = lanes.entry((loopback, origin.clone())).or_default().clone();
        lane.with(|count| count.busy += 1);
        Ride {
            lane,
            reusable: false,
        }
    }
}

impl Lane {
    fn with<T>(&self, change: impl FnOnce(&mut Count) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Until when a connection may still come back for the request that asks.
    fn patience(&self) -> Option<Instant> {
        self.with(|count| {
            let others = count.busy.saturating_sub(1);
            let end = count.returned? + GRACE;
            (count.standing > others && end > Instant::now()).then_some(end)
        })
    }
}

impl Ride {
    /// Runs what sends the request.
    pub(super) async fn sending<T>(&self, send: impl Future<Output = T>) -> T {
        SENDING.scope(self.lane.clone(), send).await
    }

    /// The answer is read to its end and did not say that the connection ends too.
    pub(super) fn finish(&mut self) {
        self.reusable = true;
    }
}

impl Drop for Ride {
    fn drop(&mut self) {
        let reusable = self.reusable;
        self.lane.with(|count| {
            count.busy = count.busy.saturating_sub(1);
            if reusable {
                count.returned = Some(Instant::now());
            } else {
                count.standing = count.standing.saturating_sub(1);
            }
        });
    }
}

impl<S> Layer<S> for Lanes {
    type Service = Patient<S>;

    fn layer(&self, inner: S) -> Patient<S> {
        Patient(inner)
    }
}

/// A connector that waits before it dials.
#[derive(Clone, Debug)]
pub(crate) struct Patient<S>(S);

impl<S, R> Service<R> for Patient<S>
where
    S: Service<R> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: From<Box<dyn std::error::Error + Send + Sync>> + Send,
    S::Response: Send,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let other = self.0.clone();
        // The one that is ready is the one to be called.
        let mut inner = std::mem::replace(&mut self.0, other);
        Box::pin(async move {
            let lane = SENDING.try_with(Clone::clone).ok();
            if let Some(end) = lane.as_ref().and_then(Lane::patience) {
                sleep_until(end).await;
                if SENDING.try_with(|_| ()).is_err() {
                    let spared: Box<dyn std::error::Error + Send + Sync> = Box::new(Spared);
                    return Err(spared.into());
                }
                // It did not come back, so it does not stand.
                let lost = |count: &mut Count| count.standing = count.standing.saturating_sub(1);
                lane.iter().for_each(|lane| lane.with(lost));
            }
            let connected = inner.call(request).await;
            if let (Some(lane), Ok(_)) = (&lane, &connected) {
                lane.with(|count| count.standing += 1);
            }
            connected
        })
    }
}
