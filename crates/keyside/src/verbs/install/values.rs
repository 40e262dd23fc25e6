//! The values of an installation: files over the chart's own, flags over files.

use crate::cli::Install;
use crate::failure::Failure;
use crate::install::{Image, Values, overlay};
use serde_json::{Value, json};
use std::path::Path;

/// Reads files and flags.
pub(in crate::verbs) fn values(flags: &Install) -> Result<Values, Failure> {
    let files: Vec<Value> = flags
        .place
        .values
        .iter()
        .map(|path| file(path))
        .collect::<Result<_, _>>()?;
    let mut values = overlay(files).map_err(|error| wrong(&error))?;
    if let Some(image) = &flags.image {
        values.image = named(image, values.image);
    }
    let secrets = flags.image_pull_secret.iter();
    values
        .image_pull_secrets
        .extend(secrets.map(|name| crate::install::Given::of(json!({"name": name}))));
    if let Some(replicas) = flags.replicas {
        values.replica_count = replicas;
    }
    if let Some(mode) = flags.delivery {
        values.delivery.mode = mode;
    }
    if flags.skip_crds {
        values.crds.enabled = false;
    }
    if values.is_confined() && values.rbac.namespaces.is_empty() {
        return Err(
            Failure::new("`rbac.mode` is namespaced, and `rbac.namespaces` names no namespace")
                .hint("keyside install -f values.yaml # with rbac: {mode: namespaced, namespaces: [NS]}"),
        );
    }
    Ok(values)
}

fn file(path: &Path) -> Result<Value, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{} cannot be read", path.display())).because(error))?;
    crate::install::parse(&text).map_err(|error| wrong(&error).because(format!("in {}", path.display())))
}

fn wrong(error: &crate::install::Refused) -> Failure {
    let failure = Failure::new(error.to_string());
    match std::error::Error::source(error) {
        Some(cause) => failure.because(cause),
        None => failure,
    }
}

/// `repository[:tag][@digest]`; a colon before a slash belongs to the host.
fn named(text: &str, before: Image) -> Image {
    let (name, digest) = text.split_once('@').unwrap_or((text, ""));
    let (repository, tag) = match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (name, ""),
    };
    Image {
        repository: repository.to_owned(),
        tag: tag.to_owned(),
        digest: digest.to_owned(),
        pull_policy: before.pull_policy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: [&str; 3]) {
        let Image {
            repository,
            tag,
            digest,
            ..
        } = named(text, Image::default());
        assert_eq!([&*repository, &*tag, &*digest], expected);
    }

    #[test]
    fn image_flag_is_taken_apart_at_tag_and_digest() {
        check(
            "quay.io/keyside/keyside:v1",
            ["quay.io/keyside/keyside", "v1", ""],
        );
        check("127.0.0.1:5000/keyside", ["127.0.0.1:5000/keyside", "", ""]);
        check(
            "127.0.0.1:5000/keyside:v1@sha256:ab",
            ["127.0.0.1:5000/keyside", "v1", "sha256:ab"],
        );
    }
}
