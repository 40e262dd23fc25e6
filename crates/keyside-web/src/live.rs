//! What changes by itself: server-sent events. A stream watches with the user's own token, sends the same fragment that
//! the page was made of whenever it differs, and ends with the session.

use super::call::Call;
use super::pages::workload::{self, Subject};
use super::route::Answer;
use super::session::{RECHECK, Refused};
use axum::response::IntoResponse as _;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt as _};
use k8s_openapi::api::core::v1 as core;
use kube::Api;
use kube::runtime::{WatchStreamExt as _, watcher};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Changes that come together are shown together.
const TOGETHER: Duration = Duration::from_millis(80);

/// The progress of one workload's pods.
pub(super) async fn workload(call: Call) -> Answer {
    let subject = Subject::of(&call)?;
    // Who may not see it learns that now, with a status.
    let first = workload::fragment(&call, &subject).await?;
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(follow(call, subject, first, sender));
    let stream = futures::stream::unfold(receiver, |mut receiver| async {
        receiver
            .recv()
            .await
            .map(|text| (Ok::<_, Infallible>(Event::default().data(text)), receiver))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()).into_response())
}

async fn follow(call: Call, subject: Subject, mut shown: String, sender: mpsc::Sender<String>) {
    let Ok(session) = call.session().cloned() else {
        return;
    };
    if sender.send(shown.clone()).await.is_err() {
        return;
    }
    let mut changes = std::pin::pin!(changes(&session.client, &subject.namespace));
    let mut recheck = tokio::time::interval_at(Instant::now() + RECHECK, RECHECK);
    loop {
        tokio::select! {
            () = session.ended.cancelled() => return,
            () = call.web.shutdown.cancelled() => return,
            () = sender.closed() => return,
            _ = recheck.tick() => {
                if matches!(session.check(false).await, Err(Refused::Token)) {
                    return;
                }
            }
            change = changes.next() => {
                if change.is_none() {
                    return;
                }
                gather(&mut changes).await;
                let Ok(now) = workload::fragment(&call, &subject).await else { return };
                if now != shown {
                    shown.clone_from(&now);
                    if sender.send(now).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// Takes the changes that follow at once.
async fn gather(changes: &mut (impl Stream<Item = ()> + Unpin)) {
    let until = Instant::now() + TOGETHER;
    while let Ok(Some(())) = tokio::time::timeout_at(until, changes.next()).await {}
}

/// A tick for every change of a pod or an event in the namespace; ends when the user may no longer watch.
fn changes(client: &kube::Client, namespace: &str) -> impl Stream<Item = ()> + use<> {
    let pods: Api<core::Pod> = Api::namespaced(client.clone(), namespace);
    let events: Api<core::Event> = Api::namespaced(client.clone(), namespace);
    let pods = watcher(pods, watcher::Config::default())
        .touched_objects()
        .map(|one| one.is_ok());
    let events = watcher(events, watcher::Config::default())
        .touched_objects()
        .map(|one| one.is_ok());
    futures::stream::select(pods, events)
        .take_while(|fine| futures::future::ready(*fine))
        .map(|_| ())
}
