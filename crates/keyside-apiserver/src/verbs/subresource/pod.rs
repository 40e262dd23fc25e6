//! Commands to pods: bind one to a node, evict it, and honest refusals where a container would have to run.

use crate::admission::Operation;
use crate::body;
use crate::call::Call;
use crate::present;
use crate::reply::Reply;
use crate::server::Body;
use crate::verbs::delete::{self, DeleteOptions, success};
use crate::verbs::options::WriteOptions;
use crate::verbs::{decode, guard, write};
use http::StatusCode;
use keyside_apimachinery::meta;
use keyside_apimachinery::status::{FieldError, Status};
use serde_json::{Value, json};
use std::sync::Arc;

/// `POST pods/{name}/binding`.
pub(super) async fn binding(call: &Call, body: Body) -> Result<Reply, Status> {
    let options = WriteOptions::parse(&call.query, "CreateOptions", false)?;
    let (binding, _) = decode::document(call, &body::read(body).await?)?;
    let pods = call.about(Arc::clone(&call.served), &call.namespace, &call.name, "binding");
    assign(&pods, &binding, &options).await
}

/// `POST bindings`, the older form: the binding's name is the pod's.
pub(crate) async fn bind(call: &Call, binding: Value, options: &WriteOptions) -> Result<Reply, Status> {
    guard::namespace(call, &binding)?;
    let served = call
        .core
        .catalog
        .find("", "v1", "pods")
        .ok_or_else(crate::handle::unknown)?;
    let pods = call.about(served, &call.namespace, &call.name, "binding");
    assign(&pods, &binding, options).await
}

/// Writes the node's name into a pod that has none, with the condition the scheduler owes.
async fn assign(call: &Call, binding: &Value, options: &WriteOptions) -> Result<Reply, Status> {
    let name = &call.name;
    let node = binding["target"]["name"].as_str().unwrap_or_default().to_owned();
    let kind = binding["target"]["kind"].as_str().unwrap_or_default();
    let mut errors = Vec::new();
    if !matches!(kind, "" | "Node") {
        errors.push(FieldError::not_supported("target.kind", kind, &["Node", ""]));
    }
    if node.is_empty() {
        errors.push(FieldError::required("target.name", ""));
    }
    if !errors.is_empty() {
        return Err(Status::invalid("", "Binding", name, &errors));
    }
    let mut binding = binding.clone();
    let request = call.admission(Operation::Create, name, options);
    call.warnings
        .add(call.core.admission.mutate(&request, &mut binding, None).await?);
    call.warnings
        .add(call.core.admission.validate(&request, &binding, None).await?);
    write::command(call, options, &|pod| place(call, pod, &binding, &node)).await?;
    let body =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(Reply::value(StatusCode::CREATED, body))
}

/// Writes the node into a pod that has none.
fn place(call: &Call, pod: &mut Value, binding: &Value, node: &str) -> Result<(), Status> {
    let name = &call.name;
    let conflict = |detail: String| Status::conflict("", "pods/binding", name, &detail);
    let (uid, found) = (meta::uid(binding), meta::uid(pod));
    if !uid.is_empty() && uid != found {
        return Err(conflict(format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {found}"
        )));
    }
    if meta::deletion_timestamp(pod).is_some() {
        return Err(conflict(format!(
            "pod {name} is being deleted, cannot be assigned to a host"
        )));
    }
    if let Some(found) = pod["spec"]["nodeName"].as_str().filter(|found| !found.is_empty()) {
        return Err(conflict(format!(
            "pod {name} is already assigned to node {found:?}"
        )));
    }
    pod["spec"]["nodeName"] = node.into();
    for (key, value) in meta::annotations(binding).into_iter().flatten() {
        pod["metadata"]["annotations"][key] = value.clone();
    }
    scheduled(pod, &call.now);
    Ok(())
}

/// `PodScheduled: True`.
fn scheduled(pod: &mut Value, now: &str) {
    let condition = json!({
        "type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now,
    });
    if !pod["status"]["conditions"].is_array() {
        pod["status"]["conditions"] = json!([]);
    }
    if let Some(conditions) = pod["status"]["conditions"].as_array_mut() {
        conditions.retain(|condition| condition["type"] != "PodScheduled");
        conditions.push(condition);
    }
}

/// `POST pods/{name}/eviction`: a deletion that asks disruption budgets first.
pub(super) async fn evict(call: &Call, body: Body) -> Result<Reply, Status> {
    let options = WriteOptions::parse(&call.query, "CreateOptions", false)?;
    let (eviction, _) = decode::document(call, &body::read(body).await?)?;
    let found = meta::name(&eviction);
    if !found.is_empty() && found != call.name {
        return Err(Status::bad_request(
            "name in URL does not match name in Eviction object",
        ));
    }
    let entry = call.core.store.get(&call.key()).ok_or_else(|| call.not_found())?;
    let pod = present::value(&call.served, &entry.value);
    if let Some(budget) = exhausted_budget(call, &pod) {
        let mut status = Status::new(
            429,
            "TooManyRequests",
            "Cannot evict pod as it would violate the pod's disruption budget.",
        );
        let message = format!("The disruption budget {budget} does not allow evicting pods currently");
        status.details = json!({"causes": [{"reason": "DisruptionBudget", "message": message}]});
        return Err(status);
    }
    let asked = eviction["deleteOptions"].to_string();
    let asked = if eviction["deleteOptions"].is_object() {
        asked.into_bytes()
    } else {
        Vec::new()
    };
    let mut delete_options = DeleteOptions::read(call, &asked)?;
    delete_options.dry_run |= options.dry_run;
    let pods = call.about(Arc::clone(&call.served), &call.namespace, &call.name, "");
    delete::one(&pods, &delete_options).await?;
    let mut body = success(&Value::Null);
    body["code"] = 201.into();
    if let Some(fields) = body.as_object_mut() {
        fields.shift_remove("details");
    }
    Ok(Reply::value(StatusCode::CREATED, body))
}

/// The name of a disruption budget that covers the pod and allows no disruption now.
fn exhausted_budget(call: &Call, pod: &Value) -> Option<String> {
    use crate::store::Range;
    use keyside_apimachinery::select::LabelSelector;
    let finished = matches!(
        pod["status"]["phase"].as_str(),
        Some("Succeeded" | "Failed" | "Pending")
    );
    if finished || meta::deletion_timestamp(pod).is_some() {
        return None;
    }
    let range = Range::new("policy", "poddisruptionbudgets", Some(&call.namespace));
    let budgets = call
        .core
        .store
        .list(&range)
        .entries
        .into_iter()
        .map(|(_, entry)| entry.object());
    budgets.into_iter().find_map(|budget| {
        let selector = LabelSelector::from_object(&budget["spec"]["selector"]).ok()?;
        let allowed = budget["status"]["disruptionsAllowed"].as_i64().unwrap_or(0);
        let covers = selector.matches(meta::labels(pod));
        (covers && allowed <= 0).then(|| meta::name(&budget).to_owned())
    })
}

/// Logs, exec, attach, port-forward: there is no container to reach.
pub(super) fn refuse(call: &Call, what: &str) -> Result<Reply, Status> {
    let entry = call.core.store.get(&call.key()).ok_or_else(|| call.not_found())?;
    let pod = entry.object();
    let node = pod["spec"]["nodeName"].as_str().unwrap_or_default();
    let name = &call.name;
    if node.is_empty() {
        return Err(Status::bad_request(format!(
            "pod {name} does not have a host assigned"
        )));
    }
    let wish = match what {
        "log" => "there are no logs",
        "exec" => "nothing can be executed in them",
        "attach" => "there is nothing to attach to",
        _ => "no port can be forwarded",
    };
    let message = format!("node {node:?} pulls images but does not run containers, so {wish} (pod {name:?})");
    Err(Status::new(501, "NotImplemented", message))
}
