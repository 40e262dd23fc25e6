//! One file per verb. Each gets the flags and the output, and gives an exit status.

mod check;
mod completion;
mod crds;
mod credential;
mod down;
mod events;
mod explain;
mod import;
mod install;
mod project;
mod reset;
mod serve;
mod uninstall;
mod version;

pub(crate) use reset::OURS;

use crate::cli::{Cli, Verb};
use crate::failure::Failure;
use crate::output::Output;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};
use std::process::ExitCode;

/// What a verb ends with.
pub(crate) type Ended = Result<ExitCode, Failure>;

/// Runs the verb.
pub(crate) async fn run(cli: Cli, output: &Output) -> Ended {
    let global = &cli.global;
    match cli.verb {
        Verb::Up(flags) => crate::up::run(global, &flags, output).await,
        Verb::Down => down::run(global, output).await,
        Verb::Reset(confirm) => reset::run(global, &confirm, output).await,
        Verb::Credential(verb) => credential::run(global, verb, output).await,
        Verb::Project(verb) => project::run(global, verb, output).await,
        Verb::Explain(flags) => explain::run(global, &flags, output).await,
        Verb::Check(flags) => check::run(global, &flags, output).await,
        Verb::Import(verb) => import::run(global, verb, output).await,
        Verb::Events(flags) => events::run(global, &flags, output).await,
        Verb::Install(flags) => install::run(global, &flags, output).await,
        Verb::Uninstall(flags) => uninstall::run(global, &flags, output).await,
        Verb::Serve(flags) => serve::run(global, &flags, output).await,
        Verb::Crds => crds::run(output),
        Verb::Completion(flags) => Ok(completion::run(&flags, output)),
        Verb::Version => Ok(version::run(output)),
    }
}

/// A namespace that is not there has nothing that is fine. Whoever may not look at namespaces is believed.
async fn require_namespace(client: &Client, name: &str) -> Result<(), Failure> {
    match Api::<Namespace>::all(client.clone()).get_opt(name).await {
        Ok(None) => Err(Failure::new(format!("there is no namespace {name}")).hint("kubectl get namespaces")),
        Ok(Some(_)) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 403 => Ok(()),
        Err(error) => Err(error.into()),
    }
}
