//! `keyside project add|list|remove`.

use super::Ended;
use crate::cli::{DryRun, Format, Global, Project as Verb, ProjectAdd, ProjectList, ProjectRemove};
use crate::connect::{Connection, connect};
use crate::failure::Failure;
use crate::output::Output;
use crate::print;
use keyside_api::{Project, ProjectSpec};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, ResourceExt};
use std::io::IsTerminal;
use std::process::ExitCode;

pub(super) async fn run(global: &Global, verb: Verb, output: &Output) -> Ended {
    let connection = connect(global).await?;
    match verb {
        Verb::Add(flags) => add(connection, &flags, output).await,
        Verb::List(flags) => list(connection, &flags, output).await,
        Verb::Remove(flags) => remove(connection, &flags, output).await,
    }
}

/// Creates the project, or adds the namespaces to an existing one. Two people adding at once both succeed.
async fn add(connection: Connection, flags: &ProjectAdd, output: &Output) -> Ended {
    let api: Api<Project> = Api::all(connection.client);
    let parameters = PostParams {
        dry_run: flags.dry_run == Some(DryRun::Server),
        ..PostParams::default()
    };
    for _ in 0..5 {
        let existing = api.get_opt(&flags.name).await?;
        let is_new = existing.is_none();
        let (project, gained) = with_namespaces(existing, flags);
        if flags.dry_run == Some(DryRun::Client) {
            return plan(&project, &gained, flags, output);
        }
        let stored = if is_new {
            api.create(&parameters, &project).await
        } else if gained.is_empty() && flags.display_name.is_none() {
            return done(&project, "unchanged", flags, output);
        } else {
            api.replace(&flags.name, &parameters, &project).await
        };
        match stored {
            Ok(project) => {
                return done(
                    &project,
                    if is_new { "created" } else { "configured" },
                    flags,
                    output,
                );
            }
            // Somebody else wrote in between: look again.
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::new(format!(
        "project {} keeps being changed by somebody else",
        flags.name
    ))
    .hint(format!(
        "keyside project add {} -n {}",
        flags.name,
        flags.namespace.join(" -n ")
    )))
}

/// The project with the namespaces in it, and those that were not in it before.
fn with_namespaces(existing: Option<Project>, flags: &ProjectAdd) -> (Project, Vec<String>) {
    let mut project = existing.unwrap_or_else(|| Project::new(&flags.name, ProjectSpec::default()));
    let mut gained = Vec::new();
    for namespace in &flags.namespace {
        if !project.spec.namespaces.contains(namespace) {
            project.spec.namespaces.push(namespace.clone());
            gained.push(namespace.clone());
        }
    }
    if flags.display_name.is_some() {
        project.spec.display_name.clone_from(&flags.display_name);
    }
    (project, gained)
}

fn plan(project: &Project, gained: &[String], flags: &ProjectAdd, output: &Output) -> Ended {
    if flags.output.is_some() {
        print::object(project, flags.output, output)?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(format!("project/{} would be stored", flags.name));
    for namespace in gained {
        output.line(format!("  + namespace {namespace}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn done(project: &Project, verbed: &str, flags: &ProjectAdd, output: &Output) -> Ended {
    if flags.output.is_some() {
        print::object(project, flags.output, output)?;
    } else {
        let dry = if flags.dry_run.is_some() {
            " (server dry run)"
        } else {
            ""
        };
        output.line(format!("{} {verbed}{dry}", print::name_of(project)));
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(connection: Connection, flags: &ProjectList, output: &Output) -> Ended {
    let projects = Api::<Project>::all(connection.client)
        .list(&ListParams::default())
        .await?
        .items;
    match flags.output {
        Some(Format::Json | Format::Yaml | Format::Name) => print::objects(&projects, flags.output, output)?,
        _ if projects.is_empty() => {
            output.note("no projects; create one: keyside project add NAME --namespace NS")
        }
        _ => output.table(
            &["NAME", "DISPLAY-NAME", "HOME", "NAMESPACES", "READY", "AGE"],
            &projects.iter().map(row).collect::<Vec<_>>(),
        ),
    }
    Ok(ExitCode::SUCCESS)
}

fn row(project: &Project) -> Vec<String> {
    let ready = project.status.as_ref().and_then(|status| {
        status
            .conditions
            .iter()
            .find(|condition| condition.type_ == "Ready")
    });
    let ready = ready.map_or_else(
        || "<unknown>".to_owned(),
        |condition| {
            if condition.status == "True" {
                "True".to_owned()
            } else {
                condition.reason.clone()
            }
        },
    );
    vec![
        project.name_any(),
        project
            .spec
            .display_name
            .clone()
            .unwrap_or_else(|| "<none>".to_owned()),
        project.home_namespace(),
        project.spec.namespaces.join(","),
        ready,
        print::age(project.metadata.creation_timestamp.as_ref().map(|time| time.0)),
    ]
}

/// Takes namespaces out, or deletes the project. Copies go; Secrets that are not keyside's stay.
async fn remove(connection: Connection, flags: &ProjectRemove, output: &Output) -> Ended {
    let api: Api<Project> = Api::all(connection.client);
    let missing =
        || Failure::found(format!("project {} does not exist", flags.name)).hint("keyside project list");
    if flags.namespace.is_empty() {
        let project = api.get_opt(&flags.name).await?.ok_or_else(missing)?;
        if !flags.yes {
            confirm(&project)?;
        }
        let _ = api.delete(&flags.name, &DeleteParams::default()).await?;
        output.line(format!("project/{} deleted", flags.name));
        return Ok(ExitCode::SUCCESS);
    }
    for _ in 0..5 {
        let mut project = api.get_opt(&flags.name).await?.ok_or_else(missing)?;
        if let Some(stranger) = flags
            .namespace
            .iter()
            .find(|namespace| !project.spec.namespaces.contains(namespace))
        {
            return Err(Failure::found(format!(
                "project {} does not name the namespace {stranger}",
                flags.name
            ))
            .hint("keyside project list"));
        }
        project
            .spec
            .namespaces
            .retain(|namespace| !flags.namespace.contains(namespace));
        match api.replace(&flags.name, &PostParams::default(), &project).await {
            Ok(_) => {
                output.line(format!("project/{} configured", flags.name));
                return Ok(ExitCode::SUCCESS);
            }
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::new(format!(
        "project {} keeps being changed by somebody else",
        flags.name
    )))
}

fn confirm(project: &Project) -> Result<(), Failure> {
    let name = project.name_any();
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new("deleting a project takes its credentials from its namespaces, and there is no terminal to ask on")
            .hint(format!("keyside project remove {name} --yes")));
    }
    let namespaces = project.spec.namespaces.join(", ");
    crate::output::prompt(&format!(
        "Delete project {name}? Its credentials leave {namespaces}. [y/N] "
    ));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Failure::new("nothing was deleted"))
    }
}
