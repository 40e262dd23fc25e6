//! Our own kinds: what a schema cannot say is checked against what else there is.

use super::review::{Answer, Request};
use crate::context::Context;
use keyside_api::{ClusterRegistryCredential, Project, RegistryCredential};
use keyside_core::admit::{self, Refusal};
use keyside_core::index;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a refusal is held back: what it rests on may just not have been seen yet, such as a Project made a moment ago.
const SECOND_LOOK: Duration = Duration::from_millis(800);

/// What is to be checked.
enum Subject {
    Credential {
        new: Box<index::Credential>,
        former: Option<Box<index::Credential>>,
    },
    Project(Box<index::Project>),
}

pub(super) async fn answer<'a>(ctx: &Context, request: &'a Request<'_>) -> Answer<'a> {
    let uid = &request.uid;
    // What cannot be read is the schema's business.
    let Some(subject) = subject(request) else {
        return Answer::Allowed { uid };
    };
    let deadline = Instant::now() + SECOND_LOOK;
    let mut changes = ctx.changes();
    loop {
        let refusal = match judge(ctx, &subject) {
            Ok(()) => return Answer::Allowed { uid },
            Err(refusal) => refusal,
        };
        let may_pass = matches!(
            refusal,
            Refusal::NotProjectHome { .. } | Refusal::HomeTaken { by: Some(_), .. }
        );
        if !may_pass || !matches!(timeout_at(deadline, changes.changed()).await, Ok(Ok(()))) {
            return Answer::Refused {
                uid,
                message: refusal.to_string(),
            };
        }
    }
}

fn judge(ctx: &Context, subject: &Subject) -> Result<(), Refusal> {
    let index = ctx.index();
    match subject {
        Subject::Credential { new, former } => admit::credential(&index, new, former.as_deref()),
        Subject::Project(new) => admit::project(&index, new),
    }
}

fn subject(request: &Request<'_>) -> Option<Subject> {
    let (new, old) = (request.object?, request.old_object);
    match &*request.kind.kind {
        "RegistryCredential" => Some(credential::<RegistryCredential>(
            new,
            old,
            request.namespace.as_deref(),
        )?),
        "ClusterRegistryCredential" => Some(credential::<ClusterRegistryCredential>(new, old, None)?),
        "Project" => Some(Subject::Project(Box::new(index::Project::from(
            &read::<Project>(new)?,
        )))),
        _ => None,
    }
}

fn credential<K>(new: &RawValue, old: Option<&RawValue>, namespace: Option<&str>) -> Option<Subject>
where
    K: DeserializeOwned + kube::Resource,
    for<'k> index::Credential: From<&'k K>,
{
    let parse = |raw: &RawValue| {
        let mut object = read::<K>(raw)?;
        if let Some(namespace) = namespace {
            object.meta_mut().namespace = Some(namespace.to_owned());
        }
        Some(Box::new(index::Credential::from(&object)))
    };
    Some(Subject::Credential {
        new: parse(new)?,
        former: old.and_then(parse),
    })
}

fn read<K: DeserializeOwned>(raw: &RawValue) -> Option<K> {
    serde_json::from_str(raw.get()).ok()
}
