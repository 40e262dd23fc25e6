//! Which pods use a credential: those that name its Secret and have not ended.

use super::place::{Place, Stored};
use crate::failure::Failure;
use k8s_openapi::api::core::v1::Pod;
use keyside_api::Project;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};

/// All pods the user may see, a page at a time.
pub(super) async fn pods(client: &Client) -> kube::Result<Vec<Pod>> {
    let api: Api<Pod> = Api::all(client.clone());
    let mut parameters = ListParams::default()
        .limit(500)
        .fields("status.phase!=Succeeded,status.phase!=Failed");
    let mut pods = Vec::new();
    loop {
        let page = api.list(&parameters).await?;
        pods.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters.continue_token = Some(token),
            None => return Ok(pods),
        }
    }
}

/// `namespace/name` of the pods among these that use the credential.
pub(super) fn users(pods: &[Pod], stored: &Stored, projects: &[Project]) -> Vec<String> {
    let names = secret_names(stored);
    let place = Place::of_stored(stored, projects);
    let reaches = |namespace: &str| match &place {
        Place::Namespace(own) => own == namespace,
        Place::Project { name, .. } => projects
            .iter()
            .filter(|project| project.name_any() == *name)
            .any(|project| project.spec.namespaces.iter().any(|member| member == namespace)),
        Place::Cluster => true,
    };
    pods.iter()
        .filter(|pod| reaches(&pod.namespace().unwrap_or_default()))
        .filter(|pod| names_one_of(pod, &names))
        .map(|pod| format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any()))
        .collect()
}

/// The credential's own name, and the one it is delivered under where that is taken.
fn secret_names(stored: &Stored) -> Vec<String> {
    let (name, uid) = match stored {
        Stored::Namespaced(credential) => (credential.name_any(), credential.uid()),
        Stored::Cluster(credential) => (credential.name_any(), credential.uid()),
    };
    let digits: String = uid
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(8)
        .collect();
    vec![format!("{name}-{digits}"), name]
}

fn names_one_of(pod: &Pod, names: &[String]) -> bool {
    let listed = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.image_pull_secrets.as_ref());
    listed.is_some_and(|list| list.iter().any(|reference| names.contains(&reference.name)))
}

/// All projects, or none where the user may not list them.
pub(super) async fn projects(client: &Client) -> Result<Vec<Project>, Failure> {
    match Api::<Project>::all(client.clone())
        .list(&ListParams::default())
        .await
    {
        Ok(list) => Ok(list.items),
        Err(kube::Error::Api(status)) if status.code == 403 => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}
