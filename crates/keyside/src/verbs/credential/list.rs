//! `keyside credential list`: what there is, where it applies, and whether it works.

use super::place::{Place, Stored, all};
use super::usage;
use crate::cli::{CredentialList, Format};
use crate::connect::Connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::print;
use crate::verbs::Ended;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use keyside_api::{CredentialStatus, Project};
use keyside_core::status;
use kube::ResourceExt;
use std::process::ExitCode;

pub(super) async fn run(connection: Connection, flags: &CredentialList, output: &Output) -> Ended {
    let client = &connection.client;
    let projects = usage::projects(client).await?;
    let found = wanted(&connection, flags, &projects).await?;
    match flags.output {
        Some(Format::Json | Format::Yaml | Format::Name) => machine(&found, flags.output, output)?,
        _ if found.is_empty() => output.note(
            "no credentials; store one: keyside credential add NAME --registry HOST --username USER -n NS",
        ),
        _ => {
            // Who may not list pods still sees the rest.
            let pods = usage::pods(client).await.ok();
            let wide = flags.output == Some(Format::Wide);
            let mut header = vec!["SCOPE", "NAME", "REGISTRY", "STATE", "EXPIRES", "USED"];
            if wide {
                header.extend(["DELIVERED", "DELIVERY", "VERIFIED", "REASON"]);
            }
            header.push("AGE");
            let rows: Vec<_> = found
                .iter()
                .map(|stored| row(stored, &projects, pods.as_deref(), wide))
                .collect();
            output.table(&header, &rows);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The credentials the flags ask for; everything without flags.
async fn wanted(
    connection: &Connection,
    flags: &CredentialList,
    projects: &[Project],
) -> Result<Vec<Stored>, Failure> {
    let client = &connection.client;
    let scope = &flags.scope;
    if flags.all_namespaces || (scope.namespace.is_none() && scope.project.is_none() && !scope.cluster) {
        return all(client, None, true).await;
    }
    let place = Place::of(scope, connection).await?;
    let namespace = (place != Place::Cluster).then(|| place.home());
    let mut found = all(client, namespace, place == Place::Cluster).await?;
    found.retain(|stored| Place::of_stored(stored, projects) == place);
    Ok(found)
}

fn machine(found: &[Stored], format: Option<Format>, output: &Output) -> Result<(), Failure> {
    if format == Some(Format::Name) {
        for stored in found {
            output.line(stored.title());
        }
        return Ok(());
    }
    let items = found.iter().map(Stored::to_json).collect::<Result<Vec<_>, _>>()?;
    print::document(
        &serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items}),
        format,
        output,
    )
}

fn row(stored: &Stored, projects: &[Project], pods: Option<&[Pod]>, wide: bool) -> Vec<String> {
    let status = stored.status();
    let used = pods.map_or_else(
        || "<unknown>".to_owned(),
        |pods| usage::users(pods, stored, projects).len().to_string(),
    );
    let mut cells = vec![
        Place::of_stored(stored, projects).title(),
        stored.name(),
        registries(status),
        state(status),
        expires(status),
        used,
    ];
    if wide {
        let targets = status.and_then(|status| status.targets.as_ref());
        cells.push(targets.map_or_else(
            || "<unknown>".to_owned(),
            |targets| format!("{}/{}", targets.delivered, targets.desired),
        ));
        cells.push(stored.delivery());
        cells.push(asked(status));
        cells.push(condition(status, "Ready").map_or_else(|| "<unknown>".to_owned(), |(_, reason)| reason));
    }
    let created = match stored {
        Stored::Namespaced(credential) => credential.creation_timestamp(),
        Stored::Cluster(credential) => credential.creation_timestamp(),
    };
    cells.push(print::age(created.map(|time| time.0)));
    cells
}

fn registries(status: Option<&CredentialStatus>) -> String {
    let list: Vec<&str> = status
        .map(|status| {
            status
                .registries
                .iter()
                .map(|state| state.registry.as_str())
                .collect()
        })
        .unwrap_or_default();
    if list.is_empty() {
        "<unknown>".to_owned()
    } else {
        list.join(",")
    }
}

/// One word: what stands in the way first, else what the registry said.
pub(super) fn state(status: Option<&CredentialStatus>) -> String {
    match status.and_then(status::state) {
        Some(state) if state.kind == status::Kind::Valid => "Valid".to_owned(),
        Some(state) => state.reason,
        None => "<unknown>".to_owned(),
    }
}

/// How long ago the registries were last asked.
fn asked(status: Option<&CredentialStatus>) -> String {
    let last = status.and_then(status::last_asked);
    last.map_or_else(|| "<none>".to_owned(), |time| print::age(Some(time)))
}

/// Whether a condition is True, and its reason.
fn condition(status: Option<&CredentialStatus>, kind: &str) -> Option<(bool, String)> {
    let condition = status?
        .conditions
        .iter()
        .find(|condition| condition.type_ == kind)?;
    Some((condition.status == "True", condition.reason.clone()))
}

fn expires(status: Option<&CredentialStatus>) -> String {
    let Some(time) = status.and_then(|status| status.expiry_time.as_ref()) else {
        return "<none>".to_owned();
    };
    let left = time.0.as_second() - Timestamp::now().as_second();
    if left < 0 {
        format!("-{}", print::span(-left))
    } else {
        print::span(left)
    }
}
