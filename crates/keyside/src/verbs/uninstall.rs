//! `keyside uninstall`: takes out what `install` put in and what keyside made while it ran. Credentials stay, and so do the
//! delivered pull secrets, unless asked otherwise: pods that pull with them do not notice.

mod copies;
mod policy;

use super::Ended;
use crate::cli::{Global, Place, Uninstall};
use crate::connect;
use crate::duration;
use crate::failure::Failure;
use crate::install::Kind;
use crate::output::Output;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Pod, Secret};
use keyside_server::WEBHOOK_CONFIGURATION;
use keyside_server::rbac::LEASE;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams};
use kube::{Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The Secret with the webhook's certificates.
const CERTIFICATES: &str = "keyside-webhook";

/// Secrets in which keyside notes things; they go with the credentials they are about.
/// They are kept with them, too: with another install key every credential would have to be confirmed anew.
const NOTES: [&str; 2] = ["keyside-install-key", "keyside-accepted-namespaces"];

pub(super) async fn run(global: &Global, flags: &Uninstall, output: &Output) -> Ended {
    let timeout = duration::parse(&flags.timeout)?;
    let client = connect::connect(global).await?.client;
    if flags.leftovers {
        leftovers(&client, &flags.place.namespace, output).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let found = found(&client, &flags.place).await?;
    refuse_if_helms(&found, &flags.place)?;
    if !flags.yes {
        ask(flags)?;
    }
    // First the program, so that nothing that follows is written anew.
    let (workloads, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|(kind, _)| kind.runs());
    for (kind, object) in &workloads {
        delete(&client, *kind, object, output).await?;
    }
    stopped(&client, &flags.place, timeout).await?;
    leftovers(&client, &flags.place.namespace, output).await?;
    if flags.delete_copies {
        copies::delete(&client, output).await?;
    }
    let kept = |kind: Kind| kind.is_definition() && !flags.delete_crds;
    // In the reverse order of the installation.
    for (kind, object) in others.iter().rev().filter(|(kind, _)| !kept(*kind)) {
        delete(&client, *kind, object, output).await?;
    }
    if flags.delete_crds {
        notes(&client, &flags.place.namespace, output).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// All objects of the release, whatever values it was installed with.
async fn found(client: &Client, place: &Place) -> Result<Vec<(Kind, DynamicObject)>, Failure> {
    let mut found = Vec::new();
    for kind in Kind::all() {
        match kind
            .wherever(client, &place.namespace)
            .list(&ours(place, ""))
            .await
        {
            Ok(list) => found.extend(list.items.into_iter().map(|object| (kind, object))),
            // A kind that this cluster does not have holds nothing of ours.
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

/// What carries the release's labels, and these besides.
fn ours(place: &Place, besides: &str) -> ListParams {
    let name = &place.name;
    let selector = format!("app.kubernetes.io/part-of=keyside,app.kubernetes.io/instance={name}{besides}");
    ListParams::default().labels(&selector)
}

/// Helm keeps a record of its own: what it installed, it must take out.
fn refuse_if_helms(found: &[(Kind, DynamicObject)], place: &Place) -> Result<(), Failure> {
    let is_helms = |object: &DynamicObject| {
        object
            .labels()
            .get("app.kubernetes.io/managed-by")
            .is_some_and(|manager| manager == "Helm")
    };
    let running = |(kind, object): &&(Kind, DynamicObject)| kind.runs() && is_helms(object);
    if found.iter().find(running).is_none() {
        return Ok(());
    }
    Err(Failure::new("this release was installed with Helm").hint(format!(
        "helm uninstall {} --namespace {}",
        place.name, place.namespace
    )))
}

fn ask(flags: &Uninstall) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(
            Failure::new("uninstall deletes objects and there is no terminal to ask on")
                .hint("keyside uninstall --yes"),
        );
    }
    let copies = if flags.delete_copies { "deleted" } else { "kept" };
    let credentials = if flags.delete_crds { "deleted" } else { "kept" };
    let namespace = &flags.place.namespace;
    crate::output::prompt(&format!(
        "Uninstall keyside from namespace {namespace}? Delivered pull secrets are {copies}, credentials are {credentials}. [y/N] "
    ));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Failure::new("nothing was deleted"))
    }
}

async fn delete(client: &Client, kind: Kind, object: &DynamicObject, output: &Output) -> Result<(), Failure> {
    let api = kind.api(client, &object.namespace().unwrap_or_default());
    gone(api.delete(&object.name_any(), &DeleteParams::default()).await)?;
    output.line(format!("{} deleted", kind.title(&object.name_any())));
    Ok(())
}

/// What is not there any more is as good as deleted.
fn gone<T>(answer: kube::Result<T>) -> Result<bool, Failure> {
    match answer {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Waits until no replica runs any more: the last one may still be writing.
async fn stopped(client: &Client, place: &Place, timeout: Duration) -> Result<(), Failure> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), &place.namespace);
    let replicas = ours(place, ",app.kubernetes.io/component=server");
    let (started, mut pause) = (Instant::now(), Duration::from_millis(50));
    while let Some(pod) = pods.list(&replicas).await?.items.first() {
        if started.elapsed() > timeout {
            return Err(
                Failure::found(format!("pod {} is still there", pod.name_any())).hint(format!(
                    "kubectl delete pod {} -n {}",
                    pod.name_any(),
                    place.namespace
                )),
            );
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
    Ok(())
}

/// What keyside makes while it runs: registrations, and what only it needs.
async fn leftovers(client: &Client, namespace: &str, output: &Output) -> Result<(), Failure> {
    remove::<MutatingWebhookConfiguration>(Api::all(client.clone()), WEBHOOK_CONFIGURATION, output).await?;
    remove::<ValidatingWebhookConfiguration>(Api::all(client.clone()), WEBHOOK_CONFIGURATION, output).await?;
    policy::delete(client, output).await?;
    remove::<Secret>(Api::namespaced(client.clone(), namespace), CERTIFICATES, output).await?;
    remove::<Lease>(Api::namespaced(client.clone(), namespace), LEASE, output).await
}

async fn notes(client: &Client, namespace: &str, output: &Output) -> Result<(), Failure> {
    for name in NOTES {
        remove::<Secret>(Api::namespaced(client.clone(), namespace), name, output).await?;
    }
    Ok(())
}

async fn remove<K>(api: Api<K>, name: &str, output: &Output) -> Result<(), Failure>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    if gone(api.delete(name, &DeleteParams::default()).await)? {
        output.line(format!("{}/{name} deleted", K::kind(&()).to_lowercase()));
    }
    Ok(())
}
