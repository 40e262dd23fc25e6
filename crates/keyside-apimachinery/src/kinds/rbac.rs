//! Roles and who has them.

use super::kind::Kind;
use super::served::Group;
use crate::resource::Resource;

const RBAC: Group = Group {
    name: "rbac.authorization.k8s.io",
    version: "v1",
};

/// Resources of `/apis/rbac.authorization.k8s.io/v1`.
pub(super) fn resources() -> Vec<Resource> {
    vec![
        RBAC.cluster("ClusterRoleBinding", "clusterrolebindings", Kind::PLAIN)
            .done(),
        RBAC.cluster("ClusterRole", "clusterroles", Kind::PLAIN).done(),
        RBAC.namespaced("RoleBinding", "rolebindings", Kind::PLAIN).done(),
        RBAC.namespaced("Role", "roles", Kind::PLAIN).done(),
    ]
}
