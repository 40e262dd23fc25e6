//! Aggregated cluster roles: their rules are those of the roles their selectors choose, written back whenever one of
//! these changes.

use crate::store::{CommitError, Key, Range, Store, Transaction};
use keyside_apimachinery::meta;
use keyside_apimachinery::select::LabelSelector;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Keeps aggregated roles up to date until `shutdown`.
pub(crate) async fn run(store: Store, shutdown: CancellationToken) {
    let range = Range::new(GROUP, "clusterroles", None);
    loop {
        let Ok(mut follow) = store.follow(range.clone(), store.revision()) else {
            continue;
        };
        // A failed write is either a conflict, whose cause wakes us again, or a store that takes no writes any more.
        drop(bring_up_to_date(&store).await);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = follow.changed() => {}
            }
            match follow.ready() {
                Ok(events) if events.is_empty() => {}
                Ok(_) => drop(bring_up_to_date(&store).await),
                Err(_) => break,
            }
        }
    }
}

/// Rewrites the aggregated roles whose rules are not those they should have.
pub(super) async fn bring_up_to_date(store: &Store) -> Result<(), CommitError> {
    let page = store.list(&Range::new(GROUP, "clusterroles", None));
    let roles: Vec<(u64, Value)> = page
        .entries
        .iter()
        .map(|(_, entry)| (entry.revision, entry.object()))
        .collect();
    for (revision, role) in roles
        .iter()
        .filter(|(_, role)| role["aggregationRule"].is_object())
    {
        let wanted = rules(role, roles.iter().map(|(_, role)| role));
        if role["rules"] == wanted || (role["rules"].is_null() && wanted == Value::Array(Vec::new())) {
            continue;
        }
        let mut changed = role.clone();
        changed["rules"] = wanted;
        let key = Key::new(GROUP, "clusterroles", "", meta::name(role));
        store
            .commit(Transaction::update(key, *revision, &changed))
            .await?;
    }
    Ok(())
}

/// The rules of the selected roles, by name of role, each once.
fn rules<'a>(aggregated: &Value, roles: impl Iterator<Item = &'a Value>) -> Value {
    let selectors = aggregated["aggregationRule"]["clusterRoleSelectors"]
        .as_array()
        .into_iter()
        .flatten();
    let selectors: Vec<LabelSelector> = selectors
        .filter_map(|s| LabelSelector::from_object(s).ok())
        .collect();
    let name = meta::name(aggregated);
    let chosen =
        |role: &&Value| meta::name(role) != name && selectors.iter().any(|s| s.matches(meta::labels(role)));
    let mut out: Vec<Value> = Vec::new();
    for role in roles.filter(chosen) {
        for rule in role["rules"].as_array().into_iter().flatten() {
            if !out.contains(rule) {
                out.push(rule.clone());
            }
        }
    }
    out.into()
}
