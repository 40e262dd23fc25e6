//! What there is to choose from, as far as the user may see it. What a page costs must not grow with the number of
//! namespaces: of those only the first are read, and Projects are read as a table, which leaves out whom they hold.

use super::super::call::Call;
use super::super::failure::Failure;
use super::super::session::lock;
use super::{Place, table};
use k8s_openapi::api::core::v1::Namespace;
use keyside_api::Project;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use std::collections::BTreeSet;

/// How many namespaces a form suggests; any other can be typed.
const SUGGESTED: u32 = 200;

/// How many namespaces a page looks into one by one, where it cannot look into all of them at once.
pub(crate) const FEW: usize = 10;

/// Where a page about objects in namespaces looks.
pub(crate) struct Chosen {
    /// These namespaces, one by one; none is all of them at once.
    pub(crate) names: Option<Vec<String>>,
    /// The same page for the namespaces that follow; empty if there are none.
    pub(crate) next: String,
}

impl Chosen {
    /// Of many namespaces the few that the address asks for.
    pub(crate) fn few(call: &Call, names: Vec<String>) -> Self {
        let from: usize = call.query.get("from").parse().unwrap_or_default();
        let end = from.saturating_add(FEW);
        let next = if end < names.len() {
            format!("{}{}", call.path, call.query.query_with("from", &end.to_string()))
        } else {
            String::new()
        };
        Self {
            names: Some(names.into_iter().skip(from).take(FEW).collect()),
            next,
        }
    }
}

/// What of the cluster this user may see.
pub(crate) struct Seen {
    /// Title, home and state of the first Projects. Whom they hold is known of those that were opened
    /// ([`Seen::open`]), and of all for somebody who may not list Projects.
    pub(crate) projects: Vec<Project>,
    /// Names to suggest, not more than a form can hold. Who may not list them sees first what is theirs.
    pub(crate) namespaces: Vec<String>,
    /// Whether the user may list all namespaces.
    pub(crate) all: bool,
    /// How many namespaces there are besides.
    pub(crate) besides: usize,
}

impl Seen {
    /// Asks for what the user may see. Who may not list namespaces or projects sees those that are known to concern them:
    /// their own, and those they have opened.
    pub(crate) async fn read(call: &Call) -> Result<Self, Failure> {
        let client = call.client()?;
        let (listed, projects) = tokio::join!(suggested(&client), table::projects(&client));
        let (listed, projects) = (listed?, projects?);
        let mut seen = match (listed, projects) {
            (Some((namespaces, besides)), Some(projects)) => Self {
                projects,
                namespaces,
                all: true,
                besides,
            },
            (listed, projects) => Self::around(call, listed, projects).await?,
        };
        if let Some(name) = call.project() {
            seen.open(&client, name).await?;
        }
        let home = seen.project_at_home(call.at("place"));
        if let Some(name) = home.map(ResourceExt::name_any) {
            seen.open(&client, &name).await?;
        }
        Ok(seen)
    }

    /// What concerns somebody who may not list everything.
    async fn around(
        call: &Call,
        listed: Option<(Vec<String>, usize)>,
        projects: Option<Vec<Project>>,
    ) -> Result<Self, Failure> {
        let session = call.session()?;
        let mut known: BTreeSet<String> = lock(&session.namespaces).clone();
        known.extend(session.own_namespace().map(str::to_owned));
        let projects = match projects {
            Some(projects) => projects,
            None => projects_at(&call.client()?, &known).await?,
        };
        let all = listed.is_some();
        let (namespaces, besides) = match listed {
            Some(listed) => listed,
            None => (theirs(known, &projects), 0),
        };
        Ok(Self {
            projects,
            namespaces,
            all,
            besides,
        })
    }

    /// Reads whom a Project holds. One that the user may not see, or that is not there, stays unknown.
    pub(crate) async fn open(&mut self, client: &Client, name: &str) -> Result<(), Failure> {
        let known = self
            .project(name)
            .is_some_and(|one| !one.spec.namespaces.is_empty());
        if name.is_empty() || known {
            return Ok(());
        }
        let Some(project) = permitted(Api::<Project>::all(client.clone()).get(name).await)? else {
            return Ok(());
        };
        self.remember(project);
        Ok(())
    }

    /// Takes in a Project that was read whole.
    pub(crate) fn remember(&mut self, project: Project) {
        let name = project.name_any();
        match self.projects.iter_mut().find(|one| one.name_any() == name) {
            Some(known) => *known = project,
            None => self.projects.push(project),
        }
    }

    pub(crate) fn project(&self, name: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.name_any() == name)
    }

    pub(crate) fn project_at_home(&self, namespace: &str) -> Option<&Project> {
        self.projects
            .iter()
            .find(|project| project.home_namespace() == namespace)
    }

    /// The namespaces to look into one by one, for whoever may not look into all at once.
    pub(crate) fn few(&self) -> &[String] {
        &self.namespaces[..self.namespaces.len().min(FEW)]
    }

    /// Where a page about objects in namespaces looks: where the reader says, into the project that is looked at, into what
    /// is theirs; or everywhere. Of many namespaces it looks into the next few.
    pub(crate) fn chosen(&self, call: &Call) -> Chosen {
        let one = call.query.get("namespace");
        let project = call.project().and_then(|name| self.project(name));
        let names: Vec<String> = match project {
            _ if !one.is_empty() => vec![one.to_owned()],
            Some(project) => {
                let home = project.home_namespace();
                let members = project.spec.namespaces.iter().filter(|name| **name != home);
                [home.clone()].into_iter().chain(members.cloned()).collect()
            }
            None if self.all => {
                return Chosen {
                    names: None,
                    next: String::new(),
                };
            }
            None => self.namespaces.clone(),
        };
        Chosen::few(call, names)
    }

    /// A place, as a form names it.
    pub(crate) fn place(&self, kind: &str, project: &str, namespace: &str) -> Option<Place> {
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

    /// The namespaces a credential in this place reaches now, as far as they are known: those of a Project that was
    /// opened, and of a cluster the first.
    pub(crate) fn reach(&self, place: &Place) -> Vec<String> {
        match place {
            Place::Namespace(namespace) => vec![namespace.clone()],
            Place::Project { name, .. } => self
                .project(name)
                .map(|project| project.spec.namespaces.clone())
                .unwrap_or_default(),
            Place::Cluster => self
                .namespaces
                .iter()
                .filter(|name| !Place::is_system(name))
                .cloned()
                .collect(),
        }
    }
}

/// Their own namespaces and those they have opened, then those of the Projects that live there.
fn theirs(known: BTreeSet<String>, projects: &[Project]) -> Vec<String> {
    let members = projects
        .iter()
        .filter(|project| known.contains(&project.home_namespace()))
        .flat_map(|project| project.spec.namespaces.iter())
        .filter(|name| !known.contains(*name))
        .cloned();
    let mut names: Vec<String> = known.iter().cloned().chain(members).collect();
    names.truncate(SUGGESTED as usize);
    names
}

/// The first namespaces, and how many there are besides; none where the user may not list them.
async fn suggested(client: &Client) -> Result<Option<(Vec<String>, usize)>, Failure> {
    let parameters = ListParams::default().limit(SUGGESTED);
    let list = Api::<Namespace>::all(client.clone())
        .list_metadata(&parameters)
        .await;
    Ok(permitted(list)?.map(|list| {
        let besides = list.metadata.remaining_item_count.unwrap_or_default();
        let names = list.items.iter().map(ResourceExt::name_any).collect();
        (names, usize::try_from(besides).unwrap_or_default())
    }))
}

/// The projects whose homes these namespaces are, by the name that a home usually has. A home whose Project cannot be
/// read still is one.
async fn projects_at(client: &Client, namespaces: &BTreeSet<String>) -> Result<Vec<Project>, Failure> {
    let mut found = Vec::new();
    for home in namespaces.iter().take(FEW) {
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
pub(crate) fn permitted<T>(answer: kube::Result<T>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(kube::Error::Api(status)) if matches!(status.code, 403 | 404) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
