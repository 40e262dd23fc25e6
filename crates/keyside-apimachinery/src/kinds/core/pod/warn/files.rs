//! Files of a volume that hide each other.

use crate::kinds::access::{list, same, text};
use serde_json::Value;

/// A file a volume writes, and which part of the volume writes it.
#[derive(Clone)]
struct File<'a> {
    path: &'a str,
    origin: String,
}

impl File<'_> {
    fn shown(&self) -> String {
        if self.origin.is_empty() {
            format!("{:?}", self.path)
        } else {
            format!("{:?} ({})", self.path, self.origin)
        }
    }
}

/// Warnings about files at one path, or one below another.
pub(super) fn overlapping(warnings: &mut Vec<String>, volumes: &[Value]) {
    for volume in volumes {
        let name = text(volume, "name");
        for (field, kind, object) in [
            ("configMap", "ConfigMap", "name"),
            ("secret", "Secret", "secretName"),
            ("downwardAPI", "DownwardAPI", ""),
        ] {
            let source = &volume[field];
            let files: Vec<File<'_>> = paths(source)
                .map(|path| File {
                    path,
                    origin: String::new(),
                })
                .collect();
            compare(warnings, name, &named(kind, source, object), files);
        }
        let mut files = Vec::new();
        for source in list(&volume["projected"], "sources") {
            if same(source, &Value::Null) {
                warnings.push(format!("volume {name:?} (Projected) has no sources provided"));
            }
            files.extend(projected(source));
        }
        compare(warnings, name, "Projected", files);
    }
}

fn compare(warnings: &mut Vec<String>, volume: &str, kind: &str, files: Vec<File<'_>>) {
    let mut before: Vec<File<'_>> = Vec::new();
    for file in files.into_iter().filter(|file| !file.path.is_empty()) {
        for other in before.iter().filter(|other| overlap(file.path, other.path)) {
            let (file, other) = (file.shown(), other.shown());
            warnings.push(format!(
                "volume {volume:?} ({kind}): overlapping paths: {file} with {other}"
            ));
        }
        before.push(file);
    }
}

fn overlap(one: &str, other: &str) -> bool {
    let below = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    one == other || below(one, other) || below(other, one)
}

/// The files one source of a projected volume writes.
fn projected(source: &Value) -> Vec<File<'_>> {
    for (field, kind, object) in [
        ("configMap", "ConfigMap", "name"),
        ("secret", "Secret", "name"),
        ("downwardAPI", "DownwardAPI", ""),
    ] {
        let origin = named(kind, &source[field], object);
        let files: Vec<File<'_>> = paths(&source[field])
            .map(|path| File {
                path,
                origin: origin.clone(),
            })
            .collect();
        if !files.is_empty() {
            return files;
        }
    }
    let token = &source["serviceAccountToken"];
    let path = text(token, "path").trim_end_matches('/');
    let origin = "ServiceAccountToken".to_owned();
    token
        .is_object()
        .then_some(File { path, origin })
        .into_iter()
        .collect()
}

fn paths(source: &Value) -> impl Iterator<Item = &str> {
    list(source, "items")
        .iter()
        .map(|item| text(item, "path").trim_end_matches('/'))
}

fn named(kind: &str, source: &Value, field: &str) -> String {
    if field.is_empty() {
        kind.into()
    } else {
        format!("{kind} {:?}", text(source, field))
    }
}

#[cfg(test)]
mod tests {
    use super::overlapping;
    use serde_json::json;

    #[test]
    fn files_hide_each_other() {
        let volumes = [
            json!({"name": "a", "secret": {"secretName": "s", "items": [{"path": "x"}, {"path": "x/y"}, {"path": "xy"}]}}),
            json!({"name": "b", "projected": {"sources": [
                {},
                {"configMap": {"name": "c", "items": [{"path": "token"}]}},
                {"serviceAccountToken": {"path": "token"}},
            ]}}),
        ];
        let mut warnings = Vec::new();
        overlapping(&mut warnings, &volumes);
        assert_eq!(
            warnings,
            [
                "volume \"a\" (Secret \"s\"): overlapping paths: \"x/y\" with \"x\"",
                "volume \"b\" (Projected) has no sources provided",
                "volume \"b\" (Projected): overlapping paths: \"token\" (ServiceAccountToken) with \"token\" (ConfigMap \
                 \"c\")",
            ]
        );
    }
}
