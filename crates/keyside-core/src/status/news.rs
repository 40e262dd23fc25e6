//! Events: what changed between two statuses that people want to read about. Each is said once, when it happens.

use super::conditions::find;
use crate::index::{Credential, Index};
use crate::plan::copy;
use crate::verify;
use keyside_api::condition::{delivered, expiry, stalled, verified};
use keyside_api::{Cause, CredentialStatus, event};

/// How many clashes one event names.
const NAMED_MAX: usize = 10;

/// An event to emit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Whether somebody should act.
    pub warning: bool,
    /// The event's reason.
    pub reason: &'static str,
    /// One sentence.
    pub message: String,
}

impl News {
    fn normal(reason: &'static str, message: String) -> Self {
        Self {
            warning: false,
            reason,
            message,
        }
    }

    fn warning(reason: &'static str, message: String) -> Self {
        Self {
            warning: true,
            reason,
            message,
        }
    }
}

/// What is new in a credential's status.
pub fn news(index: &Index, credential: &Credential, new: &CredentialStatus) -> Vec<News> {
    let old = &credential.status;
    let mut news = Vec::new();
    let message = |reason: &str| {
        let said = find(&new.conditions, delivered::TYPE).filter(|said| said.reason == reason)?;
        let before = find(&old.conditions, delivered::TYPE);
        let is_new = before.is_none_or(|before| before.reason != reason || before.message != said.message);
        is_new.then(|| said.message.clone())
    };
    let conflicts =
        |status: &CredentialStatus| status.targets.as_ref().map_or(0, |targets| targets.conflicts);
    // A namespace more or less is no news: only that nothing is missing any more.
    let was_served = find(&old.conditions, delivered::TYPE).is_some_and(|said| said.status == "True");
    let served = message(delivered::ALL_COPIES_CURRENT).filter(|_| !was_served);
    if old.current_version.is_some() && old.current_version != new.current_version {
        let targets = new.targets.clone().unwrap_or_default();
        let text = format!(
            "new content stands in {} of {} namespaces",
            targets.delivered, targets.desired
        );
        news.push(News::normal(event::ROTATED, text));
    } else if let Some(message) = served {
        news.push(News::normal(event::DELIVERED, message));
    }
    if conflicts(new) > conflicts(old) {
        news.push(News::warning(
            event::DELIVERY_CONFLICT,
            conflict(index, credential),
        ));
    }
    if let Some(message) = message(delivered::FORBIDDEN) {
        news.push(News::warning(event::DELIVERY_FAILED, message));
    }
    if let Some(message) = message(delivered::SOURCE_INVALID) {
        news.push(News::warning(event::SOURCE_INVALID, message));
    }
    if let Some(message) = message(stalled::DESTINATION_CHANGED) {
        news.push(News::warning(event::DESTINATION_CHANGED, message));
    }
    news.extend(verification(old, new));
    news.extend(expiry(old, new));
    news
}

/// That a registry accepts the credential now, or refuses it, or that a person has to do something before it can be asked.
fn verification(old: &CredentialStatus, new: &CredentialStatus) -> Option<News> {
    let said = find(&new.conditions, verified::TYPE)?;
    let overall = verify::overall(&old.registries);
    let before = overall.settled.unwrap_or(overall.said);
    let same_subject = old.verified_version == new.verified_version;
    let needs_a_person = [
        verified::TOKEN_SERVICE_UNCONFIRMED,
        Cause::UntrustedCA.as_str(),
        Cause::CertificateInvalid.as_str(),
        Cause::HttpOnlyRegistry.as_str(),
        Cause::NotARegistry.as_str(),
    ];
    let message = format!("{}: {}", said.reason, said.message);
    match &*said.status {
        "True" if same_subject && before.0 == "True" => None,
        "False" if same_subject && before.1 == said.reason => None,
        "True" => Some(News::normal(event::VERIFIED, message)),
        "False" => Some(News::warning(event::VERIFICATION_FAILED, message)),
        _ => {
            let was = find(&old.conditions, verified::TYPE).map(|was| was.reason.as_str());
            let is_new = was != Some(said.reason.as_str()) && needs_a_person.contains(&&*said.reason);
            is_new.then(|| News::warning(event::VERIFICATION_FAILED, message))
        }
    }
}

/// That the end is near, or has passed.
fn expiry(old: &CredentialStatus, new: &CredentialStatus) -> Option<News> {
    let state = new.expiry_state.as_deref()?;
    if old.expiry_state.as_deref() == Some(state) && old.expiry_time == new.expiry_time {
        return None;
    }
    let time = new.expiry_time.as_ref()?.0.strftime("%Y-%m-%dT%H:%M:%SZ");
    Some(if state == expiry::EXPIRED {
        News::warning(event::EXPIRED, format!("it stopped working at {time}"))
    } else {
        News::warning(event::EXPIRING, format!("it stops working at {time}"))
    })
}

fn conflict(index: &Index, credential: &Credential) -> String {
    let clashes = copy::clashes(index, credential);
    let named: Vec<String> = clashes
        .iter()
        .take(NAMED_MAX)
        .map(|(namespace, name, _)| format!("{namespace} (served as {name})"))
        .collect();
    let more = clashes.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!(
        "another Secret has the name {} in {}{more}; it is left untouched",
        credential.id.name,
        named.join(", ")
    )
}
