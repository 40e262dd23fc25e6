//! 项目/命名空间: the projects, their namespaces, and the namespaces without a project.

use super::Copy;
use crate::badge::{Badge, Tone};
use crate::call::Call;
use crate::credential;
use crate::failure::{Failure, go, page};
use crate::form::encode;
use crate::frame::{Area, Frame};
use crate::place::{Place, Seen};
use crate::rights::{Right, may};
use crate::route::Answer;
use crate::session::lock;
use crate::text::Lang;
use askama::Template;
use keyside_api::{Project, RegistryCredential};
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};

#[derive(Template)]
#[template(path = "projects.html")]
struct Page {
    frame: Frame,
    t: Lang,
    may_add: bool,
    projects: Vec<Row>,
    free: Vec<String>,
    more: bool,
    all: bool,
    copy: Copy,
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
    let credentials = credential::all(&call.client()?, &seen).await?;
    let count = |name: &str| {
        credentials
            .iter()
            .filter(
                |one| matches!(one.place(&seen.projects), Place::Project { name: own, .. } if own == name),
            )
            .count()
    };
    let free: Vec<String> = seen
        .namespaces
        .iter()
        .filter(|name| !is_taken(name, &seen))
        .cloned()
        .collect();
    page(&Page {
        frame: Frame::page(&call, Area::Projects, t.projects_and_namespaces()),
        t,
        may_add: may(&call, Right::project("create")).await?,
        projects: seen
            .projects
            .iter()
            .map(|project| row(project, count(&project.name_any()), t))
            .collect(),
        free,
        more: seen.all && seen.namespaces.len() >= 200,
        all: seen.all,
        copy: Copy::command("keyside project list"),
    })
}

/// Whether a namespace is a member or the home of a project, or one of the cluster's own.
fn is_taken(namespace: &str, seen: &Seen) -> bool {
    namespace.starts_with("kube-")
        || namespace == keyside_api::SYSTEM_NAMESPACE
        || seen.project_at_home(namespace).is_some()
        || seen
            .projects
            .iter()
            .any(|project| project.spec.namespaces.iter().any(|member| member == namespace))
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
