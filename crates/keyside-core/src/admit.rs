//! Whether an object may be created or changed as it is: what a schema cannot say, because it depends on other objects.
//!
//! A refusal names what is in the way and what to do. What can be wrong later all the same (a Secret that appears
//! afterwards, a label that changes) is no refusal but a condition.

use crate::CredentialId;
use crate::index::{Applies, Credential, Index, Project};
use crate::select;
use keyside_api::Delivery;
use keyside_keychain::Pattern;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Why an object is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Scope `Project` outside of a Project's home namespace.
    NotProjectHome {
        /// Where the credential lives.
        namespace: String,
    },
    /// A Secret that is not keyside's has the name in a namespace where a copy would stand.
    NameTaken {
        /// The namespace.
        namespace: String,
        /// The Secret.
        name: String,
    },
    /// Another credential of the same name applies in a namespace, too.
    NameShared {
        /// The namespace.
        namespace: String,
        /// The other credential.
        other: CredentialId,
    },
    /// A text that is no registry or repository.
    Pattern {
        /// The field, with its place.
        field: String,
        /// What is wrong with it, and what may have been meant.
        error: String,
    },
    /// A selector with an operator that does not exist.
    Selector {
        /// The field.
        field: &'static str,
        /// The operator.
        operator: String,
    },
    /// A home namespace that is a system namespace or another Project's home.
    HomeTaken {
        /// The namespace.
        namespace: String,
        /// The Project that has it; none for a system namespace.
        by: Option<String>,
    },
}

/// What a refusal says of a credential of a Project that does not live where such credentials do. The home of a new Project is known
/// a moment after the Project: by this, whoever waits for it tells this refusal from others.
pub const NO_HOME: &str = "in the home namespace of a Project";

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotProjectHome { namespace } => write!(
                f,
                "`spec.scope` may be Project only {NO_HOME}, and {namespace} is none: create the credential in the Project's home namespace, or use scope Namespace"
            ),
            Self::NameTaken { namespace, name } => write!(
                f,
                "`metadata.name`: namespace {namespace} already has a Secret {name} that keyside did not make; it would not be overwritten: choose another name, or remove that Secret first"
            ),
            Self::NameShared { namespace, other } => write!(
                f,
                "`metadata.name`: {other} already delivers a Secret of this name to namespace {namespace}: choose another name"
            ),
            Self::Pattern { field, error } => write!(f, "`{field}`: {error}"),
            Self::Selector { field, operator } => write!(
                f,
                "`{field}`: there is no operator {operator}; use In, NotIn, Exists or DoesNotExist"
            ),
            Self::HomeTaken {
                namespace,
                by: Some(by),
            } => write!(
                f,
                "`spec.homeNamespace`: {namespace} is the home of Project {by}; a Project needs a home of its own"
            ),
            Self::HomeTaken { namespace, by: None } => {
                write!(
                    f,
                    "`spec.homeNamespace`: {namespace} is a system namespace; choose another one"
                )
            }
        }
    }
}

/// Whether a credential may be as it is. `former` is what it was before; what was wrong already is not held against a
/// change.
///
/// # Errors
/// It is refused, and why.
pub fn credential(index: &Index, new: &Credential, former: Option<&Credential>) -> Result<(), Refusal> {
    patterns(new)?;
    if let Applies::Cluster {
        selector: Some(selector),
        ..
    } = &new.applies
    {
        operators("spec.namespaceSelector", selector)?;
    }
    if new.applies == Applies::Project && former.is_none_or(|former| former.applies != Applies::Project) {
        let namespace = new.id.namespace.as_deref().unwrap_or_default();
        if index
            .project_at_home(namespace)
            .is_none_or(|project| !index.holds_home(project))
        {
            return Err(Refusal::NotProjectHome {
                namespace: namespace.to_owned(),
            });
        }
    }
    let before: BTreeSet<Arc<str>> = former
        .into_iter()
        .flat_map(|former| index.targets(former))
        .collect();
    let gained = index
        .targets(new)
        .into_iter()
        .filter(|namespace| !before.contains(namespace));
    for namespace in gained {
        name_is_free(index, new, &namespace)?;
    }
    Ok(())
}

/// Whether the copy of a credential could have the credential's name in a namespace.
fn name_is_free(index: &Index, credential: &Credential, namespace: &str) -> Result<(), Refusal> {
    if credential.delivery == Delivery::Node {
        return Ok(());
    }
    let name = &*credential.id.name;
    let is_source = credential
        .source
        .as_ref()
        .is_some_and(|(source_in, source)| **source_in == *namespace && **source == *name);
    let former = credential.moved_from.as_ref().and_then(|id| index.credential(id));
    let is_formers = former
        .and_then(|former| former.source.as_ref())
        .is_some_and(|(source_in, source)| **source_in == *namespace && **source == *name);
    let taken = index.secret(namespace, name).is_some() || index.is_taken_unseen(namespace, name);
    if taken && !is_source && !is_formers {
        return Err(Refusal::NameTaken {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        });
    }
    let other = index.credentials_in(namespace).find(|other| {
        other.id.name == credential.id.name
            && other.id != credential.id
            && credential.moved_from.as_ref() != Some(&other.id)
            && other.delivery != Delivery::Node
    });
    match other {
        Some(other) => Err(Refusal::NameShared {
            namespace: namespace.to_owned(),
            other: other.id.clone(),
        }),
        None => Ok(()),
    }
}

fn patterns(credential: &Credential) -> Result<(), Refusal> {
    let terms = &credential.terms;
    let registry = terms
        .registry
        .iter()
        .map(|text| ("spec.registry".to_owned(), text));
    let repositories = terms.repositories.iter().enumerate();
    let repositories = repositories.map(|(at, text)| (format!("spec.repositories[{at}]"), text));
    for (field, text) in registry.chain(repositories) {
        Pattern::parse(text).map_err(|error| Refusal::Pattern {
            field,
            error: error.to_string(),
        })?;
    }
    Ok(())
}

fn operators(
    field: &'static str,
    selector: &k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector,
) -> Result<(), Refusal> {
    let known = ["In", "NotIn", "Exists", "DoesNotExist"];
    let unknown = selector
        .match_expressions
        .iter()
        .flatten()
        .find(|one| !known.contains(&&*one.operator));
    match unknown {
        Some(one) => Err(Refusal::Selector {
            field,
            operator: one.operator.clone(),
        }),
        None => Ok(()),
    }
}

/// Whether a Project may be as it is. A namespace that another Project holds is no refusal: the older claim wins, and a
/// condition says so. But a namespace cannot join where a credential's copy would meet a Secret of its name.
///
/// # Errors
/// It is refused, and why.
pub fn project(index: &Index, new: &Project) -> Result<(), Refusal> {
    if let Some(selector) = new
        .selector
        .as_ref()
        .filter(|selector| !select::is_empty(selector))
    {
        operators("spec.namespaceSelector", selector)?;
    }
    let home = &new.home;
    if index.is_system(home) {
        return Err(Refusal::HomeTaken {
            namespace: home.to_string(),
            by: None,
        });
    }
    let former = index.project(&new.name);
    if former.is_none_or(|former| former.home != *home)
        && let Some(other) = index.project_at_home(home).filter(|other| other.name != new.name)
    {
        return Err(Refusal::HomeTaken {
            namespace: home.to_string(),
            by: Some(other.name.to_string()),
        });
    }
    let joins = |namespace: &&Arc<str>| {
        former.is_none_or(|former| !former.named.contains(*namespace))
            && index.project_of(namespace).is_none()
    };
    for namespace in new
        .named
        .iter()
        .filter(joins)
        .filter(|namespace| index.namespace(namespace).is_some())
    {
        let of_project = index
            .credentials_living_in(home)
            .filter(|one| one.applies == Applies::Project);
        for credential in of_project {
            name_is_free(index, credential, namespace)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
