//! Keeps the webhook reachable: its certificates and its registration. Every replica reads the Secret and serves what is in
//! it; only the one that leads writes it, and the registrations.

use crate::certificate::rotation::{self, Step};
use crate::certificate::{Material, SECRET, Served};
use crate::context::Context;
use crate::registration::{Drift, Reach, Verdict, WEBHOOK_CONFIGURATION, Which, is_right, version};
use crate::{single, stall};
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

/// How API servers reach the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// By a Service in keyside's own namespace.
    Service(String),
    /// By an address without path, for example `https://10.0.0.7:9443`.
    Url(String),
}

impl Target {
    /// The names that the certificate is made out for.
    fn names(&self, own: &str) -> Vec<String> {
        match self {
            Self::Service(name) => vec![
                format!("{name}.{own}.svc"),
                format!("{name}.{own}.svc.cluster.local"),
            ],
            Self::Url(url) => {
                let uri = url.parse::<http::Uri>().ok();
                let host = uri.and_then(|uri| Some(uri.host()?.trim_matches(['[', ']']).to_owned()));
                host.into_iter().collect()
            }
        }
    }

    fn reach(&self, own: &str, bundle: String) -> Reach {
        let ca_bundle = bundle.into_bytes();
        match self {
            Self::Service(name) => Reach::Service {
                namespace: own.to_owned(),
                name: name.clone(),
                ca_bundle: Some(ca_bundle),
            },
            Self::Url(url) => Reach::Url {
                url: url.clone(),
                ca_bundle,
            },
        }
    }
}

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
    let mutating = stall::restarting(&ctx.monitor, client, "mutating registration", |client| {
        single::watch::<MutatingWebhookConfiguration>(Api::all(client), WEBHOOK_CONFIGURATION)
    });
    let validating = stall::restarting(&ctx.monitor, client, "validating registration", |client| {
        single::watch::<ValidatingWebhookConfiguration>(Api::all(client), WEBHOOK_CONFIGURATION)
    });
    let plain = |which: Which| move |live: Option<Value>| Seen::Registration(which, live);
    futures::stream::select_all([
        secret.map(|secret| Seen::Secret(secret.map(Box::new))).boxed(),
        mutating.map(value).map(plain(Which::Mutating)).boxed(),
        validating.map(value).map(plain(Which::Validating)).boxed(),
    ])
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
        for which in Which::BOTH {
            if !self.register(which).await {
                pause = RETRY;
            }
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
        Which::BOTH
            .into_iter()
            .zip(&self.registrations)
            .all(|(which, one)| {
                let live = one.live.as_ref().and_then(Option::as_ref);
                self.desired(which)
                    .is_some_and(|desired| is_right(&desired, live))
            })
    }

    fn desired(&self, which: Which) -> Option<Value> {
        let (_, Some(material)) = self.stored.as_ref()? else {
            return None;
        };
        let own = &self.ctx.config.namespace;
        Some(which.desired(&self.target.reach(own, material.bundle()), own))
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
        let client = self.ctx.config.client.clone();
        let health = &self.ctx.health;
        let one = match which {
            Which::Mutating => &mut self.registrations[0],
            Which::Validating => &mut self.registrations[1],
        };
        let Some(live) = &one.live else { return true };
        let renewed = one.agreed.as_ref() != Some(&desired);
        match one
            .drift
            .judge(is_right(&desired, live.as_ref()), renewed, Instant::now())
        {
            Verdict::Right => {
                one.agreed = Some(desired);
                health.registration(which.kind(), false);
                true
            }
            Verdict::Report => {
                if health.registrations().get(which.kind()) != Some(&true) {
                    tracing::error!(
                        kind = which.kind(),
                        "the webhook's registration was changed again and is left so"
                    );
                }
                health.registration(which.kind(), true);
                true
            }
            Verdict::Write => {
                tracing::info!(
                    kind = which.kind(),
                    renewed,
                    "the webhook's registration is written"
                );
                one.agreed = Some(desired.clone());
                match which.apply(&client, &desired).await {
                    Ok(version) => {
                        one.written = version;
                        // Until the watch tells it, so that it is not written twice.
                        one.live = Some(Some(desired));
                        true
                    }
                    Err(error) => {
                        one.agreed = None;
                        tracing::warn!(
                            kind = which.kind(),
                            answer = crate::error::answer(&error),
                            "the registration could not be written"
                        );
                        false
                    }
                }
            }
        }
    }
}
