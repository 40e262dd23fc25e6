//! What an explanation needs of the cluster, read with the user's own rights: first what is near (the namespace, its
//! project, the cluster's credentials), and everything only if that does not answer.

use super::failure::Failure;
use super::place::permitted;
use super::pull;
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret, ServiceAccount};
use k8s_openapi::jiff::Timestamp;
use keyside_api::{ClusterRegistryCredential, Project, RegistryCredential, SYSTEM_NAMESPACE, label};
use keyside_core::Index;
use keyside_core::explain::{Explanation, Question, explain};
use keyside_core::inject;
use keyside_core::source::PullSecret;
use kube::api::ListParams;
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// The types of Secrets that can hold a registry credential.
const TYPES: [&str; 3] = [
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/dockercfg",
    "kubernetes.io/basic-auth",
];

/// The index as the user may know it, and the Secrets of one namespace.
pub(super) struct Cluster {
    index: Index,
    namespace: String,
    secrets: BTreeMap<String, PullSecret>,
}

impl Cluster {
    /// What is near a namespace.
    pub(super) async fn near(client: &Client, namespace: &str) -> Result<Self, Failure> {
        let projects: Vec<Project> = list(Api::all(client.clone()), "").await?.unwrap_or_default();
        let mut homes: Vec<String> = vec![namespace.to_owned()];
        for project in &projects {
            let home = project.home_namespace();
            // Selectors and Rancher's ids are followed by the index; their homes are few enough to be read all.
            let may_hold = project.spec.namespaces.iter().any(|member| member == namespace)
                || project.spec.namespace_selector.is_some()
                || project.spec.rancher_project_id.is_some();
            if may_hold && !homes.contains(&home) {
                homes.push(home);
            }
        }
        Self::read(client, namespace, projects, Some(homes)).await
    }

    /// Everything the user may see.
    pub(super) async fn wide(client: &Client, namespace: &str) -> Result<Self, Failure> {
        let projects = list(Api::all(client.clone()), "").await?.unwrap_or_default();
        Self::read(client, namespace, projects, None).await
    }

    async fn read(
        client: &Client,
        namespace: &str,
        projects: Vec<Project>,
        homes: Option<Vec<String>>,
    ) -> Result<Self, Failure> {
        let (cluster, credentials, mut secrets, metas) = tokio::try_join!(
            list::<ClusterRegistryCredential>(Api::all(client.clone()), ""),
            credentials(client, namespace, homes.as_deref()),
            pull_secrets(client, namespace, homes.as_deref()),
            namespaces(client, namespace, homes.as_deref()),
        )?;
        let mut index = Index::new(SYSTEM_NAMESPACE, None);
        for meta in &metas {
            drop(index.apply_namespace(meta));
        }
        for project in &projects {
            drop(index.apply_project(project));
        }
        let cluster = cluster.unwrap_or_default();
        if homes.is_some() {
            secrets.extend(sources(client, &cluster).await?);
        }
        for one in &cluster {
            drop(index.apply_credential(one));
        }
        for one in &credentials {
            drop(index.apply_credential(one));
        }
        let mut here = BTreeMap::new();
        for secret in &secrets {
            if secret.labels().contains_key(label::CREDENTIAL) {
                drop(index.apply_copy(&secret.metadata, Timestamp::now()));
            } else {
                drop(index.apply_secret(secret));
            }
            if secret.namespace().as_deref() == Some(namespace) {
                here.insert(secret.name_any(), PullSecret::read(secret, None));
            }
        }
        Ok(Self {
            index,
            namespace: namespace.to_owned(),
            secrets: here,
        })
    }

    /// A Secret of the namespace.
    pub(super) fn secret(&self, name: &str) -> Option<&PullSecret> {
        self.secrets.get(name)
    }

    /// The answer for an image that a new pod would use.
    pub(super) fn image(&self, image: &str, listed: Vec<String>) -> Explanation {
        let question = Question {
            namespace: &self.namespace,
            image,
            listed,
            secrets: self.secrets.clone(),
            ..Question::default()
        };
        explain(&self.index, &question)
    }

    /// One answer for each image of a pod.
    pub(super) fn pod(&self, pod: &Pod) -> Vec<Explanation> {
        let (name, listed, injected) = (pod.name_any(), pull::listed(pod), pull::injected(pod));
        let text = serde_json::to_string(pod).unwrap_or_default();
        let images: Vec<String> = inject::Pod::parse(&text)
            .map(|pod| pod.images().map(str::to_owned).collect())
            .unwrap_or_default();
        let one = |image: &String| {
            let question = Question {
                namespace: &self.namespace,
                image,
                pod: Some(&name),
                listed: listed.clone(),
                injected: injected.clone(),
                exists: true,
                secrets: self.secrets.clone(),
                container: pull::container(pod, image),
                observed: pull::observed(pod, image),
                node: pull::words(pod, image),
                ..Question::default()
            };
            explain(&self.index, &question)
        };
        images.iter().map(one).collect()
    }
}

/// Explains an image for a new pod of the namespace's default account: from near, and from everywhere if near says no.
pub(super) async fn about_image(
    client: &Client,
    namespace: &str,
    image: &str,
) -> Result<(Cluster, Explanation), Failure> {
    let listed = account_list(client, namespace).await?;
    let near = Cluster::near(client, namespace).await?;
    let answer = near.image(image, listed.clone());
    if !answer.credentials.is_empty() || answer.reason == "InvalidReference" {
        return Ok((near, answer));
    }
    let wide = Cluster::wide(client, namespace).await?;
    let answer = wide.image(image, listed);
    Ok((wide, answer))
}

/// The pull secrets a new pod would get from its `ServiceAccount`.
async fn account_list(client: &Client, namespace: &str) -> Result<Vec<String>, Failure> {
    let api: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
    let account = permitted(api.get("default").await)?;
    let list = account.and_then(|account| account.image_pull_secrets);
    Ok(list
        .into_iter()
        .flatten()
        .map(|reference| reference.name)
        .collect())
}

async fn credentials(
    client: &Client,
    namespace: &str,
    homes: Option<&[String]>,
) -> Result<Vec<RegistryCredential>, Failure> {
    if homes.is_none()
        && let Some(all) = list(Api::all(client.clone()), "").await?
    {
        return Ok(all);
    }
    let own = [namespace.to_owned()];
    let mut out = Vec::new();
    for home in homes.unwrap_or(&own) {
        out.extend(
            list(Api::namespaced(client.clone(), home), "")
                .await?
                .into_iter()
                .flatten(),
        );
    }
    Ok(out)
}

async fn pull_secrets(
    client: &Client,
    namespace: &str,
    homes: Option<&[String]>,
) -> Result<Vec<Secret>, Failure> {
    let own = [namespace.to_owned()];
    let mut found = Vec::new();
    for kind in TYPES {
        let fields = format!("type={kind}");
        if homes.is_none()
            && let Some(all) = list::<Secret>(Api::all(client.clone()), &fields).await?
        {
            found.extend(all);
            continue;
        }
        for home in homes.unwrap_or(&own) {
            let some = list(Api::namespaced(client.clone(), home), &fields).await?;
            found.extend(some.into_iter().flatten());
        }
    }
    Ok(found)
}

/// The Secrets that the cluster's credentials are made of.
async fn sources(client: &Client, cluster: &[ClusterRegistryCredential]) -> Result<Vec<Secret>, Failure> {
    let mut out = Vec::new();
    for secret in cluster.iter().filter_map(|one| one.spec.source.secret.as_ref()) {
        let api: Api<Secret> = Api::namespaced(client.clone(), &secret.namespace);
        out.extend(permitted(api.get(&secret.name).await)?);
    }
    Ok(out)
}

type Meta = k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

async fn namespaces(
    client: &Client,
    namespace: &str,
    homes: Option<&[String]>,
) -> Result<Vec<Meta>, Failure> {
    let api: Api<Namespace> = Api::all(client.clone());
    if homes.is_none()
        && let Some(all) = list::<Namespace>(api.clone(), "").await?
    {
        return Ok(all.into_iter().map(|one| one.metadata).collect());
    }
    let own = [namespace.to_owned()];
    let mut out = Vec::new();
    for name in homes.unwrap_or(&own) {
        // Who may not read the namespace itself still works in it.
        match permitted(api.get(name).await)? {
            Some(found) => out.push(found.metadata),
            None if name == namespace => out.push(Meta {
                name: Some(name.clone()),
                ..Meta::default()
            }),
            None => {}
        }
    }
    Ok(out)
}

/// All objects of a kind, page by page, or nothing where the user may not list them.
pub(super) async fn list<K>(api: Api<K>, fields: &str) -> Result<Option<Vec<K>>, Failure>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let mut parameters = ListParams::default().limit(500);
    if !fields.is_empty() {
        parameters = parameters.fields(fields);
    }
    let mut items = Vec::new();
    loop {
        let Some(page) = permitted(api.list(&parameters).await)? else {
            return Ok(None);
        };
        items.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters.continue_token = Some(token),
            None => return Ok(Some(items)),
        }
    }
}
