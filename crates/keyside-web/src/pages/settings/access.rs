//! Who may see and who may change credentials, as far as the reader may read roles: by roles and what they are bound to.
//! Other ways to allow something, a webhook say, only the API server knows.

use crate::call::Call;
use crate::cluster;
use crate::failure::Failure;
use crate::place::Seen;
use crate::text::Lang;
use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
use keyside_api::GROUP;
use kube::{Api, ResourceExt as _};
use std::collections::BTreeMap;

/// Rows of the table.
const MOST: usize = 100;

/// Resources that hold credentials.
const RESOURCES: [&str; 2] = ["registrycredentials", "clusterregistrycredentials"];

/// How much somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grant {
    See,
    Edit,
}

/// Somebody, how much, and where.
pub(super) struct Row {
    pub(super) subject: String,
    pub(super) grant: &'static str,
    pub(super) place: String,
}

/// Those whom roles of the cluster, and of the home of the project that is looked at, allow something; none if the reader may not
/// read roles.
pub(super) async fn rows(call: &Call, seen: &Seen) -> Result<Option<Vec<Row>>, Failure> {
    let (t, client) = (call.t(), call.client()?);
    let (roles, bindings) = tokio::try_join!(
        cluster::some::<ClusterRole>(Api::all(client.clone()), "", 1),
        cluster::some::<ClusterRoleBinding>(Api::all(client.clone()), "", 1),
    )?;
    let all = roles.iter().flat_map(|roles| &roles.items);
    let of_cluster = grants(all.map(|role| (role.name_any(), role.rules.as_deref())));
    let is_known = roles.is_some() && bindings.is_some();
    let mut found: BTreeMap<(String, String), Grant> = BTreeMap::new();
    for binding in bindings.iter().flat_map(|bindings| &bindings.items) {
        let grant = of_cluster.get(&binding.role_ref.name).copied();
        note(&mut found, binding.subjects.as_deref(), grant, t.whole_cluster());
    }
    let home = call.project().and_then(|name| seen.project(name));
    let mut is_home_known = false;
    if let Some(home) = home.map(keyside_api::Project::home_namespace) {
        let (roles, bindings) = tokio::try_join!(
            cluster::some::<Role>(Api::namespaced(client.clone(), &home), "", 1),
            cluster::some::<RoleBinding>(Api::namespaced(client.clone(), &home), "", 1),
        )?;
        is_home_known = roles.is_some() && bindings.is_some();
        let all = roles.iter().flat_map(|roles| &roles.items);
        let of_home = grants(all.map(|role| (role.name_any(), role.rules.as_deref())));
        for binding in bindings.iter().flat_map(|bindings| &bindings.items) {
            let grant = by(&binding.role_ref, &of_home, &of_cluster);
            note(&mut found, binding.subjects.as_deref(), grant, &home);
        }
    }
    Ok((is_known || is_home_known).then(|| shown(found, t)))
}

/// Those of these roles that allow something, by name.
fn grants<'a>(roles: impl Iterator<Item = (String, Option<&'a [PolicyRule]>)>) -> BTreeMap<String, Grant> {
    let granted = |(name, rules): (String, Option<&[PolicyRule]>)| Some((name, granted(rules?)?));
    roles.filter_map(granted).collect()
}

fn by(
    reference: &RoleRef,
    of_home: &BTreeMap<String, Grant>,
    of_cluster: &BTreeMap<String, Grant>,
) -> Option<Grant> {
    let roles = if reference.kind == "Role" {
        of_home
    } else {
        of_cluster
    };
    roles.get(&reference.name).copied()
}

fn note(
    found: &mut BTreeMap<(String, String), Grant>,
    subjects: Option<&[Subject]>,
    grant: Option<Grant>,
    place: &str,
) {
    let Some(grant) = grant else { return };
    for subject in subjects.unwrap_or_default() {
        let name = match &subject.namespace {
            Some(namespace) => format!("{} {namespace}/{}", subject.kind, subject.name),
            None => format!("{} {}", subject.kind, subject.name),
        };
        let known = found.entry((name, place.to_owned())).or_insert(grant);
        *known = grant.max(*known);
    }
}

fn shown(found: BTreeMap<(String, String), Grant>, t: Lang) -> Vec<Row> {
    let mut rows: Vec<((String, String), Grant)> = found.into_iter().collect();
    rows.sort_by_key(|(_, grant)| std::cmp::Reverse(*grant));
    rows.into_iter()
        .take(MOST)
        .map(|((subject, place), grant)| Row {
            subject,
            place,
            grant: match grant {
                Grant::Edit => t.may_edit(),
                Grant::See => t.may_see(),
            },
        })
        .collect()
}

/// What a role's rules allow with credentials.
fn granted(rules: &[PolicyRule]) -> Option<Grant> {
    let has = |list: Option<&Vec<String>>, wanted: &[&str]| {
        list.is_some_and(|list| {
            list.iter()
                .any(|one| one == "*" || wanted.contains(&one.as_str()))
        })
    };
    let concerns = |rule: &&PolicyRule| {
        has(rule.api_groups.as_ref(), &[GROUP]) && has(rule.resources.as_ref(), &RESOURCES)
    };
    rules
        .iter()
        .filter(concerns)
        .filter_map(|rule| {
            if has(Some(&rule.verbs), &["create", "update", "patch", "delete"]) {
                Some(Grant::Edit)
            } else if has(Some(&rule.verbs), &["get", "list", "watch"]) {
                Some(Grant::See)
            } else {
                None
            }
        })
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(group: &str, resource: &str, verb: &str) -> PolicyRule {
        let rule = json!({"apiGroups": [group], "resources": [resource], "verbs": [verb]});
        serde_json::from_value(rule).expect("a rule")
    }

    #[test]
    fn a_role_allows_what_the_strongest_of_its_rules_allows() {
        let see = rule(GROUP, "registrycredentials", "list");
        let edit = rule("*", "*", "*");
        assert_eq!(granted(std::slice::from_ref(&see)), Some(Grant::See));
        assert_eq!(granted(&[see, edit]), Some(Grant::Edit));
        let others = [
            rule("", "registrycredentials", "*"),
            rule(GROUP, "projects", "*"),
            rule(GROUP, "*", "bind"),
        ];
        assert_eq!(granted(&others), None);
    }
}
