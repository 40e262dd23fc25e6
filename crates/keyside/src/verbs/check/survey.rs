//! What is read of the cluster, once, as far as the user's own rights go.

use crate::failure::Failure;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use keyside_api::{ClusterRegistryCredential, Project, RegistryCredential};
use kube::api::ListParams;
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::fmt::Debug;

/// Everything that checks look at.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) namespaces: Vec<Namespace>,
    pub(crate) projects: Vec<Project>,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) pods: Vec<Pod>,
    pub(crate) accounts: Vec<ServiceAccount>,
    pub(crate) credentials: Vec<RegistryCredential>,
    pub(crate) cluster_credentials: Vec<ClusterRegistryCredential>,
    pub(crate) roles: Vec<Role>,
    pub(crate) bindings: Vec<RoleBinding>,
    pub(crate) cluster_roles: Vec<ClusterRole>,
    pub(crate) cluster_bindings: Vec<ClusterRoleBinding>,
    /// Namespace and name of every Secret that a credential is made of.
    pub(crate) sources: BTreeSet<(String, String)>,
    /// Whether Secrets could be listed. Where they could not, none of them is known to be missing.
    pub(crate) saw_secrets: bool,
}

impl Survey {
    /// Reads all namespaces, or one.
    pub(crate) async fn read(client: &Client, namespace: Option<&str>) -> Result<Self, Failure> {
        let everywhere = namespace.is_none();
        let mut survey = Self {
            namespaces: Vec::new(),
            projects: Vec::new(),
            secrets: Vec::new(),
            pods: namespaced(client, namespace, "").await?,
            accounts: namespaced(client, namespace, "").await?,
            credentials: namespaced(client, namespace, "").await?,
            roles: namespaced(client, namespace, "").await?,
            bindings: namespaced(client, namespace, "").await?,
            cluster_credentials: Vec::new(),
            cluster_roles: Vec::new(),
            cluster_bindings: Vec::new(),
            sources: BTreeSet::new(),
            saw_secrets: true,
        };
        for kind in ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"] {
            let of_type = format!("type={kind}");
            match asked(within(client, namespace), &of_type).await? {
                Some(secrets) => survey.secrets.extend(secrets),
                None => survey.saw_secrets = false,
            }
        }
        // Also for one namespace: what is in force there, others may have said.
        survey.namespaces = list(Api::all(client.clone()), "").await?;
        survey.projects = list(Api::all(client.clone()), "").await?;
        let of_cluster: Vec<ClusterRegistryCredential> = list(Api::all(client.clone()), "").await?;
        survey.sources = sources(&survey.credentials, &of_cluster);
        if everywhere {
            survey.cluster_credentials = of_cluster;
            survey.cluster_roles = list(Api::all(client.clone()), "").await?;
            survey.cluster_bindings = list(Api::all(client.clone()), "").await?;
        }
        Ok(survey)
    }

    /// Namespace and name of every pull secret that a pod or a `ServiceAccount` names.
    pub(crate) fn named(&self) -> BTreeSet<(String, String)> {
        let mut named = BTreeSet::new();
        for pod in &self.pods {
            let listed = pod
                .spec
                .as_ref()
                .and_then(|spec| spec.image_pull_secrets.as_ref());
            for reference in listed.into_iter().flatten() {
                named.insert((pod.namespace().unwrap_or_default(), reference.name.clone()));
            }
        }
        for account in &self.accounts {
            for reference in account.image_pull_secrets.iter().flatten() {
                named.insert((account.namespace().unwrap_or_default(), reference.name.clone()));
            }
        }
        named
    }
}

/// What credentials are made of.
fn sources(
    credentials: &[RegistryCredential],
    of_cluster: &[ClusterRegistryCredential],
) -> BTreeSet<(String, String)> {
    let own = credentials.iter().filter_map(|one| {
        let secret = one.spec.source.secret.as_ref()?;
        Some((one.namespace()?, secret.name.clone()))
    });
    let others = of_cluster.iter().filter_map(|one| {
        let secret = one.spec.source.secret.as_ref()?;
        Some((secret.namespace.clone(), secret.name.clone()))
    });
    own.chain(others).collect()
}

/// For tables.
pub(crate) fn yes(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

async fn namespaced<K>(client: &Client, namespace: Option<&str>, fields: &str) -> Result<Vec<K>, Failure>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    list(within(client, namespace), fields).await
}

/// One namespace's objects, or everybody's.
fn within<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

/// All objects; none where the user may not list them or the kind is not installed.
async fn list<K>(api: Api<K>, fields: &str) -> Result<Vec<K>, Failure>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    Ok(asked(api, fields).await?.unwrap_or_default())
}

/// All objects, a page at a time; `None` where the user may not list them or the kind is not installed.
async fn asked<K>(api: Api<K>, fields: &str) -> Result<Option<Vec<K>>, Failure>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let mut parameters = ListParams::default().limit(500);
    if !fields.is_empty() {
        parameters = parameters.fields(fields);
    }
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
