use super::*;
use serde_json::json;

fn set(replicas: i32, extra: serde_json::Value) -> StatefulSet {
    let mut spec = json!({
        "replicas": replicas, "serviceName": "db", "selector": {},
        "template": { "metadata": { "labels": { "app": "db" } }, "spec": { "containers": [{ "name": "a", "image": "x:1" }] } },
    });
    spec.as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    serde_json::from_value(
        json!({ "metadata": { "name": "db", "namespace": "ns", "uid": "u" }, "spec": spec }),
    )
    .unwrap()
}

/// `db-0 r1 ready`, `db-1 r1 pending`, `db-2 r1 deleting`, `db-2 r1 failed`.
fn pods(lines: &[&str]) -> Vec<Arc<Pod>> {
    let one = |line: &&str| {
        let parts: Vec<&str> = line.split(' ').collect();
        let (phase, ready) = match parts[2] {
            "ready" => ("Running", "True"),
            "failed" => ("Failed", "False"),
            "deleting" => ("Running", "True"),
            _ => ("Pending", "False"),
        };
        let deleted = (parts[2] == "deleting").then_some("2026-01-01T00:00:00Z");
        let value = json!({
            "metadata": { "name": parts[0], "labels": { REVISION_HASH: parts[1] }, "deletionTimestamp": deleted },
            "status": { "phase": phase, "conditions": [{ "type": "Ready", "status": ready }] },
        });
        Arc::new(serde_json::from_value(value).unwrap())
    };
    lines.iter().map(one).collect()
}

fn view<'a>(set: &'a StatefulSet, pods: &'a [Arc<Pod>]) -> View<'a> {
    let current_template = set.spec.as_ref().unwrap().template.clone();
    View {
        set,
        pods,
        current: "r1".into(),
        update: "r2".into(),
        current_template,
        now: Timestamp::now(),
    }
}

/// `+name revision` for what is created, `-name` for what is deleted.
fn check(set: &StatefulSet, lines: &[&str], expected: &[&str]) {
    let pods = pods(lines);
    let plan = plan(&view(set, &pods));
    let made = plan
        .create
        .iter()
        .map(|pod| format!("+{} {}", pod.name_any(), revision(pod).unwrap()));
    let gone = plan.delete.iter().map(|pod| format!("-{}", pod.name_any()));
    assert_eq!(made.chain(gone).collect::<Vec<_>>(), expected, "{lines:?}");
}

#[test]
fn pods_are_made_one_after_the_other() {
    let set = set(3, json!({}));
    check(&set, &[], &["+db-0 r2"]);
    check(&set, &["db-0 r2 pending"], &[]);
    check(&set, &["db-0 r2 ready"], &["+db-1 r2"]);
    check(&set, &["db-0 r2 ready", "db-1 r2 ready", "db-2 r2 ready"], &[]);
    check(&set, &["db-0 r2 ready", "db-1 r2 failed"], &["-db-1"]);
}

#[test]
fn parallel_sets_do_not_wait() {
    let set = set(3, json!({ "podManagementPolicy": "Parallel" }));
    check(&set, &[], &["+db-0 r2", "+db-1 r2", "+db-2 r2"]);
    check(
        &set,
        &["db-4 r1 ready", "db-3 r1 ready"],
        &["+db-0 r2", "+db-1 r2", "+db-2 r2", "-db-4", "-db-3"],
    );
}

#[test]
fn superfluous_pods_go_from_the_highest_down() {
    let set = set(1, json!({}));
    check(
        &set,
        &["db-0 r2 ready", "db-1 r2 ready", "db-2 r2 ready"],
        &["-db-2"],
    );
    check(&set, &["db-0 r2 ready", "db-1 r2 ready", "db-2 r2 deleting"], &[]);
}

#[test]
fn an_update_goes_from_the_highest_down_and_waits_for_each() {
    let set = set(3, json!({}));
    check(
        &set,
        &["db-0 r1 ready", "db-1 r1 ready", "db-2 r1 ready"],
        &["-db-2"],
    );
    check(&set, &["db-0 r1 ready", "db-1 r1 ready", "db-2 r1 deleting"], &[]);
    check(&set, &["db-0 r1 ready", "db-1 r1 ready", "db-2 r2 pending"], &[]);
    check(
        &set,
        &["db-0 r1 ready", "db-1 r1 ready", "db-2 r2 ready"],
        &["-db-1"],
    );
}

#[test]
fn below_the_partition_nothing_changes() {
    let set = set(
        3,
        json!({ "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "partition": 2 } } }),
    );
    check(&set, &["db-0 r1 ready", "db-1 r1 ready", "db-2 r2 ready"], &[]);
    check(&set, &["db-1 r1 ready", "db-2 r2 ready"], &["+db-0 r1"]);
    let set = self::set(3, json!({ "updateStrategy": { "type": "OnDelete" } }));
    check(&set, &["db-0 r1 ready", "db-1 r1 ready", "db-2 r1 ready"], &[]);
}

#[test]
fn numbers_may_start_anywhere() {
    check(
        &set(2, json!({ "ordinals": { "start": 5 } })),
        &["db-5 r2 ready"],
        &["+db-6 r2"],
    );
}

#[test]
fn pods_carry_their_number_and_their_claims() {
    let set = set(
        1,
        json!({ "volumeClaimTemplates": [{ "metadata": { "name": "data" }, "spec": {} }] }),
    );
    let pod = new_pod(&view(&set, &[]), 0);
    let spec = pod.spec.unwrap();
    assert_eq!(
        (spec.hostname.as_deref(), spec.subdomain.as_deref()),
        (Some("db-0"), Some("db"))
    );
    assert_eq!(
        spec.volumes.unwrap()[0]
            .persistent_volume_claim
            .as_ref()
            .unwrap()
            .claim_name,
        "data-db-0"
    );
    assert_eq!(pod.metadata.labels.unwrap()[POD_NAME], "db-0");
}

#[test]
fn when_all_are_updated_the_update_is_the_current_revision() {
    let set = set(2, json!({}));
    let half = pods(&["db-0 r1 ready", "db-1 r2 ready"]);
    let status = status(&view(&set, &half));
    assert_eq!(
        (
            status.current_revision.as_deref(),
            status.updated_replicas,
            status.current_replicas
        ),
        (Some("r1"), Some(1), Some(1))
    );
    let done = pods(&["db-0 r2 ready", "db-1 r2 ready"]);
    let status = super::status(&view(&set, &done));
    assert_eq!(
        (status.current_revision.as_deref(), status.current_replicas),
        (Some("r2"), Some(2))
    );
}
