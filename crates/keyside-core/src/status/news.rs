//! Events: what changed between two statuses that people want to read about. Each is said once, when it happens.

use super::conditions::find;
use crate::index::{Credential, Index};
use crate::plan::copy;
use keyside_api::condition::{delivered, stalled};
use keyside_api::{CredentialStatus, event};

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
    news
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
