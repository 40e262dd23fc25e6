//! 添加凭证: one page, one form: registry, credential, scope. Whatever cannot be saved comes back with everything that was
//! typed except the password, which never leaves the server again.

mod draft;
mod preview;

use super::{Choice, Copy, project_choices};
use crate::call::Call;
use crate::command;
use crate::failure::{Failure, go, page, page_with};
use crate::frame::{Area, Frame};
use crate::place::Seen;
use crate::rights::{Right, may};
use crate::route::Answer;
use crate::text::Lang;
use crate::write;
use askama::Template;
use draft::Draft;
use http::StatusCode;
use keyside_api::Delivery;
use keyside_keychain::docker_config::{self, DockerConfig};
use keyside_keychain::{Credential, lint, preset};
use preview::{Look, Preview, preview};

/// The tile for a whole docker config.
const FILE: &str = "file";

#[derive(Template)]
#[template(path = "add.html")]
struct Page {
    frame: Frame,
    t: Lang,
    form: Draft,
    problem: String,
    detail: String,
    /// The field that is wrong.
    bad: &'static str,
    warnings: Vec<String>,
    understood: String,
    tiles: Vec<Choice>,
    advice: &'static str,
    token_page: &'static str,
    host_example: &'static str,
    username_words: &'static str,
    password_words: &'static str,
    is_file: bool,
    has_more: bool,
    projects: Vec<Choice>,
    namespaces: Vec<String>,
    may_cluster: bool,
    deliveries: Vec<Choice>,
    preview: Preview,
    copy: Copy,
}

impl Page {
    fn is_bad(&self, field: &str) -> bool {
        self.bad == field
    }
}

#[derive(Template)]
#[template(path = "scope_part.html")]
struct Part {
    t: Lang,
    preview: Preview,
}

/// What is wrong with a draft.
#[derive(Default)]
struct Trouble {
    status: StatusCode,
    problem: String,
    detail: String,
    bad: &'static str,
    warnings: Vec<String>,
    understood: String,
}

impl Trouble {
    fn field(bad: &'static str, problem: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            problem: problem.into(),
            bad,
            ..Self::default()
        }
    }

    fn of(failure: &Failure, t: Lang) -> Self {
        let status = match failure {
            Failure::Forbidden(_) => StatusCode::FORBIDDEN,
            Failure::Conflict(_) => StatusCode::CONFLICT,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self {
            status,
            problem: failure.sentence(t),
            detail: failure.detail().to_owned(),
            ..Self::default()
        }
    }
}

/// The delivery of a form's value.
pub(super) fn delivery(text: &str) -> Delivery {
    match text {
        "on-demand" => Delivery::OnDemand,
        "node" => Delivery::Node,
        _ => Delivery::Copy,
    }
}

/// The ways of delivery a form offers.
pub(super) fn deliveries(t: Lang) -> Vec<Choice> {
    [
        ("copy", t.delivery_copy()),
        ("on-demand", t.delivery_on_demand()),
        ("node", t.delivery_node()),
    ]
    .map(|(value, words)| (value.to_owned(), words.to_owned()))
    .to_vec()
}

/// The empty form, or what a link says of it.
pub(crate) async fn show(call: Call) -> Answer {
    let seen = Seen::read(&call).await?;
    let mut draft = Draft::of(&call, &call.query);
    let understood = if call.query.has("registry") {
        draft.understand(call.t())
    } else {
        String::new()
    };
    draft.complete(&seen);
    let trouble = Trouble {
        status: StatusCode::OK,
        understood,
        ..Trouble::default()
    };
    form_page(&call, seen, draft, trouble).await
}

/// What a scope would come to, as a part of the page.
pub(crate) async fn ask(call: Call) -> Answer {
    let mut seen = Seen::read(&call).await?;
    let mut draft = Draft::of(&call, &call.query);
    if draft.preset != FILE {
        draft.understand(call.t());
    }
    seen.open(&call.client()?, draft.its_project()).await?;
    page(&Part {
        t: call.t(),
        preview: preview(&call, &seen, &draft, Look::AtWorkloads).await?,
    })
}

/// Chooses a tile, understands what was pasted, shows what would come of it, or saves.
pub(crate) async fn save(call: Call) -> Answer {
    let t = call.t();
    let mut seen = Seen::read(&call).await?;
    let mut draft = Draft::of(&call, &call.form);
    seen.open(&call.client()?, draft.its_project()).await?;
    let mut trouble = Trouble {
        status: StatusCode::OK,
        ..Trouble::default()
    };
    if call.form.has("preset") {
        draft.username.clear();
    } else if call.form.has("understand") {
        trouble.understood = draft.understand(t);
    } else if call.form.has("preview") {
        if draft.preset != FILE {
            trouble.understood = draft.understand(t);
        }
    } else {
        match try_save(&call, &seen, &mut draft).await {
            Ok(()) => {
                let query = call.query.query_with("done", "saved");
                return go(&format!("/credentials{query}"));
            }
            Err(found) => trouble = found,
        }
    }
    draft.complete(&seen);
    form_page(&call, seen, draft, trouble).await
}

async fn try_save(call: &Call, seen: &Seen, draft: &mut Draft) -> Result<(), Trouble> {
    let t = call.t();
    if draft.preset != FILE {
        draft.understand(t);
    }
    let config = config(call, draft)?;
    if draft.name.is_empty() {
        return Err(Trouble::field("name", t.name_missing()));
    }
    let place = draft
        .place(seen)
        .ok_or_else(|| Trouble::field("scope", t.choose_scope()))?;
    let client = call.client().map_err(|failure| Trouble::of(&failure, t))?;
    let stored = write::make(&draft.wish(), &place);
    let secret = write::secret_for(&draft.name, &place, &config);
    let result = async {
        let mut namespaces = seen.reach(&place);
        namespaces.push(place.home().to_owned());
        let taken = write::taken(&client, &draft.name, &namespaces).await?;
        if let Some(first) = taken.first() {
            return Ok(Some(t.name_taken(&draft.name, first)));
        }
        let stored = write::store(&client, &place, secret, &stored).await?;
        write::settle(&client, &stored).await;
        Ok(None)
    };
    match result.await {
        Ok(None) => Ok(()),
        Ok(Some(taken)) => Err(Trouble {
            status: StatusCode::CONFLICT,
            bad: "name",
            problem: taken,
            ..Trouble::default()
        }),
        Err(Failure::Conflict(detail)) => Err(Trouble {
            status: StatusCode::CONFLICT,
            bad: "name",
            problem: t.name_taken(&draft.name, place.home()),
            detail,
            ..Trouble::default()
        }),
        Err(failure) => Err(Trouble::of(&failure, t)),
    }
}

/// The entries to store. Doubts are said once and can be overruled; what can never work cannot.
fn config(call: &Call, draft: &Draft) -> Result<DockerConfig, Trouble> {
    let t = call.t();
    let form = docker_config::Form::ConfigJson;
    let (findings, config) = if draft.preset == FILE {
        let text = file(call).ok_or_else(|| Trouble::field("config", t.config_missing()))?;
        let findings = lint::document(form, text.as_bytes());
        let config = DockerConfig::parse(form, text.as_bytes()).ok();
        (findings, config)
    } else {
        if draft.registry.is_empty() {
            return Err(Trouble::field("registry", t.address_missing()));
        }
        if draft.username.is_empty() {
            return Err(Trouble::field("username", t.username_missing()));
        }
        let password = call.form.raw("password");
        if password.is_empty() {
            return Err(Trouble::field("password", t.password_missing()));
        }
        let credential = Credential::new(call.form.raw("username"), password);
        let (findings, key) = lint::entry(&draft.registry, &credential);
        (findings, Some(DockerConfig::with_keys([key], &credential)))
    };
    judge(&findings, call.form.get("save") == "anyway", t)?;
    config.ok_or_else(|| Trouble::field("config", t.config_missing()))
}

/// The docker config that was pasted or chosen.
fn file(call: &Call) -> Option<&str> {
    ["config", "file"]
        .into_iter()
        .map(|name| call.form.raw(name))
        .find(|text| !text.trim().is_empty())
}

fn judge(findings: &[lint::Finding], anyway: bool, t: Lang) -> Result<(), Trouble> {
    if let Some(refusal) = findings.iter().find(|finding| finding.is_refusal()) {
        return Err(Trouble {
            detail: refusal.detail.clone().unwrap_or_default(),
            ..Trouble::field("registry", t.finding(refusal))
        });
    }
    let warnings = warnings(findings, t);
    if warnings.is_empty() || anyway {
        return Ok(());
    }
    Err(Trouble {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        warnings,
        ..Trouble::default()
    })
}

/// What the lint doubts, in words.
pub(super) fn warnings(findings: &[lint::Finding], t: Lang) -> Vec<String> {
    findings
        .iter()
        .filter(|finding| finding.level == lint::Level::Warn)
        .map(|finding| t.finding(finding))
        .collect()
}

async fn form_page(call: &Call, mut seen: Seen, draft: Draft, trouble: Trouble) -> Answer {
    let t = call.t();
    seen.open(&call.client()?, draft.its_project()).await?;
    let seen = &seen;
    let (chosen, lang) = (draft.chosen(), t.preset());
    let is_file = draft.preset == FILE;
    // Other answers of the form are followed by questions while somebody types.
    let is_asked = call.form.has("preview") || call.query.has("registry");
    let look = if is_asked { Look::AtWorkloads } else { Look::No };
    let preview = preview(call, seen, &draft, look).await?;
    let flag = draft
        .place(seen)
        .map_or_else(|| "-n NAMESPACE".to_owned(), |place| place.flag());
    let yaml = match draft.place(seen) {
        Some(place) if !draft.name.is_empty() => {
            crate::credential::yaml(&write::make(&draft.wish(), &place).to_json()?)?
        }
        _ => String::new(),
    };
    let result = Page {
        frame: Frame::page(call, Area::Credentials, t.add_credential())
            .credentials_crumbs()
            .crumb(t.add_credential(), ""),
        t,
        problem: trouble.problem,
        detail: trouble.detail,
        bad: trouble.bad,
        warnings: trouble.warnings,
        understood: trouble.understood,
        tiles: tiles(t),
        advice: if is_file {
            t.config_advice()
        } else {
            chosen.advice.in_language(lang)
        },
        token_page: if is_file {
            ""
        } else {
            chosen.token_page.unwrap_or_default()
        },
        host_example: chosen.host_example,
        username_words: own_words(chosen.username.in_language(lang), t.username()),
        password_words: own_words(chosen.password.in_language(lang), t.password()),
        is_file,
        has_more: !(draft.repositories.is_empty()
            && draft.verify.is_empty()
            && matches!(draft.delivery.as_str(), "" | "copy")),
        projects: project_choices(seen),
        namespaces: seen.namespaces.clone(),
        may_cluster: may(call, Right::credential("create", None)).await?,
        deliveries: deliveries(t),
        preview,
        copy: Copy {
            command: command::add(&draft.name, &draft.registry, &draft.username, &flag),
            yaml,
        },
        form: draft,
    };
    page_with(trouble.status, &result)
}

/// What a provider calls a field, if that is more than the field's label says.
fn own_words(words: &'static str, label: &str) -> &'static str {
    let is_label = words.replace(' ', "").eq_ignore_ascii_case(label);
    if is_label { "" } else { words }
}

fn tiles(t: Lang) -> Vec<Choice> {
    let presets = preset::ALL.iter().map(|preset| {
        let title = preset.title.in_language(t.preset());
        (preset.id.to_owned(), title.to_owned())
    });
    presets
        .chain([(FILE.to_owned(), t.whole_config().to_owned())])
        .collect()
}
