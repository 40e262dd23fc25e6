//! Lists that are sets or maps: no element, or no key, twice.

use super::paths::{child, index, key};
use super::props::Props;
use crate::status::FieldError;
use serde_json::{Map, Value};

/// Every repetition in a list of type `set` or `map`.
pub(crate) fn duplicates(value: &Value, schema: &Props, path: &str, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Some(field) = schema.properties.get(name) {
                    duplicates(value, field, &child(path, name), errors);
                } else if let Some(entry) = schema.entry() {
                    duplicates(value, entry, &key(path, name), errors);
                }
            }
        }
        Value::Array(elements) => {
            if schema.is_list("set") {
                repeated(elements, path, errors);
            } else if schema.is_list("map") {
                repeated_keys(elements, schema, path, errors);
            }
            if let Some(element) = schema.element() {
                for (i, value) in elements.iter().enumerate() {
                    duplicates(value, element, &index(path, i), errors);
                }
            }
        }
        _ => {}
    }
}

/// Reports the second appearance of each element.
fn repeated(elements: &[Value], path: &str, errors: &mut Vec<FieldError>) {
    let mut times = std::collections::HashMap::new();
    for (i, element) in elements.iter().enumerate() {
        let seen = times.entry(canonical(element)).or_insert(0_u32);
        *seen += 1;
        if *seen == 2 {
            errors.push(FieldError::duplicate(index(path, i), element.clone()));
        }
    }
}

fn repeated_keys(elements: &[Value], schema: &Props, path: &str, errors: &mut Vec<FieldError>) {
    if let Some(i) = elements
        .iter()
        .position(|element| !element.is_object() && !element.is_null())
    {
        let detail = "must be an object for an array of list-type map";
        errors.push(FieldError::invalid(index(path, i), elements[i].clone(), detail));
        return;
    }
    let keys_of = |element: &Value| {
        let present = schema
            .list_map_keys
            .iter()
            .filter_map(|key| Some((key.clone(), element.get(key)?.clone())));
        Value::Object(present.collect::<Map<String, Value>>())
    };
    let keys: Vec<Value> = elements.iter().map(keys_of).collect();
    repeated(&keys, path, errors);
}

/// A text that is equal for equal values, whatever the order of their fields.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut parts: Vec<String> = fields
                .iter()
                .map(|(k, v)| format!("{k:?}:{}", canonical(v)))
                .collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(elements) => {
            format!(
                "[{}]",
                elements.iter().map(canonical).collect::<Vec<_>>().join(",")
            )
        }
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::duplicates;
    use crate::crd::props::Props;
    use serde_json::{Value, json};

    fn check(schema: Value, value: Value, expected: &[&str]) {
        let schema = Props::read(&json!({"type": "object", "properties": {"a": schema}})).unwrap();
        let mut errors = Vec::new();
        duplicates(&json!({"a": value}), &schema, "", &mut errors);
        assert_eq!(
            errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn sets_hold_nothing_twice() {
        let set = json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}});
        check(
            set.clone(),
            json!(["x", "y", "x", "x"]),
            &[r#"a[2]: Duplicate value: "x""#],
        );
        check(set, json!(["x", "y"]), &[]);
    }

    #[test]
    fn maps_hold_no_key_twice() {
        let map = |keys: Value| {
            let fields = json!({"n": {"type": "string"}, "p": {"type": "integer"}});
            json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys,
                   "items": {"type": "object", "properties": fields}})
        };
        check(
            map(json!(["n"])),
            json!([{"n": "x"}, {"n": "x", "p": 1}]),
            &[r#"a[1]: Duplicate value: {"n":"x"}"#],
        );
        check(
            map(json!(["n", "p"])),
            json!([{"n": "x", "p": 1}, {"n": "x", "p": 2}]),
            &[],
        );
        check(map(json!(["n"])), json!([{}, {}]), &["a[1]: Duplicate value: {}"]);
        check(
            map(json!(["n"])),
            json!([1]),
            &["a[0]: Invalid value: 1: must be an object for an array of list-type map"],
        );
    }
}
