//! What is around every page: who is signed in, where one is, where else one can go.

use super::assets::{ASSETS, Assets};
use super::call::Call;
use super::form::encode;
use super::text::Lang;

/// Parts of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    None,
    Credentials,
    Workloads,
    Explain,
    Events,
    Projects,
    Settings,
}

/// A step of the path that leads to a page.
#[derive(Clone)]
pub(super) struct Crumb {
    pub(super) text: String,
    pub(super) link: String,
}

/// What is around a page.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) t: Lang,
    pub(super) theme: &'static str,
    pub(super) keys: bool,
    pub(super) title: String,
    pub(super) area: Area,
    pub(super) user: Option<String>,
    pub(super) sandbox: bool,
    /// Path and query of this page.
    pub(super) here: String,
    /// `?project=shop`, or nothing: what menu links carry on.
    pub(super) context: String,
    pub(super) project: Option<String>,
    pub(super) crumbs: Vec<Crumb>,
    /// What has just been done.
    pub(super) notice: String,
    pub(super) assets: &'static Assets,
}

impl Frame {
    /// The frame of a request.
    pub(super) fn of(call: &Call) -> Self {
        let t = call.t();
        let project = call.project().map(str::to_owned);
        Self {
            t,
            theme: call.view.theme.as_str(),
            keys: call.view.keys,
            title: String::new(),
            area: Area::None,
            user: call.session.as_ref().map(|session| session.user.clone()),
            sandbox: call.web.sandbox.is_some(),
            here: call.here(),
            context: project
                .as_deref()
                .map_or_else(String::new, |name| format!("?project={}", encode(name))),
            project,
            crumbs: Vec::new(),
            notice: t.done(call.query.get("done")).to_owned(),
            assets: &ASSETS,
        }
    }

    /// The frame of a page.
    pub(super) fn page(call: &Call, area: Area, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            area,
            ..Self::of(call)
        }
    }

    /// Adds a step to the path.
    pub(super) fn crumb(mut self, text: impl Into<String>, link: impl Into<String>) -> Self {
        self.crumbs.push(Crumb {
            text: text.into(),
            link: link.into(),
        });
        self
    }

    /// The path to the credentials: 资源 > 密文 > 镜像库凭证.
    pub(super) fn credentials_crumbs(self) -> Self {
        let (t, context) = (self.t, self.context.clone());
        let scope = match &self.project {
            Some(project) => (project.clone(), format!("/projects/{}", encode(project))),
            None => (t.global().to_owned(), "/projects".to_owned()),
        };
        self.crumb(scope.0, scope.1)
            .crumb(t.resources(), "")
            .crumb(t.secrets(), "")
            .crumb(t.credentials(), format!("/credentials{context}"))
    }

    /// `aria-current` of a menu entry.
    pub(super) fn current(&self, area: Area) -> &'static str {
        if self.area == area { "page" } else { "false" }
    }

    /// Where to sign in, and to come back here.
    pub(super) fn sign_in(&self) -> String {
        match self.here.as_str() {
            "/" | "" => "/sign-in".to_owned(),
            here => format!("/sign-in?next={}", encode(here)),
        }
    }
}
