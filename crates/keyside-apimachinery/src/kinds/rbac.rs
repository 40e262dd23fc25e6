//! Roles and who has them.

use super::access::{fill_text, inside, is_set, items, list, text};
use super::checks::{Errors, immutable, label_selector, required, sentences};
use super::kind::{AGE, ColumnRow, Kind, NAME};
use super::name;
use super::path::Path;
use super::print::age;
use super::served::Group;
use crate::resource::Resource;
use crate::status::FieldError;
use serde_json::Value;

const RBAC: Group = Group {
    name: GROUP,
    version: "v1",
};
const GROUP: &str = "rbac.authorization.k8s.io";

/// Resources of `/apis/rbac.authorization.k8s.io/v1`.
pub(super) fn resources() -> Vec<Resource> {
    vec![
        RBAC.cluster("ClusterRoleBinding", "clusterrolebindings", CLUSTER_BINDING)
            .done(),
        RBAC.cluster("ClusterRole", "clusterroles", CLUSTER_ROLE).done(),
        RBAC.namespaced("RoleBinding", "rolebindings", BINDING).done(),
        RBAC.namespaced("Role", "roles", ROLE).done(),
    ]
}

const ROLE: Kind = Kind {
    validate_create: |role, _| rules(role, true),
    validate_update: |new, _, _| rules(new, true),
    columns: &[NAME, ("Created At", "date", "", 0, "When it was created.")],
    cells: created,
    name: |name, _| name::path_segment(name, false),
    ..Kind::PLAIN
};

const CLUSTER_ROLE: Kind = Kind {
    validate_create: |role, _| cluster_role(role),
    validate_update: |new, _, _| cluster_role(new),
    ..ROLE
};

const BINDING: Kind = Kind {
    default,
    validate_create: |binding, _| validate(binding, true),
    validate_update: |new, old, _| update(new, old, true),
    columns: COLUMNS,
    cells: binding_cells,
    ..ROLE
};

const CLUSTER_BINDING: Kind = Kind {
    validate_create: |binding, _| validate(binding, false),
    validate_update: |new, old, _| update(new, old, false),
    ..BINDING
};

const COLUMNS: &[ColumnRow] = &[
    NAME,
    ("Role", "string", "", 0, "Role that is given."),
    AGE,
    ("Users", "string", "", 1, "Users who have it."),
    ("Groups", "string", "", 1, "Groups who have it."),
    (
        "ServiceAccounts",
        "string",
        "",
        1,
        "Service accounts that have it.",
    ),
];

fn created(role: &Value, _: &str) -> Vec<Value> {
    vec![
        role["metadata"]["name"].clone(),
        role["metadata"]["creationTimestamp"].clone(),
    ]
}

fn default(binding: &mut Value) {
    if let Some(role) = inside(binding, "roleRef") {
        fill_text(role, "apiGroup", GROUP);
    }
    for subject in items(binding, "subjects") {
        if matches!(text(subject, "kind"), "User" | "Group") {
            fill_text(subject, "apiGroup", GROUP);
        }
    }
}

fn cluster_role(role: &Value) -> Errors {
    let mut errors = rules(role, false);
    let path = Path::new("aggregationRule.clusterRoleSelectors");
    let selectors = list(&role["aggregationRule"], "clusterRoleSelectors");
    if is_set(role, "aggregationRule") && selectors.is_empty() {
        let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
        errors.push(FieldError::required(&path, detail));
    }
    for (i, selector) in selectors.iter().enumerate() {
        let before = errors.len();
        label_selector(&mut errors, &path.index(i), selector);
        if errors.len() > before {
            let detail = "invalid label selector.";
            errors.push(FieldError::invalid(path.index(i), Value::Null, detail));
        }
    }
    errors
}

fn rules(role: &Value, namespaced: bool) -> Errors {
    let mut errors = Errors::new();
    for (i, rule) in list(role, "rules").iter().enumerate() {
        let path = Path::new("rules").index(i);
        let is_empty = |field: &str| list(rule, field).is_empty();
        if is_empty("verbs") {
            errors.push(FieldError::required(path.at("verbs"), ""));
        }
        let resources = [
            ("apiGroups", "resource rules must supply at least one api group"),
            ("resources", "resource rules must supply at least one resource"),
        ];
        if is_empty("nonResourceURLs") {
            let missing = resources.into_iter().filter(|(field, _)| is_empty(field));
            errors.extend(missing.map(|(field, detail)| FieldError::required(path.at(field), detail)));
            continue;
        }
        let mut wrong = |detail: &str| {
            let value = rule["nonResourceURLs"].clone();
            errors.push(FieldError::invalid(path.at("nonResourceURLs"), value, detail));
        };
        if namespaced {
            wrong("namespaced rules cannot apply to non-resource URLs");
        }
        if ["apiGroups", "resources", "resourceNames"]
            .into_iter()
            .any(|field| !is_empty(field))
        {
            wrong("rules cannot apply to both regular resources and non-resource URLs");
        }
    }
    errors
}

fn validate(binding: &Value, namespaced: bool) -> Errors {
    let mut errors = Errors::new();
    let (role, path) = (&binding["roleRef"], Path::new("roleRef"));
    let group = text(role, "apiGroup");
    if group != GROUP {
        errors.push(FieldError::not_supported(path.at("apiGroup"), group, &[GROUP]));
    }
    let kinds: &[&str] = if namespaced {
        &["Role", "ClusterRole"]
    } else {
        &["ClusterRole"]
    };
    let kind = text(role, "kind");
    if !kinds.contains(&kind) {
        errors.push(FieldError::not_supported(path.at("kind"), kind, kinds));
    }
    let role = text(role, "name");
    required(&mut errors, &path.at("name"), role);
    sentences(
        &mut errors,
        &path.at("name"),
        role,
        name::path_segment(role, false),
    );
    for (i, one) in list(binding, "subjects").iter().enumerate() {
        subject(&mut errors, &Path::new("subjects").index(i), one, namespaced);
    }
    errors
}

fn subject(errors: &mut Errors, path: &Path, subject: &Value, namespaced: bool) {
    let (own, group) = (text(subject, "name"), text(subject, "apiGroup"));
    required(errors, &path.at("name"), own);
    let wanted = match text(subject, "kind") {
        "ServiceAccount" => {
            if !own.is_empty() {
                sentences(errors, &path.at("name"), own, name::subdomain(own, false));
            }
            if !namespaced {
                required(errors, &path.at("namespace"), text(subject, "namespace"));
            }
            ""
        }
        "User" | "Group" => GROUP,
        other => {
            let kinds = ["ServiceAccount", "User", "Group"];
            errors.push(FieldError::not_supported(path.at("kind"), other, &kinds));
            return;
        }
    };
    if group != wanted {
        errors.push(FieldError::not_supported(path.at("apiGroup"), group, &[wanted]));
    }
}

/// Whom a binding names may change; what it gives may not, because that would be another grant under an old name.
fn update(new: &Value, old: &Value, namespaced: bool) -> Errors {
    let mut errors = validate(new, namespaced);
    immutable(
        &mut errors,
        &Path::new("roleRef"),
        &new["roleRef"],
        &old["roleRef"],
    );
    errors
}

fn binding_cells(binding: &Value, now: &str) -> Vec<Value> {
    let role = &binding["roleRef"];
    let mut cells = vec![
        binding["metadata"]["name"].clone(),
        format!("{}/{}", text(role, "kind"), text(role, "name")).into(),
        age(binding, now).into(),
    ];
    cells.extend(["User", "Group", "ServiceAccount"].map(|kind| {
        let subjects = list(binding, "subjects")
            .iter()
            .filter(|subject| text(subject, "kind") == kind);
        let shown = subjects.map(|subject| {
            let name = text(subject, "name");
            match text(subject, "namespace") {
                namespace if kind == "ServiceAccount" && !namespace.is_empty() => {
                    format!("{namespace}/{name}")
                }
                _ => name.to_owned(),
            }
        });
        Value::from(shown.collect::<Vec<_>>().join(", "))
    }));
    cells
}

#[cfg(test)]
mod tests;
