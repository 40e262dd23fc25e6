//! The published documents: what kubectl reads to explain, validate and merge.

use crate::resource::Resource;
use serde_json::{Value, json};

/// `/openapi/v3`: where the documents of the group versions are. `hash` gives the cache key of one (`apps/v1`).
#[must_use]
pub fn v3_index(group_versions: &[&str], hash: impl Fn(&str) -> String) -> Value {
    let paths = group_versions.iter().map(|gv| {
        let path = if gv.contains('/') {
            format!("apis/{gv}")
        } else {
            format!("api/{gv}")
        };
        let url = json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={}", hash(gv))});
        (path, url)
    });
    json!({"paths": paths.collect::<serde_json::Map<_, _>>()})
}

/// `/openapi/v3/apis/{group}/{version}`: paths and schemas of one group version.
#[must_use]
pub fn v3(_group: &str, _version: &str, _resources: &[&Resource]) -> Value {
    json!({"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.37.2"}, "paths": {}})
}

/// `/openapi/v2`: everything in one document.
#[must_use]
pub fn v2(_resources: &[&Resource]) -> Value {
    json!({"swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1.37.2"}, "paths": {}, "definitions": {}})
}
