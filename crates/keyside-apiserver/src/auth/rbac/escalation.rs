//! Nobody may hand out more than they have: whoever writes a role must hold its rules or the verb `escalate`, whoever
//! writes a binding must hold the role's rules or the verb `bind`.

use super::rule::{Rule, quoted};
use super::{Authorizer, is_master};
use crate::auth::{Attributes, UserInfo};
use keyside_apimachinery::status::Status;
use serde_json::Value;
use std::collections::BTreeSet;

const GROUP: &str = "rbac.authorization.k8s.io";

/// A role or binding about to be written.
pub(crate) struct Change<'a> {
    pub(crate) user: &'a UserInfo,
    /// `roles`, `clusterroles`, `rolebindings` or `clusterrolebindings`.
    pub(crate) resource: &'a str,
    /// Empty for the whole cluster.
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) new: &'a Value,
    pub(crate) old: Option<&'a Value>,
}

/// Refuses a change that gives more than its author has.
///
/// # Errors
/// 403 in Kubernetes' words, or 404 for a binding of a role that does not exist.
pub(crate) fn check(authorizer: &Authorizer, change: &Change<'_>) -> Result<(), Status> {
    if is_master(change.user) {
        return Ok(());
    }
    let verdict = match change.resource {
        "roles" | "clusterroles" => role(authorizer, change),
        _ => binding(authorizer, change)?,
    };
    verdict.map_err(|why| Status::forbidden(GROUP, change.resource, change.name, &why))
}

fn role(authorizer: &Authorizer, change: &Change<'_>) -> Result<(), String> {
    let unchanged = |old: &Value| {
        old["rules"] == change.new["rules"] && old["aggregationRule"] == change.new["aggregationRule"]
    };
    if change.old.is_some_and(unchanged)
        || holds(authorizer, change, "escalate", change.resource, change.name)
    {
        return Ok(());
    }
    // An aggregated role may come to hold anything.
    if !change.new["aggregationRule"].is_null() {
        let all = vec!["*".to_owned()];
        let everything = [
            Rule {
                verbs: all.clone(),
                groups: all.clone(),
                resources: all.clone(),
                ..Rule::default()
            },
            Rule {
                verbs: all.clone(),
                urls: all,
                ..Rule::default()
            },
        ];
        if confirm(authorizer, change.user, "", &everything).is_err() {
            return Err("must have cluster-admin privileges to use an aggregationRule".to_owned());
        }
    }
    confirm(
        authorizer,
        change.user,
        change.namespace,
        &Rule::read_all(change.new),
    )
}

fn binding(authorizer: &Authorizer, change: &Change<'_>) -> Result<Result<(), String>, Status> {
    let unchanged =
        |old: &Value| old["roleRef"] == change.new["roleRef"] && old["subjects"] == change.new["subjects"];
    let reference = &change.new["roleRef"];
    let (kind, name) = (
        reference["kind"].as_str().unwrap_or_default(),
        reference["name"].as_str().unwrap_or_default(),
    );
    let resource = if kind == "Role" { "roles" } else { "clusterroles" };
    if change.old.is_some_and(unchanged) || holds(authorizer, change, "bind", resource, name) {
        return Ok(Ok(()));
    }
    let rules = authorizer
        .role(kind, name, change.namespace)
        .map_err(|_| Status::not_found(GROUP, resource, name))?;
    Ok(confirm(authorizer, change.user, change.namespace, &rules))
}

fn holds(authorizer: &Authorizer, change: &Change<'_>, verb: &str, resource: &str, name: &str) -> bool {
    let asked = Attributes {
        user: change.user.clone(),
        verb: verb.to_owned(),
        group: GROUP.to_owned(),
        version: "v1".to_owned(),
        resource: resource.to_owned(),
        namespace: change.namespace.to_owned(),
        name: name.to_owned(),
        ..Attributes::default()
    };
    authorizer.authorize(&asked).allowed
}

fn confirm(authorizer: &Authorizer, user: &UserInfo, namespace: &str, wanted: &[Rule]) -> Result<(), String> {
    let (held, problems) = authorizer.rules_for(user, namespace);
    let missing: Vec<Rule> = wanted
        .iter()
        .flat_map(Rule::split)
        .filter(|single| !held.iter().any(|rule| rule.covers(single)))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let lines: BTreeSet<String> = compact(missing).iter().map(Rule::describe).collect();
    let lines: Vec<String> = lines.into_iter().collect();
    let mut text = format!(
        "user {:?} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        user.username,
        quoted(&user.groups),
        lines.join("\n")
    );
    if !problems.is_empty() {
        text.push_str(&format!("; resolution errors: [{}]", problems.join(" ")));
    }
    Err(text)
}

/// Single permissions on the same resource become one rule with several verbs.
fn compact(singles: Vec<Rule>) -> Vec<Rule> {
    let mut out: Vec<Rule> = Vec::new();
    for single in singles {
        let same = |rule: &&mut Rule| {
            single.urls.is_empty()
                && rule.urls.is_empty()
                && rule.names == single.names
                && (&rule.groups, &rule.resources) == (&single.groups, &single.resources)
        };
        match out.iter_mut().find(same) {
            Some(rule) => rule.verbs.extend(single.verbs),
            None => out.push(single),
        }
    }
    out
}
