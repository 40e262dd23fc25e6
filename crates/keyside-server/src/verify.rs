//! Verification: credentials are shown to their registries when the decision says so, and the answers go to the index, from
//! where the status takes them.
//!
//! It has a queue of its own, because a registry may take its time and deliveries must not wait for it. Each registry is
//! asked little at a time and so often at most ([`hosts`]), so that one that is slow holds up nobody but itself; and nobody
//! can have any number of hosts asked ([`authors`]). Two credentials with the same content are one question.

mod ask;
mod authority;
mod authors;
mod budget;
mod hosts;
mod shared;

pub use authority::registry_client;

use crate::context::{Context, Key};
use crate::queue::{Queue, When};
use ask::Asked;
use authors::Authors;
use hosts::Hosts;
use jiff::{SignedDuration, Timestamp};
use keyside_core::CredentialId;
use keyside_core::index::{Authority, Credential};
use keyside_core::verify::{self, Due, Question, Round, Tries, Verdict};
use keyside_oci::Network;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How registries are asked.
#[derive(Clone, Debug)]
pub struct Verification {
    /// The network around keyside: whom TLS trusts, and the proxy.
    pub network: Network,
    /// Whether registries on this very machine are asked. Only in the embedded world: in a cluster, loopback is keyside's
    /// own pod.
    pub loopback: bool,
    /// How many verifications of one host run side by side.
    pub per_host: usize,
    /// How many verifications one host sees at once without a pause.
    pub burst: u32,
    /// How long it takes until a host may be asked once more, after a burst.
    pub refill: Duration,
    /// How many questions the credentials of one namespace raise at once without a pause, whatever hosts they are for.
    pub author_burst: u32,
    /// How long it takes until they may raise one more, after a burst.
    pub author_refill: Duration,
}

impl Default for Verification {
    fn default() -> Self {
        Self {
            network: Network::default(),
            loopback: false,
            per_host: 4,
            burst: 120,
            refill: Duration::from_millis(500),
            author_burst: 120,
            author_refill: Duration::from_millis(500),
        }
    }
}

/// What verification knows and remembers.
pub(crate) struct Verifier {
    config: Option<Verification>,
    queue: Queue<CredentialId>,
    tries: Mutex<HashMap<CredentialId, Tries>>,
    hosts: Hosts,
    authors: Authors,
    shared: shared::Shared,
    clients: authority::Clients,
}

impl Verifier {
    pub(crate) fn new(config: Option<Verification>) -> Self {
        let usual = config.clone().unwrap_or_default();
        Self {
            queue: Queue::new(),
            tries: Mutex::default(),
            hosts: Hosts::new(&usual),
            authors: Authors::new(&usual),
            shared: shared::Shared::default(),
            clients: authority::Clients::new(usual.network),
            config,
        }
    }

    /// A credential may be due.
    pub(crate) fn consider(&self, id: &CredentialId) {
        if self.config.is_some() {
            self.queue.add(id.clone(), When::Usual);
        }
    }

    fn tries(&self, id: &CredentialId) -> Tries {
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries.get(id).copied().unwrap_or_default()
    }

    fn note_tries(&self, id: &CredentialId, change: impl FnOnce(&mut Tries)) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        change(tries.entry(id.clone()).or_default());
    }

    fn forget(&self, id: &CredentialId) {
        self.tries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
    }
}

/// What one verification needs to know.
struct View {
    round: Round,
    questions: Vec<Question>,
    token_service: Option<String>,
    authority: Option<Authority>,
    /// Whether somebody waits for an answer that is not an old one.
    asked_for: bool,
}

/// What is to be done about a credential.
enum Plan {
    Ask(Box<View>),
    Wait(Duration),
    Nothing,
}

/// Verifies until told to stop.
pub(crate) async fn work(ctx: &Arc<Context>, stop: &CancellationToken) {
    let verifier = &ctx.verifier;
    verifier.queue.open();
    let mut asking = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(ended) = asking.join_next(), if !asking.is_empty() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a verification broke");
                }
            }
            id = verifier.queue.next() => match plan(ctx, &id) {
                Plan::Ask(view) => {
                    let ctx = ctx.clone();
                    asking.spawn(async move {
                        let round = apply(&ctx, &id, *view).await;
                        report(&ctx, &id, round);
                    });
                }
                Plan::Wait(time) => {
                    verifier.queue.done(&id);
                    verifier.queue.add(id, When::After(time));
                }
                Plan::Nothing => verifier.queue.done(&id),
            }
        }
    }
}

/// Decides from memory.
fn plan(ctx: &Context, id: &CredentialId) -> Plan {
    // One replica asks; who takes over looks at every credential then.
    if !ctx.leadership.leads() {
        return Plan::Nothing;
    }
    let now = Timestamp::now();
    let index = ctx.index();
    let Some(credential) = index.credential(id) else {
        ctx.verifier.forget(id);
        return Plan::Nothing;
    };
    if verify::hindrance(&index, credential).is_some() {
        return Plan::Nothing;
    }
    let wait = |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or_default();
    let notice = verify::next_notice(credential, now);
    if verify::expiry_state(credential, &credential.status, now) != credential.status.expiry_state.as_deref()
    {
        ctx.report_soon(Key::Credential(id.clone()));
    }
    match (verify::due(credential, ctx.verifier.tries(id), now), notice) {
        (Due::Now, _) => view(credential).map_or(Plan::Nothing, |view| Plan::Ask(Box::new(view))),
        (Due::At(at), Some(notice)) => Plan::Wait(wait(at.min(notice))),
        (Due::At(at), None) | (Due::Never, Some(at)) => Plan::Wait(wait(at)),
        (Due::Never, None) => Plan::Nothing,
    }
}

fn view(credential: &Credential) -> Option<View> {
    let answered = credential.status.last_handled_verify.as_ref();
    Some(View {
        round: Round {
            subject: credential.subject?,
            request: credential.request.clone(),
            verdicts: Vec::new(),
        },
        questions: verify::questions(credential),
        token_service: credential.token_service.clone(),
        authority: credential.authority.clone(),
        asked_for: credential.request.is_some() && credential.request.as_ref() != answered,
    })
}

/// Asks every registry of the credential. `None`: one of them wants to be left alone for now.
async fn apply(ctx: &Context, id: &CredentialId, view: View) -> Option<Round> {
    let View {
        mut round,
        questions,
        token_service,
        authority,
        asked_for,
    } = view;
    let client = ctx
        .verifier
        .clients
        .client(&ctx.config.client, authority.as_ref())
        .await;
    for question in questions {
        let asked = match &client {
            Ok(client) => {
                let asking = ask::Asking {
                    client,
                    verifier: &ctx.verifier,
                    token_service: token_service.as_deref(),
                    authority: authority.as_ref(),
                    fresh: asked_for,
                    namespace: id.namespace.as_ref(),
                };
                asking.ask(&question).await
            }
            Err(cause) => Asked::Said((*cause).into()),
        };
        let reply = match asked {
            Asked::Said(reply) => reply,
            Asked::Paused(time) => {
                postpone(ctx, id, time);
                return None;
            }
        };
        if let Some(gone) = reply.gone {
            ctx.note(|index| index.forget_used(id, &gone));
        }
        round.verdicts.push(Verdict {
            registry: question.registry,
            reason: reply.reason,
            repository: reply.repository,
            at: whole_seconds(Timestamp::now()),
        });
    }
    Some(round)
}

fn postpone(ctx: &Context, id: &CredentialId, time: Duration) {
    let pause = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    let until = Timestamp::now().checked_add(pause).ok();
    ctx.verifier.note_tries(id, |tries| tries.not_before = until);
    ctx.verifier.queue.done(id);
    ctx.verifier.queue.add(id.clone(), When::After(time));
}

/// Hands what was found out to the index, and has the status written where all statuses are.
fn report(ctx: &Context, id: &CredentialId, round: Option<Round>) {
    let Some(round) = round else { return };
    let settled = round
        .verdicts
        .iter()
        .all(|verdict| keyside_api::condition::verified::status_of(&verdict.reason) != "Unknown");
    ctx.verifier.note_tries(id, |tries| {
        tries.not_before = None;
        tries.unsettled = if settled {
            0
        } else {
            tries.unsettled.saturating_add(1)
        };
    });
    for verdict in &round.verdicts {
        ctx.counters.verified(&verdict.reason);
    }
    ctx.note(|index| index.note_round(id, round));
    ctx.queue.add(Key::Credential(id.clone()), When::Usual);
    ctx.verifier.queue.done(id);
    ctx.verifier.queue.add(id.clone(), When::Usual);
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
