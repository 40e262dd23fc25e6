//! A private image on the real node: refused without a credential, pulled with one.

use super::node::{PASSWORD, PRIVATE_IMAGE, REGISTRY, USER};
use super::{Bed, wait::until};
use crate::{say, succeed};
use anyhow::{Result, bail};
use std::process::Stdio;

/// Runs two pods.
pub(super) fn run(bed: &Bed) -> Result<()> {
    let refused = pod(bed, "without", "")?;
    until_reason(bed, &refused, &["ErrImagePull", "ImagePullBackOff"])?;
    say("a pod without a credential: ErrImagePull");
    quiet(
        bed,
        &[
            "create",
            "secret",
            "docker-registry",
            "testquay",
            &format!("--docker-server={REGISTRY}"),
            &format!("--docker-username={USER}"),
            &format!("--docker-password={PASSWORD}"),
        ],
    )?;
    pod(bed, "with", r#","imagePullSecrets":[{"name":"testquay"}]"#)?;
    until("the pod with a credential", || {
        Ok((field(bed, "with", "{.status.phase}")? == "Running").then_some(()))
    })?;
    let events = field(bed, "with", "{.status.containerStatuses[0].ready}")?;
    if events != "true" {
        bail!("the container of the pod with a credential is not ready");
    }
    say("a pod with a credential: Running");
    Ok(())
}

fn pod(bed: &Bed, name: &str, more: &str) -> Result<String> {
    let overrides =
        format!(r#"{{"spec":{{"containers":[{{"name":"{name}","image":"{PRIVATE_IMAGE}"}}]{more}}}}}"#);
    quiet(
        bed,
        &[
            "run",
            name,
            &format!("--image={PRIVATE_IMAGE}"),
            &format!("--overrides={overrides}"),
        ],
    )?;
    Ok(name.to_owned())
}

fn until_reason(bed: &Bed, pod: &str, reasons: &[&str]) -> Result<()> {
    until(&format!("pod {pod}"), || {
        let reason = field(bed, pod, "{.status.containerStatuses[0].state.waiting.reason}")?;
        Ok(reasons.contains(&reason.as_str()).then_some(()))
    })
}

fn field(bed: &Bed, pod: &str, path: &str) -> Result<String> {
    let output = bed
        .kubectl(&["get", "pod", pod, &format!("--output=jsonpath={path}")])
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn quiet(bed: &Bed, arguments: &[&str]) -> Result<()> {
    succeed(bed.kubectl(arguments).stdout(Stdio::null()))
}
