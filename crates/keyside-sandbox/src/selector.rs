//! Label selectors, as far as objects carry them.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use std::collections::BTreeMap;

type Labels = BTreeMap<String, String>;

/// Whether a selector takes these labels. An empty one takes everything.
pub(crate) fn matches(selector: &LabelSelector, labels: Option<&Labels>) -> bool {
    let value = |key: &str| labels.and_then(|labels| labels.get(key)).map(String::as_str);
    let exact = selector
        .match_labels
        .iter()
        .flatten()
        .all(|(key, wanted)| value(key) == Some(wanted));
    exact
        && selector.match_expressions.iter().flatten().all(|one| {
            let LabelSelectorRequirement {
                key,
                operator,
                values,
            } = one;
            requirement(operator, values.as_deref().unwrap_or_default(), value(key))
        })
}

/// Whether a service's or replication controller's plain selector takes these labels. An empty one takes nothing.
pub(crate) fn matches_map(selector: &Labels, labels: Option<&Labels>) -> bool {
    !selector.is_empty()
        && selector
            .iter()
            .all(|(key, wanted)| labels.and_then(|labels| labels.get(key)) == Some(wanted))
}

/// One requirement of a label or node selector.
pub(crate) fn requirement(operator: &str, values: &[String], value: Option<&str>) -> bool {
    let listed = |value: &str| values.iter().any(|one| one == value);
    match operator {
        "In" => value.is_some_and(listed),
        "NotIn" => !value.is_some_and(listed),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" | "Lt" => compare(operator, values, value).unwrap_or(false),
        _ => false,
    }
}

fn compare(operator: &str, values: &[String], value: Option<&str>) -> Option<bool> {
    let (value, limit) = (value?.parse::<i64>().ok()?, values.first()?.parse::<i64>().ok()?);
    Some(if operator == "Gt" {
        value > limit
    } else {
        value < limit
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(selector: serde_json::Value, expected: bool) {
        let parsed: LabelSelector = serde_json::from_value(selector.clone()).unwrap();
        let labels = BTreeMap::from([
            ("app".to_owned(), "web".to_owned()),
            ("size".to_owned(), "7".to_owned()),
        ]);
        assert_eq!(matches(&parsed, Some(&labels)), expected, "{selector}");
    }

    #[test]
    fn every_operator_decides() {
        check(json!({}), true);
        check(json!({ "matchLabels": { "app": "web" } }), true);
        check(json!({ "matchLabels": { "app": "db" } }), false);
        for (key, operator, values, expected) in [
            ("app", "In", vec!["web", "db"], true),
            ("app", "NotIn", vec!["web"], false),
            ("none", "NotIn", vec!["web"], true),
            ("app", "Exists", vec![], true),
            ("none", "DoesNotExist", vec![], true),
            ("size", "Gt", vec!["6"], true),
            ("size", "Lt", vec!["6"], false),
            ("app", "Gt", vec!["6"], false),
        ] {
            check(
                json!({ "matchExpressions": [{ "key": key, "operator": operator, "values": values }] }),
                expected,
            );
        }
    }

    #[test]
    fn an_empty_plain_selector_takes_nothing() {
        assert!(!matches_map(&BTreeMap::new(), None));
    }
}
