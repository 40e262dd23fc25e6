//! 设置: how it looks, how the cluster is served, what ends soon, who may do what, and what runs.

mod access;
mod state;

use super::{Choice, Copy};
use crate::badge::{Badge, Tone};
use crate::call::{Call, Theme};
use crate::credential::{self, Stored};
use crate::failure::{Failure, page};
use crate::frame::{Area, Frame};
use crate::place::Seen;
use crate::rights::{Right, may};
use crate::route::Answer;
use crate::text::Lang;
use askama::Template;
use axum::response::{IntoResponse as _, Redirect};
use http::{HeaderValue, header};
use k8s_openapi::jiff::Timestamp;

#[derive(Template)]
#[template(path = "settings.html")]
struct Page {
    frame: Frame,
    t: Lang,
    themes: Vec<Choice>,
    deliveries: Vec<(&'static str, &'static str, &'static str, String)>,
    /// How pods get the names of their pull secrets, and what that means.
    injection: (&'static str, &'static str),
    authorities: Vec<state::Line>,
    endings: Vec<state::Ending>,
    /// Whether there are credentials that were not looked at.
    is_cut: bool,
    rights: Vec<(String, Badge)>,
    /// Who may do what; none if the reader may not know.
    access: Option<Vec<access::Row>>,
    user: String,
    version: &'static str,
    kubernetes: String,
    copy: Copy,
}

/// The page.
pub(crate) async fn show(call: Call) -> Answer {
    let t = call.t();
    let client = call.client()?;
    let version = client.apiserver_version().await;
    let seen = Seen::read(&call).await?;
    let read = credential::all(&client, &seen).await?;
    let place = |one: &Stored| one.place(&seen.projects).title();
    let all = read.credentials.as_slice();
    page(&Page {
        frame: Frame::page(&call, Area::Settings, t.settings()),
        t,
        themes: [
            ("auto", t.theme_auto()),
            ("light", t.theme_light()),
            ("dark", t.theme_dark()),
        ]
        .map(|(value, words)| (value.to_owned(), words.to_owned()))
        .to_vec(),
        deliveries: state::deliveries(all, t),
        injection: state::injection(&call).await?,
        authorities: state::authorities(all, place),
        endings: state::endings(all, Timestamp::now(), place, t),
        is_cut: read.is_cut,
        rights: rights(&call).await?,
        access: access::rows(&call, &seen).await?,
        user: call.session()?.user.clone(),
        version: env!("CARGO_PKG_VERSION"),
        kubernetes: version.map_or_else(|_| t.unknown().to_owned(), |version| version.git_version),
        copy: Copy::command("kubectl auth can-i --list"),
    })
}

/// What matters here, and whether the user may do it in every namespace.
async fn rights(call: &Call) -> Result<Vec<(String, Badge)>, Failure> {
    let t = call.t();
    let wanted = [
        ("list", keyside_api::GROUP, "registrycredentials"),
        ("create", keyside_api::GROUP, "registrycredentials"),
        ("create", keyside_api::GROUP, "clusterregistrycredentials"),
        ("update", keyside_api::GROUP, "projects"),
        ("list", "", "secrets"),
        ("create", "", "secrets"),
        ("list", "", "pods"),
        ("create", "apps", "deployments"),
    ];
    let mut out = Vec::new();
    for (verb, group, resource) in wanted {
        let right = Right {
            verb,
            group,
            resource,
            namespace: "",
        };
        let badge = if may(call, right).await? {
            Badge::new(Tone::Good, t.yes(), "")
        } else {
            Badge::new(Tone::Quiet, t.not_everywhere(), "")
        };
        let dot = if group.is_empty() { "" } else { "." };
        out.push((format!("{verb} {resource}{dot}{group}"), badge));
    }
    Ok(out)
}

/// Remembers language, theme and keys in a cookie; works before signing in too.
pub(crate) async fn view(call: Call) -> Answer {
    let mut view = call.view;
    if let Some(lang) = Lang::parse(call.form.get("lang")) {
        view.lang = lang;
    }
    if call.form.has("theme") {
        view.theme = Theme::parse(call.form.get("theme"));
    }
    if call.form.has("keys") {
        view.keys = call.form.get("keys") != "nokeys";
    }
    let mut answer = Redirect::to(super::sign_in::local(call.form.get("next"))).into_response();
    let cookie = HeaderValue::from_str(&view.cookie()).map_err(|error| Failure::Ours(error.to_string()))?;
    answer.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(answer)
}
