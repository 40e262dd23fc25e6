//! What each watch does with the index.

use super::{Feed, Place};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Secret, ServiceAccount};
use keyside_api::{ClusterRegistryCredential, Project, RegistryCredential};
use keyside_core::index::Touched;
use keyside_core::source::BASIC_AUTH;
use keyside_core::{CredentialId, Index};
use keyside_keychain::Form;
use kube::api::{DynamicObject, PartialObjectMeta};
use kube::{Resource, ResourceExt as _};
use serde::de::DeserializeOwned;

fn of_cluster(name: &str) -> Place {
    (String::new(), name.to_owned())
}

pub(super) const NAMESPACES: Feed<PartialObjectMeta<Namespace>> = Feed {
    name: "namespaces",
    apply: |index, object| index.apply_namespace(&object.metadata),
    remove: |index, (_, name), _| index.remove_namespace(name),
    known: |index| index.namespace_names().map(|name| of_cluster(name)).collect(),
};

pub(super) const ACCOUNTS: Feed<PartialObjectMeta<ServiceAccount>> = Feed {
    name: "serviceaccounts",
    apply: |index, object| {
        index.apply_account(&object.metadata);
        Touched::default()
    },
    remove: |index, (namespace, name), _| {
        index.remove_account(namespace, name);
        Touched::default()
    },
    known: |index| {
        index
            .guarded_accounts()
            .map(|(namespace, name)| (namespace.to_string(), name.to_string()))
            .collect()
    },
};

pub(super) const PROJECTS: Feed<DynamicObject> = Feed {
    name: "projects",
    apply: |index, object| match read::<Project>(object) {
        Some(project) if project.metadata.deletion_timestamp.is_none() => index.apply_project(&project),
        Some(project) => index.remove_project(&project.name_any()),
        None => Touched::default(),
    },
    remove: |index, (_, name), _| index.remove_project(name),
    known: |index| {
        index
            .projects()
            .map(|project| of_cluster(&project.name))
            .collect()
    },
};

pub(super) const CREDENTIALS: Feed<DynamicObject> = Feed {
    name: "registrycredentials",
    apply: |index, object| match read::<RegistryCredential>(object) {
        Some(credential) if credential.metadata.deletion_timestamp.is_none() => {
            index.apply_credential(&credential)
        }
        Some(credential) => {
            let namespace = credential.namespace().unwrap_or_default();
            index.remove_credential(&CredentialId::namespaced(namespace, credential.name_any()))
        }
        None => Touched::default(),
    },
    remove: |index, (namespace, name), _| {
        index.remove_credential(&CredentialId::namespaced(namespace.as_str(), name.as_str()))
    },
    known: |index| {
        let ids = index.credentials().map(|credential| &credential.id);
        ids.filter_map(|id| Some((id.namespace.as_deref()?.to_owned(), id.name.to_string())))
            .collect()
    },
};

pub(super) const CLUSTER_CREDENTIALS: Feed<DynamicObject> = Feed {
    name: "clusterregistrycredentials",
    apply: |index, object| match read::<ClusterRegistryCredential>(object) {
        Some(credential) if credential.metadata.deletion_timestamp.is_none() => {
            index.apply_credential(&credential)
        }
        Some(credential) => index.remove_credential(&CredentialId::cluster(credential.name_any())),
        None => Touched::default(),
    },
    remove: |index, (_, name), _| index.remove_credential(&CredentialId::cluster(name.as_str())),
    known: |index| {
        let ids = index.credentials().map(|credential| &credential.id);
        ids.filter(|id| id.namespace.is_none())
            .map(|id| of_cluster(&id.name))
            .collect()
    },
};

pub(super) const COPIES: Feed<PartialObjectMeta<Secret>> = Feed {
    name: "copies",
    apply: |index, object| index.apply_copy(&object.metadata, Timestamp::now()),
    remove: |index, (namespace, name), uid| index.remove_copy(namespace, name, uid),
    known: |index| {
        index
            .copy_keys()
            .map(|(namespace, name)| (namespace.to_string(), name.to_string()))
            .collect()
    },
};

pub(super) const SECRETS: Feed<Secret> = Feed {
    name: "dockerconfigjson secrets",
    apply: Index::apply_secret,
    remove: |index, (namespace, name), uid| index.remove_secret(namespace, name, uid),
    known: |index| known_secrets(index, Form::ConfigJson.secret_type()),
};

pub(super) const LEGACY_SECRETS: Feed<Secret> = Feed {
    name: "dockercfg secrets",
    known: |index| known_secrets(index, Form::Legacy.secret_type()),
    ..SECRETS
};

pub(super) const BASIC_AUTH_SECRETS: Feed<Secret> = Feed {
    name: "basic-auth secrets",
    known: |index| known_secrets(index, BASIC_AUTH),
    ..SECRETS
};

fn known_secrets(index: &Index, secret_type: &str) -> Vec<Place> {
    let of_type = index
        .secrets()
        .filter(|(_, secret)| &*secret.secret_type == secret_type);
    of_type
        .map(|(namespace, secret)| (namespace.to_string(), secret.name.to_string()))
        .collect()
}

/// Reads one of our objects. One that cannot be read (written by a newer version, say) stops no other.
fn read<T: Resource + DeserializeOwned>(object: &DynamicObject) -> Option<T> {
    match object.clone().try_parse() {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            tracing::warn!(namespace = object.namespace(), name = object.name_any(), %error, "an object cannot be read");
            None
        }
    }
}
