//! 事件: what nodes said of pulls, joined with what keyside said of credentials; the newest first.

use super::Copy;
use super::credential::{explain_link, tone};
use crate::badge::Tone;
use crate::call::Call;
use crate::cluster::{self, Found};
use crate::failure::{Failure, page};
use crate::form::encode;
use crate::frame::{Area, Frame};
use crate::place::Seen;
use crate::route::Answer;
use crate::text::Lang;
use crate::time::Moment;
use askama::Template;
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use std::collections::BTreeMap;

/// Rows of the page.
const MOST: usize = 100;

/// How many events of a namespace, or of the cluster, are read.
const READ: usize = 2_000;

/// Reasons of pods' events that concern images.
const OF_PULLS: [&str; 9] = [
    "Pulling",
    "Pulled",
    "Failed",
    "BackOff",
    "ErrImageNeverPull",
    "InspectFailed",
    "FailedToRetrieveImagePullSecret",
    "FailedMount",
    keyside_api::event::PULL_DIAGNOSED,
];

#[derive(Template)]
#[template(path = "events.html")]
struct Page {
    frame: Frame,
    t: Lang,
    namespace: String,
    namespaces: Vec<String>,
    q: String,
    /// Reason, how often, link.
    groups: Vec<(String, i64, String)>,
    events: Vec<Row>,
    note: String,
    /// Where the next namespaces are.
    next: String,
    copy: Copy,
}

/// An event as pages show it.
pub(super) struct Row {
    pub(super) time: Moment,
    pub(super) class: &'static str,
    pub(super) mark: &'static str,
    pub(super) reason: String,
    pub(super) count: i64,
    pub(super) object: String,
    pub(super) link: String,
    pub(super) namespace: String,
    pub(super) message: String,
}

/// The page.
pub(crate) async fn list(call: Call) -> Answer {
    let t = call.t();
    let seen = Seen::read(&call).await?;
    let (namespace, q) = (call.query.get("namespace"), call.query.get("q").to_lowercase());
    let chosen = seen.chosen(&call);
    let read = read(&call, &seen, chosen.names.as_deref()).await?;
    let is_cut = read.is_cut;
    let found: Vec<Event> = read.items.into_iter().filter(concerns_us).collect();
    let mut groups: BTreeMap<String, i64> = BTreeMap::new();
    for event in &found {
        *groups
            .entry(event.reason.clone().unwrap_or_default())
            .or_default() += count(event);
    }
    let mut events = rows(&found, t);
    events.retain(|row| {
        q.is_empty()
            || [&row.reason, &row.object, &row.message]
                .iter()
                .any(|text| text.to_lowercase().contains(&q))
    });
    let total = events.len();
    events.truncate(MOST);
    page(&Page {
        frame: Frame::page(&call, Area::Events, t.events()),
        t,
        namespace: namespace.to_owned(),
        namespaces: seen.namespaces,
        q: call.query.get("q").to_owned(),
        groups: groups
            .into_iter()
            .map(|(reason, count)| {
                let link = format!("/events{}", call.query.query_with("q", &reason));
                (reason, count, link)
            })
            .collect(),
        next: chosen.next,
        note: if total > MOST {
            t.and_more(total - MOST)
        } else if is_cut {
            t.not_all_looked_at().to_owned()
        } else {
            String::new()
        },
        events,
        copy: Copy::command(match namespace {
            "" => "keyside events -A".to_owned(),
            namespace => format!("keyside events -n {namespace}"),
        }),
    })
}

async fn read(call: &Call, seen: &Seen, namespaces: Option<&[String]>) -> Result<Found<Event>, Failure> {
    let client = call.client()?;
    let names = match namespaces {
        Some(names) => names,
        None => match cluster::some(Api::all(client.clone()), "", READ).await? {
            Some(found) => return Ok(found),
            None => seen.few(),
        },
    };
    let lists = cluster::each(names, |name| {
        cluster::some(Api::namespaced(client.clone(), name), "", READ)
    });
    let (mut items, mut is_cut) = (Vec::new(), false);
    for list in lists.await?.into_iter().flatten() {
        is_cut |= list.is_cut;
        items.extend(list.items);
    }
    Ok(Found { items, is_cut })
}

fn concerns_us(event: &Event) -> bool {
    let about = &event.involved_object;
    let ours = about
        .api_version
        .as_deref()
        .is_some_and(|version| version.starts_with(keyside_api::GROUP));
    let reason = event.reason.as_deref().unwrap_or_default();
    ours || (about.kind.as_deref() == Some("Pod") && OF_PULLS.contains(&reason))
}

/// Events as rows, the newest first.
pub(super) fn rows(events: &[Event], t: Lang) -> Vec<Row> {
    let mut sorted: Vec<&Event> = events.iter().collect();
    sorted.sort_by_key(|event| std::cmp::Reverse(last_seen(event)));
    sorted.into_iter().map(|event| row(event, t)).collect()
}

fn row(event: &Event, t: Lang) -> Row {
    let about = &event.involved_object;
    let (kind, name) = (
        about.kind.clone().unwrap_or_default(),
        about.name.clone().unwrap_or_default(),
    );
    let namespace = about.namespace.clone().unwrap_or_default();
    let link = match kind.as_str() {
        "Pod" => explain_link(&name, &namespace),
        "RegistryCredential" => format!("/credentials/{}/{}", encode(&namespace), encode(&name)),
        "ClusterRegistryCredential" => format!("/credentials/-/{}", encode(&name)),
        "Project" => format!("/projects/{}", encode(&name)),
        _ => String::new(),
    };
    let (class, mark) = match tone(event.type_.as_deref()) {
        Tone::Bad => ("bad", "×"),
        _ => ("quiet", "·"),
    };
    Row {
        time: Moment::of(last_seen(event), t),
        class,
        mark,
        reason: event.reason.clone().unwrap_or_default(),
        count: count(event),
        object: format!("{}/{name}", kind.to_lowercase()),
        link,
        namespace,
        message: message(event),
    }
}

fn count(event: &Event) -> i64 {
    let series = event.series.as_ref().and_then(|series| series.count);
    i64::from(series.or(event.count).unwrap_or(1))
}

/// The message on one line.
pub(super) fn message(event: &Event) -> String {
    let text = event.message.clone().unwrap_or_default();
    text.trim().replace('\n', " ")
}

/// The newest of the times an event carries; which of them is set depends on who wrote it.
pub(crate) fn last_seen(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref();
    let series = series
        .and_then(|series| series.last_observed_time.as_ref())
        .map(|time| time.0);
    let last = event.last_timestamp.as_ref().map(|time| time.0);
    let once = event.event_time.as_ref().map(|time| time.0);
    let created = event.metadata.creation_timestamp.as_ref().map(|time| time.0);
    series.max(last).or(once).or(created)
}
