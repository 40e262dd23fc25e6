//! `keyside credential move`: the same credential, another scope. Whoever moves it enters the password again, because a
//! wider scope hands it to more pods. Copies of the new place stand before those of the old one go.

use super::place::{Place, Stored, reach, read_secret};
use super::{add, delete, document, password};
use crate::cli::{CredentialMove, DryRun};
use crate::connect::Connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::verbs::Ended;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;
use keyside_api::{
    ClusterRegistryCredential, ClusterRegistryCredentialSpec, ClusterSource, RegistryCredential,
    RegistryCredentialSpec, Scope, Source, label,
};
use keyside_core::names::credential_label;
use keyside_core::{CredentialId, history};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use std::process::ExitCode;

pub(super) async fn run(connection: Connection, flags: &CredentialMove, output: &Output) -> Ended {
    let client = &connection.client;
    let from = Place::of(&flags.scope, &connection).await?;
    let to = target(flags, client).await?;
    let old = from.find(client, &flags.name).await?;
    if from == to {
        return Err(Failure::new(format!(
            "credential {} is in {} already",
            flags.name,
            to.title()
        )));
    }
    let (gained, lost) = change(client, &from, &to).await?;
    if flags.dry_run.is_some() {
        output.line(format!(
            "{} would move from {} to {}",
            old.title(),
            from.title(),
            to.title()
        ));
        gained
            .iter()
            .for_each(|namespace| output.line(format!("  + {namespace}")));
        lost.iter()
            .for_each(|namespace| output.line(format!("  - {namespace}")));
        if flags.dry_run == Some(DryRun::Server) {
            moved(&old, &from, &to)?
                .create(client, true)
                .await
                .map_err(|error| add::refusal(error, &flags.name, &to))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let again = format!(
        "keyside credential move {} {} {}",
        flags.name,
        from.flags(),
        to_flags(&to)
    );
    let fresh = password::read_anew(&flags.secret, &flags.name, &again, output)?;
    relocate(client, &old, &from, &to, &fresh).await?;
    output.line(format!("{} moved to {}", old.title(), to.title()));
    Ok(ExitCode::SUCCESS)
}

async fn target(flags: &CredentialMove, client: &Client) -> Result<Place, Failure> {
    match (&flags.to_namespace, &flags.to_project, flags.to_cluster) {
        (Some(namespace), _, _) => Ok(Place::Namespace(namespace.clone())),
        (_, Some(project), _) => Place::project(project, client).await,
        (_, _, true) => Ok(Place::Cluster),
        _ => Err(
            Failure::new("it is not said where the credential moves to").hint(format!(
                "keyside credential move {} … --to-project PROJECT",
                flags.name
            )),
        ),
    }
}

fn to_flags(place: &Place) -> String {
    match place {
        Place::Namespace(namespace) => format!("--to-namespace {namespace}"),
        Place::Project { name, .. } => format!("--to-project {name}"),
        Place::Cluster => "--to-cluster".to_owned(),
    }
}

/// Namespaces gained and lost.
async fn change(client: &Client, from: &Place, to: &Place) -> Result<(Vec<String>, Vec<String>), Failure> {
    let (before, after) = (reach(client, from).await?, reach(client, to).await?);
    Ok((
        after.difference(&before).cloned().collect(),
        before.difference(&after).cloned().collect(),
    ))
}

/// The credential as it will be in the new place, saying which one it takes the place of.
fn moved(old: &Stored, from: &Place, to: &Place) -> Result<Stored, Failure> {
    let name = old.name();
    let (delivery, repositories, registry) = match old {
        Stored::Namespaced(credential) => (
            credential.spec.delivery,
            credential.spec.repositories.clone(),
            credential.spec.registry.clone(),
        ),
        Stored::Cluster(credential) => (
            credential.spec.delivery,
            credential.spec.repositories.clone(),
            credential.spec.registry.clone(),
        ),
    };
    let origin = match from {
        Place::Cluster => name.clone(),
        place => format!("{}/{name}", place.home()),
    };
    let mut stored = match to {
        Place::Cluster => {
            let source = ClusterSource::secret(to.home(), &name);
            let spec = ClusterRegistryCredentialSpec {
                source,
                delivery,
                repositories,
                registry,
                ..Default::default()
            };
            Stored::Cluster(ClusterRegistryCredential::new(&name, spec))
        }
        place => {
            let scope = if matches!(place, Place::Project { .. }) {
                Scope::Project
            } else {
                Scope::Namespace
            };
            let spec = RegistryCredentialSpec {
                scope,
                source: Source::secret(&name),
                delivery,
                repositories,
                registry,
                ..Default::default()
            };
            let mut credential = RegistryCredential::new(&name, spec);
            credential.metadata.namespace = Some(place.home().to_owned());
            Stored::Namespaced(credential)
        }
    };
    stored.annotate(label::MOVED_FROM, origin);
    Ok(stored)
}

async fn relocate(
    client: &Client,
    old: &Stored,
    from: &Place,
    to: &Place,
    fresh: &keyside_keychain::Secret,
) -> Result<(), Failure> {
    let before = read_secret(client, old).await?;
    let mut secret = before.clone();
    document::set_password(&mut secret, None, None, fresh)?;
    history::keep(&before, &mut secret, old.status(), Timestamp::now());
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
    let new = add::store(client, to, copy, &moved(old, from, to)?, false).await?;
    hand_over(client, &secret, &new, to).await?;
    delete::remove(client, old, false).await
}

/// In the same namespace only the scope changes.
async fn rescope(client: &Client, old: &Stored, to: &Place, secret: Secret) -> Result<(), Failure> {
    let scope = if matches!(to, Place::Project { .. }) {
        "Project"
    } else {
        "Namespace"
    };
    let api: Api<RegistryCredential> = Api::namespaced(client.clone(), to.home());
    let parameters = PatchParams::apply("keyside-cli");
    api.patch(
        &old.name(),
        &parameters,
        &Patch::Merge(json!({"spec": {"scope": scope}})),
    )
    .await?;
    let secrets: Api<Secret> = Api::namespaced(client.clone(), to.home());
    secrets
        .replace(&secret.name_any(), &kube::api::PostParams::default(), &secret)
        .await?;
    Ok(())
}

/// Where the new place delivers to the old Secret's namespace, the Secret itself becomes the copy: pods that name it
/// never find it missing. The controller then writes the rest.
async fn hand_over(client: &Client, secret: &Secret, new: &Stored, to: &Place) -> Result<(), Failure> {
    let namespace = secret.namespace().unwrap_or_default();
    if !reach(client, to).await?.contains(&namespace) || secret.name_any() != new.name() {
        return Ok(());
    }
    let (id, uid) = match new {
        Stored::Namespaced(credential) => (
            CredentialId::namespaced(to.home(), credential.name_any()),
            credential.uid(),
        ),
        Stored::Cluster(credential) => (CredentialId::cluster(credential.name_any()), credential.uid()),
    };
    let metadata = json!({
        "labels": {label::MANAGED_BY: label::MANAGED_BY_KEYSIDE, label::CREDENTIAL: credential_label(&id)},
        "annotations": {label::SOURCE: format!("{}/0", uid.unwrap_or_default())},
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
