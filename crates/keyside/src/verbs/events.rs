//! `keyside events`: what happened, in the order it happened, with the object it happened to.

use super::Ended;
use crate::cli::{Events, Format, Global};
use crate::connect::connect;
use crate::failure::Failure;
use crate::output::Output;
use crate::print;
use futures::StreamExt;
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::ListParams;
use kube::runtime::{WatchStreamExt, watcher};
use std::process::ExitCode;

pub(super) async fn run(global: &Global, flags: &Events, output: &Output) -> Ended {
    let connection = connect(global).await?;
    let api: Api<Event> = if flags.all_namespaces {
        Api::all(connection.client)
    } else {
        let namespace = flags.namespace.as_deref().unwrap_or(&connection.namespace);
        Api::namespaced(connection.client, namespace)
    };
    let selector = flags.about.as_deref().map(about).transpose()?;
    if flags.watch {
        return follow(api, selector, flags, output).await;
    }
    let mut events = list(&api, selector.as_deref()).await?;
    events.sort_by_key(last_seen);
    match flags.output {
        Some(Format::Json | Format::Yaml | Format::Name) => print::objects(&events, flags.output, output)?,
        _ if events.is_empty() => output.note("no events"),
        _ => output.table(
            &header(flags),
            &events.iter().map(|event| row(event, flags)).collect::<Vec<_>>(),
        ),
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(api: &Api<Event>, selector: Option<&str>) -> Result<Vec<Event>, Failure> {
    let mut parameters = ListParams::default().limit(500);
    parameters.field_selector = selector.map(str::to_owned);
    let mut events = Vec::new();
    loop {
        let page = api.list(&parameters).await?;
        events.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters.continue_token = Some(token),
            None => return Ok(events),
        }
    }
}

async fn follow(api: Api<Event>, selector: Option<String>, flags: &Events, output: &Output) -> Ended {
    let config = watcher::Config {
        field_selector: selector,
        ..watcher::Config::default()
    };
    let mut events = std::pin::pin!(watcher(api, config).default_backoff().applied_objects());
    output.line(header(flags).join("   "));
    while let Some(event) = events
        .next()
        .await
        .transpose()
        .map_err(|error| Failure::from(anyhow::Error::from(error)))?
    {
        output.line(row(&event, flags).join("   "));
    }
    Ok(ExitCode::SUCCESS)
}

/// `pod/x` as a field selector over the object an event is about.
fn about(text: &str) -> Result<String, Failure> {
    let Some((kind, name)) = text.split_once('/') else {
        return Err(Failure::new(format!("`{text}` names no object")).hint("keyside events --for pod/NAME"));
    };
    let kind = match kind.to_lowercase().as_str() {
        "pod" | "pods" | "po" => "Pod",
        "credential" | "regcred" | "registrycredential" => "RegistryCredential",
        "cregcred" | "clusterregistrycredential" => "ClusterRegistryCredential",
        "project" | "ksproject" => "Project",
        "deploy" | "deployment" => "Deployment",
        _ => {
            return Err(
                Failure::new(format!("events are not looked up by the kind `{kind}`"))
                    .hint("keyside events --for pod/NAME"),
            );
        }
    };
    Ok(format!("involvedObject.kind={kind},involvedObject.name={name}"))
}

fn header(flags: &Events) -> Vec<&'static str> {
    let columns = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];
    flags
        .all_namespaces
        .then_some("NAMESPACE")
        .into_iter()
        .chain(columns)
        .collect()
}

fn row(event: &Event, flags: &Events) -> Vec<String> {
    let object = &event.involved_object;
    let name = object.name.as_deref().unwrap_or("<unknown>");
    let mut message = event
        .message
        .clone()
        .unwrap_or_default()
        .trim()
        .replace('\n', " ");
    if let Some(count) = event.count.filter(|count| *count > 1) {
        message.push_str(&format!("  (x{count})"));
    }
    let columns = [
        print::age(last_seen(event)),
        event.type_.clone().unwrap_or_default(),
        event.reason.clone().unwrap_or_default(),
        format!(
            "{}/{name}",
            object.kind.as_deref().unwrap_or("object").to_lowercase()
        ),
        message,
    ];
    let namespace = flags
        .all_namespaces
        .then(|| event.metadata.namespace.clone().unwrap_or_default());
    namespace.into_iter().chain(columns).collect()
}

/// The newest of the times an event carries; which of them is set depends on who wrote it.
fn last_seen(event: &Event) -> Option<Timestamp> {
    let series = event
        .series
        .as_ref()
        .and_then(|series| series.last_observed_time.as_ref())
        .map(|time| time.0);
    let last = event.last_timestamp.as_ref().map(|time| time.0);
    let once = event.event_time.as_ref().map(|time| time.0);
    let created = event.metadata.creation_timestamp.as_ref().map(|time| time.0);
    series.max(last).or(once).or(created)
}
