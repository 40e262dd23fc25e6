//! Delivery by copy: the view of copies that shall stand and of those that stand without a reason.

use crate::CredentialId;
use crate::index::{Applies, Clash, Copy, Credential, Index, Outside, Placement};
use jiff::Timestamp;
use keyside_api::label;
use keyside_keychain::Secret;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the index says about one credential everywhere, or about one namespace.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Where a copy shall stand.
    pub cells: Vec<Cell>,
    /// Copies without a reason.
    pub stale: Vec<Stale>,
}

/// A credential in a namespace where it shall have a copy.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The credential.
    pub credential: CredentialId,
    /// The write that is due; `None` if the copy is as it shall be.
    pub write: Option<Write>,
}

/// A copy to create or to change. It has one shape: two labels, one or two annotations, one type, one value.
#[derive(Clone, Debug)]
pub struct Write {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The Secret's name.
    pub name: Arc<str>,
    /// The credential.
    pub credential: CredentialId,
    /// Our labels.
    pub labels: BTreeMap<String, String>,
    /// Our annotations.
    pub annotations: BTreeMap<String, String>,
    /// The document.
    pub document: Arc<Secret>,
    /// The copy that is changed in place; `None` creates one, and only if nothing has the name.
    pub existing: Option<Existing>,
}

/// The very object that a write or a delete means: if it is another by now, nothing happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Existing {
    /// Its uid.
    pub uid: Option<String>,
    /// Its version.
    pub resource_version: Option<String>,
}

/// A copy that stands without a reason.
#[derive(Clone, Debug)]
pub struct Stale {
    /// Since when, as far as known.
    pub since: Timestamp,
    /// How to remove it.
    pub delete: Delete,
}

/// A copy to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delete {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The Secret's name.
    pub name: Arc<str>,
    /// The object.
    pub existing: Existing,
}

impl From<&Copy> for Existing {
    fn from(copy: &Copy) -> Self {
        Self {
            uid: copy.uid(),
            resource_version: copy.resource_version(),
        }
    }
}

/// The view of one credential in all namespaces.
pub fn view_credential(index: &mut Index, id: &CredentialId, now: Timestamp) -> View {
    let Some(credential) = index.credential(id) else {
        return View::default();
    };
    let targets = index.targets(credential);
    let cells = targets
        .iter()
        .filter_map(|namespace| cell(index, credential, namespace))
        .collect();
    let standing = index.copies_of(credential).map(|(namespace, name, copy)| {
        let has_reason = has_reason(index, namespace, name, Some(credential));
        (namespace.clone(), name.clone(), *copy, has_reason)
    });
    let standing = standing.collect();
    View {
        cells,
        stale: stale(index, standing, now),
    }
}

/// The view of one namespace with all credentials.
pub fn view_namespace(index: &mut Index, namespace: &Arc<str>, now: Timestamp) -> View {
    let cells = index
        .credentials_in(namespace)
        .filter_map(|credential| cell(index, credential, namespace))
        .collect();
    let standing = index.copies_in(namespace).map(|(name, owner, copy)| {
        let has_reason = has_reason(index, namespace, name, owner);
        (namespace.clone(), name.clone(), *copy, has_reason)
    });
    let standing = standing.collect();
    View {
        cells,
        stale: stale(index, standing, now),
    }
}

/// Whether a write is still due. Asked again right before it is sent, because others may have done it meanwhile.
pub fn is_due(index: &Index, write: &Write) -> bool {
    let Some(credential) = index.credential(&write.credential) else {
        return false;
    };
    let Some(now) = cell(index, credential, &write.namespace).and_then(|cell| cell.write) else {
        return false;
    };
    now.name == write.name && now.annotations == write.annotations && now.existing == write.existing
}

/// The write that is due for a credential in a namespace now, planned anew.
pub fn due(index: &Index, id: &CredentialId, namespace: &Arc<str>) -> Option<Write> {
    index.applies(index.credential(id)?, namespace).ok()?;
    cell(index, index.credential(id)?, namespace)?.write
}

/// A credential in a namespace where it applies; `None` if no copy shall stand there, or none can be made now.
fn cell(index: &Index, credential: &Credential, namespace: &Arc<str>) -> Option<Cell> {
    if !index.wants_copy(credential, namespace) || !holds_its_home(index, credential) {
        return None;
    }
    let Placement::Copy { name, clash } = index.placement(credential, namespace) else {
        return None;
    };
    if clash == Some(Clash::Handover) {
        return None;
    }
    let content = credential.ready()?;
    let cell = |write| Cell {
        namespace: namespace.clone(),
        credential: credential.id.clone(),
        write,
    };
    if index.is_current(namespace, credential) {
        return Some(cell(None));
    }
    let images = index.own_images(namespace, credential);
    let mut annotations = BTreeMap::from([(
        label::SOURCE.to_owned(),
        index.wanted_annotation(namespace, credential)?,
    )]);
    if !images.is_empty() {
        let names: Vec<&str> = images.iter().map(keyside_keychain::Reference::lookup).collect();
        annotations.insert(label::IMAGES.to_owned(), names.join(","));
    }
    let labels = BTreeMap::from([
        (label::MANAGED_BY.to_owned(), label::MANAGED_BY_KEYSIDE.to_owned()),
        (label::CREDENTIAL.to_owned(), credential.label.to_string()),
    ]);
    Some(cell(Some(Write {
        namespace: namespace.clone(),
        existing: index.copy(namespace, &name).map(Existing::from),
        name,
        credential: credential.id.clone(),
        labels,
        annotations,
        document: content.document_for(&images).ok()?,
    })))
}

/// A credential of a Project counts only if the Project really holds its home namespace.
fn holds_its_home(index: &Index, credential: &Credential) -> bool {
    credential.applies != Applies::Project
        || credential
            .id
            .namespace
            .as_deref()
            .and_then(|home| index.project_at_home(home))
            .is_some_and(|project| index.holds_home(project))
}

/// Of copies that stand, those without a reason. A namespace that is going takes its copies with it, and one that keyside
/// was asked to leave alone keeps them.
fn stale(index: &mut Index, standing: Vec<(Arc<str>, Arc<str>, Copy, bool)>, now: Timestamp) -> Vec<Stale> {
    let mut stale = Vec::new();
    for (namespace, name, copy, has_reason) in standing {
        if has_reason || !copy.may_be_removed() {
            index.is_wanted_again(&namespace, &name);
        } else if index
            .namespace(&namespace)
            .is_some_and(|namespace| !namespace.terminating && !namespace.ignored)
        {
            let since = index.unwanted_since(&namespace, &name, now);
            stale.push(Stale {
                since,
                delete: Delete {
                    existing: Existing::from(&copy),
                    namespace,
                    name,
                },
            });
        }
    }
    stale
}

/// Whether a copy of this name shall stand in a namespace, or has to stay until another one does.
fn has_reason(index: &Index, namespace: &str, name: &str, owner: Option<&Credential>) -> bool {
    let wanted_by = |credential: &Credential| {
        index.applies(credential, namespace).is_ok()
            && index.wants_copy(credential, namespace)
            && holds_its_home(index, credential)
    };
    let placed_here = |credential: &Credential| match index.placement(credential, namespace) {
        Placement::Copy { name: placed, .. } => *placed == *name,
        _ => false,
    };
    // Nearly always it is the owner's copy where it belongs, and nobody else has to be asked.
    if owner.is_some_and(|owner| wanted_by(owner) && placed_here(owner)) {
        return true;
    }
    let mut others = index.credentials_in(namespace);
    if others.any(|credential| wanted_by(credential) && placed_here(credential)) {
        return true;
    }
    // The owner's copy now has another name: this one stays until that one stands.
    owner.is_some_and(|owner| wanted_by(owner) && !index.is_current(namespace, owner))
}

/// Where the copies of a credential could not have its name: namespace, the other name, and why.
pub fn clashes(index: &Index, credential: &Credential) -> Vec<(Arc<str>, Arc<str>, Clash)> {
    let targets = index
        .targets(credential)
        .into_iter()
        .filter(|namespace| index.wants_copy(credential, namespace));
    targets
        .filter_map(|namespace| match index.placement(credential, &namespace) {
            Placement::Copy {
                name,
                clash: Some(clash),
            } if !matches!(clash, Clash::Source | Clash::Handover) => Some((namespace, name, clash)),
            _ => None,
        })
        .collect()
}

/// Why a credential gets nothing in its own scope at all, if so.
pub fn outside_scope(index: &Index, credential: &Credential) -> Option<Outside> {
    (!holds_its_home(index, credential)).then_some(Outside::NotProjectHome)
}
