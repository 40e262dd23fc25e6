//! 设置: how it looks, what the ways of delivery mean, what one may do, and what runs.

use super::{Choice, Copy};
use crate::badge::{Badge, Tone};
use crate::call::{Call, Theme};
use crate::failure::{Failure, page};
use crate::frame::{Area, Frame};
use crate::rights::{Right, may};
use crate::route::Answer;
use crate::text::Lang;
use askama::Template;
use axum::response::{IntoResponse as _, Redirect};
use http::{HeaderValue, header};

#[derive(Template)]
#[template(path = "settings.html")]
struct Page {
    frame: Frame,
    t: Lang,
    themes: Vec<Choice>,
    deliveries: Vec<(&'static str, &'static str, &'static str)>,
    rights: Vec<(String, Badge)>,
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
        deliveries: vec![
            (t.delivery_copy(), "Copy", t.delivery_copy_means()),
            (t.delivery_on_demand(), "OnDemand", t.delivery_on_demand_means()),
            (t.delivery_node(), "Node", t.delivery_node_means()),
        ],
        rights: rights(&call).await?,
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
