//! What the replicas have written while all this went on.

use super::{Client, NAMESPACE};
use crate::cluster::PASSWORD;
use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

pub(super) fn run(client: &Client<'_>) -> Result<String> {
    let said = client.kubectl(&format!(
        "logs --namespace={NAMESPACE} --selector=app.kubernetes.io/component=server --tail=-1"
    ))?;
    for line in said.lines() {
        serde_json::from_str::<Value>(line).with_context(|| format!("no JSON: {line}"))?;
    }
    let lines = said.lines().count();
    if lines == 0 {
        bail!("the replicas have written nothing");
    }
    for word in [PASSWORD.to_owned(), STANDARD.encode(PASSWORD)] {
        if said.contains(&word) {
            bail!("a password is in the log");
        }
    }
    Ok(format!("{lines} lines"))
}
