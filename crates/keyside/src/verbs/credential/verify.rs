//! `keyside credential verify`: shows a credential to its registries from here, step by step.
//!
//! Every entry goes to its own host and nowhere else; what is asked is decided where keyside itself decides it
//! ([`keyside_core::verify::questions`]). keyside's own verification runs beside it, from inside the cluster: if the two
//! disagree, it is asked to look again.

mod show;

use super::place::{Place, Stored, reach, read_secret};
use super::usage;
use crate::cli::{CredentialVerify, Network};
use crate::connect::Connection;
use crate::failure::{COULD_NOT_LOOK, FOUND, Failure};
use crate::output::{Mark, Output};
use crate::verbs::Ended;
use k8s_openapi::api::core::v1::Secret;
use keyside_api::condition::verified::status_of;
use keyside_api::{RegistryCredential, RegistryState, label};
use keyside_core::index::{Credential, State};
use keyside_core::verify::{Question, is_served_by, questions};
use keyside_core::{CredentialId, Index, history};
use keyside_keychain::Pattern;
use keyside_oci::verify::{self as oci, Report};
use keyside_oci::{Cause, Origin};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use std::process::ExitCode;

/// What one registry has said, and the way to it.
pub(super) struct Finding {
    pub(super) host: String,
    /// As a status would hold it.
    pub(super) state: RegistryState,
    /// None if nothing was asked.
    pub(super) report: Option<Report>,
}

/// The registry's own words are shown only to those who ask for them.
pub(super) async fn run(
    connection: Connection,
    flags: &CredentialVerify,
    with_words: bool,
    output: &Output,
) -> Ended {
    let place = Place::of(&flags.scope, &connection).await?;
    let stored = place.find(&connection.client, &flags.name).await?;
    let findings = find(
        (&connection.client, &flags.network),
        &place,
        &stored,
        true,
        output,
    )
    .await?;
    show::all(&stored, &place, &findings, flags.output, output)?;
    if with_words {
        show::words(&findings, output);
    }
    if stored_verdict(&stored) != Some(overall(&findings)) {
        ask_keyside(&connection.client, &stored).await;
    }
    Ok(ExitCode::from(code(&findings)))
}

/// The verdict in a line, for whoever has just stored a credential. It never stands in the way of storing.
pub(super) async fn after_saving(
    from_here: (&Client, &Network),
    place: &Place,
    stored: &Stored,
    output: &Output,
) -> Option<String> {
    match find(from_here, place, stored, false, output).await {
        Ok(findings) => Some(show::verdict(&findings, output)),
        Err(failure) => {
            output.warning(format!("stored, and not verified: {failure}"));
            None
        }
    }
}

/// Asks the registries about a content before it is stored. What one refuses takes no working content's place: then the error
/// says `refused`, the verdict, and the command that stores it nevertheless. An outage is said, and stands in no way.
///
/// `only`: the one registry whose entry is new; the others were refused or taken before.
pub(super) async fn beforehand(
    (client, network): (&Client, &Network),
    (stored, secret): (&Stored, &Secret),
    only: Option<&str>,
    (refused, nevertheless): (&str, String),
    output: &Output,
) -> Result<(), Failure> {
    let (index, id) = known(stored, secret);
    let mut findings = match ask_all((client, network), stored, &index, &id, output).await {
        Ok(findings) => findings,
        Err(failure) => {
            output.warning(format!("not verified: {failure}"));
            return Ok(());
        }
    };
    if let Some(only) = only.and_then(|text| Pattern::parse(text).ok()) {
        findings.retain(|finding| is_served_by(&finding.state.registry, &only));
    }
    let (status, reason) = overall(&findings);
    let said = format!("{}  {reason}", show::sentence_of(&findings, &reason));
    if status == "False" {
        return Err(Failure::found(refused).because(said).hint(nevertheless));
    }
    let mark = if status == "True" { Mark::Ok } else { Mark::Warn };
    output.note(format!("{} {said}", output.mark_error(mark)));
    Ok(())
}

/// Asks all registries of a credential as it is stored.
async fn find(
    from_here: (&Client, &Network),
    place: &Place,
    stored: &Stored,
    with_pods: bool,
    output: &Output,
) -> Result<Vec<Finding>, Failure> {
    if stored.status().is_some_and(history::is_suspended) {
        return Err(Failure::found(format!(
            "credential {} is suspended, and is sent nowhere",
            stored.name()
        ))
        .because(
            "where it may be sent was changed without the password being entered again  DestinationChanged",
        )
        .hint(format!(
            "keyside credential set-password {} {} --password-stdin",
            stored.name(),
            place.flags()
        )));
    }
    let secret = read_secret(from_here.0, stored).await?;
    let (mut index, id) = known(stored, &secret);
    if with_pods {
        note_uses(from_here.0, place, &mut index, &id).await;
    }
    ask_all(from_here, stored, &index, &id, output).await
}

/// Asks all registries, one after the other.
async fn ask_all(
    (client, network): (&Client, &Network),
    stored: &Stored,
    index: &Index,
    id: &CredentialId,
    output: &Output,
) -> Result<Vec<Finding>, Failure> {
    let credential = index
        .credential(id)
        .expect("it was put into the index a moment ago");
    if let State::Unserved { problem, .. } = &credential.state {
        return Err(
            Failure::found(format!("credential {} has nothing to verify", stored.name())).because(problem),
        );
    }
    let network = crate::network::network(network)?;
    let registries = keyside_server::registry_client(client, &network, credential.authority.as_ref());
    let registries = registries.await.map_err(|cause| {
        Failure::new("the private authority of the registry cannot be used").because(cause)
    })?;
    let mut findings = Vec::new();
    for question in questions(credential) {
        let step = output.step(&format!("asking {}", question.host));
        findings.push(ask(&registries, credential, &question).await);
        drop(step);
    }
    if findings.is_empty() {
        return Err(Failure::new("there is no host to ask")
            .because("every entry has a wildcard, and no pod uses an image that one of them matches"));
    }
    Ok(findings)
}

/// The credential as the decision sees it.
fn known(stored: &Stored, secret: &Secret) -> (Index, CredentialId) {
    match stored {
        Stored::Namespaced(credential) => Index::of_one(credential, secret),
        Stored::Cluster(credential) => Index::of_one(credential, secret),
    }
}

/// Notes which images pods in scope use; whoever may not look at pods has fewer repositories to test.
async fn note_uses(client: &Client, place: &Place, index: &mut Index, id: &CredentialId) {
    let (Ok(pods), Ok(namespaces)) = (usage::pods(client).await, reach(client, place).await) else {
        return;
    };
    let in_scope = pods.iter().filter(|pod| {
        pod.namespace()
            .is_some_and(|namespace| namespaces.contains(&namespace))
    });
    let containers = in_scope.filter_map(|pod| pod.spec.as_ref()).flat_map(|spec| {
        spec.containers
            .iter()
            .chain(spec.init_containers.iter().flatten())
    });
    for image in containers.filter_map(|container| container.image.as_deref()) {
        index.note_image(id, image);
    }
}

async fn ask(client: &keyside_oci::Client, credential: &Credential, question: &Question) -> Finding {
    let (host, image) = (question.host.clone(), question.image.as_ref());
    let asked = oci::Question::about(client, &host, image, Some(question.credential.clone()));
    let Ok(asked) = asked else {
        let state = question.answered(Cause::InvalidReference.as_str(), None);
        return Finding {
            host,
            state,
            report: None,
        };
    };
    let services = credential.token_service.iter();
    let asked = asked.confirming(services.filter_map(|text| Origin::parse(text).ok()).collect());
    let (report, is_pull) = oci::verify_in_steps_or_login(client, &asked, question.stated).await;
    let tested = image.filter(|_| is_pull).map(|image| image.original().to_owned());
    Finding {
        host,
        state: question.answered(report.verdict.reason.as_str(), tested),
        report: Some(report),
    }
}

/// The status and reason that all registries give together.
fn overall(findings: &[Finding]) -> (String, String) {
    let states: Vec<RegistryState> = findings.iter().map(|finding| finding.state.clone()).collect();
    let (status, reason, _) = keyside_core::verify::overall(&states).said;
    (status.to_owned(), reason)
}

/// The same of what keyside has found.
fn stored_verdict(stored: &Stored) -> Option<(String, String)> {
    let conditions = &stored.status()?.conditions;
    let verified = conditions.iter().find(|one| one.type_ == "Verified")?;
    Some((verified.status.clone(), verified.reason.clone()))
}

/// Fine; something about the credential or the registry is wrong; or it could not be found out now.
fn code(findings: &[Finding]) -> u8 {
    let outage = |reason: &str| {
        let outages = [
            Cause::DnsFailure,
            Cause::ConnectionRefused,
            Cause::NetworkUnreachable,
            Cause::Timeout,
            Cause::Interrupted,
            Cause::ProxyError,
            Cause::RateLimited,
            Cause::RegistryError,
        ];
        outages.iter().any(|cause| cause.as_str() == reason)
    };
    let reasons = findings
        .iter()
        .filter_map(|finding| finding.state.reason.as_deref());
    let codes = reasons.map(|reason| match status_of(reason) {
        "True" => 0,
        "Unknown" if outage(reason) => COULD_NOT_LOOK,
        _ => FOUND,
    });
    // What is wrong counts more than what is not known.
    codes
        .max_by_key(|code| [0, 2, 1][usize::from(*code)])
        .unwrap_or_default()
}

/// Asks keyside to look again. Whoever may not change the credential has been told the verdict all the same.
async fn ask_keyside(client: &Client, stored: &Stored) {
    let now = k8s_openapi::jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.fZ");
    let patch = Patch::Merge(json!({"metadata": {"annotations": {label::VERIFY: now.to_string()}}}));
    let parameters = PatchParams::default();
    let refused = match stored {
        Stored::Namespaced(credential) => {
            let namespace = credential.namespace().unwrap_or_default();
            let api: Api<RegistryCredential> = Api::namespaced(client.clone(), &namespace);
            api.patch(&stored.name(), &parameters, &patch).await.err()
        }
        Stored::Cluster(_) => {
            let api: Api<keyside_api::ClusterRegistryCredential> = Api::all(client.clone());
            api.patch(&stored.name(), &parameters, &patch).await.err()
        }
    };
    if let Some(error) = refused {
        tracing::debug!(%error, "keyside was not asked to look again");
    }
}
