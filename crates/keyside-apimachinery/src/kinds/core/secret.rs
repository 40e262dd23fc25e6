//! Secrets. Their contents never appear in an error.

mod go_json;

use crate::kinds::access::{entries, fill_text, flag, is_set, made, restore, same, set, take, text};
use crate::kinds::checks::{Errors, IMMUTABLE, sentences};
use crate::kinds::kind::{AGE, Kind, NAME};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::print::age;
use crate::resource::WriteContext;
use crate::status::FieldError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

pub(super) const SECRET: Kind = Kind {
    default,
    prepare_update,
    validate_create: |secret, _| validate(secret),
    validate_update,
    warnings,
    columns: &[
        NAME,
        ("Type", "string", "", 0, "What the contents are for."),
        ("Data", "string", "", 0, "Number of entries."),
        AGE,
    ],
    cells: |secret, now| {
        vec![
            secret["metadata"]["name"].clone(),
            secret["type"].clone(),
            entries(secret, "data").count().into(),
            age(secret, now).into(),
        ]
    },
    selectable: |secret| vec![("type", text(secret, "type").into())],
    ..Kind::PLAIN
};

/// Most bytes the values may have together.
pub(super) const SIZE_LIMIT: usize = 1024 * 1024;
/// What is shown in place of a value that is wrong.
const REDACTED: &str = "<secret contents redacted>";
/// The sentence for a change of what the object itself has frozen.
pub(super) const FROZEN: &str = "field is immutable when `immutable` is set";

/// `stringData` is for writing only: its texts become entries of `data`.
fn default(secret: &mut Value) {
    if let Some(Value::Object(texts)) = take(secret, "stringData")
        && !texts.is_empty()
        && let Some(data) = made(secret, "data")
    {
        for (key, value) in texts {
            set(data, &key, STANDARD.encode(value.as_str().unwrap_or_default()));
        }
    }
    fill_text(secret, "type", "Opaque");
}

/// An update without a type keeps the old one. (Defaulting names a missing type `Opaque` before this runs, here as in
/// Kubernetes; so it only matters to callers that do not default.)
fn prepare_update(new: &mut Value, old: &Value, _: &WriteContext) {
    if text(new, "type").is_empty() {
        restore(new, "type", old);
    }
}

fn validate(secret: &Value) -> Errors {
    let mut errors = Errors::new();
    let path = Path::new("data");
    let mut size = 0;
    for (key, value) in entries(secret, "data") {
        sentences(&mut errors, &path.key(key), key.as_str(), name::data_key(key));
        size += decoded(value).map_or(0, |bytes| bytes.len());
    }
    if size > SIZE_LIMIT {
        errors.push(FieldError::too_long(&path, SIZE_LIMIT));
    }
    let data = &secret["data"];
    let mut demand = |key: &str| errors.push(FieldError::required(path.key(key), ""));
    match text(secret, "type") {
        "kubernetes.io/service-account-token" => {
            let key = "kubernetes.io/service-account.name";
            if text(&secret["metadata"]["annotations"], key).is_empty() {
                errors.push(FieldError::required(
                    Path::new("metadata.annotations").key(key),
                    "",
                ));
            }
        }
        "kubernetes.io/dockercfg" => docker(&mut errors, data, ".dockercfg"),
        "kubernetes.io/dockerconfigjson" => docker(&mut errors, data, ".dockerconfigjson"),
        "kubernetes.io/basic-auth" if data.get("username").or(data.get("password")).is_none() => {
            demand("username");
            demand("password");
        }
        "kubernetes.io/ssh-auth" if text(data, "ssh-privatekey").is_empty() => demand("ssh-privatekey"),
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"] {
                if data.get(key).is_none() {
                    demand(key);
                }
            }
        }
        _ => {}
    }
    errors
}

/// A docker config must be there and be a JSON object; what is in the object is not looked at.
fn docker(errors: &mut Errors, data: &Value, key: &str) {
    let path = Path::new("data").key(key);
    let Some(value) = data.get(key) else {
        errors.push(FieldError::required(path, ""));
        return;
    };
    if let Err(problem) = go_json::object(&decoded(value).unwrap_or_default()) {
        errors.push(FieldError::invalid(path, REDACTED, problem));
    }
}

fn decoded(value: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(value.as_str()?).ok()
}

fn validate_update(new: &Value, old: &Value, _: &WriteContext) -> Errors {
    let mut errors = Errors::new();
    if !same(&new["type"], &old["type"]) {
        errors.push(FieldError::invalid("type", new["type"].clone(), IMMUTABLE));
    }
    errors.extend(frozen(new, old, &["data"]));
    errors.extend(validate(new));
    errors
}

/// Errors of a change to an object that has said `immutable: true`, in the fields it froze by that.
pub(super) fn frozen(new: &Value, old: &Value, fields: &[&str]) -> Errors {
    let mut errors = Errors::new();
    if flag(old, "immutable") {
        if !flag(new, "immutable") {
            errors.push(FieldError::forbidden("immutable", FROZEN));
        }
        let changed = fields.iter().filter(|field| !same(&new[**field], &old[**field]));
        errors.extend(changed.map(|field| FieldError::forbidden(*field, FROZEN)));
    }
    errors
}

/// A pair that no server could use, as Go's TLS library would say.
fn warnings(secret: &Value, _: Option<&Value>) -> Vec<String> {
    if text(secret, "type") != "kubernetes.io/tls" || !is_set(secret, "data") {
        return Vec::new();
    }
    let has_pem = |key: &str| {
        let bytes = decoded(&secret["data"][key]).unwrap_or_default();
        String::from_utf8_lossy(&bytes).contains("-----BEGIN ")
    };
    let parts = [("tls.crt", "certificate"), ("tls.key", "key")];
    let missing = parts.into_iter().find(|(key, _)| !has_pem(key));
    missing
        .map(|(_, what)| format!("tls: failed to find any PEM data in {what} input"))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests;
