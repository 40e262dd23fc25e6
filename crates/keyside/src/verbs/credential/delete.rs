//! `keyside credential delete`: refuses while pods use the credential, and names them.

use super::place::{Place, Stored};
use super::usage;
use crate::cli::{CredentialDelete, DryRun};
use crate::connect::Connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::verbs::Ended;
use k8s_openapi::api::core::v1::Secret;
use keyside_api::{ClusterRegistryCredential, RegistryCredential};
use keyside_core::history;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use std::process::ExitCode;

/// How many pods a message names.
const NAMED: usize = 10;

pub(super) async fn run(connection: Connection, flags: &CredentialDelete, output: &Output) -> Ended {
    let client = &connection.client;
    let place = Place::of(&flags.scope, &connection).await?;
    let stored = place.find(client, &flags.name).await?;
    if !flags.force {
        refuse_while_used(client, &stored, &place).await?;
    }
    if flags.dry_run == Some(DryRun::Client) {
        output.line(format!("{} would be deleted", stored.title()));
        return Ok(ExitCode::SUCCESS);
    }
    remove(client, &stored, flags.dry_run.is_some()).await?;
    let dry = if flags.dry_run.is_some() {
        " (server dry run)"
    } else {
        ""
    };
    output.line(format!("{} deleted{dry}", stored.title()));
    Ok(ExitCode::SUCCESS)
}

async fn refuse_while_used(client: &Client, stored: &Stored, place: &Place) -> Result<(), Failure> {
    let again = format!(
        "keyside credential delete {} {} --force",
        stored.name(),
        place.flags()
    );
    let pods = usage::pods(client).await.map_err(|error| {
        Failure::new("it cannot be told which pods use the credential")
            .because(error)
            .hint(again.clone())
    })?;
    let users = usage::users(&pods, stored, &usage::projects(client).await?);
    if users.is_empty() {
        return Ok(());
    }
    let more = users.len().saturating_sub(NAMED);
    let mut names = users[..users.len().min(NAMED)].join(", ");
    if more > 0 {
        names.push_str(&format!(" and {more} more"));
    }
    Err(
        Failure::found(format!("{} pods use credential {}", users.len(), stored.name()))
            .because(format!(
                "they could not be started again on another node: {names}"
            ))
            .hint(again),
    )
}

/// Deletes the credential, then its Secret if that was made with it, or what keyside has put into it. The uid keeps a namesake made meanwhile safe.
pub(super) async fn remove(client: &Client, stored: &Stored, dry_run: bool) -> Result<(), Failure> {
    let guarded = |uid: Option<String>| DeleteParams {
        dry_run,
        preconditions: Some(Preconditions {
            uid,
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    let uid = match stored {
        Stored::Namespaced(credential) => {
            let api: Api<RegistryCredential> =
                Api::namespaced(client.clone(), &credential.namespace().unwrap_or_default());
            let _ = api
                .delete(&credential.name_any(), &guarded(credential.uid()))
                .await?;
            credential.uid()
        }
        Stored::Cluster(credential) => {
            let api: Api<ClusterRegistryCredential> = Api::all(client.clone());
            let _ = api
                .delete(&credential.name_any(), &guarded(credential.uid()))
                .await?;
            credential.uid()
        }
    };
    let (namespace, name) = stored.secret()?;
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &namespace);
    let Some(secret) = secrets.get_opt(&name).await? else {
        return Ok(());
    };
    let made_with_it = secret
        .owner_references()
        .iter()
        .any(|owner| Some(&owner.uid) == uid.as_ref());
    if made_with_it {
        match secrets.delete(&name, &guarded(secret.uid())).await {
            Ok(_) => {}
            // The garbage collector was faster.
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error.into()),
        }
    } else if !dry_run {
        forget(&secrets, &secret).await?;
    }
    Ok(())
}

/// A Secret that was there before its credential stays; the older contents that keyside has put into it go.
async fn forget(secrets: &Api<Secret>, secret: &Secret) -> Result<(), Failure> {
    if !secret
        .data
        .as_ref()
        .is_some_and(|data| data.contains_key(history::KEY))
    {
        return Ok(());
    }
    let patch = json!({"metadata": {"uid": secret.uid()}, "data": {history::KEY: null}});
    let parameters = PatchParams::apply("keyside-cli");
    match secrets
        .patch(&secret.name_any(), &parameters, &Patch::Merge(patch))
        .await
    {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error.into()),
    }
}
