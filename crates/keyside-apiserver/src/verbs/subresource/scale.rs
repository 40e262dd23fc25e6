//! `scale`: the wanted number of a workload as an `autoscaling/v1 Scale` of its own.

use crate::body;
use crate::call::Call;
use crate::handle::not_allowed;
use crate::present::{self, Product};
use crate::reply::Reply;
use crate::server::Body;
use crate::verbs::decode;
use crate::verbs::options::WriteOptions;
use crate::verbs::write::{self, Change};
use http::StatusCode;
use keyside_apimachinery::meta;
use keyside_apimachinery::patch;
use keyside_apimachinery::status::{FieldError, Status};
use serde_json::{Map, Value, json};

/// Where in the object the numbers are (`.spec.replicas`).
pub(super) struct Paths {
    pub(super) spec_replicas: String,
    pub(super) status_replicas: String,
    pub(super) label_selector: Option<String>,
}

/// Reads or writes the number.
pub(super) async fn answer(call: &Call, paths: &Paths, verb: &str, body: Body) -> Result<Reply, Status> {
    match verb {
        "get" => {
            let entry = call.core.store.get(&call.key()).ok_or_else(|| call.not_found())?;
            let object = present::value(&call.served, &entry.value);
            Ok(Reply::value(StatusCode::OK, scale(&object, paths)))
        }
        "update" | "patch" => change(call, paths, verb, body).await,
        _ => Err(not_allowed()),
    }
}

async fn change(call: &Call, paths: &Paths, verb: &str, body: Body) -> Result<Reply, Status> {
    let media = call.content_type();
    let apply = media == "application/apply-patch+yaml";
    let kind = if verb == "update" {
        "UpdateOptions"
    } else {
        "PatchOptions"
    };
    let options = WriteOptions::parse(&call.query, kind, apply)?;
    let body = body::read(body).await?;
    let format = if verb == "update" {
        decode::format(&media)?
    } else if apply {
        keyside_apimachinery::decode::Format::Yaml
    } else {
        keyside_apimachinery::decode::Format::Json
    };
    let parsed = keyside_apimachinery::decode::parse(&body, format)
        .map_err(|error| Status::bad_request(format!("error decoding scale: {error}")))?;
    let source = |live: Option<&Value>| {
        let live = live.ok_or_else(|| call.not_found())?;
        let before = scale(live, paths);
        let after = match (verb, media.as_str()) {
            ("update", _) => parsed.value.clone(),
            (_, "application/json-patch+json") => {
                patch::json(&before, &parsed.value).map_err(|error| error.status())?
            }
            (
                _,
                "application/merge-patch+json"
                | "application/strategic-merge-patch+json"
                | "application/apply-patch+yaml",
            ) => patch::merge(&before, &parsed.value),
            _ => {
                let accepted = [
                    "application/json-patch+json",
                    "application/merge-patch+json",
                    "application/apply-patch+yaml",
                ];
                return Err(decode::unsupported(&accepted));
            }
        };
        scaled(live, &after, &call.name, paths)
    };
    let change = Change {
        source: &source,
        options: &options,
        may_create: false,
        tracked: false,
        patches: verb == "patch",
    };
    let (product, _) = write::change(call, &change).await?;
    let object = match &product {
        Product::Stored(entry) => present::value(&call.served, &entry.value),
        Product::Draft(object) => object.clone(),
    };
    Ok(Reply::value(StatusCode::OK, scale(&object, paths)))
}

/// The object with the number of a `Scale`.
fn scaled(live: &Value, scale: &Value, name: &str, paths: &Paths) -> Result<Value, Status> {
    let invalid = |error: FieldError| Status::invalid("autoscaling", "Scale", name, &[error]);
    let replicas = match &scale["spec"]["replicas"] {
        Value::Null => 0,
        value => value.as_i64().ok_or_else(|| {
            Status::bad_request(
                "Scale in version \"v1\" cannot be handled as a Scale: spec.replicas must be an integer",
            )
        })?,
    };
    if replicas < 0 {
        let detail = "must be greater than or equal to 0";
        return Err(invalid(FieldError::invalid("spec.replicas", replicas, detail)));
    }
    let mut object = live.clone();
    set(&mut object, &paths.spec_replicas, replicas.into());
    let version = meta::resource_version(scale).to_owned();
    meta::set(&mut object, "resourceVersion", version);
    if meta::resource_version(&object).is_empty() {
        meta::set(&mut object, "resourceVersion", meta::resource_version(live));
    }
    if !meta::uid(scale).is_empty() {
        meta::set(&mut object, "uid", meta::uid(scale));
    }
    Ok(object)
}

/// The `Scale` of an object.
fn scale(object: &Value, paths: &Paths) -> Value {
    let mut metadata = Map::new();
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if !meta::string(object, field).is_empty() {
            metadata.insert(field.to_owned(), meta::string(object, field).into());
        }
    }
    let number = |path: &str| get(object, path).and_then(Value::as_i64).unwrap_or(0);
    let mut spec = json!({});
    if number(&paths.spec_replicas) != 0 {
        spec["replicas"] = number(&paths.spec_replicas).into();
    }
    let mut status = json!({"replicas": number(&paths.status_replicas)});
    if let Some(selector) = paths
        .label_selector
        .as_deref()
        .and_then(|path| selector(get(object, path)?))
    {
        status["selector"] = selector.into();
    }
    json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status})
}

/// A selector as text. Built-in workloads keep it as an object, replication controllers as a map, custom kinds as text.
fn selector(value: &Value) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let fields = value.as_object()?;
    let structured = fields.contains_key("matchLabels") || fields.contains_key("matchExpressions");
    let labels = if structured {
        value["matchLabels"].as_object()
    } else {
        Some(fields)
    };
    let mut parts: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    for expression in value["matchExpressions"].as_array().into_iter().flatten() {
        let key = expression["key"].as_str().unwrap_or_default();
        let mut values: Vec<&str> = expression["values"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        values.sort_unstable();
        parts.push(match expression["operator"].as_str().unwrap_or_default() {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    parts.sort();
    Some(parts.join(","))
}

fn get<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .filter(|part| !part.is_empty())
        .try_fold(object, |at, part| at.get(part))
}

fn set(object: &mut Value, path: &str, value: Value) {
    let mut at = object;
    for part in path.split('.').filter(|part| !part.is_empty()) {
        if !at.is_object() {
            *at = json!({});
        }
        at = &mut at[part];
    }
    *at = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths() -> Paths {
        Paths {
            spec_replicas: ".spec.replicas".into(),
            status_replicas: ".status.replicas".into(),
            label_selector: Some(".spec.selector".into()),
        }
    }

    #[test]
    fn a_workload_is_seen_as_a_scale() {
        let object = json!({
            "metadata": {"name": "web", "namespace": "a", "uid": "u", "resourceVersion": "7", "labels": {"x": "y"}},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"b": "2", "a": "1"},
                "matchExpressions": [{"key": "c", "operator": "In", "values": ["z", "y"]}]}},
            "status": {"replicas": 2},
        });
        let expected = json!({
            "kind": "Scale", "apiVersion": "autoscaling/v1",
            "metadata": {"name": "web", "namespace": "a", "uid": "u", "resourceVersion": "7"},
            "spec": {"replicas": 3}, "status": {"replicas": 2, "selector": "a=1,b=2,c in (y,z)"},
        });
        assert_eq!(scale(&object, &paths()), expected);
    }

    #[test]
    fn a_negative_number_is_refused_in_kubernetes_words() {
        let live = json!({"metadata": {"name": "web"}, "spec": {"replicas": 1}});
        let status = scaled(&live, &json!({"spec": {"replicas": -1}}), "web", &paths()).unwrap_err();
        assert_eq!(
            status.message,
            r#"Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"#
        );
    }
}
