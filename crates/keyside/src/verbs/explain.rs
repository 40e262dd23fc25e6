//! `keyside explain`: why an image can or cannot be pulled, for a pod, a workload, an image or a namespace; and the page behind a
//! code. The verdict comes first, then the credentials in the order the kubelet tries them, the evidence, and one fix to paste. No
//! secret is ever printed.

mod cluster;
mod namespace;
mod page;
mod pod;
mod registry;
mod restart;
mod show;
mod subject;
mod workload;

pub(super) use cluster::index;
pub(super) use pod::is_waiting;

use super::Ended;
use crate::cli::{Explain, Format, Global};
use crate::connect::{Connection, connect};
use crate::failure::{COULD_NOT_LOOK, FOUND, Failure};
use crate::output::Output;
use crate::print;
use cluster::Cluster;
use k8s_openapi::api::core::v1::{Pod, ServiceAccount};
use keyside_core::diagnose::checks::is_of_way;
use keyside_core::explain::{Explanation, Question, Verdict};
use kube::{Api, ResourceExt};
use registry::Witness;
use serde_json::json;
use std::process::ExitCode;
use subject::Subject;

/// What was found out, in the form that all views are made of.
pub(super) struct Answers<'a> {
    /// The namespace.
    namespace: &'a str,
    /// `deployment/web`, if that was asked about.
    workload: Option<String>,
    /// The pod, if there is one.
    pod: Option<&'a Pod>,
    /// One for each image.
    images: Vec<About>,
}

/// One image, and what only people need beside its explanation.
pub(super) struct About {
    /// The explanation.
    explanation: Explanation,
    /// The container, if it is one's.
    container: Option<String>,
    /// Since when, and how often, the node has tried in vain.
    tries: Option<pod::Tries>,
}

/// Everything that is needed to look at something.
pub(super) struct Look<'a> {
    connection: &'a Connection,
    cluster: &'a Cluster,
    witness: &'a Witness,
    namespace: &'a str,
    flags: &'a Explain,
    /// Whether the words of node and registry are shown.
    with_words: bool,
    output: &'a Output,
}

pub(super) async fn run(global: &Global, flags: &Explain, output: &Output) -> Ended {
    let subject = subject::read(&flags.what)?;
    if flags.output == Some(Format::Name) {
        return Err(Failure::new("`explain` prints a table, json or yaml").hint("keyside explain … -o json"));
    }
    if let Subject::Code(topic) = subject {
        return page::print(topic, flags, output);
    }
    let witness = Witness::new(flags)?;
    let connection = connect(global).await?;
    let witness = witness.in_cluster(&connection.client);
    let namespace = match (&subject, &flags.namespace) {
        (Subject::Namespace(name), _) | (_, Some(name)) => name.clone(),
        (_, None) => connection.namespace.clone(),
    };
    super::require_namespace(&connection.client, &namespace).await?;
    let cluster = Cluster::read(&connection.client, &namespace).await?;
    let look = Look {
        connection: &connection,
        cluster: &cluster,
        witness: &witness,
        namespace: &namespace,
        flags,
        with_words: global.verbose > 0,
        output,
    };
    match subject {
        Subject::Namespace(_) => namespace::run(&look).await,
        Subject::Image(image) => look.at_image(&image).await,
        Subject::Pod(name) => {
            let pod = look.pod(&name).await?;
            look.at_pods(&[pod], None).await
        }
        Subject::Workload(kind, name) => {
            let title = format!("{}/{name}", kind.word());
            let found = workload::find(&connection.client, &namespace, kind, &name).await?;
            if found.pods.is_empty() {
                return look.at_template(&found.template, title).await;
            }
            look.at_pods(&found.pods, Some(title)).await
        }
        Subject::Code(_) => unreachable!("answered above"),
    }
}

impl Look<'_> {
    async fn pod(&self, name: &str) -> Result<Pod, Failure> {
        let pod = Api::<Pod>::namespaced(self.connection.client.clone(), self.namespace)
            .get_opt(name)
            .await?;
        pod.ok_or_else(|| {
            Failure::new(format!("there is no pod {name} in namespace {}", self.namespace))
                .hint(format!("kubectl get pods -n {}", self.namespace))
        })
    }

    async fn at_image(&self, image: &str) -> Ended {
        let listed = self.account_list(self.flags.service_account.as_deref()).await?;
        self.report(Answers {
            namespace: self.namespace,
            workload: None,
            pod: None,
            images: vec![self.about_image(image, listed).await],
        })
    }

    /// The first pod is explained; all of them are replaced if that is asked for and helps.
    async fn at_pods(&self, pods: &[Pod], workload: Option<String>) -> Ended {
        let Some(first) = pods.first() else {
            return Ok(ExitCode::SUCCESS);
        };
        let answers = Answers {
            namespace: self.namespace,
            workload,
            pod: Some(first),
            images: pod::about(self, first).await?,
        };
        if self.flags.restart_stuck {
            return restart::run(self, pods, &answers).await;
        }
        self.report(answers)
    }

    /// A workload without pods: its template is what a pod would be made of.
    async fn at_template(&self, template: &workload::Template, workload: String) -> Ended {
        let account = Some(template.account.as_str()).filter(|name| *name != "default");
        let listed = match &template.listed {
            own if own.is_empty() => self.account_list(account).await?,
            own => own.clone(),
        };
        let mut images = Vec::new();
        for image in &template.images {
            images.push(self.about_image(image, listed.clone()).await);
        }
        self.report(Answers {
            namespace: self.namespace,
            workload: Some(workload),
            pod: None,
            images,
        })
    }

    async fn about_image(&self, image: &str, listed: Vec<String>) -> About {
        let question = Question {
            namespace: self.namespace,
            image,
            listed,
            secrets: self.cluster.secrets.clone(),
            ..Question::default()
        };
        About {
            explanation: self.witness.explain(&self.cluster.index, question).await,
            container: None,
            tries: None,
        }
    }

    /// The pull secrets a new pod would get from its `ServiceAccount`.
    async fn account_list(&self, account: Option<&str>) -> Result<Vec<String>, Failure> {
        let name = account.unwrap_or("default");
        let found = Api::<ServiceAccount>::namespaced(self.connection.client.clone(), self.namespace)
            .get_opt(name)
            .await?;
        let names = |account: ServiceAccount| account.image_pull_secrets.unwrap_or_default();
        match found {
            Some(account) => Ok(names(account)
                .into_iter()
                .map(|reference| reference.name)
                .collect()),
            None if account.is_none() => Ok(Vec::new()),
            None => Err(Failure::new(format!(
                "there is no ServiceAccount {name} in namespace {}",
                self.namespace
            ))
            .hint(format!("kubectl get serviceaccounts -n {}", self.namespace))),
        }
    }

    fn report(&self, answers: Answers<'_>) -> Ended {
        match self.flags.output {
            Some(format @ (Format::Json | Format::Yaml)) => {
                print::document(&document(&answers), Some(format), self.output)?;
            }
            _ => show::print(&answers, self.with_words, self.output),
        }
        Ok(status(answers.images.iter().map(|about| &about.explanation)))
    }
}

/// The answers as programs get them.
fn document(answers: &Answers<'_>) -> serde_json::Value {
    let images: Vec<&Explanation> = answers.images.iter().map(|about| &about.explanation).collect();
    let mut document = json!({"namespace": answers.namespace, "images": images});
    if let Some(workload) = &answers.workload {
        document["workload"] = json!(workload);
    }
    if let Some(pod) = answers.pod {
        document["pod"] = json!(pod.name_any());
    }
    document
}

/// 1 if something fails, 2 if it could not be looked at, 0 otherwise.
fn status<'a>(explanations: impl Iterator<Item = &'a Explanation>) -> ExitCode {
    let mut status = 0;
    for one in explanations {
        let unreachable = keyside_api::Cause::parse(&one.reason).is_some_and(is_of_way);
        match one.verdict {
            Verdict::Failing => return ExitCode::from(FOUND),
            Verdict::Unknown if unreachable => status = COULD_NOT_LOOK,
            _ => {}
        }
    }
    ExitCode::from(status)
}
