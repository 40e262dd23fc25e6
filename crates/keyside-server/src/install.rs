//! What must stand before keyside can run: its kinds and its namespace.

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use keyside_api::{FIELD_MANAGER, SYSTEM_NAMESPACE};
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::wait::{await_condition, conditions};
use serde_json::json;
use std::time::Duration;

/// How long a new kind may take until it is served.
const ESTABLISHED_WITHIN: Duration = Duration::from_secs(30);

/// Writes the kinds and keyside's own namespace, and waits until the kinds are served. Writes nothing that is right
/// already, so that it can be called at every start.
pub async fn install(client: &kube::Client) -> anyhow::Result<()> {
    let apply = PatchParams::apply(FIELD_MANAGER).force();
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM_NAMESPACE}});
    namespaces
        .patch(SYSTEM_NAMESPACE, &apply, &Patch::Apply(namespace))
        .await
        .context("create keyside's namespace")?;
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    futures::stream::iter(keyside_api::crds::crds())
        .map(|crd| install_kind(&definitions, &apply, crd))
        .buffer_unordered(3)
        .try_collect()
        .await
}

async fn install_kind(
    definitions: &Api<CustomResourceDefinition>,
    apply: &PatchParams,
    crd: CustomResourceDefinition,
) -> anyhow::Result<()> {
    let name = crd.metadata.name.clone().expect("a definition has a name");
    definitions
        .patch(&name, apply, &Patch::Apply(&crd))
        .await
        .with_context(|| format!("install {name}"))?;
    let served = await_condition(definitions.clone(), &name, conditions::is_crd_established());
    tokio::time::timeout(ESTABLISHED_WITHIN, served)
        .await
        .with_context(|| format!("{name} is not served after {} s", ESTABLISHED_WITHIN.as_secs()))?
        .with_context(|| format!("wait for {name}"))?;
    Ok(())
}
