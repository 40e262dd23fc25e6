//! A namespace: which credentials stand in it, and which of its pods wait.

use super::{Look, pod, show, status};
use crate::cli::Format;
use crate::label::Label;
use crate::output::Mark;
use crate::print;
use crate::verbs::Ended;
use k8s_openapi::api::core::v1::Pod;
use keyside_core::explain::{Explanation, InReach, in_reach};
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use serde_json::json;

/// Pods that are explained at most; the rest are of the same workloads as a rule.
const PODS_MAX: usize = 20;

pub(super) async fn run(look: &Look<'_>) -> Ended {
    let credentials = in_reach(&look.cluster.index, look.namespace);
    let pods: Api<Pod> = Api::namespaced(look.connection.client.clone(), look.namespace);
    let mut waiting = pods.list(&ListParams::default()).await?.items;
    waiting.retain(pod::is_waiting);
    let mut failing: Vec<(String, Vec<Explanation>)> = Vec::new();
    for pod in waiting.iter().take(PODS_MAX) {
        let images = pod::about(look, pod).await?;
        let images = images.into_iter().map(|about| about.explanation).collect();
        failing.push((pod.name_any(), images));
    }
    match look.flags.output {
        Some(format @ (Format::Json | Format::Yaml)) => {
            let pods: Vec<_> = failing
                .iter()
                .map(|(pod, images)| json!({"pod": pod, "images": images}))
                .collect();
            let document = json!({"namespace": look.namespace, "credentials": credentials, "pods": pods});
            print::document(&document, Some(format), look.output)?;
        }
        _ => table(look, &credentials, &failing, waiting.len()),
    }
    Ok(status(failing.iter().flat_map(|(_, images)| images)))
}

fn table(look: &Look<'_>, credentials: &[InReach], failing: &[(String, Vec<Explanation>)], waiting: usize) {
    let output = look.output;
    output.line(show::titled(&output.say(Label::Namespace), look.namespace));
    let verdict = if waiting == 0 {
        format!("{} {}", output.mark(Mark::Ok), output.say(Label::NamespaceFine))
    } else {
        let words = output.say(Label::PodsFailing { failing: waiting });
        format!("{} {words}", output.mark(Mark::Fail))
    };
    output.line(show::titled(&output.say(Label::Verdict), &verdict));
    output.line("");
    let rows: Vec<Vec<String>> = credentials
        .iter()
        .map(|one| {
            vec![
                one.name.clone(),
                one.scope.clone(),
                one.patterns.join(","),
                one.delivery.clone(),
                one.secret.clone().unwrap_or_else(|| "<none>".to_owned()),
                one.reason.clone(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        output.table(
            &["CREDENTIAL", "SCOPE", "MATCHES", "DELIVERY", "SECRET", "STATE"],
            &rows,
        );
    }
    let language = output.language();
    for (pod, images) in failing {
        for image in images
            .iter()
            .filter(|image| image.verdict == keyside_core::explain::Verdict::Failing)
        {
            output.line("");
            output.line(format!("{} pod/{pod}   {}", output.mark(Mark::Fail), image.image));
            output.line(format!("  {}   {}", image.message.text(language), image.reason));
            for fix in &image.fix {
                output.line(format!("    {fix}"));
            }
        }
    }
}
