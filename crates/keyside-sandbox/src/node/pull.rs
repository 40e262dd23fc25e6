//! Carrying out what the image manager decides: looking at the store, asking the registry, telling the pod.

use super::image_manager::{Decision, Ended, Failure, ImageManager, Notice, Policy, Want};
use super::keyring::Candidate;
use super::records::Record;
use keyside_keychain::Credential;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::{Semaphore, SemaphorePermit};

/// What keeps and fetches images. The node's own one downloads every layer; tests script one.
pub(crate) trait Runtime: Send + Sync + 'static {
    /// The id of the image that is present under this name, if any.
    fn find(&self, image: &str) -> impl Future<Output = Result<Option<String>, String>> + Send;

    /// Fetches an image with one credential, or without any. The error is the text that events and statuses show.
    fn pull(
        &self,
        image: &str,
        credential: Option<&Credential>,
    ) -> impl Future<Output = Result<Fetched, String>> + Send;

    /// How a container status names an image that is present: `repository@digest` where that is known, else the id.
    fn repository_digest(&self, image: &str, id: &str) -> String;

    /// Keeps what is known about who may use an image.
    fn save(&self, id: String, record: Record) -> impl Future<Output = ()> + Send;
}

/// An image that has been fetched and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fetched {
    /// Digest of its config, which is what container runtimes use as the image's id.
    pub(crate) id: String,
    /// Bytes, as downloaded.
    pub(crate) size: u64,
}

/// Pulls of different pods at once. The kubelet's own default is one; a slow registry would then hold up every other pod.
const PARALLEL_PULLS: usize = 5;

/// The images of a node.
#[derive(Debug)]
pub(crate) struct Images<R> {
    runtime: R,
    manager: Mutex<ImageManager>,
    pulls: Semaphore,
}

impl<R: Runtime> Images<R> {
    pub(crate) fn new(runtime: R, manager: ImageManager) -> Self {
        Self {
            runtime,
            manager: Mutex::new(manager),
            pulls: Semaphore::new(PARALLEL_PULLS),
        }
    }

    pub(crate) fn runtime(&self) -> &R {
        &self.runtime
    }

    /// Drops what is known about the pulls of a pod that is gone.
    pub(crate) fn forget_pod(&self, uid: &str) {
        self.manager().forget_pod(uid);
    }

    /// Makes sure that an image is present and that this pod may use it. `tell` receives the events as they happen.
    pub(crate) async fn ensure(
        &self,
        want: &Want<'_>,
        tell: &(dyn Fn(Notice) + Sync),
    ) -> Result<String, Failure> {
        let answer = self.ensure_unsaved(want, tell).await;
        let unsaved = self.manager().take_unsaved();
        for (id, record) in unsaved {
            self.runtime.save(id, record).await;
        }
        answer
    }

    async fn ensure_unsaved(
        &self,
        want: &Want<'_>,
        tell: &(dyn Fn(Notice) + Sync),
    ) -> Result<String, Failure> {
        let refused = |(failure, notice): (Failure, Notice)| {
            tell(notice);
            failure
        };
        let asked = now();
        let image = ImageManager::read(want.image).map_err(refused)?;
        let name = image.pull_string();
        let mut present = self.find(want, &name).await.map_err(refused)?;
        let mut turn = None;
        if self.may_come_meanwhile(want, present.as_deref()) {
            turn = Some(self.turn().await?);
            present = self.find(want, &name).await.map_err(refused)?;
        }
        let decision = self.manager().decide(want, &image, present.as_deref(), now());
        match decision {
            Decision::Use(id, notice) => {
                tell(notice);
                Ok(id)
            }
            Decision::Refuse(failure, notice) => {
                notice.into_iter().for_each(tell);
                Err(failure)
            }
            Decision::Pull(candidates, notice) => {
                tell(notice);
                let turn = match turn {
                    Some(turn) => turn,
                    None => self.turn().await?,
                };
                let ended = self.pull(&name, candidates, asked).await;
                drop(turn);
                let (answer, notice) = self.manager().end(want, ended, now());
                tell(notice);
                answer
            }
        }
    }

    async fn find(&self, want: &Want<'_>, name: &str) -> Result<Option<String>, (Failure, Notice)> {
        match want.policy {
            Policy::Always => Ok(None),
            _ => self
                .runtime
                .find(name)
                .await
                .map_err(|error| ImageManager::cannot_inspect(&error)),
        }
    }

    /// Whether it is better to wait for a turn before anything is decided. Five hundred pods of one image would otherwise all have
    /// decided to pull before the first of them has pulled, and most would meet the limit of pulls per second.
    fn may_come_meanwhile(&self, want: &Want<'_>, present: Option<&str>) -> bool {
        present.is_none()
            && want.policy == Policy::IfNotPresent
            && !self.manager().is_backing_off(want, now())
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, Failure> {
        // The semaphore is never closed.
        self.pulls.acquire().await.map_err(|_| Failure::node_stops())
    }

    /// One whole pull per credential until one succeeds. There is no anonymous attempt at the end, although a public image would
    /// then come: that is how the kubelet behaves.
    async fn pull(&self, name: &str, candidates: Vec<Candidate>, asked: Instant) -> Ended {
        let started = now();
        if let Err(error) = self.manager().allow(started) {
            return Ended::Failed(vec![error]);
        }
        let mut attempts: Vec<_> = candidates.into_iter().map(Some).collect();
        if attempts.is_empty() {
            attempts.push(None);
        }
        let mut errors = Vec::new();
        for attempt in attempts {
            let credential = attempt.as_ref().map(|candidate| &candidate.credential);
            match self.runtime.pull(name, credential).await {
                Ok(Fetched { id, size }) => {
                    let (pulling, waiting) = (now() - started, now() - asked);
                    return Ended::Pulled {
                        id,
                        size,
                        pulling,
                        waiting,
                        with: attempt.map(Box::new),
                    };
                }
                Err(error) => errors.push(error),
            }
        }
        Ended::Failed(errors)
    }

    /// The manager's methods do not wait, so the lock is never held across an await.
    fn manager(&self) -> MutexGuard<'_, ImageManager> {
        self.manager.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tokio's clock, so that tests can advance it.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
