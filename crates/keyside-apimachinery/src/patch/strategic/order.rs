//! The order of merged lists: what the patch names follows the patch, what only the server has keeps its place
//! among the elements it stood before.

use super::DIRECTIVE;
use crate::patch::PatchError;
use serde_json::Value;

/// What tells elements apart.
#[derive(Clone, Copy)]
pub(super) enum Key<'a> {
    /// The value itself.
    Value,
    /// A field of the object.
    Field(&'a str),
}

impl Key<'_> {
    fn same(self, left: &Value, right: &Value) -> bool {
        match self {
            Self::Value => left == right,
            Self::Field(key) => left.get(key).is_some_and(|value| right.get(key) == Some(value)),
        }
    }

    fn position(self, list: &[Value], element: &Value) -> Option<usize> {
        list.iter().position(|other| self.same(other, element))
    }
}

/// The merge key of an element.
///
/// # Errors
/// An element without it.
pub(super) fn key_of<'v>(element: &'v Value, key: &str) -> Result<&'v Value, PatchError> {
    element.get(key).ok_or_else(|| {
        PatchError::Contradicts(format!(
            "map: {element} does not contain declared merge key: {key}"
        ))
    })
}

/// Orders a merged list: elements of `wanted` in that order, the others as in `server`; between the two, an element
/// that only the server has comes first only if the server has it before the other.
pub(super) fn in_order(
    merged: Vec<Value>,
    wanted: &[Value],
    server: &[Value],
    key: Key<'_>,
) -> Result<Vec<Value>, PatchError> {
    if let Key::Field(name) = key {
        merged
            .iter()
            .chain(wanted)
            .try_for_each(|element| key_of(element, name).map(|_| ()))?;
    }
    let (mut named, mut others): (Vec<_>, Vec<_>) = merged
        .into_iter()
        .partition(|element| key.position(wanted, element).is_some());
    named.sort_by_cached_key(|element| key.position(wanted, element));
    others.sort_by_cached_key(|element| key.position(server, element));
    let mut ordered = Vec::with_capacity(named.len() + others.len());
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    loop {
        let other_first = match (others.peek(), named.peek()) {
            (None, None) => return Ok(ordered),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(other), Some(named)) => match (key.position(server, other), key.position(server, named)) {
                (Some(other), Some(named)) => other < named,
                _ => false,
            },
        };
        ordered.extend(if other_first { others.next() } else { named.next() });
    }
}

/// The server's order as upstream sees it after merging: new elements stand in the places that deleted ones left.
/// (Upstream merges in place and compares with the list it has just changed; clients' results depend on it.)
pub(super) fn after_merge(old: &[Value], patch: &[Value], key: &str) -> Vec<Value> {
    let by = Key::Field(key);
    let (gone, plain): (Vec<_>, Vec<_>) = patch.iter().partition(|element| element.get(DIRECTIVE).is_some());
    if gone.iter().any(|element| element[DIRECTIVE] == "replace") {
        return old.to_vec();
    }
    let mut order: Vec<Value> = old
        .iter()
        .filter(|element| !gone.iter().any(|other| by.same(other, element)))
        .cloned()
        .collect();
    let new = plain
        .into_iter()
        .filter(|element| by.position(old, element).is_none());
    order.extend(new.cloned());
    order.truncate(old.len());
    order
}

/// Checks that the elements of a patch stand in the order it wants.
///
/// # Errors
/// An element out of order or not named by the order.
pub(super) fn check(patch: &[Value], wanted: &[Value], key: Key<'_>) -> Result<(), PatchError> {
    if wanted.is_empty() || patch.is_empty() {
        return Ok(());
    }
    let is = |element: &Value, directive: &str| element.get(DIRECTIVE).is_some_and(|d| d == directive);
    let plain: Vec<_> = patch.iter().filter(|element| !is(element, "delete")).collect();
    let mut elements = plain.into_iter().peekable();
    let mut places = wanted.iter();
    while let Some(element) = elements.peek() {
        // A marker is passed over while places are left; at the very end upstream takes it for an element.
        if element.get(DIRECTIVE).is_some() && places.len() > 0 {
            elements.next();
            continue;
        }
        if let Key::Field(name) = key
            && places.len() > 0
        {
            key_of(element, name)?;
        }
        if !places.any(|place| key.same(place, element)) {
            let (patch, wanted) = (Value::from(patch), Value::from(wanted));
            let message = format!(
                "The order in patch list:\n{patch}\n doesn't match $setElementOrder list:\n{wanted}\n"
            );
            return Err(PatchError::Contradicts(message));
        }
        elements.next();
    }
    Ok(())
}
