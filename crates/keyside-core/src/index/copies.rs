//! The copies that stand: who they belong to, and whether they are as keyside wrote them. Never their content.
//!
//! There may be very many, so each takes some 70 bytes: texts that repeat are kept once, and marks are compared by
//! fingerprint.

use crate::names::fingerprint;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use keyside_api::{FIELD_MANAGER, label};
use keyside_keychain::Form;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// A copy as it stands in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    owner: u32,
    name: u32,
    uid: u128,
    resource_version: u64,
    /// Stands for the annotation `keyside.dev/source`.
    mark: u64,
    /// Stands for the credential's uid in that annotation.
    owner_uid: u64,
    /// Whether keyside itself has written it.
    is_written_by_us: bool,
    /// Whether content and labels are the ones keyside wrote.
    is_intact: bool,
}

impl Copy {
    /// The Secret's uid, as a precondition; `None` if the API server's uids are of another form.
    pub fn uid(&self) -> Option<String> {
        (self.uid != 0).then(|| {
            let hex = format!("{:032x}", self.uid);
            [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
        })
    }

    /// The Secret's resource version, as a precondition; `None` if it is no number.
    pub fn resource_version(&self) -> Option<String> {
        (self.resource_version != 0).then(|| self.resource_version.to_string())
    }

    /// Whether it is just as keyside would write it now.
    pub fn is(&self, mark: u64) -> bool {
        self.is_intact && self.mark == mark
    }

    /// Whether it is keyside's to change: keyside wrote it, or somebody handed it over by naming this very credential.
    /// A label alone proves nothing: whoever copies a Secret copies its labels.
    pub(super) fn is_ours(&self, owner_uid: Option<&str>) -> bool {
        self.is_written_by_us || owner_uid.is_some_and(|uid| fingerprint(&[uid]) == self.owner_uid)
    }

    /// Whether keyside may remove it: only what it wrote itself.
    pub fn may_be_removed(&self) -> bool {
        self.is_written_by_us
    }
}

/// The mark of a copy: what stands for its annotation.
pub(crate) fn mark(source_annotation: &str) -> u64 {
    fingerprint(&[source_annotation])
}

/// How many copies that were removed are remembered. An answer comes soon after a write, so the last ones do.
const REMEMBERED: usize = 4096;

/// All copies, by namespace.
#[derive(Debug, Default)]
pub(super) struct Copies {
    texts: Texts,
    by_namespace: HashMap<Arc<str>, Vec<Copy>>,
    /// The uids of the copies that were removed last.
    removed: VecDeque<u128>,
}

/// Texts that repeat, by number.
#[derive(Debug, Default)]
struct Texts {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).expect("fewer than four billion names");
        let text: Arc<str> = text.into();
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }

    fn known(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    fn text(&self, number: u32) -> &Arc<str> {
        &self.texts[number as usize]
    }
}

impl Copies {
    /// Takes note of a Secret with our label. An older state of the same object is ignored. Returns whether anything that
    /// matters changed.
    pub(super) fn observe(&mut self, namespace: &Arc<str>, meta: &ObjectMeta) -> bool {
        let (Some(name), Some(owner)) = (&meta.name, owner(meta)) else {
            return false;
        };
        let source = meta
            .annotations
            .as_ref()
            .and_then(|map| map.get(label::SOURCE))
            .map_or("", String::as_str);
        let (is_written_by_us, is_intact) = standing(meta);
        let copy = Copy {
            owner: self.texts.number(owner),
            name: self.texts.number(name),
            uid: parse_uid(meta.uid.as_deref().unwrap_or_default()),
            resource_version: super::credentials::resource_version(meta),
            mark: mark(source),
            owner_uid: fingerprint(&[source.split('/').next().unwrap_or_default()]),
            is_written_by_us,
            is_intact,
        };
        let copies = self.by_namespace.entry(namespace.clone()).or_default();
        match copies.iter_mut().find(|known| known.name == copy.name) {
            Some(known) if known.uid == copy.uid && known.resource_version > copy.resource_version => false,
            Some(known) => {
                let changed = Copy {
                    resource_version: copy.resource_version,
                    ..*known
                } != copy;
                *known = copy;
                changed
            }
            None => {
                // Most namespaces hold one or two: doubling the room would waste more than it saves.
                copies.reserve_exact(1);
                copies.push(copy);
                true
            }
        }
    }

    /// Takes note that a copy is gone: this object, or whatever has the name if the uid is not known.
    pub(super) fn remove(&mut self, namespace: &str, name: &str, uid: Option<&str>) -> bool {
        let (Some(copies), Some(name)) = (self.by_namespace.get_mut(namespace), self.texts.known(name))
        else {
            return false;
        };
        let uid = uid.map(parse_uid);
        let goes = |copy: &Copy| copy.name == name && uid.is_none_or(|uid| uid == copy.uid);
        let Some(at) = copies.iter().position(goes) else {
            return false;
        };
        let copy = copies.remove(at);
        if copies.is_empty() {
            self.by_namespace.remove(namespace);
        }
        self.removed.truncate(REMEMBERED - 1);
        self.removed.push_front(copy.uid);
        true
    }

    /// Whether this very copy was removed a moment ago.
    pub(super) fn was_removed(&self, meta: &ObjectMeta) -> bool {
        let uid = parse_uid(meta.uid.as_deref().unwrap_or_default());
        uid != 0 && self.removed.contains(&uid)
    }

    pub(super) fn remove_namespace(&mut self, namespace: &str) {
        self.by_namespace.remove(namespace);
    }

    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<&Copy> {
        let name = self.texts.known(name)?;
        self.by_namespace
            .get(namespace)?
            .iter()
            .find(|copy| copy.name == name)
    }

    /// The copies in a namespace.
    pub(super) fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = &Copy> {
        self.by_namespace.get(namespace).into_iter().flatten()
    }

    /// The namespaces with a copy that has this label, and the copies.
    pub(super) fn of_owner(&self, owner: &str) -> impl Iterator<Item = (&Arc<str>, &Copy)> {
        let owner = self.texts.known(owner);
        let all = self
            .by_namespace
            .iter()
            .flat_map(|(namespace, copies)| copies.iter().map(move |copy| (namespace, copy)));
        all.filter(move |(_, copy)| Some(copy.owner) == owner)
    }

    pub(super) fn name(&self, copy: &Copy) -> &Arc<str> {
        self.texts.text(copy.name)
    }

    pub(super) fn owner(&self, copy: &Copy) -> &Arc<str> {
        self.texts.text(copy.owner)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.by_namespace
            .iter()
            .flat_map(|(namespace, copies)| copies.iter().map(move |copy| (namespace, copy)))
            .map(|(namespace, copy)| (namespace, self.name(copy)))
    }

    pub(super) fn len(&self) -> usize {
        self.by_namespace.values().map(Vec::len).sum()
    }
}

/// The label that says whose copy it is.
pub(super) fn owner(meta: &ObjectMeta) -> Option<&String> {
    meta.labels
        .as_ref()
        .and_then(|labels| labels.get(label::CREDENTIAL))
}

/// Whether keyside may remove a Secret with its label: only what it wrote itself.
pub fn may_be_removed(meta: &ObjectMeta) -> bool {
    standing(meta).0
}

/// Whether keyside has written it, and whether nobody has changed that since. The API server knows both: it notes who wrote
/// which field, and whoever changes a field takes it over. So the content need not be read to see that it was edited.
fn standing(meta: &ObjectMeta) -> (bool, bool) {
    let managed = meta
        .labels
        .as_ref()
        .and_then(|labels| labels.get(label::MANAGED_BY));
    let is_labelled = managed.is_some_and(|value| value == label::MANAGED_BY_KEYSIDE);
    let Some(entries) = &meta.managed_fields else {
        return (is_labelled, is_labelled);
    };
    let mut ours = entries
        .iter()
        .filter(|entry| entry.manager.as_deref() == Some(FIELD_MANAGER))
        .peekable();
    let is_written_by_us = ours.peek().is_some();
    (is_written_by_us, is_labelled && ours.any(owns_content))
}

fn owns_content(entry: &ManagedFieldsEntry) -> bool {
    let field = format!("f:{}", Form::ConfigJson.data_key());
    entry
        .fields_v1
        .as_ref()
        .is_some_and(|fields| fields.0["f:data"].get(&field).is_some())
}

/// A uid as a number; 0 if it has another form.
fn parse_uid(uid: &str) -> u128 {
    let digits: String = uid.chars().filter(|c| *c != '-').collect();
    if digits.len() == 32 {
        u128::from_str_radix(&digits, 16).unwrap_or_default()
    } else {
        0
    }
}
