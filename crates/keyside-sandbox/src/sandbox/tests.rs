//! The whole sandbox over an API server in the same process, with a scripted registry: scenarios, each an `async fn(Client)`.

mod collecting;
mod images;
mod namespaces;
mod pods;
mod workloads;
mod world;

use kube::Client;
use std::future::Future;
use world::World;

/// Runs a scenario in a world of its own.
async fn check<F: Future<Output = ()>>(scenario: impl FnOnce(Client) -> F) {
    let world = World::start().await;
    scenario(world.client()).await;
    world.stop().await;
}

macro_rules! scenarios {
    ($($module:ident :: $name:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $name() {
                check($module::$name).await;
            }
        )*
    };
}

scenarios! {
    pods::a_pod_pulls_with_the_secret_it_lists,
    pods::a_pod_without_secret_says_why_it_waits,
    pods::a_secret_that_is_missing_is_told_after_a_failed_pull,
    pods::init_containers_and_sidecars_start_in_order,
    pods::image_volumes_and_ephemeral_containers_pull_too,
    pods::a_deleted_pod_goes_and_one_with_a_finalizer_ends,
    pods::a_gated_pod_waits_and_an_impossible_one_says_why,
    pods::the_node_says_that_it_runs_nothing,
    namespaces::every_namespace_is_furnished,
    namespaces::a_deleted_namespace_takes_everything_with_it,
    namespaces::a_finalizer_holds_its_namespace_and_is_named,
    workloads::a_deployment_rolls_scales_and_goes,
    workloads::a_deployment_goes_back,
    workloads::a_stateful_set_comes_in_order,
    workloads::a_daemon_set_covers_the_node,
    workloads::a_job_ends_as_its_author_says,
    workloads::a_cron_job_makes_jobs,
    workloads::a_service_finds_its_pods,
    workloads::lost_pods_come_back_and_strays_are_adopted,
    workloads::a_replication_controller_works_like_a_set,
    collecting::background_deletion_takes_the_dependents,
    collecting::orphaning_leaves_the_dependents,
    collecting::foreground_deletion_waits_for_the_dependents,
    collecting::a_circle_does_not_block,
    collecting::custom_objects_own_and_are_owned,
    collecting::a_dependent_with_another_owner_stays,
}

#[tokio::test]
async fn nothing_changed_means_nothing_is_written() {
    let world = World::start().await;
    workloads::settle_everything(world.client()).await;
    let before = world.writes();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(world.writes() - before, 0, "{:?}", world.last_writes());
    world.stop().await;
}

#[tokio::test]
async fn parts_can_be_started_alone() {
    let world = World::start_parts(crate::Parts {
        scheduler: true,
        ..crate::Parts::NONE
    })
    .await;
    pods::only_scheduled(world.client()).await;
    world.stop().await;
}
