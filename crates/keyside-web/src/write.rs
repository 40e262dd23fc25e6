//! Changes that take more than one call: storing a credential with its Secret, moving it, deleting it. All in the user's
//! name, in an order that leaves no half-done work behind.

use super::credential::{MANAGER, Stored};
use super::document;
use super::failure::Failure;
use super::place::{Place, Seen, permitted};
use k8s_openapi::api::core::v1::Secret;
use keyside_api::{
    ClusterRegistryCredential, ClusterRegistryCredentialSpec, ClusterSource, CredentialStatus,
    RegistryCredential, RegistryCredentialSpec, Source, label,
};
use keyside_core::adopt::{self, Adoption};
use keyside_core::names::credential_label;
use keyside_core::{CredentialId, history};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use kube::runtime::wait::await_condition;
use kube::{Api, Client, Resource as _, ResourceExt as _};
use serde_json::json;
use std::collections::HashSet;
use std::time::Duration;

/// How long a page waits for the controllers before it shows what there is.
const SETTLING: Duration = Duration::from_millis(1500);

/// What a new credential is to be, besides its Secret.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub(super) name: String,
    pub(super) delivery: keyside_api::Delivery,
    pub(super) repositories: Vec<String>,
    pub(super) registry: Option<String>,
    pub(super) verification: Option<keyside_api::Verification>,
}

/// A credential in a place, not stored yet.
pub(super) fn make(wish: &Wish, place: &Place) -> Stored {
    let Wish {
        name,
        delivery,
        repositories,
        registry,
        verification,
    } = wish.clone();
    if *place == Place::Cluster {
        let spec = ClusterRegistryCredentialSpec {
            source: ClusterSource::secret(place.home(), &name),
            delivery,
            repositories,
            registry,
            verification,
            ..ClusterRegistryCredentialSpec::default()
        };
        return Stored::Cluster(Box::new(ClusterRegistryCredential::new(&name, spec)));
    }
    let spec = RegistryCredentialSpec {
        scope: place.scope(),
        source: Source::secret(&name),
        delivery,
        repositories,
        registry,
        verification,
        ..RegistryCredentialSpec::default()
    };
    let mut credential = RegistryCredential::new(&name, spec);
    credential.metadata.namespace = Some(place.home().to_owned());
    Stored::Namespaced(Box::new(credential))
}

/// Asks first whether the credential would be accepted, so that a refusal leaves no Secret behind; then stores the
/// Secret, then the credential, and lets the one go with the other.
pub(super) async fn store(
    client: &Client,
    place: &Place,
    secret: Secret,
    stored: &Stored,
) -> Result<Stored, Failure> {
    stored.create(client, true).await?;
    let secrets: Api<Secret> = Api::namespaced(client.clone(), place.home());
    let parameters = PostParams {
        dry_run: false,
        field_manager: Some(MANAGER.to_owned()),
    };
    let secret = secrets.create(&parameters, &secret).await?;
    match stored.create(client, false).await {
        Ok(stored) => {
            let owner = match &stored {
                Stored::Namespaced(one) => one.owner_ref(&()),
                Stored::Cluster(one) => one.owner_ref(&()),
            };
            let owner = json!({"metadata": {"ownerReferences": [owner]}});
            secrets
                .patch(&secret.name_any(), &PatchParams::default(), &Patch::Merge(owner))
                .await?;
            Ok(stored)
        }
        Err(error) => {
            // What was made a moment ago goes again; the refusal is what matters to the reader.
            let _ = secrets.delete(&secret.name_any(), &exactly(secret.uid())).await;
            Err(error.into())
        }
    }
}

/// Makes a pull secret that exists the source of a credential. Asked first, so that a refusal changes nothing; the Secret is
/// written only where its keys would not be found, and not if somebody else has changed it meanwhile.
pub(super) async fn take_over(
    client: &Client,
    mut secret: Secret,
    found: &Adoption,
) -> Result<Stored, Failure> {
    let stored = Stored::Namespaced(Box::new(adopt::credential(&secret)));
    stored.create(client, true).await?;
    if !found.rewritten.is_empty() {
        found.write(&mut secret);
        replace_secret(client, &secret).await?;
    }
    Ok(stored.create(client, false).await?)
}

/// Waits a moment for the controllers to have looked at a new credential, so that the next page shows what it is for.
pub(super) async fn settle(client: &Client, stored: &Stored) {
    settle_until(client, stored, |status| !status.registries.is_empty()).await;
}

/// Waits a moment for a status like this, so that the next page does not speak of what was before. Whoever may not watch sees it a
/// moment later.
pub(super) async fn settle_until(
    client: &Client,
    stored: &Stored,
    is_settled: impl Fn(&CredentialStatus) -> bool,
) {
    let (client, name) = (client.clone(), stored.name());
    let seen = async {
        match stored.namespace() {
            Some(namespace) => {
                let api: Api<RegistryCredential> = Api::namespaced(client, &namespace);
                let known = |one: Option<&RegistryCredential>| {
                    one.and_then(|one| one.status.as_ref()).is_some_and(&is_settled)
                };
                await_condition(api, &name, known).await.is_ok()
            }
            None => {
                let api: Api<ClusterRegistryCredential> = Api::all(client);
                let known = |one: Option<&ClusterRegistryCredential>| {
                    one.and_then(|one| one.status.as_ref()).is_some_and(&is_settled)
                };
                await_condition(api, &name, known).await.is_ok()
            }
        }
    };
    // Too late is no failure: the credential is stored.
    let _ = tokio::time::timeout(SETTLING, seen).await;
}

/// The namespaces of these in which a Secret of the name stands that keyside did not make. Who may not list Secrets
/// learns it from the credential's conditions instead.
pub(super) async fn taken(
    client: &Client,
    name: &str,
    namespaces: &[String],
) -> Result<Vec<String>, Failure> {
    if let [_] | [_, _] = namespaces {
        return taken_in(client, name, namespaces).await;
    }
    let parameters = ListParams::default().fields(&format!("metadata.name={name}"));
    let list = Api::<Secret>::all(client.clone())
        .list_metadata(&parameters)
        .await;
    let found = permitted(list)?.map(|list| list.items).unwrap_or_default();
    let wanted: HashSet<&String> = namespaces.iter().collect();
    Ok(found
        .iter()
        .filter(|secret| !secret.labels().contains_key(label::CREDENTIAL))
        .filter_map(kube::ResourceExt::namespace)
        .filter(|namespace| wanted.contains(namespace))
        .collect())
}

/// The same for very few namespaces: without a look at every Secret of the cluster.
async fn taken_in(client: &Client, name: &str, namespaces: &[String]) -> Result<Vec<String>, Failure> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    if !name.chars().all(is_name) {
        return Ok(Vec::new());
    }
    let found = super::cluster::each(namespaces, |namespace| async {
        let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
        permitted(api.get_metadata(name).await)
    });
    Ok(found
        .await?
        .iter()
        .flatten()
        .filter(|secret| !secret.labels().contains_key(label::CREDENTIAL))
        .filter_map(kube::ResourceExt::namespace)
        .collect())
}

/// Reads the Secret of a credential.
pub(super) async fn secret_of(client: &Client, stored: &Stored) -> Result<Secret, Failure> {
    let (namespace, name) = stored.secret().ok_or(Failure::NoObject)?;
    Ok(Api::namespaced(client.clone(), &namespace).get(&name).await?)
}

/// Deletes a credential, then its Secret if that was made with it. The uid keeps a namesake made meanwhile safe.
pub(super) async fn delete(client: &Client, stored: &Stored) -> Result<(), Failure> {
    let (name, uid) = (stored.name(), stored.uid());
    match stored {
        Stored::Namespaced(one) => {
            let api: Api<RegistryCredential> =
                Api::namespaced(client.clone(), &one.namespace().unwrap_or_default());
            drop(api.delete(&name, &exactly(uid.clone())).await?);
        }
        Stored::Cluster(_) => {
            let api: Api<ClusterRegistryCredential> = Api::all(client.clone());
            drop(api.delete(&name, &exactly(uid.clone())).await?);
        }
    }
    let Some((namespace, name)) = stored.secret() else {
        return Ok(());
    };
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &namespace);
    let Some(secret) = permitted(secrets.get(&name).await)? else {
        return Ok(());
    };
    let made_with_it = secret
        .owner_references()
        .iter()
        .any(|owner| Some(&owner.uid) == uid.as_ref());
    if made_with_it {
        // The garbage collector may be faster.
        permitted(secrets.delete(&name, &exactly(secret.uid())).await)?;
    } else if secret
        .data
        .as_ref()
        .is_some_and(|data| data.contains_key(history::KEY))
    {
        // A Secret that was there before stays; what keyside has put into it goes.
        let patch = json!({"metadata": {"uid": secret.uid()}, "data": {history::KEY: null}});
        secrets
            .patch(&name, &PatchParams::apply(MANAGER), &Patch::Merge(patch))
            .await?;
    }
    Ok(())
}

/// Moves a credential to another place. Whoever moves it has entered the password again; it is in `secret` already.
/// Copies of the new place stand before those of the old one go.
pub(super) async fn relocate(
    client: &Client,
    seen: &Seen,
    old: &Stored,
    to: &Place,
    secret: Secret,
) -> Result<Stored, Failure> {
    let from = old.place(&seen.projects);
    if from.home() == to.home() {
        return rescope(client, old, to, secret).await;
    }
    let mut copy = Secret {
        type_: secret.type_.clone(),
        data: secret.data.clone(),
        ..Secret::default()
    };
    copy.metadata.name = Some(old.name());
    copy.metadata.namespace = Some(to.home().to_owned());
    let wish = Wish {
        name: old.name(),
        delivery: old.delivery(),
        repositories: old.repositories().to_vec(),
        registry: old.registry().map(str::to_owned),
        verification: old.verification().cloned(),
    };
    let mut new = make(&wish, to);
    let origin = match &from {
        Place::Cluster => old.name(),
        place => format!("{}/{}", place.home(), old.name()),
    };
    let annotations = match &mut new {
        Stored::Namespaced(one) => one.annotations_mut(),
        Stored::Cluster(one) => one.annotations_mut(),
    };
    annotations.insert(label::MOVED_FROM.to_owned(), origin);
    let new = store(client, to, copy, &new).await?;
    hand_over(client, seen, &secret, &new, to).await?;
    delete(client, old).await?;
    Ok(new)
}

/// In the same namespace only the scope changes.
async fn rescope(client: &Client, old: &Stored, to: &Place, secret: Secret) -> Result<Stored, Failure> {
    let mut new = old.clone();
    if let Stored::Namespaced(one) = &mut new {
        one.spec.scope = to.scope();
    }
    let new = new.replace(client).await?;
    let secrets: Api<Secret> = Api::namespaced(client.clone(), to.home());
    secrets
        .replace(&secret.name_any(), &PostParams::default(), &secret)
        .await?;
    Ok(new)
}

/// Where the new place delivers to the old Secret's namespace, the Secret itself becomes the copy: pods that name it
/// never find it missing. The controller then writes the rest.
async fn hand_over(
    client: &Client,
    seen: &Seen,
    secret: &Secret,
    new: &Stored,
    to: &Place,
) -> Result<(), Failure> {
    let namespace = secret.namespace().unwrap_or_default();
    if !seen.reach(to).contains(&namespace) || secret.name_any() != new.name() {
        return Ok(());
    }
    let id = match new {
        Stored::Namespaced(_) => CredentialId::namespaced(to.home(), new.name()),
        Stored::Cluster(_) => CredentialId::cluster(new.name()),
    };
    let metadata = json!({
        "labels": {label::MANAGED_BY: label::MANAGED_BY_KEYSIDE, label::CREDENTIAL: credential_label(&id)},
        "annotations": {label::SOURCE: format!("{}/0", new.uid().unwrap_or_default())},
        "ownerReferences": null,
        "resourceVersion": secret.resource_version(),
    });
    // A copy has no history: that has gone along to the new source.
    let patch = json!({"metadata": metadata, "data": {history::KEY: null}});
    let api: Api<Secret> = Api::namespaced(client.clone(), &namespace);
    api.patch(&secret.name_any(), &PatchParams::default(), &Patch::Merge(patch))
        .await?;
    Ok(())
}

fn exactly(uid: Option<String>) -> DeleteParams {
    DeleteParams {
        preconditions: Some(Preconditions {
            uid,
            resource_version: None,
        }),
        ..DeleteParams::default()
    }
}

/// Writes a Secret's new content, unless somebody else has changed it meanwhile.
pub(super) async fn replace_secret(client: &Client, secret: &Secret) -> Result<(), Failure> {
    let api: Api<Secret> = Api::namespaced(client.clone(), &secret.namespace().unwrap_or_default());
    let parameters = PostParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PostParams::default()
    };
    api.replace(&secret.name_any(), &parameters, secret).await?;
    Ok(())
}

/// A Secret with a form's content, for a place.
pub(super) fn secret_for(
    name: &str,
    place: &Place,
    config: &keyside_keychain::docker_config::DockerConfig,
) -> Secret {
    document::secret(name, place.home(), config)
}
