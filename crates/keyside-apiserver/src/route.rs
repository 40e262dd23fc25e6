//! What a path names. Kubernetes paths have suffixes after variable parts, which axum's matcher cannot express, so they
//! are taken apart here, by the rules of `k8s.io/apiserver/pkg/endpoints/request/requestinfo.go`.

/// A path of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Path {
    /// `/api`: the versions of the core group.
    CoreVersions,
    /// `/apis`: the groups.
    Groups,
    /// `/apis/GROUP`.
    Group(String),
    /// `/api/v1` or `/apis/GROUP/VERSION`: the resources of a group version.
    Resources {
        /// Empty for core.
        group: String,
        /// Version.
        version: String,
    },
    /// Objects.
    Object(Target),
    /// Anything else, such as `/version` or `/openapi/v3`.
    Other(String),
}

/// Which objects a path names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// Empty for core.
    pub(crate) group: String,
    /// Version.
    pub(crate) version: String,
    /// Empty for cluster-wide requests.
    pub(crate) namespace: String,
    /// Plural.
    pub(crate) resource: String,
    /// Empty for collections.
    pub(crate) name: String,
    /// Empty, or `status` and the like.
    pub(crate) subresource: String,
}

impl Path {
    /// Takes a path apart. Percent escapes are decoded by segment; a path that no API has is [`Path::Other`].
    pub(crate) fn parse(path: &str) -> Self {
        let parts: Vec<String> = path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(decode)
            .collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["api"] => Self::CoreVersions,
            ["apis"] => Self::Groups,
            ["apis", group] => Self::Group((*group).to_owned()),
            ["api", version] => Self::Resources {
                group: String::new(),
                version: (*version).to_owned(),
            },
            ["apis", group, version] => Self::Resources {
                group: (*group).to_owned(),
                version: (*version).to_owned(),
            },
            ["api", version, rest @ ..] => {
                objects("", version, rest).map_or_else(|| Self::Other(path.to_owned()), Self::Object)
            }
            ["apis", group, version, rest @ ..] => {
                objects(group, version, rest).map_or_else(|| Self::Other(path.to_owned()), Self::Object)
            }
            _ => Self::Other(path.to_owned()),
        }
    }
}

/// `RESOURCE[/NAME[/SUB]]`, below `namespaces/NS` or not. `namespaces/NAME`, `namespaces/NAME/status` and
/// `namespaces/NAME/finalize` are about the namespace itself.
fn objects(group: &str, version: &str, parts: &[&str]) -> Option<Target> {
    let base = Target {
        group: group.to_owned(),
        version: version.to_owned(),
        ..Target::default()
    };
    let (namespace, parts) = match parts {
        ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => ("", parts),
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
        _ => ("", parts),
    };
    let (resource, name, subresource) = match parts {
        [resource] => (*resource, "", String::new()),
        [resource, name] => (*resource, *name, String::new()),
        // `services/x/proxy/any/path` and the like: the rest belongs to the subresource.
        [resource, name, rest @ ..] => (*resource, *name, rest.join("/")),
        [] => return None,
    };
    let own = |text: &str| text.to_owned();
    Some(Target {
        namespace: own(namespace),
        resource: own(resource),
        name: own(name),
        subresource,
        ..base
    })
}

/// Decodes percent escapes; bytes that are no UTF-8 become U+FFFD, which names no object.
fn decode(segment: &str) -> String {
    if !segment.contains('%') {
        return segment.to_owned();
    }
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| segment.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Path, Target};

    fn target(path: &str) -> Target {
        match Path::parse(path) {
            Path::Object(target) => target,
            other => panic!("{path} is {other:?}"),
        }
    }

    fn check(path: &str, expected: [&str; 6]) {
        let Target {
            group,
            version,
            namespace,
            resource,
            name,
            subresource,
        } = target(path);
        assert_eq!(
            [group, version, namespace, resource, name, subresource],
            expected.map(str::to_owned),
            "{path}"
        );
    }

    #[test]
    fn paths_name_collections_objects_and_subresources() {
        check("/api/v1/pods", ["", "v1", "", "pods", "", ""]);
        check("/api/v1/namespaces/a/pods", ["", "v1", "a", "pods", "", ""]);
        check("/api/v1/namespaces/a/pods/x", ["", "v1", "a", "pods", "x", ""]);
        check(
            "/api/v1/namespaces/a/pods/x/status",
            ["", "v1", "a", "pods", "x", "status"],
        );
        check(
            "/apis/apps/v1/namespaces/a/deployments/x/scale",
            ["apps", "v1", "a", "deployments", "x", "scale"],
        );
        check(
            "/api/v1/namespaces/a/services/x/proxy/y/z",
            ["", "v1", "a", "services", "x", "proxy/y/z"],
        );
        check(
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
            [
                "rbac.authorization.k8s.io",
                "v1",
                "",
                "clusterroles",
                "system:node",
                "",
            ],
        );
    }

    #[test]
    fn a_namespace_is_itself_an_object() {
        check("/api/v1/namespaces", ["", "v1", "", "namespaces", "", ""]);
        check("/api/v1/namespaces/a", ["", "v1", "", "namespaces", "a", ""]);
        check(
            "/api/v1/namespaces/a/status",
            ["", "v1", "", "namespaces", "a", "status"],
        );
        check(
            "/api/v1/namespaces/a/finalize",
            ["", "v1", "", "namespaces", "a", "finalize"],
        );
    }

    #[test]
    fn discovery_and_other_paths_are_told_apart() {
        assert_eq!(Path::parse("/api"), Path::CoreVersions);
        assert_eq!(Path::parse("/apis/"), Path::Groups);
        assert_eq!(Path::parse("/apis/apps"), Path::Group("apps".into()));
        assert_eq!(
            Path::parse("/api/v1"),
            Path::Resources {
                group: String::new(),
                version: "v1".into()
            }
        );
        assert_eq!(
            Path::parse("/openapi/v3/api/v1"),
            Path::Other("/openapi/v3/api/v1".into())
        );
    }
}
