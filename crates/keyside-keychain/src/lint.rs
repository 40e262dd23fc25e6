//! Offline checks of what people are about to store: doubts are told, what can never work is refused.
//!
//! Nothing is repaired behind anybody's back. A password is kept byte for byte, even with the line break that `echo | base64` puts at
//! its end; but it is said, because such a password never works and nobody sees it. A [`Finding`] names the rule, the registry key and
//! the field, never a value.

mod entry;
mod rule;

use std::collections::HashMap;
use std::fmt;

use crate::credential::Credential;
use crate::docker_config::{self, DockerConfig, Form};
use crate::keyring;
use crate::pattern::Pattern;

pub use rule::{Level, Rule};

/// One thing that was noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters here.
    pub level: Level,
    /// What it is.
    pub rule: Rule,
    /// The registry key it is about, without a user part that it may hold.
    pub key: Option<String>,
    /// More about this case, such as the field or an upstream error. Never a value.
    pub detail: Option<String>,
}

impl Finding {
    fn new(rule: Rule) -> Self {
        Self {
            level: rule.level(),
            rule,
            key: None,
            detail: None,
        }
    }

    fn at(self, level: Level) -> Self {
        Self { level, ..self }
    }

    fn about(self, key: &str) -> Self {
        Self {
            key: Some(shown_key(key)),
            ..self
        }
    }

    fn with(self, detail: impl fmt::Display) -> Self {
        Self {
            detail: Some(detail.to_string()),
            ..self
        }
    }

    /// Whether the input must not be stored.
    pub fn is_refusal(&self) -> bool {
        self.level == Level::Reject
    }

    /// One sentence that names the key and what was noticed.
    pub fn message(&self) -> String {
        match &self.key {
            Some(key) => format!("{key}: {}", self.rule.summary()),
            None => self.rule.summary().to_owned(),
        }
    }

    /// What follows from it, and what to do.
    pub fn why(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{detail}; {}", self.rule.consequence()),
            None => self.rule.consequence().to_owned(),
        }
    }
}

/// The message, and the reason behind it.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message(), self.why())
    }
}

/// The verdict over several findings; nothing found is [`Level::Accept`].
pub fn level(findings: &[Finding]) -> Level {
    findings
        .iter()
        .map(|finding| finding.level)
        .max()
        .unwrap_or(Level::Accept)
}

/// Checks a whole document, such as the value of a pull secret or docker's own config file. The worst comes first.
pub fn document(form: Form, bytes: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let accepted = docker_config::api_server_accepts(bytes);
    match DockerConfig::parse(form, bytes) {
        // The kubelet skips an empty value without reading it.
        Err(error) if !bytes.is_empty() => findings.push(Finding::new(Rule::BrokenForKubelet).with(error)),
        Err(_) => {}
        Ok(config) => check_config(&config, &mut findings),
    }
    if let Err(error) = accepted {
        findings.push(Finding::new(Rule::RefusedByApiServer).with(error));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    findings
}

/// Checks a registry and a credential as a form or a command takes them, and gives the key to store it under: the canonical spelling,
/// or the text as it is if that is refused.
pub fn entry(registry: &str, credential: &Credential) -> (Vec<Finding>, String) {
    let mut findings = Vec::new();
    let key = match Pattern::parse(registry) {
        Err(error) => {
            let finding = Finding::new(Rule::KeyRefused)
                .at(Level::Reject)
                .about(registry)
                .with(error);
            findings.push(finding);
            registry.to_owned()
        }
        Ok(pattern) => {
            let canonical = pattern.to_string();
            if canonical != registry {
                findings.push(
                    Finding::new(Rule::KeyRewritten)
                        .about(registry)
                        .with(used_as(&canonical)),
                );
            }
            entry::check_traps(&canonical, &pattern, &mut findings);
            canonical
        }
    };
    entry::check_credential(&key, credential, &mut findings);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    (findings, key)
}

fn used_as(canonical: &str) -> String {
    format!("it is used as {canonical}")
}

fn check_config(config: &DockerConfig, findings: &mut Vec<Finding>) {
    let quirks = config.quirks();
    let is_usable = config
        .entries()
        .iter()
        .any(|entry| !entry.credential().is_empty());
    if let Some(store) = store_of(config) {
        let finding = Finding::new(Rule::PointsToStore).with(format!("the passwords are held by {store}"));
        findings.push(if is_usable {
            finding
        } else {
            finding.at(Level::Reject)
        });
    } else if config.entries().is_empty() {
        findings.push(Finding::new(Rule::NoCredential));
    }
    if config.form() == Form::Legacy {
        findings.push(Finding::new(Rule::LegacyForm));
    }
    if quirks.duplicate_names {
        findings.push(Finding::new(Rule::DuplicateNames));
    }
    if quirks.replaced_text {
        findings.push(Finding::new(Rule::ReplacedText));
    }
    for entry in config.entries() {
        entry::check_key(entry.key(), findings);
        entry::check_fields(config.form(), entry, findings);
        entry::check_credential(entry.key(), entry.credential(), findings);
    }
    check_aliases(config, findings);
}

fn store_of(config: &DockerConfig) -> Option<String> {
    let helper = || {
        config
            .credential_helpers()
            .into_iter()
            .map(|(_, helper)| helper)
            .next()
    };
    config.credential_store().or_else(helper)
}

/// Two keys that are one to the kubelet: which of them it tries first changes from pull to pull.
fn check_aliases(config: &DockerConfig, findings: &mut Vec<Finding>) {
    let mut seen = HashMap::new();
    for entry in config.entries() {
        let Ok(index_key) = keyring::index_key(entry.key()) else {
            continue;
        };
        if let Some(first) = seen.insert(index_key, entry.key()) {
            findings.push(
                Finding::new(Rule::SameRegistryTwice)
                    .about(entry.key())
                    .with(format!("also written {}", shown_key(first))),
            );
        }
    }
}

/// A key without the user part of its host, which may hold a password.
pub fn shown_key(key: &str) -> String {
    let (scheme, rest) = key.split_at(key.find("://").map_or(0, |at| at + 3));
    let host_len = rest.find('/').unwrap_or(rest.len());
    match rest[..host_len].rfind('@') {
        Some(at) => format!("{scheme}{}", &rest[at + 1..]),
        None => key.to_owned(),
    }
}

#[cfg(test)]
mod tests;
