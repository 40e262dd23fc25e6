//! Deleting a credential: who uses it is shown first, and then its name has to be typed.

use super::Copy;
use crate::call::Call;
use crate::command::quote;
use crate::credential::Stored;
use crate::failure::{go, page_with};
use crate::frame::{Area, Frame};
use crate::place::Seen;
use crate::route::Answer;
use crate::text::Lang;
use crate::write;
use askama::Template;
use http::StatusCode;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;

/// How many pods the page names.
const NAMED: usize = 20;

#[derive(Template)]
#[template(path = "delete.html")]
struct Page<'a> {
    frame: Frame,
    t: Lang,
    link: String,
    name: &'a str,
    problem: String,
    users: Vec<String>,
    total: usize,
    copy: Copy,
}

/// Asks.
pub(crate) async fn show(call: Call) -> Answer {
    let (stored, seen) = tokio::try_join!(Stored::find(&call), Seen::read(&call))?;
    let users = write::users(&call.client()?, &seen, &stored).await?;
    form_page(&call, &seen, &stored, &users, StatusCode::OK, String::new())
}

/// Deletes, unless pods use it and the name was not typed.
pub(crate) async fn run(call: Call) -> Answer {
    let (stored, seen) = tokio::try_join!(Stored::find(&call), Seen::read(&call))?;
    let client = call.client()?;
    let users = write::users(&client, &seen, &stored).await?;
    if !users.is_empty() && call.form.get("confirm") != stored.name() {
        let problem = call.t().type_name(&stored.name());
        return form_page(&call, &seen, &stored, &users, StatusCode::CONFLICT, problem);
    }
    write::delete(&client, &stored).await?;
    go(&format!(
        "/credentials{}",
        call.query.query_with("done", "deleted")
    ))
}

fn form_page(
    call: &Call,
    seen: &Seen,
    stored: &Stored,
    users: &[Pod],
    status: StatusCode,
    problem: String,
) -> Answer {
    let t = call.t();
    let name = stored.name();
    let force = if users.is_empty() { "" } else { " --force" };
    let result = Page {
        frame: Frame::page(call, Area::Credentials, t.delete_title(&name))
            .credentials_crumbs()
            .crumb(
                name.clone(),
                format!("{}{}", stored.link(), call.query.query_with("", "")),
            )
            .crumb(t.delete(), ""),
        t,
        link: stored.link(),
        name: &name,
        problem,
        users: users
            .iter()
            .take(NAMED)
            .map(|pod| format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any()))
            .collect(),
        total: users.len(),
        copy: Copy::command(format!(
            "keyside credential delete {} {}{force}",
            quote(&name),
            stored.place(&seen.projects).flag()
        )),
    };
    page_with(status, &result)
}
