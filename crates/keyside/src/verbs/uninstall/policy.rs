//! Deleting the policy that the API server follows for pods, and its tables.

use super::gone;
use crate::failure::Failure;
use crate::output::Output;
use futures::StreamExt as _;
use keyside_api::{INJECTION, InjectionTable};
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams};
use kube::{Client, ResourceExt as _};

/// How many deletions are under way at once.
const SIDE_BY_SIDE: usize = 32;

/// Deletes the binding first: from then on no pod is changed.
pub(super) async fn delete(client: &Client, output: &Output) -> Result<(), Failure> {
    for (kind, plural) in [
        (
            "MutatingAdmissionPolicyBinding",
            "mutatingadmissionpolicybindings",
        ),
        ("MutatingAdmissionPolicy", "mutatingadmissionpolicies"),
    ] {
        let gvk = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
        let resource = ApiResource::from_gvk_with_plural(&gvk, plural);
        let api = Api::<DynamicObject>::all_with(client.clone(), &resource);
        if gone(api.delete(INJECTION, &DeleteParams::default()).await)? {
            output.line(format!("{}/{INJECTION} deleted", kind.to_lowercase()));
        }
    }
    tables(client, output).await
}

async fn tables(client: &Client, output: &Output) -> Result<(), Failure> {
    let api: Api<InjectionTable> = Api::all(client.clone());
    let found = match api.list_metadata(&ListParams::default()).await {
        Ok(list) => list.items,
        // Without the kind there are no tables.
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if found.is_empty() {
        return Ok(());
    }
    let deleted = futures::stream::iter(found)
        .map(|table| async move {
            let namespace = table.namespace().unwrap_or_default();
            let api: Api<InjectionTable> = Api::namespaced(client.clone(), &namespace);
            gone(api.delete(&table.name_any(), &DeleteParams::default()).await)
        })
        .buffer_unordered(SIDE_BY_SIDE)
        .collect::<Vec<_>>()
        .await;
    let deleted = deleted.into_iter().collect::<Result<Vec<bool>, Failure>>()?;
    let count = deleted.iter().filter(|deleted| **deleted).count();
    output.line(format!("{count} injection tables deleted"));
    Ok(())
}
