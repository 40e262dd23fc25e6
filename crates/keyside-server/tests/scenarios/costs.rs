//! What things cost, as equalities: an API call changes one object, so n objects cost n calls, and nothing costs nothing.

use crate::bed::{Bed, Costs};
use kube::api::{Patch, PatchParams};
use serde_json::json;

/// A Project `shop` over namespaces `shop-0`, `shop-1`, …, all there and quiet.
async fn shop(namespaces: usize) -> Bed {
    let bed = Bed::start().await;
    let names: Vec<String> = (0..namespaces).map(|at| format!("shop-{at}")).collect();
    for name in &names {
        bed.namespace(name).await;
    }
    bed.project("shop", &names.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    bed.quiet().await;
    bed.count();
    bed
}

#[tokio::test]
async fn delivery_to_n_namespaces_costs_n_writes_and_one_status() {
    own_keyside!();
    for n in [1, 40] {
        let bed = shop(n).await;
        bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
            .await;
        bed.until_condition("project-shop", "testquay", "Ready", "True/Delivered")
            .await;
        let costs = bed.costs().await;
        assert_eq!(
            costs,
            Costs {
                copies: n,
                statuses: 1,
                events: 1,
                ..Costs::default()
            },
            "{:?}",
            bed.calls()
        );
    }
}

#[tokio::test]
async fn rotation_costs_a_write_for_each_copy_and_one_status() {
    own_keyside!();
    let bed = shop(40).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:old")])
        .await;
    bed.costs().await;
    bed.count();
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:new")])
        .await;
    bed.until_content("shop-39", "testquay", "new").await;
    let costs = bed.costs().await;
    assert_eq!(
        costs,
        Costs {
            copies: 40,
            statuses: 1,
            events: 1,
            ..Costs::default()
        },
        "{:?}",
        bed.calls()
    );
}

#[tokio::test]
async fn new_namespace_costs_as_many_writes_as_credentials_match_whatever_else_there_is() {
    own_keyside!();
    for others in [2, 30] {
        let bed = Bed::start().await;
        let mut names: Vec<String> = (0..others).map(|at| format!("shop-{at}")).collect();
        for name in &names {
            bed.namespace(name).await;
        }
        names.push("shop-new".to_owned());
        bed.project("shop", &names.iter().map(String::as_str).collect::<Vec<_>>())
            .await;
        for name in ["one", "two", "three"] {
            bed.credential(
                "project-shop",
                name,
                "Project",
                &[(&format!("{name}.example.com"), "u:p")],
            )
            .await;
        }
        bed.quiet().await;
        bed.count();
        bed.namespace("shop-new").await;
        for name in ["one", "two", "three"] {
            bed.until_content("shop-new", name, "example.com").await;
        }
        let costs = bed.costs().await;
        // Besides the copies: the numbers in each credential's status and in the Project's, once per burst, and a note of
        // which namespace was accepted.
        let expected = Costs {
            copies: 3,
            statuses: 3 + 1,
            others: 1,
            ..Costs::default()
        };
        assert_eq!(costs, expected, "{others} others: {:?}", bed.calls());
    }
}

#[tokio::test]
async fn burst_of_namespaces_costs_one_status_per_second_at_most() {
    own_keyside!();
    burst(std::time::Duration::ZERO).await;
}

#[tokio::test]
async fn burst_costs_no_more_statuses_where_answers_are_late() {
    own_keyside!();
    burst(std::time::Duration::from_millis(500)).await;
}

/// Namespaces come one after the other for two seconds, and answers to statuses take this long besides.
async fn burst(late: std::time::Duration) {
    let mut bed = Bed::empty().await;
    let every = std::time::Duration::from_secs(1);
    bed.run(|config| config.status_every = every).await;
    let names: Vec<String> = (0..20).map(|at| format!("shop-{at}")).collect();
    bed.project("shop", &names.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.until_condition("project-shop", "testquay", "Ready", "True/Delivered")
        .await;
    tokio::time::sleep(every * 2).await;
    bed.delay_statuses(late);
    bed.count();
    let start = std::time::Instant::now();
    for name in &names {
        bed.namespace(name).await;
        tokio::time::sleep(every / 10).await;
    }
    bed.until_content("shop-19", "testquay", "quay.io").await;
    tokio::time::sleep(every * 2).await;
    let costs = bed.costs().await;
    // What came while it was waited for rest is counted too.
    let seconds = usize::try_from(start.elapsed().as_secs()).unwrap();
    assert_eq!((costs.copies, costs.reads), (20, 0));
    // One for the credential and one for the Project, at once and then every second.
    assert!(
        costs.statuses <= 2 * (1 + seconds),
        "{costs:?} in {seconds} s: {:?}",
        bed.calls()
    );
}

#[tokio::test]
async fn pod_costs_nothing() {
    let bed = shop(2).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.costs().await;
    bed.count();
    for at in 0..20 {
        bed.pod("shop-1", &format!("web-{at}"), &["quay.io/shop/web:1", "nginx"])
            .await;
    }
    assert_eq!(bed.costs().await, Costs::default(), "{:?}", bed.calls());
}

#[tokio::test]
async fn nothing_changed_costs_nothing() {
    let bed = shop(5).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.costs().await;
    bed.count();
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(bed.costs().await, Costs::default(), "{:?}", bed.calls());
}

#[tokio::test]
async fn history_of_a_source_costs_nothing_and_reaches_no_copy() {
    own_keyside!();
    let bed = shop(5).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.costs().await;
    bed.count();
    for history in ["[]", "[1]"] {
        let patch = json!({"stringData": {keyside_core::history::KEY: history}});
        bed.secrets("project-shop")
            .patch("testquay", &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(bed.costs().await, Costs::default(), "{:?}", bed.calls());
    }
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:new")])
        .await;
    bed.until_content("shop-3", "testquay", "new").await;
    let copy = bed.secrets("shop-3").get("testquay").await.unwrap();
    let keys: Vec<String> = copy.data.unwrap().into_keys().collect();
    assert_eq!(keys, [".dockerconfigjson"]);
}

#[tokio::test]
async fn restart_with_everything_right_writes_nothing_and_reads_what_it_keeps_for_itself() {
    own_keyside!();
    let mut bed = shop(5).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.pull_secret("shop-1", "own", &[("ghcr.io", "u:p")]).await;
    bed.costs().await;
    bed.stop().await;
    bed.count();
    bed.run(|_| {}).await;
    let costs = bed.costs().await;
    // The install key and the accepted namespaces; all else comes by the watches.
    assert_eq!(
        costs,
        Costs {
            reads: 2,
            ..Costs::default()
        },
        "{:?}",
        bed.calls()
    );
}

#[tokio::test]
async fn deleting_a_credential_costs_a_removal_for_each_copy() {
    let bed = shop(10).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.costs().await;
    bed.count();
    bed.delete(
        kube::Api::<keyside_api::RegistryCredential>::namespaced(bed.client.clone(), "project-shop"),
        "testquay",
    )
    .await;
    bed.until_gone("shop-9", "testquay").await;
    let costs = bed.costs().await;
    assert_eq!(
        costs,
        Costs {
            removals: 10,
            ..Costs::default()
        },
        "{:?}",
        bed.calls()
    );
}

#[tokio::test]
async fn drift_of_one_copy_costs_one_write() {
    let bed = shop(10).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.costs().await;
    bed.count();
    bed.set_content("shop-3", "testquay", &[("quay.io", "u:by-hand")])
        .await;
    bed.until_content("shop-3", "testquay", "\"p\"").await;
    let costs = bed.costs().await;
    assert_eq!(
        (costs.copies, costs.reads, costs.removals),
        (1, 0, 0),
        "{:?}",
        bed.calls()
    );
}

#[tokio::test]
async fn a_thousand_namespaces_get_a_credential_and_its_rotation() {
    own_keyside!();
    let bed = Bed::start().await;
    let names: Vec<String> = (0..1000).map(|at| format!("n{at}")).collect();
    for name in &names {
        bed.namespace_alone(name).await;
    }
    bed.quiet().await;
    bed.count();
    bed.namespace("vault").await;
    bed.pull_secret("vault", "hub", &[("https://index.docker.io/v1/", "u:old")])
        .await;
    let spec = json!({"source": {"secret": {"namespace": "vault", "name": "hub"}}, "excludeNamespaces": ["default", "vault"]});
    bed.cluster_credential_like("hub", spec).await.unwrap();
    bed.until_content("n999", "hub", "old").await;
    let costs = bed.costs().await;
    assert_eq!(
        costs,
        Costs {
            copies: 1000,
            statuses: 1,
            events: 1,
            ..Costs::default()
        }
    );
    bed.count();
    bed.set_content("vault", "hub", &[("https://index.docker.io/v1/", "u:new")])
        .await;
    bed.until_content("n999", "hub", "new").await;
    let costs = bed.costs().await;
    assert_eq!(
        costs,
        Costs {
            copies: 1000,
            statuses: 1,
            events: 1,
            ..Costs::default()
        }
    );
}
