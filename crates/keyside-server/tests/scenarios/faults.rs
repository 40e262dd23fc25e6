//! What the API server may do to a caller, and that the final state is the same.

use crate::bed::{Bed, Call, failure};
use http::Method;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

async fn shop(namespaces: usize) -> Bed {
    let bed = Bed::start().await;
    let names: Vec<String> = (0..namespaces).map(|at| format!("shop-{at}")).collect();
    for name in &names {
        bed.namespace(name).await;
    }
    bed.project("shop", &names.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    bed.quiet().await;
    bed
}

fn writes_copy(call: &Call) -> bool {
    call.method != Method::GET && call.path.contains("/namespaces/shop-") && call.path.contains("/secrets")
}

/// True for the first `count` calls that `concerns` says yes to.
fn first(
    count: usize,
    concerns: impl Fn(&Call) -> bool + Send + Sync,
) -> impl Fn(&Call) -> bool + Send + Sync {
    let seen = Arc::new(AtomicUsize::new(0));
    move |call| concerns(call) && seen.fetch_add(1, Ordering::SeqCst) < count
}

async fn delivered(bed: &Bed, namespaces: usize) {
    for at in 0..namespaces {
        bed.until_content(&format!("shop-{at}"), "testquay", "quay.io")
            .await;
    }
    bed.until_condition("project-shop", "testquay", "Ready", "True/Delivered")
        .await;
}

#[tokio::test]
async fn f16_namespace_that_refuses_stops_no_other_and_is_named() {
    own_keyside!();
    let bed = shop(10).await;
    bed.spoil(|call| {
        (writes_copy(call) && call.path.contains("/shop-3/")).then(|| failure(403, "Forbidden", 0))
    });
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    for at in (0..10).filter(|at| *at != 3) {
        bed.until_content(&format!("shop-{at}"), "testquay", "quay.io")
            .await;
    }
    bed.until_condition("project-shop", "testquay", "Delivered", "False/Forbidden")
        .await;
    let status = bed
        .get_credential("project-shop", "testquay")
        .await
        .status
        .unwrap();
    let said = status
        .conditions
        .iter()
        .find(|one| one.type_ == "Delivered")
        .unwrap();
    assert_eq!(said.message, "namespace shop-3: a test said so");
    assert_eq!(status.targets.unwrap().summary.as_deref(), Some("9/10"));
    bed.quiet().await;
    let tries = bed
        .calls()
        .iter()
        .filter(|call| writes_copy(call) && call.path.contains("/shop-3/"))
        .count();
    assert!(tries <= 3, "{tries} tries");
    // Another change that concerns the namespace is tried again.
    bed.heal();
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:new")])
        .await;
    delivered(&bed, 10).await;
}

#[tokio::test]
async fn e01_conflict_on_a_write_is_looked_at_again() {
    own_keyside!();
    let bed = shop(5).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    delivered(&bed, 5).await;
    let spoilt = first(5, writes_copy);
    bed.spoil(move |call| spoilt(call).then(|| failure(409, "Conflict", 0)));
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:new")])
        .await;
    for at in 0..5 {
        bed.until_content(&format!("shop-{at}"), "testquay", "new").await;
    }
}

#[tokio::test]
async fn e03_pause_that_the_api_server_asks_for_is_kept() {
    own_keyside!();
    let bed = shop(20).await;
    bed.count();
    let spoilt = first(1, writes_copy);
    bed.spoil(move |call| spoilt(call).then(|| failure(429, "TooManyRequests", 2)));
    let start = Instant::now();
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    delivered(&bed, 20).await;
    assert!(start.elapsed() > Duration::from_secs(2), "{:?}", start.elapsed());
    let writes = bed.calls().iter().filter(|call| writes_copy(call)).count();
    assert!(writes <= 22, "{writes} writes");
}

#[tokio::test]
async fn e04_answer_that_gets_lost_after_the_write_changes_nothing() {
    own_keyside!();
    let bed = shop(10).await;
    let spoilt = first(10, writes_copy);
    bed.spoil_answers(move |call| spoilt(call).then(|| failure(500, "InternalError", 0)));
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    delivered(&bed, 10).await;
    bed.quiet().await;
    for at in 0..10 {
        assert_eq!(bed.secret_names(&format!("shop-{at}")).await, ["testquay"]);
    }
}

#[tokio::test]
async fn e12_every_call_may_fail_once() {
    own_keyside!();
    let bed = shop(3).await;
    // Every third call fails, whatever it is for, for a while.
    let count = Arc::new(AtomicUsize::new(0));
    bed.spoil(move |call| {
        let at = count.fetch_add(1, Ordering::SeqCst);
        (!call.is_watch && at.is_multiple_of(3) && at < 60).then(|| failure(503, "ServiceUnavailable", 0))
    });
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    delivered(&bed, 3).await;
}

#[tokio::test]
async fn e19_credential_deleted_while_keyside_was_away_leaves_no_copy() {
    let mut bed = shop(4).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    delivered(&bed, 4).await;
    bed.stop().await;
    let api: kube::Api<keyside_api::RegistryCredential> =
        kube::Api::namespaced(bed.client.clone(), "project-shop");
    bed.delete(api, "testquay").await;
    bed.run(|_| {}).await;
    for at in 0..4 {
        bed.until_gone(&format!("shop-{at}"), "testquay").await;
    }
    assert!(
        bed.content("project-shop", "testquay").await.is_some(),
        "the source is the user's"
    );
}

#[tokio::test]
async fn rotation_while_keyside_was_away_is_made_up_for() {
    let mut bed = shop(4).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    delivered(&bed, 4).await;
    bed.stop().await;
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:new")])
        .await;
    bed.count();
    bed.run(|_| {}).await;
    for at in 0..4 {
        bed.until_content(&format!("shop-{at}"), "testquay", "new").await;
    }
    assert_eq!(bed.costs().await.copies, 4);
}

#[tokio::test]
async fn e13_two_at_once_write_nothing_wrong_and_come_to_rest() {
    own_keyside!();
    let bed = shop(5).await;
    let client = bed.client.clone();
    let mut config = keyside_server::Config::new(client);
    config.grace = jiff::SignedDuration::from_millis(300);
    let second = keyside_server::run(config, tokio_util::sync::CancellationToken::new())
        .await
        .unwrap();
    second.ready().await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    delivered(&bed, 5).await;
    for round in 0..5 {
        let password = format!("u:round{round}");
        bed.set_content("project-shop", "testquay", &[("quay.io", &password)])
            .await;
        for at in 0..5 {
            bed.until_content(&format!("shop-{at}"), "testquay", &format!("round{round}"))
                .await;
        }
    }
    bed.quiet().await;
    for at in 0..5 {
        assert_eq!(bed.secret_names(&format!("shop-{at}")).await, ["testquay"]);
    }
    second.stop().await;
}
