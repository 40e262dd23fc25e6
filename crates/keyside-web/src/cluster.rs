//! What an explanation needs of the cluster, read with the user's own rights: first what is near (the namespace, its
//! project, the cluster's credentials), and everything only if that does not answer.

use super::failure::Failure;
use super::pages::workloads;
use super::place::permitted;
use super::pull;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret, ServiceAccount};
use k8s_openapi::jiff::Timestamp;
use keyside_api::{ClusterRegistryCredential, Project, RegistryCredential, SYSTEM_NAMESPACE, label};
use keyside_core::Index;
use keyside_core::explain::{Explanation, Question, Shown, explain, logins};
use keyside_core::source::PullSecret;
use kube::api::ListParams;
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

/// How many objects are asked for at a time.
const PAGE: u32 = 500;

/// How many credentials of a kind are looked at.
const MOST: usize = 1_000;

/// How long the search for what is elsewhere may take.
const SEARCH: Duration = Duration::from_secs(2);

/// How many questions are asked at the same time.
const TOGETHER: usize = 8;

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
    /// What is near a namespace: itself, the home of its project, and the cluster's credentials.
    pub(super) async fn near(client: &Client, namespace: &str) -> Result<Self, Failure> {
        let (mut index, homes) = ground(client, namespace).await?;
        let (cluster, credentials, secrets) = tokio::try_join!(
            some::<ClusterRegistryCredential>(Api::all(client.clone()), "", MOST),
            each(&homes, |home| list(Api::namespaced(client.clone(), home), "")),
            pull_secrets(client, &homes),
        )?;
        let cluster = cluster.unwrap_or_default().items;
        let sources = sources(client, &cluster).await?;
        for one in &cluster {
            drop(index.apply_credential(one));
        }
        for one in credentials.iter().flatten().flatten() {
            let one: &RegistryCredential = one;
            drop(index.apply_credential(one));
        }
        let mut out = Self {
            index,
            namespace: namespace.to_owned(),
            secrets: BTreeMap::new(),
        };
        secrets.iter().chain(&sources).for_each(|secret| out.add(secret));
        Ok(out)
    }

    /// Besides, what is elsewhere and could be meant: as much as one page may read.
    pub(super) async fn wide(client: &Client, namespace: &str) -> Result<Self, Failure> {
        let mut out = Self::near(client, namespace).await?;
        let everywhere = some::<RegistryCredential>(Api::all(client.clone()), "", MOST).await?;
        for one in &everywhere.unwrap_or_default().items {
            drop(out.index.apply_credential(one));
        }
        let plain = pull_secrets_of(client, None).await?;
        plain.items.iter().for_each(|secret| out.add(secret));
        Ok(out)
    }

    fn add(&mut self, secret: &Secret) {
        if secret.labels().contains_key(label::CREDENTIAL) {
            drop(self.index.apply_copy(&secret.metadata, Timestamp::now()));
        } else {
            drop(self.index.apply_secret(secret));
        }
        if secret.namespace().as_deref() == Some(&*self.namespace) {
            self.secrets
                .insert(secret.name_any(), PullSecret::read(secret, None));
        }
    }

    /// The question about an image that a new pod would use.
    fn question<'a>(&'a self, image: &'a str, listed: &[String]) -> Question<'a> {
        Question {
            namespace: &self.namespace,
            image,
            listed: listed.to_vec(),
            secrets: self.secrets.clone(),
            ..Question::default()
        }
    }

    /// One answer for each image of a pod.
    pub(super) fn pod(&self, pod: &Pod) -> Vec<Explanation> {
        let (name, listed, injected) = (pod.name_any(), pull::listed(pod), pull::injected(pod));
        let images = pull::images(pod);
        let workload = workload_of(pod);
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
                workload: workload.as_deref(),
                observed: pull::observed(pod, image),
                node: pull::words(pod, image),
                ..Question::default()
            };
            explain(&self.index, &question)
        };
        images.iter().map(one).collect()
    }
}

/// What has made a pod, as a command names it; none for a pod that nothing has made.
fn workload_of(pod: &Pod) -> Option<String> {
    let title = workloads::workload_of(pod);
    let (kind, name) = title.split_once('/')?;
    (kind != "Pod").then(|| format!("{}/{name}", kind.to_lowercase()))
}

/// How far an answer looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Far {
    /// What is near: enough to say which credential answers, and little enough to be asked while somebody types.
    Near,
    /// Everywhere, if near says no: what is elsewhere may be what was meant.
    Everywhere,
}

/// An answer about an image for a new pod of the namespace's default account, and what it was made of.
pub(super) struct About<'a> {
    cluster: Cluster,
    image: &'a str,
    listed: Vec<String>,
    pub(super) explanation: Explanation,
}

impl<'a> About<'a> {
    fn of(cluster: Cluster, image: &'a str, listed: Vec<String>) -> Self {
        let explanation = explain(&cluster.index, &cluster.question(image, &listed));
        Self {
            cluster,
            image,
            listed,
            explanation,
        }
    }

    /// What the kubelet would try first, if the registry may be asked with it.
    pub(super) fn first_login(&self) -> Option<Shown<'_>> {
        let question = self.cluster.question(self.image, &self.listed);
        let first = logins(&self.cluster.index, &question).into_iter().next()?;
        (first.rank == 1).then_some(first)
    }
}

/// Explains an image.
pub(super) async fn about_image<'a>(
    client: &Client,
    namespace: &str,
    image: &'a str,
    far: Far,
) -> Result<About<'a>, Failure> {
    let listed = account_list(client, namespace).await?;
    let near = Cluster::near(client, namespace).await?;
    let near = About::of(near, image, listed);
    let answer = &near.explanation;
    if far == Far::Near || !answer.credentials.is_empty() || answer.reason == "InvalidReference" {
        return Ok(near);
    }
    let wide = Cluster::wide(client, namespace).await?;
    Ok(About::of(wide, image, near.listed))
}

/// Explains a pod's images, in the same way.
pub(super) async fn about_pod(
    client: &Client,
    namespace: &str,
    pod: &Pod,
) -> Result<Vec<Explanation>, Failure> {
    let answers = Cluster::near(client, namespace).await?.pod(pod);
    let is_answered =
        |answer: &Explanation| !answer.credentials.is_empty() || answer.reason == "InvalidReference";
    if answers.iter().all(is_answered) {
        return Ok(answers);
    }
    Ok(Cluster::wide(client, namespace).await?.pod(pod))
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

/// The Projects, and the namespaces whose credentials are in reach of this one.
async fn ground(client: &Client, namespace: &str) -> Result<(Index, Vec<String>), Failure> {
    // Whose a namespace is, only the Projects themselves say.
    let (projects, own) = tokio::try_join!(
        list::<Project>(Api::all(client.clone()), ""),
        meta(client, namespace),
    )?;
    let mut index = Index::new(SYSTEM_NAMESPACE, None);
    // Who may not read the namespace itself still works in it.
    drop(index.apply_namespace(&own.unwrap_or_else(|| Meta {
        name: Some(namespace.to_owned()),
        ..Meta::default()
    })));
    for project in projects.iter().flatten() {
        drop(index.apply_project(project));
    }
    let mut homes = vec![namespace.to_owned()];
    let home = index
        .project_of(namespace)
        .map(|project| project.home.to_string());
    if let Some(home) = home.filter(|home| home != namespace) {
        if let Some(found) = meta(client, &home).await? {
            drop(index.apply_namespace(&found));
        }
        homes.push(home);
    }
    Ok((index, homes))
}

async fn meta(client: &Client, namespace: &str) -> Result<Option<Meta>, Failure> {
    let api: Api<Namespace> = Api::all(client.clone());
    let found = permitted(api.get_metadata(namespace).await)?;
    Ok(found.map(|found| found.metadata))
}

/// Pull secrets that are no copies, of these namespaces or of the whole cluster: the first of each type. Among a million copies
/// the API server may search for long: then it is given up, and there may be more.
pub(super) async fn pull_secrets_of(
    client: &Client,
    namespaces: Option<&[String]>,
) -> Result<Found<Secret>, Failure> {
    let apis: Vec<Api<Secret>> = match namespaces {
        None => vec![Api::all(client.clone())],
        Some(names) => names
            .iter()
            .map(|name| Api::namespaced(client.clone(), name))
            .collect(),
    };
    let no_copies = format!("!{}", label::CREDENTIAL);
    let mut out = Found::default();
    let search = async {
        for kind in TYPES {
            let parameters = ListParams::default()
                .labels(&no_copies)
                .fields(&format!("type={kind}"));
            let lists = each(&apis, |api| first(api.clone(), parameters.clone(), 1));
            for list in lists.await?.into_iter().flatten() {
                out.is_cut |= list.is_cut;
                out.items.extend(list.items);
            }
        }
        Ok::<_, Failure>(())
    };
    match tokio::time::timeout(SEARCH, search).await {
        Ok(done) => done?,
        Err(_) => out.is_cut = true,
    }
    Ok(out)
}

async fn pull_secrets(client: &Client, homes: &[String]) -> Result<Vec<Secret>, Failure> {
    let mut found = Vec::new();
    for kind in TYPES {
        let fields = format!("type={kind}");
        let lists = each(homes, |home| list(Api::namespaced(client.clone(), home), &fields));
        found.extend(lists.await?.into_iter().flatten().flatten());
    }
    Ok(found)
}

/// The Secrets that the cluster's credentials are made of.
async fn sources(client: &Client, cluster: &[ClusterRegistryCredential]) -> Result<Vec<Secret>, Failure> {
    let references: Vec<_> = cluster
        .iter()
        .filter_map(|one| one.spec.source.secret.as_ref())
        .collect();
    let found = each(&references, |secret| async {
        let api: Api<Secret> = Api::namespaced(client.clone(), &secret.namespace);
        permitted(api.get(&secret.name).await)
    });
    Ok(found.await?.into_iter().flatten().collect())
}

type Meta = k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// One question each, a few at a time; the answers in their order.
pub(super) async fn each<'a, T, A, F>(of: &'a [T], ask: impl Fn(&'a T) -> F) -> Result<Vec<A>, Failure>
where
    F: Future<Output = Result<A, Failure>>,
{
    let questions: Vec<F> = of.iter().map(ask).collect();
    futures::stream::iter(questions)
        .buffered(TOGETHER)
        .try_collect()
        .await
}

/// Objects of a kind, and whether there are more than were asked for.
#[derive(Debug)]
pub(super) struct Found<K> {
    pub(super) items: Vec<K>,
    pub(super) is_cut: bool,
}

impl<K> Default for Found<K> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            is_cut: false,
        }
    }
}

/// The first objects of a kind, at least `most` if there are as many, or nothing where the user may not list them.
pub(super) async fn some<K>(api: Api<K>, fields: &str, most: usize) -> Result<Option<Found<K>>, Failure>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let parameters = ListParams {
        field_selector: (!fields.is_empty()).then(|| fields.to_owned()),
        ..ListParams::default()
    };
    first(api, parameters, most).await
}

async fn first<K>(api: Api<K>, mut parameters: ListParams, most: usize) -> Result<Option<Found<K>>, Failure>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    parameters = parameters.limit(PAGE);
    let mut items = Vec::new();
    loop {
        let Some(page) = permitted(api.list(&parameters).await)? else {
            return Ok(None);
        };
        items.extend(page.items);
        let next = page.metadata.continue_.filter(|token| !token.is_empty());
        let is_cut = next.is_some();
        if !is_cut || items.len() >= most {
            return Ok(Some(Found { items, is_cut }));
        }
        parameters.continue_token = next;
    }
}

/// All objects of a kind, page by page, or nothing where the user may not list them.
pub(super) async fn list<K>(api: Api<K>, fields: &str) -> Result<Option<Vec<K>>, Failure>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let found = some(api, fields, usize::MAX).await?;
    Ok(found.map(|found| found.items))
}
