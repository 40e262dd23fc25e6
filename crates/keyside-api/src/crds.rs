//! The `CustomResourceDefinition`s of all kinds, derived from the Rust types.

use crate::{ClusterRegistryCredential, InjectionTable, Project, RegistryCredential};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::Value;

/// The `CustomResourceDefinition`s of all kinds, in the order in which they are documented.
pub fn crds() -> Vec<CustomResourceDefinition> {
    [
        Project::crd(),
        RegistryCredential::crd(),
        ClusterRegistryCredential::crd(),
        InjectionTable::crd(),
    ]
    .iter()
    .map(polish)
    .collect()
}

/// The same as YAML documents, as `keyside crds` prints them and the chart installs them.
pub fn yaml() -> String {
    crds()
        .iter()
        .map(|crd| {
            format!(
                "---\n{}",
                serde_saphyr::to_string(crd).expect("a definition is plain data")
            )
        })
        .collect()
}

/// What the derive cannot say. Texts lose the line breaks of the source, which `kubectl explain` would keep; and no
/// field takes an explicit null, because `has(self.field)` in a rule would count it as given.
fn polish(crd: &CustomResourceDefinition) -> CustomResourceDefinition {
    let mut value = serde_json::to_value(crd).expect("a definition is plain data");
    for version in value["spec"]["versions"].as_array_mut().into_iter().flatten() {
        polish_schema(&mut version["schema"]["openAPIV3Schema"]);
    }
    serde_json::from_value(value).expect("the definition keeps its form")
}

fn polish_schema(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    map.remove("nullable");
    if let Some(Value::String(text)) = map.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    for child in map
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(|map| map.values_mut())
    {
        polish_schema(child);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(child) = map.get_mut(key) {
            polish_schema(child);
        }
    }
}

#[cfg(test)]
mod tests;
