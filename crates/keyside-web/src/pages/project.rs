//! One project: its namespaces, with a preview of what adding and removing them gives and takes.

use super::projects::badge;
use super::{Copy, names};
use crate::badge::Badge;
use crate::call::Call;
use crate::command::quote;
use crate::credential::MANAGER;
use crate::failure::{Failure, go, page_with};
use crate::frame::{Area, Frame};
use crate::place::{Seen, permitted};
use crate::rights::{Right, may};
use crate::route::Answer;
use crate::text::Lang;
use askama::Template;
use http::StatusCode;
use keyside_api::{Project, ProjectSpec, RegistryCredential, Scope};
use kube::api::{ListParams, PostParams};
use kube::{Api, ResourceExt as _};

/// How many members one page shows; the filter finds the others.
const SHOWN: usize = 100;

/// How many credentials of the project are named.
const NAMED: u32 = 100;

#[derive(Template)]
#[template(path = "project_add.html")]
struct AddPage {
    frame: Frame,
    t: Lang,
    problem: String,
    detail: String,
    name: String,
    display: String,
    members: String,
    copy: Copy,
}

#[derive(Template)]
#[template(path = "project.html")]
struct Page {
    frame: Frame,
    t: Lang,
    badge: Badge,
    problem: String,
    detail: String,
    name: String,
    display: String,
    home: String,
    count: i64,
    version: String,
    conditions: Vec<String>,
    /// Name, and whether it is to be taken out.
    members: Vec<(String, bool)>,
    hidden: usize,
    q: String,
    add: String,
    namespaces: Vec<String>,
    may_change: bool,
    has_preview: bool,
    /// Class, what, and what that means.
    preview: Vec<(&'static str, String, String)>,
    copy: Copy,
}

/// The form for a new one.
pub(crate) async fn add(call: Call) -> Answer {
    add_page(&call, StatusCode::OK, None)
}

/// Creates it.
pub(crate) async fn create(call: Call) -> Answer {
    let name = call.form.get("name").to_owned();
    if name.is_empty() {
        let failure = Failure::Refused(call.t().name_missing().to_owned());
        return add_page(&call, StatusCode::UNPROCESSABLE_ENTITY, Some(&failure));
    }
    let spec = ProjectSpec {
        display_name: Some(call.form.get("display").to_owned()).filter(|text| !text.is_empty()),
        namespaces: names(call.form.get("namespaces")),
        ..ProjectSpec::default()
    };
    let api: Api<Project> = Api::all(call.client()?);
    match api.create(&parameters(), &Project::new(&name, spec)).await {
        Ok(_) => go(&format!("/projects/{}?done=saved", crate::form::encode(&name))),
        Err(error) => {
            let failure = Failure::from(error);
            let status = status_of(&failure)?;
            add_page(&call, status, Some(&failure))
        }
    }
}

/// The status of a form that comes back; other failures are pages of their own.
fn status_of(failure: &Failure) -> Result<StatusCode, Failure> {
    Ok(match failure {
        Failure::Forbidden(_) => StatusCode::FORBIDDEN,
        Failure::Conflict(_) => StatusCode::CONFLICT,
        Failure::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Failure::Unreachable(why) => return Err(Failure::Unreachable(why.clone())),
        Failure::SignedOut => return Err(Failure::SignedOut),
        _ => return Err(Failure::NoObject),
    })
}

fn parameters() -> PostParams {
    PostParams {
        dry_run: false,
        field_manager: Some(MANAGER.to_owned()),
    }
}

fn add_page(call: &Call, status: StatusCode, failure: Option<&Failure>) -> Answer {
    let t = call.t();
    let name = call.form.get("name");
    let members = names(call.form.get("namespaces"));
    let flags: String = members
        .iter()
        .map(|name| format!(" --namespace {}", quote(name)))
        .collect();
    let result = AddPage {
        frame: Frame::page(call, Area::Projects, t.add_project())
            .crumb(t.projects_and_namespaces(), "/projects")
            .crumb(t.add_project(), ""),
        t,
        problem: failure.map_or_else(String::new, |failure| match failure {
            Failure::Conflict(_) => t.project_exists(name),
            other => other.sentence(t),
        }),
        detail: failure.map_or_else(String::new, |failure| failure.detail().to_owned()),
        name: name.to_owned(),
        display: call.form.get("display").to_owned(),
        members: call.form.get("namespaces").to_owned(),
        copy: Copy::command(format!(
            "keyside project add {}{}",
            if name.is_empty() {
                "NAME".to_owned()
            } else {
                quote(name)
            },
            if flags.is_empty() {
                " --namespace NAMESPACE"
            } else {
                &flags
            }
        )),
    };
    page_with(status, &result)
}

/// The page.
pub(crate) async fn show(call: Call) -> Answer {
    let (project, seen) = read(&call).await?;
    form_page(&call, &seen, &project, StatusCode::OK, None).await
}

async fn read(call: &Call) -> Result<(Project, Seen), Failure> {
    let (name, client) = (call.at("name"), call.client()?);
    let mut seen = Seen::read(call).await?;
    // Whom it holds, and what it is written over with, is the object itself.
    let project = match (Api::<Project>::all(client).get(name).await, seen.project(name)) {
        (Err(kube::Error::Api(status)), Some(known)) if status.code == 403 => known.clone(),
        (answer, _) => answer?,
    };
    seen.remember(project.clone());
    Ok((project, seen))
}

/// Shows what would change, or changes it, unless somebody else has meanwhile.
pub(crate) async fn change(call: Call) -> Answer {
    let (project, seen) = read(&call).await?;
    if call.form.get("do") != "save" {
        return form_page(&call, &seen, &project, StatusCode::OK, None).await;
    }
    let (gained, lost) = difference(&call, &project);
    let mut new = project.clone();
    new.spec.namespaces.retain(|name| !lost.contains(name));
    new.spec.namespaces.extend(gained);
    let is_same = call.form.get("version") == generation(&project);
    let result = if is_same {
        let api: Api<Project> = Api::all(call.client()?);
        api.replace(&project.name_any(), &parameters(), &new)
            .await
            .map_err(Failure::from)
    } else {
        Err(Failure::Conflict(String::new()))
    };
    match result {
        Ok(_) => go(&format!(
            "/projects/{}?done=saved",
            crate::form::encode(&project.name_any())
        )),
        Err(failure) => {
            let status = status_of(&failure)?;
            form_page(&call, &seen, &project, status, Some(&failure)).await
        }
    }
}

/// The version of what a user writes.
fn generation(project: &Project) -> String {
    let number = project.metadata.generation.unwrap_or_default();
    format!("{}.{number}", project.uid().unwrap_or_default())
}

/// Namespaces gained and lost.
fn difference(call: &Call, project: &Project) -> (Vec<String>, Vec<String>) {
    let members = &project.spec.namespaces;
    let gained = names(call.form.get("add"))
        .into_iter()
        .filter(|name| !members.contains(name))
        .collect();
    let lost = call
        .form
        .all("remove")
        .filter(|name| members.iter().any(|member| member == name))
        .map(str::to_owned)
        .collect();
    (gained, lost)
}

async fn form_page(
    call: &Call,
    seen: &Seen,
    project: &Project,
    status: StatusCode,
    failure: Option<&Failure>,
) -> Answer {
    let t = call.t();
    let name = project.name_any();
    let (gained, lost) = difference(call, project);
    let credentials = credentials_of(call, project).await?;
    let list = credentials.join(", ");
    let plus = gained
        .iter()
        .map(|name| ("plus", format!("+ {name}"), t.gains(credentials.len(), &list)));
    let minus = lost
        .iter()
        .map(|name| ("minus", format!("− {name}"), t.loses(credentials.len(), &list)));
    let project_status = project.status.as_ref();
    let conditions = project_status.map(|status| status.conditions.as_slice());
    let q = call.query.get("q");
    let matching: Vec<&String> = project
        .spec
        .namespaces
        .iter()
        .filter(|name| name.contains(q) || lost.contains(name))
        .collect();
    let result = Page {
        frame: Frame {
            project: Some(name.clone()),
            context: format!("?project={}", crate::form::encode(&name)),
            ..Frame::page(call, Area::Projects, name.clone())
        }
        .crumb(t.projects_and_namespaces(), "/projects")
        .crumb(name.clone(), ""),
        t,
        badge: badge(project, t),
        problem: failure.map_or_else(String::new, |failure| failure.sentence(t)),
        detail: failure.map_or_else(String::new, |failure| failure.detail().to_owned()),
        display: project
            .spec
            .display_name
            .clone()
            .unwrap_or_else(|| t.none().to_owned()),
        home: project.home_namespace(),
        count: project_status.map_or(0, |status| status.namespace_count),
        version: generation(project),
        conditions: conditions
            .unwrap_or_default()
            .iter()
            .filter(|condition| condition.type_ == "Ready" && condition.status == "False")
            .map(|condition| format!("{}: {}", condition.reason, condition.message))
            .collect(),
        members: matching
            .iter()
            .take(SHOWN)
            .map(|name| ((*name).clone(), lost.contains(name)))
            .collect(),
        hidden: matching.len().saturating_sub(SHOWN),
        q: q.to_owned(),
        add: call.form.get("add").to_owned(),
        namespaces: seen.namespaces.clone(),
        may_change: may(call, Right::project("update")).await?,
        has_preview: call.form.has("do"),
        preview: plus.chain(minus).collect(),
        copy: Copy::command(format!(
            "keyside project add {} --namespace NAMESPACE",
            quote(&name)
        )),
        name,
    };
    page_with(status, &result)
}

/// The names of a project's credentials: they live in its home.
async fn credentials_of(call: &Call, project: &Project) -> Result<Vec<String>, Failure> {
    let api: Api<RegistryCredential> = Api::namespaced(call.client()?, &project.home_namespace());
    let list = permitted(api.list(&ListParams::default().limit(NAMED)).await)?;
    Ok(list
        .into_iter()
        .flatten()
        .filter(|one| one.spec.scope == Scope::Project)
        .map(|one| one.name_any())
        .collect())
}
