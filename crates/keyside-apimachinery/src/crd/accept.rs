//! Accepting a definition: which of its names are free, and the conditions that say so.

use super::definition::{text, versions};
use super::props::Props;
use super::structural;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The names other definitions of the group hold already.
#[derive(Debug, Default)]
pub struct Taken {
    resources: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl Taken {
    /// Collects the accepted names of definitions of `group` (others are ignored), the definition itself included.
    pub fn of<'a>(definitions: impl IntoIterator<Item = &'a Value>, group: &str) -> Self {
        let mut taken = Self::default();
        for definition in definitions.into_iter().filter(|d| d["spec"]["group"] == group) {
            let names = &definition["status"]["acceptedNames"];
            let short = names["shortNames"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            taken.resources.extend(short.map(str::to_owned));
            taken
                .resources
                .extend(["plural", "singular"].map(|field| text(names, field).to_owned()));
            taken
                .kinds
                .extend(["kind", "listKind"].map(|field| text(names, field).to_owned()));
        }
        taken
    }
}

/// Brings the status of a definition up to date: accepted names, and the conditions `NamesAccepted`, `Established`
/// and `NonStructuralSchema`. Answers whether anything changed.
pub fn accept(definition: &mut Value, taken: &Taken, now: &str) -> bool {
    let before = definition["status"].clone();
    if definition["spec"]["names"] != definition["status"]["acceptedNames"] {
        accept_names(definition, taken, now);
    }
    if is_true(definition, "NamesAccepted") && !is_true(definition, "Established") {
        let message = "the initial names have been accepted";
        set_condition(
            definition,
            "Established",
            "True",
            "InitialNamesAccepted",
            message,
            now,
        );
    }
    if let Some(message) = non_structural(&definition["spec"]) {
        set_condition(
            definition,
            "NonStructuralSchema",
            "True",
            "Violations",
            &message,
            now,
        );
    } else if let Some(conditions) = definition["status"]["conditions"].as_array_mut() {
        conditions.retain(|condition| condition["type"] != "NonStructuralSchema");
    }
    definition["status"] != before
}

fn accept_names(definition: &mut Value, taken: &Taken, now: &str) {
    let wanted = definition["spec"]["names"].clone();
    let held = definition["status"]["acceptedNames"].clone();
    let mut names = if held.is_object() { held.clone() } else { json!({}) };
    let mut conflict = None;
    for (field, reason) in [
        ("plural", "PluralConflict"),
        ("singular", "SingularConflict"),
        ("shortNames", "ShortNamesConflict"),
        ("kind", "KindConflict"),
        ("listKind", "ListKindConflict"),
    ] {
        let set = if reason.starts_with("Kind") || reason.starts_with("List") {
            &taken.kinds
        } else {
            &taken.resources
        };
        let used = match field {
            "shortNames" => short_names_in_use(&wanted, &held, set),
            _ => in_use(text(&wanted, field), text(&held, field), set),
        };
        match used {
            Some(message) => conflict = Some((reason, message)),
            None => copy(&mut names, &wanted, field),
        }
    }
    copy(&mut names, &wanted, "categories");
    definition["status"]["acceptedNames"] = names;
    match conflict {
        Some((reason, message)) => {
            set_condition(definition, "NamesAccepted", "False", reason, &message, now);
            if !is_true(definition, "Established") {
                let message = "not all names are accepted";
                set_condition(definition, "Established", "False", "NotAccepted", message, now);
            }
        }
        None => set_condition(
            definition,
            "NamesAccepted",
            "True",
            "NoConflicts",
            "no conflicts found",
            now,
        ),
    }
}

fn copy(names: &mut Value, wanted: &Value, field: &str) {
    match wanted.get(field) {
        Some(value) => names[field] = value.clone(),
        None => drop(names.as_object_mut().and_then(|names| names.shift_remove(field))),
    }
}

fn in_use(wanted: &str, held: &str, taken: &BTreeSet<String>) -> Option<String> {
    (wanted != held && taken.contains(wanted)).then(|| format!("{wanted:?} is already in use"))
}

fn short_names_in_use(wanted: &Value, held: &Value, taken: &BTreeSet<String>) -> Option<String> {
    let list = |names: &Value| -> Vec<String> {
        let names = names["shortNames"].as_array().into_iter().flatten();
        names
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect()
    };
    let held = list(held);
    let fresh = list(wanted).into_iter().filter(|name| !held.contains(name));
    let used: Vec<String> = fresh.filter_map(|name| in_use(&name, "", taken)).collect();
    match used.len() {
        0 => None,
        1 => used.into_iter().next(),
        _ => Some(format!("[{}]", used.join(", "))),
    }
}

/// What is not structural about the schemas of a spec. Definitions are refused for it when written, so this is about
/// those written by an older server.
fn non_structural(spec: &Value) -> Option<String> {
    let mut found = Vec::new();
    for (i, version) in versions(spec).enumerate() {
        let schema = &version["schema"]["openAPIV3Schema"];
        if schema.is_null() {
            continue;
        }
        let path = format!("spec.versions[{i}].schema.openAPIV3Schema");
        match Props::read(schema) {
            Ok(props) => found.extend(
                structural::violations(&path, &props)
                    .iter()
                    .map(ToString::to_string),
            ),
            Err(why) => found.push(format!("{path}: {why}")),
        }
    }
    match found.len() {
        0 => None,
        1 => found.pop(),
        _ => Some(format!("[{}]", found.join(", "))),
    }
}

/// Whether a condition holds.
#[must_use]
pub fn is_true(definition: &Value, condition: &str) -> bool {
    let conditions = definition["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten();
    conditions
        .into_iter()
        .any(|c| c["type"] == condition && c["status"] == "True")
}

/// Sets a condition; the time changes with the status only.
pub fn set_condition(
    definition: &mut Value,
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: &str,
) {
    if !definition["status"].is_object() {
        definition["status"] = json!({});
    }
    if !definition["status"]["conditions"].is_array() {
        definition["status"]["conditions"] = json!([]);
    }
    let Some(conditions) = definition["status"]["conditions"].as_array_mut() else {
        return;
    };
    let mut new = json!({
        "type": kind, "status": status, "lastTransitionTime": now, "reason": reason, "message": message,
    });
    match conditions.iter_mut().find(|condition| condition["type"] == kind) {
        Some(old) => {
            if old["status"] == status && old["lastTransitionTime"].is_string() {
                new["lastTransitionTime"] = old["lastTransitionTime"].clone();
            }
            *old = new;
        }
        None => conditions.push(new),
    }
}
