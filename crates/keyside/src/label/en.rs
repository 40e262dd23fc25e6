//! English.

use super::Label;

pub(super) fn text(label: Label<'_>) -> String {
    match label {
        Label::Pod => "Pod".into(),
        Label::Image => "Image".into(),
        Label::Namespace => "Namespace".into(),
        Label::Workload => "Workload".into(),
        Label::Verdict => "Verdict".into(),
        Label::Fix => "Fix".into(),
        Label::More => "More".into(),
        Label::PodPlace { account, node } => {
            format!("ServiceAccount {account}, node {}", node.unwrap_or("none yet"))
        }
        Label::InNamespace { namespace } => format!("in namespace {namespace}"),
        Label::CannotPull { failing, total } => format!("cannot pull {failing} of {total} images"),
        Label::NoImages => "the pod has no images".into(),
        Label::NamespaceFine => "no pod of the namespace waits for an image".into(),
        Label::PodsFailing { failing: 1 } => "1 pod cannot pull its images".into(),
        Label::PodsFailing { failing } => format!("{failing} pods cannot pull their images"),
        Label::FailingFor { span } => format!("failing for {span}"),
        Label::RetriesIn { span } => format!("kubelet retries in about {span}"),
        Label::RetriesByItself => "the kubelet retries by itself".into(),
        Label::RestartHint => "add --restart-stuck to replace the waiting pods now".into(),
        Label::PulledLine => "pulled".into(),
        Label::NotUsed { why } => format!("not used: {why}"),
        Label::SeenBy { source } => format!("seen by {source}:"),
        Label::Ago { span } => format!("{span} ago"),
        Label::RawWords => "in its own words:".into(),
        Label::Meaning => "Meaning".into(),
        Label::WhatToDo => "To do".into(),
        Label::Replaced { pod } => format!("pod/{pod} replaced"),
        Label::CauseStays { pod } => format!("pod/{pod} was not replaced: the cause is still there"),
        Label::NoController { pod } => {
            format!(
                "pod/{pod} was not replaced: it has no controller that would make a new one; the kubelet retries by itself"
            )
        }
        Label::BudgetForbids { pod } => {
            format!("pod/{pod} was not replaced: a PodDisruptionBudget does not allow it now")
        }
        Label::OverBudget { left } => format!("{left} more pods wait; run it again, or raise --max-restarts"),
        Label::NoPullSecrets => "there are no pull secrets".into(),
        Label::SameContent { secrets: 1 } => "1 Secret with this content".into(),
        Label::SameContent { secrets } => format!("{secrets} Secrets with this content"),
        Label::NobodyNames { command } => {
            format!("no pod and no ServiceAccount names it; if nobody needs it: {command}")
        }
        Label::StoreOnce { command } => format!("store it once: {command}"),
    }
}
