use super::super::image_manager::Failure;
use super::*;
use k8s_openapi::api::core::v1::Container;
use serde_json::json;

fn pod(spec: serde_json::Value) -> Pod {
    serde_json::from_value(json!({ "metadata": { "name": "p", "namespace": "ns" }, "spec": spec })).unwrap()
}

fn addresses() -> Addresses {
    Addresses {
        host: "127.0.0.1".into(),
        pod: "198.18.0.2".into(),
    }
}

fn container(pod: &Pod, index: usize) -> Container {
    pod.spec.as_ref().unwrap().containers[index].clone()
}

/// Phase, and every condition as `Type=Status reason: message`.
fn show(pod: &Pod, states: &mut States) -> Vec<String> {
    states.fill(pod);
    let status = next(pod, states, &addresses(), Timestamp::UNIX_EPOCH);
    let conditions = status.conditions.unwrap().into_iter().map(|condition| {
        let why = condition
            .reason
            .map(|reason| format!(" {reason}: {}", condition.message.unwrap_or_default()));
        format!(
            "{}={}{}",
            condition.type_,
            condition.status,
            why.unwrap_or_default()
        )
    });
    [status.phase.unwrap()].into_iter().chain(conditions).collect()
}

#[test]
fn a_pod_whose_image_is_missing_is_pending_and_says_which_container() {
    let pod =
        pod(json!({ "containers": [{ "name": "a", "image": "x:1" }, { "name": "b", "image": "y:1" }] }));
    let mut states = States::default();
    states.started(
        &pod,
        Group::Main,
        &container(&pod, 0),
        "id",
        Timestamp::UNIX_EPOCH,
    );
    let failure = Failure {
        reason: "ErrImagePull".into(),
        message: "denied".into(),
    };
    states.waiting(Group::Main, &container(&pod, 1), &failure);
    assert_eq!(
        show(&pod, &mut states),
        [
            "Pending",
            "PodReadyToStartContainers=True",
            "Initialized=True",
            "Ready=False ContainersNotReady: containers with unready status: [b]",
            "ContainersReady=False ContainersNotReady: containers with unready status: [b]",
            "PodScheduled=True",
        ]
    );
}

#[test]
fn all_images_there_means_running_and_ready() {
    let pod = pod(json!({ "containers": [{ "name": "a", "image": "x:1" }] }));
    let mut states = States::default();
    states.started(
        &pod,
        Group::Main,
        &container(&pod, 0),
        "id",
        Timestamp::UNIX_EPOCH,
    );
    assert_eq!(
        show(&pod, &mut states)[..4],
        [
            "Running",
            "PodReadyToStartContainers=True",
            "Initialized=True",
            "Ready=True"
        ]
    );
    let list = states.list(&pod, Group::Main).unwrap();
    assert!(
        list[0]
            .container_id
            .as_ref()
            .unwrap()
            .starts_with("keyside-not-run://")
    );
    assert_eq!(list[0].image, "docker.io/library/x:1");
}

#[test]
fn unfinished_init_containers_hold_the_pod_back() {
    let spec = json!({
        "initContainers": [{ "name": "i", "image": "x:1" }],
        "containers": [{ "name": "a", "image": "x:1" }],
    });
    let pod = pod(spec);
    let mut states = States::default();
    let shown = show(&pod, &mut states);
    assert_eq!(shown[0], "Pending");
    assert_eq!(
        shown[2],
        "Initialized=False ContainersNotInitialized: containers with incomplete status: [i]"
    );
    let waiting = states.list(&pod, Group::Main).unwrap()[0]
        .state
        .clone()
        .unwrap()
        .waiting
        .unwrap();
    assert_eq!(waiting.reason.as_deref(), Some("PodInitializing"));
}

#[test]
fn a_job_pod_stays_running_unless_its_author_says_how_it_ends() {
    let spec = json!({ "restartPolicy": "Never", "containers": [{ "name": "a", "image": "x:1" }] });
    for (outcome, phase, ready) in [
        (None, "Running", "Ready=True"),
        (Some("succeed"), "Succeeded", "Ready=False PodCompleted: "),
        (Some("fail"), "Failed", "Ready=False PodFailed: "),
    ] {
        let mut pod = pod(spec.clone());
        let annotation =
            outcome.map(|outcome| (super::super::container::OUTCOME.to_owned(), outcome.to_owned()));
        pod.metadata.annotations = Some(annotation.into_iter().collect());
        let mut states = States::default();
        states.started(
            &pod,
            Group::Main,
            &container(&pod, 0),
            "id",
            Timestamp::UNIX_EPOCH,
        );
        let shown = show(&pod, &mut states);
        assert_eq!(
            (shown[0].as_str(), shown[3].as_str()),
            (phase, ready),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_changed_image_stops_the_container_and_counts_a_restart() {
    let mut pod = pod(json!({ "containers": [{ "name": "a", "image": "x:1" }] }));
    let mut states = States::default();
    states.started(
        &pod,
        Group::Main,
        &container(&pod, 0),
        "id",
        Timestamp::UNIX_EPOCH,
    );
    states.stop_changed(&pod, Timestamp::UNIX_EPOCH, &|_, _| panic!("nothing changed"));
    pod.spec.as_mut().unwrap().containers[0].image = Some("x:2".into());
    let told = std::sync::Mutex::new(Vec::new());
    states.stop_changed(&pod, Timestamp::UNIX_EPOCH, &|field, notice| {
        told.lock()
            .unwrap()
            .push(format!("{} {} {}", field.unwrap(), notice.reason, notice.message));
    });
    assert_eq!(
        told.into_inner().unwrap(),
        ["spec.containers{a} Killing Container a definition changed, will be restarted"]
    );
    assert!(!states.is_started(Group::Main, "a"));
    states.started(
        &pod,
        Group::Main,
        &container(&pod, 0),
        "id2",
        Timestamp::UNIX_EPOCH,
    );
    let status = states.list(&pod, Group::Main).unwrap().remove(0);
    assert_eq!(
        (status.restart_count, status.image.as_str()),
        (1, "docker.io/library/x:2")
    );
    assert!(status.last_state.unwrap().terminated.is_some());
}

#[test]
fn conditions_of_others_stay_and_gates_are_asked() {
    let spec = json!({ "readinessGates": [{ "conditionType": "x.io/up" }], "containers": [{ "name": "a", "image": "x:1" }] });
    let mut pod = pod(spec);
    let mut states = States::default();
    states.started(
        &pod,
        Group::Main,
        &container(&pod, 0),
        "id",
        Timestamp::UNIX_EPOCH,
    );
    let message = "corresponding condition of pod readiness gate \"x.io/up\" does not exist.";
    assert_eq!(
        show(&pod, &mut states)[3],
        format!("Ready=False ReadinessGatesNotReady: {message}")
    );
    let gate = PodCondition {
        type_: "x.io/up".into(),
        status: "True".into(),
        ..PodCondition::default()
    };
    pod.status = Some(PodStatus {
        conditions: Some(vec![gate]),
        ..PodStatus::default()
    });
    let shown = show(&pod, &mut states);
    assert_eq!(
        (shown[3].as_str(), shown[6].as_str()),
        ("Ready=True", "x.io/up=True")
    );
}

#[test]
fn a_status_computed_again_is_the_same() {
    let mut pod = pod(json!({ "containers": [{ "name": "a", "image": "x:1" }] }));
    let mut states = States::default();
    states.started(
        &pod,
        Group::Main,
        &container(&pod, 0),
        "id",
        Timestamp::UNIX_EPOCH,
    );
    let status = next(&pod, &states, &addresses(), Timestamp::UNIX_EPOCH);
    pod.status = Some(status.clone());
    let later = Timestamp::from_second(1000).unwrap();
    assert_eq!(next(&pod, &States::of(&pod), &addresses(), later), status);
}
