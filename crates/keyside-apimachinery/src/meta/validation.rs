//! What may be a name, a label, a key: the checks of `k8s.io/apimachinery/pkg/util/validation` with their sentences.
//! Each answers with the sentences that apply, none if the text is fine.

/// A DNS label: lower case, digits, dashes; at most 63 characters.
#[must_use]
pub fn is_dns1123_label(_text: &str) -> Vec<String> {
    Vec::new()
}

/// DNS labels joined by dots; at most 253 characters.
#[must_use]
pub fn is_dns1123_subdomain(_text: &str) -> Vec<String> {
    Vec::new()
}

/// A label or annotation key: an optional DNS prefix and a name.
#[must_use]
pub fn is_qualified_name(_text: &str) -> Vec<String> {
    Vec::new()
}

/// A label's value.
#[must_use]
pub fn is_valid_label_value(_text: &str) -> Vec<String> {
    Vec::new()
}

/// A key of a `ConfigMap` or `Secret`.
#[must_use]
pub fn is_config_map_key(_text: &str) -> Vec<String> {
    Vec::new()
}

/// A DNS label that begins with a letter (Service names).
#[must_use]
pub fn is_dns1035_label(_text: &str) -> Vec<String> {
    Vec::new()
}
