//! Changing a credential. Every registry of its Secret is there and stays unless it is taken out; an empty password keeps
//! the stored one. Who was faster is not overwritten: both objects must still be what the form was made of.

use super::add::{deliveries, delivery, warnings};
use super::credential::verification;
use super::{Choice, Copy, names};
use crate::call::Call;
use crate::command::quote;
use crate::credential::Stored;
use crate::document::{self, Change, Shown};
use crate::failure::{Failure, go, page_with};
use crate::frame::{Area, Frame};
use crate::place::Seen;
use crate::route::Answer;
use crate::text::Lang;
use crate::write;
use askama::Template;
use http::StatusCode;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;
use keyside_api::{Delivery, Verification};
use keyside_core::history;
use keyside_core::verify::is_served_by;
use keyside_keychain::{Credential, Pattern, lint};
use kube::ResourceExt as _;

#[derive(Template)]
#[template(path = "edit.html")]
struct Page {
    frame: Frame,
    t: Lang,
    link: String,
    problem: String,
    detail: String,
    warnings: Vec<String>,
    credential_version: String,
    secret_version: String,
    entries: Vec<Shown>,
    deliveries: Vec<Choice>,
    delivery: &'static str,
    repositories: String,
    verify: String,
    forget: bool,
    copy: Copy,
}

/// What stands in the way of saving.
#[derive(Default)]
struct Trouble {
    status: StatusCode,
    problem: String,
    detail: String,
    warnings: Vec<String>,
}

/// The form.
pub(crate) async fn show(call: Call) -> Answer {
    let (stored, seen) = tokio::try_join!(Stored::find(&call), Seen::read(&call))?;
    let secret = write::secret_of(&call.client()?, &stored).await?;
    form_page(&call, &seen, &stored, &secret, Trouble::default())
}

/// Saves it.
pub(crate) async fn save(call: Call) -> Answer {
    let t = call.t();
    let (stored, seen) = tokio::try_join!(Stored::find(&call), Seen::read(&call))?;
    let client = call.client()?;
    let secret = write::secret_of(&client, &stored).await?;
    let trouble = match try_save(&call, &stored, &secret).await {
        Ok(None) => {
            return go(&format!(
                "{}{}",
                stored.link(),
                call.query.query_with("done", "saved")
            ));
        }
        Ok(Some(trouble)) => trouble,
        Err(failure @ (Failure::Conflict(_) | Failure::Forbidden(_) | Failure::Refused(_))) => Trouble {
            status: match failure {
                Failure::Conflict(_) => StatusCode::CONFLICT,
                Failure::Forbidden(_) => StatusCode::FORBIDDEN,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
            problem: failure.sentence(t),
            detail: failure.detail().to_owned(),
            warnings: Vec::new(),
        },
        Err(failure) => return Err(failure),
    };
    form_page(&call, &seen, &stored, &secret, trouble)
}

async fn try_save(call: &Call, stored: &Stored, secret: &Secret) -> Result<Option<Trouble>, Failure> {
    let t = call.t();
    let is_same = call.form.get("credential-version") == spec_version(stored)
        && call.form.get("secret-version") == secret.resource_version().unwrap_or_default();
    if !is_same {
        return Err(Failure::Conflict(String::new()));
    }
    let changes = changes(call);
    let new_spec = changed_spec(call, stored);
    let destination_changed = new_spec.repositories() != stored.repositories();
    let kept = changes
        .iter()
        .any(|change| !change.remove && change.password.is_empty());
    if destination_changed && kept {
        return Ok(Some(Trouble {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            problem: t.destination_needs_password().to_owned(),
            ..Trouble::default()
        }));
    }
    let doubts = doubts(&changes, t);
    if !doubts.is_empty() && call.form.get("save") != "anyway" {
        return Ok(Some(Trouble {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            warnings: doubts,
            ..Trouble::default()
        }));
    }
    let client = call.client()?;
    let mut fresh = secret.clone();
    let is_changed = document::change(&mut fresh, &changes)?;
    let is_forgotten = call.form.has("forget") && history::forget(&mut fresh);
    if !call.form.has("forget") {
        history::keep(secret, &mut fresh, stored.status(), Timestamp::now());
    }
    if is_changed
        && call.form.get("save") != "anyway"
        && let Some(refusal) = refused(call, &new_spec, &fresh, &changes).await
    {
        return Ok(Some(Trouble {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            warnings: vec![refusal],
            ..Trouble::default()
        }));
    }
    if new_spec.to_json()? != stored.to_json()? {
        new_spec.replace(&client).await?;
    }
    if is_changed || is_forgotten || destination_changed {
        write::replace_secret(&client, &fresh).await?;
    }
    Ok(None)
}

/// What is to be said if a registry refuses a password that was just typed: it would take a working one's place. An outage
/// stands in no way, and of an entry that was not changed nothing new is known.
async fn refused(call: &Call, stored: &Stored, fresh: &Secret, changes: &[Change<'_>]) -> Option<String> {
    let typed: Vec<Pattern> = changes
        .iter()
        .filter(|change| !change.remove && !change.password.is_empty())
        .filter_map(|change| Pattern::parse(change.registry).ok())
        .collect();
    if typed.is_empty() {
        return None;
    }
    let mut findings = verification::ask(call, stored, fresh, &[]).await.ok()?;
    let is_typed = |registry: &str| typed.iter().any(|entry| is_served_by(registry, entry));
    findings.retain(|finding| is_typed(&finding.state.registry));
    let (status, reason) = verification::verdict(&findings);
    (status == "False").then(|| call.t().new_is_refused(&reason))
}

/// The version of what a user writes: the status may change under an open form.
fn spec_version(stored: &Stored) -> String {
    let generation = match stored {
        Stored::Namespaced(one) => one.metadata.generation,
        Stored::Cluster(one) => one.metadata.generation,
    };
    format!(
        "{}.{}",
        stored.uid().unwrap_or_default(),
        generation.unwrap_or_default()
    )
}

/// The form's entries; names, passwords and registries stand in the same order.
fn changes(call: &Call) -> Vec<Change<'_>> {
    let usernames: Vec<&str> = call.form.all("username").collect();
    let passwords: Vec<&str> = call.form.all("password").collect();
    let removed: Vec<&str> = call.form.all("remove").collect();
    call.form
        .all("registry")
        .enumerate()
        .map(|(at, registry)| Change {
            registry,
            username: usernames.get(at).copied().unwrap_or_default(),
            password: passwords.get(at).copied().unwrap_or_default(),
            remove: removed.contains(&registry),
        })
        .collect()
}

fn doubts(changes: &[Change<'_>], t: Lang) -> Vec<String> {
    changes
        .iter()
        .filter(|change| !change.remove && !change.password.is_empty())
        .flat_map(|change| {
            let credential = Credential::new(change.username, change.password);
            warnings(&lint::entry(change.registry, &credential).0, t)
        })
        .collect()
}

fn changed_spec(call: &Call, stored: &Stored) -> Stored {
    let mut new = stored.clone();
    let repositories = names(call.form.get("repositories"));
    let way = delivery(call.form.get("delivery"));
    let repository = Some(call.form.get("verify").to_owned()).filter(|text| !text.is_empty());
    let interval_seconds = stored.verification().and_then(|one| one.interval_seconds);
    let verification = (repository.is_some() || interval_seconds.is_some()).then_some(Verification {
        repository,
        interval_seconds,
    });
    match &mut new {
        Stored::Namespaced(one) => {
            one.spec.repositories = repositories;
            one.spec.delivery = way;
            one.spec.verification = verification;
        }
        Stored::Cluster(one) => {
            one.spec.repositories = repositories;
            one.spec.delivery = way;
            one.spec.verification = verification;
        }
    }
    new
}

fn form_page(call: &Call, seen: &Seen, stored: &Stored, secret: &Secret, trouble: Trouble) -> Answer {
    let t = call.t();
    let is_again = call.form.has("save");
    let mut entries: Vec<Shown> = document::entries(secret, stored.registry().unwrap_or_default())?
        .into_iter()
        .map(|(shown, _)| shown)
        .collect();
    if is_again {
        // What was typed stays; passwords are typed again.
        for change in changes(call) {
            if let Some(entry) = entries.iter_mut().find(|entry| entry.registry == change.registry) {
                change.username.clone_into(&mut entry.username);
            }
        }
    }
    let way = if is_again {
        delivery(call.form.get("delivery"))
    } else {
        stored.delivery()
    };
    let repository = stored.verification().and_then(|one| one.repository.clone());
    let place = stored.place(&seen.projects);
    let result = Page {
        frame: Frame::page(call, Area::Credentials, t.edit_title(&stored.name()))
            .credentials_crumbs()
            .crumb(stored.name(), format!("{}{}", stored.link(), context(call)))
            .crumb(t.edit(), ""),
        t,
        link: stored.link(),
        problem: trouble.problem,
        detail: trouble.detail,
        warnings: trouble.warnings,
        credential_version: spec_version(stored),
        secret_version: secret.resource_version().unwrap_or_default(),
        entries,
        deliveries: deliveries(t),
        delivery: match way {
            Delivery::Copy => "copy",
            Delivery::OnDemand => "on-demand",
            Delivery::Node => "node",
        },
        repositories: if is_again {
            call.form.get("repositories").to_owned()
        } else {
            stored.repositories().join(", ")
        },
        verify: if is_again {
            call.form.get("verify").to_owned()
        } else {
            repository.unwrap_or_default()
        },
        forget: call.form.has("forget"),
        copy: Copy {
            command: format!(
                "keyside credential set-password {} {} --password-stdin",
                quote(&stored.name()),
                place.flag()
            ),
            yaml: String::new(),
        },
    };
    page_with(trouble.status, &result)
}

fn context(call: &Call) -> String {
    call.query.query_with("", "")
}
