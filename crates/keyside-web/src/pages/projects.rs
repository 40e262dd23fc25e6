//! 项目/命名空间: the projects, their namespaces, and the namespaces without a project.

use super::Copy;
use crate::badge::{Badge, Tone};
use crate::call::Call;
use crate::cluster;
use crate::credential;
use crate::failure::{Failure, go, page};
use crate::form::encode;
use crate::frame::{Area, Frame};
use crate::place::{Place, Seen, permitted};
use crate::rights::{Right, may};
use crate::route::Answer;
use crate::session::lock;
use crate::text::Lang;
use askama::Template;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use keyside_api::{Project, RegistryCredential};
use keyside_core::Index;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use std::collections::HashMap;

/// How many namespaces are looked at for those without a project.
const AT_ONCE: u32 = 200;

#[derive(Template)]
#[template(path = "projects.html")]
struct Page {
    frame: Frame,
    t: Lang,
    may_add: bool,
    projects: Vec<Row>,
    /// The namespaces without a project, if they were asked for.
    free: Option<Free>,
    all: bool,
    /// Whether there are credentials that were not counted.
    is_cut: bool,
    copy: Copy,
}

/// Namespaces without a project, of the next few hundred.
#[derive(Default)]
struct Free {
    names: Vec<String>,
    /// Where those that follow begin.
    next: String,
}

struct Row {
    name: String,
    display: String,
    link: String,
    credentials_link: String,
    rancher: bool,
    count: i64,
    credentials: usize,
    badge: Badge,
}

/// The page.
pub(crate) async fn list(call: Call) -> Answer {
    let t = call.t();
    let seen = Seen::read(&call).await?;
    let read = credential::all(&call.client()?, &seen).await?;
    let mut counts: HashMap<String, usize> = HashMap::new();
    for one in &read.credentials {
        if let Place::Project { name, .. } = one.place(&seen.projects) {
            *counts.entry(name).or_default() += 1;
        }
    }
    let count = |project: &Project| counts.get(&project.name_any()).copied().unwrap_or_default();
    page(&Page {
        frame: Frame::page(&call, Area::Projects, t.projects_and_namespaces()),
        t,
        may_add: may(&call, Right::project("create")).await?,
        projects: seen
            .projects
            .iter()
            .map(|project| row(project, count(project), t))
            .collect(),
        free: if call.query.has("free") || !seen.all {
            Some(free(&call, &seen).await?)
        } else {
            None
        },
        all: seen.all,
        is_cut: read.is_cut,
        copy: Copy::command("keyside project list"),
    })
}

/// The next namespaces that are no project's. Whose a namespace is only the Projects themselves say, so they are read whole
/// here, and only when somebody asks for this.
async fn free(call: &Call, seen: &Seen) -> Result<Free, Failure> {
    let client = call.client()?;
    let mut parameters = ListParams::default().limit(AT_ONCE);
    parameters.continue_token = Some(call.query.get("after").to_owned()).filter(|token| !token.is_empty());
    let listed = match Api::<Namespace>::all(client.clone())
        .list_metadata(&parameters)
        .await
    {
        // What a token stands for is kept a few minutes only: then it begins anew.
        Err(kube::Error::Api(status)) if status.code == 410 => return Ok(Free::default()),
        answer => permitted(answer)?,
    };
    let (metas, next): (Vec<ObjectMeta>, String) = match listed {
        Some(list) => {
            let next = list.metadata.continue_.unwrap_or_default();
            (list.items.into_iter().map(|one| one.metadata).collect(), next)
        }
        None => (seen.few().iter().map(|name| named(name)).collect(), String::new()),
    };
    let projects = cluster::list::<Project>(Api::all(client), "").await?;
    let projects = projects.unwrap_or_else(|| seen.projects.clone());
    Ok(Free {
        names: without_project(&metas, &projects),
        next,
    })
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        ..ObjectMeta::default()
    }
}

fn without_project(metas: &[ObjectMeta], projects: &[Project]) -> Vec<String> {
    let mut index = Index::new(keyside_api::SYSTEM_NAMESPACE, None);
    for meta in metas {
        drop(index.apply_namespace(meta));
    }
    for project in projects {
        drop(index.apply_project(project));
    }
    let is_free = |name: &&String| {
        !index.is_system(name) && index.project_of(name).is_none() && index.project_at_home(name).is_none()
    };
    metas
        .iter()
        .filter_map(|meta| meta.name.as_ref())
        .filter(is_free)
        .cloned()
        .collect()
}

fn row(project: &Project, credentials: usize, t: Lang) -> Row {
    let name = project.name_any();
    Row {
        link: format!("/projects/{}", encode(&name)),
        credentials_link: format!("/credentials?project={}", encode(&name)),
        display: project.spec.display_name.clone().unwrap_or_default(),
        rancher: project.spec.rancher_project_id.is_some(),
        count: project.status.as_ref().map_or_else(
            || i64::try_from(project.spec.namespaces.len()).unwrap_or_default(),
            |status| status.namespace_count,
        ),
        credentials,
        badge: badge(project, t),
        name,
    }
}

/// Whether a project's namespaces are all its own.
pub(super) fn badge(project: &Project, t: Lang) -> Badge {
    let conditions = project.status.as_ref().map(|status| status.conditions.as_slice());
    let ready = conditions
        .unwrap_or_default()
        .iter()
        .find(|condition| condition.type_ == "Ready");
    match ready {
        Some(ready) if ready.status == "True" => Badge::new(Tone::Good, t.ready(), ""),
        Some(ready) => Badge::new(Tone::Warn, t.reason(&ready.reason), ready.reason.clone()),
        None => Badge::new(Tone::Quiet, t.unknown(), ""),
    }
}

/// Remembers a namespace for somebody who may not list them, if they may look into it.
pub(crate) async fn open(call: Call) -> Answer {
    let name = call.form.get("namespace").to_owned();
    if name.is_empty() {
        return Err(Failure::Refused(call.t().name_missing().to_owned()));
    }
    let api: Api<RegistryCredential> = Api::namespaced(call.client()?, &name);
    api.list(&ListParams::default().limit(1)).await?;
    lock(&call.session()?.namespaces).insert(name);
    go("/projects?done=opened")
}
