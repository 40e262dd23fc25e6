//! Explanations for people: verdict, credentials in the kubelet's order, evidence, one fix.

use crate::output::{Mark, Output};
use k8s_openapi::api::core::v1::Pod;
use keyside_core::explain::{Explanation, Verdict};
use kube::ResourceExt;

/// How many credentials that are not used are listed; the nearest come first.
const UNUSED: usize = 5;

/// Prints all answers.
pub(super) fn print(namespace: &str, pod: Option<&Pod>, answers: &[Explanation], output: &Output) {
    match pod {
        Some(pod) => output.line(format!("Pod       {}", pod_line(namespace, pod))),
        None => output.line(format!(
            "Image     {}   in namespace {namespace}",
            answers.first().map_or("", |answer| answer.image.as_str())
        )),
    }
    output.line(format!("Verdict   {}", verdict(answers, pod.is_some(), output)));
    for answer in answers {
        output.line("");
        image(answer, pod.is_some(), output);
    }
    let fixes: Vec<&String> = answers
        .iter()
        .filter(|answer| answer.verdict != Verdict::Pullable)
        .flat_map(|answer| &answer.fix)
        .collect();
    let mut title = "Fix";
    let mut seen: Vec<&String> = Vec::new();
    for fix in fixes {
        if seen.contains(&fix) {
            continue;
        }
        if seen.is_empty() {
            output.line("");
        }
        output.line(format!("{title:<9} {fix}"));
        title = "";
        seen.push(fix);
    }
}

fn pod_line(namespace: &str, pod: &Pod) -> String {
    let mut line = format!("{namespace}/{}", pod.name_any());
    if let Some(owner) = pod
        .owner_references()
        .iter()
        .find(|owner| owner.controller == Some(true))
    {
        line.push_str(&format!("   {} {}", owner.kind, owner.name));
    }
    if let Some(spec) = &pod.spec {
        let account = spec.service_account_name.as_deref().unwrap_or("default");
        let node = spec.node_name.as_deref().unwrap_or("none yet");
        line.push_str(&format!(", ServiceAccount {account}, node {node}"));
    }
    line
}

fn verdict(answers: &[Explanation], is_pod: bool, output: &Output) -> String {
    let failing: Vec<_> = answers
        .iter()
        .filter(|answer| answer.verdict == Verdict::Failing)
        .collect();
    let total = answers.len();
    match (
        failing.first(),
        answers.iter().find(|answer| answer.verdict == Verdict::Unknown),
    ) {
        (Some(first), _) if is_pod => {
            format!(
                "{} cannot pull {} of {total} images: {}   {}",
                output.mark(Mark::Fail),
                failing.len(),
                first.message,
                first.reason
            )
        }
        (Some(first), _) => format!("{} {}   {}", output.mark(Mark::Fail), first.message, first.reason),
        (None, Some(unknown)) => format!(
            "{} {}   {}",
            output.mark(Mark::Warn),
            unknown.message,
            unknown.reason
        ),
        (None, None) => match answers.first() {
            Some(first) => format!("{} {}   {}", output.mark(Mark::Ok), first.message, first.reason),
            None => format!("{} the pod has no images", output.mark(Mark::Warn)),
        },
    }
}

fn image(answer: &Explanation, with_name: bool, output: &Output) {
    if with_name {
        let mark = match answer.verdict {
            Verdict::Pullable => Mark::Ok,
            Verdict::Failing => Mark::Fail,
            Verdict::Unknown => Mark::Warn,
        };
        output.line(format!("{} {}", output.mark(mark), output.bold(&answer.image)));
    }
    let tried = answer.credentials.iter().map(|tried| {
        let result = if tried.reason.is_empty() {
            tried.result.clone()
        } else {
            format!("{} {}", tried.result, tried.reason)
        };
        vec![
            tried.rank.to_string(),
            tried.name.clone(),
            tried.scope.clone(),
            tried.pattern.clone(),
            tried.delivery.clone(),
            result,
        ]
    });
    let unused = answer.unused.iter().take(UNUSED).map(|unused| {
        let pattern = unused.pattern.clone().unwrap_or_else(|| "<unknown>".to_owned());
        vec![
            "-".to_owned(),
            unused.name.clone(),
            unused.scope.clone(),
            pattern,
            "-".to_owned(),
            format!("not used: {}", unused.message),
        ]
    });
    let rows: Vec<Vec<String>> = tried.chain(unused).collect();
    if !rows.is_empty() {
        output.table_indented(
            "  ",
            &["#", "CREDENTIAL", "SCOPE", "MATCHES", "DELIVERY", "RESULT"],
            &rows,
        );
    }
    for evidence in &answer.evidence {
        output.line(format!("  seen by {}: {}", evidence.source, evidence.message));
    }
}
