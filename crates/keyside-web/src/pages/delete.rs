//! Deleting a credential: who uses it is shown first, and then its name has to be typed.

use super::Copy;
use crate::call::Call;
use crate::cluster::Found;
use crate::command::quote;
use crate::credential::Stored;
use crate::failure::{go, page_with};
use crate::frame::{Area, Frame};
use crate::place::Seen;
use crate::route::Answer;
use crate::text::Lang;
use crate::users::{self, users};
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
    /// Said where not all pods were looked at.
    not_all: String,
    must_type: bool,
    copy: Copy,
}

/// Asks.
pub(crate) async fn show(call: Call) -> Answer {
    let (stored, seen) = tokio::try_join!(Stored::find(&call), Seen::read(&call))?;
    let users = users(&call.client()?, &seen, &stored).await?;
    form_page(&call, &seen, &stored, &users, StatusCode::OK, String::new())
}

/// Deletes, unless pods use it and the name was not typed.
pub(crate) async fn run(call: Call) -> Answer {
    let (stored, seen) = tokio::try_join!(Stored::find(&call), Seen::read(&call))?;
    let client = call.client()?;
    let users = users(&client, &seen, &stored).await?;
    if must_type(&users) && call.form.get("confirm") != stored.name() {
        let problem = call.t().type_name(&stored.name());
        return form_page(&call, &seen, &stored, &users, StatusCode::CONFLICT, problem);
    }
    write::delete(&client, &stored).await?;
    go(&format!(
        "/credentials{}",
        call.query.query_with("done", "deleted")
    ))
}

/// Whether the name has to be typed: pods use it, or may.
fn must_type(users: &Found<Pod>) -> bool {
    !users.items.is_empty() || users.is_cut
}

fn form_page(
    call: &Call,
    seen: &Seen,
    stored: &Stored,
    users: &Found<Pod>,
    status: StatusCode,
    problem: String,
) -> Answer {
    let t = call.t();
    let name = stored.name();
    let force = if must_type(users) { " --force" } else { "" };
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
        must_type: must_type(users),
        not_all: if users.is_cut {
            t.not_all_pods(users::MOST)
        } else {
            String::new()
        },
        users: users
            .items
            .iter()
            .take(NAMED)
            .map(|pod| format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any()))
            .collect(),
        total: users.items.len(),
        copy: Copy::command(format!(
            "keyside credential delete {} {}{force}",
            quote(&name),
            stored.place(&seen.projects).flag()
        )),
    };
    page_with(status, &result)
}
