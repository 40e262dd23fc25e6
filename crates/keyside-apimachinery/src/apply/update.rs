//! How ownership moves: the two operations on an object and its owners.

use super::compare::{Comparison, compare};
use super::managers::{Id, Operation, Owner, Owners};
use super::set::{Node, Set};
use super::step::Step;
use super::typed::Type;
use super::{ApplyError, Conflict, Writer, fields, merge};
use serde_json::Value;

/// Fields that are never owned.
const NEVER_OWNED: [&str; 9] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// Records an update: what differs between the objects now belongs to the writer alone.
///
/// # Errors
/// Objects that cannot be compared.
pub(super) fn update(
    ty: Type<'_>,
    live: &Value,
    new: &Value,
    owners: &mut Owners,
    writer: &Writer<'_>,
) -> Result<(), String> {
    reconcile(ty, owners);
    let changes = compare(ty, live, new)?.without(&Set::of_fields(writer.ignored));
    release(owners, &changes, None);
    let taken = owned(&changes.modified.union(&changes.added));
    if !taken.is_empty() {
        let id = Id::new(
            writer.manager,
            Operation::Update,
            writer.api_version,
            writer.subresource,
        );
        let before = owners.get(&id).map(|owner| owner.set.clone()).unwrap_or_default();
        owners.put(Owner {
            id,
            api_version: writer.api_version.to_owned(),
            time: Some(writer.now.to_owned()),
            set: before.union(&taken),
        });
    }
    owners.cap();
    Ok(())
}

/// Applies a configuration: answers with the merged object, or nothing if nothing changes.
///
/// # Errors
/// Conflicts with other owners, or a configuration that cannot be merged.
pub(super) fn apply(
    ty: Type<'_>,
    live: &Value,
    applied: &Value,
    owners: &mut Owners,
    writer: &Writer<'_>,
    force: bool,
) -> Result<Option<Value>, ApplyError> {
    reconcile(ty, owners);
    let merged = merge::merge(ty, Some(live), Some(applied))
        .map_err(|error| ApplyError::Unmergeable(format!("failed to merge config: {error}")))?
        .unwrap_or_default();
    let ignored = Set::of_fields(writer.ignored);
    let id = Id::new(
        writer.manager,
        Operation::Apply,
        writer.api_version,
        writer.subresource,
    );
    let last = owners.get(&id).cloned();
    owners.put(Owner {
        id: id.clone(),
        api_version: writer.api_version.to_owned(),
        time: last.as_ref().and_then(|last| last.time.clone()),
        set: fields::of(ty, applied).without(&ignored),
    });
    let pruned = match last {
        Some(last) if !last.set.is_empty() => prune(ty, &merged, owners, &last.set),
        _ => merged,
    };
    let changes = compare(ty, live, &pruned)
        .map_err(|error| ApplyError::Unmergeable(format!("failed to compare objects: {error}")))?
        .without(&ignored);
    let conflicts = conflicts(owners, &changes, &id);
    if !force && !conflicts.is_empty() {
        return Err(ApplyError::Conflicts(conflicts));
    }
    release(owners, &changes, Some(&id));
    let changed = pruned != *live;
    for owner in owners.iter_mut().filter(|owner| owner.id == id) {
        owner.set = owned(&owner.set);
        if changed {
            owner.time = Some(writer.now.to_owned());
        }
    }
    owners.drop_empty();
    Ok(changed.then_some(pruned))
}

/// Brings the sets to the form the type gives them today.
fn reconcile(ty: Type<'_>, owners: &mut Owners) {
    for owner in owners.iter_mut() {
        owner.set = fields::reconcile(ty, &owner.set);
    }
}

/// Takes from all owners but one what has changed.
fn release(owners: &mut Owners, changes: &Comparison, but: Option<&Id>) {
    let taken = changes.modified.union(&changes.added).union(&changes.removed);
    for owner in owners.iter_mut().filter(|owner| Some(&owner.id) != but) {
        owner.set = owner.set.difference(&taken);
    }
    owners.drop_empty();
}

fn conflicts(owners: &Owners, changes: &Comparison, but: &Id) -> Vec<Conflict> {
    let taken = changes.modified.union(&changes.added);
    let mut others: Vec<&Owner> = owners.iter().filter(|owner| owner.id != *but).collect();
    others.sort_by_key(|owner| owner.id.rank());
    let of = |owner: &Owner| {
        let manager = owner.id.phrase();
        let paths = owner.set.intersection(&taken).paths().into_iter();
        paths
            .map(move |field| Conflict {
                manager: manager.clone(),
                field,
            })
            .collect::<Vec<_>>()
    };
    others.into_iter().flat_map(of).collect()
}

/// Removes what was applied before, is applied no longer and belongs to nobody else.
fn prune(ty: Type<'_>, merged: &Value, owners: &Owners, last: &Set) -> Value {
    let whole = |set: &Set| fields::with_parents(ty, set);
    let last = whole(last);
    let fields_of = |value: &Value| whole(&fields::of(ty, value));
    let everything = fields_of(merged);
    let pruned = fields::remove(ty, merged, &last);
    // What somebody owns comes back …
    let owned = owners
        .iter()
        .fold(Set::default(), |all, owner| all.union(&owner.set));
    let kept = fields_of(&pruned).union(&whole(&owned));
    let pruned = fields::remove(ty, merged, &everything.difference(&kept));
    // … and so does what nobody applied before.
    let gone = everything.difference(&fields_of(&pruned)).intersection(&last);
    fields::remove(ty, merged, &gone)
}

/// The set without what is never owned.
fn owned(set: &Set) -> Set {
    let mut metadata = Set::default();
    for name in NEVER_OWNED {
        metadata.insert(Step::Field(name.into()), Node::leaf());
    }
    let mut never = Set::of_fields(&["apiVersion", "kind"]);
    never.insert(
        Step::Field("metadata".into()),
        Node {
            member: true,
            children: metadata,
        },
    );
    set.difference(&never)
}
