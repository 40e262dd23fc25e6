//! Who writes: of several replicas the holder of a Lease applies, the others plan and answer, ready to take over.
//!
//! Decisions are in [`election`], which knows no API server and no clock of its own; what the rest of the system asks is
//! [`Leadership::leads`]. This file carries out the decisions.
//!
//! A Lease is advice, not a lock: between the last look at it and the arrival of a write anything may happen. So every
//! write of a copy also names the very object it means (uid and resourceVersion), and two holders at once do no harm.

mod election;
mod leadership;
mod object;

pub use election::Pace;
pub(crate) use leadership::Leadership;

use crate::rbac::Mode;
use crate::single;
use crate::wire::conflicts;
use election::{Election, Step};
use futures::StreamExt as _;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, PostParams};
use object::Record;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The longest wait for an answer about the Lease.
const ANSWER: Duration = Duration::from_secs(5);

/// How a replica takes part in the election.
#[derive(Clone, Debug)]
pub struct Candidacy {
    /// The name of the Lease, in keyside's own namespace.
    pub name: String,
    /// This replica; no two processes may have the same.
    pub identity: String,
    /// The times that make up the election.
    pub pace: Pace,
}

impl Candidacy {
    /// A candidate for the usual Lease. The start of the process makes the identity its own: a container that is started
    /// anew in the same pod is another candidate.
    pub fn new(pod: &str) -> Self {
        let started = jiff::Timestamp::now().as_millisecond();
        Self {
            name: crate::rbac::LEASE.to_owned(),
            identity: format!("{pod}_{started:x}-{:x}", std::process::id()),
            pace: Pace::default(),
        }
    }
}

/// Takes part in the election until told to stop, and gives the Lease back then. Whoever says stop has finished writing.
pub(crate) async fn run(
    client: kube::Client,
    namespace: &str,
    candidacy: Candidacy,
    rights: Mode,
    leadership: Arc<Leadership>,
    stop: CancellationToken,
) {
    let api: Api<Lease> = Api::namespaced(client, namespace);
    let mut driver = Driver {
        election: Election::new(&candidacy.identity, candidacy.pace),
        api,
        candidacy,
        rights,
        leadership: leadership.clone(),
        known: false,
    };
    let pulse = leadership.beat();
    tokio::select! {
        () = driver.drive(&stop) => {}
        () = pulse => {}
    }
    driver.release().await;
}

struct Driver {
    election: Election,
    api: Api<Lease>,
    candidacy: Candidacy,
    /// Which rights this replica has, for people who look.
    rights: Mode,
    leadership: Arc<Leadership>,
    /// Before the watch has told anything, nothing is known, not even that there is no Lease.
    known: bool,
}

impl Driver {
    async fn drive(&mut self, stop: &CancellationToken) {
        let seen = single::watch(self.api.clone(), &self.candidacy.name);
        let mut seen = std::pin::pin!(seen);
        let mut woken = self.leadership.subscribe();
        loop {
            let now = Instant::now();
            let frozen = self.leadership.is_frozen();
            let until = match self.election.step(now, self.leadership.due(), frozen) {
                _ if !self.known => now + ANSWER,
                Step::Wait(until) => until,
                Step::Write(record) => Instant::now() + self.write(record).await,
            };
            tokio::select! {
                () = stop.cancelled() => return,
                Some(lease) = seen.next() => self.see(lease),
                _ = woken.changed() => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    fn see(&mut self, lease: Option<Lease>) {
        self.known = true;
        self.election.see(lease.map(Record::from), Instant::now());
        self.settle();
    }

    /// Makes what the election knows the truth for everybody else.
    fn settle(&self) {
        if let Some(until) = self.election.leads_until() {
            self.leadership.grant(until);
        } else {
            self.leadership.revoke();
        }
    }

    /// Writes the Lease; returns how long to wait before anything else is tried.
    async fn write(&mut self, record: Record) -> Duration {
        let sent = Instant::now();
        let lease = record.to_lease(&self.candidacy.name, self.rights);
        let parameters = PostParams::default();
        let call = async {
            if record.version().is_none() {
                self.api.create(&parameters, &lease).await
            } else {
                self.api.replace(&self.candidacy.name, &parameters, &lease).await
            }
        };
        match tokio::time::timeout(ANSWER, call).await {
            Ok(Ok(written)) => {
                self.election.wrote(Record::from(written), sent);
                self.leadership.thaw();
                self.settle();
                Duration::ZERO
            }
            Ok(Err(error)) if conflicts(&error) => {
                self.look().await;
                self.candidacy.pace.retry
            }
            Ok(Err(_)) | Err(_) => {
                tracing::warn!(lease = self.candidacy.name, "the lease could not be written");
                self.candidacy.pace.retry
            }
        }
    }

    /// Somebody else was faster: what does it say now?
    async fn look(&mut self) {
        let call = self.api.get_opt(&self.candidacy.name);
        if let Ok(Ok(lease)) = tokio::time::timeout(ANSWER, call).await {
            self.see(lease);
        }
    }

    /// Gives the Lease back, so that another replica need not wait until it has run out.
    async fn release(&mut self) {
        self.leadership.revoke();
        let Some(record) = self.election.release() else {
            return;
        };
        let lease = record.to_lease(&self.candidacy.name, self.rights);
        let parameters = PostParams::default();
        let call = self.api.replace(&self.candidacy.name, &parameters, &lease);
        if !matches!(
            tokio::time::timeout(self.candidacy.pace.retry, call).await,
            Ok(Ok(_))
        ) {
            tracing::warn!(lease = self.candidacy.name, "the lease could not be given back");
        }
    }
}
