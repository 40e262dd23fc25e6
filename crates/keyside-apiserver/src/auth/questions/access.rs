//! Access reviews: may somebody do something, and what may I do.

use crate::auth::rbac::rule::Rule;
use crate::auth::{Attributes, Authorizer, UserInfo};
use keyside_apimachinery::status::{FieldError, Status};
use serde_json::{Map, Value, json};

const GROUP: &str = "authorization.k8s.io";

/// Fills in `status` of a `SubjectAccessReview` or one of its kin.
pub(super) fn review(
    authorizer: &Authorizer,
    asker: &UserInfo,
    kind: &str,
    namespace: &str,
    review: &mut Value,
) -> Result<(), Status> {
    let errors = validate(kind, namespace, review);
    if !errors.is_empty() {
        return Err(Status::invalid(GROUP, kind, "", &errors));
    }
    let spec = &review["spec"];
    let user = if kind == "SelfSubjectAccessReview" {
        asker.clone()
    } else {
        subject(spec)
    };
    let decision = authorizer.authorize(&attributes(user, spec));
    review["status"] = json!({"allowed": decision.allowed});
    if !decision.reason.is_empty() {
        review["status"]["reason"] = decision.reason.into();
    }
    Ok(())
}

fn validate(kind: &str, namespace: &str, review: &Value) -> Vec<FieldError> {
    let spec = &review["spec"];
    let mut errors = Vec::new();
    if spec["resourceAttributes"].is_null() == spec["nonResourceAttributes"].is_null() {
        let detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        errors.push(FieldError::invalid(
            "spec",
            spec["nonResourceAttributes"].clone(),
            detail,
        ));
    }
    let nobody = spec["user"].as_str().unwrap_or_default().is_empty()
        && spec["groups"].as_array().is_none_or(Vec::is_empty);
    if kind != "SelfSubjectAccessReview" && nobody {
        errors.push(FieldError::invalid(
            "spec.user",
            "",
            "at least one of user or group must be specified",
        ));
    }
    if kind == "LocalSubjectAccessReview" {
        let wanted = &spec["resourceAttributes"]["namespace"];
        if !spec["resourceAttributes"].is_null() && *wanted != namespace {
            let detail = "must match metadata.namespace";
            errors.push(FieldError::invalid(
                "spec.resourceAttributes.namespace",
                text(wanted),
                detail,
            ));
        }
        if !spec["nonResourceAttributes"].is_null() {
            let detail = "disallowed on this kind of request";
            errors.push(FieldError::invalid(
                "spec.nonResourceAttributes",
                spec["nonResourceAttributes"].clone(),
                detail,
            ));
        }
    }
    errors
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn subject(spec: &Value) -> UserInfo {
    let extra = spec["extra"].as_object().into_iter().flatten();
    UserInfo {
        username: text(&spec["user"]),
        uid: text(&spec["uid"]),
        groups: texts(&spec["groups"]),
        extra: extra.map(|(key, values)| (key.clone(), texts(values))).collect(),
    }
}

fn attributes(user: UserInfo, spec: &Value) -> Attributes {
    let resource = &spec["resourceAttributes"];
    if resource.is_null() {
        let path = &spec["nonResourceAttributes"];
        return Attributes {
            user,
            verb: text(&path["verb"]),
            path: text(&path["path"]),
            ..Attributes::default()
        };
    }
    Attributes {
        user,
        verb: text(&resource["verb"]),
        group: text(&resource["group"]),
        version: text(&resource["version"]),
        resource: text(&resource["resource"]),
        subresource: text(&resource["subresource"]),
        namespace: text(&resource["namespace"]),
        name: text(&resource["name"]),
        path: String::new(),
    }
}

/// Fills in `status` of a `SelfSubjectRulesReview`.
pub(super) fn rules(authorizer: &Authorizer, user: &UserInfo, review: &mut Value) -> Result<(), Status> {
    let namespace = text(&review["spec"]["namespace"]);
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let (rules, problems) = authorizer.rules_for(user, &namespace);
    let (resources, paths): (Vec<_>, Vec<_>) = rules.into_iter().partition(|rule| rule.urls.is_empty());
    review["status"] = json!({
        "resourceRules": resources.iter().map(resource_rule).collect::<Vec<_>>(),
        "nonResourceRules": paths.iter().map(|r| json!({"verbs": r.verbs, "nonResourceURLs": r.urls})).collect::<Vec<_>>(),
        "incomplete": false,
    });
    if !problems.is_empty() {
        review["status"]["evaluationError"] = problems.join(", ").into();
    }
    Ok(())
}

fn resource_rule(rule: &Rule) -> Value {
    let mut out = Map::new();
    out.insert("verbs".into(), rule.verbs.clone().into());
    out.insert("apiGroups".into(), rule.groups.clone().into());
    out.insert("resources".into(), rule.resources.clone().into());
    if !rule.names.is_empty() {
        out.insert("resourceNames".into(), rule.names.clone().into());
    }
    out.into()
}
