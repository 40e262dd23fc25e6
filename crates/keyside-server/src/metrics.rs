//! What Prometheus may know: how pods are admitted, what is delivered, whether credentials work and until when, and whether
//! this replica does its part. Labels are bounded by the number of credentials: no pod, no image, no value of a Secret.
//!
//! Counters live here. What the index knows is not counted but looked up at each scrape, so that it cannot be wrong.

mod state;

use crate::context::Context;
use keyside_api::Cause;
use keyside_api::condition::verified;
use keyside_core::CredentialId;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// What `/metrics` answers with.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is counted.
#[derive(Debug)]
pub(crate) struct Counters {
    registry: Registry,
    admissions: Family<Admission, Counter>,
    propagation: Family<Named, Gauge<f64, AtomicU64>>,
    verifications: Family<Verification, Counter>,
}

/// Labels of a review.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Admission {
    /// What was reviewed.
    pub(crate) subject: Subject,
    /// What came of it.
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Subject {
    Pod,
    Credential,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Outcome {
    /// Allowed as it is.
    Unchanged,
    /// Given what it needs.
    Injected,
    Refused,
    /// No review at all.
    Malformed,
}

/// Label of a verification: a reason of the condition `Verified`, of which there are as many as causes and a few more.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Verification {
    reason: &'static str,
}

/// Labels of a credential; those of the cluster have no namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Named {
    namespace: String,
    name: String,
}

impl From<&CredentialId> for Named {
    fn from(id: &CredentialId) -> Self {
        Self {
            namespace: id.namespace.as_deref().unwrap_or_default().to_owned(),
            name: id.name.to_string(),
        }
    }
}

impl Counters {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        let admissions = Family::<Admission, Counter>::default();
        registry.register(
            "keyside_admissions",
            "Reviews answered, by what was reviewed and what came of it",
            admissions.clone(),
        );
        let propagation = Family::<Named, Gauge<f64, AtomicU64>>::default();
        registry.register(
            "keyside_last_propagation_seconds",
            "How long the last change of a credential took from when it was seen until its last copy was written",
            propagation.clone(),
        );
        let verifications = Family::<Verification, Counter>::default();
        registry.register(
            "keyside_verifications",
            "Answers of registries about credentials, by what came of them",
            verifications.clone(),
        );
        Self {
            registry,
            admissions,
            propagation,
            verifications,
        }
    }

    pub(crate) fn admission(&self, subject: Subject, outcome: Outcome) {
        self.admissions
            .get_or_create(&Admission { subject, outcome })
            .inc();
    }

    pub(crate) fn verified(&self, reason: &str) {
        let reason = bounded(reason);
        self.verifications.get_or_create(&Verification { reason }).inc();
    }

    pub(crate) fn propagated(&self, id: &CredentialId, time: Duration) {
        self.propagation
            .get_or_create(&Named::from(id))
            .set(time.as_secs_f64());
    }
}

/// A reason as a label: one that nobody has foreseen makes no new series.
fn bounded(reason: &str) -> &'static str {
    let others = [
        verified::PULL_ALLOWED,
        verified::LOGGED_IN,
        verified::UNVERIFIED,
        verified::TOKEN_SERVICE_UNCONFIRMED,
    ];
    let cause = Cause::parse(reason).map(Cause::as_str);
    let other = others.into_iter().find(|known| *known == reason);
    cause.or(other).unwrap_or("Other")
}

/// The metrics of a running system; clones show the same.
#[derive(Clone)]
pub struct Metrics(pub(crate) Arc<Context>);

impl Metrics {
    /// All of them, in the text form of `OpenMetrics`.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let state = state::registry(&self.0);
        // Writing to a String does not fail.
        let _written = encode_registry(&mut text, &self.0.counters.registry)
            .and_then(|()| encode_registry(&mut text, &state))
            .and_then(|()| encode_eof(&mut text));
        text
    }
}

impl Context {
    /// A credential is gone, and its labels with it.
    pub(crate) fn forget_propagation(&self, id: &CredentialId) {
        let mut under_way = self.propagating.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.remove(id);
        self.counters.propagation.remove(&Named::from(id));
    }

    /// A change of a credential is being delivered.
    pub(crate) fn note_propagation(&self, id: &CredentialId, done: bool) {
        let mut under_way = self.propagating.lock().unwrap_or_else(PoisonError::into_inner);
        let began = *under_way
            .entry(id.clone())
            .or_insert_with(tokio::time::Instant::now);
        if done {
            under_way.remove(id);
            self.counters.propagated(id, began.elapsed());
        }
    }
}
