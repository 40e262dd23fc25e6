//! `Jobs`: pods until enough of them have succeeded.
//!
//! Containers are not run here, so a job's pods stay running unless their template says how they end (see the node's documentation):
//! an invented success would be a lie. Everything else of a job works: parallelism, completions, retries, deadlines, suspension, TTL.

mod plan;
mod status;

use super::ownership::{claim, look_at_adopters, look_at_owner};
use super::pods::PodWriter;
use super::{Reconciler, World, batch};
use crate::event::about;
use crate::informer::Key;
use crate::queue::{Failed, Queue, Worked};
use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use plan::{Plan, View, plan};
use std::sync::Arc;
use std::time::Duration;

pub(crate) use status::ending;

pub(crate) struct Controller {
    world: Arc<World>,
    pods: PodWriter,
}

impl Reconciler for Controller {
    fn listen(&self, queue: &Arc<Queue<Key>>) {
        let jobs = Arc::clone(queue);
        self.world
            .jobs
            .listen(move |change| jobs.add(Key::of(change.latest())));
        let (pods, parents) = (Arc::clone(queue), self.world.jobs.clone());
        self.world.pods.listen(move |change| {
            look_at_owner::<Job, _>(&pods, change);
            look_at_adopters(&pods, change, &parents, |job: &Job| {
                job.spec.as_ref()?.selector.as_ref()
            });
        });
    }

    async fn reconcile(&self, key: Key) -> Worked {
        let Some(job) = self.world.jobs.get(&key) else {
            return Ok(None);
        };
        if job.metadata.deletion_timestamp.is_some() {
            return Ok(None);
        }
        let now = Timestamp::now();
        if ending(&job).is_some() {
            return self.expire(&job, now).await;
        }
        let selector = job.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        let pods = claim(&self.world.jobs, &*job, selector, &self.world.pods).await?;
        let plan = plan(&View {
            job: &job,
            pods: &pods,
            now,
        });
        let again = plan.again;
        self.apply(&job, plan).await?;
        self.report(&key, now).await?;
        Ok(again)
    }
}

impl Controller {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self {
            world: Arc::clone(world),
            pods: PodWriter::new(world, "job-controller"),
        }
    }

    /// A finished job goes when its time is over.
    async fn expire(&self, job: &Job, now: Timestamp) -> Worked {
        let Some(left) = status::time_to_live(job, now) else {
            return Ok(None);
        };
        if left > Duration::ZERO {
            return Ok(Some(left));
        }
        self.world.jobs.delete(job).await?;
        Ok(None)
    }

    async fn apply(&self, job: &Job, plan: Plan) -> Result<(), Failed> {
        let Plan {
            create,
            delete,
            again: _,
        } = plan;
        batch::each(delete, |pod| async move { self.pods.delete(job, &pod).await }).await?;
        let (_, refused) =
            batch::slow_start(create.len(), |index| self.pods.create(job, &create[index])).await;
        refused.map_or(Ok(()), Err)
    }

    async fn report(&self, key: &Key, now: Timestamp) -> Result<(), Failed> {
        let Some(latest) = self.world.jobs.get(key) else {
            return Ok(());
        };
        let pods = self.world.pods.owned_by(&latest.uid().unwrap_or_default());
        let status = status::next(&View {
            job: &latest,
            pods: &pods,
            now,
        });
        if latest.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let changed = Job {
            status: Some(status),
            ..Job::clone(&latest)
        };
        self.world.jobs.replace_status(&changed).await?;
        self.tell(&latest, changed.status.unwrap_or_default());
        Ok(())
    }

    /// One event for each condition that has just become true.
    fn tell(&self, before: &Job, after: JobStatus) {
        let known = before
            .status
            .as_ref()
            .and_then(|status| status.conditions.clone())
            .unwrap_or_default();
        for condition in after.conditions.into_iter().flatten() {
            let is_known = known
                .iter()
                .any(|one| one.type_ == condition.type_ && one.status == condition.status);
            let message = condition.message.unwrap_or_default();
            match (condition.type_.as_str(), condition.status.as_str()) {
                _ if is_known => {}
                ("Complete", "True") => {
                    self.pods
                        .recorder
                        .normal(&about(before), "Completed", "Job completed")
                }
                ("Failed", "True") => self.pods.recorder.warning(
                    &about(before),
                    condition.reason.as_deref().unwrap_or_default(),
                    message,
                ),
                ("Suspended", "True") => {
                    self.pods
                        .recorder
                        .normal(&about(before), "Suspended", "Job suspended")
                }
                ("Suspended", "False") => self
                    .pods
                    .recorder
                    .normal(&about(before), "Resumed", "Job resumed"),
                _ => {}
            }
        }
    }
}
