//! 资源 > 密文 > 镜像库凭证: the list, with filters, sorting and pages that are plain links.

use super::{Choice, Copy};
use crate::badge::{Badge, Tone};
use crate::call::Call;
use crate::credential::{self, Stored};
use crate::failure::{go, page};
use crate::form::Form;
use crate::frame::{Area, Frame};
use crate::place::{FEW, Place, Seen};
use crate::rights::{Right, may, may_in_one};
use crate::route::Answer;
use crate::text::Lang;
use crate::time::Moment;
use crate::users;
use askama::Template;
use axum::Json;
use axum::response::IntoResponse as _;
use k8s_openapi::jiff::Timestamp;
use keyside_keychain::preset;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of one page.
const PAGE: usize = 50;

/// A credential that expires within this many seconds is marked.
const SOON: i64 = 7 * 24 * 3600;

#[derive(Template)]
#[template(path = "credentials.html")]
struct Page {
    frame: Frame,
    t: Lang,
    may_add: bool,
    rows: Vec<Row>,
    total: usize,
    matching: usize,
    is_cut: bool,
    q: String,
    state: String,
    scope: String,
    sort: String,
    states: Vec<Choice>,
    scopes: Vec<Choice>,
    columns: Vec<Column>,
    /// Number, link, whether it is this one.
    pages: Vec<(usize, String, bool)>,
    first: Vec<Choice>,
    copy: Copy,
}

struct Column {
    text: &'static str,
    link: String,
    sorted: bool,
    order: &'static str,
}

struct Row {
    name: String,
    link: String,
    /// Where it is verified and where it is rotated, by a key.
    verify: String,
    rotate: String,
    registries: Vec<String>,
    scope: String,
    badge: Badge,
    delivered: String,
    /// The tab that names the pods, and the key under which [`used`] answers.
    users: String,
    key: String,
    expires: Moment,
    expiry_class: &'static str,
    created: Moment,
}

/// The first page: the list.
pub(crate) async fn home(call: Call) -> Answer {
    go(&format!("/credentials{}", call.query.query_with("", "")))
}

/// 资源 > 镜像库, as older versions of Rancher called it.
pub(crate) async fn old_path(_: Call) -> Answer {
    go("/credentials")
}

/// The list.
pub(crate) async fn list(call: Call) -> Answer {
    let t = call.t();
    let seen = Seen::read(&call).await?;
    let read = credential::all(&call.client()?, &seen).await?;
    let of_project: Vec<(Stored, Place)> = read
        .credentials
        .into_iter()
        .map(|stored| {
            let place = stored.place(&seen.projects);
            (stored, place)
        })
        .filter(|(_, place)| in_project(place, &call, &seen))
        .collect();
    let total = of_project.len();
    let mut matching: Vec<(Stored, Place)> = of_project
        .into_iter()
        .filter(|(stored, place)| matches(stored, place, &call.query, t))
        .collect();
    sort(&mut matching, call.query.get("sort"), t);
    let number: usize = call.query.get("page").parse().unwrap_or(1).max(1);
    let rows = matching.iter().skip((number - 1) * PAGE).take(PAGE);
    let rows: Vec<Row> = rows.map(|(stored, place)| row(stored, place, t)).collect();
    let may_add = may_add(&call, &seen).await?;
    page(&Page {
        frame: Frame::page(&call, Area::Credentials, t.credentials()).credentials_crumbs(),
        t,
        may_add,
        rows,
        total,
        matching: matching.len(),
        is_cut: read.is_cut,
        q: call.query.get("q").to_owned(),
        state: call.query.get("state").to_owned(),
        scope: call.query.get("scope").to_owned(),
        sort: call.query.get("sort").to_owned(),
        states: states(t),
        scopes: scopes(t),
        columns: columns(&call.query, t),
        pages: pages(&call.query, number, matching.len()),
        first: preset::ALL
            .iter()
            .take(3)
            .map(|preset| {
                (
                    preset.id.to_owned(),
                    preset.title.in_language(t.preset()).to_owned(),
                )
            })
            .collect(),
        copy: Copy::command(match call.project() {
            Some(project) => format!("keyside credential list --project {project}"),
            None => "keyside credential list -A".to_owned(),
        }),
    })
}

/// How many pods use each credential, by the links of the list's rows. Pods are many and the list is quick without them, so
/// this is asked once the list is shown.
pub(crate) async fn used(call: Call) -> Answer {
    let client = call.client()?;
    let mut seen = Seen::read(&call).await?;
    let credentials = credential::all(&client, &seen).await?.credentials;
    let homes: BTreeSet<String> = credentials
        .iter()
        .filter_map(|stored| match stored.place(&seen.projects) {
            Place::Project { name, .. } => Some(name),
            _ => None,
        })
        .collect();
    // Whom a Project holds tells which pods can mean its credential.
    for project in homes.iter().take(FEW) {
        seen.open(&client, project).await?;
    }
    let counts = users::counts(&client, &seen, &credentials)
        .await?
        .unwrap_or_default();
    let answer: BTreeMap<String, String> = credentials.iter().map(Stored::link).zip(counts).collect();
    Ok(Json(answer).into_response())
}

/// Whether somebody may add a credential somewhere they can see.
async fn may_add(call: &Call, seen: &Seen) -> Result<bool, crate::failure::Failure> {
    if may(call, Right::credential("create", Some(""))).await? {
        return Ok(true);
    }
    let homes: Vec<String> = seen
        .projects
        .iter()
        .map(keyside_api::Project::home_namespace)
        .chain(seen.namespaces.iter().cloned())
        .take(FEW)
        .collect();
    may_in_one(call, &homes, |namespace| {
        Right::credential("create", Some(namespace))
    })
    .await
}

/// Whether a credential concerns the project that is looked at: its own, its namespaces', and the cluster's.
fn in_project(place: &Place, call: &Call, seen: &Seen) -> bool {
    let Some(name) = call.project() else {
        return true;
    };
    match place {
        Place::Cluster => true,
        Place::Project { name: own, .. } => own == name,
        Place::Namespace(namespace) => seen.project(name).is_some_and(|project| {
            project.home_namespace() == *namespace
                || project.spec.namespaces.iter().any(|member| member == namespace)
        }),
    }
}

fn matches(stored: &Stored, place: &Place, query: &Form, t: Lang) -> bool {
    let q = query.get("q").to_lowercase();
    let found = q.is_empty()
        || stored.name().to_lowercase().contains(&q)
        || place.title().contains(&q)
        || stored
            .registries()
            .iter()
            .any(|registry| registry.to_lowercase().contains(&q));
    let state = match query.get("state") {
        "" => true,
        wanted => Badge::of_credential(stored, t).class() == wanted,
    };
    let scope = query.get("scope");
    found && state && (scope.is_empty() || place.kind() == scope)
}

/// Without another wish, what needs attention comes first: what expires, then what does not work.
fn sort(rows: &mut [(Stored, Place)], by: &str, t: Lang) {
    let (key, down) = by.strip_prefix('-').map_or((by, false), |key| (key, true));
    let expiry = |stored: &Stored| {
        stored
            .status()
            .and_then(|status| status.expiry_time.as_ref())
            .map_or(i64::MAX, |time| time.0.as_second())
    };
    let urgency = |stored: &Stored| match Badge::of_credential(stored, t).tone {
        Tone::Bad => 0,
        Tone::Warn => 1,
        Tone::Quiet => 2,
        Tone::Good => 3,
    };
    rows.sort_by(|(a, at), (b, bt)| {
        let order = match key {
            "name" => Ordering::Equal,
            "registry" => a.registries().cmp(&b.registries()),
            "scope" => at.title().cmp(&bt.title()),
            "state" => urgency(a).cmp(&urgency(b)),
            "age" => b.created().cmp(&a.created()),
            _ => expiry(a)
                .cmp(&expiry(b))
                .then_with(|| urgency(a).cmp(&urgency(b))),
        };
        let order = order
            .then_with(|| a.name().cmp(&b.name()))
            .then_with(|| at.title().cmp(&bt.title()));
        if down { order.reverse() } else { order }
    });
}

fn row(stored: &Stored, place: &Place, t: Lang) -> Row {
    let status = stored.status();
    let expiry = status
        .and_then(|status| status.expiry_time.as_ref())
        .map(|time| time.0);
    let left = expiry.map(|time| time.as_second() - Timestamp::now().as_second());
    let targets = status.and_then(|status| status.targets.as_ref());
    Row {
        name: stored.name(),
        link: stored.link(),
        verify: format!("{}?tab=verification", stored.link()),
        rotate: format!("{}/edit#password-1", stored.link()),
        registries: stored.registries(),
        scope: place.title(),
        badge: Badge::of_credential(stored, t),
        delivered: targets.map_or_else(String::new, |targets| {
            format!("{}/{}", targets.delivered, targets.desired)
        }),
        users: format!("{}?tab=used-by", stored.link()),
        key: stored.link(),
        expires: Moment::of(expiry, t),
        expiry_class: match left {
            Some(left) if left <= 0 => "bad",
            Some(left) if left <= SOON => "warn",
            _ => "",
        },
        created: Moment::of(stored.created(), t),
    }
}

fn states(t: Lang) -> Vec<Choice> {
    [
        ("", t.all()),
        ("good", t.valid()),
        ("bad", t.not_working()),
        ("warn", t.needs_attention()),
        ("quiet", t.unverified()),
    ]
    .map(|(value, words)| (value.to_owned(), words.to_owned()))
    .to_vec()
}

fn scopes(t: Lang) -> Vec<Choice> {
    [
        ("", t.all()),
        ("project", t.all_of_project()),
        ("namespace", t.single_namespace()),
        ("cluster", t.whole_cluster()),
    ]
    .map(|(value, words)| (value.to_owned(), words.to_owned()))
    .to_vec()
}

fn columns(query: &Form, t: Lang) -> Vec<Column> {
    let sort = query.get("sort");
    let (now, down) = sort.strip_prefix('-').map_or((sort, false), |key| (key, true));
    [
        ("name", t.name()),
        ("registry", t.registry()),
        ("scope", t.scope()),
        ("state", t.state()),
        ("", t.deliver()),
        ("expires", t.expires()),
        ("", t.used_by()),
        ("age", t.age()),
    ]
    .map(|(key, text)| {
        let sorted = !key.is_empty() && (now == key || (now.is_empty() && key == "expires"));
        let next = if sorted && !down {
            format!("-{key}")
        } else {
            key.to_owned()
        };
        Column {
            text,
            link: if key.is_empty() {
                String::new()
            } else {
                format!("/credentials{}", query.query_with("sort", &next))
            },
            sorted,
            order: if down { "descending" } else { "ascending" },
        }
    })
    .into()
}

fn pages(query: &Form, now: usize, matching: usize) -> Vec<(usize, String, bool)> {
    let last = matching.div_ceil(PAGE);
    if last < 2 {
        return Vec::new();
    }
    (1..=last)
        .filter(|number| *number == 1 || *number == last || number.abs_diff(now) <= 3)
        .map(|number| {
            let link = format!("/credentials{}", query.query_with("page", &number.to_string()));
            (number, link, number == now)
        })
        .collect()
}
