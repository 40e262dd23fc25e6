//! Merging two values of a type: what the right one says counts, lists of elements keep an order that both agree to.

use super::step::Step;
use super::typed::{Atom, Fields, List, Type};
use serde_json::{Map, Value};

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
    let value = |fields: Option<&'_ Map<String, Value>>, key: &str| fields.and_then(|f| f.get(key)).cloned();
    let added = new
        .into_iter()
        .flatten()
        .filter(|(key, _)| value(old, key).is_none());
    for (key, _) in old.into_iter().flatten().chain(added) {
        let ty = map.field(key).unwrap_or(Type::Deduced);
        let (old, new) = (value(old, key), value(new, key));
        if let Some(value) = merge(ty, old.as_ref(), new.as_ref())? {
            merged.insert(key.clone(), value);
        }
    }
    Ok((!merged.is_empty()).then(|| merged.into()))
}

fn elements(list: List<'_>, left: Option<&Value>, right: Option<&Value>) -> Result<Option<Value>, String> {
    let slice = |value: Option<&'_ Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let (old, new) = (slice(left), slice(right));
    if list.is_atomic() || (old.is_empty() && new.is_empty()) {
        return Ok(last(left, right));
    }
    let (old, new) = (Indexed::read(list, &old)?, Indexed::read(list, &new)?);
    if let Some(step) = new.repeated() {
        return Err(format!("duplicate entries for key {step}"));
    }
    let mut merged = Vec::new();
    for (i, step) in order(&old, &new) {
        // Elements that cannot be told apart on the left meet nothing on the right.
        let (old, new) = match i {
            Some(i) => (Some(&old.elements[i].1), None),
            None => (old.only(&step), new.only(&step)),
        };
        merged.extend(merge(list.items, old, new)?);
    }
    Ok((!merged.is_empty()).then(|| merged.into()))
}

/// Elements of a list with their steps.
struct Indexed {
    elements: Vec<(Step, Value)>,
}

impl Indexed {
    fn read(list: List<'_>, elements: &[Value]) -> Result<Self, String> {
        let read = |(i, element): (usize, &Value)| {
            let step = list
                .step(element)
                .map_err(|message| format!("element {i}: {message}"))?;
            Ok((step, element.clone()))
        };
        Ok(Self {
            elements: elements
                .iter()
                .enumerate()
                .map(read)
                .collect::<Result<_, String>>()?,
        })
    }

    fn has(&self, step: &Step) -> bool {
        self.elements.iter().any(|(other, _)| other == step)
    }

    /// The one element at a step; null if there are several.
    fn only(&self, step: &Step) -> Option<&Value> {
        let mut found = self
            .elements
            .iter()
            .filter(|(other, _)| other == step)
            .map(|(_, element)| element);
        let first = found.next();
        if found.next().is_some() {
            Some(&Value::Null)
        } else {
            first
        }
    }

    fn repeated(&self) -> Option<&Step> {
        let mut steps = self.elements.iter().map(|(step, _)| step);
        let found = (0..)
            .zip(&mut steps)
            .find(|(i, step)| self.elements[..*i].iter().any(|(s, _)| s == *step));
        found.map(|(_, step)| step)
    }
}

/// The order of the merged elements: left and right are walked side by side; elements of both stand where the right
/// list has them, elements of one stand after what they followed. With a position: the element of the left list there.
fn order(old: &Indexed, new: &Indexed) -> Vec<(Option<usize>, Step)> {
    let mut shared = new
        .elements
        .iter()
        .map(|(step, _)| step)
        .filter(|step| old.has(step));
    let mut next_shared = shared.next();
    let mut merged: Vec<(Option<usize>, Step)> = Vec::new();
    let (mut l, mut r) = (0, 0);
    while l < old.elements.len() || r < new.elements.len() {
        let left = old.elements.get(l).map(|(step, _)| step);
        let right = new.elements.get(r).map(|(step, _)| step);
        if let (Some(left), Some(right)) = (left, right) {
            if left == right {
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
            if merged.iter().any(|(i, step)| i.is_none() && step == left) {
                l += 1;
            }
        }
        if let Some(right) = right {
            merged.push((None, right.clone()));
            r += 1;
            if next_shared == Some(right) {
                next_shared = shared.next();
            }
        }
    }
    merged
}
