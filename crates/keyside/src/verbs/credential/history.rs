//! `keyside credential history`: the older contents of a credential, as far as they may be shown: when they were replaced, and
//! for which registries they are.

use super::place::{Place, Stored, read_secret};
use super::set_password::store;
use crate::cli::{CredentialHistory, Format};
use crate::connect::Connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::print;
use crate::verbs::Ended;
use k8s_openapi::api::core::v1::Secret;
use keyside_core::history::{self, Older};
use kube::ResourceExt;
use serde_json::{Value, json};
use std::process::ExitCode;

/// How much of a version tells two of them apart.
const SHORT: usize = 12;

pub(super) async fn run(connection: Connection, flags: &CredentialHistory, output: &Output) -> Ended {
    let client = &connection.client;
    let place = Place::of(&flags.scope, &connection).await?;
    let stored = place.find(client, &flags.name).await?;
    let mut secret = read_secret(client, &stored).await?;
    if flags.forget {
        let verbed = if history::forget(&mut secret) {
            store(client, &secret)
                .await
                .map_err(|error| changed(error, &stored, &place))?;
            "history forgotten"
        } else {
            "unchanged"
        };
        if flags.output.is_none() {
            output.line(format!("{} {verbed}", stored.title()));
            return Ok(ExitCode::SUCCESS);
        }
    }
    match flags.output {
        Some(Format::Name) => output.line(stored.title()),
        Some(Format::Json | Format::Yaml) => {
            print::document(&machine(&stored, &secret), flags.output, output)?;
        }
        _ => table(&stored, &secret, output),
    }
    Ok(ExitCode::SUCCESS)
}

/// A Secret that somebody else has changed since it was read is not written over.
pub(super) fn changed(error: kube::Error, stored: &Stored, place: &Place) -> Failure {
    match error {
        kube::Error::Api(status) if status.code == 409 => {
            Failure::new("somebody else has just changed the Secret; nothing was done").hint(format!(
                "keyside credential history {} {}",
                stored.name(),
                place.flags()
            ))
        }
        other => other.into(),
    }
}

fn table(stored: &Stored, secret: &Secret, output: &Output) {
    let older = history::older(secret);
    let mut rows = vec![row(
        "current".to_owned(),
        stored.version(),
        &spelled(&history::registries(secret), stored),
        "<none>".to_owned(),
    )];
    rows.extend((1..).zip(&older).map(|(number, one): (usize, &Older)| {
        row(
            number.to_string(),
            one.version.as_deref(),
            &spelled(&one.registries, stored),
            print::age(Some(one.replaced)),
        )
    }));
    output.table(&["NUMBER", "CONTENT", "REGISTRY", "REPLACED"], &rows);
    if older.is_empty() {
        output.note("nothing older is kept: keyside keeps what it replaces itself, not what others write into the Secret");
    }
}

fn row(number: String, version: Option<&str>, registries: &[String], replaced: String) -> Vec<String> {
    let version = version.map_or("<unknown>", |version| version.get(..SHORT).unwrap_or(version));
    vec![number, version.to_owned(), registries.join(","), replaced]
}

/// The registries of a content; a user name and password without one are for the registry of the spec.
fn spelled(registries: &[String], stored: &Stored) -> Vec<String> {
    if registries.is_empty() {
        vec![stored.registry().unwrap_or("<unknown>").to_owned()]
    } else {
        registries.to_vec()
    }
}

fn machine(stored: &Stored, secret: &Secret) -> Value {
    let older = history::older(secret);
    let older: Vec<Value> = (1..)
        .zip(&older)
        .map(|(number, one): (usize, &Older)| {
            json!({
                "number": number,
                "replaced": one.replaced.to_string(),
                "version": one.version,
                "registries": one.registries,
            })
        })
        .collect();
    json!({
        "credential": stored.title(),
        "secret": format!("{}/{}", secret.namespace().unwrap_or_default(), secret.name_any()),
        "current": {"version": stored.version(), "registries": history::registries(secret)},
        "older": older,
    })
}
