//! From values to sets of fields and back: which fields a value has, and a value without some of them.

use super::set::{Node, Set};
use super::step::Step;
use super::typed::{Atom, Type};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The fields a value sets: all plain values and atomic ones, list elements, and the keys of maps.
pub(super) fn of(ty: Type<'_>, value: &Value) -> Set {
    node(ty, value).children
}

fn node(ty: Type<'_>, value: &Value) -> Node {
    match (ty.atom(Some(value)), value) {
        (Atom::Scalar(_), _) => Node::leaf(),
        (Atom::Map(map), _) if map.is_atomic() => Node::leaf(),
        (Atom::List(list), _) if list.is_atomic() => Node::leaf(),
        (Atom::Map(map), Value::Object(fields)) => {
            let mut set = Set::default();
            for (key, value) in fields {
                let mut inside = node(map.field(key).unwrap_or(Type::Deduced), value);
                let hollow = value.is_null() || value.as_object().is_some_and(Map::is_empty);
                inside.member |= hollow || !map.declares(key);
                set.insert(Step::Field(key.clone()), inside);
            }
            Node::inside(set)
        }
        (Atom::List(list), Value::Array(elements)) => {
            let mut places: BTreeMap<Step, Vec<&Value>> = BTreeMap::new();
            for element in elements {
                if let Ok(step) = list.step(element) {
                    places.entry(step).or_default().push(element);
                }
            }
            let whole = |(step, elements): (Step, Vec<&Value>)| {
                let children = match elements.as_slice() {
                    [one] => node(list.items, one).children,
                    _ => Set::default(),
                };
                (
                    step,
                    Node {
                        member: true,
                        children,
                    },
                )
            };
            Node::inside(places.into_iter().map(whole).collect())
        }
        _ => Node::default(),
    }
}

/// The value without some fields. What held only those becomes null, which decoding removes.
pub(super) fn remove(ty: Type<'_>, value: &Value, gone: &Set) -> Value {
    match (ty.atom(Some(value)), value) {
        (Atom::Scalar(_), _) => value.clone(),
        (Atom::Map(map), Value::Object(fields)) if !map.is_atomic() => {
            let mut kept = Map::new();
            for (key, value) in fields {
                let ty = map.field(key).unwrap_or(Type::Deduced);
                match gone.get(&Step::Field(key.clone())) {
                    Some(node) if node.member => {}
                    Some(node) => {
                        kept.insert(key.clone(), remove(ty, value, &node.children));
                    }
                    None => {
                        kept.insert(key.clone(), value.clone());
                    }
                }
            }
            if kept.is_empty() { Value::Null } else { kept.into() }
        }
        (Atom::List(list), Value::Array(elements)) if !list.is_atomic() => {
            let mut kept = Vec::new();
            for element in elements {
                let node = list.step(element).ok().and_then(|step| gone.get(&step));
                match node {
                    Some(node) if node.member => {}
                    Some(node) => kept.push(remove(list.items, element, &node.children)),
                    None => kept.push(element.clone()),
                }
            }
            if kept.is_empty() { Value::Null } else { kept.into() }
        }
        _ => Value::Null,
    }
}

/// The set with every object in it that has something in it: removing all fields of an object then removes the
/// object too.
pub(super) fn with_parents(ty: Type<'_>, set: &Set) -> Set {
    let atom = ty.atom(None);
    let grown = set.iter().map(|(step, node)| {
        let (inside, named) = match (step, &atom) {
            (Step::Field(name), Atom::Map(map)) => (map.field(name), map.declares(name)),
            (Step::Key(_), Atom::List(list)) => (Some(list.items), false),
            _ => (None, false),
        };
        let children = with_parents(inside.unwrap_or(Type::Deduced), &node.children);
        (
            step.clone(),
            Node {
                member: node.member || (named && !children.is_empty()),
                children,
            },
        )
    });
    grown.collect()
}

/// The set as the type would have written it: what used to merge field by field and is atomic now is owned whole.
pub(super) fn reconcile(ty: Type<'_>, set: &Set) -> Set {
    let atom = ty.atom(None);
    let settled = set.iter().map(|(step, node)| {
        let inside = match (step, &atom) {
            (Step::Field(name), Atom::Map(map)) if !map.is_open() => map.field(name),
            (_, Atom::List(list)) => Some(list.items),
            _ => None,
        };
        let node = match inside {
            None => node.clone(),
            Some(_) if node.children.is_empty() => node.clone(),
            Some(ty) => match ty.atom(None) {
                Atom::List(list) if list.is_atomic() => Node::leaf(),
                Atom::Map(map) if map.is_atomic() => Node::leaf(),
                _ => Node {
                    member: node.member,
                    children: reconcile(ty, &node.children),
                },
            },
        };
        (step.clone(), node)
    });
    settled.collect()
}
