//! Webhook configurations.

use super::kind::{Generation, Kind};
use super::served::Group;
use crate::resource::Resource;

const ADMISSION: Group = Group {
    name: "admissionregistration.k8s.io",
    version: "v1",
};
const WEBHOOKS: Kind = Kind {
    generation: Generation::Content,
    ..Kind::PLAIN
};

/// Resources of `/apis/admissionregistration.k8s.io/v1`.
pub(super) fn resources() -> Vec<Resource> {
    vec![
        ADMISSION
            .cluster(
                "MutatingWebhookConfiguration",
                "mutatingwebhookconfigurations",
                WEBHOOKS,
            )
            .category("api-extensions")
            .done(),
        ADMISSION
            .cluster(
                "ValidatingWebhookConfiguration",
                "validatingwebhookconfigurations",
                WEBHOOKS,
            )
            .category("api-extensions")
            .done(),
    ]
}
