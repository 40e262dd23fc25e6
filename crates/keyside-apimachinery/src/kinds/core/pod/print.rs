//! A pod's table row. Its STATUS is not a field: it is what a person wants to know first, worked out of the phase, the
//! containers' states and the deletion (`printPod` of `pkg/printers/internalversion`).

use crate::kinds::access::{count, flag, is_set, list, text};
use crate::kinds::kind::{AGE, ColumnRow, NAME};
use crate::kinds::print::{age, or_none, since};
use serde_json::Value;

pub(super) const COLUMNS: &[ColumnRow] = &[
    NAME,
    ("Ready", "string", "", 0, "Containers that are ready, of all."),
    ("Status", "string", "", 0, "State of the pod as a whole."),
    (
        "Restarts",
        "string",
        "",
        0,
        "How often its containers were restarted, and when last.",
    ),
    AGE,
    ("IP", "string", "", 1, "Address of the pod."),
    ("Node", "string", "", 1, "Node the pod is bound to."),
    (
        "Nominated Node",
        "string",
        "",
        1,
        "Node that is being freed for the pod.",
    ),
    (
        "Readiness Gates",
        "string",
        "",
        1,
        "Extra conditions that are true, of all.",
    ),
];

pub(super) fn cells(pod: &Value, now: &str) -> Vec<Value> {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    let summary = Summary::of(pod);
    let restarts = match &summary.last_restart {
        Some(then) if summary.restarts != 0 => {
            format!("{} ({} ago)", summary.restarts, since(&then.as_str().into(), now))
        }
        _ => summary.restarts.to_string(),
    };
    vec![
        pod["metadata"]["name"].clone(),
        format!("{}/{}", summary.ready, summary.total).into(),
        summary.reason.into(),
        restarts.into(),
        age(pod, now).into(),
        or_none(status["podIPs"][0]["ip"].as_str().unwrap_or_default()),
        or_none(text(spec, "nodeName")),
        or_none(text(status, "nominatedNodeName")),
        gates(spec, status).into(),
    ]
}

fn gates(spec: &Value, status: &Value) -> String {
    let wanted = list(spec, "readinessGates");
    if wanted.is_empty() {
        return "<none>".into();
    }
    let met = wanted
        .iter()
        .filter(|gate| condition(status, text(gate, "conditionType"), "True"))
        .count();
    format!("{met}/{}", wanted.len())
}

/// Whether the first condition of a type has this status.
fn condition(status: &Value, kind: &str, wanted: &str) -> bool {
    let found = list(status, "conditions")
        .iter()
        .find(|condition| text(condition, "type") == kind);
    found.is_some_and(|condition| text(condition, "status") == wanted)
}

struct Summary {
    ready: usize,
    total: usize,
    reason: String,
    restarts: i64,
    last_restart: Option<String>,
}

impl Summary {
    fn of(pod: &Value) -> Self {
        let (spec, status) = (&pod["spec"], &pod["status"]);
        let sidecars = list(spec, "initContainers")
            .iter()
            .filter(|c| text(c, "restartPolicy") == "Always");
        let mut summary = Self {
            ready: 0,
            total: list(spec, "containers").len() + sidecars.count(),
            reason: [text(status, "reason"), text(status, "phase")]
                .into_iter()
                .find(|reason| !reason.is_empty())
                .unwrap_or_default()
                .into(),
            restarts: 0,
            last_restart: None,
        };
        if list(status, "conditions").iter().any(|condition| {
            text(condition, "type") == "PodScheduled" && text(condition, "reason") == "SchedulingGated"
        }) {
            summary.reason = "SchedulingGated".into();
        }
        let sidecar_restarts = summary.initialize(spec, status);
        match sidecar_restarts {
            Some(sidecar) => {
                (summary.restarts, summary.last_restart) = sidecar;
                summary.run(status);
            }
            None if condition(status, "Initialized", "True") => summary.run(status),
            None => {}
        }
        if is_set(&pod["metadata"], "deletionTimestamp") {
            if text(status, "reason") == "NodeLost" {
                summary.reason = "Unknown".into();
            } else if !matches!(text(status, "phase"), "Succeeded" | "Failed") {
                summary.reason = "Terminating".into();
            }
        }
        summary
    }

    /// Looks at the init containers. When they are all through, returns the restarts of those that keep running.
    fn initialize(&mut self, spec: &Value, status: &Value) -> Option<(i64, Option<String>)> {
        let specs = list(spec, "initContainers");
        let mut sidecar_restarts = (0, None);
        for (i, container) in list(status, "initContainerStatuses").iter().enumerate() {
            let declared = specs.iter().find(|c| c["name"] == container["name"]);
            let sidecar = declared.is_some_and(|c| text(c, "restartPolicy") == "Always");
            self.count_restarts(container);
            if sidecar {
                sidecar_restarts.0 += count(container, "restartCount");
                later(&mut sidecar_restarts.1, container);
            }
            let state = &container["state"];
            let ended = &state["terminated"];
            if ended.is_object() && count(ended, "exitCode") == 0 {
                continue;
            }
            if sidecar && flag(container, "started") {
                self.ready += usize::from(flag(container, "ready"));
                continue;
            }
            let waiting = text(&state["waiting"], "reason");
            self.reason = if ended.is_object() {
                format!("Init:{}", ending(ended))
            } else if !waiting.is_empty() && waiting != "PodInitializing" {
                format!("Init:{waiting}")
            } else {
                format!("Init:{i}/{}", specs.len())
            };
            return None;
        }
        Some(sidecar_restarts)
    }

    /// Looks at the containers, the first one last, so that it has the last word.
    fn run(&mut self, status: &Value) {
        let mut running = false;
        let mut failure = None;
        for container in list(status, "containerStatuses").iter().rev() {
            self.count_restarts(container);
            let state = &container["state"];
            let (waiting, ended) = (text(&state["waiting"], "reason"), &state["terminated"]);
            if !waiting.is_empty() {
                self.reason = waiting.into();
            } else if ended.is_object() {
                self.reason = ending(ended);
                if count(ended, "exitCode") != 0 {
                    failure = Some(self.reason.clone());
                }
            } else if flag(container, "ready") && state["running"].is_object() {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" {
            if running && condition(status, "Ready", "True") {
                self.reason = "Running".into();
            } else if let Some(failure) = failure {
                self.reason = failure;
            } else if running {
                self.reason = "NotReady".into();
            }
        }
    }

    fn count_restarts(&mut self, container: &Value) {
        self.restarts += count(container, "restartCount");
        later(&mut self.last_restart, container);
    }
}

/// Why a container ended.
fn ending(ended: &Value) -> String {
    let signal = count(ended, "signal");
    match text(ended, "reason") {
        "" if signal != 0 => format!("Signal:{signal}"),
        "" => format!("ExitCode:{}", count(ended, "exitCode")),
        reason => reason.into(),
    }
}

/// Keeps the later of two ends; timestamps of one form sort as text.
fn later(last: &mut Option<String>, container: &Value) {
    let finished = text(&container["lastState"]["terminated"], "finishedAt");
    if !finished.is_empty() && last.as_deref().is_none_or(|last| last < finished) {
        *last = Some(finished.into());
    }
}
