//! `keyside credential set-password`: new content, same names; every copy follows. The registry is asked about the new content
//! first: what it refuses takes no working content's place. What is replaced is kept, unless somebody wants it forgotten.

use super::document;
use super::place::{Place, Stored, read_secret};
use super::{password, verify};
use crate::cli::{Format, SetPassword};
use crate::connect::Connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::print;
use crate::verbs::Ended;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;
use keyside_core::history;
use keyside_core::shell::quote;
use kube::api::PostParams;
use kube::{Api, Client, ResourceExt};
use std::process::ExitCode;
use std::time::{Duration, Instant};

pub(super) async fn run(connection: Connection, flags: &SetPassword, output: &Output) -> Ended {
    let client = &connection.client;
    let timeout = crate::duration::parse(&flags.wait.timeout)?;
    let place = Place::of(&flags.scope, &connection).await?;
    let stored = place.find(client, &flags.name).await?;
    let again = format!("keyside credential set-password {} {}", flags.name, place.flags());
    let fresh = password::read_anew(&flags.secret, &flags.name, &again, output)?;
    let changed = replace(client, &stored, &fresh, (flags, &again), output).await?;
    let verbed = match changed {
        Changed::Nothing => "unchanged",
        Changed::History => "history forgotten",
        Changed::Content => "password set",
    };
    if flags.wait.wait && changed == Changed::Content {
        wait(client, &place, &stored, timeout, output).await?;
    }
    say(client, &place, &stored, verbed, (flags.output, output)).await?;
    Ok(ExitCode::SUCCESS)
}

/// Asks the registry about the content as it will be.
async fn ask(
    client: &Client,
    stored: &Stored,
    secret: &Secret,
    (flags, again): (&SetPassword, &str),
    output: &Output,
) -> Result<(), Failure> {
    let (registry, username) = (flags.registry.as_deref(), flags.username.as_deref());
    let refused = "the password is not set: the registry refuses it";
    let mut nevertheless = again.to_owned();
    for (flag, value) in [("--registry", registry), ("--username", username)] {
        if let Some(value) = value {
            nevertheless.push_str(&format!(" {flag} {}", quote(value)));
        }
    }
    nevertheless.push_str(" --password-stdin --no-verify");
    let from_here = (client, &flags.network);
    verify::beforehand(
        from_here,
        (stored, secret),
        registry,
        (refused, nevertheless),
        output,
    )
    .await
}

/// What is different now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Changed {
    Nothing,
    /// Only what was kept of older contents.
    History,
    Content,
}

/// Writes the new content over the Secret as it is now; a change by somebody else in between is seen and not lost. The registry
/// is asked once before; a content that stays as it is was asked about earlier.
async fn replace(
    client: &Client,
    stored: &Stored,
    fresh: &keyside_keychain::Secret,
    (flags, again): (&SetPassword, &str),
    output: &Output,
) -> Result<Changed, Failure> {
    let mut ask_first = !flags.no_verify;
    for _ in 0..5 {
        let before = read_secret(client, stored).await?;
        let mut secret = before.clone();
        document::set_password(
            &mut secret,
            flags.registry.as_deref(),
            flags.username.as_deref(),
            fresh,
        )?;
        let is_same = secret.data == before.data;
        if !is_same && std::mem::take(&mut ask_first) {
            ask(client, stored, &secret, (flags, again), output).await?;
        }
        if flags.forget {
            history::forget(&mut secret);
        } else {
            history::keep(&before, &mut secret, stored.status(), Timestamp::now());
        }
        if secret.data == before.data {
            return Ok(Changed::Nothing);
        }
        match store(client, &secret).await {
            Ok(()) if is_same => return Ok(Changed::History),
            Ok(()) => return Ok(Changed::Content),
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::new("the Secret keeps being changed by somebody else")
        .hint(format!("keyside credential get {}", stored.name())))
}

/// Writes a Secret over the very one that was read; anything else is a conflict.
pub(super) async fn store(client: &Client, secret: &Secret) -> kube::Result<()> {
    let api: Api<Secret> = Api::namespaced(client.clone(), &secret.namespace().unwrap_or_default());
    let parameters = PostParams {
        field_manager: Some("keyside-cli".to_owned()),
        ..PostParams::default()
    };
    api.replace(&secret.name_any(), &parameters, secret).await?;
    Ok(())
}

/// Says what became of a credential: the object as it is now where a format is asked for, else a line.
pub(super) async fn say(
    client: &Client,
    place: &Place,
    stored: &Stored,
    verbed: &str,
    (format, output): (Option<Format>, &Output),
) -> Result<(), Failure> {
    let line = match format {
        None => format!("{} {verbed}", stored.title()),
        Some(Format::Name) => stored.title(),
        Some(_) => String::new(),
    };
    if !line.is_empty() {
        output.line(line);
        return Ok(());
    }
    let now = place.find(client, &stored.name()).await?;
    print::document(&now.to_json()?, format, output)
}

/// Returns when the status speaks of other content than before and every copy has it.
pub(super) async fn wait(
    client: &Client,
    place: &Place,
    before: &Stored,
    timeout: Duration,
    output: &Output,
) -> Result<(), Failure> {
    let old = before.status().and_then(|status| status.current_version.clone());
    let step = output.step("waiting for every copy");
    let started = Instant::now();
    let mut pause = Duration::from_millis(20);
    loop {
        let now = place.find(client, &before.name()).await?;
        if let Some(status) = now.status() {
            let renewed = status.current_version.is_some() && status.current_version != old;
            let targets = status.targets.as_ref();
            if renewed && targets.is_none_or(|targets| targets.delivered >= targets.desired) {
                let delivered = targets.map_or(0, |targets| targets.delivered);
                step.done(&format!("{delivered} copies are current"));
                return Ok(());
            }
        }
        if started.elapsed() > timeout {
            let targets = now.status().and_then(|status| status.targets.as_ref());
            let seen = targets.map_or_else(
                || "no status yet".to_owned(),
                |targets| format!("{} of {} copies delivered", targets.delivered, targets.desired),
            );
            return Err(Failure::found("not every copy is current yet")
                .because(seen)
                .hint(format!(
                    "keyside credential get {} {}",
                    before.name(),
                    place.flags()
                )));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}
