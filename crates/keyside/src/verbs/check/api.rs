//! The API server: is it there, is it new enough, and what may this user do.

use super::outcome::{Category, Grade, Outcome, Problem};
use super::words::Said;
use crate::failure::Failure;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use keyside_core::page::Reason;
use kube::api::PostParams;
use kube::{Api, Client};

/// The oldest minor version that is supported.
const OLDEST: u32 = 28;

/// What is looked at needs these rights; and what is installed, these.
const TO_LOOK: &[(&str, &str, &str)] = &[
    ("list", "", "secrets"),
    ("list", "", "pods"),
    ("list", "", "namespaces"),
];
/// For one namespace, the rights in it are enough.
const TO_LOOK_INSIDE: &[(&str, &str, &str)] = &[("list", "", "secrets"), ("list", "", "pods")];
const TO_INSTALL: &[(&str, &str, &str)] = &[
    ("create", "apiextensions.k8s.io", "customresourcedefinitions"),
    ("create", "", "namespaces"),
    ("create", "rbac.authorization.k8s.io", "clusterroles"),
    (
        "create",
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
    ),
];

pub(super) async fn category(
    client: &Client,
    pre: bool,
    namespace: Option<&str>,
) -> Result<Category, Failure> {
    let reach = Outcome::begin("api-reachable", "the API server answers");
    // Without an API server there is nothing to check: that is no failed check, but no check at all.
    let version = client.apiserver_version().await?;
    let reach = reach.end(Grade::Error, Reason::Unreachable, Vec::new());
    let age = Outcome::begin("api-version", "the API server is new enough");
    let minor: u32 = version.minor.trim_end_matches('+').parse().unwrap_or(OLDEST);
    let old = (minor < OLDEST).then(|| Problem {
        object: "apiserver".to_owned(),
        message: Said::TooOld {
            version: version.git_version.clone(),
            oldest: OLDEST,
        },
        fix: None,
    });
    let age = age.end(Grade::Error, Reason::TooOld, old.into_iter().collect());
    let rights = match (pre, namespace) {
        (true, _) => TO_INSTALL,
        (false, None) => TO_LOOK,
        (false, Some(_)) => TO_LOOK_INSIDE,
    };
    let namespace = namespace.filter(|_| !pre);
    let mut checks = vec![reach, age];
    checks.push(permissions(client, rights, pre, namespace).await?);
    Ok(Category {
        name: "kubernetes",
        checks,
    })
}

async fn permissions(
    client: &Client,
    rights: &[(&str, &str, &str)],
    pre: bool,
    namespace: Option<&str>,
) -> Result<Outcome, Failure> {
    let place = namespace.map_or_else(|| "-A".to_owned(), |namespace| format!("-n {namespace}"));
    let outcome = Outcome::begin("permissions", "this user may do what is needed");
    let mut missing = Vec::new();
    for (verb, group, resource) in rights {
        if !may(client, namespace, (verb, group, resource)).await? {
            missing.push(Problem {
                object: (*resource).to_owned(),
                message: Said::MayNot {
                    verb: (*verb).to_owned(),
                    resource: (*resource).to_owned(),
                },
                fix: Some(format!("kubectl auth can-i {verb} {resource} {place}")),
            });
        }
    }
    // Who may see less is told less: only an installation needs all of it.
    let grade = if pre { Grade::Error } else { Grade::Warning };
    Ok(outcome.end(grade, Reason::Forbidden, missing))
}

async fn may(
    client: &Client,
    namespace: Option<&str>,
    (verb, group, resource): (&str, &str, &str),
) -> Result<bool, Failure> {
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                verb: Some(verb.to_owned()),
                group: Some(group.to_owned()),
                resource: Some(resource.to_owned()),
                namespace: namespace.map(str::to_owned),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let api: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let answer = api.create(&PostParams::default(), &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
