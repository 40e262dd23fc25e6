//! Tests over the list as a whole.

use super::builtin_resources;
use std::collections::HashSet;

#[test]
fn every_resource_is_listed_once() {
    let mut seen = HashSet::new();
    for resource in builtin_resources() {
        assert!(
            seen.insert((resource.api_version(), resource.plural.clone())),
            "{} twice",
            resource.plural
        );
    }
}
