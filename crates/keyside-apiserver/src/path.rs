//! What a request path is about. Kubernetes paths have no fixed pattern a router could match (`namespaces` is a
//! resource and a prefix), so they are read here.

/// The resource part of a path below `/api/v1` or `/apis/group/version`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ResourcePath {
    pub(crate) group: String,
    pub(crate) version: String,
    /// Empty outside namespaces; for a namespace object its own name, as authorization wants it.
    pub(crate) namespace: String,
    pub(crate) resource: String,
    /// Empty for collections.
    pub(crate) name: String,
    pub(crate) subresource: String,
    /// What follows the subresource (`services/proxy/some/path`); nothing here serves any.
    pub(crate) rest: String,
    /// The old form `/api/v1/watch/pods`.
    pub(crate) watch: bool,
}

/// What a path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// An object or a collection.
    Resource(ResourcePath),
    /// `/api`: versions of the core group.
    CoreVersions,
    /// `/apis`: all named groups.
    Groups,
    /// `/apis/{group}`.
    Group(String),
    /// `/api/v1` or `/apis/{group}/{version}`: resources.
    Resources {
        /// Empty for core.
        group: String,
        /// Version.
        version: String,
    },
    /// Anything else.
    Other,
}

/// Reads a path. `None` if an escape in it is broken.
pub(crate) fn parse(path: &str) -> Option<Target> {
    let decoded: Vec<String> = path.split('/').skip(1).map(unescape).collect::<Option<_>>()?;
    let mut parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
    while parts.last().is_some_and(|last| last.is_empty()) {
        parts.pop();
    }
    Some(match parts.as_slice() {
        ["api"] => Target::CoreVersions,
        ["apis"] => Target::Groups,
        ["api", version] => Target::Resources {
            group: String::new(),
            version: (*version).to_owned(),
        },
        ["apis", group] => Target::Group((*group).to_owned()),
        ["apis", group, version] => Target::Resources {
            group: (*group).to_owned(),
            version: (*version).to_owned(),
        },
        ["api", version, rest @ ..] => Target::Resource(resource("", version, rest)),
        ["apis", group, version, rest @ ..] => Target::Resource(resource(group, version, rest)),
        _ => Target::Other,
    })
}

fn resource(group: &str, version: &str, parts: &[&str]) -> ResourcePath {
    let mut out = ResourcePath {
        group: group.to_owned(),
        version: version.to_owned(),
        ..ResourcePath::default()
    };
    let mut parts = parts;
    if let ["watch", rest @ ..] = parts
        && !rest.is_empty()
    {
        out.watch = true;
        parts = rest;
    }
    // `namespaces/x/status` is a subresource of the namespace; `namespaces/x/pods` are its pods.
    if let ["namespaces", namespace, rest @ ..] = parts {
        out.namespace = (*namespace).to_owned();
        if !rest.is_empty() && !matches!(rest[0], "status" | "finalize") {
            parts = rest;
        }
    }
    let mut parts = parts.iter().copied().map(str::to_owned);
    out.resource = parts.next().unwrap_or_default();
    out.name = parts.next().unwrap_or_default();
    out.subresource = parts.next().unwrap_or_default();
    out.rest = parts.collect::<Vec<_>>().join("/");
    out
}

/// Undoes percent-encoding; `None` if it is broken or not text.
pub(crate) fn unescape(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, group: &str, namespace: &str, rest: [&str; 3]) {
        let Some(Target::Resource(found)) = parse(path) else {
            panic!("{path} is a resource")
        };
        assert_eq!(found.group, group, "{path}");
        assert_eq!(found.namespace, namespace, "{path}");
        assert_eq!(
            [&*found.resource, &*found.name, &*found.subresource],
            rest,
            "{path}"
        );
    }

    #[test]
    fn paths_name_objects_collections_and_subresources() {
        check("/api/v1/pods", "", "", ["pods", "", ""]);
        check("/api/v1/namespaces", "", "", ["namespaces", "", ""]);
        check("/api/v1/namespaces/a", "", "a", ["namespaces", "a", ""]);
        check(
            "/api/v1/namespaces/a/finalize",
            "",
            "a",
            ["namespaces", "a", "finalize"],
        );
        check(
            "/api/v1/namespaces/a/pods/b/status",
            "",
            "a",
            ["pods", "b", "status"],
        );
        check(
            "/apis/apps/v1/namespaces/a/deployments/",
            "apps",
            "a",
            ["deployments", "", ""],
        );
        check(
            "/apis/x.io/v1/things/we%20ird",
            "x.io",
            "",
            ["things", "we ird", ""],
        );
    }

    #[test]
    fn the_old_watch_prefix_is_understood() {
        let Some(Target::Resource(found)) = parse("/api/v1/watch/namespaces/a/pods") else {
            panic!()
        };
        assert!(found.watch);
        assert_eq!(found.resource, "pods");
    }

    #[test]
    fn broken_escapes_are_no_path() {
        assert_eq!(parse("/api/v1/pods/%zz"), None);
        assert_eq!(parse("/api/v1/pods/%ff"), None);
    }
}
