//! Which namespaces were accepted as members is written down, so that a namespace that was deleted and made anew while
//! keyside was away is not taken for the one that was accepted.

use super::Requeue;
use crate::context::Context;
use crate::error::Error;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use keyside_api::FIELD_MANAGER;
use keyside_core::index::Accepted;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

/// The Secret in keyside's own namespace. It holds fingerprints only; it is a Secret because nobody else needs to see it.
const NAME: &str = "keyside-accepted-namespaces";

/// The key in it.
const KEY: &str = "accepted";

pub(super) async fn reconcile(ctx: &Context) -> Result<Requeue, Error> {
    let accepted = ctx.index().accepted().to_bytes();
    let secrets: Api<Secret> = Api::namespaced(ctx.config.client.clone(), &ctx.config.namespace);
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": NAME}, "data": {KEY: ByteString(accepted)},
    });
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    secrets
        .patch_metadata(NAME, &parameters, &Patch::Apply(secret))
        .await
        .map_err(Error::WriteMemory)?;
    Ok(Requeue::No)
}

/// What an earlier run has written down.
pub(crate) async fn recall(client: &kube::Client, namespace: &str) -> Result<Accepted, kube::Error> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let secret = secrets.get_opt(NAME).await?;
    let bytes = secret.and_then(|secret| secret.data?.remove(KEY));
    Ok(bytes
        .map(|bytes| Accepted::from_bytes(&bytes.0))
        .unwrap_or_default())
}
