//! Field paths as Kubernetes writes them: `spec.versions[0].schema`, `properties[metadata]`.
//!
//! A path is a plain string, because it is only ever extended and printed.

/// What Kubernetes prints where an error has no path at all (a nil `field.Path`).
pub(crate) const NO_PATH: &str = "<nil>";

/// `path.name`; the name alone below the root.
pub(crate) fn child(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// `path[key]`, for an entry of a map.
pub(crate) fn key(path: &str, key: &str) -> String {
    format!("{path}[{key}]")
}

/// `path[3]`, for an element of a list.
pub(crate) fn index(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}
