//! `keyside install`: writes everything that keyside needs into a cluster, or prints it.

mod values;

use super::Ended;
use crate::cli::{DryRun, Format, Global, Install};
use crate::connect;
use crate::duration;
use crate::failure::Failure;
use crate::install::{Kind, Release, objects};
use crate::output::Output;
use crate::print;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Client, ResourceExt as _};
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Duration;

pub(super) use values::values;

/// Who writes: not the running keyside, so that it is seen what a person did.
const MANAGER: &str = "keyside-install";

/// How long a new kind may take until it is served.
const SERVED_WITHIN: Duration = Duration::from_secs(30);

pub(super) async fn run(global: &Global, flags: &Install, output: &Output) -> Ended {
    let release = Release {
        name: flags.place.name.clone(),
        namespace: flags.place.namespace.clone(),
        manager: "keyside",
    };
    let timeout = duration::parse(&flags.timeout)?;
    let mut values = values(flags)?;
    if flags.dry_run == Some(DryRun::Client) {
        // No cluster is asked, as with `helm template`.
        values.settle(false);
        let objects = objects(&release, &values);
        let namespace = flags.create_namespace.then(|| namespace(&release.namespace));
        show(
            namespace.into_iter().chain(objects).collect(),
            flags.output,
            output,
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let client = connect::connect(global).await?.client;
    values.settle(keyside_server::serves_policies(&client).await?);
    let objects = objects(&release, &values);
    let dry = flags.dry_run.is_some();
    make_namespace(&client, &release.namespace, dry, output).await?;
    let mut written = Vec::new();
    for object in &objects {
        written.push(write(&client, &release, object, dry).await?);
        if flags.output.is_none() {
            output.line(format!(
                "{} applied{}",
                title(object),
                if dry { " (server dry run)" } else { "" }
            ));
        }
    }
    if flags.output.is_some() {
        show(written, flags.output, output)?;
    }
    if !dry {
        if flags.wait {
            wait(&client, &release, &objects, timeout, output).await?;
        }
        output.note("next: keyside credential add NAME --registry HOST --username USER --cluster");
    }
    Ok(ExitCode::SUCCESS)
}

/// One YAML document after the other, or one JSON list.
fn show(objects: Vec<Value>, format: Option<Format>, output: &Output) -> Result<(), Failure> {
    match format {
        Some(Format::Json) => print::document(
            &json!({"apiVersion": "v1", "kind": "List", "items": objects}),
            format,
            output,
        ),
        Some(Format::Name) => {
            objects.iter().for_each(|object| output.line(title(object)));
            Ok(())
        }
        _ => {
            let texts = objects
                .iter()
                .map(|object| serde_saphyr::to_string(object).map(|text| format!("---\n{text}")));
            let text = texts
                .collect::<Result<String, _>>()
                .map_err(anyhow::Error::from)?;
            output.raw(&text);
            Ok(())
        }
    }
}

/// `kind.group/name`, as kubectl prints it.
fn title(object: &Value) -> String {
    Kind::of(object).title(object["metadata"]["name"].as_str().unwrap_or_default())
}

/// keyside's namespace: nothing but keyside's own pods belongs there, and they meet the strictest standard.
fn namespace(name: &str) -> Value {
    let level = |mode: &str| {
        (
            format!("pod-security.kubernetes.io/{mode}"),
            Value::from("restricted"),
        )
    };
    let labels: Value = ["enforce", "audit", "warn"]
        .map(level)
        .into_iter()
        .collect::<serde_json::Map<_, _>>()
        .into();
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

async fn make_namespace(client: &Client, name: &str, dry: bool, output: &Output) -> Result<(), Failure> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    if namespaces.get_opt(name).await?.is_some() {
        return Ok(());
    }
    if dry {
        return Err(Failure::new(format!(
            "namespace {name} does not exist, so nothing in it can be checked"
        ))
        .hint(format!("kubectl create namespace {name}")));
    }
    namespaces
        .patch(name, &parameters(false), &Patch::Apply(namespace(name)))
        .await?;
    output.line(format!("namespace/{name} created"));
    Ok(())
}

fn parameters(dry: bool) -> PatchParams {
    PatchParams {
        dry_run: dry,
        ..PatchParams::apply(MANAGER).force()
    }
}

/// Writes one object. A kind is waited for, because the next object may be of it.
async fn write(client: &Client, release: &Release, object: &Value, dry: bool) -> Result<Value, Failure> {
    let namespace = object["metadata"]["namespace"].as_str();
    let api = Kind::of(object).api(client, namespace.unwrap_or(&release.namespace));
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let answer = api.patch(name, &parameters(dry), &Patch::Apply(object)).await;
    let mut written = answer.map_err(|error| refused(object, error))?;
    if object["kind"] == "CustomResourceDefinition" && !dry {
        served(client, name).await?;
    }
    written.managed_fields_mut().clear();
    serde_json::to_value(&written).map_err(|error| anyhow::Error::from(error).into())
}

fn refused(object: &Value, error: kube::Error) -> Failure {
    let missing = matches!(&error, kube::Error::Api(status) if status.code == 404);
    let failure = Failure::new(format!("{} cannot be written", title(object)));
    let failure = match error {
        kube::Error::Api(status) => failure.because(status.message),
        other => failure.because(crate::failure::root_cause(&other)),
    };
    let foreign = object["apiVersion"]
        .as_str()
        .is_some_and(|version| version.contains("coreos"));
    if missing && foreign {
        return failure.because("the Prometheus operator's kinds are not installed in this cluster");
    }
    failure
}

async fn served(client: &Client, name: &str) -> Result<(), Failure> {
    let wait = await_condition(Api::all(client.clone()), name, conditions::is_crd_established());
    match tokio::time::timeout(SERVED_WITHIN, wait).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Failure::new(format!("{name} cannot be watched")).because(error)),
        Err(_) => {
            let seconds = SERVED_WITHIN.as_secs();
            Err(Failure::found(format!("{name} is not served after {seconds} s"))
                .hint(format!("kubectl describe crd {name}")))
        }
    }
}

/// Waits until all replicas are there and ready.
async fn wait(
    client: &Client,
    release: &Release,
    objects: &[Value],
    timeout: Duration,
    output: &Output,
) -> Result<(), Failure> {
    let deployment = objects.iter().find(|object| object["kind"] == "Deployment");
    let name = deployment
        .and_then(|object| object["metadata"]["name"].as_str())
        .unwrap_or_default();
    let step = output.step("waiting for the replicas");
    let api: Api<Deployment> = Api::namespaced(client.clone(), &release.namespace);
    match tokio::time::timeout(timeout, await_condition(api, name, is_rolled_out)).await {
        Ok(Ok(_)) => {
            step.done("all replicas are ready");
            Ok(())
        }
        Ok(Err(error)) => Err(Failure::new("the replicas cannot be watched").because(error)),
        Err(_) => Err(Failure::found(format!(
            "not all replicas are ready after {} s",
            timeout.as_secs()
        ))
        .hint(format!("kubectl describe pods -n {}", release.namespace))),
    }
}

/// As `kubectl rollout status` decides it.
fn is_rolled_out(deployment: Option<&Deployment>) -> bool {
    let Some((deployment, status)) = deployment.and_then(|it| Some((it, it.status.as_ref()?))) else {
        return false;
    };
    let wanted = deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.replicas)
        .unwrap_or(1);
    status.observed_generation >= deployment.metadata.generation
        && status.updated_replicas == Some(wanted)
        && status.replicas == Some(wanted)
        && status.available_replicas == Some(wanted)
}
