//! Deleting the delivered pull secrets: exactly those that keyside wrote.

use crate::failure::Failure;
use crate::output::Output;
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use keyside_api::label;
use keyside_core::index::may_be_removed;
use kube::api::{Api, DeleteParams, ListParams, PartialObjectMeta, Preconditions};
use kube::{Client, ResourceExt as _};

/// How many deletions are under way at once.
const SIDE_BY_SIDE: usize = 32;

/// How many copies are listed at once.
const PAGE: u32 = 500;

/// Deletes the copies of all namespaces and says how many.
pub(super) async fn delete(client: &Client, output: &Output) -> Result<(), Failure> {
    let copies = list(client).await?;
    let (ours, foreign): (Vec<_>, Vec<_>) = copies
        .into_iter()
        .partition(|copy| may_be_removed(&copy.metadata));
    let deleted = futures::stream::iter(ours)
        .map(|copy| delete_one(client, copy))
        .buffer_unordered(SIDE_BY_SIDE)
        .collect::<Vec<_>>()
        .await;
    let deleted = deleted.into_iter().collect::<Result<Vec<bool>, Failure>>()?;
    output.line(format!(
        "{} pull secrets deleted",
        deleted.iter().filter(|deleted| **deleted).count()
    ));
    for copy in foreign {
        let (namespace, name) = (copy.namespace().unwrap_or_default(), copy.name_any());
        output.warning(format!(
            "secret {namespace}/{name} carries keyside's label but is not keyside's; it stays"
        ));
    }
    Ok(())
}

async fn list(client: &Client) -> Result<Vec<PartialObjectMeta<Secret>>, Failure> {
    let api: Api<Secret> = Api::all(client.clone());
    let mut page = ListParams::default().labels(label::CREDENTIAL).limit(PAGE);
    let mut copies = Vec::new();
    loop {
        let list = api.list_metadata(&page).await?;
        copies.extend(list.items);
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(copies),
        }
    }
}

/// Deletes the very object that was seen. One that changed meanwhile is somebody's, and stays.
async fn delete_one(client: &Client, copy: PartialObjectMeta<Secret>) -> Result<bool, Failure> {
    let api: Api<Secret> = Api::namespaced(client.clone(), &copy.namespace().unwrap_or_default());
    let parameters = DeleteParams {
        preconditions: Some(Preconditions {
            uid: copy.uid(),
            resource_version: copy.resource_version(),
        }),
        ..DeleteParams::default()
    };
    match api.delete(&copy.name_any(), &parameters).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
