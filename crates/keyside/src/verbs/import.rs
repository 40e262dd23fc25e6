//! `keyside import secrets`: what pull secrets there are, and taking one of them over.

mod adopt;
mod inventory;

use super::Ended;
use crate::cli::{Global, Import};
use crate::connect::connect;
use crate::failure::Failure;
use crate::output::Output;

/// Runs one of the verbs.
pub(super) async fn run(global: &Global, verb: Import, output: &Output) -> Ended {
    let Import::Secrets(flags) = verb;
    let connection = connect(global).await?;
    match &flags.name {
        None if flags.dry_run => inventory::run(&connection, &flags, output).await,
        None => Err(Failure::new("it is not said which Secret to take over")
            .because("without a name only the inventory can be shown")
            .hint("keyside import secrets --dry-run")),
        Some(name) => adopt::run(&connection, name, &flags, output).await,
    }
}
