//! Leases, and events in their newer form (the same objects as the core group's).

use super::core::event::NEW_EVENT;
use super::kind::Kind;
use super::served::Group;
use crate::resource::Resource;

const EVENTS: Group = Group {
    name: "events.k8s.io",
    version: "v1",
};
const COORDINATION: Group = Group {
    name: "coordination.k8s.io",
    version: "v1",
};

/// Resources of `/apis/events.k8s.io/v1`.
pub(super) fn events() -> Vec<Resource> {
    vec![
        EVENTS
            .namespaced("Event", "events", NEW_EVENT)
            .short(&["ev"])
            .stored_under("")
            .done(),
    ]
}

/// Resources of `/apis/coordination.k8s.io/v1`.
pub(super) fn leases() -> Vec<Resource> {
    vec![COORDINATION.namespaced("Lease", "leases", Kind::PLAIN).done()]
}
