//! No replica at all: nobody's pod has to wait for keyside, and nobody has to search for those it missed.

use super::{Client, NAMESPACE, pods};
use crate::cluster::{PRIVATE_IMAGE, until};
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::time::Duration;

/// What a pod may take to be created while nobody answers its review.
const BEARABLE: Duration = Duration::from_millis(2500);

const DAY: Duration = Duration::from_hours(24);

pub(super) fn run(client: &Client<'_>) -> Result<String> {
    scale(client, 0)?;
    client.kubectl(&format!(
        "wait --for=delete pod --namespace={NAMESPACE} --selector=app.kubernetes.io/component=server --timeout=300s"
    ))?;
    pods::create(client, "shop-api", "alone", json!([]))?;
    let took = took(client)?;
    if took > BEARABLE {
        bail!("a pod took {took:?} to be created");
    }
    client.kubectl(&format!(
        "create deployment many-handed --namespace=shop-api --image={PRIVATE_IMAGE}"
    ))?;
    pods::refused(client, "shop-api", "alone")?;
    let deployed = until("the deployment's pod", || {
        let pods = client.json("get pods --namespace=shop-api --selector=app=many-handed --output=json")?;
        Ok(pods["items"][0]["metadata"]["name"].as_str().map(str::to_owned))
    })?;
    pods::refused(client, "shop-api", &deployed)?;
    scale(client, 2)?;
    client.until_ready()?;
    // The node learns of ready replicas a moment later than whoever asks the API server.
    until("`keyside check` to reach the webhook", || {
        let checked = client.tried_keyside("check --output json")?;
        Ok(checked.status.success().then_some(()))
    })?;
    serve(
        client,
        &[
            "pod/shop-api/alone".to_owned(),
            format!("pod/shop-api/{deployed}"),
        ],
    )?;
    pods::pulled(client, "shop-api", "alone", "team")?;
    client.kubectl("rollout status deployment/many-handed --namespace=shop-api --timeout=300s")?;
    if !missed(client)?.is_empty() {
        bail!("pods that run are still called missed");
    }
    Ok(format!(
        "a pod created with nobody there: {:.2}s",
        took.as_secs_f32()
    ))
}

/// How long the API server took to create the pod, as its audit log says: what kubectl and the machine add is not counted.
fn took(client: &Client<'_>) -> Result<Duration> {
    until("the audit log's line", || {
        let log = std::fs::read_to_string(client.bed.audit_log())?;
        let lines = log
            .lines()
            .filter(|line| line.contains("/namespaces/shop-api/pods"));
        let events = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let created = events.into_iter().find(|event| {
            let object = &event["objectRef"];
            event["verb"] == "create" && object["name"] == "alone" && object["subresource"].is_null()
        });
        Ok(created.and_then(|event| {
            let time = |field: &str| of_day(event[field].as_str()?);
            let (begin, end) = (time("requestReceivedTimestamp")?, time("stageTimestamp")?);
            // The other side of midnight is a day away.
            Some(end.checked_sub(begin).unwrap_or(end + DAY.saturating_sub(begin)))
        }))
    })
}

/// The time of day in `2026-01-31T12:34:56.789012Z`.
fn of_day(timestamp: &str) -> Option<Duration> {
    let (_, time) = timestamp.trim_end_matches('Z').split_once('T')?;
    let mut parts = time.splitn(3, ':');
    let mut whole = || parts.next()?.parse::<u64>().ok();
    let minutes = whole()? * 60 + whole()?;
    let seconds: f64 = parts.next()?.parse().ok()?;
    Some(Duration::from_secs(minutes * 60) + Duration::from_secs_f64(seconds))
}

fn scale(client: &Client<'_>, replicas: u8) -> Result<()> {
    client
        .kubectl(&format!(
            "scale deployment/keyside --namespace={NAMESPACE} --replicas={replicas}"
        ))
        .map(drop)
}

/// `keyside check` names exactly these pods among the namespace's, and what it says to do is done.
fn serve(client: &Client<'_>, expected: &[String]) -> Result<()> {
    let found = missed(client)?;
    let objects: Vec<&str> = found.iter().map(|(object, _)| object.as_str()).collect();
    if objects.len() != expected.len() || !expected.iter().all(|one| objects.contains(&one.as_str())) {
        bail!("missed are {expected:?}, and `keyside check` names {objects:?}");
    }
    for (_, fix) in &found {
        client.shell(fix)?;
    }
    Ok(())
}

/// Objects and fixes of the check.
fn missed(client: &Client<'_>) -> Result<Vec<(String, String)>> {
    let document: Value = serde_json::from_str(&client.keyside("check --output json", "")?)?;
    let categories = document["categories"].as_array().into_iter().flatten();
    let checks = categories.flat_map(|category| category["checks"].as_array().into_iter().flatten());
    let Some(check) = checks.into_iter().find(|check| check["id"] == "missed-pods") else {
        bail!("`keyside check` does not look for missed pods");
    };
    let texts = |field: &str| -> Vec<String> {
        let all = check[field].as_array().into_iter().flatten();
        all.filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    Ok(texts("object").into_iter().zip(texts("fix")).collect())
}
