//! `ConfigMaps`.

use super::secret::{SIZE_LIMIT, frozen};
use crate::kinds::access::{entries, is_set};
use crate::kinds::checks::{Errors, sentences};
use crate::kinds::kind::{AGE, Kind, NAME};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::print::age;
use crate::status::FieldError;
use serde_json::Value;

pub(super) const CONFIG_MAP: Kind = Kind {
    validate_create: |map, _| validate(map),
    validate_update: |new, old, _| {
        let mut errors = frozen(new, old, &["data", "binaryData"]);
        errors.extend(validate(new));
        errors
    },
    columns: &[NAME, ("Data", "string", "", 0, "Number of entries."), AGE],
    cells: |map, now| {
        let count = entries(map, "data").count() + entries(map, "binaryData").count();
        vec![
            map["metadata"]["name"].clone(),
            count.into(),
            age(map, now).into(),
        ]
    },
    ..Kind::PLAIN
};

fn validate(map: &Value) -> Errors {
    let mut errors = Errors::new();
    let mut size = 0;
    for (key, value) in entries(map, "data") {
        let path = Path::new("data").key(key);
        sentences(&mut errors, &path, key.as_str(), name::data_key(key));
        if is_set(&map["binaryData"], key) {
            let detail = "duplicate of key present in binaryData";
            errors.push(FieldError::invalid(path, key.as_str(), detail));
        }
        size += value.as_str().map_or(0, str::len);
    }
    for (key, value) in entries(map, "binaryData") {
        let path = Path::new("binaryData").key(key);
        sentences(&mut errors, &path, key.as_str(), name::data_key(key));
        let text = value.as_str().unwrap_or_default();
        size += text.trim_end_matches('=').len() * 3 / 4;
    }
    if size > SIZE_LIMIT {
        errors.push(FieldError::too_long("", SIZE_LIMIT));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Behaviour, WriteContext};
    use serde_json::json;

    fn check(map: &Value, expected: &[&str]) {
        let errors = CONFIG_MAP.validate_create(map, &WriteContext::default());
        assert_eq!(
            errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn keys_are_file_names() {
        check(&json!({"data": {"a.b": "x"}, "binaryData": {"c": "AA=="}}), &[]);
        check(
            &json!({"data": {"..": "x"}}),
            &["data[..]: Invalid value: \"..\": must not be '..'"],
        );
        check(
            &json!({"data": {"a": "x"}, "binaryData": {"a": "AA=="}}),
            &["data[a]: Invalid value: \"a\": duplicate of key present in binaryData"],
        );
        let empty = CONFIG_MAP.validate_create(&json!({"data": {"": "x"}}), &WriteContext::default());
        assert!(
            empty[0]
                .to_string()
                .starts_with("data[]: Invalid value: \"\": a valid config key")
        );
    }

    #[test]
    fn size_has_a_limit() {
        check(&json!({"data": {"a": "x".repeat(SIZE_LIMIT)}}), &[]);
        check(
            &json!({"data": {"a": "x".repeat(SIZE_LIMIT), "b": "y"}}),
            &["Too long: may not be more than 1048576 bytes"],
        );
    }

    #[test]
    fn what_is_frozen_stays() {
        let old = json!({"immutable": true, "data": {"a": "x"}, "metadata": {"labels": {"l": "1"}}});
        let update = |new: Value| {
            let errors = CONFIG_MAP.validate_update(&new, &old, &WriteContext::default());
            errors.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert!(update(json!({"immutable": true, "data": {"a": "x"}})).is_empty());
        let frozen = "Forbidden: field is immutable when `immutable` is set";
        assert_eq!(
            update(json!({"data": {"a": "y"}})),
            [format!("immutable: {frozen}"), format!("data: {frozen}")]
        );
    }
}
