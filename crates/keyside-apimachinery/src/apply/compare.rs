//! What differs between two values of a type.

use super::set::{Node, Set};
use super::step::Step;
use super::typed::{self, Atom, Fields, List, Type};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The fields that differ.
#[derive(Debug, Clone, Default)]
pub(super) struct Comparison {
    /// Only in the old value.
    pub(super) removed: Set,
    /// In both, with different values.
    pub(super) modified: Set,
    /// Only in the new value.
    pub(super) added: Set,
}

/// Compares two whole objects.
///
/// # Errors
/// List elements that cannot be told apart, or values that fit no type.
pub(super) fn compare(ty: Type<'_>, old: &Value, new: &Value) -> Result<Comparison, String> {
    let found = values(ty, Some(old), Some(new))?;
    Ok(Comparison {
        removed: found.removed.children,
        modified: found.modified.children,
        added: found.added.children,
    })
}

impl Comparison {
    /// The same without some fields and all inside them.
    pub(super) fn without(&self, ignored: &Set) -> Self {
        Self {
            removed: self.removed.without(ignored),
            modified: self.modified.without(ignored),
            added: self.added.without(ignored),
        }
    }
}

/// What differs at one place and below it.
#[derive(Default)]
struct Found {
    removed: Node,
    modified: Node,
    added: Node,
    /// The value counts as one thing.
    leaf: bool,
}

impl Found {
    fn below(&mut self, step: &Step, found: Self) {
        self.removed.children.insert(step.clone(), found.removed);
        self.modified.children.insert(step.clone(), found.modified);
        self.added.children.insert(step.clone(), found.added);
    }
}

fn values(ty: Type<'_>, old: Option<&Value>, new: Option<&Value>) -> Result<Found, String> {
    let (left, right) = (ty.atom(old), ty.atom(new));
    let mut found = Found::default();
    if new.is_none() {
        at(&mut found, left, old, new)?;
    } else if old.is_none() || left.same_kind(&right) {
        at(&mut found, right, old, new)?;
    } else {
        at(&mut found, left, old, new)?;
        found.leaf = false;
        at(&mut found, right, old, new)?;
    }
    if !found.leaf {
        found.added.member |= old.is_none();
        found.removed.member |= new.is_none();
    }
    Ok(found)
}

fn at(found: &mut Found, atom: Atom<'_>, old: Option<&Value>, new: Option<&Value>) -> Result<(), String> {
    match atom {
        Atom::Scalar(plain) => {
            let wrong = |value: Option<&Value>| value.and_then(|value| plain.mismatch(value));
            if let (Some(old), Some(_)) = (wrong(old), wrong(new)) {
                return Err(old);
            }
            whole(found, old, new);
        }
        Atom::List(list) => elements(found, list, old, new)?,
        Atom::Map(map) => fields(found, map, old, new)?,
    }
    Ok(())
}

/// Compares as one thing.
fn whole(found: &mut Found, old: Option<&Value>, new: Option<&Value>) {
    found.leaf = true;
    match (old, new) {
        (None, _) => found.added.member = true,
        (_, None) => found.removed.member = true,
        (Some(old), Some(new)) => found.modified.member |= old != new,
    }
}

fn fields(
    found: &mut Found,
    map: Fields<'_>,
    left: Option<&Value>,
    right: Option<&Value>,
) -> Result<(), String> {
    let (old, new) = (left.and_then(Value::as_object), right.and_then(Value::as_object));
    let empty = |fields: Option<&Map<String, Value>>| fields.is_none_or(Map::is_empty);
    if map.is_atomic() || (empty(old) && empty(new)) {
        whole(found, left, right);
        return Ok(());
    }
    let keys = old
        .into_iter()
        .flatten()
        .chain(new.into_iter().flatten())
        .map(|(key, _)| key);
    let mut seen = BTreeSet::new();
    for key in keys.filter(|key| seen.insert(*key)) {
        let ty = map.field(key).unwrap_or(Type::Deduced);
        let inside = values(ty, old.and_then(|f| f.get(key)), new.and_then(|f| f.get(key)))?;
        found.below(&Step::Field(key.clone()), inside);
    }
    Ok(())
}

fn elements(
    found: &mut Found,
    list: List<'_>,
    left: Option<&Value>,
    right: Option<&Value>,
) -> Result<(), String> {
    let (old, new) = (typed::elements(left), typed::elements(right));
    if list.is_atomic() || (old.is_empty() && new.is_empty()) {
        whole(found, left, right);
        return Ok(());
    }
    let mut steps: BTreeMap<Step, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
    let step = |(i, element): (usize, &Value)| {
        list.step(element)
            .map_err(|message| format!("element {i}: {message}"))
    };
    for element in old.iter().enumerate() {
        steps.entry(step(element)?).or_default().0.push(element.1);
    }
    for element in new.iter().enumerate() {
        steps.entry(step(element)?).or_default().1.push(element.1);
    }
    for (step, (old, new)) in steps {
        let inside = repeated(list, &old, &new)?;
        found.below(&step, inside);
    }
    Ok(())
}

/// Compares the elements at one step. Several that cannot be told apart count as one thing.
fn repeated(list: List<'_>, old: &[&Value], new: &[&Value]) -> Result<Found, String> {
    let mut found = Found::default();
    match (old, new) {
        ([] | [_], [] | [_]) => return values(list.items, old.first().copied(), new.first().copied()),
        ([_, _, ..], [_, _, ..]) => found.modified.member = old != new,
        ([_, _, ..], _) => {
            if let Some(new) = new.first() {
                found = values(list.items, None, Some(new))?;
            }
            found.removed.member = true;
        }
        (_, _) => {
            if let Some(old) = old.first() {
                found = values(list.items, Some(old), None)?;
            }
            found.added.member = true;
        }
    }
    Ok(found)
}
