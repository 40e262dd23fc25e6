//! Taking a Secret over: it becomes the source of a `RegistryCredential` of its own name, in its own namespace. The scope stays as it
//! is; a wider one needs the password again (`keyside credential move`). Keys that the kubelet would not find are written anew, and
//! that is said.

use crate::cli::ImportSecrets;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::print;
use crate::verbs::Ended;
use k8s_openapi::api::core::v1::Secret;
use keyside_api::RegistryCredential;
use keyside_core::adopt;
use kube::api::PostParams;
use kube::{Api, ResourceExt};
use std::process::ExitCode;

pub(super) async fn run(
    connection: &Connection,
    name: &str,
    flags: &ImportSecrets,
    output: &Output,
) -> Ended {
    let namespace = flags.namespace.as_deref().unwrap_or(&connection.namespace);
    let secrets: Api<Secret> = Api::namespaced(connection.client.clone(), namespace);
    let secret = secrets.get_opt(name).await?.ok_or_else(|| {
        Failure::found(format!("there is no Secret {name} in namespace {namespace}"))
            .hint(format!("keyside import secrets --dry-run -n {namespace}"))
    })?;
    let found = adopt::read(&secret).map_err(|refusal| refused_secret(&refusal, namespace, name))?;
    let rewritten = &found.rewritten;
    let credential = adopt::credential(&secret);
    let credentials: Api<RegistryCredential> = Api::namespaced(connection.client.clone(), namespace);
    let parameters = |dry_run| PostParams {
        dry_run,
        field_manager: Some("keyside-cli".to_owned()),
    };
    // Asked first, so that a refusal changes nothing.
    let refused = |error| refusal(error, name, namespace);
    credentials
        .create(&parameters(true), &credential)
        .await
        .map_err(refused)?;
    let dry = flags.dry_run;
    if !rewritten.is_empty() && !dry {
        rewrite(&secrets, secret, &found).await?;
    }
    for (old, new) in rewritten {
        output.note(format!("{old} is now written {new}, which every reader finds"));
    }
    if !dry {
        credentials
            .create(&parameters(false), &credential)
            .await
            .map_err(refused)?;
    }
    let tail = if dry { " would be created" } else { " created" };
    output.line(format!("{}{tail}", print::name_of(&credential)));
    Ok(ExitCode::SUCCESS)
}

/// Why there is nothing to take over, in words.
fn refused_secret(refusal: &adopt::Refusal, namespace: &str, name: &str) -> Failure {
    match refusal {
        adopt::Refusal::Copy => Failure::found(format!("Secret {name} is a copy that keyside delivered"))
            .hint("keyside credential list -A"),
        adopt::Refusal::Kind(kind) => Failure::found(format!("Secret {name} has the type {kind}"))
            .because("a pull secret has the type kubernetes.io/dockerconfigjson"),
        adopt::Refusal::Unreadable(error) => Failure::found(format!(
            "Secret {name} cannot be read, and every pull that names it fails"
        ))
        .because(error)
        .hint(format!("kubectl delete secret {name} -n {namespace}")),
    }
}

async fn rewrite(secrets: &Api<Secret>, mut secret: Secret, found: &adopt::Adoption) -> Result<(), Failure> {
    let name = secret.name_any();
    if secret.immutable == Some(true) {
        return Err(Failure::found(format!(
            "Secret {name} is immutable, and its key cannot be corrected"
        ))
        .hint(format!(
            "kubectl delete secret {name} -n {}",
            secret.namespace().unwrap_or_default()
        )));
    }
    found.write(&mut secret);
    let parameters = PostParams {
        field_manager: Some("keyside-cli".to_owned()),
        ..PostParams::default()
    };
    secrets.replace(&name, &parameters, &secret).await?;
    Ok(())
}

fn refusal(error: kube::Error, name: &str, namespace: &str) -> Failure {
    match error {
        kube::Error::Api(status) if status.code == 409 => Failure::found(format!(
            "there is a credential {name} in namespace {namespace} already"
        ))
        .hint(format!("keyside credential get {name} -n {namespace}")),
        kube::Error::Api(status) if matches!(status.code, 400 | 403 | 422) => {
            Failure::found(format!("Secret {name} was not taken over")).because(&status.message)
        }
        other => other.into(),
    }
}
