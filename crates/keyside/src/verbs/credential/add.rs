//! `keyside credential add`: checks, stores the Secret and the credential, and says what comes next.

use super::document;
use super::password;
use super::place::{Place, Stored, reach, taken};
use super::verify;
use crate::cli::{CredentialAdd, Delivery as Way, DryRun};
use crate::connect::Connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::print;
use crate::verbs::Ended;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use keyside_api::{
    ClusterRegistryCredential, ClusterRegistryCredentialSpec, ClusterSource, Delivery, RegistryCredential,
    RegistryCredentialSpec, Scope, Source,
};
use keyside_core::admit::NO_HOME;
use keyside_core::noticed;
use keyside_keychain::docker_config::{DockerConfig, Escape};
use keyside_keychain::{Credential, lint, preset};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long the home of a new Project may take.
const HOME_WITHIN: Duration = Duration::from_secs(5);

/// Refuses what is missing before a connection is made.
pub(super) fn check(flags: &CredentialAdd) -> Result<(), Failure> {
    let again = format!("keyside credential add {}", flags.name);
    if flags.scope.namespace.is_none() && flags.scope.project.is_none() && !flags.scope.cluster {
        return Err(Failure::new("it is not said where the credential applies")
            .because("one of -n NS, --project PROJECT and --cluster is needed")
            .hint(format!("{again} … -n NS")));
    }
    if flags.from_file.is_none() && !flags.from_docker && flags.username.is_none() {
        return Err(Failure::new("the user name is missing").hint(format!("{again} --username USER …")));
    }
    Ok(())
}

pub(super) async fn run(connection: Connection, flags: &CredentialAdd, output: &Output) -> Ended {
    let client = &connection.client;
    let place = Place::of(&flags.scope, &connection).await?;
    let config = config(flags, &place, output)?;
    refuse_taken(client, &flags.name, &place).await?;
    let secret = document::secret(&flags.name, place.home(), &config);
    let stored = credential(flags, &place);
    if flags.dry_run == Some(DryRun::Client) {
        return plan(&stored, &config, &place, flags, output);
    }
    let stored = store(client, &place, secret, &stored, flags.dry_run.is_some()).await?;
    report(&stored, flags, output)?;
    if flags.dry_run.is_none() && flags.output.is_none() {
        afterwards(client, &place, &stored, flags, output).await;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether it works, and what to do next: two lines at most, and never a reason not to have stored it.
async fn afterwards(client: &Client, place: &Place, stored: &Stored, flags: &CredentialAdd, output: &Output) {
    let verdict = match flags.no_verify {
        true => None,
        false => verify::after_saving((client, &flags.network), place, stored, output).await,
    };
    if let Some(verdict) = verdict {
        output.note(verdict);
    }
    output.note(format!(
        "next: keyside credential get {} {}",
        flags.name,
        place.flags()
    ));
}

/// Refuses a name that a Secret of somebody else has in a namespace the credential would reach.
async fn refuse_taken(client: &Client, name: &str, place: &Place) -> Result<(), Failure> {
    let mut namespaces = reach(client, place).await?;
    namespaces.insert(place.home().to_owned());
    let taken = taken(client, name, &namespaces).await?;
    let Some(first) = taken.first() else { return Ok(()) };
    let places = if taken.len() == 1 {
        first.clone()
    } else {
        taken.join(", ")
    };
    Err(Failure::found(format!("the name {name} is taken"))
        .because(format!(
            "a Secret {name} that keyside did not make is in namespace {places}; it would not be overwritten"
        ))
        .hint(format!("keyside credential add OTHER-NAME {} …", place.flags())))
}

/// The entries to store: one from the flags, or those of a file. Doubts are said, what can never work is refused.
fn config(flags: &CredentialAdd, place: &Place, output: &Output) -> Result<DockerConfig, Failure> {
    if let Some(path) = &flags.from_file {
        let config = super::docker::from_file(path)?;
        judge(
            &lint::document(config.form(), config.to_json(Escape::Plain).expose()),
            output,
        )?;
        return Ok(config);
    }
    if flags.from_docker {
        return super::docker::from_docker(flags.registry.as_deref(), output);
    }
    let registry = registry(flags)?;
    let username = flags.username.as_deref().unwrap_or_default();
    let again = format!(
        "keyside credential add {} --registry {registry} --username {username} {}",
        flags.name,
        place.flags()
    );
    let password = password::read(
        &flags.secret,
        &format!("{username} at {registry}"),
        &again,
        output,
    )?;
    let credential = Credential::new(username.as_bytes(), password);
    let (findings, key) = lint::entry(&registry, &credential);
    judge(&findings, output)?;
    Ok(DockerConfig::with_keys([key], &credential))
}

/// The registry of the flags: as given, or the preset's own.
fn registry(flags: &CredentialAdd) -> Result<String, Failure> {
    let known = || {
        preset::ALL
            .iter()
            .map(|preset| preset.id)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let preset = flags
        .preset
        .as_deref()
        .map(|id| {
            preset::by_id(id).ok_or_else(|| {
                Failure::new(format!("there is no preset {id}")).because(format!("there are {}", known()))
            })
        })
        .transpose()?;
    match (&flags.registry, preset) {
        (Some(registry), _) => Ok(registry.clone()),
        (None, Some(preset)) => preset.host.map(str::to_owned).ok_or_else(|| {
            Failure::new(format!(
                "{} has a host of its own in every installation",
                preset.id
            ))
            .hint(format!(
                "keyside credential add {} --preset {} --registry HOST …",
                flags.name, preset.id
            ))
        }),
        (None, None) => Err(Failure::new("the registry is missing")
            .hint(format!("keyside credential add {} --registry HOST …", flags.name))),
    }
}

/// Warnings are said and the work goes on; a refusal ends it.
fn judge(findings: &[lint::Finding], output: &Output) -> Result<(), Failure> {
    for finding in findings {
        if finding.is_refusal() {
            return Err(Failure::new(finding.message()).because(finding.why()));
        }
        output.warning(noticed::sentence(finding, output.language()));
    }
    Ok(())
}

fn credential(flags: &CredentialAdd, place: &Place) -> Stored {
    let delivery = match flags.delivery {
        Way::Copy => Delivery::Copy,
        Way::OnDemand => Delivery::OnDemand,
        Way::Node => Delivery::Node,
    };
    let name = flags.name.as_str();
    if *place == Place::Cluster {
        let source = ClusterSource::secret(place.home(), name);
        let spec = ClusterRegistryCredentialSpec {
            source,
            delivery,
            repositories: flags.repository.clone(),
            ..Default::default()
        };
        return Stored::Cluster(ClusterRegistryCredential::new(name, spec));
    }
    let scope = if matches!(place, Place::Project { .. }) {
        Scope::Project
    } else {
        Scope::Namespace
    };
    let spec = RegistryCredentialSpec {
        scope,
        source: Source::secret(name),
        delivery,
        repositories: flags.repository.clone(),
        ..Default::default()
    };
    let mut credential = RegistryCredential::new(name, spec);
    credential.metadata.namespace = Some(place.home().to_owned());
    Stored::Namespaced(credential)
}

/// Asks the API server first whether the credential would be accepted, so that a refusal leaves no Secret behind; then
/// stores the Secret, then the credential, and lets the one go with the other.
pub(super) async fn store(
    client: &Client,
    place: &Place,
    secret: Secret,
    stored: &Stored,
    dry_run: bool,
) -> Result<Stored, Failure> {
    let name = stored.name();
    let refused = |error: kube::Error| refusal(error, &name, place);
    admitted(client, place, stored).await.map_err(refused)?;
    let secrets: Api<Secret> = Api::namespaced(client.clone(), place.home());
    let parameters = PostParams {
        dry_run,
        field_manager: Some("keyside-cli".to_owned()),
    };
    let secret = secrets.create(&parameters, &secret).await.map_err(refused)?;
    if dry_run {
        return Ok(stored.clone());
    }
    match stored.create(client, false).await {
        Ok(stored) => {
            let owner = json!({"metadata": {"ownerReferences": [owner(&stored)]}});
            secrets
                .patch(&secret.name_any(), &PatchParams::default(), &Patch::Merge(owner))
                .await?;
            Ok(stored)
        }
        Err(error) => {
            let preconditions = Some(Preconditions {
                uid: secret.uid(),
                resource_version: None,
            });
            let _ = secrets
                .delete(
                    &secret.name_any(),
                    &DeleteParams {
                        preconditions,
                        ..DeleteParams::default()
                    },
                )
                .await;
            Err(refused(error))
        }
    }
}

/// Whether the credential would be accepted. The home of a Project that was created a moment ago is made by keyside, and known a
/// moment later: so there it is asked for some time.
async fn admitted(client: &Client, place: &Place, stored: &Stored) -> kube::Result<()> {
    let started = Instant::now();
    loop {
        let Err(error) = stored.create(client, true).await else {
            return Ok(());
        };
        let is_homeless = matches!(place, Place::Project { .. })
            && matches!(&error, kube::Error::Api(status) if status.code == 404 || status.message.contains(NO_HOME));
        if !is_homeless || started.elapsed() > HOME_WITHIN {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn owner(stored: &Stored) -> Option<OwnerReference> {
    match stored {
        Stored::Namespaced(credential) => credential.owner_ref(&()),
        Stored::Cluster(credential) => credential.owner_ref(&()),
    }
}

pub(super) fn refusal(error: kube::Error, name: &str, place: &Place) -> Failure {
    match error {
        kube::Error::Api(status) if status.code == 409 => {
            Failure::found(format!("the name {name} is taken in {}", place.home()))
                .because(&status.message)
                .hint("keyside credential list -A")
        }
        kube::Error::Api(status) if status.code == 404 => {
            Failure::new(format!("{} does not exist", place.home()))
                .because(&status.message)
                .hint(format!("kubectl create namespace {}", place.home()))
        }
        kube::Error::Api(status) if matches!(status.code, 400 | 403 | 422) => {
            Failure::found(format!("credential {name} was refused"))
                .because(&status.message)
                .hint(format!("keyside credential add OTHER-NAME {} …", place.flags()))
        }
        other => other.into(),
    }
}

fn plan(
    stored: &Stored,
    config: &DockerConfig,
    place: &Place,
    flags: &CredentialAdd,
    output: &Output,
) -> Ended {
    if flags.output.is_some() {
        print::document(&stored.to_json()?, flags.output, output)?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(format!(
        "{} would be stored, with the Secret {}/{}",
        stored.title(),
        place.home(),
        flags.name
    ));
    for entry in config.entries() {
        output.line(format!("  for {}, in {}", entry.key(), place.title()));
    }
    Ok(ExitCode::SUCCESS)
}

fn report(stored: &Stored, flags: &CredentialAdd, output: &Output) -> Result<(), Failure> {
    if flags.output.is_some() {
        match flags.output {
            Some(crate::cli::Format::Name) => output.line(stored.title()),
            format => print::document(&stored.to_json()?, format, output)?,
        }
        return Ok(());
    }
    let dry = if flags.dry_run.is_some() {
        " (server dry run)"
    } else {
        ""
    };
    output.line(format!("{} created{dry}", stored.title()));
    Ok(())
}
