//! Roles and bindings, parsed and found by subject.

use super::rule::Rule;
use crate::auth::UserInfo;
use crate::auth::token::username;
use crate::store::{Event, Follow, Range, Store};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

const GROUP: &str = "rbac.authorization.k8s.io";
const COLLECTIONS: [&str; 4] = ["clusterroles", "roles", "clusterrolebindings", "rolebindings"];

/// Everything roles and bindings say.
#[derive(Default)]
pub(super) struct Index {
    /// By path in the store: `/name` or `namespace/name`.
    roles: HashMap<Arc<str>, Arc<Vec<Rule>>>,
    bindings: BTreeMap<Arc<str>, Arc<Vec<Binding>>>,
    by_subject: HashMap<Subject, Vec<Arc<Binding>>>,
    follows: Vec<Follow>,
    /// The store's revision up to which everything is in.
    seen: u64,
}

/// One subject of one binding.
#[derive(Debug, Clone)]
struct Binding {
    subject: Subject,
    /// The subject as an explanation names it.
    subject_text: String,
    name: String,
    /// Empty for bindings of the whole cluster.
    namespace: String,
    role_kind: String,
    role_name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Subject {
    User(String),
    Group(String),
}

/// What a binding gives a user: rules, or the sentence why it gives none.
pub(super) struct Grant {
    binding: Arc<Binding>,
    pub(super) rules: Result<Arc<Vec<Rule>>, String>,
}

impl Grant {
    /// The binding in an explanation: `ClusterRoleBinding "a" of ClusterRole "b" to Group "c"`.
    pub(super) fn describe(&self) -> String {
        let Binding {
            name,
            namespace,
            role_kind,
            role_name,
            subject_text,
            ..
        } = &*self.binding;
        let binding = if namespace.is_empty() {
            format!("ClusterRoleBinding {name:?}")
        } else {
            format!("RoleBinding {:?}", format!("{name}/{namespace}"))
        };
        format!("{binding} of {role_kind} {role_name:?} to {subject_text}")
    }
}

impl Index {
    pub(super) fn is_current(&self, store: &Store) -> bool {
        !self.follows.is_empty() && self.seen == store.revision()
    }

    /// Takes in what has changed; starts over if history has been forgotten.
    pub(super) fn refresh(&mut self, store: &Store) {
        let revision = store.revision();
        if self.follows.is_empty() || self.catch_up().is_none() {
            self.reload(store);
        }
        self.seen = revision;
        self.arrange();
    }

    fn reload(&mut self, store: &Store) {
        *self = Self::default();
        for resource in COLLECTIONS {
            let range = Range::new(GROUP, resource, None);
            let page = store.list(&range);
            for (path, entry) in &page.entries {
                self.take(resource, path, Some(&entry.object()));
            }
            // The list was made a moment ago, so history after it is certainly there; if not, the next question tries.
            self.follows.extend(store.follow(range, page.revision));
        }
        if self.follows.len() != COLLECTIONS.len() {
            self.follows.clear();
        }
    }

    fn catch_up(&mut self) -> Option<()> {
        let mut changes: Vec<(usize, Arc<Event>)> = Vec::new();
        for (i, follow) in self.follows.iter_mut().enumerate() {
            loop {
                let events = follow.ready().ok()?;
                if events.is_empty() {
                    break;
                }
                changes.extend(events.into_iter().map(|event| (i, event)));
            }
        }
        for (i, event) in changes {
            let object = (!event.deleted).then(|| serde_json::from_slice(&event.value).unwrap_or_default());
            self.take(COLLECTIONS[i], &event.path, object.as_ref());
        }
        Some(())
    }

    fn take(&mut self, resource: &str, path: &Arc<str>, object: Option<&Value>) {
        if resource.ends_with("roles") {
            match object {
                Some(role) => drop(
                    self.roles
                        .insert(Arc::clone(path), Arc::new(Rule::read_all(role))),
                ),
                None => drop(self.roles.remove(path)),
            }
        } else {
            match object {
                Some(binding) => drop(
                    self.bindings
                        .insert(Arc::clone(path), Arc::new(read(path, binding))),
                ),
                None => drop(self.bindings.remove(path)),
            }
        }
    }

    fn arrange(&mut self) {
        self.by_subject.clear();
        for binding in self.bindings.values().flat_map(|list| list.iter()) {
            self.by_subject
                .entry(binding.subject.clone())
                .or_default()
                .push(Arc::new(binding.clone()));
        }
    }

    /// What bindings give a user: those of the cluster first, then those of the namespace.
    pub(super) fn grants(&self, user: &UserInfo, namespace: &str) -> Vec<Grant> {
        let subjects = std::iter::once(Subject::User(user.username.clone()))
            .chain(user.groups.iter().map(|group| Subject::Group(group.clone())));
        let found: Vec<&Arc<Binding>> = subjects
            .filter_map(|s| self.by_subject.get(&s))
            .flatten()
            .collect();
        let here = |namespace: &str| {
            let bindings = found.iter().filter(|binding| binding.namespace == namespace);
            bindings.map(|binding| self.grant(binding)).collect::<Vec<_>>()
        };
        let mut grants = here("");
        if !namespace.is_empty() {
            grants.extend(here(namespace));
        }
        grants
    }

    fn grant(&self, binding: &Arc<Binding>) -> Grant {
        let rules = self.role(&binding.role_kind, &binding.role_name, &binding.namespace);
        Grant {
            binding: Arc::clone(binding),
            rules,
        }
    }

    pub(super) fn role(&self, kind: &str, name: &str, namespace: &str) -> Result<Arc<Vec<Rule>>, String> {
        let path = match kind {
            "ClusterRole" => format!("/{name}"),
            "Role" => format!("{namespace}/{name}"),
            other => return Err(format!("unsupported role reference kind: {other:?}")),
        };
        let found = self.roles.get(path.as_str()).map(Arc::clone);
        found.ok_or_else(|| format!("{}.{GROUP} {name:?} not found", kind.to_lowercase()))
    }
}

fn read(path: &str, object: &Value) -> Vec<Binding> {
    let (namespace, name) = path.split_once('/').unwrap_or(("", path));
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let subjects = object["subjects"].as_array().into_iter().flatten();
    let binding = |subject: &Value| {
        let subject_name = text(subject, "name");
        let (found, subject_text) = match subject["kind"].as_str()? {
            "User" => (
                Subject::User(subject_name.clone()),
                format!("User {subject_name:?}"),
            ),
            "Group" => (
                Subject::Group(subject_name.clone()),
                format!("Group {subject_name:?}"),
            ),
            "ServiceAccount" => {
                let own = text(subject, "namespace");
                let own = if own.is_empty() { namespace.to_owned() } else { own };
                if own.is_empty() {
                    return None;
                }
                let shown = format!("ServiceAccount {:?}", format!("{subject_name}/{own}"));
                (Subject::User(username(&own, &subject_name)), shown)
            }
            _ => return None,
        };
        Some(Binding {
            subject: found,
            subject_text,
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            role_kind: text(&object["roleRef"], "kind"),
            role_name: text(&object["roleRef"], "name"),
        })
    };
    subjects.filter_map(binding).collect()
}
