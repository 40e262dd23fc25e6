//! The same question is asked once: credentials that were stored twice have the same content.

use super::ask::Reply;
use keyside_core::index::Authority;
use keyside_core::verify::Question;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How long an answer serves others too.
const WINDOW: Duration = Duration::from_secs(30);

/// Questions under way or just answered.
#[derive(Default)]
pub(super) struct Shared(Mutex<Vec<Entry>>);

struct Entry {
    question: Question,
    token_service: Option<String>,
    /// With another authority the same registry answers differently.
    authority: Option<Authority>,
    answer: Arc<OnceCell<Reply>>,
    since: Instant,
}

impl Shared {
    /// The place of the answer to a question; a new one if nobody has just asked the same.
    pub(super) fn of(
        &self,
        question: &Question,
        token_service: Option<&str>,
        authority: Option<&Authority>,
        fresh: bool,
    ) -> Arc<OnceCell<Reply>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| entry.since.elapsed() < WINDOW);
        let same = |entry: &&Entry| {
            !(fresh && entry.answer.initialized())
                && entry.question.registry == question.registry
                && entry.question.host == question.host
                && entry.question.credential == question.credential
                && entry.question.image == question.image
                && entry.question.stated == question.stated
                && entry.token_service.as_deref() == token_service
                && entry.authority.as_ref() == authority
        };
        if let Some(known) = entries.iter().find(same) {
            return known.answer.clone();
        }
        let answer = Arc::new(OnceCell::new());
        entries.push(Entry {
            question: question.clone(),
            token_service: token_service.map(str::to_owned),
            authority: authority.cloned(),
            answer: answer.clone(),
            since: Instant::now(),
        });
        answer
    }
}
