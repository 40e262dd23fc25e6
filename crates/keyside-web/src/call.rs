//! One request on its way to a page: who asks, in which language, for what.

use super::form::Form;
use super::session::Session;
use super::text::Lang;
use super::{Web, failure::Failure};
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use http::request::Parts;
use http::{HeaderMap, header};
use kube::Client;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// The longest body of a form: a docker config with many registries fits.
const LONGEST: usize = 1 << 20;

/// The cookie that remembers language and theme. It says nothing about anybody.
pub(super) const VIEW: &str = "keyside-view";

/// Colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Theme {
    /// As the system says.
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    pub(super) fn parse(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// How somebody wants to see the pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) lang: Lang,
    pub(super) theme: Theme,
    /// Whether single letters are keys.
    pub(super) keys: bool,
}

impl View {
    fn of(headers: &HeaderMap) -> Self {
        let stored = cookie(headers, VIEW).unwrap_or_default();
        let mut parts = stored.split('.');
        let lang = parts.next().and_then(Lang::parse);
        let accepted = || {
            let accept = headers.get(header::ACCEPT_LANGUAGE)?;
            Lang::accepted(accept.to_str().ok()?)
        };
        Self {
            lang: lang.or_else(accepted).unwrap_or_default(),
            theme: parts.next().map(Theme::parse).unwrap_or_default(),
            keys: parts.next() != Some("nokeys"),
        }
    }

    /// As the cookie's value.
    pub(super) fn cookie(self) -> String {
        let keys = if self.keys { "keys" } else { "nokeys" };
        format!(
            "{VIEW}={}.{}.{keys}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict",
            self.lang.tag(),
            self.theme.as_str()
        )
    }
}

/// One request.
pub(super) struct Call {
    pub(super) web: Arc<Web>,
    pub(super) session: Option<Arc<Session>>,
    /// The session's id, to end it.
    pub(super) session_id: Option<String>,
    pub(super) view: View,
    pub(super) query: Form,
    pub(super) form: Form,
    pub(super) path: String,
    parameters: HashMap<String, String>,
    pub(super) address: String,
}

impl Call {
    pub(super) fn new(web: Arc<Web>, parts: &Parts, parameters: HashMap<String, String>) -> Self {
        let session_id = cookie(&parts.headers, &web.cookie).map(str::to_owned);
        let address = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or_else(String::new, |info| info.0.ip().to_string());
        Self {
            session: session_id.as_deref().and_then(|id| web.sessions.find(id)),
            session_id,
            view: View::of(&parts.headers),
            query: Form::parse(parts.uri.query().unwrap_or_default().as_bytes()),
            form: Form::default(),
            path: parts.uri.path().to_owned(),
            parameters,
            address,
            web,
        }
    }

    /// Reads the form of a POST.
    pub(super) async fn read(&mut self, headers: &HeaderMap, body: Body) -> Result<(), Failure> {
        let bytes = to_bytes(body, LONGEST).await.map_err(|_| Failure::TooLarge)?;
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        self.form = match super::upload::boundary(kind) {
            Some(boundary) => Form::from_pairs(super::upload::fields(&bytes, boundary)),
            None => Form::parse(&bytes),
        };
        Ok(())
    }

    pub(super) fn t(&self) -> Lang {
        self.view.lang
    }

    /// A part of the path.
    pub(super) fn at(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    /// A client in the user's name.
    pub(super) fn client(&self) -> Result<Client, Failure> {
        Ok(self.session()?.client.clone())
    }

    pub(super) fn session(&self) -> Result<&Arc<Session>, Failure> {
        self.session.as_ref().ok_or(Failure::SignedOut)
    }

    /// Path and query, to come back to.
    pub(super) fn here(&self) -> String {
        format!("{}{}", self.path, self.query.query_with("", ""))
    }

    /// The project the reader looks at; none is the whole cluster.
    pub(super) fn project(&self) -> Option<&str> {
        Some(self.query.get("project")).filter(|name| !name.is_empty())
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(own, _)| *own == name)
        .map(|(_, value)| value)
}
