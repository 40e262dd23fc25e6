//! The second witness: the registry itself, asked from here, without downloading anything. Only credentials that are for the image are
//! shown to it, each to the image's own host.

use crate::cli::Explain;
use crate::failure::Failure;
use crate::network;
use jiff::Timestamp;
use keyside_core::Index;
use keyside_core::diagnose::Answer;
use keyside_core::explain::{Explanation, Observed, Question, Shown, explain, logins};
use keyside_core::index::Authority;
use keyside_keychain::Reference;
use keyside_oci::verify::{self, verify_with_words};
use keyside_oci::{Network, Origin};

/// Asks registries, unless told not to, in the way in which verification does: by the same network, with the authority and the token
/// service of the credential itself.
pub(super) struct Witness {
    network: Option<Network>,
    cluster: Option<kube::Client>,
}

impl Witness {
    pub(super) fn new(flags: &Explain) -> Result<Self, Failure> {
        let network = if flags.no_verify {
            None
        } else {
            Some(network::network(&flags.network)?)
        };
        Ok(Self {
            network,
            cluster: None,
        })
    }

    /// Where private authorities are read.
    pub(super) fn in_cluster(self, cluster: &kube::Client) -> Self {
        Self {
            cluster: Some(cluster.clone()),
            ..self
        }
    }

    /// Explains with what the registry answers.
    pub(super) async fn explain(&self, index: &Index, mut question: Question<'_>) -> Explanation {
        if question.observed != Some(Observed::Pulled) {
            question.registry = self.ask(index, &question).await;
        }
        explain(index, &question)
    }

    async fn ask(&self, index: &Index, question: &Question<'_>) -> Vec<Answer> {
        let Ok(image) = Reference::parse(question.image) else {
            return Vec::new();
        };
        let shown: Vec<Option<Shown<'_>>> = logins(index, question).into_iter().map(Some).collect();
        // A kubelet that has something to try never asks anonymously.
        let nothing = shown.is_empty() && explain(index, question).credentials.is_empty();
        let shown = if nothing { vec![None] } else { shown };
        let asked = shown.into_iter().map(|shown| self.ask_one(&image, shown));
        futures::future::join_all(asked)
            .await
            .into_iter()
            .flatten()
            .collect()
    }

    /// Asks with one credential, or with none.
    async fn ask_one(&self, image: &Reference, shown: Option<Shown<'_>>) -> Option<Answer> {
        let client = self
            .client(shown.as_ref().and_then(|shown| shown.authority))
            .await?;
        let confirmed = shown.as_ref().and_then(|shown| shown.token_service);
        let confirmed = confirmed.and_then(|text| Origin::parse(text).ok());
        let rank = shown.as_ref().map(|shown| shown.rank);
        let question = verify::Question::pull(&client, image, shown.map(|shown| shown.login)).ok()?;
        let question = question.confirming(confirmed.into_iter().collect());
        let (verdict, raw) = verify_with_words(&client, &question).await;
        Some(Answer {
            rank,
            reason: verdict.reason.to_string(),
            detail: verdict.detail,
            raw,
            at: Timestamp::now(),
        })
    }

    /// The client for a registry with this authority. Whoever may not read the authority learns what keyside itself has found with it:
    /// that stands in the credential's status.
    async fn client(&self, authority: Option<&Authority>) -> Option<keyside_oci::Client> {
        let (network, cluster) = (self.network.as_ref()?, self.cluster.as_ref()?);
        keyside_server::registry_client(cluster, network, authority)
            .await
            .ok()
    }
}
