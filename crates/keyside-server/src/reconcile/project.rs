//! Projects: the home namespace is created if absent, and the status says who is a member.

use super::Requeue;
use crate::context::Context;
use crate::error::{Error, Remedy};
use crate::report;
use k8s_openapi::api::core::v1::Namespace;
use keyside_api::FIELD_MANAGER;
use keyside_core::plan::project::{Home, home};
use kube::api::{Api, PostParams};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How long the watch may take to show a namespace that was just created.
const SEEN_WITHIN: Duration = Duration::from_secs(2);

pub(super) async fn reconcile(ctx: &Context, name: &Arc<str>) -> Result<Requeue, Error> {
    let view = {
        let index = ctx.index();
        index
            .project(name)
            .map(|project| (project.home.clone(), home(&index, project)))
    };
    let Some((home_namespace, Home::Absent)) = view else {
        ctx.note_refused_home(name, None);
        report::project(ctx, name).await?;
        return Ok(Requeue::No);
    };
    if !ctx.config.rights.creates_homes() {
        let why = format!("keyside may not create it: kubectl create namespace {home_namespace}");
        ctx.note_refused_home(name, Some(why));
        report::project(ctx, name).await?;
        // The watch will show the namespace.
        return Ok(Requeue::No);
    }
    let applied = create_home(ctx, &home_namespace).await?;
    ctx.note_refused_home(name, applied.clone());
    if applied.is_some() {
        report::project(ctx, name).await?;
        return Ok(Requeue::Slowly);
    }
    // The watch will show the namespace, and the status follows then; this is only in case it does not.
    Ok(Requeue::After(SEEN_WITHIN))
}

/// Creates the home namespace. Returns why not, if it is refused.
async fn create_home(ctx: &Context, name: &Arc<str>) -> Result<Option<String>, Error> {
    let api: Api<Namespace> = Api::all(ctx.config.client.clone());
    let namespace =
        serde_json::from_value(json!({"metadata": {"name": **name}})).expect("a namespace has this form");
    let parameters = PostParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    };
    match api
        .create(&parameters, &namespace)
        .await
        .map_err(Error::CreateHome)
    {
        Ok(_) => Ok(None),
        Err(error) => match error.remedy() {
            Remedy::Taken => Ok(None),
            Remedy::Refused(message) => Ok(Some(message)),
            _ => Err(error),
        },
    }
}
