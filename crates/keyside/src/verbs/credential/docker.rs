//! Docker's own configuration as a source: its file, and the stores that the file points to.
//!
//! A store is another program, `docker-credential-NAME`, that is given a registry on stdin and answers with a user name and a secret.

use crate::failure::Failure;
use crate::output::Output;
use keyside_keychain::docker_config::{DockerConfig, Form};
use keyside_keychain::{Credential, Secret};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a store answers instead of a user name when the secret is a login token, which no kubelet can use.
const TOKEN_USER: &str = "<token>";

/// What a store answers.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Username")]
    username: String,
    #[serde(rename = "Secret")]
    secret: String,
}

/// The entries of a file; every one of them is kept. A file that only points to a store is refused.
pub(super) fn from_file(path: &Path) -> Result<DockerConfig, Failure> {
    let config = read(path)?;
    let points = config.credential_store().is_some() || !config.credential_helpers().is_empty();
    let is_empty = config.entries().iter().all(|entry| entry.credential().is_empty());
    if is_empty && points {
        return Err(Failure::new("this file only points to a store")
            .because(format!(
                "{} names the program that keeps the passwords, not the passwords",
                path.display()
            ))
            .hint("keyside credential add NAME --from-docker …"));
    }
    if is_empty {
        return Err(Failure::new(format!("{} holds no credential", path.display()))
            .because("no entry has a user name and a password"));
    }
    Ok(config)
}

/// What docker has logged in to: its own file, and for what that only points to, the stores. Only one registry's, if one is named.
pub(super) fn from_docker(registry: Option<&str>, output: &Output) -> Result<DockerConfig, Failure> {
    let path = file()?;
    let config = read(&path)?;
    let mut found = DockerConfig::new(Form::ConfigJson);
    let mut failures = Vec::new();
    for (key, helper) in wanted(&config) {
        if registry.is_some_and(|registry| bare(registry) != bare(&key)) {
            continue;
        }
        let own = config.get(&key).map(|entry| entry.credential().clone());
        match (own.filter(|own| !own.is_empty()), helper) {
            (Some(own), _) => found.set(key, own),
            (None, Some(helper)) => {
                match ask(&helper, &key, output) {
                    Ok(Some(credential)) => found.set(key, credential),
                    Ok(None) => {}
                    // One store that is not there does not keep what the others hold.
                    Err(failure) if registry.is_none() => failures.push(failure),
                    Err(failure) => return Err(failure),
                }
            }
            (None, None) => {}
        }
    }
    if found.entries().is_empty()
        && let Some(first) = failures.pop()
    {
        return Err(first);
    }
    for failure in &failures {
        output.warning(format!("{failure}; it is left out"));
    }
    if found.entries().is_empty() {
        let what = registry.map_or_else(|| "any registry".to_owned(), str::to_owned);
        return Err(Failure::new(format!("docker is not logged in to {what}"))
            .because(format!(
                "{} was read, and the stores it names were asked",
                path.display()
            ))
            .hint(format!("docker login {}", registry.unwrap_or("HOST"))));
    }
    Ok(found)
}

/// Every registry the file knows, with the store that keeps its password.
fn wanted(config: &DockerConfig) -> BTreeMap<String, Option<String>> {
    let store = config.credential_store();
    let entries = config.entries().iter();
    let mut wanted: BTreeMap<String, Option<String>> = entries
        .map(|entry| (entry.key().to_owned(), store.clone()))
        .collect();
    for (key, helper) in config.credential_helpers() {
        wanted.insert(key, Some(helper));
    }
    wanted
}

fn read(path: &Path) -> Result<DockerConfig, Failure> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let bytes =
        bytes.map_err(|error| Failure::new(format!("{} cannot be read", path.display())).because(error))?;
    DockerConfig::parse(Form::ConfigJson, &bytes).map_err(|error| {
        Failure::new(format!("{} is no docker config", path.display()))
            .because(error)
            .hint("docker login HOST, which writes ~/.docker/config.json")
    })
}

/// Where docker keeps its file.
fn file() -> Result<PathBuf, Failure> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(dir) = set("DOCKER_CONFIG") {
        return Ok(Path::new(&dir).join("config.json"));
    }
    set("HOME")
        .map(|home| Path::new(&home).join(".docker/config.json"))
        .ok_or_else(|| {
            Failure::new("docker's file cannot be found").because("neither DOCKER_CONFIG nor HOME is set")
        })
}

/// Asks a store. Nothing of what it answers is shown, whatever happens.
fn ask(helper: &str, key: &str, output: &Output) -> Result<Option<Credential>, Failure> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if helper.is_empty() || !helper.chars().all(is_name) {
        return Err(Failure::new(
            "docker's file names a store that is no program's name",
        ));
    }
    let program = format!("docker-credential-{helper}");
    let failed = |why: String| {
        Failure::new(format!("{program} did not answer for {key}"))
            .because(why)
            .hint(format!("docker login {}", bare(key)))
    };
    let mut child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A store that does not read its question answers without it.
        let _ = stdin.write_all(key.as_bytes());
    }
    let answered = child
        .wait_with_output()
        .map_err(|error| failed(error.to_string()))?;
    let secret = Secret::from(answered.stdout);
    if !answered.status.success() {
        output.warning(format!("{program} has nothing for {key}"));
        return Ok(None);
    }
    let answer: Answer = serde_json::from_slice(secret.expose())
        .map_err(|_| failed("its answer cannot be read".to_owned()))?;
    if answer.username == TOKEN_USER {
        output.warning(format!(
            "{key}: docker keeps a login token there, which a kubelet cannot use; it is left out"
        ));
        return Ok(None);
    }
    Ok(Some(Credential::new(answer.username, answer.secret)))
}

/// A key without scheme, version path and final slash, to compare what people type.
fn bare(key: &str) -> &str {
    let key = key
        .split_once("://")
        .map_or(key, |(_, rest)| rest)
        .trim_end_matches('/');
    let key = key
        .strip_suffix("/v1")
        .or_else(|| key.strip_suffix("/v2"))
        .unwrap_or(key);
    match key {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        other => other,
    }
}
