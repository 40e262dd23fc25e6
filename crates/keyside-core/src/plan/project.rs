//! What a Project needs: its home namespace.

use crate::index::{Index, Project};

/// How a Project's home namespace stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// It is there.
    Stands,
    /// It has to be created.
    Absent,
    /// It is being deleted.
    Terminating,
    /// It is the home of an older Project.
    TakenBy(String),
    /// It is one of the cluster's own namespaces or keyside's.
    System,
}

/// How a Project's home namespace stands.
pub fn home(index: &Index, project: &Project) -> Home {
    if index.is_system(&project.home) {
        return Home::System;
    }
    let holder = index
        .project_at_home(&project.home)
        .filter(|holder| holder.name != project.name);
    match (holder, index.namespace(&project.home)) {
        (Some(holder), _) => Home::TakenBy(holder.name.to_string()),
        (None, None) => Home::Absent,
        (None, Some(namespace)) if namespace.terminating => Home::Terminating,
        (None, Some(_)) => Home::Stands,
    }
}
