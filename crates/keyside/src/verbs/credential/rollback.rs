//! `keyside credential rollback`: an older content back in place, same names; every copy follows. The registry is asked about it
//! first, because what was replaced is often replaced for a reason; what it refuses takes no working content's place.

use super::history::changed;
use super::place::{Place, Stored, read_secret};
use super::{set_password, verify};
use crate::cli::CredentialRollback;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::verbs::Ended;
use k8s_openapi::jiff::Timestamp;
use keyside_core::history::{self, Refusal};
use std::process::ExitCode;

pub(super) async fn run(connection: Connection, flags: &CredentialRollback, output: &Output) -> Ended {
    let client = &connection.client;
    let timeout = crate::duration::parse(&flags.wait.timeout)?;
    let place = Place::of(&flags.scope, &connection).await?;
    let stored = place.find(client, &flags.name).await?;
    let secret = read_secret(client, &stored).await?;
    let back = history::roll_back(&secret, flags.to, stored.known(), Timestamp::now())
        .map_err(|why| refusal(why, flags, &stored, &place))?;
    if !flags.no_verify {
        let refused = "not rolled back: the registry refuses the older content";
        let nevertheless = format!(
            "keyside credential rollback {} {} --to {} --no-verify",
            stored.name(),
            place.flags(),
            flags.to
        );
        let from_here = (client, &flags.network);
        verify::beforehand(from_here, (&stored, &back), None, (refused, nevertheless), output).await?;
    }
    set_password::store(client, &back)
        .await
        .map_err(|error| changed(error, &stored, &place))?;
    if flags.wait.wait {
        set_password::wait(client, &place, &stored, timeout, output).await?;
    }
    set_password::say(client, &place, &stored, "rolled back", (flags.output, output)).await?;
    Ok(ExitCode::SUCCESS)
}

fn refusal(why: Refusal, flags: &CredentialRollback, stored: &Stored, place: &Place) -> Failure {
    let (name, to) = (stored.name(), flags.to);
    let again = |verb: &str| format!("keyside credential {verb} {name} {}", place.flags());
    match why {
        Refusal::Missing { kept: 0 } => Failure::found(format!("credential {name} has no older content"))
            .because("keyside keeps what it replaces itself, not what others write into the Secret")
            .hint(again("history")),
        Refusal::Missing { kept } => {
            Failure::found(format!("credential {name} has no older content number {to}"))
                .because(format!("{kept} are kept"))
                .hint(again("history"))
        }
        Refusal::Elsewhere => Failure::found("not rolled back: the older content was entered for another destination")
            .because("since then the registry, its authority or its token service was changed, or the scope became wider")
            .hint(format!("{} --password-stdin", again("set-password"))),
        Refusal::Unseen => Failure::new("keyside has not looked at the credential's last change yet")
            .because("until then nobody knows where an older password would be sent")
            .hint(again("rollback")),
    }
}
