//! Statuses and events: written from what is seen to stand, only when something changed, and once per burst.

use crate::context::{Context, Key};
use crate::error::{Error, Remedy};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use keyside_api::{ClusterRegistryCredential, FIELD_MANAGER, GROUP, Project, RegistryCredential, VERSION};
use keyside_core::index::{Credential, Touched};
use keyside_core::{CredentialId, status};
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use std::sync::Arc;

/// Writes a credential's status, if it is another one than before, and the events that go with the change.
pub(crate) async fn credential(ctx: &Context, id: &CredentialId) -> Result<(), Error> {
    let Some((uid, status, news)) = changed(ctx, id).filter(|_| ctx.leadership.leads()) else {
        return Ok(());
    };
    let body = json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": id.kind(),
        // The uid keeps the status of a deleted credential from going to its successor.
        "metadata": {"name": *id.name, "uid": uid},
        "status": status,
    });
    ctx.note_status_write(Key::Credential(id.clone()));
    match write_status(ctx, id, &body).await {
        Ok(()) => {}
        Err(error) if matches!(error.remedy(), Remedy::Nothing | Remedy::LookAgain) => return Ok(()),
        Err(error) => return Err(error),
    }
    for one in news {
        emit(ctx, id, &uid, &one).await;
    }
    Ok(())
}

/// The status that is due and what is new in it; `None` if the credential is gone or all has been said.
fn changed(
    ctx: &Context,
    id: &CredentialId,
) -> Option<(String, keyside_api::CredentialStatus, Vec<status::News>)> {
    let index = ctx.index();
    let credential = index.credential(id)?;
    let status = status::credential(&index, credential, &ctx.failures(&index, id), Timestamp::now());
    if status == credential.status {
        return None;
    }
    let news = status::news(&index, credential, &status);
    Some((credential.uid.clone(), status, news))
}

async fn write_status(ctx: &Context, id: &CredentialId, body: &Value) -> Result<(), Error> {
    let client = ctx.config.client.clone();
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    let patch = Patch::Apply(body);
    let credential = match &id.namespace {
        Some(namespace) => {
            let api: Api<RegistryCredential> = Api::namespaced(client, namespace);
            Credential::from(
                &api.patch_status(&id.name, &parameters, &patch)
                    .await
                    .map_err(Error::WriteStatus)?,
            )
        }
        None => {
            let api: Api<ClusterRegistryCredential> = Api::all(client);
            Credential::from(
                &api.patch_status(&id.name, &parameters, &patch)
                    .await
                    .map_err(Error::WriteStatus)?,
            )
        }
    };
    // Known at once, so that nobody writes the same again before the watch shows it; whoever it may concern was told.
    ctx.feed(|index| {
        index.confirm_credential(credential);
        Touched::default()
    });
    Ok(())
}

/// Emits an event on a credential. An event that cannot be written is lost: the status says the same.
async fn emit(ctx: &Context, id: &CredentialId, uid: &str, news: &status::News) {
    let now = Timestamp::now();
    // Events are namespaced; those of objects of the cluster go to the namespace default, as Kubernetes does it.
    let namespace = id.namespace.as_deref().unwrap_or("default");
    let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let event = json!({
        "metadata": {"name": format!("{}.{:x}", id.name, now.as_nanosecond()), "namespace": namespace},
        "involvedObject": {
            "apiVersion": format!("{GROUP}/{VERSION}"), "kind": id.kind(), "name": *id.name,
            "namespace": id.namespace.as_deref(), "uid": uid,
        },
        "type": if news.warning { "Warning" } else { "Normal" },
        "reason": news.reason,
        "message": news.message,
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    });
    let event: Event = serde_json::from_value(event).expect("an event has this form");
    let api: Api<Event> = Api::namespaced(ctx.config.client.clone(), namespace);
    if let Err(error) = api.create(&PostParams::default(), &event).await {
        tracing::warn!(credential = %id, reason = news.reason, %error, "an event could not be written");
    }
}

/// Writes a Project's status, if it is another one than before.
pub(crate) async fn project(ctx: &Context, name: &Arc<str>) -> Result<(), Error> {
    let (uid, status) = {
        let index = ctx.index();
        let Some(project) = index.project(name) else {
            return Ok(());
        };
        let refused = ctx.refused_home(name);
        let status = status::project(&index, project, refused.as_deref(), Timestamp::now());
        if status == project.status || !ctx.leadership.leads() {
            return Ok(());
        }
        (project.uid.clone(), status)
    };
    let body = json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": "Project",
        "metadata": {"name": **name, "uid": uid},
        "status": status,
    });
    let api: Api<Project> = Api::all(ctx.config.client.clone());
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    ctx.note_status_write(Key::Project(name.clone()));
    match api
        .patch_status(name, &parameters, &Patch::Apply(body))
        .await
        .map_err(Error::WriteStatus)
    {
        Ok(project) => {
            ctx.feed(|index| {
                index.confirm_project(&project);
                Touched::default()
            });
            Ok(())
        }
        Err(error) if matches!(error.remedy(), Remedy::Nothing | Remedy::LookAgain) => Ok(()),
        Err(error) => Err(error),
    }
}
