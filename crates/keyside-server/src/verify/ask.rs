//! One question to one registry.

use super::Verifier;
use keyside_core::index::Authority;
use keyside_core::verify::Question;
use keyside_oci::verify::{self as oci, Reason};
use keyside_oci::{Cause, Client, Origin};
use std::sync::Arc;
use std::time::Duration;

/// How long a registry is left alone that asks for it without saying how long.
const PAUSE: Duration = Duration::from_secs(60);

/// What came of a question.
pub(super) enum Asked {
    Said(Reply),
    /// The registry wants to be left alone for so long; nothing was sent.
    Paused(Duration),
}

/// What a registry has said.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) reason: String,
    /// What was tested besides the login.
    pub(super) repository: Option<String>,
    /// An image that a pod named and that does not exist.
    pub(super) gone: Option<String>,
}

impl From<Cause> for Reply {
    fn from(cause: Cause) -> Self {
        Self {
            reason: cause.as_str().to_owned(),
            repository: None,
            gone: None,
        }
    }
}

/// With what questions are asked.
pub(super) struct Asking<'a> {
    pub(super) client: &'a Client,
    pub(super) verifier: &'a Verifier,
    pub(super) token_service: Option<&'a str>,
    /// By whose certificates the client trusts.
    pub(super) authority: Option<&'a Authority>,
    /// Whether another credential's answer to the same question will not do.
    pub(super) fresh: bool,
    /// Where whoever raises the question may write; none for credentials of the whole cluster.
    pub(super) namespace: Option<&'a Arc<str>>,
}

impl Asking<'_> {
    pub(super) async fn ask(&self, question: &Question) -> Asked {
        // Before the answers that are shared: nobody else waits for whoever has spent what they had.
        self.verifier.authors.turn(self.namespace).await;
        let cell = self
            .verifier
            .shared
            .of(question, self.token_service, self.authority, self.fresh);
        let mut paused = None;
        let said = cell.get_or_try_init(|| async {
            self.ask_registry(question).await.map_err(|time| {
                paused = Some(time);
            })
        });
        match said.await {
            Ok(reply) => Asked::Said(reply.clone()),
            Err(()) => Asked::Paused(paused.unwrap_or(PAUSE)),
        }
    }

    /// Waits for the host's turn and asks.
    async fn ask_registry(&self, question: &Question) -> Result<Reply, Duration> {
        let asked = match self.prepare(question) {
            Ok(asked) => asked,
            Err(cause) => return Ok(cause.into()),
        };
        let host = self.verifier.hosts.of(&asked.registry().origin().to_string());
        let _turn = host.turn().await?;
        let verdict = self.verify(&asked).await;
        let tested = question.image.as_ref().map(|image| image.original().to_owned());
        // An image that only a pod named says nothing about the credential by not being there: then the login is tested.
        if verdict.reason == Reason::Failed(Cause::NotFound) && !question.stated {
            let verdict = self.verify(&asked.without_image()).await;
            host.heed(&verdict, PAUSE);
            return Ok(Reply {
                reason: verdict.reason.as_str().to_owned(),
                repository: None,
                gone: tested,
            });
        }
        host.heed(&verdict, PAUSE);
        Ok(Reply {
            reason: verdict.reason.as_str().to_owned(),
            repository: tested,
            gone: None,
        })
    }

    fn prepare(&self, question: &Question) -> Result<oci::Question, Cause> {
        let credential = Some(question.credential.clone());
        let asked = oci::Question::about(self.client, &question.host, question.image.as_ref(), credential)
            .map_err(|_| Cause::InvalidReference)?;
        let loopback = self
            .verifier
            .config
            .as_ref()
            .is_some_and(|config| config.loopback);
        if asked.registry().is_loopback() && !loopback {
            return Err(Cause::NetworkUnreachable);
        }
        let confirmed = self.token_service.and_then(|text| Origin::parse(text).ok());
        Ok(asked.confirming(confirmed.into_iter().collect()))
    }

    async fn verify(&self, asked: &oci::Question) -> oci::Verdict {
        let verdict = oci::verify(self.client, asked).await;
        tracing::debug!(registry = %asked.registry().origin(), reason = %verdict.reason, "asked a registry");
        verdict
    }
}
