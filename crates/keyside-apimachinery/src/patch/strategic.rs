//! Strategic merge patch: a merge patch that merges lists by element where the kind says so, steered by directives
//! inside the patch (`k8s.io/apimachinery/pkg/util/strategicpatch`).
//!
//! | Directive | Meaning |
//! |---|---|
//! | `$patch: replace` in an object | the rest of the object replaces what is there |
//! | `$patch: delete` in an object | the object becomes empty; in a list element: the element goes |
//! | `$patch: replace` in a list element | the list is replaced by the other elements of the patch |
//! | `$retainKeys: [a, b]` | other keys go |
//! | `$setElementOrder/list: […]` | order of the elements named |
//! | `$deleteFromPrimitiveList/list: […]` | plain values to remove |

mod order;

use super::PatchError;
use crate::schema::{PatchStrategy, Schema, Shape, Source};
use order::{Key, in_order};
use serde_json::{Map, Value};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const SET_ORDER: &str = "$setElementOrder/";
const DELETE_VALUES: &str = "$deleteFromPrimitiveList/";

/// Applies a strategic merge patch to an object of a kind.
///
/// # Errors
/// A directive that is not understood, or a list element without its merge key.
pub fn strategic(schema: &Schema, document: &Value, patch: &Value) -> Result<Value, PatchError> {
    let (Value::Object(document), Value::Object(patch)) = (document, patch) else {
        return Err(PatchError::Malformed("invalid JSON document".into()));
    };
    object(Some(schema), document.clone(), patch.clone()).map(Value::Object)
}

type Fields = Map<String, Value>;

fn object(schema: Option<&Schema>, mut original: Fields, mut patch: Fields) -> Result<Fields, PatchError> {
    if let Some(directive) = patch.shift_remove(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => Ok(patch),
            Some("delete") => Ok(Map::new()),
            _ => Err(unknown_directive(&directive, &patch)),
        };
    }
    retain_keys(&mut original, &mut patch)?;
    set_orders(schema, &mut original, &mut patch)?;
    for (key, change) in patch {
        let values_to_delete = key.strip_prefix(DELETE_VALUES);
        let deletes = values_to_delete.is_some();
        let key = values_to_delete.unwrap_or(&key);
        if change.is_null() {
            original.shift_remove(key);
            continue;
        }
        let field = Field::of(schema, key);
        match (original.get_mut(key), change) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                *old = if field.strategy.replace {
                    new
                } else {
                    object(field.schema, std::mem::take(old), new)?
                };
            }
            (Some(Value::Array(old)), Value::Array(new)) => {
                let merges = field.strategy.merge || deletes;
                let old_list = std::mem::take(old);
                *old = if merges {
                    list(&field, old_list, new, deletes)?
                } else {
                    new
                };
            }
            (_, change) if !deletes => match without_directives(without_nulls(change)) {
                Some(value) => {
                    original.insert(key.to_owned(), value);
                }
                None => {
                    original.shift_remove(key);
                }
            },
            _ => {}
        }
    }
    Ok(original)
}

/// What is known about a field.
struct Field<'a> {
    /// Shape of the object, or of the list's elements.
    schema: Option<&'a Schema>,
    strategy: PatchStrategy,
    /// The definition it belongs to, for errors.
    owner: &'a str,
}

impl<'a> Field<'a> {
    fn of(schema: Option<&'a Schema>, name: &str) -> Self {
        let owner = match schema.map(|schema| &schema.resolve().source) {
            Some(Source::Definition(name)) => name,
            _ => "",
        };
        let Some(field) = schema.and_then(|schema| schema.field(name)) else {
            return Field {
                schema: None,
                strategy: PatchStrategy::default(),
                owner,
            };
        };
        let inner = match &field.resolve().shape {
            Shape::List(list) => list.items.resolve(),
            _ => field.resolve(),
        };
        Field {
            schema: Some(inner),
            strategy: field.patch.clone(),
            owner,
        }
    }
}

fn list(
    field: &Field<'_>,
    original: Vec<Value>,
    patch: Vec<Value>,
    deletes: bool,
) -> Result<Vec<Value>, PatchError> {
    let Some(objects) = elements_are_objects(&original, &patch)? else {
        return Ok(original);
    };
    if !objects {
        if deletes {
            return Ok(original
                .into_iter()
                .filter(|value| !patch.contains(value))
                .collect());
        }
        let mut merged = Vec::new();
        for value in original.iter().chain(&patch) {
            if !merged.contains(value) {
                merged.push(value.clone());
            }
        }
        return in_order(merged, &patch, &original, Key::Value);
    }
    let Some(key) = field.strategy.merge_key.as_deref() else {
        return Err(PatchError::Contradicts(format!(
            "cannot merge lists without merge key for {}",
            field.owner
        )));
    };
    let (original, patch) = obey_elements(original, patch, key)?;
    let mut merged = original.clone();
    for change in &patch {
        let wanted = order::key_of(change, key)?;
        let found = merged.iter_mut().find(|element| element.get(key) == Some(wanted));
        match (found, change) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                *old = object(field.schema, std::mem::take(old), new.clone())?;
            }
            _ => merged.push(change.clone()),
        }
    }
    in_order(merged, &patch, &original, Key::Field(key))
}

/// Carries out the directives that stand in list elements and answers with the lists that remain to be merged.
fn obey_elements(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    let mut plain = Vec::new();
    let mut replaces = false;
    for element in patch {
        match element.get(DIRECTIVE).and_then(Value::as_str) {
            None if element.get(DIRECTIVE).is_none() => plain.push(element),
            Some("delete") => {
                let gone = order::key_of(&element, key)?;
                original.retain(|old| old.get(key) != Some(gone));
            }
            Some("replace") => replaces = true,
            Some("merge") => {
                let message = "merging lists cannot yet be specified in the patch";
                return Err(PatchError::Contradicts(message.into()));
            }
            _ => {
                return Err(unknown_directive(
                    &element[DIRECTIVE],
                    element.as_object().unwrap_or(&Map::new()),
                ));
            }
        }
    }
    Ok(if replaces {
        (plain, Vec::new())
    } else {
        (original, plain)
    })
}

/// Whether the elements of both lists are objects; nothing if there are no elements.
fn elements_are_objects(original: &[Value], patch: &[Value]) -> Result<Option<bool>, PatchError> {
    let mut kind = None;
    for value in original.iter().chain(patch) {
        if value.is_array() {
            return Err(PatchError::Unfit("lists of lists are not supported".into()));
        }
        let this = std::mem::discriminant(value);
        if *kind.get_or_insert(this) != this {
            return Err(PatchError::Contradicts(
                "list element types are not identical".into(),
            ));
        }
    }
    Ok(original.iter().chain(patch).next().map(Value::is_object))
}

fn retain_keys(original: &mut Fields, patch: &mut Fields) -> Result<(), PatchError> {
    let Some(kept) = patch.shift_remove(RETAIN_KEYS) else {
        return Ok(());
    };
    let malformed = || PatchError::Malformed("invalid patch format of retainKeys".into());
    let kept = kept.as_array().ok_or_else(malformed)?;
    let is_kept = |key: &str| kept.iter().any(|k| k == key);
    let contradicts = |(key, value): (&String, &Value)| {
        !value.is_null() && !key.starts_with(DELETE_VALUES) && !key.starts_with(SET_ORDER) && !is_kept(key)
    };
    if patch.iter().any(contradicts) {
        return Err(malformed());
    }
    original.retain(|key, _| is_kept(key));
    Ok(())
}

/// Merges the lists whose order the patch sets.
fn set_orders(schema: Option<&Schema>, original: &mut Fields, patch: &mut Fields) -> Result<(), PatchError> {
    let ordered: Vec<String> = patch
        .keys()
        .filter(|key| key.starts_with(SET_ORDER))
        .cloned()
        .collect();
    for directive in ordered {
        let wanted = match patch.shift_remove(&directive) {
            Some(Value::Array(wanted)) => wanted,
            other => return Err(not_a_list(other.as_ref())),
        };
        let key = &directive[SET_ORDER.len()..];
        let field = Field::of(schema, key);
        if field.schema.is_none() {
            let message = format!(
                "unable to find api field in struct {} for the json field {key:?}",
                field.owner
            );
            return Err(PatchError::Contradicts(message));
        }
        let old = as_list(original.get(key))?;
        let new = as_list(patch.shift_remove(key).as_ref())?;
        let by = field.strategy.merge_key.as_deref().map_or(Key::Value, Key::Field);
        order::check(new.as_deref().unwrap_or_default(), &wanted, by)?;
        let given = [old.as_deref(), new.as_deref()];
        let empty = given.iter().flatten().all(|list| list.is_empty());
        let server = match (old.as_deref(), new.as_deref(), by) {
            (Some(old), Some(new), Key::Field(key)) => order::after_merge(old, new, key),
            _ => old.clone().unwrap_or_default(),
        };
        let merged = match (&old, new) {
            (Some(old), Some(new)) if field.strategy.merge => list(&field, old.clone(), new, false)?,
            (Some(old), None) => old.clone(),
            (_, Some(new)) => match without_directives(Value::Array(new)) {
                Some(Value::Array(new)) => new,
                _ => continue,
            },
            (None, None) => continue,
        };
        if empty {
            return Err(PatchError::Contradicts(
                "no elements in any of the given slices".into(),
            ));
        }
        let ordered = in_order(merged, &wanted, &server, by)?;
        original.insert(key.to_owned(), Value::Array(ordered));
    }
    Ok(())
}

fn as_list(value: Option<&Value>) -> Result<Option<Vec<Value>>, PatchError> {
    match value {
        None => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list.clone())),
        other => Err(not_a_list(other)),
    }
}

fn not_a_list(value: Option<&Value>) -> PatchError {
    let found = match value {
        Some(Value::Object(_)) => "map[string]interface {}",
        Some(Value::String(_)) => "string",
        Some(Value::Number(_)) => "int64",
        Some(Value::Bool(_)) => "bool",
        _ => "%!s(<nil>)",
    };
    PatchError::Contradicts(format!("expected a []interface {{}}, but received a {found}"))
}

fn unknown_directive(directive: &Value, map: &Fields) -> PatchError {
    let named = directive
        .as_str()
        .map_or_else(|| directive.to_string(), str::to_owned);
    let map = Value::Object(map.clone());
    PatchError::Contradicts(format!("unknown patch type: {named} in map: {map}"))
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            kept.map(|(key, value)| (key, without_nulls(value))).collect()
        }
        Value::Array(elements) => elements.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// A value that meets nothing to merge with: what carries a directive goes.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => None,
        Value::Object(fields) => {
            let kept = fields
                .into_iter()
                .filter_map(|(key, value)| Some((key, without_directives(value)?)));
            Some(kept.collect())
        }
        Value::Array(elements) => Some(elements.into_iter().filter_map(without_directives).collect()),
        other => Some(other),
    }
}
