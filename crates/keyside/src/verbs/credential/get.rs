//! `keyside credential get`: one credential in words. The password is never shown: its length is what helps to see a slip.

use super::document;
use super::place::{Place, Stored, read_secret};
use super::{list, usage};
use crate::cli::{CredentialGet, Format};
use crate::connect::Connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::print;
use crate::verbs::Ended;
use std::process::ExitCode;

pub(super) async fn run(connection: Connection, flags: &CredentialGet, output: &Output) -> Ended {
    let place = Place::of(&flags.scope, &connection).await?;
    let stored = place.find(&connection.client, &flags.name).await?;
    match flags.output {
        Some(Format::Name) => output.line(stored.title()),
        Some(Format::Json | Format::Yaml) => print::document(&stored.to_json()?, flags.output, output)?,
        _ => describe(&connection, &place, &stored, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn describe(
    connection: &Connection,
    place: &Place,
    stored: &Stored,
    output: &Output,
) -> Result<(), Failure> {
    let (namespace, name) = stored.secret()?;
    output.line(format!("Name      {}", stored.name()));
    output.line(format!("Scope     {}", place.title()));
    output.line(format!("Secret    {namespace}/{name}"));
    output.line(format!("State     {}", list::state(stored.status())));
    if let Some(targets) = stored.status().and_then(|status| status.targets.as_ref()) {
        output.line(format!(
            "Delivered {} of {} namespaces, {} under another name",
            targets.delivered, targets.desired, targets.conflicts
        ));
    }
    let projects = usage::projects(&connection.client).await?;
    if let Ok(pods) = usage::pods(&connection.client).await {
        output.line(format!(
            "Used by   {} pods",
            usage::users(&pods, stored, &projects).len()
        ));
    }
    match read_secret(&connection.client, stored).await {
        Ok(secret) => entries(&secret, output)?,
        Err(failure) => output.note(format!("the Secret cannot be shown: {failure}")),
    }
    for condition in stored
        .status()
        .map(|status| status.conditions.as_slice())
        .unwrap_or_default()
    {
        output.line(format!(
            "{:<9} {:<8} {:<20} {}",
            condition.type_, condition.status, condition.reason, condition.message
        ));
    }
    Ok(())
}

fn entries(secret: &k8s_openapi::api::core::v1::Secret, output: &Output) -> Result<(), Failure> {
    for entry in document::entries(secret)? {
        output.line(format!(
            "Entry     {}   user {}, password of {} bytes",
            entry.registry, entry.username, entry.password_bytes
        ));
    }
    Ok(())
}
