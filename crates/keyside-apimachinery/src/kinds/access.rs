//! Reading and filling fields of JSON objects whose shape was already checked. Absent, null and (after the schema has
//! refused it) of the wrong type all read as nothing, as a Go struct's zero value would.

use serde_json::Value;

/// Text of a field, empty without one.
pub(crate) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_default()
}

/// Elements of a list field.
pub(crate) fn list<'a>(object: &'a Value, field: &str) -> &'a [Value] {
    object[field].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Entries of a map field, in the order written.
pub(crate) fn entries<'a>(object: &'a Value, field: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object[field].as_object().into_iter().flatten()
}

/// Number of a field.
pub(crate) fn int(object: &Value, field: &str) -> Option<i64> {
    object[field].as_i64()
}

/// Number of a field, 0 without one.
pub(crate) fn count(object: &Value, field: &str) -> i64 {
    int(object, field).unwrap_or_default()
}

/// Truth of a field, false without one.
pub(crate) fn flag(object: &Value, field: &str) -> bool {
    object[field].as_bool().unwrap_or_default()
}

/// Whether a field is there and not null.
pub(crate) fn is_set(object: &Value, field: &str) -> bool {
    !object[field].is_null()
}

/// The object in a field, for changing; not made if it is missing.
pub(crate) fn inside<'a>(object: &'a mut Value, field: &str) -> Option<&'a mut Value> {
    object.get_mut(field).filter(|value| value.is_object())
}

/// Elements of a list field, for changing.
pub(crate) fn items<'a>(object: &'a mut Value, field: &str) -> &'a mut [Value] {
    object
        .get_mut(field)
        .and_then(Value::as_array_mut)
        .map(Vec::as_mut_slice)
        .unwrap_or_default()
}

/// The object in a field, made empty first if it is missing or null. Nothing if `object` is no object.
pub(crate) fn made<'a>(object: &'a mut Value, field: &str) -> Option<&'a mut Value> {
    fill(object, field, || Value::Object(serde_json::Map::new()));
    inside(object, field)
}

/// Sets a field.
pub(crate) fn set(object: &mut Value, field: &str, value: impl Into<Value>) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value.into());
    }
}

/// Removes a field and returns what it was.
pub(crate) fn take(object: &mut Value, field: &str) -> Option<Value> {
    object.as_object_mut()?.shift_remove(field)
}

/// Puts a field back to what another object has there, also if that is nothing.
pub(crate) fn restore(object: &mut Value, field: &str, from: &Value) {
    match from.get(field) {
        Some(value) => set(object, field, value.clone()),
        None => drop(take(object, field)),
    }
}

/// Sets a field that is missing or null.
pub(crate) fn fill(object: &mut Value, field: &str, value: impl FnOnce() -> Value) {
    if !is_set(object, field) {
        set(object, field, value());
    }
}

/// Sets a text field that is missing, null or empty.
pub(crate) fn fill_text(object: &mut Value, field: &str, value: &str) {
    if text(object, field).is_empty() {
        set(object, field, value);
    }
}

/// Sets a number that is missing, null or 0: fields that Go keeps without a pointer.
pub(crate) fn fill_count(object: &mut Value, field: &str, value: i64) {
    if count(object, field) == 0 {
        set(object, field, value);
    }
}

/// Fields that Go keeps without a pointer, so that writing the zero value is the same as writing nothing.
const ZERO_IS_NOTHING: [&str; 10] = [
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostPort",
    "initialDelaySeconds",
    "readOnly",
    "stdin",
    "stdinOnce",
    "tty",
    "unschedulable",
];

/// Whether two values mean the same (`equality.Semantic`): an empty list, map or text is as good as none.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    if is_nothing(one) && is_nothing(other) {
        return true;
    }
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let same_in = |field: &String, value: &Value| {
                let theirs = b.get(field).unwrap_or(&Value::Null);
                same(value, theirs) || (is_zero(field, value) && is_zero(field, theirs))
            };
            a.iter().all(|(field, value)| same_in(field, value))
                && b.iter()
                    .filter(|(field, _)| !a.contains_key(*field))
                    .all(|(field, value)| is_nothing(value) || is_zero(field, value))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(x, y)| same(x, y)),
        _ => one == other,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_zero(field: &str, value: &Value) -> bool {
    ZERO_IS_NOTHING.contains(&field) && (value.is_null() || value == false || value == 0)
}

#[cfg(test)]
mod tests {
    use super::same;
    use serde_json::json;

    #[test]
    fn empty_means_the_same_as_absent() {
        let bare = json!({"name": "a"});
        assert!(same(
            &bare,
            &json!({"name": "a", "args": [], "env": null, "command": {}, "tty": false})
        ));
        assert!(!same(&bare, &json!({"name": "a", "args": ["x"]})));
        assert!(!same(
            &bare,
            &json!({"name": "a", "automountServiceAccountToken": false})
        ));
        assert!(!same(&json!([1, 2]), &json!([2, 1])));
    }
}
