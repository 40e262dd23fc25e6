//! What the user may do, asked of the API server in the user's name. It only decides what is offered: whatever is asked
//! for nevertheless is refused by the API server itself.

use super::call::Call;
use super::failure::Failure;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;

/// A right: verb, group, resource, and the namespace (empty: in all of them, or no namespace).
#[derive(Clone, Copy)]
pub(super) struct Right<'a> {
    pub(super) verb: &'a str,
    pub(super) group: &'a str,
    pub(super) resource: &'a str,
    pub(super) namespace: &'a str,
}

const KEYSIDE: &str = keyside_api::GROUP;

impl<'a> Right<'a> {
    /// To change credentials of a namespace, or of the cluster.
    pub(super) fn credential(verb: &'a str, namespace: Option<&'a str>) -> Self {
        let resource = match namespace {
            Some(_) => "registrycredentials",
            None => "clusterregistrycredentials",
        };
        Self {
            verb,
            group: KEYSIDE,
            resource,
            namespace: namespace.unwrap_or_default(),
        }
    }

    pub(super) fn project(verb: &'a str) -> Self {
        Self {
            verb,
            group: KEYSIDE,
            resource: "projects",
            namespace: "",
        }
    }

    pub(super) fn deployment(verb: &'a str, namespace: &'a str) -> Self {
        Self {
            verb,
            group: "apps",
            resource: "deployments",
            namespace,
        }
    }
}

/// Whether the user has the right.
pub(super) async fn may(call: &Call, right: Right<'_>) -> Result<bool, Failure> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                verb: some(right.verb),
                group: some(right.group),
                resource: some(right.resource),
                namespace: some(right.namespace),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let api: Api<SelfSubjectAccessReview> = Api::all(call.client()?);
    let answer = api.create(&PostParams::default(), &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

/// Whether the user has the right in one of these namespaces.
pub(super) async fn may_in_one(
    call: &Call,
    namespaces: &[String],
    right: impl Fn(&str) -> Right<'_>,
) -> Result<bool, Failure> {
    for namespace in namespaces {
        if may(call, right(namespace)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
