//! Injection without a webhook: keeps the policy, its binding and a table for each namespace as they shall be.
//!
//! Four steps as everywhere: what stands is known from watches, `core::plan::policy` plans, what differs is written by the
//! holder of the Lease, and what cannot be written is said. A change of the index is followed at once; when nothing has
//! changed, nothing is called.

mod asked;

pub use asked::{may_register_webhook, may_write_policies, serves_policies};

use crate::context::Context;
use crate::registration::{Drift, Verdict, version};
use crate::{leftover, single, stall};
use futures::{FutureExt as _, Stream, StreamExt as _};
use keyside_api::{FIELD_MANAGER, GROUP, INJECTION, InjectionTable, InjectionTableSpec, VERSION, label};
use keyside_core::Index;
use keyside_core::plan::policy;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams, Preconditions,
};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, ResourceExt as _};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The group of the policy and its binding.
const ADMISSION: &str = "admissionregistration.k8s.io";

/// How long changes are gathered before the tables are looked at.
const BURST: Duration = Duration::from_millis(10);

/// How often the time is looked at, although nothing changes.
const LOOK: Duration = Duration::from_secs(60);

/// The pause after a write that failed.
const RETRY: Duration = Duration::from_secs(5);

/// The policy, or its binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Policy,
    Binding,
}

impl Which {
    const BOTH: [Self; 2] = [Self::Policy, Self::Binding];

    fn kind(self) -> &'static str {
        match self {
            Self::Policy => "MutatingAdmissionPolicy",
            Self::Binding => "MutatingAdmissionPolicyBinding",
        }
    }

    fn desired(self, own: &str) -> Value {
        match self {
            Self::Policy => policy::policy(own),
            Self::Binding => policy::binding(),
        }
    }

    pub(crate) fn api(self, client: Client) -> Api<DynamicObject> {
        let plural = match self {
            Self::Policy => "mutatingadmissionpolicies",
            Self::Binding => "mutatingadmissionpolicybindings",
        };
        let kind = GroupVersionKind::gvk(ADMISSION, "v1", self.kind());
        Api::all_with(client, &ApiResource::from_gvk_with_plural(&kind, plural))
    }
}

/// What a watch has told.
enum Seen {
    Object(Which, Option<Box<DynamicObject>>),
    Tables(Box<Event<InjectionTable>>),
    /// The table of a namespace that is watched alone.
    Table(Arc<str>, Option<Box<InjectionTable>>),
}

/// The policy or its binding: as it stands, and how often it was put right.
#[derive(Default)]
struct Object {
    /// `None` until the watch has told.
    live: Option<Option<Value>>,
    agreed: bool,
    drift: Drift,
}

/// A table as it stands.
struct Table {
    spec: InjectionTableSpec,
    uid: Option<String>,
    version: u64,
}

/// Keeps everything until told to stop. Nothing is written before `ready`: the index then knows the first state of all.
pub(crate) async fn run(ctx: Arc<Context>, mut ready: watch::Receiver<bool>, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => return,
        known = ready.wait_for(|ready| *ready) => if known.is_err() { return },
    }
    let mut seen = std::pin::pin!(seen(&ctx));
    let (mut leading, mut changes) = (ctx.leadership.subscribe(), ctx.changes());
    let mut keeper = Keeper {
        ctx: &ctx,
        objects: Default::default(),
        tables: BTreeMap::new(),
        untold: ctx
            .config
            .rights
            .confines()
            .map(|names| names.iter().map(|name| name.as_str().into()).collect()),
        listing: ctx.config.rights.confines().is_none().then(BTreeMap::new),
        due: Due::All,
        alone: false,
    };
    loop {
        let pause = keeper.keep().await;
        tokio::select! {
            () = stop.cancelled() => return,
            Some(told) = seen.next() => {
                keeper.take(told);
                tokio::time::sleep(BURST).await;
            }
            Ok(()) = changes.changed() => tokio::time::sleep(BURST).await,
            Ok(()) = leading.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
        // What has come meanwhile is looked at together.
        while let Some(Some(told)) = seen.next().now_or_never() {
            keeper.take(told);
        }
    }
}

fn seen(ctx: &Context) -> impl Stream<Item = Seen> + Send + use<> {
    match ctx.config.rights.confines() {
        None => everywhere(ctx).left_stream(),
        Some(namespaces) => within(ctx, namespaces).right_stream(),
    }
}

/// The tables of these namespaces. Policy and binding are kept by whoever installs keyside.
fn within(ctx: &Context, namespaces: &[String]) -> impl Stream<Item = Seen> + Send + use<> {
    let one = |namespace: &String| {
        let (namespace, of) = (namespace.clone(), Arc::<str>::from(namespace.as_str()));
        stall::restarting(
            &ctx.monitor,
            &ctx.config.client,
            "injection tables",
            move |client| single::watch::<InjectionTable>(Api::namespaced(client, &namespace), INJECTION),
        )
        .map(move |told| Seen::Table(of.clone(), told.map(Box::new)))
        .boxed()
    };
    futures::stream::select_all(namespaces.iter().map(one))
}

fn everywhere(ctx: &Context) -> impl Stream<Item = Seen> + Send + use<> {
    let (monitor, client) = (&ctx.monitor, &ctx.config.client);
    let object = |which: Which, name| {
        stall::restarting(monitor, client, name, move |client| {
            single::watch(which.api(client), INJECTION)
        })
        .map(move |told: Option<DynamicObject>| Seen::Object(which, told.map(Box::new)))
        .boxed()
    };
    let tables = stall::restarting(monitor, client, "injection tables", |client| {
        let config = watcher::Config::default().fields(&format!("metadata.name={INJECTION}"));
        watcher(Api::<InjectionTable>::all(client), config).default_backoff()
    });
    let tables =
        tables.filter_map(|event| std::future::ready(event.ok().map(|event| Seen::Tables(Box::new(event)))));
    futures::stream::select_all([
        object(Which::Policy, "injection policy"),
        object(Which::Binding, "injection binding"),
        tables.boxed(),
    ])
}

struct Keeper<'a> {
    ctx: &'a Context,
    objects: [Object; 2],
    tables: BTreeMap<Arc<str>, Table>,
    /// The first state while it is being told; `None` when it is known.
    listing: Option<BTreeMap<Arc<str>, Table>>,
    /// Where tables are watched one by one: those whose first state was not told yet.
    untold: Option<BTreeSet<Arc<str>>>,
    due: Due,
    /// Whether nothing is left of the webhook for pods.
    alone: bool,
}

/// The namespaces whose tables have to be looked at.
enum Due {
    All,
    These(BTreeSet<Arc<str>>),
}

impl Due {
    fn add(&mut self, namespace: &Arc<str>) {
        if let Self::These(names) = self {
            names.insert(namespace.clone());
        }
    }
}

impl Keeper<'_> {
    fn take(&mut self, seen: Seen) {
        match seen {
            Seen::Object(which, live) => {
                let value = live.and_then(|live| serde_json::to_value(live).ok());
                self.object(which).live = Some(value);
            }
            Seen::Tables(event) => self.take_table(*event),
            Seen::Table(namespace, told) => {
                if let Some(untold) = &mut self.untold {
                    untold.remove(&namespace);
                }
                match told {
                    Some(table) => self.stands(*table),
                    None => {
                        self.tables.remove(&namespace);
                        self.due.add(&namespace);
                    }
                }
            }
        }
    }

    fn take_table(&mut self, event: Event<InjectionTable>) {
        match event {
            Event::Init => self.listing = Some(BTreeMap::new()),
            Event::InitApply(table) => {
                if let (Some(listing), Some((namespace, table))) = (&mut self.listing, read(table)) {
                    listing.insert(namespace, table);
                }
            }
            Event::InitDone => {
                self.tables = self.listing.take().unwrap_or_default();
                self.due = Due::All;
            }
            Event::Apply(table) => self.stands(table),
            Event::Delete(table) => {
                if let Some((namespace, _)) = read(table) {
                    self.tables.remove(&namespace);
                    self.due.add(&namespace);
                }
            }
        }
    }

    /// A table stands so. What was so before our own write is told later than its answer.
    fn stands(&mut self, table: InjectionTable) {
        let Some((namespace, table)) = read(table) else {
            return;
        };
        let known = self.tables.get(&namespace);
        if known.is_some_and(|known| known.version > table.version) {
            return;
        }
        if known.is_none_or(|known| known.spec != table.spec) {
            self.due.add(&namespace);
        }
        self.tables.insert(namespace, table);
    }

    fn object(&mut self, which: Which) -> &mut Object {
        let [policy, binding] = &mut self.objects;
        match which {
            Which::Policy => policy,
            Which::Binding => binding,
        }
    }

    /// Does what is due, if this replica leads; returns when to look again.
    async fn keep(&mut self) -> Duration {
        let stale = self.ctx.note(Index::take_stale_tables);
        let told = self.listing.is_none() && self.untold.as_ref().is_none_or(BTreeSet::is_empty);
        if !self.ctx.leadership.leads() || !told {
            self.due = Due::All;
            return LOOK;
        }
        let plan = self.plan(stale);
        let mut all_done = self.apply(plan).await;
        if self.untold.is_some() {
            return if all_done { LOOK } else { RETRY };
        }
        for which in Which::BOTH {
            all_done &= self.keep_object(which).await;
        }
        let alone = self.alone || self.ctx.config.webhook;
        if all_done && !alone && self.objects.iter().all(|one| one.agreed) {
            self.alone = leftover::remove_webhook(&self.ctx.config.client).await;
            all_done = self.alone;
        }
        if all_done { LOOK } else { RETRY }
    }

    /// Plans what is due, and nothing else: a change concerns few namespaces, however many there are.
    fn plan(&mut self, stale: BTreeSet<Arc<str>>) -> policy::Plan {
        let index = self.ctx.index();
        let namespaces = match std::mem::replace(&mut self.due, Due::These(BTreeSet::new())) {
            Due::All => index.namespace_names().cloned().collect(),
            Due::These(mut due) => {
                due.extend(stale);
                due
            }
        };
        policy::plan(&index, &namespaces, |name| {
            self.tables.get(name).map(|table| &table.spec)
        })
    }

    /// Writes and removes tables; returns whether all could be.
    async fn apply(&mut self, plan: policy::Plan) -> bool {
        let policy::Plan {
            writes,
            deletes,
            planned: _,
        } = plan;
        let ctx = self.ctx;
        let written: Vec<_> = futures::stream::iter(writes)
            .map(|(namespace, spec)| async move {
                let written = write(ctx, namespace.clone(), spec).await;
                (namespace, written)
            })
            .buffer_unordered(ctx.config.in_flight)
            .collect()
            .await;
        let mut all_done = true;
        for (namespace, answer) in written {
            match answer {
                Ok(Some(table)) => self.tables.extend(read(table)),
                Ok(None) => {}
                Err(()) => {
                    self.due.add(&namespace);
                    all_done = false;
                }
            }
        }
        for namespace in deletes {
            let uid = self.tables.get(&namespace).and_then(|table| table.uid.clone());
            if remove(ctx, &namespace, uid).await {
                self.tables.remove(&namespace);
            } else {
                self.due.add(&namespace);
                all_done = false;
            }
        }
        all_done
    }

    /// Sees to the policy or its binding; returns whether it is as it shall be, or left as it is on purpose.
    async fn keep_object(&mut self, which: Which) -> bool {
        let ctx = self.ctx;
        let desired = which.desired(&ctx.config.namespace);
        let one = self.object(which);
        let Some(live) = &one.live else { return true };
        let is_right = is_right(&desired, live.as_ref());
        match one.drift.judge(is_right, !one.agreed, Instant::now()) {
            Verdict::Right => {
                one.agreed = true;
                ctx.health.registration(which.kind(), false);
                true
            }
            Verdict::Report => {
                if ctx.health.registrations().get(which.kind()) != Some(&true) {
                    tracing::error!(kind = which.kind(), "the policy was changed again and is left so");
                }
                ctx.health.registration(which.kind(), true);
                true
            }
            Verdict::Write => one.write(ctx, which, &desired).await,
        }
    }
}

impl Object {
    async fn write(&mut self, ctx: &Context, which: Which, desired: &Value) -> bool {
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        let api = which.api(ctx.config.client.clone());
        match api.patch(INJECTION, &parameters, &Patch::Apply(desired)).await {
            Ok(written) => {
                self.agreed = true;
                self.live = Some(serde_json::to_value(written).ok());
                true
            }
            Err(error) => {
                let (kind, answer) = (which.kind(), crate::error::answer(&error));
                tracing::warn!(kind, answer, "the policy for pods could not be written");
                false
            }
        }
    }
}

/// Whether what stands says all that shall be said. Fields that a newer API server adds do not matter.
fn is_right(desired: &Value, live: Option<&Value>) -> bool {
    let spec = desired["spec"].as_object();
    live.is_some_and(|live| {
        spec.is_some_and(|spec| {
            spec.iter()
                .all(|(field, value)| live["spec"][field.as_str()] == *value)
        })
    })
}

fn read(table: InjectionTable) -> Option<(Arc<str>, Table)> {
    let namespace = table.namespace()?;
    let read = Table {
        uid: table.uid(),
        version: version(table.metadata.resource_version.as_deref()),
        spec: table.spec,
    };
    Some((namespace.into(), read))
}

/// Writes one table. Nothing is written where this replica no longer leads, or the namespace is going.
async fn write(
    ctx: &Context,
    namespace: Arc<str>,
    spec: InjectionTableSpec,
) -> Result<Option<InjectionTable>, ()> {
    let _turn = ctx.flow.turn(&namespace, &INJECTION.into()).await;
    if !ctx.leadership.leads() {
        return Ok(None);
    }
    let table = json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": "InjectionTable",
        "metadata": {"name": INJECTION, "labels": {label::MANAGED_BY: label::MANAGED_BY_KEYSIDE}},
        "spec": spec,
    });
    let api: Api<InjectionTable> = Api::namespaced(ctx.config.client.clone(), &namespace);
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    match api.patch(INJECTION, &parameters, &Patch::Apply(table)).await {
        Ok(table) => Ok(Some(table)),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
        Err(error) => {
            let answer = crate::error::answer(&error);
            tracing::warn!(%namespace, answer, "an injection table could not be written");
            Err(())
        }
    }
}

/// Removes one table, if it is still the one that was seen; returns whether it is gone.
async fn remove(ctx: &Context, namespace: &str, uid: Option<String>) -> bool {
    if !ctx.leadership.leads() {
        return false;
    }
    let api: Api<InjectionTable> = Api::namespaced(ctx.config.client.clone(), namespace);
    let only_this = DeleteParams {
        preconditions: Some(Preconditions {
            uid,
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    match api.delete(INJECTION, &only_this).await {
        Ok(_) => true,
        Err(kube::Error::Api(status)) if status.code == 404 => true,
        Err(error) => {
            let answer = crate::error::answer(&error);
            tracing::warn!(namespace, answer, "an injection table could not be removed");
            false
        }
    }
}
