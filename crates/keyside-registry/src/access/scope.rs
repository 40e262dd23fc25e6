//! Scopes: what a token is asked for and what it grants, as `repository:team/app:pull,push`.
//!
//! The form is that of distribution's `docs/content/spec/auth/scope.md`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::rights::{Action, Rights};
use crate::name::Repository;

/// Actions on one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scope {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    actions: Vec<String>,
}

impl Scope {
    /// Reads the scopes of a token request: several parameters, each perhaps with several scopes between blanks. What is not a scope
    /// is left out, as lacking rights are.
    pub(crate) fn parse_all<'a>(parameters: impl IntoIterator<Item = &'a str>) -> Vec<Self> {
        parameters
            .into_iter()
            .flat_map(str::split_ascii_whitespace)
            .filter_map(Self::parse)
            .collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        // The name may have a colon of its own (a host with a port), the actions have none.
        let (name, actions) = rest.rsplit_once(':')?;
        Some(Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            actions: actions
                .split(',')
                .filter(|action| !action.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    }

    /// What a challenge asks for: pushing needs pulling as well, because clients look before they push.
    pub(crate) fn needed(repository: &Repository, action: Action) -> Self {
        let actions = match action {
            Action::Push => vec![Action::Pull, Action::Push],
            other => vec![other],
        };
        Self {
            kind: "repository".to_owned(),
            name: repository.to_string(),
            actions: actions
                .into_iter()
                .map(|action| action.name().to_owned())
                .collect(),
        }
    }

    /// What remains of a request for somebody with these rights. A scope without any action stays, to show that it was asked for.
    pub(crate) fn granted(&self, rights: &Rights) -> Self {
        let repository = (self.kind == "repository")
            .then(|| Repository::parse(&self.name))
            .flatten();
        let wanted = self.actions.iter().flat_map(|name| Action::parse(name));
        let mut actions: Vec<Action> = wanted
            .filter(|action| {
                repository
                    .as_ref()
                    .is_some_and(|repository| rights.allow(repository, *action))
            })
            .collect();
        actions.sort_unstable();
        actions.dedup();
        Self {
            actions: actions
                .into_iter()
                .map(|action| action.name().to_owned())
                .collect(),
            ..self.clone()
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_about(&self, repository: &Repository) -> bool {
        self.kind == "repository" && self.name == repository.as_str()
    }

    pub(crate) fn covers(&self, repository: &Repository, action: Action) -> bool {
        self.is_about(repository) && self.actions.iter().any(|name| name == action.name())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.kind, self.name, self.actions.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parameters: &[&str], rights: &Rights) -> String {
        let asked = Scope::parse_all(parameters.iter().copied());
        let granted: Vec<String> = asked
            .iter()
            .map(|scope| scope.granted(rights).to_string())
            .collect();
        granted.join(" ")
    }

    #[test]
    fn less_is_granted_than_asked_and_never_more() {
        let rights = Rights::none().pull("base").push("shop");
        insta::assert_snapshot!(check(&["repository:shop/web:pull,push"], &rights), @"repository:shop/web:pull,push");
        insta::assert_snapshot!(check(&["repository:base:push,pull"], &rights), @"repository:base:pull");
        insta::assert_snapshot!(check(&["repository:base:* repository:other:pull", "repository:shop:*"], &rights), @"repository:base:pull repository:other: repository:shop:pull,push,delete");
        insta::assert_snapshot!(check(&["registry:catalog:*", "nonsense", "repository:Not/A/Name:pull"], &rights), @"registry:catalog: repository:Not/A/Name:");
    }
}
