//! Label selectors written as objects: whether they match, and how tables show them.

use super::access::{entries, list, text};
use serde_json::Value;
use std::collections::BTreeSet;

/// Whether a `LabelSelector` selects these labels. An empty one selects everything, none at all nothing.
pub(crate) fn matches(selector: &Value, labels: &Value) -> bool {
    selector.is_object()
        && matches_labels(&selector["matchLabels"], labels)
        && list(selector, "matchExpressions")
            .iter()
            .all(|requirement| holds(requirement, labels))
}

/// Whether every label wanted is there.
pub(crate) fn matches_labels(wanted: &Value, labels: &Value) -> bool {
    wanted
        .as_object()
        .into_iter()
        .flatten()
        .all(|(key, value)| labels.get(key) == Some(value))
}

/// Whether a selector wants anything.
pub(crate) fn is_empty(selector: &Value) -> bool {
    entries(selector, "matchLabels").next().is_none() && list(selector, "matchExpressions").is_empty()
}

fn holds(requirement: &Value, labels: &Value) -> bool {
    let found = labels.get(text(requirement, "key"));
    let listed = || {
        list(requirement, "values")
            .iter()
            .any(|value| Some(value) == found)
    };
    match text(requirement, "operator") {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => found.is_some(),
        "DoesNotExist" => found.is_none(),
        _ => false,
    }
}

/// A selector as tables show it: `app=web,tier in (a,b),!old`, by key; `<none>` if it selects everything.
pub(crate) fn shown(selector: &Value) -> String {
    let written = written(selector);
    if written.is_empty() {
        "<none>".into()
    } else {
        written
    }
}

/// A selector as text, empty if it selects everything.
pub(crate) fn written(selector: &Value) -> String {
    let mut parts: Vec<(String, String)> = entries(selector, "matchLabels")
        .map(|(key, value)| {
            (
                key.clone(),
                format!("{key}={}", value.as_str().unwrap_or_default()),
            )
        })
        .collect();
    for requirement in list(selector, "matchExpressions") {
        let key = text(requirement, "key");
        let values: BTreeSet<&str> = list(requirement, "values")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let values = values.into_iter().collect::<Vec<_>>().join(",");
        let part = match text(requirement, "operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => continue,
        };
        parts.push((key.to_owned(), part));
    }
    parts.sort_by(|(a, _), (b, _)| a.cmp(b));
    parts
        .into_iter()
        .map(|(_, part)| part)
        .collect::<Vec<_>>()
        .join(",")
}

/// A map of labels as tables show it.
pub(crate) fn shown_labels(labels: &Value) -> String {
    let fields = labels.as_object().into_iter().flatten();
    let mut parts: Vec<String> = fields
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    parts.sort();
    if parts.is_empty() {
        "<none>".into()
    } else {
        parts.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_match_and_print() {
        let selector = json!({
            "matchLabels": {"tier": "web", "app": "shop"},
            "matchExpressions": [
                {"key": "zone", "operator": "In", "values": ["b", "a"]},
                {"key": "old", "operator": "DoesNotExist"},
            ],
        });
        assert_eq!(written(&selector), "app=shop,!old,tier=web,zone in (a,b)");
        assert!(matches(
            &selector,
            &json!({"tier": "web", "app": "shop", "zone": "a"})
        ));
        assert!(!matches(
            &selector,
            &json!({"tier": "web", "app": "shop", "zone": "c"})
        ));
        assert!(!matches(
            &selector,
            &json!({"tier": "web", "app": "shop", "zone": "a", "old": ""})
        ));
        assert_eq!(shown(&json!({})), "<none>");
    }
}
