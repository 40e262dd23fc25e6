//! What an account may do, and where.

use serde::{Deserialize, Serialize};

use crate::name::Repository;

/// Something that is done to a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Read manifests, blobs, lists.
    Pull,
    /// Write manifests and blobs.
    Push,
    /// Remove them.
    Delete,
}

impl Action {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
        }
    }

    pub(crate) fn parse(name: &str) -> Vec<Self> {
        match name {
            "pull" => vec![Self::Pull],
            "push" => vec![Self::Push],
            "delete" => vec![Self::Delete],
            "*" => vec![Self::Pull, Self::Push, Self::Delete],
            _ => Vec::new(),
        }
    }
}

/// What is allowed, by repository or by everything below a path.
///
/// ```
/// use keyside_registry::Rights;
/// let developer = Rights::none().pull("base").push("shop");   // base, base/java, shop, shop/web; but not shop-b
/// let robot = Rights::none().pull("");                        // every repository
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights(Vec<Right>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Right {
    below: String,
    actions: Vec<Action>,
}

impl Rights {
    /// Nothing at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// Everything in every repository.
    pub fn all() -> Self {
        Self::none().push("")
    }

    /// Adds the right to pull from a repository and from those below it. The empty path is every repository.
    #[must_use]
    pub fn pull(self, below: &str) -> Self {
        self.with(below, &[Action::Pull])
    }

    /// Adds the right to pull, push and delete in a repository and in those below it. The empty path is every repository.
    #[must_use]
    pub fn push(self, below: &str) -> Self {
        self.with(below, &[Action::Pull, Action::Push, Action::Delete])
    }

    /// Adds rights to a repository and to those below it.
    #[must_use]
    pub fn with(mut self, below: &str, actions: &[Action]) -> Self {
        self.0.push(Right {
            below: below.trim_matches('/').to_owned(),
            actions: actions.to_vec(),
        });
        self
    }

    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is allowed.
    pub(crate) fn allow(&self, repository: &Repository, action: Action) -> bool {
        let name = repository.as_str();
        self.0.iter().any(|right| {
            let covers = right.below.is_empty()
                || name
                    .strip_prefix(right.below.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            covers && right.actions.contains(&action)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_end_at_a_segment() {
        let rights = Rights::none().pull("base").push("/shop/");
        let check = |name: &str, action, expected| {
            let repository = Repository::parse(name).unwrap();
            assert_eq!(rights.allow(&repository, action), expected, "{action:?} {name}");
        };
        check("shop", Action::Push, true);
        check("shop/web", Action::Delete, true);
        check("shop-b", Action::Pull, false);
        check("base/java", Action::Pull, true);
        check("base", Action::Push, false);
        assert!(Rights::all().allow(&Repository::parse("x/y").unwrap(), Action::Push));
        assert!(!Rights::none().allow(&Repository::parse("x/y").unwrap(), Action::Pull));
    }
}
