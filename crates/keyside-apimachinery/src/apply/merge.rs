//! Merging two values of a type: what the right one says counts, lists of elements keep an order that both agree to.

use super::step::Step;
use super::typed::{self, Atom, Fields, List, Type};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Merges `right` into `left`; nothing if both leave nothing behind.
///
/// # Errors
/// List elements on the right that cannot be told apart.
pub(super) fn merge(
    ty: Type<'_>,
    left: Option<&Value>,
    right: Option<&Value>,
) -> Result<Option<Value>, String> {
    let atom = if right.is_some() {
        ty.atom(right)
    } else {
        ty.atom(left)
    };
    match atom {
        Atom::Scalar(_) => Ok(last(left, right)),
        Atom::List(list) => elements(list, left, right),
        Atom::Map(map) => fields(map, left, right),
    }
}

fn last(left: Option<&Value>, right: Option<&Value>) -> Option<Value> {
    right.or(left).cloned()
}

fn fields(map: Fields<'_>, left: Option<&Value>, right: Option<&Value>) -> Result<Option<Value>, String> {
    let (old, new) = (left.and_then(Value::as_object), right.and_then(Value::as_object));
    let empty = |fields: Option<&Map<String, Value>>| fields.is_none_or(Map::is_empty);
    if map.is_atomic() || (empty(old) && empty(new)) {
        return Ok(last(left, right));
    }
    let mut merged = Map::new();
    let added = new
        .into_iter()
        .flatten()
        .filter(|(key, _)| old.is_none_or(|old| !old.contains_key(*key)));
    for (key, _) in old.into_iter().flatten().chain(added) {
        let ty = map.field(key).unwrap_or(Type::Deduced);
        let (old, new) = (old.and_then(|f| f.get(key)), new.and_then(|f| f.get(key)));
        if let Some(value) = merge(ty, old, new)? {
            merged.insert(key.clone(), value);
        }
    }
    Ok((!merged.is_empty()).then(|| merged.into()))
}

fn elements(list: List<'_>, left: Option<&Value>, right: Option<&Value>) -> Result<Option<Value>, String> {
    let (old, new) = (typed::elements(left), typed::elements(right));
    if list.is_atomic() || (old.is_empty() && new.is_empty()) {
        return Ok(last(left, right));
    }
    let (old, new) = (Indexed::read(list, old)?, Indexed::read(list, new)?);
    if let Some(step) = new.repeated() {
        return Err(format!("duplicate entries for key {step}"));
    }
    let mut merged = Vec::new();
    for (i, step) in order(&old, &new) {
        // Elements that cannot be told apart on the left meet nothing on the right.
        let (old, new) = match i {
            Some(i) => (Some(old.elements[i].1), None),
            None => (old.only(&step), new.only(&step)),
        };
        merged.extend(merge(list.items, old, new)?);
    }
    Ok((!merged.is_empty()).then(|| merged.into()))
}

/// Elements of a list with their steps.
struct Indexed<'a> {
    elements: Vec<(Step, &'a Value)>,
    /// Where the elements at a step are.
    places: BTreeMap<Step, Vec<usize>>,
}

impl<'a> Indexed<'a> {
    fn read(list: List<'_>, elements: &'a [Value]) -> Result<Self, String> {
        let mut indexed = Self {
            elements: Vec::new(),
            places: BTreeMap::new(),
        };
        for (i, element) in elements.iter().enumerate() {
            let step = list
                .step(element)
                .map_err(|message| format!("element {i}: {message}"))?;
            indexed.places.entry(step.clone()).or_default().push(i);
            indexed.elements.push((step, element));
        }
        Ok(indexed)
    }

    fn has(&self, step: &Step) -> bool {
        self.places.contains_key(step)
    }

    /// The one element at a step; null if there are several.
    fn only(&self, step: &Step) -> Option<&'a Value> {
        match self.places.get(step)?.as_slice() {
            [one] => Some(self.elements[*one].1),
            _ => Some(&Value::Null),
        }
    }

    fn repeated(&self) -> Option<&Step> {
        self.places
            .iter()
            .find(|(_, places)| places.len() > 1)
            .map(|(step, _)| step)
    }
}

/// The order of the merged elements: left and right are walked side by side; elements of both stand where the right
/// list has them, elements of one stand after what they followed. With a position: the element of the left list there.
fn order(old: &Indexed<'_>, new: &Indexed<'_>) -> Vec<(Option<usize>, Step)> {
    let mut shared = new
        .elements
        .iter()
        .map(|(step, _)| step)
        .filter(|step| old.has(step));
    let mut next_shared = shared.next();
    let mut merged: Vec<(Option<usize>, Step)> = Vec::new();
    let mut met = BTreeSet::new();
    let (mut l, mut r) = (0, 0);
    while l < old.elements.len() || r < new.elements.len() {
        let left = old.elements.get(l).map(|(step, _)| step);
        let right = new.elements.get(r).map(|(step, _)| step);
        if let (Some(left), Some(right)) = (left, right) {
            if left == right {
                met.insert(right);
                merged.push((None, right.clone()));
                (l, r) = (l + 1, r + 1);
                next_shared = shared.next();
                continue;
            }
            if new.has(left) && next_shared.is_some_and(|next| next != left) {
                // Shared, but not the one that comes next.
                l += 1;
                continue;
            }
        }
        if let Some(left) = left {
            if !new.has(left) {
                merged.push((Some(l), left.clone()));
                l += 1;
                continue;
            }
            if met.contains(left) {
                l += 1;
            }
        }
        if let Some(right) = right {
            met.insert(right);
            merged.push((None, right.clone()));
            r += 1;
            if next_shared == Some(right) {
                next_shared = shared.next();
            }
        }
    }
    merged
}
