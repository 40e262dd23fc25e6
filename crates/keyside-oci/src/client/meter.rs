//! How long looking up a name and connecting took, for whoever shows the steps of a verification.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use tower::{Layer, Service};

/// What the last connection took. Meaningful for one verification at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter(Arc<Mutex<Times>>);

/// Times of one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// Looking up the name; none if there was no name.
    pub(crate) lookup: Option<Duration>,
    /// All of it: lookup, connection, TLS. None if a connection was used that stood already.
    pub(crate) connect: Option<Duration>,
}

impl Meter {
    pub(super) fn note_lookup(&self, since: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lookup = Some(since.elapsed());
    }

    fn note_connect(&self, since: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).connect = Some(since.elapsed());
    }

    /// The times since the last question.
    pub(crate) fn take(&self) -> Times {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S> Layer<S> for Meter {
    type Service = Metered<S>;

    fn layer(&self, inner: S) -> Metered<S> {
        Metered {
            inner,
            meter: self.clone(),
        }
    }
}

/// A connector whose time is taken.
#[derive(Clone, Debug)]
pub(crate) struct Metered<S> {
    inner: S,
    meter: Meter,
}

impl<S, R> Service<R> for Metered<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (meter, since) = (self.meter.clone(), Instant::now());
        let connecting = self.inner.call(request);
        Box::pin(async move {
            let connected = connecting.await;
            meter.note_connect(since);
            connected
        })
    }
}
