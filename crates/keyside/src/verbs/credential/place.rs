//! Where a credential lives and applies, as one value: the flags `-n`, `--project`, `--cluster` name it, and both kinds
//! of credential are read and written through it.

use crate::cli::Scope as Flags;
use crate::connect::Connection;
use crate::failure::Failure;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use keyside_api::{
    ClusterRegistryCredential, CredentialStatus, Delivery, Project, RegistryCredential, SYSTEM_NAMESPACE,
    Scope, label,
};
use keyside_core::history::Known;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, ResourceExt};
use std::collections::BTreeSet;

/// Namespace, project or cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// One namespace.
    Namespace(String),
    /// A project, with its home namespace.
    Project { name: String, home: String },
    /// The whole cluster.
    Cluster,
}

/// A credential of either kind.
#[derive(Debug, Clone)]
pub(super) enum Stored {
    Namespaced(RegistryCredential),
    Cluster(ClusterRegistryCredential),
}

impl Place {
    /// The place the flags name; without any, the context's namespace.
    pub(super) async fn of(flags: &Flags, connection: &Connection) -> Result<Self, Failure> {
        if flags.cluster {
            return Ok(Self::Cluster);
        }
        match &flags.project {
            Some(name) => Self::project(name, &connection.client).await,
            None => Ok(Self::Namespace(
                flags
                    .namespace
                    .clone()
                    .unwrap_or_else(|| connection.namespace.clone()),
            )),
        }
    }

    /// A project by name; it must exist.
    pub(super) async fn project(name: &str, client: &Client) -> Result<Self, Failure> {
        let project = Api::<Project>::all(client.clone()).get_opt(name).await?;
        let project = project.ok_or_else(|| {
            Failure::new(format!("project {name} does not exist"))
                .hint(format!("keyside project add {name} --namespace NS"))
        })?;
        Ok(Self::Project {
            name: name.to_owned(),
            home: project.home_namespace(),
        })
    }

    /// The namespace of the Secret.
    pub(super) fn home(&self) -> &str {
        match self {
            Self::Namespace(namespace) => namespace,
            Self::Project { home, .. } => home,
            Self::Cluster => SYSTEM_NAMESPACE,
        }
    }

    /// As people and lists name it.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Namespace(namespace) => format!("ns/{namespace}"),
            Self::Project { name, .. } => format!("project/{name}"),
            Self::Cluster => "cluster".to_owned(),
        }
    }

    /// The flags that name it again.
    pub(super) fn flags(&self) -> String {
        match self {
            Self::Namespace(namespace) => format!("-n {namespace}"),
            Self::Project { name, .. } => format!("--project {name}"),
            Self::Cluster => "--cluster".to_owned(),
        }
    }

    /// The credential of that name, with the scope asked for.
    pub(super) async fn find(&self, client: &Client, name: &str) -> Result<Stored, Failure> {
        let found = match self {
            Self::Cluster => Api::all(client.clone()).get_opt(name).await?.map(Stored::Cluster),
            _ => Api::namespaced(client.clone(), self.home())
                .get_opt(name)
                .await?
                .map(Stored::Namespaced),
        };
        found.ok_or_else(|| {
            Failure::found(format!("there is no credential {name} in {}", self.title()))
                .hint("keyside credential list")
        })
    }

    /// Where a stored credential is. Projects are needed to tell a home namespace's project.
    pub(super) fn of_stored(stored: &Stored, projects: &[Project]) -> Self {
        let Stored::Namespaced(credential) = stored else {
            return Self::Cluster;
        };
        let namespace = credential.namespace().unwrap_or_default();
        let project = projects
            .iter()
            .find(|project| project.home_namespace() == namespace);
        match project {
            Some(project) if credential.spec.scope == Scope::Project => Self::Project {
                name: project.name_any(),
                home: namespace,
            },
            _ => Self::Namespace(namespace),
        }
    }
}

impl Stored {
    /// Its name.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Namespaced(credential) => credential.name_any(),
            Self::Cluster(credential) => credential.name_any(),
        }
    }

    /// Namespace and name of its Secret.
    pub(super) fn secret(&self) -> Result<(String, String), Failure> {
        let (namespace, name) = match self {
            Self::Namespaced(credential) => (
                credential.namespace(),
                credential
                    .spec
                    .source
                    .secret
                    .as_ref()
                    .map(|secret| secret.name.clone()),
            ),
            Self::Cluster(credential) => {
                let secret = credential.spec.source.secret.as_ref();
                (
                    secret.map(|secret| secret.namespace.clone()),
                    secret.map(|secret| secret.name.clone()),
                )
            }
        };
        match (namespace, name) {
            (Some(namespace), Some(name)) => Ok((namespace, name)),
            _ => Err(Failure::new(format!(
                "credential {} names no Secret",
                self.name()
            ))),
        }
    }

    /// Its status.
    pub(super) fn status(&self) -> Option<&CredentialStatus> {
        match self {
            Self::Namespaced(credential) => credential.status.as_ref(),
            Self::Cluster(credential) => credential.status.as_ref(),
        }
    }

    /// The version of what is delivered, as far as the status says.
    pub(super) fn version(&self) -> Option<&str> {
        self.status()?.current_version.as_deref()
    }

    /// What a roll back has to know of it.
    pub(super) fn known(&self) -> Known<'_> {
        let generation = match self {
            Self::Namespaced(credential) => credential.metadata.generation,
            Self::Cluster(credential) => credential.metadata.generation,
        };
        Known {
            status: self.status(),
            generation,
        }
    }

    /// The registry that the spec names.
    pub(super) fn registry(&self) -> Option<&str> {
        match self {
            Self::Namespaced(credential) => credential.spec.registry.as_deref(),
            Self::Cluster(credential) => credential.spec.registry.as_deref(),
        }
    }

    /// The delivery asked for, in the words of the flag.
    pub(super) fn delivery(&self) -> String {
        let delivery = match self {
            Self::Namespaced(credential) => credential.spec.delivery,
            Self::Cluster(credential) => credential.spec.delivery,
        };
        match delivery {
            Delivery::Copy => "copy",
            Delivery::OnDemand => "on-demand",
            Delivery::Node => "node",
        }
        .to_owned()
    }

    /// As the Kubernetes object it is.
    pub(super) fn to_json(&self) -> Result<serde_json::Value, Failure> {
        match self {
            Self::Namespaced(credential) => crate::print::whole(credential),
            Self::Cluster(credential) => crate::print::whole(credential),
        }
    }

    /// `TYPE/name`.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Namespaced(credential) => crate::print::name_of(credential),
            Self::Cluster(credential) => crate::print::name_of(credential),
        }
    }

    /// Adds an annotation.
    pub(super) fn annotate(&mut self, key: &str, value: String) {
        let annotations = match self {
            Self::Namespaced(credential) => credential.annotations_mut(),
            Self::Cluster(credential) => credential.annotations_mut(),
        };
        annotations.insert(key.to_owned(), value);
    }

    /// Stores it for the first time.
    pub(super) async fn create(&self, client: &Client, dry_run: bool) -> kube::Result<Self> {
        let parameters = PostParams {
            dry_run,
            field_manager: Some("keyside-cli".to_owned()),
        };
        Ok(match self {
            Self::Namespaced(credential) => {
                let api = Api::namespaced(client.clone(), &credential.namespace().unwrap_or_default());
                Self::Namespaced(api.create(&parameters, credential).await?)
            }
            Self::Cluster(credential) => {
                Self::Cluster(Api::all(client.clone()).create(&parameters, credential).await?)
            }
        })
    }
}

/// The namespaces a credential in this place reaches now.
pub(super) async fn reach(client: &Client, place: &Place) -> Result<BTreeSet<String>, Failure> {
    Ok(match place {
        Place::Namespace(namespace) => BTreeSet::from([namespace.clone()]),
        Place::Project { name, .. } => {
            let project = Api::<Project>::all(client.clone()).get(name).await?;
            project.spec.namespaces.into_iter().collect()
        }
        Place::Cluster => {
            let namespaces = Api::<Namespace>::all(client.clone())
                .list_metadata(&ListParams::default())
                .await?;
            let system = |name: &String| name.starts_with("kube-") || name == SYSTEM_NAMESPACE;
            namespaces
                .items
                .iter()
                .map(ResourceExt::name_any)
                .filter(|name| !system(name))
                .collect()
        }
    })
}

/// The namespaces of these in which a Secret of the name stands that keyside did not make, whatever its type. One list
/// of metadata; who may not list Secrets learns it from the credential's conditions instead.
pub(super) async fn taken(
    client: &Client,
    name: &str,
    namespaces: &BTreeSet<String>,
) -> Result<Vec<String>, Failure> {
    let parameters = ListParams::default().fields(&format!("metadata.name={name}"));
    let found = match Api::<Secret>::all(client.clone())
        .list_metadata(&parameters)
        .await
    {
        Ok(list) => list.items,
        Err(kube::Error::Api(status)) if status.code == 403 => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let foreign = found
        .iter()
        .filter(|secret| !secret.labels().contains_key(label::CREDENTIAL));
    Ok(foreign
        .filter_map(ResourceExt::namespace)
        .filter(|namespace| namespaces.contains(namespace))
        .collect())
}

/// Reads the Secret of a credential.
pub(super) async fn read_secret(client: &Client, stored: &Stored) -> Result<Secret, Failure> {
    let (namespace, name) = stored.secret()?;
    let secret = Api::<Secret>::namespaced(client.clone(), &namespace)
        .get_opt(&name)
        .await?;
    secret.ok_or_else(|| {
        Failure::found(format!("the Secret {namespace}/{name} of credential {} does not exist", stored.name()))
            .hint(format!("kubectl create secret docker-registry {name} -n {namespace} --docker-server=HOST --docker-username=USER"))
    })
}

/// All credentials the user may see, cluster-wide ones first.
pub(super) async fn all(
    client: &Client,
    namespace: Option<&str>,
    with_cluster: bool,
) -> Result<Vec<Stored>, Failure> {
    let parameters = ListParams::default();
    let mut out = Vec::new();
    if with_cluster {
        let found = Api::<ClusterRegistryCredential>::all(client.clone())
            .list(&parameters)
            .await?;
        out.extend(found.items.into_iter().map(Stored::Cluster));
    }
    let api: Api<RegistryCredential> = match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    out.extend(
        api.list(&parameters)
            .await?
            .items
            .into_iter()
            .map(Stored::Namespaced),
    );
    Ok(out)
}
