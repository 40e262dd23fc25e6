//! The second witness: the registry itself, asked from here, without downloading anything. Only credentials that are for the image are
//! shown to it, each to the image's own host.

use crate::cli::Explain;
use crate::failure::Failure;
use crate::network;
use jiff::Timestamp;
use keyside_core::Index;
use keyside_core::diagnose::Answer;
use keyside_core::explain::{Explanation, Observed, Question, explain, logins};
use keyside_keychain::{Credential, Reference};
use keyside_oci::Client;
use keyside_oci::verify::{self, verify};

/// Asks registries, unless told not to.
pub(super) struct Witness(Option<Client>);

impl Witness {
    pub(super) fn new(flags: &Explain) -> Result<Self, Failure> {
        if flags.no_verify {
            return Ok(Self(None));
        }
        let client = Client::new(&network::network(&flags.network)?)
            .map_err(|error| Failure::new("registries cannot be asked").because(error))?;
        Ok(Self(Some(client)))
    }

    /// Explains with what the registry answers.
    pub(super) async fn explain(&self, index: &Index, mut question: Question<'_>) -> Explanation {
        if question.observed != Some(Observed::Pulled) {
            question.registry = self.ask(index, &question).await;
        }
        explain(index, &question)
    }

    async fn ask(&self, index: &Index, question: &Question<'_>) -> Vec<Answer> {
        let (Some(client), Ok(image)) = (&self.0, Reference::parse(question.image)) else {
            return Vec::new();
        };
        let shown: Vec<(Option<usize>, Option<Credential>)> = logins(index, question)
            .into_iter()
            .map(|(rank, login)| (Some(rank), Some(login)))
            .collect();
        // A kubelet that has something to try never asks anonymously.
        let nothing = shown.is_empty() && explain(index, question).credentials.is_empty();
        let shown = if nothing { vec![(None, None)] } else { shown };
        let asked = shown
            .into_iter()
            .map(|(rank, login)| ask_one(client, &image, rank, login));
        futures::future::join_all(asked)
            .await
            .into_iter()
            .flatten()
            .collect()
    }
}

async fn ask_one(
    client: &Client,
    image: &Reference,
    rank: Option<usize>,
    login: Option<Credential>,
) -> Option<Answer> {
    let question = verify::Question::pull(client, image, login).ok()?;
    let verdict = verify(client, &question).await;
    Some(Answer {
        rank,
        reason: verdict.reason.to_string(),
        detail: verdict.detail,
        at: Timestamp::now(),
    })
}
