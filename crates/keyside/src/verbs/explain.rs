//! `keyside explain image REF` and `keyside explain pod/NAME`: the decision, in the order the kubelet tries, why the rest
//! is not used, and one fix to paste. The verdict comes first; no secret is ever printed.

mod cluster;
mod show;

use super::Ended;
use crate::cli::{Explain, Format, Global};
use crate::connect::{Connection, connect};
use crate::failure::{FOUND, Failure};
use crate::output::Output;
use crate::print;
use cluster::Cluster;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod, ServiceAccount};
use keyside_api::label;
use keyside_core::explain::{Explanation, Observed, Question, Verdict, explain};
use keyside_core::inject;
use kube::{Api, ResourceExt};
use serde_json::json;
use std::process::ExitCode;

/// What is to be explained.
enum Subject {
    Pod(String),
    Image(String),
}

pub(super) async fn run(global: &Global, flags: &Explain, output: &Output) -> Ended {
    let subject = subject(&flags.what)?;
    let connection = connect(global).await?;
    let namespace = flags
        .namespace
        .clone()
        .unwrap_or_else(|| connection.namespace.clone());
    let cluster = Cluster::read(&connection.client, &namespace).await?;
    let (pod, answers) = match subject {
        Subject::Image(image) => {
            let listed = account_list(&connection, &namespace, flags.service_account.as_deref()).await?;
            (None, vec![about_image(&cluster, &namespace, &image, listed)])
        }
        Subject::Pod(name) => {
            let pod = Api::<Pod>::namespaced(connection.client.clone(), &namespace)
                .get_opt(&name)
                .await?;
            let pod = pod.ok_or_else(|| {
                Failure::new(format!("there is no pod {name} in namespace {namespace}"))
                    .hint(format!("kubectl get pods -n {namespace}"))
            })?;
            let answers = about_pod(&cluster, &namespace, &pod);
            (Some(pod), answers)
        }
    };
    match flags.output {
        Some(format @ (Format::Json | Format::Yaml)) => {
            machine(&namespace, pod.as_ref(), &answers, format, output)?
        }
        Some(Format::Name) => {
            return Err(
                Failure::new("`explain` prints a table, json or yaml").hint("keyside explain … -o json")
            );
        }
        _ => show::print(&namespace, pod.as_ref(), &answers, output),
    }
    let failing = answers.iter().any(|answer| answer.verdict == Verdict::Failing);
    Ok(if failing {
        ExitCode::from(FOUND)
    } else {
        ExitCode::SUCCESS
    })
}

/// `pod/x`, `pod x`, `image REF`; a bare word is taken for an image only if it cannot be anything else.
fn subject(what: &[String]) -> Result<Subject, Failure> {
    let usage = |text: &str| {
        Failure::new(format!("`{text}` is nothing that can be explained"))
            .hint("keyside explain pod/NAME -n NS    or    keyside explain image REF -n NS")
    };
    let (kind, name) = match what {
        [one] => match one.split_once('/') {
            Some((kind @ ("pod" | "pods" | "po"), name)) => (kind, name),
            _ => return Err(usage(one)),
        },
        [kind, name] => (kind.as_str(), name.as_str()),
        _ => return Err(usage(&what.join(" "))),
    };
    match kind {
        "pod" | "pods" | "po" if !name.is_empty() => Ok(Subject::Pod(name.to_owned())),
        "image" => Ok(Subject::Image(name.to_owned())),
        _ => Err(usage(&what.join(" "))),
    }
}

/// The pull secrets a new pod would get from its `ServiceAccount`.
async fn account_list(
    connection: &Connection,
    namespace: &str,
    account: Option<&str>,
) -> Result<Vec<String>, Failure> {
    let name = account.unwrap_or("default");
    let found = Api::<ServiceAccount>::namespaced(connection.client.clone(), namespace)
        .get_opt(name)
        .await?;
    match found {
        Some(account) => Ok(account
            .image_pull_secrets
            .unwrap_or_default()
            .into_iter()
            .map(|reference| reference.name)
            .collect()),
        None if account.is_none() => Ok(Vec::new()),
        None => Err(Failure::new(format!(
            "there is no ServiceAccount {name} in namespace {namespace}"
        ))
        .hint(format!("kubectl get serviceaccounts -n {namespace}"))),
    }
}

fn about_image(cluster: &Cluster, namespace: &str, image: &str, listed: Vec<String>) -> Explanation {
    let question = Question {
        namespace,
        image,
        listed,
        secrets: cluster.secrets.clone(),
        ..Question::default()
    };
    explain(&cluster.index, &question)
}

/// One answer for each image of the pod, in the order the kubelet pulls them.
fn about_pod(cluster: &Cluster, namespace: &str, pod: &Pod) -> Vec<Explanation> {
    let name = pod.name_any();
    let listed = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.image_pull_secrets.clone())
        .unwrap_or_default();
    let listed: Vec<String> = listed.into_iter().map(|reference| reference.name).collect();
    let injected = pod
        .annotations()
        .get(label::INJECTED)
        .map(String::as_str)
        .unwrap_or_default();
    let injected: Vec<String> = injected
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let text = serde_json::to_string(pod).unwrap_or_default();
    let images: Vec<String> = match inject::Pod::parse(&text) {
        Ok(pod) => pod.images().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    };
    images
        .into_iter()
        .map(|image| {
            let question = Question {
                namespace,
                image: &image,
                pod: Some(&name),
                listed: listed.clone(),
                injected: injected.clone(),
                exists: true,
                secrets: cluster.secrets.clone(),
                observed: observed(pod, &image),
            };
            explain(&cluster.index, &question)
        })
        .collect()
}

/// What the node says of an image: a container that waits speaks before one that runs.
fn observed(pod: &Pod, image: &str) -> Option<Observed> {
    let spec = pod.spec.as_ref()?;
    let status = pod.status.as_ref()?;
    let named = |name: &str| {
        let containers = spec
            .containers
            .iter()
            .chain(spec.init_containers.iter().flatten());
        containers
            .into_iter()
            .any(|container| container.name == name && container.image.as_deref() == Some(image))
    };
    let lists = [&status.container_statuses, &status.init_container_statuses];
    let of_image: Vec<&ContainerStatus> = lists
        .into_iter()
        .flatten()
        .flatten()
        .filter(|status| named(&status.name))
        .collect();
    let waiting = of_image
        .iter()
        .find_map(|status| status.state.as_ref()?.waiting.as_ref()?.reason.clone());
    match waiting.filter(|reason| !matches!(reason.as_str(), "ContainerCreating" | "PodInitializing")) {
        Some(reason) => Some(Observed::Waiting(reason)),
        None => of_image
            .iter()
            .any(|status| !status.image_id.is_empty())
            .then_some(Observed::Pulled),
    }
}

fn machine(
    namespace: &str,
    pod: Option<&Pod>,
    answers: &[Explanation],
    format: Format,
    output: &Output,
) -> Result<(), Failure> {
    let mut document = json!({"namespace": namespace, "images": answers});
    if let Some(pod) = pod {
        document["pod"] = pod.name_any().into();
    }
    print::document(&document, Some(format), output)
}
