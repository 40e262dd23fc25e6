//! Which namespaces a selector or an exclusion pattern means.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use std::collections::BTreeMap;

/// Labels as objects carry them.
pub type Labels = BTreeMap<String, String>;

/// Whether the selector selects an object with these labels. An empty selector selects everything, as in Kubernetes; an
/// unknown operator selects nothing.
pub fn selects(selector: &LabelSelector, labels: &Labels) -> bool {
    let equal = selector
        .match_labels
        .iter()
        .flatten()
        .all(|(key, value)| labels.get(key) == Some(value));
    equal
        && selector.match_expressions.iter().flatten().all(|expression| {
            let value = labels.get(&expression.key);
            let listed =
                || value.is_some_and(|value| expression.values.iter().flatten().any(|one| one == value));
            match expression.operator.as_str() {
                "In" => listed(),
                "NotIn" => !listed(),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        })
}

/// Whether the selector says nothing.
pub fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.iter().flatten().next().is_none()
        && selector.match_expressions.iter().flatten().next().is_none()
}

/// Whether a pattern means this name. `*` stands for any characters, and a pattern always means the whole name: `prod*`
/// is not for `my-prod`, and `*-dev` is not for `shop-dev2`.
pub fn glob(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(selector: serde_json::Value, labels: &[(&str, &str)], expected: bool) {
        let selector: LabelSelector = serde_json::from_value(selector).unwrap();
        let labels = labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(
            selects(&selector, &labels),
            expected,
            "{selector:?} on {labels:?}"
        );
    }

    #[test]
    fn labels_and_expressions_must_all_hold() {
        check(json!({}), &[], true);
        check(
            json!({"matchLabels": {"tier": "prod"}}),
            &[("tier", "prod"), ("a", "b")],
            true,
        );
        check(
            json!({"matchLabels": {"tier": "prod"}}),
            &[("tier", "dev")],
            false,
        );
        let expression = |operator: &str| json!({"matchExpressions": [{"key": "tier", "operator": operator, "values": ["a", "b"]}]});
        check(expression("In"), &[("tier", "b")], true);
        check(expression("In"), &[], false);
        check(expression("NotIn"), &[], true);
        check(expression("NotIn"), &[("tier", "a")], false);
        check(expression("Exists"), &[("tier", "x")], true);
        check(expression("DoesNotExist"), &[("tier", "x")], false);
        check(expression("Near"), &[("tier", "a")], false);
    }

    #[test]
    fn f21_globs_are_anchored_at_both_ends() {
        let cases = [
            ("prod", "prod", true),
            ("prod", "prod-eu", false),
            ("prod*", "prod-eu", true),
            ("prod*", "my-prod", false),
            ("*-dev", "shop-dev", true),
            ("*-dev", "shop-dev2", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("**", "x", true),
            ("", "x", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(glob(pattern, name), expected, "{pattern} on {name}");
        }
    }
}
