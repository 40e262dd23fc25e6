//! Projects and membership: which namespace belongs to which Project.
//!
//! A Project claims namespaces by name, by a selector, or by following one of Rancher's projects. The Project that was
//! created first wins; then the name decides. A namespace claimed by name is accepted once, with its uid: when it is
//! deleted and made anew, perhaps by another team, it is a stranger until the Project states it again.

use super::Namespace;
use crate::names::fingerprint;
use crate::select;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use keyside_api::ProjectStatus;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What happens to a namespace that is stated by name and was deleted and made anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recreated {
    /// It gets nothing until the Project states it again.
    #[default]
    Suspend,
    /// It is a member as before.
    Accept,
}

/// Which namespaces were accepted: a fingerprint of Project and namespace, and one of the namespace's uid. Small, because
/// it outlives the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    known: BTreeMap<u64, u64>,
    revision: u64,
}

impl Accepted {
    /// What an earlier run wrote with [`Accepted::to_bytes`]; what is cut off is left out.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let number = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().expect("eight bytes"));
        let pairs = bytes
            .chunks_exact(16)
            .map(|pair| (number(&pair[..8]), number(&pair[8..])));
        Self {
            known: pairs.collect(),
            revision: 0,
        }
    }

    /// Sixteen bytes for each namespace.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.known
            .iter()
            .flat_map(|(key, uid)| [key.to_be_bytes(), uid.to_be_bytes()])
            .flatten()
            .collect()
    }

    /// Changes whenever something in it changes.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// How many namespaces were accepted.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none was accepted.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    fn get(&self, key: u64) -> Option<u64> {
        self.known.get(&key).copied()
    }

    fn insert(&mut self, key: u64, uid: u64) {
        self.revision += u64::from(self.known.insert(key, uid) != Some(uid));
    }

    fn remove(&mut self, key: u64) {
        self.revision += u64::from(self.known.remove(&key).is_some());
    }

    fn retain(&mut self, keep: impl Fn(u64) -> bool) {
        let before = self.known.len();
        self.known.retain(|key, _| keep(*key));
        self.revision += u64::from(self.known.len() < before);
    }

    fn key(project: &str, namespace: &str) -> u64 {
        fingerprint(&[project, namespace])
    }
}

/// A Project.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its name.
    pub name: Arc<str>,
    /// Its uid.
    pub uid: String,
    /// When it was created; the older of two claims wins.
    pub created: Option<Timestamp>,
    /// The generation of its spec.
    pub generation: i64,
    /// The version of the object, as far as versions can be compared.
    resource_version: u64,
    /// Its home namespace.
    pub home: Arc<str>,
    /// The namespaces that it states by name.
    pub named: BTreeSet<Arc<str>>,
    /// The selector, unless it is empty.
    pub selector: Option<LabelSelector>,
    /// Rancher's project that it follows.
    pub rancher: Option<String>,
    /// The status as last seen.
    pub status: ProjectStatus,
    /// The namespaces that are members now.
    pub members: BTreeSet<Arc<str>>,
}

impl Project {
    /// Whether this is an older state of the same object: an answer to a write may overtake the watch.
    pub(super) fn is_older_than(&self, known: &Self) -> bool {
        self.uid == known.uid && self.resource_version < known.resource_version
    }

    fn is_wide(&self) -> bool {
        self.selector.is_some() || self.rancher.is_some()
    }

    /// The older claim wins, then the name decides.
    fn seniority(&self) -> (Timestamp, &str) {
        (self.created.unwrap_or(Timestamp::MAX), &self.name)
    }
}

impl From<&keyside_api::Project> for Project {
    fn from(object: &keyside_api::Project) -> Self {
        let meta = &object.metadata;
        Self {
            name: meta.name.as_deref().unwrap_or_default().into(),
            uid: meta.uid.clone().unwrap_or_default(),
            created: meta.creation_timestamp.as_ref().map(|time| time.0),
            generation: meta.generation.unwrap_or_default(),
            resource_version: super::credentials::resource_version(meta),
            home: object.home_namespace().into(),
            named: object
                .spec
                .namespaces
                .iter()
                .map(|name| name.as_str().into())
                .collect(),
            selector: object
                .spec
                .namespace_selector
                .clone()
                .filter(|selector| !select::is_empty(selector)),
            rancher: object.spec.rancher_project_id.clone(),
            status: object.status.clone().unwrap_or_default(),
            members: BTreeSet::new(),
        }
    }
}

/// What became of a claim by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The namespace is a member.
    Member,
    /// The namespace does not exist yet.
    Absent,
    /// The namespace belongs to this older Project.
    Claimed(Arc<str>),
    /// The namespace was made anew and is suspended.
    Recreated,
}

/// All Projects, and the membership that follows from them.
#[derive(Debug, Default)]
pub(super) struct Projects {
    by_name: BTreeMap<Arc<str>, Project>,
    /// Namespaces stated by name, and by whom.
    named: HashMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Home namespaces, and whose.
    homes: HashMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Projects with a selector or a Rancher project.
    wide: BTreeSet<Arc<str>>,
    member_of: HashMap<Arc<str>, Arc<str>>,
    pub(super) accepted: Accepted,
    pub(super) recreated: Recreated,
}

impl Projects {
    pub(super) fn get(&self, name: &str) -> Option<&Project> {
        self.by_name.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Project> {
        self.by_name.values()
    }

    /// The Project a namespace belongs to.
    pub(super) fn of_namespace(&self, namespace: &str) -> Option<&Project> {
        self.by_name.get(self.member_of.get(namespace)?)
    }

    /// The Project whose home this namespace is: of several, the one created first.
    pub(super) fn of_home(&self, namespace: &str) -> Option<&Project> {
        self.oldest(self.homes.get(namespace)?)
    }

    /// The Projects that state this namespace by name.
    pub(super) fn naming(&self, namespace: &str) -> impl Iterator<Item = &Arc<str>> {
        self.named.get(namespace).into_iter().flatten()
    }

    /// The Projects that have this home.
    pub(super) fn at_home(&self, namespace: &str) -> impl Iterator<Item = &Arc<str>> {
        self.homes.get(namespace).into_iter().flatten()
    }

    fn oldest<'a>(&'a self, names: impl IntoIterator<Item = &'a Arc<str>>) -> Option<&'a Project> {
        names
            .into_iter()
            .filter_map(|name| self.by_name.get(name))
            .min_by_key(|project| project.seniority())
    }

    /// Puts a Project in place. Members stay until [`Projects::settle`] is asked for each namespace it may concern.
    pub(super) fn insert(&mut self, mut project: Project) {
        let name = project.name.clone();
        if let Some(former) = self.by_name.remove(&name) {
            for namespace in former.named.difference(&project.named) {
                self.accepted.remove(Accepted::key(&name, namespace));
            }
            self.unlink(&former);
            project.members = former.members;
        }
        for namespace in &project.named {
            self.named
                .entry(namespace.clone())
                .or_default()
                .insert(name.clone());
        }
        self.homes
            .entry(project.home.clone())
            .or_default()
            .insert(name.clone());
        if project.is_wide() {
            self.wide.insert(name.clone());
        }
        self.by_name.insert(name, project);
    }

    /// Takes a Project away; its members stay in [`Projects::of_namespace`] until they are settled.
    pub(super) fn remove(&mut self, name: &str) -> Option<Project> {
        let project = self.by_name.remove(name)?;
        for namespace in &project.named {
            self.accepted.remove(Accepted::key(name, namespace));
        }
        self.unlink(&project);
        Some(project)
    }

    fn unlink(&mut self, project: &Project) {
        let drop_from = |map: &mut HashMap<Arc<str>, BTreeSet<Arc<str>>>, key: &Arc<str>| {
            if let Some(names) = map.get_mut(key) {
                names.remove(&project.name);
                if names.is_empty() {
                    map.remove(key);
                }
            }
        };
        for namespace in &project.named {
            drop_from(&mut self.named, namespace);
        }
        drop_from(&mut self.homes, &project.home);
        self.wide.remove(&project.name);
    }

    /// Decides anew to which Project a namespace belongs, and returns the former and the present one.
    pub(super) fn settle(
        &mut self,
        name: &Arc<str>,
        namespace: Option<&Namespace>,
        is_system: bool,
    ) -> (Option<Arc<str>>, Option<Arc<str>>) {
        let winner = namespace.and_then(|namespace| self.winner(name, namespace, is_system));
        let former = match &winner {
            Some(project) => self.member_of.insert(name.clone(), project.clone()),
            None => self.member_of.remove(name),
        };
        if let Some(project) = former.as_ref().and_then(|former| self.by_name.get_mut(former)) {
            project.members.remove(name);
        }
        if let Some(project) = winner.as_ref().and_then(|winner| self.by_name.get_mut(winner)) {
            project.members.insert(name.clone());
        }
        (former, winner)
    }

    fn winner(&mut self, name: &Arc<str>, namespace: &Namespace, is_system: bool) -> Option<Arc<str>> {
        let by_name: Vec<Arc<str>> = self.naming(name).cloned().collect();
        let accepted: Vec<Arc<str>> = by_name
            .into_iter()
            .filter(|project| self.accept(project, name, &namespace.uid))
            .collect();
        let wide = self.wide.iter().filter(|project| {
            !is_system
                && self
                    .by_name
                    .get(*project)
                    .is_some_and(|project| project.selects(namespace))
        });
        self.oldest(accepted.iter().chain(wide))
            .map(|project| project.name.clone())
    }

    /// Whether a namespace that is stated by name is the one that was accepted; the first to come is.
    fn accept(&mut self, project: &str, namespace: &str, uid: &str) -> bool {
        let (key, uid) = (Accepted::key(project, namespace), fingerprint(&[uid]));
        let is_known = self.accepted.get(key).is_none_or(|known| known == uid);
        let is_accepted = is_known || self.recreated == Recreated::Accept;
        if is_accepted {
            self.accepted.insert(key, uid);
        }
        is_accepted
    }

    /// What became of a Project's claim on a namespace that it states by name.
    pub(super) fn claim(&self, project: &Project, name: &str, namespace: Option<&Namespace>) -> Claim {
        let Some(namespace) = namespace else {
            return Claim::Absent;
        };
        match self.member_of.get(name) {
            Some(owner) if *owner == project.name => return Claim::Member,
            Some(owner) => return Claim::Claimed(owner.clone()),
            None => {}
        }
        let known = self.accepted.get(Accepted::key(&project.name, name));
        if known.is_some_and(|known| known != fingerprint(&[&namespace.uid])) {
            Claim::Recreated
        } else {
            Claim::Absent
        }
    }

    /// Forgets what was accepted for Projects and names that are no more.
    pub(super) fn prune_accepted(&mut self) {
        let stated: BTreeSet<u64> = self
            .by_name
            .values()
            .flat_map(|project| {
                project
                    .named
                    .iter()
                    .map(|namespace| Accepted::key(&project.name, namespace))
            })
            .collect();
        self.accepted.retain(|key| stated.contains(&key));
    }
}

impl Project {
    /// Whether the selector or Rancher's annotation makes the namespace a member.
    fn selects(&self, namespace: &Namespace) -> bool {
        let by_labels = self
            .selector
            .as_ref()
            .is_some_and(|selector| select::selects(selector, &namespace.labels));
        by_labels || (self.rancher.is_some() && self.rancher == namespace.rancher_project)
    }
}
