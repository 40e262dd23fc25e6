//! `--restart-stuck`: pods that wait although what was in their way is gone are evicted, so that their controller makes new ones. Not
//! more at once than told, and never against a disruption budget.

use super::{Answers, Look, pod};
use crate::failure::{FOUND, Failure};
use crate::label::Label;
use crate::verbs::Ended;
use k8s_openapi::api::core::v1::Pod;
use keyside_core::diagnose::Remedy;
use kube::api::EvictParams;
use kube::{Api, ResourceExt};
use std::process::ExitCode;

/// What came of one pod.
#[derive(PartialEq, Eq)]
enum Outcome {
    Replaced,
    Left,
    Fine,
}

/// Replaces those of the pods that it helps. The first has been looked at already.
pub(super) async fn run(look: &Look<'_>, pods: &[Pod], first: &Answers<'_>) -> Ended {
    let (mut left, mut replaced) = (0, 0);
    for (at, pod) in pods.iter().enumerate() {
        if !pod::is_waiting(pod) {
            continue;
        }
        if replaced == look.flags.max_restarts {
            let waiting = pods[at..].iter().filter(|pod| pod::is_waiting(pod)).count();
            look.output
                .note(look.output.say(Label::OverBudget { left: waiting }));
            return Ok(ExitCode::from(FOUND));
        }
        let remedy = if at == 0 {
            worst(first.images.iter().map(|about| about.explanation.remedy))
        } else {
            let images = pod::about(look, pod).await?;
            worst(images.iter().map(|about| about.explanation.remedy))
        };
        match replace(look, pod, remedy).await? {
            Outcome::Replaced => replaced += 1,
            Outcome::Left => left += 1,
            Outcome::Fine => {}
        }
    }
    Ok(if left > 0 {
        ExitCode::from(FOUND)
    } else {
        ExitCode::SUCCESS
    })
}

/// What is to be done about a pod with these images: nothing, unless it helps.
fn worst(remedies: impl Iterator<Item = Remedy>) -> Remedy {
    let helpful = |remedy: &Remedy| *remedy != Remedy::Cause;
    remedies.filter(helpful).last().unwrap_or_default()
}

async fn replace(look: &Look<'_>, pod: &Pod, remedy: Remedy) -> Result<Outcome, Failure> {
    let name = pod.name_any();
    let name = name.as_str();
    let output = look.output;
    let is_owned = pod
        .owner_references()
        .iter()
        .any(|owner| owner.controller == Some(true));
    if remedy == Remedy::Cause {
        output.line(output.say(Label::CauseStays { pod: name }));
        return Ok(Outcome::Left);
    }
    if !is_owned {
        output.line(output.say(Label::NoController { pod: name }));
        // Without a new pod it heals only if the kubelet's next attempt is enough.
        return Ok(if remedy == Remedy::Retry {
            Outcome::Fine
        } else {
            Outcome::Left
        });
    }
    let api: Api<Pod> = Api::namespaced(look.connection.client.clone(), look.namespace);
    match api.evict(name, &EvictParams::default()).await {
        Ok(_) => {
            output.line(output.say(Label::Replaced { pod: name }));
            Ok(Outcome::Replaced)
        }
        Err(kube::Error::Api(status)) if status.code == 429 => {
            output.line(output.say(Label::BudgetForbids { pod: name }));
            Ok(Outcome::Left)
        }
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Outcome::Fine),
        Err(error) => Err(error.into()),
    }
}
