//! `keyside credential …`: store a credential, look at it, renew it, take that back, move it, delete it.

mod add;
mod delete;
mod docker;
mod document;
mod get;
mod history;
mod list;
mod password;
mod place;
mod relocate;
mod rollback;
mod set_password;
mod usage;
mod verify;

use super::Ended;
use crate::cli::{Credential, Global};
use crate::connect::connect;
use crate::output::Output;

/// Runs one of the verbs.
pub(super) async fn run(global: &Global, verb: Credential, output: &Output) -> Ended {
    if let Credential::Add(flags) = &verb {
        // What cannot work is refused before anybody is asked for a connection.
        add::check(flags)?;
    }
    let connection = connect(global).await?;
    match verb {
        Credential::Add(flags) => add::run(connection, &flags, output).await,
        Credential::List(flags) => list::run(connection, &flags, output).await,
        Credential::Get(flags) => get::run(connection, &flags, output).await,
        Credential::Verify(flags) => verify::run(connection, &flags, global.verbose > 0, output).await,
        Credential::SetPassword(flags) => set_password::run(connection, &flags, output).await,
        Credential::History(flags) => history::run(connection, &flags, output).await,
        Credential::Rollback(flags) => rollback::run(connection, &flags, output).await,
        Credential::Move(flags) => relocate::run(connection, &flags, output).await,
        Credential::Delete(flags) => delete::run(connection, &flags, output).await,
    }
}
