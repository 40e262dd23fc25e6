//! Credentials of both kinds as the pages show them.

use super::call::Call;
use super::cluster::{Found, some};
use super::failure::Failure;
use super::form::encode;
use super::place::{Place, Seen, permitted};
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;
use keyside_api::{
    ClusterRegistryCredential, CredentialStatus, Delivery, Project, RegistryCredential, Scope, Verification,
};
use keyside_core::history::Known;
use keyside_core::{CredentialId, Index};
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde_json::Value;

/// Written as the manager of what the UI changes.
pub(super) const MANAGER: &str = "keyside-web";

/// How many credentials of a kind a page sorts and filters.
const MOST: usize = 1_000;

/// Stands for "no namespace" in paths: a namespace cannot be called that.
const CLUSTER: &str = "-";

/// A credential of either kind.
#[derive(Clone, Debug)]
pub(super) enum Stored {
    Namespaced(Box<RegistryCredential>),
    Cluster(Box<ClusterRegistryCredential>),
}

impl Stored {
    /// The credential that a path names.
    pub(super) async fn find(call: &Call) -> Result<Self, Failure> {
        let (client, name) = (call.client()?, call.at("name"));
        Ok(match call.at("place") {
            CLUSTER => Self::Cluster(Box::new(Api::all(client).get(name).await?)),
            namespace => Self::Namespaced(Box::new(Api::namespaced(client, namespace).get(name).await?)),
        })
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Namespaced(one) => one.name_any(),
            Self::Cluster(one) => one.name_any(),
        }
    }

    pub(super) fn namespace(&self) -> Option<String> {
        match self {
            Self::Namespaced(one) => one.namespace(),
            Self::Cluster(_) => None,
        }
    }

    pub(super) fn uid(&self) -> Option<String> {
        match self {
            Self::Namespaced(one) => one.uid(),
            Self::Cluster(one) => one.uid(),
        }
    }

    pub(super) fn created(&self) -> Option<Timestamp> {
        let time = match self {
            Self::Namespaced(one) => one.creation_timestamp(),
            Self::Cluster(one) => one.creation_timestamp(),
        };
        time.map(|time| time.0)
    }

    pub(super) fn is_going(&self) -> bool {
        match self {
            Self::Namespaced(one) => one.metadata.deletion_timestamp.is_some(),
            Self::Cluster(one) => one.metadata.deletion_timestamp.is_some(),
        }
    }

    /// The kind, as events name it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Namespaced(_) => "RegistryCredential",
            Self::Cluster(_) => "ClusterRegistryCredential",
        }
    }

    /// Where its page is.
    pub(super) fn link(&self) -> String {
        let place = self.namespace().unwrap_or_else(|| CLUSTER.to_owned());
        format!("/credentials/{}/{}", encode(&place), encode(&self.name()))
    }

    /// Namespace and name of its Secret.
    pub(super) fn secret(&self) -> Option<(String, String)> {
        match self {
            Self::Namespaced(one) => {
                let secret = one.spec.source.secret.as_ref()?;
                Some((one.namespace()?, secret.name.clone()))
            }
            Self::Cluster(one) => {
                let secret = one.spec.source.secret.as_ref()?;
                Some((secret.namespace.clone(), secret.name.clone()))
            }
        }
    }

    pub(super) fn status(&self) -> Option<&CredentialStatus> {
        match self {
            Self::Namespaced(one) => one.status.as_ref(),
            Self::Cluster(one) => one.status.as_ref(),
        }
    }

    /// The credential as the decision sees it, with this Secret for its source.
    pub(super) fn index(&self, secret: &Secret) -> (Index, CredentialId) {
        match self {
            Self::Namespaced(one) => Index::of_one(one.as_ref(), secret),
            Self::Cluster(one) => Index::of_one(one.as_ref(), secret),
        }
    }

    /// What a roll back has to know of it.
    pub(super) fn known(&self) -> Known<'_> {
        let generation = match self {
            Self::Namespaced(one) => one.metadata.generation,
            Self::Cluster(one) => one.metadata.generation,
        };
        Known {
            status: self.status(),
            generation,
        }
    }

    pub(super) fn delivery(&self) -> Delivery {
        match self {
            Self::Namespaced(one) => one.spec.delivery,
            Self::Cluster(one) => one.spec.delivery,
        }
    }

    pub(super) fn repositories(&self) -> &[String] {
        match self {
            Self::Namespaced(one) => &one.spec.repositories,
            Self::Cluster(one) => &one.spec.repositories,
        }
    }

    pub(super) fn verification(&self) -> Option<&Verification> {
        match self {
            Self::Namespaced(one) => one.spec.verification.as_ref(),
            Self::Cluster(one) => one.spec.verification.as_ref(),
        }
    }

    pub(super) fn registry(&self) -> Option<&str> {
        match self {
            Self::Namespaced(one) => one.spec.registry.as_deref(),
            Self::Cluster(one) => one.spec.registry.as_deref(),
        }
    }

    /// The registries it is for, as far as the status says.
    pub(super) fn registries(&self) -> Vec<String> {
        let states = self.status().map(|status| status.registries.as_slice());
        states
            .unwrap_or_default()
            .iter()
            .map(|state| state.registry.clone())
            .collect()
    }

    /// Where it applies. Projects are needed to tell a home namespace's project.
    pub(super) fn place(&self, projects: &[Project]) -> Place {
        let Self::Namespaced(one) = self else {
            return Place::Cluster;
        };
        let namespace = one.namespace().unwrap_or_default();
        let project = projects
            .iter()
            .find(|project| project.home_namespace() == namespace);
        match project {
            Some(project) if one.spec.scope == Scope::Project => Place::Project {
                name: project.name_any(),
                home: namespace,
            },
            // A home stays one whether or not its Project can be seen.
            _ if one.spec.scope == Scope::Project && namespace.starts_with("project-") => Place::Project {
                name: namespace["project-".len()..].to_owned(),
                home: namespace,
            },
            _ => Place::Namespace(namespace),
        }
    }

    /// As the Kubernetes object it is, without bookkeeping.
    pub(super) fn to_json(&self) -> Result<Value, Failure> {
        match self {
            Self::Namespaced(one) => whole(one.as_ref()),
            Self::Cluster(one) => whole(one.as_ref()),
        }
    }

    /// Stores it for the first time.
    pub(super) async fn create(&self, client: &Client, dry_run: bool) -> kube::Result<Self> {
        let parameters = PostParams {
            dry_run,
            field_manager: Some(MANAGER.to_owned()),
        };
        Ok(match self {
            Self::Namespaced(one) => {
                let api = Api::namespaced(client.clone(), &one.namespace().unwrap_or_default());
                Self::Namespaced(Box::new(api.create(&parameters, one.as_ref()).await?))
            }
            Self::Cluster(one) => Self::Cluster(Box::new(
                Api::all(client.clone()).create(&parameters, one.as_ref()).await?,
            )),
        })
    }

    /// Stores it again, unless somebody else has meanwhile.
    pub(super) async fn replace(&self, client: &Client) -> kube::Result<Self> {
        let parameters = PostParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PostParams::default()
        };
        let name = self.name();
        Ok(match self {
            Self::Namespaced(one) => {
                let api = Api::namespaced(client.clone(), &one.namespace().unwrap_or_default());
                Self::Namespaced(Box::new(api.replace(&name, &parameters, one.as_ref()).await?))
            }
            Self::Cluster(one) => {
                let api = Api::all(client.clone());
                Self::Cluster(Box::new(api.replace(&name, &parameters, one.as_ref()).await?))
            }
        })
    }
}

/// Credentials, and whether there are more than were read.
pub(super) struct Read {
    pub(super) credentials: Vec<Stored>,
    pub(super) is_cut: bool,
}

/// The credentials the user may see, those of the cluster first; [`MOST`] of each kind.
pub(super) async fn all(client: &Client, seen: &Seen) -> Result<Read, Failure> {
    let cluster = Api::<ClusterRegistryCredential>::all(client.clone());
    let everywhere = Api::<RegistryCredential>::all(client.clone());
    let (cluster, everywhere) = tokio::try_join!(some(cluster, "", MOST), some(everywhere, "", MOST))?;
    let cluster = cluster.unwrap_or_default();
    let namespaced = match everywhere {
        Some(found) => found,
        None => Found {
            items: in_namespaces(client, seen.few()).await?,
            is_cut: seen.few().len() < seen.namespaces.len(),
        },
    };
    let is_cut = cluster.is_cut || namespaced.is_cut;
    let cluster = cluster
        .items
        .into_iter()
        .map(|one| Stored::Cluster(Box::new(one)));
    let namespaced = namespaced
        .items
        .into_iter()
        .map(|one| Stored::Namespaced(Box::new(one)));
    Ok(Read {
        credentials: cluster.chain(namespaced).collect(),
        is_cut,
    })
}

/// The credentials of the namespaces the user may look into.
async fn in_namespaces(client: &Client, namespaces: &[String]) -> Result<Vec<RegistryCredential>, Failure> {
    let lists = namespaces.iter().map(|namespace| async move {
        let api = Api::<RegistryCredential>::namespaced(client.clone(), namespace);
        permitted(api.list(&ListParams::default()).await)
    });
    let found = try_join_all(lists).await?;
    Ok(found.into_iter().flatten().flatten().collect())
}

/// An object with its type, without the bookkeeping of field managers.
pub(super) fn whole<K: Resource<DynamicType = ()> + serde::Serialize>(object: &K) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(object).map_err(|error| Failure::Ours(error.to_string()))?;
    value["apiVersion"] = K::api_version(&()).into();
    value["kind"] = K::kind(&()).into();
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    Ok(value)
}

/// YAML, for people to copy.
pub(super) fn yaml(value: &Value) -> Result<String, Failure> {
    serde_saphyr::to_string(value).map_err(|error| Failure::Ours(error.to_string()))
}
