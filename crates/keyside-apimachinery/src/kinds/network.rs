//! Kinds that route traffic. Nothing here routes any: they are stored, checked and shown.

use super::kind::{Generation, Kind};
use super::served::Group;
use crate::resource::Resource;

const NETWORKING: Group = Group {
    name: "networking.k8s.io",
    version: "v1",
};
const DISCOVERY: Group = Group {
    name: "discovery.k8s.io",
    version: "v1",
};

const WITH_GENERATION: Kind = Kind {
    generation: Generation::Spec,
    ..Kind::PLAIN
};

/// Resources of `/apis/networking.k8s.io/v1`.
pub(super) fn resources() -> Vec<Resource> {
    vec![
        NETWORKING
            .cluster("IngressClass", "ingressclasses", WITH_GENERATION)
            .done(),
        NETWORKING
            .namespaced("Ingress", "ingresses", Kind::WITH_STATUS)
            .short(&["ing"])
            .status()
            .done(),
        NETWORKING
            .namespaced("NetworkPolicy", "networkpolicies", WITH_GENERATION)
            .short(&["netpol"])
            .done(),
    ]
}

/// Resources of `/apis/discovery.k8s.io/v1`.
pub(super) fn slices() -> Vec<Resource> {
    let slice = Kind {
        generation: Generation::Content,
        ..Kind::PLAIN
    };
    vec![
        DISCOVERY
            .namespaced("EndpointSlice", "endpointslices", slice)
            .done(),
    ]
}
