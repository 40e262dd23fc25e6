//! Where a credential lives and applies, as one value.

mod seen;
mod table;

pub(crate) use seen::{Chosen, FEW, Seen, permitted};

use super::text::Lang;
use keyside_api::{SYSTEM_NAMESPACE, Scope};

/// Namespace, project or cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Namespace(String),
    Project { name: String, home: String },
    Cluster,
}

impl Place {
    /// The namespace of the Secret.
    pub(super) fn home(&self) -> &str {
        match self {
            Self::Namespace(namespace) => namespace,
            Self::Project { home, .. } => home,
            Self::Cluster => SYSTEM_NAMESPACE,
        }
    }

    /// As the command line's flag.
    pub(super) fn flag(&self) -> String {
        match self {
            Self::Namespace(namespace) => format!("-n {namespace}"),
            Self::Project { name, .. } => format!("--project {name}"),
            Self::Cluster => "--cluster".to_owned(),
        }
    }

    /// The short form of lists, as on the command line.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Namespace(namespace) => format!("ns/{namespace}"),
            Self::Project { name, .. } => format!("project/{name}"),
            Self::Cluster => "cluster".to_owned(),
        }
    }

    /// In words.
    pub(super) fn words(&self, t: Lang) -> &'static str {
        match self {
            Self::Namespace(_) => t.single_namespace(),
            Self::Project { .. } => t.all_of_project(),
            Self::Cluster => t.whole_cluster(),
        }
    }

    /// The value of the form's choice.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Namespace(_) => "namespace",
            Self::Project { .. } => "project",
            Self::Cluster => "cluster",
        }
    }

    /// Whether a namespace is one of the cluster's own, which the scope of a cluster leaves out.
    pub(super) fn is_system(namespace: &str) -> bool {
        namespace.starts_with("kube-") || namespace == SYSTEM_NAMESPACE
    }

    pub(super) fn scope(&self) -> Scope {
        match self {
            Self::Project { .. } => Scope::Project,
            _ => Scope::Namespace,
        }
    }
}
