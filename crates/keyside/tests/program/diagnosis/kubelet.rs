//! A node of which the test is the kubelet: it reports what it is told to, in the shape of a kubelet's statuses and events.

use crate::world::{World, fed, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The node's name.
pub(crate) const NODE: &str = "other";

/// The node.
pub(crate) struct Kubelet<'a> {
    world: &'a World,
    /// Pods that have failed and stay so.
    failed: BTreeSet<String>,
}

/// What it says about an image: the container's state, and the event beside it.
pub(crate) struct Said {
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) event: String,
}

impl Said {
    /// A row of the table of messages that nodes have really written, about another image.
    pub(crate) fn of_table(name: &str, image: &str) -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/cases/pull_errors.json");
        let table: Value = serde_json::from_slice(&std::fs::read(path).expect("the table")).expect("JSON");
        let rows = table["cases"].as_array().expect("cases");
        let row = rows
            .iter()
            .find(|row| row["name"] == name)
            .unwrap_or_else(|| panic!("no row {name}"));
        let written = row["message"].as_str().expect("a message");
        if let Some(rest) = written.strip_prefix("image pull failed for ") {
            let (_, because) = rest.split_once(" because ").expect("a reason");
            return Self {
                reason: "SignatureValidationFailed".to_owned(),
                message: format!("image pull failed for {image} because {because}"),
                event: format!("Failed to pull image \"{image}\": SignatureValidationFailed: {because}"),
            };
        }
        let rest = written.strip_prefix("Failed to pull image \"").expect("an event");
        let (_, error) = rest.split_once("\": ").expect("an image");
        Self {
            reason: "ErrImagePull".to_owned(),
            message: error.to_owned(),
            event: format!("Failed to pull image \"{image}\": {error}"),
        }
    }
}

impl<'a> Kubelet<'a> {
    /// Joins the cluster. Only what names the node comes here.
    pub(crate) fn join(world: &'a World) -> Self {
        world.apply(&format!(
            "apiVersion: v1\nkind: Node\nmetadata: {{name: {NODE}}}\nspec: {{unschedulable: true}}\n"
        ));
        Self {
            world,
            failed: BTreeSet::new(),
        }
    }

    /// One more pod of the namespace fails so from now on; its name. A pod whose container has run before stays in phase Running.
    pub(crate) fn fail(&mut self, namespace: &str, said: &Said, phase: &str) -> Option<String> {
        let fine = |pod: &Value| {
            let uid = pod["metadata"]["uid"].as_str().expect("a uid");
            !self.failed.contains(uid)
        };
        let pod = self.pods(namespace).into_iter().find(fine)?;
        let name = pod["metadata"]["name"].as_str()?.to_owned();
        let state = json!({"waiting": {"reason": said.reason, "message": said.message}});
        self.report(&pod, phase, &state, false);
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let uid = &pod["metadata"]["uid"];
        let event = json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": format!("{name}.{}", self.failed.len()), "namespace": namespace},
            "involvedObject": {
                "apiVersion": "v1", "kind": "Pod", "namespace": namespace, "name": name, "uid": uid,
                "fieldPath": "spec.containers{app}",
            },
            "type": "Warning", "reason": "Failed", "message": said.event, "count": 3,
            "firstTimestamp": now, "lastTimestamp": now,
            "source": {"component": "kubelet", "host": NODE},
        });
        let created = fed(self.world.kubectl(&["create", "-f", "-"]), &event.to_string());
        assert!(created.status.success(), "{}", text(&created.stderr));
        self.failed.insert(uid.as_str()?.to_owned());
        Some(name)
    }

    /// Whatever is new in the namespace runs, and what is to go goes.
    pub(crate) fn work(&self, namespace: &str) {
        for pod in self.pods(namespace) {
            let meta = &pod["metadata"];
            let name = meta["name"].as_str().expect("a name");
            if meta["deletionTimestamp"].is_string() {
                self.world.ok(&format!(
                    "delete pod {name} -n {namespace} --grace-period=0 --force --ignore-not-found"
                ));
            } else if !self.failed.contains(meta["uid"].as_str().expect("a uid")) {
                let started = json!({"running": {"startedAt": meta["creationTimestamp"]}});
                self.report(&pod, "Running", &started, true);
            }
        }
    }

    fn pods(&self, namespace: &str) -> Vec<Value> {
        let list = self.world.ok(&format!(
            "get pods -n {namespace} --field-selector spec.nodeName={NODE} -o json"
        ));
        let mut list: Value = serde_json::from_str(&list).expect("JSON");
        match list["items"].take() {
            Value::Array(pods) => pods,
            _ => Vec::new(),
        }
    }

    fn report(&self, pod: &Value, phase: &str, state: &Value, ready: bool) {
        let meta = &pod["metadata"];
        let image = &pod["spec"]["containers"][0]["image"];
        let id = if ready { "sha256:1" } else { "" };
        let word = if ready { "True" } else { "False" };
        let status = json!({"status": {
            "phase": phase,
            "conditions": [{"type": "Ready", "status": word}],
            "containerStatuses": [{
                "name": "app", "image": image, "imageID": id, "ready": ready, "started": ready,
                "restartCount": 0, "state": state,
            }],
        }});
        self.world.run(&[
            "patch",
            "pod",
            meta["name"].as_str().expect("a name"),
            "-n",
            meta["namespace"].as_str().expect("a namespace"),
            "--subresource=status",
            "--type=merge",
            "-p",
            &status.to_string(),
        ]);
    }
}
