//! Two replicas: one writes, both answer, and the other takes over.

use crate::bed::{Bed, Call, Wire, pull_secrets};
use http::Method;
use k8s_openapi::api::coordination::v1::Lease;
use keyside_api::SYSTEM_NAMESPACE;
use keyside_server::{Candidacy, Config, Pace, Running};
use kube::{Api, Client};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A tenth of the usual times, so that the tests need not wait: what matters is their order.
fn pace() -> Pace {
    let usual = Pace::default();
    Pace {
        renew: usual.renew / 10,
        fence: usual.fence / 10,
        expire: usual.expire / 10,
        suspect: usual.suspect / 10,
        answer: usual.answer / 10,
        retry: usual.retry / 10,
    }
}

struct Replica {
    wire: Wire,
    running: Option<Running>,
}

impl Replica {
    async fn start(bed: &Bed, name: &str) -> Self {
        let wire = bed.wire();
        let mut config = Config::new(Client::new(wire.clone(), "default"));
        config.grace = jiff::SignedDuration::from_millis(200);
        config.status_every = Duration::from_millis(200);
        config.candidacy = Some(Candidacy {
            pace: pace(),
            ..Candidacy::new(name)
        });
        let running = keyside_server::run(config, CancellationToken::new())
            .await
            .unwrap();
        running.ready().await;
        Self {
            wire,
            running: Some(running),
        }
    }

    async fn stop(&mut self) {
        self.running.take().unwrap().stop().await;
    }

    /// Returns when it has called nothing for a while but what keeps the Lease. While it still reports on a credential, it looks at
    /// nothing else of it.
    async fn at_rest(&self) {
        let calls = || {
            let calls = self.wire.calls();
            calls.iter().filter(|call| !call.path.contains("/leases")).count()
        };
        let mut last = (calls(), Instant::now());
        while last.1.elapsed() < Duration::from_millis(500) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if calls() != last.0 {
                last = (calls(), Instant::now());
            }
        }
    }

    fn copy_writes(&self) -> usize {
        let is_write = |call: &&Call| call.method != Method::GET && call.is_copy();
        self.wire.calls().iter().filter(is_write).count()
    }
}

async fn holder(bed: &Bed) -> Option<String> {
    let leases: Api<Lease> = Api::namespaced(bed.client.clone(), SYSTEM_NAMESPACE);
    let lease = leases.get_opt("keyside").await.unwrap()?;
    let holder = lease.spec?.holder_identity?;
    holder
        .split('_')
        .next()
        .map(str::to_owned)
        .filter(|name| !name.is_empty())
}

async fn until_held_by(bed: &Bed, name: &str) {
    bed.eventually(&format!("{name} to hold the lease"), async || {
        (holder(bed).await.as_deref() == Some(name)).then_some(())
    })
    .await;
}

/// Two replicas, of which `a` holds the Lease, and a credential for some namespaces.
async fn pair(namespaces: usize) -> (Bed, Replica, Replica) {
    let bed = Bed::empty().await;
    let a = Replica::start(&bed, "a").await;
    until_held_by(&bed, "a").await;
    let b = Replica::start(&bed, "b").await;
    let names: Vec<String> = (0..namespaces).map(|at| format!("shop-{at}")).collect();
    for name in &names {
        bed.namespace(name).await;
    }
    bed.project("shop", &names.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    delivered(&bed, namespaces, "quay.io").await;
    a.at_rest().await;
    (bed, a, b)
}

async fn delivered(bed: &Bed, namespaces: usize, part: &str) {
    for at in 0..namespaces {
        bed.until_content(&format!("shop-{at}"), "testquay", part).await;
    }
}

#[tokio::test]
async fn only_the_holder_writes() {
    own_keyside!();
    let (bed, a, b) = pair(5).await;
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:new")])
        .await;
    delivered(&bed, 5, "new").await;
    bed.until_condition("project-shop", "testquay", "Ready", "True/Delivered")
        .await;
    assert_eq!((a.copy_writes(), b.copy_writes()), (10, 0));
    let wrote = |call: &&Call| call.method != Method::GET;
    let of_b: Vec<Call> = b.wire.calls().into_iter().filter(|call| wrote(&call)).collect();
    assert!(of_b.is_empty(), "{of_b:?}");
}

#[tokio::test]
async fn g12_replica_that_stops_in_order_is_replaced_at_once() {
    own_keyside!();
    let (bed, mut a, b) = pair(2).await;
    let start = Instant::now();
    a.stop().await;
    until_held_by(&bed, "b").await;
    let taken = start.elapsed();
    assert!(taken < Duration::from_secs(2), "{taken:?}");
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:new")])
        .await;
    delivered(&bed, 2, "new").await;
    assert_eq!(b.copy_writes(), 2);
}

/// E14: the holder stands still with its writes on the way; when it wakes, they reach the API server as they were.
#[tokio::test]
async fn e14_writes_of_a_holder_that_stood_still_change_nothing() {
    own_keyside!();
    let (bed, a, b) = pair(8).await;
    a.wire.freeze();
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:second")])
        .await;
    bed.eventually("copies of a on their way", async || {
        (a.copy_writes() > 8 && a.wire.held_back() > 0).then_some(())
    })
    .await;
    until_held_by(&bed, "b").await;
    delivered(&bed, 8, "second").await;
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:third")])
        .await;
    delivered(&bed, 8, "third").await;
    assert!(a.wire.held_back() > 0, "nothing of a has got through");
    bed.count();
    a.wire.thaw();
    bed.eventually("what a held back to be answered", async || {
        (a.wire.held_back() == 0).then_some(())
    })
    .await;
    for _ in 0..20 {
        for at in 0..8 {
            let content = bed.content(&format!("shop-{at}"), "testquay").await;
            assert!(content.is_some_and(|text| text.contains("third")), "shop-{at}");
        }
    }
    assert_eq!(holder(&bed).await.as_deref(), Some("b"));
    let before = a.copy_writes();
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:fourth")])
        .await;
    delivered(&bed, 8, "fourth").await;
    assert_eq!(a.copy_writes(), before, "a knows that it holds nothing any more");
    assert!(b.copy_writes() >= 24);
}

#[tokio::test]
async fn holder_that_lives_keeps_the_lease_however_long_work_takes() {
    own_keyside!();
    let (bed, a, b) = pair(2).await;
    // The API server refuses the copies, whoever brings them: work waits, and the holder cannot help it.
    for wire in [&a.wire, &b.wire] {
        wire.refuse_copies();
    }
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:new")])
        .await;
    bed.until_condition("project-shop", "testquay", "Delivered", "False/Forbidden")
        .await;
    let start = Instant::now();
    while start.elapsed() < pace().expire * 2 {
        assert_eq!(holder(&bed).await.as_deref(), Some("a"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The API server may ask any replica: the copy a pod waits for stands when it is admitted.
#[tokio::test]
async fn on_demand_copy_is_delivered_by_whichever_replica_is_asked() {
    own_keyside!();
    let (bed, a, b) = pair(2).await;
    bed.serve_webhook_of(b.running.as_ref().unwrap()).await;
    bed.pull_secret("project-shop", "lazy", &[("ghcr.io", "u:lazy")])
        .await;
    let spec = json!({"scope": "Project", "delivery": "OnDemand", "source": {"secret": {"name": "lazy"}}});
    bed.credential_like("project-shop", "lazy", spec).await.unwrap();
    bed.until_condition("project-shop", "lazy", "Ready", "True/Delivered")
        .await;
    let (of_a, of_b) = (a.copy_writes(), b.copy_writes());
    let pod = bed.pod("shop-0", "p", &["ghcr.io/shop/web"]).await;
    assert_eq!(pull_secrets(&pod), ["lazy"]);
    assert!(bed.content("shop-0", "lazy").await.is_some());
    assert_eq!(
        (a.copy_writes() - of_a, b.copy_writes() - of_b),
        (0, 1),
        "{:?}",
        b.wire.calls()
    );
    // From then on it is the holder's: a rotation reaches it.
    bed.set_content("project-shop", "lazy", &[("ghcr.io", "u:newer")])
        .await;
    bed.until_content("shop-0", "lazy", "newer").await;
    assert_eq!(
        b.copy_writes() - of_b,
        1,
        "{:?}, held by {:?}",
        b.wire.calls(),
        holder(&bed).await
    );
}
