//! One credential: its state, and five tabs: delivery, verification, who uses it, history, YAML.

mod history;
pub(super) mod verification;

use super::Copy;
use crate::badge::{Badge, Tone};
use crate::call::Call;
use crate::credential::{MANAGER, Stored, yaml};
use crate::failure::{Failure, page_with};
use crate::form::encode;
use crate::frame::{Area, Frame};
use crate::place::{Chosen, Place, Seen, permitted};
use crate::rights::{Right, may};
use crate::route::Answer;
use crate::text::Lang;
use crate::time::Moment;
use crate::users::{self, users};
use crate::{cluster, pull};
use askama::Template;
use http::StatusCode;
use k8s_openapi::api::core::v1::{Pod, Secret};
use k8s_openapi::jiff::Timestamp;
use keyside_api::{ClusterRegistryCredential, Delivery, RegistryCredential, label};
use keyside_core::CredentialId;
use keyside_core::names::credential_label;
use kube::api::{ListParams, PartialObjectMeta, Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;

/// How many copies, or pods, the page names.
const COPIES: u32 = 100;

#[derive(Template)]
#[template(path = "credential.html")]
struct Page {
    frame: Frame,
    t: Lang,
    badge: Badge,
    meaning: &'static str,
    link: String,
    may_change: bool,
    may_delete: bool,
    registries: Vec<String>,
    place: String,
    place_words: &'static str,
    secret: String,
    expires: Moment,
    created: Moment,
    tabs: Vec<(&'static str, String, bool)>,
    body: Body,
    conditions: Vec<Condition>,
    copy: Copy,
}

enum Body {
    Delivery(DeliveryTab),
    Verification(verification::Tab),
    UsedBy(UsedTab),
    History(Box<history::Tab>),
    Yaml(String),
}

struct DeliveryTab {
    sentence: String,
    rows: Vec<CopyRow>,
    note: String,
    /// The copies that follow; empty if there are none.
    next: String,
}

struct UsedTab {
    rows: Vec<User>,
    note: String,
}

struct CopyRow {
    namespace: String,
    mode: &'static str,
    secret: String,
    age: Moment,
    conflict: String,
}

struct User {
    name: String,
    namespace: String,
    link: String,
    badge: Badge,
    /// When its image was pulled last, as long as Kubernetes keeps the event.
    pulled: Moment,
}

/// A condition as kubectl shows it.
struct Condition {
    kind: String,
    status: String,
    reason: String,
    age: Moment,
    message: String,
}

/// A tab to show: its name, what is on it, and what a check has just said of the credential.
struct Shown<'a> {
    tab: &'a str,
    body: Body,
    badge: Option<Badge>,
    status: StatusCode,
}

/// The page.
pub(crate) async fn show(call: Call) -> Answer {
    let (stored, seen) = tokio::try_join!(Stored::find(&call), Seen::read(&call))?;
    let tab = call.query.get("tab");
    let shown = Shown {
        tab,
        body: body(&call, &stored, &seen, tab).await?,
        badge: None,
        status: StatusCode::OK,
    };
    page_of(&call, &stored, &seen, shown).await
}

async fn page_of(call: &Call, stored: &Stored, seen: &Seen, shown: Shown<'_>) -> Answer {
    let t = call.t();
    let place = stored.place(&seen.projects);
    let namespace = stored.namespace();
    let right = |verb| Right::credential(verb, namespace.as_deref());
    let badge = shown.badge.unwrap_or_else(|| Badge::of_credential(stored, t));
    let secret = stored.secret();
    let page_ = Page {
        frame: Frame::page(call, Area::Credentials, stored.name())
            .credentials_crumbs()
            .crumb(stored.name(), ""),
        t,
        meaning: badge.meaning(t),
        badge,
        link: stored.link(),
        may_change: may(call, right("update")).await?,
        may_delete: may(call, right("delete")).await?,
        registries: stored.registries(),
        place: place.title(),
        place_words: place.words(t),
        secret: secret.map_or_else(String::new, |(namespace, name)| format!("{namespace}/{name}")),
        expires: Moment::of(expiry(stored), t),
        created: Moment::of(stored.created(), t),
        tabs: tabs(call, stored, shown.tab),
        body: shown.body,
        conditions: conditions(stored, t),
        copy: Copy {
            command: format!(
                "keyside credential {} {} {}",
                verb(shown.tab),
                stored.name(),
                place.flag()
            ),
            yaml: String::new(),
        },
    };
    page_with(shown.status, &page_)
}

/// What shows a tab on the command line.
fn verb(tab: &str) -> &'static str {
    match tab {
        "verification" => "verify",
        "history" => "history",
        _ => "get",
    }
}

fn conditions(stored: &Stored, t: Lang) -> Vec<Condition> {
    let all = stored.status().map(|status| status.conditions.as_slice());
    let all = all.unwrap_or_default().iter();
    all.map(|one| Condition {
        kind: one.type_.clone(),
        status: one.status.clone(),
        reason: one.reason.clone(),
        age: Moment::of(Some(one.last_transition_time.0), t),
        message: one.message.clone(),
    })
    .collect()
}

fn expiry(stored: &Stored) -> Option<Timestamp> {
    let time = stored.status()?.expiry_time.as_ref()?;
    Some(time.0)
}

fn tabs(call: &Call, stored: &Stored, now: &str) -> Vec<(&'static str, String, bool)> {
    let t = call.t();
    [
        ("", t.deliver()),
        ("verification", t.verification()),
        ("used-by", t.used_by()),
        ("history", t.history()),
        ("yaml", "YAML"),
    ]
    .map(|(id, text)| {
        let link = format!("{}{}", stored.link(), call.query.query_with("tab", id));
        (text, link, id == now)
    })
    .to_vec()
}

async fn body(call: &Call, stored: &Stored, seen: &Seen, tab: &str) -> Result<Body, Failure> {
    Ok(match tab {
        "verification" => Body::Verification(verification::tab(call, stored, seen).await?),
        "used-by" => Body::UsedBy(used(call, stored, seen).await?),
        "history" => Body::History(Box::new(history::tab(call, stored).await?)),
        "yaml" => Body::Yaml(yaml(&stored.to_json()?)?),
        _ => Body::Delivery(delivery(call, stored, seen).await?),
    })
}

async fn used(call: &Call, stored: &Stored, seen: &Seen) -> Result<UsedTab, Failure> {
    let t = call.t();
    let client = call.client()?;
    let pods = users(&client, seen, stored).await?;
    let shown = &pods.items[..pods.items.len().min(COPIES as usize)];
    let pulls = users::last_pulls(&client, shown).await?;
    let user = |pod: &Pod| {
        let (name, namespace) = (pod.name_any(), pod.namespace().unwrap_or_default());
        User {
            link: explain_link(&name, &namespace),
            badge: Badge::of_pull(&pull::of_pod(pod), t),
            pulled: Moment::of(pod.uid().and_then(|uid| pulls.get(&uid).copied()), t),
            name,
            namespace,
        }
    };
    let note = match pods.items.len() - shown.len() {
        _ if pods.is_cut => t.not_all_pods(users::MOST),
        0 => String::new(),
        more => t.and_more(more),
    };
    Ok(UsedTab {
        rows: shown.iter().map(user).collect(),
        note,
    })
}

/// Where a pod is explained.
pub(crate) fn explain_link(pod: &str, namespace: &str) -> String {
    format!(
        "/explain?what=pod/{}&namespace={}",
        encode(pod),
        encode(namespace)
    )
}

async fn delivery(call: &Call, stored: &Stored, seen: &Seen) -> Result<DeliveryTab, Failure> {
    let t = call.t();
    let targets = stored.status().and_then(|status| status.targets.as_ref());
    let sentence = match (stored.delivery(), targets) {
        (Delivery::Node, _) => t.delivery_node_means().to_owned(),
        (_, Some(targets)) => t.delivered_to(targets.delivered, targets.desired, targets.conflicts),
        (_, None) => t.not_delivered_yet().to_owned(),
    };
    let copies = copies(call, stored, seen).await?;
    let mode = match stored.delivery() {
        Delivery::Copy => t.delivery_copy(),
        Delivery::OnDemand => t.delivery_on_demand(),
        Delivery::Node => t.delivery_node(),
    };
    let rows: Vec<CopyRow> = copies
        .items
        .iter()
        .map(|copy| CopyRow {
            namespace: copy.namespace().unwrap_or_default(),
            mode,
            secret: copy.name_any(),
            age: Moment::of(copy.creation_timestamp().map(|time| time.0), t),
            conflict: if copy.name_any() == stored.name() {
                String::new()
            } else {
                t.other_name().to_owned()
            },
        })
        .collect();
    let is_own = matches!(stored.place(&seen.projects), Place::Namespace(_));
    let note = if is_own && rows.is_empty() {
        t.own_secret().to_owned()
    } else {
        String::new()
    };
    Ok(DeliveryTab {
        sentence,
        rows,
        note,
        next: copies.next,
    })
}

/// Copies of a credential, and the same page for those that follow.
struct Copies {
    items: Vec<PartialObjectMeta<Secret>>,
    next: String,
}

/// A page of the copies: of all namespaces, or of the next few where the user may not look into all of them at once.
async fn copies(call: &Call, stored: &Stored, seen: &Seen) -> Result<Copies, Failure> {
    let id = match stored.namespace() {
        Some(namespace) => CredentialId::namespaced(namespace, stored.name()),
        None => CredentialId::cluster(stored.name()),
    };
    let mut parameters = ListParams::default()
        .labels(&format!("{}={}", label::CREDENTIAL, credential_label(&id)))
        .limit(COPIES);
    let client = call.client()?;
    let all = Api::<Secret>::all(client.clone());
    let after = call.query.get("after");
    if !after.is_empty() {
        parameters.continue_token = Some(after.to_owned());
    }
    let mut everywhere = all.list_metadata(&parameters).await;
    // Where a page ended is remembered for some minutes only: then it is begun anew.
    if matches!(&everywhere, Err(kube::Error::Api(status)) if matches!(status.code, 400 | 410)) {
        parameters.continue_token = None;
        everywhere = all.list_metadata(&parameters).await;
    }
    if let Some(list) = permitted(everywhere)? {
        let token = list.metadata.continue_.filter(|token| !token.is_empty());
        let link = |token: String| format!("{}{}", call.path, call.query.query_with("after", &token));
        return Ok(Copies {
            next: token.map(link).unwrap_or_default(),
            items: list.items,
        });
    }
    parameters.continue_token = None;
    let few = Chosen::few(call, seen.reach(&stored.place(&seen.projects)));
    let names = few.names.unwrap_or_default();
    let lists = cluster::each(&names, |namespace| {
        let api = Api::<Secret>::namespaced(client.clone(), namespace);
        let parameters = &parameters;
        async move { permitted(api.list_metadata(parameters).await) }
    });
    let lists = lists.await?.into_iter().flatten();
    Ok(Copies {
        items: lists.flat_map(|list| list.items).collect(),
        next: few.next,
    })
}

/// Asks the registries now, and the controllers to do so as well: their answer shows in the status.
pub(crate) async fn verify(call: Call) -> Answer {
    let (stored, seen) = tokio::try_join!(Stored::find(&call), Seen::read(&call))?;
    ask_controllers(&call, &stored).await?;
    let (tab, badge) = verification::checked(&call, &stored, &seen).await?;
    let shown = Shown {
        tab: "verification",
        body: Body::Verification(tab),
        badge,
        status: StatusCode::OK,
    };
    page_of(&call, &stored, &seen, shown).await
}

/// Puts an older content back.
pub(crate) async fn roll_back(call: Call) -> Answer {
    history::roll_back(call).await
}

/// Forgets the older contents.
pub(crate) async fn forget(call: Call) -> Answer {
    history::forget(call).await
}

async fn ask_controllers(call: &Call, stored: &Stored) -> Result<(), Failure> {
    let client = call.client()?;
    let asked = json!({"metadata": {"annotations": {label::VERIFY: Timestamp::now().to_string()}}});
    let (parameters, patch) = (PatchParams::apply(MANAGER), Patch::Merge(asked));
    let name = stored.name();
    match stored.namespace() {
        Some(namespace) => {
            let api: Api<RegistryCredential> = Api::namespaced(client, &namespace);
            api.patch(&name, &parameters, &patch).await?;
        }
        None => {
            let api: Api<ClusterRegistryCredential> = Api::all(client);
            api.patch(&name, &parameters, &patch).await?;
        }
    }
    Ok(())
}

/// The tone of an event's type.
pub(super) fn tone(kind: Option<&str>) -> Tone {
    if kind == Some("Warning") {
        Tone::Bad
    } else {
        Tone::Quiet
    }
}
