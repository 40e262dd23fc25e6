//! Keeps the webhook reachable: its certificates and its registration. Every replica reads the Secret and serves what is in
//! it; only the one that leads writes it, and the registrations.

mod target;

pub use target::Target;

use crate::certificate::rotation::{self, Step};
use crate::certificate::{Material, SECRET, Served};
use crate::context::Context;
use crate::registration::{Drift, Verdict, WEBHOOK_CONFIGURATION, Which, is_right, version};
use crate::{leftover, single, stall};
use futures::{Stream, StreamExt as _};
use jiff::Timestamp;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::Secret;
use keyside_api::FIELD_MANAGER;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often the time is looked at, although nothing changes.
const LOOK: Duration = Duration::from_secs(60);

/// The pause after a write that failed.
const RETRY: Duration = Duration::from_secs(5);

/// What a watch has told.
enum Seen {
    Secret(Option<Box<Secret>>),
    Registration(Which, Option<Value>),
}

/// A registration: as it stands, as it was last right, and how often it was put right.
#[derive(Default)]
struct Registration {
    /// `None` until the watch has told.
    live: Option<Option<Value>>,
    agreed: Option<Value>,
    /// The version that we have written.
    written: u64,
    drift: Drift,
}

/// Keeps everything until told to stop.
pub(crate) async fn run(ctx: Arc<Context>, target: Target, served: Served, stop: CancellationToken) {
    ctx.health.certificate(None);
    let names = target.names(&ctx.config.namespace);
    let mut seen = std::pin::pin!(seen(&ctx));
    let mut leading = ctx.leadership.subscribe();
    let mut keeper = Keeper {
        ctx: &ctx,
        target,
        names,
        served,
        stored: None,
        registrations: [Registration::default(), Registration::default()],
        alone: false,
    };
    loop {
        let pause = keeper.keep().await;
        tokio::select! {
            () = stop.cancelled() => return,
            Some(told) = seen.next() => keeper.take(told),
            _ = leading.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn seen(ctx: &Context) -> impl Stream<Item = Seen> + Send + use<> {
    let (client, own) = (&ctx.config.client, ctx.config.namespace.clone());
    let secret = stall::restarting(&ctx.monitor, client, "webhook secret", move |client| {
        single::watch::<Secret>(Api::namespaced(client, &own), SECRET)
    });
    let validating = stall::restarting(&ctx.monitor, client, "validating registration", |client| {
        single::watch::<ValidatingWebhookConfiguration>(Api::all(client), WEBHOOK_CONFIGURATION)
    });
    let plain = |which: Which| move |live: Option<Value>| Seen::Registration(which, live);
    let mut all = vec![
        secret.map(|secret| Seen::Secret(secret.map(Box::new))).boxed(),
        validating.map(value).map(plain(Which::Validating)).boxed(),
    ];
    if kept(ctx).contains(&Which::Mutating) {
        let mutating = stall::restarting(&ctx.monitor, client, "mutating registration", |client| {
            single::watch::<MutatingWebhookConfiguration>(Api::all(client), WEBHOOK_CONFIGURATION)
        });
        all.push(mutating.map(value).map(plain(Which::Mutating)).boxed());
    }
    futures::stream::select_all(all)
}

/// The registrations that are kept: pods that a policy serves are not asked about, our own kinds always are.
fn kept(ctx: &Context) -> &'static [Which] {
    if ctx.config.webhook {
        &Which::BOTH
    } else {
        &[Which::Validating]
    }
}

fn value(object: Option<impl serde::Serialize>) -> Option<Value> {
    object.and_then(|object| serde_json::to_value(object).ok())
}

/// Stores the certificates, if nobody else was faster.
async fn store(
    secrets: &Api<Secret>,
    material: &Material,
    over: Option<&str>,
) -> kube::Result<Option<String>> {
    let secret = material.to_secret(over);
    let written = if over.is_some() {
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        secrets.patch(SECRET, &parameters, &Patch::Apply(secret)).await?
    } else {
        let secret = serde_json::from_value(secret).map_err(kube::Error::SerdeError)?;
        let parameters = PostParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PostParams::default()
        };
        secrets.create(&parameters, &secret).await?
    };
    Ok(written.metadata.resource_version)
}

struct Keeper<'a> {
    ctx: &'a Context,
    target: Target,
    names: Vec<String>,
    served: Served,
    /// The Secret's version and what it holds; `None` until the watch has told.
    stored: Option<(Option<String>, Option<Material>)>,
    registrations: [Registration; 2],
    /// Whether nothing is left of the policy, if the webhook serves pods now.
    alone: bool,
}

impl Keeper<'_> {
    fn take(&mut self, seen: Seen) {
        match seen {
            Seen::Secret(secret) => {
                let version = secret
                    .as_ref()
                    .and_then(|one| one.metadata.resource_version.clone());
                let material = secret.as_deref().and_then(Material::read);
                if let Some(material) = &material {
                    self.serve(material);
                }
                self.stored = Some((version, material));
            }
            Seen::Registration(which, live) => {
                let one = self.registration(which);
                let seen = live
                    .as_ref()
                    .map(|live| version(live["metadata"]["resourceVersion"].as_str()));
                // What was so before our own write came later than its answer.
                if seen.is_none_or(|seen| seen >= one.written) {
                    one.live = Some(live);
                }
            }
        }
    }

    fn registration(&mut self, which: Which) -> &mut Registration {
        let [mutating, validating] = &mut self.registrations;
        match which {
            Which::Mutating => mutating,
            Which::Validating => validating,
        }
    }

    fn serve(&self, material: &Material) {
        match self.served.exchange(material) {
            Ok(()) => {
                let state = material.state(&self.names);
                self.ctx
                    .health
                    .certificate(state.map(|state| state.leaf.valid.until));
            }
            Err(error) => tracing::error!(%error, "the stored certificate cannot be served"),
        }
    }

    /// Does what is due, if this replica leads; returns when to look again.
    async fn keep(&mut self) -> Duration {
        if !self.ctx.leadership.leads() || self.stored.is_none() {
            return LOOK;
        }
        if let Some(step) = self.due()
            && !self.step(step).await
        {
            return RETRY;
        }
        let mut pause = LOOK;
        for which in kept(self.ctx) {
            if !self.register(*which).await {
                pause = RETRY;
            }
        }
        let alone = !self.ctx.config.policy;
        let serves_pods = alone && self.registration(Which::Mutating).agreed.is_some();
        if serves_pods && !self.alone {
            self.alone = leftover::remove_policy(&self.ctx.config.client).await;
        }
        pause
    }

    fn due(&self) -> Option<Step> {
        let (_, material) = self.stored.as_ref()?;
        let state = material.as_ref().and_then(|material| material.state(&self.names));
        rotation::due(state.as_ref(), self.is_published(), Timestamp::now())
    }

    /// Whether API servers are told the stored bundle.
    fn is_published(&self) -> bool {
        let [mutating, validating] = &self.registrations;
        kept(self.ctx).iter().all(|which| {
            let one = match which {
                Which::Mutating => mutating,
                Which::Validating => validating,
            };
            let live = one.live.as_ref().and_then(Option::as_ref);
            self.desired(*which)
                .is_some_and(|desired| is_right(&desired, live))
        })
    }

    fn desired(&self, which: Which) -> Option<Value> {
        let (_, Some(material)) = self.stored.as_ref()? else {
            return None;
        };
        let own = &self.ctx.config.namespace;
        let reach = self.target.reach(own, material.bundle());
        Some(which.desired(&reach, own, self.ctx.config.policy))
    }

    /// Carries out a step of the rotation; returns whether it could.
    async fn step(&mut self, step: Step) -> bool {
        let Some((version, material)) = &self.stored else {
            return false;
        };
        tracing::info!(?step, "the webhook's certificates change");
        let next = match Material::step(material.as_ref(), step, &self.names, Timestamp::now()) {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "a certificate cannot be made");
                return false;
            }
        };
        let secrets: Api<Secret> =
            Api::namespaced(self.ctx.config.client.clone(), &self.ctx.config.namespace);
        match store(&secrets, &next, version.as_deref()).await {
            Ok(version) => {
                self.serve(&next);
                self.stored = Some((version, Some(next)));
                true
            }
            Err(error) => {
                tracing::warn!(
                    answer = crate::error::answer(&error),
                    "the webhook's certificates could not be stored"
                );
                false
            }
        }
    }

    /// Sees to one registration; returns whether it is as it shall be, or left as it is on purpose.
    async fn register(&mut self, which: Which) -> bool {
        let Some(desired) = self.desired(which) else {
            return true;
        };
        let ctx = self.ctx;
        let one = self.registration(which);
        let Some(live) = &one.live else { return true };
        let renewed = one.agreed.as_ref() != Some(&desired);
        let is_right = is_right(&desired, live.as_ref());
        match one.drift.judge(is_right, renewed, Instant::now()) {
            Verdict::Right => {
                one.agreed = Some(desired);
                ctx.health.registration(which.kind(), false);
                true
            }
            Verdict::Report => {
                let kind = which.kind();
                if ctx.health.registrations().get(kind) != Some(&true) {
                    tracing::error!(
                        kind,
                        "the webhook's registration was changed again and is left so"
                    );
                }
                ctx.health.registration(kind, true);
                true
            }
            Verdict::Write => one.write(ctx, which, desired).await,
        }
    }
}

impl Registration {
    /// Writes it; returns whether it could.
    async fn write(&mut self, ctx: &Context, which: Which, desired: Value) -> bool {
        let kind = which.kind();
        tracing::info!(kind, "the webhook's registration is written");
        match which.apply(&ctx.config.client, &desired).await {
            Ok(version) => {
                self.written = version;
                self.agreed = Some(desired.clone());
                // Until the watch tells it, so that it is not written twice.
                self.live = Some(Some(desired));
                true
            }
            Err(error) => {
                self.agreed = None;
                let answer = crate::error::answer(&error);
                tracing::warn!(kind, answer, "the registration could not be written");
                false
            }
        }
    }
}
