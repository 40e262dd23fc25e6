//! Pushing an image with skopeo. The password travels in a file that only its owner may read, never in an argument.

use crate::succeed;
use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where an image goes.
pub(super) struct Target {
    /// `HOST/REPOSITORY:TAG`.
    pub(super) name: String,
    /// User and password.
    pub(super) login: Option<(String, String)>,
    /// Whether the registry speaks HTTP without TLS.
    pub(super) plain_http: bool,
}

/// Pushes the only image of a layout.
pub(super) fn push(layout: &Path, target: &Target) -> Result<()> {
    let Some((host, _)) = target.name.split_once('/') else {
        bail!("{} names no registry: HOST/REPOSITORY:TAG is needed", target.name);
    };
    let work = tempfile::tempdir().context("cannot make a folder")?;
    let mut skopeo = Command::new("skopeo");
    skopeo.args(["--insecure-policy", "copy", "--quiet", "--preserve-digests"]);
    if let Some((user, password)) = &target.login {
        let file = write_login(work.path(), host, user, password)?;
        skopeo.arg("--dest-authfile").arg(file);
    }
    skopeo.arg(format!("--dest-tls-verify={}", !target.plain_http));
    skopeo
        .arg(format!("oci:{}", layout.display()))
        .arg(format!("docker://{}", target.name));
    succeed(&mut skopeo)
}

fn write_login(folder: &Path, host: &str, user: &str, password: &str) -> Result<PathBuf> {
    let path = folder.join("auth.json");
    let auth = STANDARD.encode(format!("{user}:{password}"));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .context("cannot write the login")?;
    let text = json!({"auths": {host: {"auth": auth}}}).to_string();
    file.write_all(text.as_bytes())
        .context("cannot write the login")?;
    Ok(path)
}
