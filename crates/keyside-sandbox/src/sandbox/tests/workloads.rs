//! Workloads, from their templates to their pods.

use super::world::*;
use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Endpoints, Pod, ReplicationController, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{DeleteParams, PropagationPolicy};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

fn template(image: &str) -> Value {
    let containers = json!([{ "name": "a", "image": format!("reg.test/public/{image}") }]);
    json!({ "metadata": { "labels": { "app": "web" } }, "spec": { "containers": containers } })
}

fn workload(name: &str, replicas: i32) -> Value {
    let spec = json!({ "replicas": replicas, "selector": { "matchLabels": { "app": "web" } }, "template": template("app:1") });
    json!({ "metadata": { "name": name }, "spec": spec })
}

/// What `kubectl rollout status` waits for.
fn is_rolled_out(deployment: &Deployment) -> bool {
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas);
    let Some(status) = &deployment.status else {
        return false;
    };
    status.observed_generation == deployment.metadata.generation
        && [
            status.updated_replicas,
            status.replicas,
            status.available_replicas,
        ]
        .iter()
        .all(|count| *count == wanted)
}

fn images(pods: &[Pod]) -> Vec<&str> {
    pods.iter()
        .map(|pod| pod.spec.as_ref().unwrap().containers[0].image.as_deref().unwrap())
        .collect()
}

pub(super) async fn a_deployment_rolls_scales_and_goes(client: Client) {
    namespace(&client, "shop").await;
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "shop");
    let (sets, pods): (Api<ReplicaSet>, Api<Pod>) = (
        Api::namespaced(client.clone(), "shop"),
        Api::namespaced(client.clone(), "shop"),
    );
    create(&deployments, workload("web", 3)).await;
    until_one(&deployments, "web", "rolled out", is_rolled_out).await;
    change(
        &deployments,
        "web",
        json!({ "spec": { "template": template("app:2") } }),
    )
    .await;
    until_one(&deployments, "web", "rolled out again", is_rolled_out).await;
    let all = until(&pods, "only new pods", |all| {
        all.len() == 3 && images(all).iter().all(|image| image.ends_with(":2"))
    })
    .await;
    assert!(all.iter().all(|pod| phase(pod) == "Running"));
    let deployment = deployments.get("web").await.unwrap();
    assert_eq!(deployment.annotations()["deployment.kubernetes.io/revision"], "2");
    assert_eq!(names(&sets).await.len(), 2);
    change(&deployments, "web", json!({ "spec": { "replicas": 5 } })).await;
    until_one(&deployments, "web", "grown", |one| {
        is_rolled_out(one) && one.status.as_ref().unwrap().replicas == Some(5)
    })
    .await;
    let told = events(&client, "shop", "web", 3).await;
    assert!(
        told[0].starts_with("Normal ScalingReplicaSet: Scaled up replica set web-")
            && told[0].ends_with(" from 0 to 3"),
        "{told:?}"
    );
    delete(&deployments, "web", &DeleteParams::default()).await;
    until(&sets, "no sets", <[_]>::is_empty).await;
    until(&pods, "no pods", <[_]>::is_empty).await;
}

pub(super) async fn a_deployment_goes_back(client: Client) {
    namespace(&client, "shop").await;
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "shop");
    create(&deployments, workload("web", 2)).await;
    until_one(&deployments, "web", "rolled out", is_rolled_out).await;
    change(&deployments, "web", json!({ "spec": { "template": { "spec": { "containers": [{ "name": "a", "image": "reg.test/private/app:2" }] } } } })).await;
    let condition = |one: &Deployment, reason: &str| {
        let conditions = one
            .status
            .as_ref()
            .and_then(|status| status.conditions.clone())
            .unwrap_or_default();
        conditions.iter().any(|one| one.reason.as_deref() == Some(reason))
    };
    let stuck = |one: &Deployment| {
        let status = one.status.as_ref();
        let counts = status.map(|status| (status.updated_replicas, status.available_replicas));
        counts == Some((Some(1), Some(2))) && condition(one, "ReplicaSetUpdated")
    };
    until_one(&deployments, "web", "stuck, with both old pods available", stuck).await;
    // What `kubectl rollout undo` does.
    change(
        &deployments,
        "web",
        json!({ "spec": { "template": template("app:1") } }),
    )
    .await;
    until_one(&deployments, "web", "back", |one| {
        is_rolled_out(one) && condition(one, "NewReplicaSetAvailable")
    })
    .await;
    let deployment = deployments.get("web").await.unwrap();
    assert_eq!(deployment.annotations()["deployment.kubernetes.io/revision"], "3");
}

pub(super) async fn a_stateful_set_comes_in_order(client: Client) {
    namespace(&client, "shop").await;
    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), "shop");
    let pods: Api<Pod> = Api::namespaced(client.clone(), "shop");
    let mut wanted = workload("db", 2);
    wanted["spec"]["serviceName"] = json!("db");
    create(&sets, wanted).await;
    let ready = |one: &StatefulSet| {
        let status = one.status.as_ref();
        status.is_some_and(|status| {
            status.observed_generation == one.metadata.generation
                && status.ready_replicas == Some(2)
                && status.updated_replicas == Some(2)
                && status.current_revision == status.update_revision
        })
    };
    until_one(&sets, "db", "ready", ready).await;
    let all = pods.list(&Default::default()).await.unwrap().items;
    let created = |name: &str| {
        all.iter()
            .find(|pod| pod.name_any() == name)
            .unwrap()
            .resource_version()
    };
    assert!(created("db-0").is_some() && created("db-1").is_some());
    change(&sets, "db", json!({ "spec": { "template": template("app:2") } })).await;
    until(&pods, "updated", |all| {
        all.len() == 2 && images(all).iter().all(|image| image.ends_with(":2"))
    })
    .await;
    until_one(&sets, "db", "ready again", ready).await;
    let revisions: Api<ControllerRevision> = Api::namespaced(client, "shop");
    assert_eq!(names(&revisions).await.len(), 2);
}

pub(super) async fn a_daemon_set_covers_the_node(client: Client) {
    namespace(&client, "shop").await;
    let sets: Api<DaemonSet> = Api::namespaced(client.clone(), "shop");
    let mut wanted = workload("log", 0);
    wanted["spec"].as_object_mut().unwrap().remove("replicas");
    create(&sets, wanted).await;
    let ready = |one: &DaemonSet| {
        let status = one.status.clone().unwrap_or_default();
        status.observed_generation == one.metadata.generation
            && (
                status.desired_number_scheduled,
                status.number_ready,
                status.updated_number_scheduled,
            ) == (1, 1, Some(1))
    };
    until_one(&sets, "log", "ready", ready).await;
    change(&sets, "log", json!({ "spec": { "template": template("app:2") } })).await;
    let pods: Api<Pod> = Api::namespaced(client, "shop");
    until(&pods, "updated", |all| {
        images(all).iter().all(|image| image.ends_with(":2")) && all.len() == 1
    })
    .await;
    until_one(&sets, "log", "ready again", ready).await;
}

fn job(outcome: Option<&str>) -> Value {
    let mut template = template("app:1");
    template["spec"]["restartPolicy"] = json!("Never");
    if let Some(outcome) = outcome {
        template["metadata"]["annotations"] = json!({ "sandbox.keyside.dev/outcome": outcome });
    }
    json!({ "template": template, "backoffLimit": 0, "completions": 2, "parallelism": 2 })
}

fn ended(job: &Job, kind: &str) -> bool {
    let conditions = job
        .status
        .as_ref()
        .and_then(|status| status.conditions.clone())
        .unwrap_or_default();
    conditions
        .iter()
        .any(|one| one.type_ == kind && one.status == "True")
}

pub(super) async fn a_job_ends_as_its_author_says(client: Client) {
    namespace(&client, "shop").await;
    let jobs: Api<Job> = Api::namespaced(client.clone(), "shop");
    create(
        &jobs,
        json!({ "metadata": { "name": "good" }, "spec": job(Some("succeed")) }),
    )
    .await;
    create(
        &jobs,
        json!({ "metadata": { "name": "bad" }, "spec": job(Some("fail")) }),
    )
    .await;
    create(
        &jobs,
        json!({ "metadata": { "name": "open" }, "spec": job(None) }),
    )
    .await;
    let good = until_one(&jobs, "good", "complete", |job| ended(job, "Complete")).await;
    assert_eq!(good.status.unwrap().succeeded, Some(2));
    until_one(&jobs, "bad", "failed", |job| ended(job, "Failed")).await;
    let open = until_one(&jobs, "open", "running", |job| {
        job.status.as_ref().is_some_and(|status| status.ready == Some(2))
    })
    .await;
    assert!(!ended(&open, "Complete") && !ended(&open, "Failed"));
}

pub(super) async fn a_cron_job_makes_jobs(client: Client) {
    namespace(&client, "shop").await;
    let crons: Api<CronJob> = Api::namespaced(client.clone(), "shop");
    let jobs: Api<Job> = Api::namespaced(client.clone(), "shop");
    let spec = |suspend: bool| json!({ "schedule": "@every 1s", "suspend": suspend, "jobTemplate": { "spec": job(Some("succeed")) } });
    create(
        &crons,
        json!({ "metadata": { "name": "rest" }, "spec": spec(true) }),
    )
    .await;
    create(
        &crons,
        json!({ "metadata": { "name": "tick" }, "spec": spec(false) }),
    )
    .await;
    until(&jobs, "a finished job", |all| {
        all.iter().any(|job| ended(job, "Complete"))
    })
    .await;
    let done = |one: &CronJob| {
        let status = one.status.clone().unwrap_or_default();
        status.last_schedule_time.is_some() && status.last_successful_time.is_some()
    };
    until_one(&crons, "tick", "a success", done).await;
    assert!(names(&jobs).await.iter().all(|name| name.starts_with("tick-")));
    delete(&crons, "tick", &DeleteParams::default()).await;
    until(&jobs, "no jobs", <[_]>::is_empty).await;
}

pub(super) async fn a_service_finds_its_pods(client: Client) {
    namespace(&client, "shop").await;
    let services: Api<Service> = Api::namespaced(client.clone(), "shop");
    let ports = json!([{ "port": 80, "targetPort": 8080 }]);
    create(
        &services,
        json!({ "metadata": { "name": "web" }, "spec": { "ports": ports, "selector": { "app": "web" } } }),
    )
    .await;
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "shop");
    create(&deployments, workload("web", 2)).await;
    let endpoints: Api<Endpoints> = Api::namespaced(client.clone(), "shop");
    let addresses = |one: &Endpoints| {
        one.subsets
            .iter()
            .flatten()
            .flat_map(|subset| subset.addresses.iter().flatten())
            .count()
    };
    let found = until_one(&endpoints, "web", "two addresses", |one| addresses(one) == 2).await;
    assert_eq!(found.subsets.unwrap()[0].ports.as_ref().unwrap()[0].port, 8080);
    let slices: Api<EndpointSlice> = Api::namespaced(client, "shop");
    until(&slices, "two endpoints", |all| {
        all.iter().any(|slice| slice.endpoints.len() == 2)
    })
    .await;
    delete(&services, "web", &DeleteParams::default()).await;
    until_gone(&endpoints, "web").await;
    until(&slices, "no slices", <[_]>::is_empty).await;
}

pub(super) async fn lost_pods_come_back_and_strays_are_adopted(client: Client) {
    namespace(&client, "shop").await;
    let sets: Api<ReplicaSet> = Api::namespaced(client.clone(), "shop");
    let pods: Api<Pod> = Api::namespaced(client.clone(), "shop");
    let set = create(&sets, workload("web", 2)).await;
    let ready = |all: &[Pod]| {
        all.len() == 2
            && all
                .iter()
                .all(|pod| phase(pod) == "Running" && !crate::pod::is_deleting(pod))
    };
    let first = until(&pods, "two", ready).await;
    delete(&pods, &first[0].name_any(), &DeleteParams::default()).await;
    until(&pods, "two again", |all| {
        ready(all) && all.iter().all(|pod| pod.uid() != first[0].uid())
    })
    .await;
    // Released: its labels no longer fit, and another one takes its place.
    let second = pods.list(&Default::default()).await.unwrap().items;
    change(
        &pods,
        &second[0].name_any(),
        json!({ "metadata": { "labels": { "app": "other" } } }),
    )
    .await;
    let three = until(&pods, "one released, two owned", |all| {
        all.len() == 3
            && all
                .iter()
                .filter(|pod| !pod.owner_references().is_empty())
                .count()
                == 2
    });
    let three = three.await;
    let released = three
        .iter()
        .find(|pod| pod.owner_references().is_empty())
        .unwrap();
    // Adopted again, and then one is too many.
    change(
        &pods,
        &released.name_any(),
        json!({ "metadata": { "labels": { "app": "web" } } }),
    )
    .await;
    until(&pods, "two owned", |all| {
        all.len() == 2
            && all.iter().all(|pod| {
                pod.owner_references()
                    .iter()
                    .any(|owner| Some(&owner.uid) == set.metadata.uid.as_ref())
            })
    })
    .await;
    delete(
        &sets,
        "web",
        &DeleteParams {
            propagation_policy: Some(PropagationPolicy::Orphan),
            ..DeleteParams::default()
        },
    )
    .await;
    until_gone(&sets, "web").await;
    until(&pods, "two without owner", |all| {
        all.len() == 2 && all.iter().all(|pod| pod.owner_references().is_empty())
    })
    .await;
}

pub(super) async fn a_replication_controller_works_like_a_set(client: Client) {
    namespace(&client, "shop").await;
    let controllers: Api<ReplicationController> = Api::namespaced(client.clone(), "shop");
    let spec = json!({ "replicas": 2, "selector": { "app": "web" }, "template": template("app:1") });
    create(
        &controllers,
        json!({ "metadata": { "name": "web" }, "spec": spec }),
    )
    .await;
    let ready = |one: &ReplicationController| {
        one.status
            .as_ref()
            .is_some_and(|status| status.available_replicas == Some(2))
    };
    until_one(&controllers, "web", "ready", ready).await;
    change(&controllers, "web", json!({ "spec": { "replicas": 1 } })).await;
    let pods: Api<Pod> = Api::namespaced(client, "shop");
    until(&pods, "one", |all| all.len() == 1).await;
}

/// One of each kind, settled.
pub(super) async fn settle_everything(client: Client) {
    namespace(&client, "shop").await;
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "shop");
    create(&deployments, workload("web", 3)).await;
    let services: Api<Service> = Api::namespaced(client.clone(), "shop");
    create(&services, json!({ "metadata": { "name": "web" }, "spec": { "ports": [{ "port": 80 }], "selector": { "app": "web" } } })).await;
    let jobs: Api<Job> = Api::namespaced(client.clone(), "shop");
    create(
        &jobs,
        json!({ "metadata": { "name": "good" }, "spec": job(Some("succeed")) }),
    )
    .await;
    let crons: Api<CronJob> = Api::namespaced(client.clone(), "shop");
    create(&crons, json!({ "metadata": { "name": "yearly" }, "spec": { "schedule": "@yearly", "jobTemplate": { "spec": job(None) } } })).await;
    until_one(&deployments, "web", "rolled out", is_rolled_out).await;
    until_one(&jobs, "good", "complete", |job| ended(job, "Complete")).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
}
