//! Admission webhooks (`admissionregistration.k8s.io/v1`): mutating ones one after the other in the order of their
//! configurations' names, validating ones all at once.

mod call;
pub(super) mod condition;
mod configuration;
pub(super) mod matching;
pub(super) mod review;

use super::AdmissionRequest;
use crate::services::Services;
use crate::store::Store;
use call::{Caller, Failure};
use configuration::{Configurations, Webhook};
use futures::future::join_all;
use keyside_apimachinery::decode;
use keyside_apimachinery::status::Status;
use matching::Subject;
use serde_json::Value;
use std::sync::Arc;

/// All webhooks, and the way to call them.
pub(super) struct Webhooks {
    store: Store,
    configurations: Configurations,
    caller: Caller,
}

/// What a first round of mutating webhooks did.
pub(super) struct Round {
    /// Whether any webhook changed the object.
    pub(super) changed: bool,
    /// The webhooks that were called, and the object as each one left it.
    called: Vec<(Arc<Webhook>, Value)>,
}

impl Webhooks {
    pub(super) fn new(store: Store, services: Arc<Services>) -> Self {
        Self {
            configurations: Configurations::new(store.clone()),
            caller: Caller::new(services),
            store,
        }
    }

    /// Lets mutating webhooks change the object, one after the other.
    pub(super) async fn mutate(
        &self,
        request: &AdmissionRequest,
        object: &mut Value,
        old: Option<&Value>,
        warnings: &mut Vec<String>,
    ) -> Result<Round, Status> {
        let mut round = Round {
            changed: false,
            called: Vec::new(),
        };
        if matching::is_exempt(request) {
            return Ok(round);
        }
        for webhook in self.configurations.mutating().iter() {
            if self
                .mutate_one(webhook, request, object, old, warnings)
                .await?
                .is_some_and(|changed| {
                    round.changed |= changed;
                    webhook.reinvoke
                })
            {
                round.called.push((Arc::clone(webhook), object.clone()));
            }
        }
        Ok(round)
    }

    /// Lets those webhooks look again that asked for it and whose work was changed after them.
    pub(super) async fn mutate_again(
        &self,
        request: &AdmissionRequest,
        object: &mut Value,
        old: Option<&Value>,
        first: &Round,
        warnings: &mut Vec<String>,
    ) -> Result<(), Status> {
        for (webhook, left) in &first.called {
            if left != object {
                self.mutate_one(webhook, request, object, old, warnings).await?;
            }
        }
        Ok(())
    }

    /// Calls one webhook if it is concerned; answers whether it changed the object.
    async fn mutate_one(
        &self,
        webhook: &Webhook,
        request: &AdmissionRequest,
        object: &mut Value,
        old: Option<&Value>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<bool>, Status> {
        let subject = Subject { request, object, old };
        let Some(version) = matching::wanted_version(&self.store, webhook, &subject)? else {
            return Ok(None);
        };
        let patched = match self.ask(webhook, &subject, &version).await {
            Ok(answer) => {
                warnings.extend(answer.warnings);
                match answer.patch {
                    Some(patch) => review::patched(webhook, &subject, &version, &patch),
                    None => return Ok(Some(false)),
                }
            }
            Err(failure) => Err(failure),
        };
        let patched = match patched {
            Ok(patched) => patched,
            Err(failure) => return failure.into_status(webhook).map_or(Ok(Some(false)), Err),
        };
        let patched = shaped(request, patched)?;
        let changed = *object != patched;
        *object = patched;
        Ok(Some(changed))
    }

    /// Lets all validating webhooks judge the object at once; the first refusal in their order counts.
    pub(super) async fn validate(
        &self,
        request: &AdmissionRequest,
        object: &Value,
        old: Option<&Value>,
    ) -> Result<Vec<String>, Status> {
        let mut warnings = Vec::new();
        if matching::is_exempt(request) {
            return Ok(warnings);
        }
        let subject = Subject { request, object, old };
        let webhooks = self.configurations.validating();
        let mut concerned = Vec::new();
        for webhook in webhooks.iter() {
            if let Some(version) = matching::wanted_version(&self.store, webhook, &subject)? {
                concerned.push((webhook, version));
            }
        }
        let answers = join_all(
            concerned
                .iter()
                .map(|(webhook, version)| self.ask(webhook, &subject, version)),
        )
        .await;
        for ((webhook, _), answer) in concerned.iter().zip(answers) {
            match answer {
                Ok(answer) => warnings.extend(answer.warnings),
                Err(failure) => failure.into_status(webhook).map_or(Ok(()), Err)?,
            }
        }
        Ok(warnings)
    }

    async fn ask(
        &self,
        webhook: &Webhook,
        subject: &Subject<'_>,
        version: &str,
    ) -> Result<review::Answer, Failure> {
        if subject.request.dry_run && !webhook.dry_run {
            let text = format!("admission webhook {:?} does not support dry run", webhook.name);
            return Err(Failure::Refused(Status::bad_request(text)));
        }
        let uid = uuid::Uuid::new_v4().to_string();
        let question = review::question(subject, version, &uid);
        let reply = self.caller.call(webhook, &question).await?;
        review::read(webhook, &uid, &reply)
    }
}

/// A patched object goes through what a decoded one goes through: shape, then defaults.
pub(super) fn shaped(request: &AdmissionRequest, mut object: Value) -> Result<Value, Status> {
    let behaviour = &request.resource.behaviour;
    let outcome = match behaviour.coerce(&mut object) {
        Some(outcome) => outcome,
        // A subresource has a kind of its own, which the resource's schema does not describe.
        None if request.subresource.is_empty() || request.subresource == "status" => {
            decode::shape(&request.resource.schema, &mut object).map_err(|error| error.to_string())
        }
        None => return Ok(object),
    };
    outcome.map_err(Status::internal)?;
    behaviour.default(&mut object);
    Ok(object)
}

#[cfg(test)]
mod tests;
