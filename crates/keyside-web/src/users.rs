//! Who uses a credential: the pods that name its Secret and have not ended, of those the user may see.

use super::cluster::{Found, each, some};
use super::credential::Stored;
use super::failure::Failure;
use super::pages::events::last_seen;
use super::place::{FEW, Place, Seen};
use super::pull;
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::jiff::Timestamp;
use keyside_core::names::conflict_name;
use kube::{Api, Client, ResourceExt};
use std::collections::{BTreeSet, HashMap, HashSet};

/// How many pods are looked at for one answer.
pub(super) const MOST: usize = 5_000;

/// How many events of a namespace are looked at.
const PULLS: usize = 500;

/// How a kubelet begins to tell of a real pull (`pkg/kubelet/images/image_manager.go`).
const PULLED: &str = "Successfully pulled image";

/// How many pods are counted for a list, which is looked at often.
const COUNTED: usize = 1_000;

/// Pods that still need their images.
const RUNNING: &str = "status.phase!=Succeeded,status.phase!=Failed";

/// The pods that use a credential, and whether there are more pods than were looked at.
pub(super) async fn users(client: &Client, seen: &Seen, stored: &Stored) -> Result<Found<Pod>, Failure> {
    let place = stored.place(&seen.projects);
    let reach = seen.reach(&place);
    let pods = match &place {
        Place::Namespace(_) => within(client, &reach, RUNNING, MOST).await?,
        _ => everywhere_or_within(client, &reach, MOST).await?,
    };
    let mut pods = pods.unwrap_or_default();
    let reach = Reach::of(seen, &place);
    let names = names(stored);
    pods.items
        .retain(|pod| reach.holds(pod) && pull::listed(pod).iter().any(|listed| names.contains(listed)));
    Ok(pods)
}

/// When images of these pods were pulled last, by the pods' uids: what events say, of the first few namespaces.
pub(super) async fn last_pulls(client: &Client, pods: &[Pod]) -> Result<HashMap<String, Timestamp>, Failure> {
    let namespaces: BTreeSet<String> = pods.iter().filter_map(ResourceExt::namespace).collect();
    let namespaces: Vec<String> = namespaces.into_iter().take(FEW).collect();
    let lists = each(&namespaces, |namespace| {
        let api: Api<Event> = Api::namespaced(client.clone(), namespace);
        some(api, "reason=Pulled,involvedObject.kind=Pod", PULLS)
    });
    let mut out: HashMap<String, Timestamp> = HashMap::new();
    for event in lists.await?.into_iter().flatten().flat_map(|found| found.items) {
        let (Some(uid), Some(time)) = (&event.involved_object.uid, last_seen(&event)) else {
            continue;
        };
        // A node that had the image says Pulled as well, and has pulled nothing.
        if !event
            .message
            .as_ref()
            .is_some_and(|text| text.starts_with(PULLED))
        {
            continue;
        }
        let known = out.entry(uid.clone()).or_insert(time);
        *known = time.max(*known);
    }
    Ok(out)
}

/// How many pods use each of these credentials, in the words of a list: with a `+` where not all pods were looked at. None
/// where the user may see no pods.
pub(super) async fn counts(
    client: &Client,
    seen: &Seen,
    credentials: &[Stored],
) -> Result<Option<Vec<String>>, Failure> {
    let Some(pods) = everywhere_or_within(client, seen.few(), COUNTED).await? else {
        return Ok(None);
    };
    let mut by_name: HashMap<String, Vec<&Pod>> = HashMap::new();
    for pod in &pods.items {
        let listed: HashSet<String> = pull::listed(pod).into_iter().collect();
        for name in listed {
            by_name.entry(name).or_default().push(pod);
        }
    }
    let more = if pods.is_cut { "+" } else { "" };
    let mut reaches: HashMap<String, Reach> = HashMap::new();
    let mut count = |stored: &Stored| {
        let place = stored.place(&seen.projects);
        let reach = reaches
            .entry(place.title())
            .or_insert_with(|| Reach::of(seen, &place));
        let named = names(stored).into_iter().filter_map(|name| by_name.get(&name));
        let number = named.flatten().filter(|pod| reach.holds(pod)).count();
        format!("{number}{more}")
    };
    Ok(Some(credentials.iter().map(&mut count).collect()))
}

/// What the copies of a credential can be called.
fn names(stored: &Stored) -> [String; 2] {
    let name = stored.name();
    let other = conflict_name(&name, &stored.uid().unwrap_or_default());
    [name, other]
}

/// The first running pods of the whole cluster, or of these namespaces where the user may not look into all of them.
async fn everywhere_or_within(
    client: &Client,
    namespaces: &[String],
    most: usize,
) -> Result<Option<Found<Pod>>, Failure> {
    match some(Api::all(client.clone()), RUNNING, most).await? {
        Some(found) => Ok(Some(found)),
        None => within(client, namespaces, RUNNING, most).await,
    }
}

/// The first pods of each of the first of these namespaces; none where the user may see pods in none of them.
pub(super) async fn within(
    client: &Client,
    namespaces: &[String],
    fields: &str,
    most: usize,
) -> Result<Option<Found<Pod>>, Failure> {
    let few = &namespaces[..namespaces.len().min(FEW)];
    let lists = each(few, |namespace| {
        some(Api::namespaced(client.clone(), namespace), fields, most)
    });
    let mut out = Found {
        items: Vec::new(),
        is_cut: few.len() < namespaces.len(),
    };
    let mut may_see = false;
    for found in lists.await?.into_iter().flatten() {
        may_see = true;
        out.is_cut |= found.is_cut;
        out.items.extend(found.items);
    }
    Ok(may_see.then_some(out))
}

/// The namespaces in which a Secret of that name is the credential's.
enum Reach<'a> {
    /// Wherever the name is: whom a selector or Rancher adds to a Project is not in the list.
    Any,
    One(String),
    These(HashSet<&'a String>),
}

impl<'a> Reach<'a> {
    fn of(seen: &'a Seen, place: &Place) -> Self {
        match place {
            Place::Cluster => Self::Any,
            Place::Namespace(namespace) => Self::One(namespace.clone()),
            Place::Project { name, .. } => match seen.project(name) {
                Some(project)
                    if project.spec.namespace_selector.is_none()
                        && project.spec.rancher_project_id.is_none()
                        && !project.spec.namespaces.is_empty() =>
                {
                    Self::These(project.spec.namespaces.iter().collect())
                }
                _ => Self::Any,
            },
        }
    }

    fn holds(&self, pod: &Pod) -> bool {
        let namespace = pod.namespace().unwrap_or_default();
        match self {
            Self::Any => true,
            Self::One(one) => *one == namespace,
            Self::These(these) => these.contains(&namespace),
        }
    }
}
