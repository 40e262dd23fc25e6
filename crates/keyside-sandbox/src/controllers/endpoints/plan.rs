//! The endpoints of a service, computed from its pods.

use super::super::ownership::controller_of;
use crate::pod;
use crate::selector;
use k8s_openapi::api::core::v1::{
    EndpointAddress, EndpointPort, EndpointSubset, Endpoints, ObjectReference, Pod, Service, ServicePort,
};
use k8s_openapi::api::discovery::v1::{
    Endpoint, EndpointConditions, EndpointPort as SlicePort, EndpointSlice,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;
use std::collections::BTreeMap;
use std::sync::Arc;

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const SLICE_MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const US: &str = "endpoint-controller";
const SLICES_US: &str = "endpointslice-controller.k8s.io";
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// What of a pod matters to services.
pub(super) type Relevant = (Option<BTreeMap<String, String>>, Option<String>, bool, bool, bool);

pub(super) fn relevant(pod: &Pod) -> Relevant {
    let ip = pod.status.as_ref().and_then(|status| status.pod_ip.clone());
    (
        pod.metadata.labels.clone(),
        ip,
        pod::is_ready(pod),
        pod::is_deleting(pod),
        pod::is_finished(pod),
    )
}

/// Whether the endpoints were made here.
pub(super) fn is_ours(endpoints: &Endpoints) -> bool {
    endpoints
        .metadata
        .labels
        .as_ref()
        .and_then(|labels| labels.get(MANAGED_BY))
        .is_some_and(|by| by == US)
}

pub(super) fn has_endpoints(service: &Service) -> bool {
    let Some(spec) = &service.spec else { return false };
    let has_selector = spec
        .selector
        .as_ref()
        .is_some_and(|selector| !selector.is_empty());
    has_selector && spec.type_.as_deref() != Some("ExternalName")
}

pub(super) fn plan(service: &Service, pods: &[Arc<Pod>]) -> (Endpoints, EndpointSlice) {
    let spec = service.spec.clone().unwrap_or_default();
    let selector = spec.selector.unwrap_or_default();
    let selected = pods.iter().filter(|pod| {
        selector::matches_map(&selector, pod.metadata.labels.as_ref())
            && pod::is_active(pod)
            && ip(pod).is_some()
    });
    let selected: Vec<&Arc<Pod>> = selected.collect();
    let eager = spec.publish_not_ready_addresses == Some(true);
    let ports: Vec<_> = spec
        .ports
        .iter()
        .flatten()
        .filter_map(|port| Some((port, number(port, &selected)?)))
        .collect();
    (
        endpoints(service, &selected, &ports, eager),
        slice(service, &selected, &ports, eager),
    )
}

type Ports<'a> = [(&'a ServicePort, i32)];

fn endpoints(service: &Service, pods: &[&Arc<Pod>], ports: &Ports<'_>, eager: bool) -> Endpoints {
    let (ready, unready): (Vec<_>, Vec<_>) = pods.iter().partition(|pod| eager || pod::is_ready(pod));
    let addresses = |pods: Vec<&&Arc<Pod>>| {
        let list: Vec<_> = pods.into_iter().map(|pod| address(pod)).collect();
        (!list.is_empty()).then_some(list)
    };
    let port = |(port, number): &(&ServicePort, i32)| EndpointPort {
        name: port.name.clone(),
        port: *number,
        protocol: port.protocol.clone(),
        app_protocol: port.app_protocol.clone(),
    };
    let subset = EndpointSubset {
        addresses: addresses(ready),
        not_ready_addresses: addresses(unready),
        ports: Some(ports.iter().map(port).collect()),
    };
    Endpoints {
        metadata: ObjectMeta {
            name: service.metadata.name.clone(),
            namespace: service.metadata.namespace.clone(),
            labels: Some(labels(service, MANAGED_BY, US)),
            ..ObjectMeta::default()
        },
        subsets: (!pods.is_empty()).then(|| vec![subset]),
    }
}

fn slice(service: &Service, pods: &[&Arc<Pod>], ports: &Ports<'_>, eager: bool) -> EndpointSlice {
    let endpoint = |pod: &&Arc<Pod>| Endpoint {
        addresses: ip(pod).into_iter().collect(),
        conditions: Some(EndpointConditions {
            ready: Some(eager || pod::is_ready(pod)),
            serving: Some(pod::is_ready(pod)),
            terminating: Some(false),
        }),
        node_name: pod::node(pod).map(str::to_owned),
        target_ref: Some(target(pod)),
        ..Endpoint::default()
    };
    let port = |(port, number): &(&ServicePort, i32)| SlicePort {
        name: Some(port.name.clone().unwrap_or_default()),
        port: Some(*number),
        protocol: port.protocol.clone(),
        app_protocol: port.app_protocol.clone(),
    };
    let mut labels = labels(service, SLICE_MANAGED_BY, SLICES_US);
    labels.insert(SERVICE_NAME.to_owned(), service.name_any());
    EndpointSlice {
        metadata: ObjectMeta {
            name: Some(format!("{}-pods", service.name_any())),
            namespace: service.metadata.namespace.clone(),
            labels: Some(labels),
            owner_references: Some(vec![controller_of(service)]),
            ..ObjectMeta::default()
        },
        address_type: "IPv4".to_owned(),
        endpoints: pods.iter().map(endpoint).collect(),
        ports: Some(ports.iter().map(port).collect()),
    }
}

fn labels(service: &Service, managed_by: &str, us: &str) -> BTreeMap<String, String> {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    labels.insert(managed_by.to_owned(), us.to_owned());
    if service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_deref()) == Some("None") {
        labels.insert("service.kubernetes.io/headless".to_owned(), String::new());
    }
    labels
}

fn ip(pod: &Pod) -> Option<String> {
    pod.status.as_ref()?.pod_ip.clone().filter(|ip| !ip.is_empty())
}

fn address(pod: &Pod) -> EndpointAddress {
    EndpointAddress {
        ip: ip(pod).unwrap_or_default(),
        hostname: None,
        node_name: pod::node(pod).map(str::to_owned),
        target_ref: Some(target(pod)),
    }
}

fn target(pod: &Pod) -> ObjectReference {
    ObjectReference {
        kind: Some("Pod".to_owned()),
        namespace: pod.namespace(),
        name: pod.metadata.name.clone(),
        uid: pod.uid(),
        ..ObjectReference::default()
    }
}

/// The port of the pods that a port of the service means. A name is looked up in the first pod that has it.
fn number(port: &ServicePort, pods: &[&Arc<Pod>]) -> Option<i32> {
    let name = match &port.target_port {
        None | Some(IntOrString::Int(0)) => return Some(port.port),
        Some(IntOrString::Int(number)) => return Some(*number),
        Some(IntOrString::String(name)) => name,
    };
    let containers = pods
        .iter()
        .flat_map(|pod| pod.spec.iter().flat_map(|spec| &spec.containers));
    let mut listed = containers.flat_map(|container| container.ports.iter().flatten());
    let found = listed.find(|one| one.name.as_ref() == Some(name) && one.protocol == port.protocol);
    found.map(|one| one.container_port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service(spec: serde_json::Value) -> Service {
        serde_json::from_value(
            json!({ "metadata": { "name": "web", "namespace": "ns", "uid": "u" }, "spec": spec }),
        )
        .unwrap()
    }

    fn pod(name: &str, ip: &str, ready: &str) -> Arc<Pod> {
        let value = json!({
            "metadata": { "name": name, "namespace": "ns", "labels": { "app": "web" } },
            "spec": { "nodeName": "n", "containers": [{ "name": "a", "ports": [{ "name": "http", "containerPort": 8080, "protocol": "TCP" }] }] },
            "status": { "podIP": ip, "phase": "Running", "conditions": [{ "type": "Ready", "status": ready }] },
        });
        Arc::new(serde_json::from_value(value).unwrap())
    }

    #[test]
    fn ready_and_unready_pods_are_told_apart() {
        let service = service(
            json!({ "selector": { "app": "web" }, "ports": [{ "port": 80, "targetPort": "http", "protocol": "TCP" }] }),
        );
        let (endpoints, slice) = plan(
            &service,
            &[
                pod("a", "198.18.0.1", "True"),
                pod("b", "198.18.0.2", "False"),
                pod("c", "", "True"),
            ],
        );
        let subset = &endpoints.subsets.unwrap()[0];
        assert_eq!(subset.addresses.as_ref().unwrap()[0].ip, "198.18.0.1");
        assert_eq!(subset.not_ready_addresses.as_ref().unwrap()[0].ip, "198.18.0.2");
        assert_eq!(subset.ports.as_ref().unwrap()[0].port, 8080);
        let ready: Vec<_> = slice
            .endpoints
            .iter()
            .map(|one| one.conditions.as_ref().unwrap().ready)
            .collect();
        assert_eq!(ready, [Some(true), Some(false)]);
    }

    #[test]
    fn services_without_selector_are_somebody_elses() {
        assert!(!has_endpoints(&service(json!({ "ports": [] }))));
        assert!(!has_endpoints(&service(
            json!({ "type": "ExternalName", "selector": { "a": "b" } })
        )));
        assert!(has_endpoints(&service(json!({ "selector": { "a": "b" } }))));
    }
}
