//! How much one author can have asked. Whoever may write credentials chooses hosts and ports that keyside then speaks to, and reads
//! what came of it: without a limit, a machine that looks around in the network (CVE-2019-14435). Hosts have budgets of their own, but
//! somebody who looks around asks each one once.
//!
//! The API server does not tell who wrote an object. A namespace stands for everybody who may write credentials there; credentials of
//! the whole cluster are written by those who may do everything anyway.

use super::Verification;
use super::budget::Budget;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::sleep_until;

/// The budgets of all namespaces that are not whole.
pub(super) struct Authors {
    spent: Mutex<HashMap<Arc<str>, Budget>>,
    burst: u32,
    refill: Duration,
}

impl Authors {
    pub(super) fn new(config: &Verification) -> Self {
        Self {
            spent: Mutex::default(),
            burst: config.author_burst.max(1),
            refill: config.author_refill,
        }
    }

    /// Waits until a registry may be asked for a credential of this namespace.
    pub(super) async fn turn(&self, namespace: Option<&Arc<str>>) {
        let Some(namespace) = namespace else { return };
        let at = {
            let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
            if !spent.contains_key(namespace) {
                spent.retain(|_, budget| !budget.is_whole());
            }
            let budget = spent.entry(namespace.clone()).or_insert_with(Budget::whole);
            budget.spend(self.burst, self.refill)
        };
        sleep_until(at).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn each_namespace_has_a_budget_and_the_cluster_needs_none() {
        let authors = Authors::new(&Verification {
            author_burst: 2,
            author_refill: Duration::from_secs(10),
            ..Verification::default()
        });
        let start = Instant::now();
        let at = async |namespace: Option<&str>| {
            let namespace = namespace.map(Arc::from);
            authors.turn(namespace.as_ref()).await;
            start.elapsed().as_secs()
        };
        assert_eq!([at(Some("a")).await, at(Some("a")).await], [0, 0]);
        assert_eq!(
            [
                at(Some("b")).await,
                at(None).await,
                at(None).await,
                at(None).await
            ],
            [0; 4]
        );
        assert_eq!([at(Some("a")).await, at(Some("a")).await], [10, 20]);
        assert_eq!(at(Some("b")).await, 20);
    }

    #[tokio::test(start_paused = true)]
    async fn namespaces_that_ask_no_more_are_forgotten() {
        let authors = Authors::new(&Verification::default());
        for number in 0..100 {
            authors.turn(Some(&Arc::from(format!("n-{number}")))).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert!(authors.spent.lock().unwrap().len() < 3);
    }
}
