//! What is looked up at each scrape.

use super::Named;
use crate::context::Context;
use keyside_api::condition::verified;
use keyside_core::index::Credential;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Delivered {
    namespace: String,
    name: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Valid {
    namespace: String,
    name: String,
    reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfWatch {
    watch: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Version {
    version: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// Everything as it is now.
pub(super) fn registry(ctx: &Context) -> Registry {
    let mut registry = Registry::default();
    credentials(ctx, &mut registry);
    pulls(ctx, &mut registry);
    replica(ctx, &mut registry);
    process(&mut registry);
    registry
}

fn credentials(ctx: &Context, registry: &mut Registry) {
    let deliveries = Family::<Delivered, Gauge>::default();
    let valid = Family::<Valid, Gauge>::default();
    let expiration = Family::<Named, Gauge>::default();
    let index = ctx.index();
    for credential in index.credentials() {
        let named = Named::from(&credential.id);
        let targets = credential.status.targets.clone().unwrap_or_default();
        let states = [
            ("desired", targets.desired),
            ("delivered", targets.delivered),
            ("conflict", targets.conflicts),
        ];
        for (state, count) in states {
            let Named { namespace, name } = named.clone();
            let labels = Delivered {
                namespace,
                name,
                state,
            };
            deliveries.get_or_create(&labels).set(count);
        }
        if let Some((is_valid, reason)) = verdict(credential) {
            let Named { namespace, name } = named.clone();
            let labels = Valid {
                namespace,
                name,
                reason,
            };
            valid.get_or_create(&labels).set(i64::from(is_valid));
        }
        let status = credential.status.expiry_time.as_ref();
        if let Some(time) = status.or(credential.expiry.as_ref()) {
            expiration.get_or_create(&named).set(time.0.as_second());
        }
    }
    drop(index);
    registry.register(
        "keyside_deliveries",
        "Namespaces that shall have a credential, have it, or have a foreign Secret of its name",
        deliveries,
    );
    registry.register(
        "keyside_credential_valid",
        "Whether the registry accepted a credential when it was last asked; absent if nothing is known",
        valid,
    );
    registry.register(
        "keyside_credential_expiration_timestamp_seconds",
        "When a credential stops working, as far as known",
        expiration,
    );
}

fn pulls(ctx: &Context, registry: &mut Registry) {
    let failing = Family::<Reason, Gauge>::default();
    for (cause, pods) in ctx.stuck.diagnoses().failing {
        let reason = cause.as_str();
        failing
            .get_or_create(&Reason { reason })
            .set(i64::try_from(pods).unwrap_or(i64::MAX));
    }
    registry.register(
        "keyside_pulls_failing",
        "Pods that cannot pull, by cause; known to the replica that writes",
        failing,
    );
}

/// What is known of a credential at its registry: unreachable registries say nothing.
fn verdict(credential: &Credential) -> Option<(bool, String)> {
    let conditions = &credential.status.conditions;
    let verified = conditions.iter().find(|one| one.type_ == verified::TYPE)?;
    match &*verified.status {
        "True" => Some((true, verified.reason.clone())),
        "False" => Some((false, verified.reason.clone())),
        _ => None,
    }
}

fn replica(ctx: &Context, registry: &mut Registry) {
    let flag = |value: bool| {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::from(value));
        gauge
    };
    registry.register(
        "keyside_leader",
        "Whether this replica is the one that writes",
        flag(ctx.leadership.leads()),
    );
    registry.register(
        "keyside_ready",
        "Whether this replica is ready",
        flag(ctx.health.unready(ctx).is_empty()),
    );
    let stalled = Family::<OfWatch, Gauge>::default();
    for (watch, is_stalled) in ctx.monitor.watches() {
        stalled
            .get_or_create(&OfWatch { watch })
            .set(i64::from(is_stalled));
    }
    registry.register(
        "keyside_watch_stalled",
        "Whether a watch has heard nothing for too long",
        stalled,
    );
    let drift = Family::<OfKind, Gauge>::default();
    for (kind, differs) in ctx.health.registrations() {
        drift.get_or_create(&OfKind { kind }).set(i64::from(differs));
    }
    registry.register(
        "keyside_webhook_registration_differs",
        "Whether somebody has changed the webhook's registration and insists on it",
        drift,
    );
    if let Some(until) = ctx.health.certificate_until() {
        let expiration = Gauge::<i64>::default();
        expiration.set(until.as_second());
        registry.register(
            "keyside_webhook_certificate_expiration_timestamp_seconds",
            "When the certificate that is served ends",
            expiration,
        );
    }
}

fn process(registry: &mut Registry) {
    let build = Family::<Version, Gauge>::default();
    let version = env!("CARGO_PKG_VERSION");
    build.get_or_create(&Version { version }).set(1);
    registry.register("keyside_build_info", "The version that runs", build);
    if let Some(resident) = resident_bytes() {
        let memory = Gauge::<i64>::default();
        memory.set(resident);
        registry.register("process_resident_memory_bytes", "Resident memory", memory);
    }
}

/// `VmRSS` of this process.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<i64>().ok()? * 1024)
}
