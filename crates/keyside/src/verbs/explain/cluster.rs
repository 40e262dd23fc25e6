//! What explain knows of the cluster: one list of each kind, as far as the user's own rights go. Without the right to
//! see other namespaces the answer speaks of this one alone.

use crate::failure::Failure;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use keyside_api::{ClusterRegistryCredential, Project, RegistryCredential, SYSTEM_NAMESPACE, label};
use keyside_core::Index;
use keyside_core::index::Access;
use keyside_core::source::PullSecret;
use kube::api::ListParams;
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// The types of Secrets that can hold a registry credential.
const TYPES: [&str; 3] = [
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/dockercfg",
    "kubernetes.io/basic-auth",
];

/// The index, and the Secrets of the namespace as they are.
pub(super) struct Cluster {
    pub(super) index: Index,
    pub(super) secrets: BTreeMap<String, PullSecret>,
}

impl Cluster {
    /// Reads what the user may see.
    pub(super) async fn read(client: &Client, namespace: &str) -> Result<Self, Failure> {
        let (namespaces, projects, cluster, credentials, secrets) = tokio::try_join!(
            permitted::<Namespace>(Api::all(client.clone()), ListParams::default()),
            permitted::<Project>(Api::all(client.clone()), ListParams::default()),
            permitted::<ClusterRegistryCredential>(Api::all(client.clone()), ListParams::default()),
            credentials(client, namespace),
            pull_secrets(client, namespace),
        )?;
        let namespaces = match namespaces {
            Some(all) => all,
            None => vec![Api::all(client.clone()).get(namespace).await?],
        };
        // Where no Secret may be read, none is known to be missing.
        let readable = secrets.is_none().then(BTreeSet::new);
        let secrets = secrets.unwrap_or_default();
        let mut known = Index::new(SYSTEM_NAMESPACE, None);
        known.set_access(Access {
            readable,
            ..Access::default()
        });
        let index = fed(
            known,
            &namespaces,
            projects.as_deref().unwrap_or_default(),
            cluster.as_deref().unwrap_or_default(),
            &credentials,
            &secrets,
        );
        let here = secrets
            .iter()
            .filter(|secret| secret.namespace().as_deref() == Some(namespace))
            .map(|secret| (secret.name_any(), PullSecret::read(secret, None)))
            .collect();
        Ok(Self { index, secrets: here })
    }
}

/// The index over what was read.
pub(crate) fn index(
    namespaces: &[Namespace],
    projects: &[Project],
    cluster: &[ClusterRegistryCredential],
    credentials: &[RegistryCredential],
    secrets: &[Secret],
) -> Index {
    let index = Index::new(SYSTEM_NAMESPACE, None);
    fed(index, namespaces, projects, cluster, credentials, secrets)
}

fn fed(
    mut index: Index,
    namespaces: &[Namespace],
    projects: &[Project],
    cluster: &[ClusterRegistryCredential],
    credentials: &[RegistryCredential],
    secrets: &[Secret],
) -> Index {
    for one in namespaces {
        drop(index.apply_namespace(&one.metadata));
    }
    for one in projects {
        drop(index.apply_project(one));
    }
    for one in cluster {
        drop(index.apply_credential(one));
    }
    for one in credentials {
        drop(index.apply_credential(one));
    }
    for secret in secrets {
        if secret.labels().contains_key(label::CREDENTIAL) {
            drop(index.apply_copy(&secret.metadata, Timestamp::now()));
        } else {
            drop(index.apply_secret(secret));
        }
    }
    index
}

async fn credentials(client: &Client, namespace: &str) -> Result<Vec<RegistryCredential>, Failure> {
    match permitted(Api::all(client.clone()), ListParams::default()).await? {
        Some(all) => Ok(all),
        None => Ok(
            permitted(Api::namespaced(client.clone(), namespace), ListParams::default())
                .await?
                .unwrap_or_default(),
        ),
    }
}

/// The pull secrets of all namespaces, or of this one; `None` where the user may see those of neither.
async fn pull_secrets(client: &Client, namespace: &str) -> Result<Option<Vec<Secret>>, Failure> {
    let mut found: Option<Vec<Secret>> = None;
    for kind in TYPES {
        let parameters = ListParams::default().fields(&format!("type={kind}"));
        let all = match permitted(Api::all(client.clone()), parameters.clone()).await? {
            Some(all) => Some(all),
            None => permitted(Api::namespaced(client.clone(), namespace), parameters).await?,
        };
        if let Some(all) = all {
            found.get_or_insert_default().extend(all);
        }
    }
    Ok(found)
}

/// All objects of a kind, or nothing where the user may not list them or the kind is not installed.
async fn permitted<K>(api: Api<K>, mut parameters: ListParams) -> Result<Option<Vec<K>>, Failure>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let mut items = Vec::new();
    loop {
        match api.list(&parameters).await {
            Ok(page) => {
                items.extend(page.items);
                match page.metadata.continue_.filter(|token| !token.is_empty()) {
                    Some(token) => parameters.continue_token = Some(token),
                    None => return Ok(Some(items)),
                }
            }
            Err(kube::Error::Api(status)) if matches!(status.code, 403 | 404) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}
