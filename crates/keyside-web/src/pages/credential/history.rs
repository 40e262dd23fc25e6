//! The tab of older contents: when they were replaced and for which registries they are, and the ways back. What they hold
//! is shown nowhere.

use super::verification;
use crate::badge::Badge;
use crate::call::Call;
use crate::cluster;
use crate::credential::Stored;
use crate::failure::{Failure, go};
use crate::pages::events::{self, Row as EventRow};
use crate::place::Seen;
use crate::rights::{Right, may};
use crate::route::Answer;
use crate::text::Lang;
use crate::time::Moment;
use crate::write;
use http::StatusCode;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;
use keyside_api::condition::verified;
use keyside_core::history::{self, Refusal};
use kube::{Api, ResourceExt as _};

/// How much of a version tells two of them apart, as on the command line.
const SHORT: usize = 12;

/// What the tab shows.
pub(super) struct Tab {
    pub(super) version: String,
    pub(super) rotated: Moment,
    /// The newest first; none if the Secret may not be read.
    pub(super) older: Option<Vec<Older>>,
    pub(super) may_change: bool,
    pub(super) secret_version: String,
    pub(super) events: Vec<EventRow>,
    pub(super) trouble: Option<Trouble>,
}

/// An older content, without anything that it holds.
pub(super) struct Older {
    pub(super) number: usize,
    pub(super) version: String,
    pub(super) registries: Vec<String>,
    pub(super) replaced: Moment,
}

/// What stands in the way of a roll back.
#[derive(Default)]
pub(super) struct Trouble {
    pub(super) status: StatusCode,
    pub(super) problem: String,
    pub(super) detail: String,
    /// What the registry has said, and which content it was asked about: it can be put back all the same.
    pub(super) refused: Option<(Badge, usize)>,
}

pub(super) async fn tab(call: &Call, stored: &Stored) -> Result<Tab, Failure> {
    let t = call.t();
    let status = stored.status();
    let rotated = status.and_then(|status| status.last_rotation_time.as_ref());
    let secret = match write::secret_of(&call.client()?, stored).await {
        Err(Failure::Forbidden(_) | Failure::NoObject) => None,
        found => Some(found?),
    };
    let namespace = stored
        .secret()
        .map(|(namespace, _)| namespace)
        .unwrap_or_default();
    let right = Right {
        verb: "update",
        group: "",
        resource: "secrets",
        namespace: &namespace,
    };
    Ok(Tab {
        version: status
            .and_then(|status| status.current_version.clone())
            .unwrap_or_default(),
        rotated: Moment::of(rotated.map(|time| time.0), t),
        may_change: secret.is_some() && may(call, right).await?,
        secret_version: secret
            .as_ref()
            .and_then(Secret::resource_version)
            .unwrap_or_default(),
        older: secret.map(|secret| older(&secret, stored, t)),
        events: events_of(call, stored).await?,
        trouble: None,
    })
}

fn older(secret: &Secret, stored: &Stored, t: Lang) -> Vec<Older> {
    let list = history::older(secret).into_iter();
    list.zip(1..)
        .map(|(one, number)| Older {
            number,
            version: one.version.map_or_else(String::new, |version| {
                version.get(..SHORT).unwrap_or(&version).to_owned()
            }),
            registries: if one.registries.is_empty() {
                stored.registry().map(str::to_owned).into_iter().collect()
            } else {
                one.registries
            },
            replaced: Moment::of(Some(one.replaced), t),
        })
        .collect()
}

async fn events_of(call: &Call, stored: &Stored) -> Result<Vec<EventRow>, Failure> {
    let fields = format!(
        "involvedObject.kind={},involvedObject.name={}",
        stored.kind(),
        stored.name()
    );
    let client = call.client()?;
    let found = match stored.namespace() {
        Some(namespace) => cluster::list(Api::namespaced(client, &namespace), &fields).await?,
        None => cluster::list(Api::all(client), &fields).await?,
    };
    Ok(events::rows(&found.unwrap_or_default(), call.t()))
}

/// Puts an older content back, after its registries were asked about it.
pub(super) async fn roll_back(call: Call) -> Answer {
    let (stored, seen) = tokio::try_join!(Stored::find(&call), Seen::read(&call))?;
    let trouble = match try_roll_back(&call, &stored).await {
        Ok(Ok(version)) => {
            settle(&call, &stored, version).await;
            return go(&back(&call, &stored, "rolled-back"));
        }
        Ok(Err(trouble)) => trouble,
        Err(failure) => of_failure(failure, call.t())?,
    };
    refuse(&call, &stored, &seen, trouble).await
}

/// Forgets the older contents.
pub(super) async fn forget(call: Call) -> Answer {
    let (stored, seen) = tokio::try_join!(Stored::find(&call), Seen::read(&call))?;
    let forgotten = async {
        let mut secret = unchanged(&call, &stored).await?;
        if history::forget(&mut secret) {
            write::replace_secret(&call.client()?, &secret).await?;
        }
        Ok(())
    };
    match forgotten.await {
        Ok(()) => go(&back(&call, &stored, "forgotten")),
        Err(failure) => {
            let trouble = of_failure(failure, call.t())?;
            refuse(&call, &stored, &seen, trouble).await
        }
    }
}

/// The version that the content had when it was replaced, if that is known.
type Version = Option<String>;

async fn try_roll_back(call: &Call, stored: &Stored) -> Result<Result<Version, Trouble>, Failure> {
    let t = call.t();
    let secret = unchanged(call, stored).await?;
    let number: usize = call.form.get("to").parse().unwrap_or_default();
    let mut list = history::older(&secret);
    let chosen = (1..=list.len())
        .contains(&number)
        .then(|| list.swap_remove(number - 1));
    let back = match history::roll_back(&secret, number, stored.known(), Timestamp::now()) {
        Ok(back) => back,
        Err(why) => {
            return Ok(Err(Trouble {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                problem: match why {
                    Refusal::Missing { .. } => t.no_such_older(),
                    Refusal::Elsewhere => t.entered_for_elsewhere(),
                    Refusal::Unseen => t.not_looked_at_yet(),
                }
                .to_owned(),
                ..Trouble::default()
            }));
        }
    };
    if call.form.get("save") != "anyway"
        && let Ok(findings) = verification::ask(call, stored, &back, &[]).await
        && let ("False", reason) = verification::verdict(&findings)
    {
        return Ok(Err(Trouble {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            problem: t.older_is_refused().to_owned(),
            detail: String::new(),
            refused: Some((Badge::of_reason(crate::badge::Tone::Bad, &reason, t), number)),
        }));
    }
    write::replace_secret(&call.client()?, &back).await?;
    Ok(Ok(chosen.and_then(|one| one.version)))
}

/// The Secret, if it is still the one that the page was made of.
async fn unchanged(call: &Call, stored: &Stored) -> Result<Secret, Failure> {
    let secret = write::secret_of(&call.client()?, stored).await?;
    if call.form.get("secret-version") == secret.resource_version().unwrap_or_default() {
        Ok(secret)
    } else {
        Err(Failure::Conflict(String::new()))
    }
}

/// What the reader can do something about stands on the page; the rest is a page of its own.
fn of_failure(failure: Failure, t: Lang) -> Result<Trouble, Failure> {
    let status = match failure {
        Failure::Conflict(_) => StatusCode::CONFLICT,
        Failure::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        other => return Err(other),
    };
    Ok(Trouble {
        status,
        problem: failure.sentence(t),
        detail: failure.detail().to_owned(),
        refused: None,
    })
}

async fn refuse(call: &Call, stored: &Stored, seen: &Seen, trouble: Trouble) -> Answer {
    let status = trouble.status;
    let mut tab = tab(call, stored).await?;
    tab.trouble = Some(trouble);
    let shown = super::Shown {
        tab: "history",
        body: super::Body::History(Box::new(tab)),
        badge: None,
        status,
    };
    super::page_of(call, stored, seen, shown).await
}

/// The tab, with a word on what was done.
fn back(call: &Call, stored: &Stored, done: &str) -> String {
    format!(
        "{}{}&done={done}",
        stored.link(),
        call.query.query_with("tab", "history")
    )
}

/// Waits a moment until the controllers have looked at the content and heard the registries. `version` is the one to wait for;
/// without it, any other than before.
async fn settle(call: &Call, stored: &Stored, version: Version) {
    let Ok(client) = call.client() else { return };
    let former = stored.status().and_then(|status| status.current_version.clone());
    write::settle_until(&client, stored, |status| {
        let mut states = status.registries.iter();
        let is_it = match &version {
            Some(version) => status.current_version.as_ref() == Some(version),
            None => status.current_version != former,
        };
        is_it && states.all(|state| state.reason.as_deref() != Some(verified::UNVERIFIED))
    })
    .await;
}
