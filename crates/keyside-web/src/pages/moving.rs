//! Another scope for a credential: a preview of the namespaces gained and lost, and the password once more, because a
//! wider scope hands it to more pods.

use super::{Choice, Copy, project_choices};
use crate::call::Call;
use crate::command::quote;
use crate::credential::Stored;
use crate::document::{self, Change};
use crate::failure::{Failure, go, page_with};
use crate::frame::{Area, Frame};
use crate::place::{Place, Seen};
use crate::route::Answer;
use crate::text::Lang;
use crate::write;
use askama::Template;
use http::StatusCode;
use k8s_openapi::jiff::Timestamp;
use keyside_core::history;

/// How many namespaces gained or lost are named.
const NAMED: usize = 50;

#[derive(Template)]
#[template(path = "move.html")]
struct Page {
    frame: Frame,
    t: Lang,
    link: String,
    problem: String,
    detail: String,
    place: String,
    place_words: &'static str,
    projects: Vec<Choice>,
    namespaces: Vec<String>,
    scope: String,
    project: String,
    namespace: String,
    has_preview: bool,
    gained: Vec<String>,
    lost: Vec<String>,
    follows: bool,
    copy: Copy,
}

/// The form.
pub(crate) async fn show(call: Call) -> Answer {
    let (stored, seen) = tokio::try_join!(Stored::find(&call), Seen::read(&call))?;
    form_page(&call, &seen, &stored, StatusCode::OK, None)
}

/// Shows what would change, or changes it.
pub(crate) async fn run(call: Call) -> Answer {
    let t = call.t();
    let (stored, mut seen) = tokio::try_join!(Stored::find(&call), Seen::read(&call))?;
    seen.open(&call.client()?, call.form.get("in-project")).await?;
    if call.form.has("preview") {
        return form_page(&call, &seen, &stored, StatusCode::OK, None);
    }
    let failure = match target(&call, &seen) {
        None => Failure::Refused(t.choose_scope().to_owned()),
        Some(to) if to == stored.place(&seen.projects) => Failure::Refused(t.already_there().to_owned()),
        Some(_) if call.form.raw("password").is_empty() => {
            Failure::Refused(t.move_needs_password().to_owned())
        }
        Some(to) => match relocate(&call, &seen, &stored, &to).await {
            Ok(new) => {
                return go(&format!(
                    "{}{}",
                    new.link(),
                    call.query.query_with("done", "moved")
                ));
            }
            Err(failure) => failure,
        },
    };
    let status = match failure {
        Failure::Forbidden(_) => StatusCode::FORBIDDEN,
        Failure::Conflict(_) => StatusCode::CONFLICT,
        Failure::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        other => return Err(other),
    };
    form_page(&call, &seen, &stored, status, Some(&failure))
}

fn target(call: &Call, seen: &Seen) -> Option<Place> {
    let form = &call.form;
    seen.place(form.get("scope"), form.get("in-project"), form.get("namespace"))
}

async fn relocate(call: &Call, seen: &Seen, stored: &Stored, to: &Place) -> Result<Stored, Failure> {
    let client = call.client()?;
    let mut secret = write::secret_of(&client, stored).await?;
    let password = call.form.raw("password");
    let entries = document::entries(&secret, stored.registry().unwrap_or_default())?;
    let [(entry, _)] = entries.as_slice() else {
        let same = entries
            .iter()
            .all(|(_, credential)| credential.password.expose() == password.as_bytes());
        if !same {
            return Err(Failure::Refused(call.t().several_registries().to_owned()));
        }
        return write::relocate(&client, seen, stored, to, secret).await;
    };
    let change = Change {
        registry: &entry.registry,
        username: &entry.username,
        password,
        remove: false,
    };
    let before = secret.clone();
    document::change(&mut secret, &[change])?;
    history::keep(&before, &mut secret, stored.status(), Timestamp::now());
    write::relocate(&client, seen, stored, to, secret).await
}

fn form_page(
    call: &Call,
    seen: &Seen,
    stored: &Stored,
    status: StatusCode,
    failure: Option<&Failure>,
) -> Answer {
    let t = call.t();
    let from = stored.place(&seen.projects);
    let to = target(call, seen);
    let (before, after) = (
        seen.reach(&from),
        to.as_ref().map(|to| seen.reach(to)).unwrap_or_default(),
    );
    let without = |all: &[String], others: &[String]| -> Vec<String> {
        all.iter()
            .filter(|name| !others.contains(name))
            .cloned()
            .collect()
    };
    let to_flag = match &to {
        Some(Place::Namespace(namespace)) => format!("--to-namespace {}", quote(namespace)),
        Some(Place::Project { name, .. }) => format!("--to-project {}", quote(name)),
        Some(Place::Cluster) => "--to-cluster".to_owned(),
        None => "--to-project PROJECT".to_owned(),
    };
    let scope = [call.form.get("scope"), from.kind()];
    let result = Page {
        frame: Frame::page(call, Area::Credentials, t.move_title(&stored.name()))
            .credentials_crumbs()
            .crumb(
                stored.name(),
                format!("{}{}", stored.link(), call.query.query_with("", "")),
            )
            .crumb(t.change_scope(), ""),
        t,
        link: stored.link(),
        problem: failure.map_or_else(String::new, |failure| match failure {
            Failure::Refused(message) => message.clone(),
            other => other.sentence(t),
        }),
        detail: match failure {
            Some(Failure::Refused(_)) | None => String::new(),
            Some(other) => other.detail().to_owned(),
        },
        place: from.title(),
        place_words: from.words(t),
        projects: project_choices(seen),
        namespaces: seen.namespaces.clone(),
        scope: scope
            .into_iter()
            .find(|scope| !scope.is_empty())
            .unwrap_or_default()
            .to_owned(),
        project: call.form.get("in-project").to_owned(),
        namespace: call.form.get("namespace").to_owned(),
        has_preview: to.is_some(),
        gained: some(without(&after, &before), t),
        lost: if to.is_some() {
            some(without(&before, &after), t)
        } else {
            Vec::new()
        },
        follows: matches!(to, Some(Place::Project { .. } | Place::Cluster)),
        copy: Copy::command(format!(
            "keyside credential move {} {} {to_flag} --password-stdin",
            quote(&stored.name()),
            from.flag()
        )),
    };
    page_with(status, &result)
}

/// The first names, and how many there are besides.
fn some(mut names: Vec<String>, t: Lang) -> Vec<String> {
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if more > 0 {
        names.push(t.and_more(more));
    }
    names
}
