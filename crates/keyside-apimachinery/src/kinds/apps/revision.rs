//! Controller revisions: what a stateful or daemon set looked like before.

use crate::kinds::access::{count, flag, int, list, text};
use crate::kinds::checks::{Errors, immutable, not_negative};
use crate::kinds::kind::{AGE, Kind, NAME};
use crate::kinds::path::Path;
use crate::kinds::print::age;
use crate::status::FieldError;
use serde_json::Value;

pub(super) const REVISION: Kind = Kind {
    validate_create: |revision, _| {
        let mut errors = Errors::new();
        not_negative(&mut errors, &Path::new("revision"), count(revision, "revision"));
        match &revision["data"] {
            Value::Object(_) => {}
            Value::Null => errors.push(FieldError::required("data", "data is mandatory")),
            _ => errors.push(FieldError::required("data", "data must be a valid JSON object")),
        }
        errors
    },
    validate_update: |new, old, _| {
        let mut errors = Errors::new();
        not_negative(&mut errors, &Path::new("revision"), count(new, "revision"));
        immutable(&mut errors, &Path::new("data"), &new["data"], &old["data"]);
        errors
    },
    columns: &[
        NAME,
        ("Controller", "string", "", 0, "Whose revision it is."),
        ("Revision", "string", "", 0, "Its number."),
        AGE,
    ],
    cells: |revision, now| {
        vec![
            revision["metadata"]["name"].clone(),
            owner(revision).into(),
            int(revision, "revision").unwrap_or_default().into(),
            age(revision, now).into(),
        ]
    },
    ..Kind::PLAIN
};

/// `kind.group/name` of the controlling owner.
fn owner(object: &Value) -> String {
    let owners = list(&object["metadata"], "ownerReferences");
    let Some(owner) = owners.iter().find(|owner| flag(owner, "controller")) else {
        return "<none>".into();
    };
    let kind = text(owner, "kind").to_lowercase();
    match text(owner, "apiVersion").split_once('/') {
        Some((group, _)) => format!("{kind}.{group}/{}", text(owner, "name")),
        None => format!("{kind}/{}", text(owner, "name")),
    }
}
