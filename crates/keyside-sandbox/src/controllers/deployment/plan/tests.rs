//! Plans are carried out on sets in memory, look after look, and what must hold is checked after each.

use super::*;
use k8s_openapi::api::apps::v1::ReplicaSetStatus;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;

fn deployment(replicas: i32, strategy: serde_json::Value) -> Deployment {
    let value = json!({
        "metadata": { "name": "web", "namespace": "ns", "uid": "d", "generation": 1 },
        "spec": {
            "replicas": replicas, "revisionHistoryLimit": 2, "progressDeadlineSeconds": 600, "strategy": strategy,
            "selector": { "matchLabels": { "app": "web" } },
            "template": { "metadata": { "labels": { "app": "web" } }, "spec": { "containers": [{ "name": "a", "image": "x:1" }] } },
        },
    });
    serde_json::from_value(value).unwrap()
}

fn rolling(surge: &str, unavailable: &str) -> serde_json::Value {
    let value = |text: &str| {
        text.parse::<i32>()
            .map_or_else(|_| json!(text), |number| json!(number))
    };
    json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": value(surge), "maxUnavailable": value(unavailable) } })
}

/// Sets without pods: the pods of a set are as many as it wants, and ready if their image works.
struct Bench {
    deployment: Deployment,
    sets: Vec<Arc<ReplicaSet>>,
    now: i64,
    broken_image: &'static str,
}

impl Bench {
    fn new(replicas: i32, strategy: serde_json::Value) -> Self {
        Self {
            deployment: deployment(replicas, strategy),
            sets: Vec::new(),
            now: 1000,
            broken_image: "broken",
        }
    }

    fn image(&mut self, image: &str) {
        let spec = self.deployment.spec.as_mut().unwrap();
        spec.template.spec.as_mut().unwrap().containers[0].image = Some(image.into());
        self.changed();
    }

    fn scale(&mut self, replicas: i32) {
        self.deployment.spec.as_mut().unwrap().replicas = Some(replicas);
        self.changed();
    }

    fn changed(&mut self) {
        *self.deployment.metadata.generation.as_mut().unwrap() += 1;
    }

    fn plan(&self) -> Plan {
        let alive: Vec<String> = self
            .sets
            .iter()
            .filter(|set| actual(set) > 0)
            .map(|set| set.metadata.uid.clone().unwrap())
            .collect();
        plan(&View {
            deployment: &self.deployment,
            sets: &self.sets,
            alive: &alive,
            now: Timestamp::from_second(self.now).unwrap(),
        })
    }

    /// One look; the answer is whether anything changed.
    fn look(&mut self) -> bool {
        let plan = self.plan();
        let mut changed = self.deployment.status.as_ref() != Some(&plan.status.status);
        self.deployment.status = Some(plan.status.status);
        if let Some(mut set) = plan.create {
            set.metadata.uid = set.metadata.name.clone();
            set.metadata.creation_timestamp = Some(Time(Timestamp::from_second(self.now).unwrap()));
            self.sets.push(Arc::new(set));
            changed = true;
        }
        for Resize { set, .. } in plan.update {
            let known = self
                .sets
                .iter_mut()
                .find(|known| known.metadata.uid == set.metadata.uid)
                .unwrap();
            *known = Arc::new(set);
            changed = true;
        }
        for gone in plan.delete {
            self.sets.retain(|set| set.metadata.uid != gone.metadata.uid);
            changed = true;
        }
        if let Some(revision) = plan.revision {
            self.deployment
                .metadata
                .annotations
                .get_or_insert_default()
                .insert(revision::REVISION.into(), revision);
            changed = true;
        }
        changed
    }

    /// The sets get what they want.
    fn live(&mut self) {
        self.now += 1;
        for set in &mut self.sets {
            let mut living = ReplicaSet::clone(set);
            let wanted = rollout::size(&living);
            let works = image(&living) != self.broken_image;
            let ready = if works { wanted } else { 0 };
            living.status = Some(ReplicaSetStatus {
                replicas: wanted,
                ready_replicas: Some(ready),
                available_replicas: Some(ready),
                observed_generation: living.metadata.generation,
                ..ReplicaSetStatus::default()
            });
            *set = Arc::new(living);
        }
    }

    /// Looks until nothing changes; after each look the limits of the strategy hold.
    fn settle(&mut self) -> Vec<String> {
        let mut steps = Vec::new();
        for _ in 0..100 {
            let changed = self.look();
            self.check_limits();
            let available_before: i32 = self.sets.iter().map(|set| rollout::available(set)).sum();
            self.live();
            let step = self.show();
            if steps.last() != Some(&step) {
                steps.push(step);
            }
            let available: i32 = self.sets.iter().map(|set| rollout::available(set)).sum();
            if !changed && available == available_before {
                return steps;
            }
        }
        panic!("it never settles: {steps:?}");
    }

    fn check_limits(&self) {
        let total: i32 = self.sets.iter().map(|set| rollout::size(set)).sum();
        let allowed = rollout::replicas(&self.deployment) + rollout::max_surge(&self.deployment);
        assert!(
            total <= allowed.max(self.sets.iter().map(|set| actual(set)).sum()),
            "{total} pods where {allowed} are allowed"
        );
    }

    /// Sizes by image, in order of creation.
    fn show(&self) -> String {
        let one = |set: &Arc<ReplicaSet>| format!("{}:{}", image(set), rollout::size(set));
        self.sets.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    fn condition(&self, kind: &str) -> String {
        let conditions = self
            .deployment
            .status
            .as_ref()
            .unwrap()
            .conditions
            .as_ref()
            .unwrap();
        let found = conditions.iter().find(|condition| condition.type_ == kind);
        found
            .map(|one| format!("{} {}", one.status, one.reason.as_deref().unwrap()))
            .unwrap_or_default()
    }
}

fn image(set: &ReplicaSet) -> &str {
    let template = set.spec.as_ref().unwrap().template.as_ref().unwrap();
    template.spec.as_ref().unwrap().containers[0]
        .image
        .as_deref()
        .unwrap()
}

fn actual(set: &ReplicaSet) -> i32 {
    set.status
        .as_ref()
        .map(|status| status.replicas)
        .unwrap_or_default()
}

#[test]
fn a_new_deployment_gets_its_set_and_says_so() {
    let mut bench = Bench::new(3, rolling("25%", "25%"));
    assert_eq!(bench.settle(), ["x:1:3"]);
    assert_eq!(bench.condition("Progressing"), "True NewReplicaSetAvailable");
    assert_eq!(bench.condition("Available"), "True MinimumReplicasAvailable");
    assert_eq!(
        bench.deployment.metadata.annotations.as_ref().unwrap()[revision::REVISION],
        "1"
    );
    let status = bench.deployment.status.as_ref().unwrap();
    assert_eq!(
        (
            status.updated_replicas,
            status.available_replicas,
            status.unavailable_replicas
        ),
        (Some(3), Some(3), None)
    );
    let name = bench.sets[0].name_any();
    assert!(
        bench.sets[0]
            .spec
            .as_ref()
            .unwrap()
            .selector
            .match_labels
            .as_ref()
            .unwrap()
            .contains_key("pod-template-hash")
    );
    assert!(name.starts_with("web-") && name.len() == 14, "{name}");
}

#[test]
fn a_rolling_update_goes_in_steps() {
    let mut bench = Bench::new(4, rolling("1", "1"));
    bench.settle();
    bench.image("x:2");
    assert_eq!(
        bench.settle(),
        [
            "x:1:4 x:2:1",
            "x:1:2 x:2:1",
            "x:1:2 x:2:3",
            "x:1:0 x:2:3",
            "x:1:0 x:2:4"
        ]
    );
    assert_eq!(
        bench.deployment.metadata.annotations.as_ref().unwrap()[revision::REVISION],
        "2"
    );
    assert_eq!(bench.condition("Progressing"), "True NewReplicaSetAvailable");
}

#[test]
fn going_back_uses_the_old_set_under_a_new_number() {
    let mut bench = Bench::new(2, rolling("1", "0"));
    bench.settle();
    bench.image("x:2");
    bench.settle();
    bench.image("x:1");
    bench.settle();
    assert_eq!(bench.show(), "x:1:2 x:2:0");
    let annotations = bench.sets[0].metadata.annotations.as_ref().unwrap();
    assert_eq!(annotations[revision::REVISION], "3");
    assert_eq!(annotations["deployment.kubernetes.io/revision-history"], "1");
}

#[test]
fn a_broken_image_stops_the_update_and_is_late_in_the_end() {
    let mut bench = Bench::new(4, rolling("25%", "25%"));
    bench.settle();
    bench.image("broken");
    bench.settle();
    assert_eq!(bench.show(), "x:1:3 broken:2", "three of four stay available");
    assert_eq!(bench.condition("Progressing"), "True ReplicaSetUpdated");
    let again = bench.plan().status.again.unwrap();
    bench.now += i64::try_from(again.as_secs()).unwrap();
    bench.look();
    assert_eq!(bench.condition("Progressing"), "False ProgressDeadlineExceeded");
    assert!(bench.plan().status.again.is_none(), "late is late");
    bench.image("x:3");
    bench.settle();
    assert_eq!(bench.show(), "x:1:0 broken:0 x:3:4");
}

#[test]
fn recreate_waits_for_the_old_pods_to_be_gone() {
    let mut bench = Bench::new(3, json!({ "type": "Recreate" }));
    bench.settle();
    bench.image("x:2");
    assert_eq!(bench.settle(), ["x:1:0", "x:1:0 x:2:3"]);
}

#[test]
fn scaling_keeps_a_rollout_in_proportion() {
    let mut bench = Bench::new(10, rolling("3", "2"));
    bench.settle();
    bench.image("broken");
    bench.settle();
    assert_eq!(bench.show(), "x:1:8 broken:5");
    bench.scale(15);
    bench.look();
    assert_eq!(bench.show(), "x:1:11 broken:7");
    bench.scale(0);
    bench.look();
    assert_eq!(bench.show(), "x:1:0 broken:0");
}

#[test]
fn a_paused_deployment_scales_but_does_not_roll() {
    let mut bench = Bench::new(2, rolling("1", "0"));
    bench.settle();
    bench.deployment.spec.as_mut().unwrap().paused = Some(true);
    bench.image("x:2");
    bench.scale(3);
    bench.settle();
    assert_eq!(bench.show(), "x:1:3");
    assert_eq!(bench.condition("Progressing"), "Unknown DeploymentPaused");
    bench.deployment.spec.as_mut().unwrap().paused = None;
    bench.changed();
    bench.settle();
    assert_eq!(bench.show(), "x:1:0 x:2:3");
}

#[test]
fn history_beyond_the_limit_is_dropped() {
    let mut bench = Bench::new(1, rolling("1", "0"));
    for version in 1..=5 {
        bench.image(&format!("x:{version}"));
        bench.settle();
    }
    assert_eq!(bench.show(), "x:3:0 x:4:0 x:5:1");
}

#[test]
fn nothing_changed_means_nothing_to_do() {
    let mut bench = Bench::new(3, rolling("25%", "25%"));
    bench.settle();
    bench.now += 100;
    assert!(!bench.look());
}

#[test]
fn a_deployment_that_goes_away_is_left_alone() {
    let mut bench = Bench::new(3, rolling("25%", "25%"));
    bench.deployment.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
    let plan = bench.plan();
    assert!(plan.create.is_none() && plan.update.is_empty());
}
