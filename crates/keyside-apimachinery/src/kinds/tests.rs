//! Tests over the list as a whole.

use super::builtin_resources;
use super::fixture::{NOW, resource};
use crate::resource::{Resource, Subresource};
use serde_json::{Value, json};
use std::collections::HashSet;

#[test]
fn every_resource_is_listed_once() {
    let mut seen = HashSet::new();
    for resource in builtin_resources() {
        assert!(
            seen.insert((resource.api_version(), resource.plural.clone())),
            "{} twice",
            resource.plural
        );
    }
}

#[test]
fn every_resource_has_a_shape() {
    for resource in builtin_resources() {
        let gvk = &resource.gvk;
        let shape = crate::schema::builtin(&gvk.group, &gvk.version, &gvk.kind);
        assert!(shape.is_some(), "{} {}", gvk.api_version(), gvk.kind);
    }
}

/// Objects nobody would write, but that no function may stumble over.
#[test]
fn no_kind_panics_over_an_empty_or_crooked_object() {
    let crooked = json!({
        "metadata": {"labels": [], "annotations": 1}, "spec": {"template": [], "containers": {}, "ports": 1},
        "status": 3, "data": [], "rules": {}, "webhooks": [null, 1], "subjects": [[]],
    });
    let nested = json!({
        "spec": {
            "containers": [null, {"env": [null], "ports": [1], "volumeMounts": [[]], "resources": 1}],
            "volumes": [{"name": 1, "projected": {"sources": [1, {"secret": 1}]}}],
            "template": {"spec": {"containers": [1], "tolerations": [null]}}, "jobTemplate": {"spec": 1},
            "ports": [null], "rules": [1], "taints": [1], "selector": [], "strategy": 1, "updateStrategy": [],
        },
        "status": {"conditions": [1], "containerStatuses": [null], "addresses": [1], "capacity": [], "hard": 1},
    });
    for resource in builtin_resources() {
        for object in [json!({}), crooked.clone(), nested.clone()] {
            exercise(&resource, object);
        }
    }
}

fn exercise(resource: &Resource, object: Value) {
    let context = |subresource: &str| crate::resource::WriteContext {
        subresource: subresource.into(),
        now: NOW.into(),
        ..Default::default()
    };
    let behaviour = &resource.behaviour;
    let mut new = object.clone();
    behaviour.default(&mut new);
    behaviour.prepare_create(&mut new, &context(""));
    behaviour.validate_create(&new, &context(""));
    behaviour.warnings(&new, None);
    assert_eq!(
        behaviour.cells(&new, NOW).len(),
        behaviour.columns().len(),
        "{}",
        resource.plural
    );
    for subresource in ["", "status", "finalize", "ephemeralcontainers", "resize"] {
        let mut updated = object.clone();
        behaviour.prepare_update(&mut updated, &new, &context(subresource));
        behaviour.validate_update(&updated, &new, &context(subresource));
        behaviour.warnings(&updated, Some(&new));
        behaviour.generation_counts(&updated, &new);
    }
    behaviour.grace_period(&new);
    let fields: Vec<String> = behaviour
        .selectable_fields(&new)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(fields, behaviour.selectable_field_names(), "{}", resource.plural);
}

#[test]
fn defaulting_twice_changes_nothing() {
    for resource in builtin_resources() {
        let mut object = json!({
            "metadata": {"name": "a", "labels": {"l": "1"}},
            "spec": {"template": {"metadata": {"labels": {"l": "1"}}, "spec": {"containers": [{"image": "a"}]}},
                "containers": [{"image": "a", "resources": {"limits": {"cpu": 1}}}], "ports": [{"port": 80}],
                "limits": [{"type": "Container", "max": {"cpu": "1000m"}}]},
            "stringData": {"a": "b"}, "webhooks": [{}], "status": {"capacity": {"cpu": "0.5"}},
        });
        resource.behaviour.default(&mut object);
        let once = object.clone();
        resource.behaviour.default(&mut object);
        assert_eq!(object, once, "{}", resource.plural);
    }
}

#[test]
fn names_verbs_and_subresources_are_those_of_discovery() {
    let described = |group: &str, plural: &str| {
        let resource = resource(group, plural);
        let subresources: Vec<&str> = resource
            .subresources
            .iter()
            .map(|subresource| match subresource {
                Subresource::Status => "status",
                Subresource::Scale { .. } => "scale",
                Subresource::Special { name, .. } => name,
            })
            .collect();
        format!(
            "{} {} [{}] [{}] {} {}",
            resource.gvk.kind,
            resource.singular,
            resource.short_names.join(","),
            resource.categories.join(","),
            resource.verbs.len(),
            subresources.join(",")
        )
    };
    assert_eq!(
        described("", "pods"),
        "Pod pod [po] [all] 8 attach,binding,ephemeralcontainers,eviction,exec,log,portforward,resize,status"
    );
    assert_eq!(
        described("", "namespaces"),
        "Namespace namespace [ns] [] 7 finalize,status"
    );
    assert_eq!(
        described("apps", "deployments"),
        "Deployment deployment [deploy] [all] 8 scale,status"
    );
    assert_eq!(
        described("authentication.k8s.io", "tokenreviews"),
        "TokenReview tokenreview [] [] 1 "
    );
}

#[test]
fn a_status_is_written_by_its_subresource_alone() {
    let deployment = resource("apps", "deployments");
    let old = json!({"spec": {"replicas": 1}, "status": {"replicas": 1}, "metadata": {"labels": {"a": "1"}}});
    let new = json!({"spec": {"replicas": 2}, "status": {"replicas": 2}, "metadata": {"labels": {"a": "2"}}});
    let update = |subresource: &str| {
        let mut updated = new.clone();
        let context = crate::resource::WriteContext {
            subresource: subresource.into(),
            ..Default::default()
        };
        deployment.behaviour.prepare_update(&mut updated, &old, &context);
        updated
    };
    assert_eq!(
        update(""),
        json!({"spec": {"replicas": 2}, "status": {"replicas": 1}, "metadata": {"labels": {"a": "2"}}})
    );
    assert_eq!(
        update("status"),
        json!({"spec": {"replicas": 1}, "status": {"replicas": 2}, "metadata": {"labels": {"a": "1"}}})
    );
}

#[test]
fn a_generation_follows_what_is_wanted() {
    let counts = |group: &str, plural: &str, new: Value, old: Value| {
        resource(group, plural).behaviour.generation_counts(&new, &old)
    };
    let spec = |n: i64| json!({"spec": {"replicas": n}, "status": {"replicas": n}});
    assert!(counts("apps", "replicasets", spec(1), spec(2)));
    assert!(!counts(
        "apps",
        "replicasets",
        json!({"status": {"replicas": 1}}),
        json!({})
    ));
    let annotated = json!({"metadata": {"annotations": {"a": "b"}}});
    assert!(counts("apps", "deployments", annotated.clone(), json!({})));
    assert!(!counts("apps", "replicasets", annotated, json!({})));
    assert!(!resource("", "configmaps").behaviour.has_generation());
    let webhooks = "mutatingwebhookconfigurations";
    assert!(counts(
        "admissionregistration.k8s.io",
        webhooks,
        json!({"webhooks": [1]}),
        json!({})
    ));
}

#[test]
fn jobs_leave_their_pods_behind_by_default() {
    assert!(resource("batch", "jobs").behaviour.orphans_by_default());
    assert!(!resource("apps", "deployments").behaviour.orphans_by_default());
}
