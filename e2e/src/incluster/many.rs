//! Many namespaces with one credential, looked at all the time.

use super::Client;
use crate::cluster::until;
use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The credential, which gives its name to everything here.
pub(super) const NAME: &str = "many";

/// Nothing listens there, so that no answer of a registry stops a rotation.
const REGISTRY: &str = "127.0.0.1:5999";

/// The number of the content in each namespace.
pub(super) type Contents = BTreeMap<String, u32>;

/// The namespaces, and the credential that all of them have.
pub(super) struct Many<'a> {
    client: &'a Client<'a>,
    pub(super) count: usize,
}

impl<'a> Many<'a> {
    /// Makes them, with content number 0.
    pub(super) fn make(client: &'a Client<'a>, count: usize) -> Result<Self> {
        let namespaces: Vec<Value> = (0..count)
            .map(|number| {
                json!({"apiVersion": "v1", "kind": "Namespace",
                    "metadata": {"name": format!("{NAME}-{number}"), "labels": {"team": NAME}}})
            })
            .collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": namespaces});
        client.fed("create -f -", &list.to_string())?;
        let project = json!({"apiVersion": "keyside.dev/v1alpha1", "kind": "Project", "metadata": {"name": NAME},
            "spec": {"namespaceSelector": {"matchLabels": {"team": NAME}}}});
        client.fed("create -f -", &project.to_string())?;
        // Whoever writes may have been replaced a moment ago.
        until("the Project's home", || {
            let home = client.tried(&format!("get namespace project-{NAME}"))?;
            Ok(home.status.success().then_some(()))
        })?;
        client.keyside(
            &format!(
                "credential add {NAME} --registry {REGISTRY} --username robot --project {NAME} --password-stdin --no-verify"
            ),
            "word-0",
        )?;
        Ok(Self { client, count })
    }

    /// Changes the source.
    pub(super) fn rotate(&self, to: u32) -> Result<()> {
        let auth = STANDARD.encode(format!("robot:word-{to}"));
        let config = json!({"auths": {REGISTRY: {"username": "robot", "password": format!("word-{to}"), "auth": auth}}});
        let patch = json!({"stringData": {".dockerconfigjson": config.to_string()}});
        self.client
            .fed(
                &format!(
                    "patch secret {NAME} --namespace=project-{NAME} --type=merge --patch-file=/dev/stdin"
                ),
                &patch.to_string(),
            )
            .map(drop)
    }

    /// All copies at one moment.
    pub(super) fn contents(&self) -> Result<Contents> {
        contents(self.client)
    }

    /// Waits until every namespace has this content.
    pub(super) fn until_all(&self, number: u32) -> Result<()> {
        until(&format!("content {number} everywhere"), || {
            let contents = self.contents()?;
            let all = contents.len() == self.count && contents.values().all(|one| *one == number);
            Ok(all.then_some(()))
        })
    }

    /// Looks again and again, until told to stop or until something is wrong: a namespace without its credential, or one
    /// that has gone back to an older one.
    pub(super) fn watch(&self, stop: &AtomicBool, looks: &AtomicUsize) -> Result<()> {
        let mut before = self.contents()?;
        while !stop.load(Ordering::Relaxed) {
            let now = self.contents()?;
            if now.len() != self.count {
                bail!(
                    "{} of {} namespaces are without their credential",
                    self.count - now.len(),
                    self.count
                );
            }
            if let Some((namespace, _)) = now
                .iter()
                .find(|(namespace, number)| before[*namespace] > **number)
            {
                bail!("{namespace} was given an older credential again");
            }
            before = now;
            looks.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// All copies that there are.
pub(super) fn contents(client: &Client<'_>) -> Result<Contents> {
    let list = client.json(&format!(
        "get --raw /api/v1/secrets?fieldSelector=metadata.name={NAME}"
    ))?;
    let items = list["items"].as_array().into_iter().flatten();
    items.filter_map(|secret| content(secret).transpose()).collect()
}

/// Namespace and number of a copy; nothing for the source.
pub(super) fn content(secret: &Value) -> Result<Option<(String, u32)>> {
    let namespace = secret["metadata"]["namespace"].as_str().unwrap_or_default();
    if !namespace.starts_with(&format!("{NAME}-")) {
        return Ok(None);
    }
    let data = secret["data"][".dockerconfigjson"].as_str().unwrap_or_default();
    let config: Value = serde_json::from_slice(&STANDARD.decode(data)?)
        .with_context(|| format!("the copy in {namespace} is no pull secret"))?;
    let number = config["auths"][REGISTRY]["password"]
        .as_str()
        .and_then(|password| password.strip_prefix("word-")?.parse().ok())
        .with_context(|| format!("the copy in {namespace} has a content that nobody stored"))?;
    Ok(Some((namespace.to_owned(), number)))
}
