//! `CronJobs`: a job each time the clock says so.

mod plan;

use super::ownership::look_at_owner;
use super::{Reconciler, World, batch};
use crate::event::{Recorder, about};
use crate::informer::Key;
use crate::queue::{Failed, Queue, Worked};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use plan::{Notice, Plan, View, plan};
use std::sync::Arc;

pub(crate) struct Controller {
    world: Arc<World>,
    recorder: Recorder,
}

impl Reconciler for Controller {
    fn listen(&self, queue: &Arc<Queue<Key>>) {
        let own = Arc::clone(queue);
        self.world
            .cron_jobs
            .listen(move |change| own.add(Key::of(change.latest())));
        let jobs = Arc::clone(queue);
        self.world
            .jobs
            .listen(move |change| look_at_owner::<CronJob, _>(&jobs, change));
    }

    async fn reconcile(&self, key: Key) -> Worked {
        let Some(cron) = self.world.cron_jobs.get(&key) else {
            return Ok(None);
        };
        let jobs = self.world.jobs.owned_by(&cron.uid().unwrap_or_default());
        let plan = plan(&View {
            cron: &cron,
            jobs: &jobs,
            now: Timestamp::now(),
        });
        let again = plan.again;
        self.apply(&cron, plan).await?;
        Ok(again)
    }
}

impl Controller {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self {
            world: Arc::clone(world),
            recorder: world.recorder.signed("cronjob-controller"),
        }
    }

    async fn apply(&self, cron: &CronJob, plan: Plan) -> Result<(), Failed> {
        let Plan {
            create,
            delete,
            mut status,
            notices,
            again: _,
        } = plan;
        for Notice {
            is_warning,
            reason,
            message,
        } in notices
        {
            self.recorder.tell(&about(cron), is_warning, reason, message);
        }
        batch::each(delete, |job| async move {
            self.world.jobs.delete(&job).await?;
            self.recorder.normal(
                &about(cron),
                "SuccessfulDelete",
                format!("Deleted job {}", job.name_any()),
            );
            Ok(())
        })
        .await?;
        if let Some((job, time)) = create {
            let made = self.create(cron, &job).await?;
            status.active.get_or_insert_default().push(about(&made));
            status.last_schedule_time = Some(time);
        }
        if cron.status.as_ref() != Some(&status) {
            let changed = CronJob {
                status: Some(status),
                ..CronJob::clone(cron)
            };
            self.world.cron_jobs.replace_status(&changed).await?;
        }
        Ok(())
    }

    /// The name holds the time, so a job that exists already is the one meant.
    async fn create(&self, cron: &CronJob, job: &Job) -> Result<Job, Failed> {
        match self.world.jobs.create(job).await {
            Ok(made) => {
                self.recorder.normal(
                    &about(cron),
                    "SuccessfulCreate",
                    format!("Created job {}", made.name_any()),
                );
                Ok(made)
            }
            Err(error) if error.code() == Some(409) => {
                let known = self.world.jobs.get(&Key::of(job));
                known.map(|known| Job::clone(&known)).ok_or(error)
            }
            Err(error) => {
                self.recorder.warning(
                    &about(cron),
                    "FailedCreate",
                    format!("Error creating job: {}", error.cause()),
                );
                Err(error)
            }
        }
    }
}
