//! The objects, in the order in which they are written: what others need comes first.

mod access;
mod kind;
mod monitoring;
mod network;
mod workload;

pub(crate) use kind::Kind;

use super::{Chart, Release, Values};
use serde_json::{Map, Value, json};

/// Everything an installation consists of, besides its namespace.
pub(crate) fn objects(release: &Release, values: &Values) -> Vec<Value> {
    let chart = Chart::new(release, values);
    let mut objects = definitions(&chart);
    objects.extend(access::objects(&chart));
    objects.extend(network::objects(&chart));
    objects.extend(workload::objects(&chart));
    objects.extend(monitoring::objects(&chart));
    objects
}

/// The custom resource definitions, with our labels, kept on uninstallation if asked for.
fn definitions(chart: &Chart<'_>) -> Vec<Value> {
    let crds = chart
        .values
        .crds
        .enabled
        .then(keyside_api::crds::crds)
        .unwrap_or_default();
    let labelled = |crd| {
        let mut crd = serde_json::to_value(crd).expect("a definition is plain data");
        crd["metadata"]["labels"] = chart.labels("crds").into();
        if chart.values.crds.keep {
            crd["metadata"]["annotations"] = json!({"helm.sh/resource-policy": "keep"});
        }
        crd
    };
    crds.into_iter().map(labelled).collect()
}

/// Adds a field unless its value says nothing.
fn put(map: &mut Value, name: &str, value: impl Into<Value>) {
    let value = value.into();
    let says_nothing = match &value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if let (false, Some(map)) = (says_nothing, map.as_object_mut()) {
        map.insert(name.to_owned(), value);
    }
}

/// A map of texts as a JSON object.
fn texts<'a>(map: impl IntoIterator<Item = (&'a String, &'a String)>) -> Value {
    let fields = map
        .into_iter()
        .map(|(key, value)| (key.clone(), value.clone().into()));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// A file of the chart, as data.
fn parsed(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).expect("the chart's own files are YAML")
}
