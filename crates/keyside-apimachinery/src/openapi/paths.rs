//! Paths and their operations. kubectl finds the kind of a resource here, and whether the server understands
//! `dryRun`, `fieldManager` and `fieldValidation`.

use super::definitions::PATCH;
use super::operations::{COLLECTION, CREATE_INSIDE, LIST, OBJECT, Operation, PRETTY, QUERY};
use super::{Dialect, definition_name, kind_mark};
use crate::resource::{GroupVersionKind, Resource, Subresource};
use crate::schema::Source;
use serde_json::{Map, Value, json};

/// All paths of the resources.
pub(super) fn of(resources: &[&Resource], dialect: Dialect) -> Map<String, Value> {
    let mut paths = Map::new();
    for resource in resources {
        let root = match resource.gvk.group.as_str() {
            "" => format!("/api/{}", resource.gvk.version),
            group => format!("/apis/{group}/{}", resource.gvk.version),
        };
        let plural = &resource.plural;
        let place = Place {
            resource,
            dialect,
            kind: &resource.gvk,
            part: "",
        };
        let collection = if resource.namespaced {
            if resource.verbs.iter().any(|verb| verb == "list") {
                let all = place.item(&[LIST], &resource.verbs, "ForAllNamespaces", false);
                paths.insert(format!("{root}/{plural}"), all);
            }
            format!("{root}/namespaces/{{namespace}}/{plural}")
        } else {
            format!("{root}/{plural}")
        };
        let object = format!("{collection}/{{name}}");
        add(
            &mut paths,
            &collection,
            place.item(&COLLECTION, &resource.verbs, "", resource.namespaced),
        );
        add(
            &mut paths,
            &object,
            place.item(&OBJECT, &resource.verbs, "", resource.namespaced),
        );
        for subresource in &resource.subresources {
            let (name, kind, verbs) = describe(subresource, resource);
            let part = Place {
                kind: &kind,
                part: name,
                ..place
            };
            let operations = OBJECT.iter().chain([&CREATE_INSIDE]);
            let item = part.item(operations, &verbs, "", resource.namespaced);
            add(&mut paths, &format!("{object}/{name}"), item);
        }
    }
    paths.sort_keys();
    paths
}

fn add(paths: &mut Map<String, Value>, path: &str, item: Value) {
    let operations = item
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != "parameters");
    if operations.count() > 0 {
        paths.insert(path.to_owned(), item);
    }
}

/// Path segment, kind and verbs of a subresource.
fn describe<'a>(
    subresource: &'a Subresource,
    resource: &Resource,
) -> (&'a str, GroupVersionKind, Vec<String>) {
    let verbs = |verbs: &[&str]| verbs.iter().map(|&verb| verb.to_owned()).collect();
    match subresource {
        Subresource::Status => ("status", resource.gvk.clone(), verbs(&["get", "patch", "update"])),
        Subresource::Scale { .. } => {
            let [group, version, kind] = ["autoscaling", "v1", "Scale"].map(String::from);
            (
                "scale",
                GroupVersionKind { group, version, kind },
                verbs(&["get", "patch", "update"]),
            )
        }
        Subresource::Special {
            name,
            kind,
            verbs: given,
        } => (name, kind.clone(), verbs(given)),
    }
}

/// A resource or a part of it, at its path.
#[derive(Clone, Copy)]
struct Place<'a> {
    resource: &'a Resource,
    dialect: Dialect,
    /// The kind that is read and written here.
    kind: &'a GroupVersionKind,
    /// Path segment of the subresource, or empty.
    part: &'a str,
}

impl Place<'_> {
    /// The path item with those of the operations that the verbs allow.
    fn item<'o>(
        self,
        operations: impl IntoIterator<Item = &'o Operation>,
        verbs: &[String],
        suffix: &str,
        namespaced: bool,
    ) -> Value {
        let mut item = Map::new();
        let mut of_object = false;
        for operation in operations {
            if verbs.iter().any(|verb| verb == operation.verb) {
                let collection = matches!(operation.action, "list" | "deletecollection");
                of_object |= !collection && (operation.action != "post" || !self.part.is_empty());
                item.insert(
                    operation.method.into(),
                    self.operation(operation, suffix, namespaced),
                );
            }
        }
        let mut parameters = Vec::new();
        if of_object {
            parameters.push(self.path_parameter("name", &format!("name of the {}", self.resource.gvk.kind)));
        }
        if namespaced {
            parameters.push(self.path_parameter("namespace", "the namespace of the object"));
        }
        parameters.push(self.query_parameter(PRETTY));
        item.insert("parameters".into(), parameters.into());
        item.into()
    }

    fn operation(self, operation: &Operation, suffix: &str, namespaced: bool) -> Value {
        let Operation { action, id, .. } = *operation;
        let scope = if namespaced { "Namespaced" } else { "" };
        let (verb, rest) = match id.strip_suffix("Collection") {
            Some(verb) => (verb, "Collection"),
            None => (id, ""),
        };
        let group = group_title(&self.resource.gvk.group);
        let version = capital(&self.resource.gvk.version);
        let (kind, part) = (&self.resource.gvk.kind, capital(self.part));
        let mut parameters: Vec<Value> = QUERY
            .iter()
            .filter(|(name, ..)| operation.query.contains(name))
            .map(|q| self.query_parameter(*q))
            .collect();
        // What is not read or written but opened (`exec`) has options for a kind.
        let connects = self.kind.kind.ends_with("Options");
        let action = if connects { "connect" } else { action };
        let (verb, rest) = if connects {
            ("connect", capital(operation.method))
        } else {
            (verb, rest.to_owned())
        };
        let mut out = json!({
            "tags": [tag(&self.resource.gvk)],
            "description": format!("{verb} {kind}"),
            "operationId": format!("{verb}{group}{version}{rest}{scope}{kind}{part}{suffix}"),
            "responses": self.responses(action),
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": kind_mark(self.kind),
        });
        match (self.body(action), self.dialect) {
            (Some((body, media)), Dialect::V3) => {
                let content = media
                    .iter()
                    .map(|media| ((*media).to_owned(), json!({"schema": body})));
                out["requestBody"] =
                    json!({"content": content.collect::<Map<_, _>>(), "required": action != "delete"});
            }
            (Some((body, media)), Dialect::V2) => {
                let required = action != "delete";
                parameters.push(json!({"name": "body", "in": "body", "required": required, "schema": body}));
                out["consumes"] = json!(media);
            }
            (None, _) => {}
        }
        if self.dialect == Dialect::V2 {
            out["produces"] = json!(["application/json", "application/yaml"]);
        }
        out["parameters"] = parameters.into();
        out
    }

    /// What is sent, and in which forms.
    fn body(self, action: &str) -> Option<(Value, Vec<&'static str>)> {
        let name = match action {
            "post" | "put" => definition_name(self.kind),
            "delete" | "deletecollection" => "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions".into(),
            "patch" => {
                let built_in = matches!(self.resource.schema.source, Source::Definition(_));
                let strategic = built_in.then_some("application/strategic-merge-patch+json");
                let all = [
                    "application/apply-patch+yaml",
                    "application/json-patch+json",
                    "application/merge-patch+json",
                ];
                return Some((
                    self.dialect.reference(PATCH),
                    all.into_iter().chain(strategic).collect(),
                ));
            }
            _ => return None,
        };
        Some((
            self.reference(&name),
            vec!["application/json", "application/yaml"],
        ))
    }

    fn responses(self, action: &str) -> Value {
        let name = match action {
            "list" => {
                let kind = self.resource.list_kind.clone();
                definition_name(&GroupVersionKind {
                    kind,
                    ..self.resource.gvk.clone()
                })
            }
            "delete" | "deletecollection" => "io.k8s.apimachinery.pkg.apis.meta.v1.Status".into(),
            _ => definition_name(self.kind),
        };
        let schema = self.reference(&name);
        let ok = match self.dialect {
            Dialect::V2 => json!({"description": "OK", "schema": schema}),
            Dialect::V3 => json!({"description": "OK", "content": {"application/json": {"schema": schema}}}),
        };
        let mut responses = json!({"200": ok, "401": {"description": "Unauthorized"}});
        if matches!(action, "post" | "put") {
            responses["201"] = responses["200"].clone();
            responses["201"]["description"] = "Created".into();
        }
        responses
    }

    /// A reference to a definition that is in the document; what has none (`exec`) is text.
    fn reference(self, name: &str) -> Value {
        let custom = matches!(self.resource.schema.source, Source::Custom(_));
        let known = name.starts_with("io.k8s.") || custom;
        if known {
            self.dialect.reference(name)
        } else {
            json!({"type": "string"})
        }
    }

    fn path_parameter(self, name: &str, description: &str) -> Value {
        self.parameter(name, "string", description, "path")
    }

    fn query_parameter(self, (name, kind, description): (&str, &str, &str)) -> Value {
        self.parameter(name, kind, description, "query")
    }

    fn parameter(self, name: &str, kind: &str, description: &str, place: &str) -> Value {
        let mut parameter =
            json!({"name": name, "in": place, "description": description, "uniqueItems": true});
        if place == "path" {
            parameter["required"] = true.into();
        }
        match self.dialect {
            Dialect::V2 => parameter["type"] = kind.into(),
            Dialect::V3 => {
                parameter["schema"] = json!({"type": kind, "uniqueItems": true});
                if let Some(fields) = parameter.as_object_mut() {
                    fields.shift_remove("uniqueItems");
                }
            }
        }
        parameter
    }
}

/// `rbacAuthorization_v1`.
fn tag(gvk: &GroupVersionKind) -> String {
    let title = group_title(&gvk.group);
    let (first, rest) = title.split_at(1);
    format!("{}{rest}_{}", first.to_lowercase(), gvk.version)
}

/// `RbacAuthorization` of `rbac.authorization.k8s.io`.
fn group_title(group: &str) -> String {
    let group = if group.is_empty() {
        "core"
    } else {
        group.trim_end_matches(".k8s.io")
    };
    group.split(['.', '-']).map(capital).collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
