//! Where a credential lives and applies, as one value, and what there is to choose from.

use super::call::Call;
use super::failure::Failure;
use super::session::lock;
use super::text::Lang;
use k8s_openapi::api::core::v1::Namespace;
use keyside_api::{Project, SYSTEM_NAMESPACE, Scope};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use std::collections::BTreeSet;

/// How many namespaces a form suggests; any other can be typed.
const SUGGESTED: u32 = 200;

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

    pub(super) fn scope(&self) -> Scope {
        match self {
            Self::Project { .. } => Scope::Project,
            _ => Scope::Namespace,
        }
    }
}

/// What of the cluster this user may see.
pub(super) struct Seen {
    pub(super) projects: Vec<Project>,
    /// Names to suggest, not more than a form can hold.
    pub(super) namespaces: Vec<String>,
    /// Whether the user may list all namespaces.
    pub(super) all: bool,
}

impl Seen {
    /// Asks for what the user may see. Who may not list namespaces or projects sees those that are known to concern them:
    /// their own, and those they have opened.
    pub(super) async fn read(call: &Call) -> Result<Self, Failure> {
        let client = call.client()?;
        let (listed, projects) = tokio::join!(suggested(&client), projects(&client));
        let (listed, projects) = (listed?, projects?);
        if let (Some(namespaces), Some(projects)) = (&listed, &projects) {
            return Ok(Self {
                projects: projects.clone(),
                namespaces: namespaces.clone(),
                all: true,
            });
        }
        let session = call.session()?;
        let mut known: BTreeSet<String> = lock(&session.namespaces).clone();
        known.extend(session.own_namespace().map(str::to_owned));
        let projects = match projects {
            Some(projects) => projects,
            None => projects_at(&client, &known).await?,
        };
        for project in &projects {
            if known.contains(&project.home_namespace()) {
                known.extend(project.spec.namespaces.iter().cloned());
            }
        }
        let all = listed.is_some();
        Ok(Self {
            projects,
            namespaces: listed.unwrap_or_else(|| known.into_iter().collect()),
            all,
        })
    }

    pub(super) fn project(&self, name: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.name_any() == name)
    }

    pub(super) fn project_at_home(&self, namespace: &str) -> Option<&Project> {
        self.projects
            .iter()
            .find(|project| project.home_namespace() == namespace)
    }

    /// A place, as a form names it.
    pub(super) fn place(&self, kind: &str, project: &str, namespace: &str) -> Option<Place> {
        match kind {
            "namespace" if !namespace.is_empty() => Some(Place::Namespace(namespace.to_owned())),
            "project" => self.project(project).map(|project| Place::Project {
                name: project.name_any(),
                home: project.home_namespace(),
            }),
            "cluster" => Some(Place::Cluster),
            _ => None,
        }
    }

    /// The namespaces a credential in this place reaches now, as far as they are known; and whether others will follow.
    pub(super) fn reach(&self, place: &Place) -> Vec<String> {
        match place {
            Place::Namespace(namespace) => vec![namespace.clone()],
            Place::Project { name, .. } => self
                .project(name)
                .map(|project| project.spec.namespaces.clone())
                .unwrap_or_default(),
            Place::Cluster => self
                .namespaces
                .iter()
                .filter(|name| !name.starts_with("kube-") && *name != SYSTEM_NAMESPACE)
                .cloned()
                .collect(),
        }
    }
}

/// The first namespaces; none where the user may not list them.
async fn suggested(client: &Client) -> Result<Option<Vec<String>>, Failure> {
    let parameters = ListParams::default().limit(SUGGESTED);
    let list = Api::<Namespace>::all(client.clone())
        .list_metadata(&parameters)
        .await;
    Ok(permitted(list)?.map(|list| list.items.iter().map(ResourceExt::name_any).collect()))
}

async fn projects(client: &Client) -> Result<Option<Vec<Project>>, Failure> {
    let list = Api::<Project>::all(client.clone())
        .list(&ListParams::default())
        .await;
    Ok(permitted(list)?.map(|list| list.items))
}

/// The projects whose homes these namespaces are, by the name that a home usually has. A home whose Project cannot be
/// read still is one.
async fn projects_at(client: &Client, namespaces: &BTreeSet<String>) -> Result<Vec<Project>, Failure> {
    let mut found = Vec::new();
    for home in namespaces {
        let Some(name) = home.strip_prefix("project-") else {
            continue;
        };
        match permitted(Api::<Project>::all(client.clone()).get(name).await)? {
            Some(project) => found.push(project),
            None => found.push(Project::new(name, keyside_api::ProjectSpec::default())),
        }
    }
    Ok(found)
}

/// What the user may not see, or what is not there, is none.
pub(super) fn permitted<T>(answer: kube::Result<T>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(kube::Error::Api(status)) if matches!(status.code, 403 | 404) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
