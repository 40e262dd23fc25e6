//! Watches that say nothing any more although their connection is open.
//!
//! An API server tells every watch about once a minute how far it has come, even if nothing happens. One that hears
//! nothing for [`Config::stalled_after`](crate::Config::stalled_after) (two such bookmarks and some slack) is taken for
//! stalled: this replica is not ready, and the watch is begun anew. What comes over the wire is looked at before `kube`
//! sees it, because it keeps bookmarks to itself.

use futures::Stream;
use http_body_util::BodyExt as _;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tower::service_fn;

/// All watches.
#[derive(Debug)]
pub(crate) struct Monitor {
    limit: Duration,
    /// By their names: whether they are stalled.
    watches: Mutex<BTreeMap<&'static str, bool>>,
}

/// One watch: when it last heard anything.
#[derive(Debug)]
pub(crate) struct Heart {
    monitor: Arc<Monitor>,
    name: &'static str,
    last: Mutex<Instant>,
}

impl Monitor {
    pub(crate) fn new(limit: Duration) -> Arc<Self> {
        Arc::new(Self {
            limit,
            watches: Mutex::default(),
        })
    }

    /// Every watch, and whether it is stalled.
    pub(crate) fn watches(&self) -> Vec<(&'static str, bool)> {
        self.lock()
            .iter()
            .map(|(name, stalled)| (*name, *stalled))
            .collect()
    }

    /// A client for one watch, whose answers are listened to.
    pub(crate) fn listen(
        self: &Arc<Self>,
        client: &kube::Client,
        name: &'static str,
    ) -> (kube::Client, Arc<Heart>) {
        self.lock().insert(name, false);
        let heart = Arc::new(Heart {
            monitor: self.clone(),
            name,
            last: Mutex::new(Instant::now()),
        });
        let (inner, beating) = (client.clone(), heart.clone());
        let service = service_fn(move |request| {
            let (client, heart) = (inner.clone(), beating.clone());
            async move {
                let response = client.send(request).await?;
                if response.status().is_success() {
                    heart.beat();
                }
                let listened = response.map(|body| {
                    body.map_frame(move |frame| {
                        heart.beat();
                        frame
                    })
                });
                Ok::<_, kube::Error>(listened)
            }
        });
        (kube::Client::new(service, client.default_namespace()), heart)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, bool>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, name: &'static str, stalled: bool) {
        let before = self.lock().insert(name, stalled);
        if before == Some(!stalled) {
            if stalled {
                tracing::warn!(watch = name, "a watch hears nothing and is begun anew");
            } else {
                tracing::info!(watch = name, "a watch hears something again");
            }
        }
    }
}

impl Heart {
    fn beat(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.monitor.set(self.name, false);
    }

    /// Returns when nothing was heard for too long; then the time begins anew.
    pub(crate) async fn stopped(&self) {
        loop {
            let due = *self.last.lock().unwrap_or_else(PoisonError::into_inner) + self.monitor.limit;
            if due <= Instant::now() {
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                self.monitor.set(self.name, true);
                return;
            }
            tokio::time::sleep_until(due).await;
        }
    }
}

/// A watch that is begun anew whenever it is stalled.
pub(crate) fn restarting<S, F>(
    monitor: &Arc<Monitor>,
    client: &kube::Client,
    name: &'static str,
    begin: F,
) -> impl Stream<Item = S::Item> + Send + use<S, F>
where
    S: Stream + Send,
    S::Item: Send,
    F: Fn(kube::Client) -> S + Send,
{
    let (client, heart) = monitor.listen(client, name);
    let first: Pin<Box<S>> = Box::pin(begin(client.clone()));
    futures::stream::unfold(
        (first, client, heart, begin),
        |(mut stream, client, heart, begin)| async move {
            loop {
                tokio::select! {
                    item = futures::StreamExt::next(&mut stream) => {
                        return Some((item?, (stream, client, heart, begin)));
                    }
                    () = heart.stopped() => stream = Box::pin(begin(client.clone())),
                }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt as _;
    use http::{Request, Response};
    use http_body_util::StreamBody;
    use hyper::body::{Bytes, Frame};
    use std::convert::Infallible;

    const LIMIT: Duration = Duration::from_secs(150);

    /// A watch that hears a bookmark once a minute, so many times, and then nothing.
    async fn heart_of_watch(monitor: &Arc<Monitor>, bookmarks: usize) -> Arc<Heart> {
        let service = service_fn(move |_: Request<kube::client::Body>| async move {
            let minutely = futures::stream::iter(0..bookmarks).then(|_| async {
                tokio::time::sleep(Duration::from_secs(60)).await;
                Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"a bookmark")))
            });
            let body = StreamBody::new(minutely.chain(futures::stream::pending()));
            Ok::<_, Infallible>(Response::new(body))
        });
        let (client, heart) = monitor.listen(&kube::Client::new(service, "default"), "things");
        tokio::spawn(async move {
            let request = Request::get("/watch").body(kube::client::Body::empty()).unwrap();
            let mut body = client.send(request).await.unwrap().into_body();
            while body.frame().await.is_some() {}
        });
        heart
    }

    #[tokio::test(start_paused = true)]
    async fn g13_watch_without_bookmarks_is_stalled_after_150_seconds_and_not_before() {
        let monitor = Monitor::new(LIMIT);
        let start = Instant::now();
        let heart = heart_of_watch(&monitor, 10).await;
        assert_eq!(monitor.watches(), [("things", false)]);
        heart.stopped().await;
        assert_eq!(start.elapsed().as_secs(), 10 * 60 + LIMIT.as_secs());
        assert_eq!(monitor.watches(), [("things", true)]);
        heart.beat();
        assert_eq!(monitor.watches(), [("things", false)]);
    }

    #[tokio::test(start_paused = true)]
    async fn stalled_watch_is_begun_anew_and_not_in_a_loop() {
        let monitor = Monitor::new(LIMIT);
        let service = service_fn(|_: Request<kube::client::Body>| {
            std::future::pending::<Result<Response<kube::client::Body>, Infallible>>()
        });
        let client = kube::Client::new(service, "default");
        let begun = Arc::new(Mutex::new(0));
        let count = begun.clone();
        let stream = restarting(&monitor, &client, "things", move |_| {
            *count.lock().unwrap() += 1;
            futures::stream::pending::<()>()
        });
        let mut stream = std::pin::pin!(stream);
        let waited = tokio::time::timeout(LIMIT * 4 + Duration::from_secs(1), stream.next()).await;
        assert!(waited.is_err());
        assert_eq!(*begun.lock().unwrap(), 5);
    }
}
