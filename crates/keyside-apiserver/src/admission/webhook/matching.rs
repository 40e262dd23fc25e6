//! Which webhooks a request concerns: rules, selectors, conditions.

use super::condition;
use super::configuration::Webhook;
use crate::admission::AdmissionRequest;
use crate::store::{Key, Store};
use keyside_apimachinery::meta;
use keyside_apimachinery::select::LabelSelector;
use keyside_apimachinery::status::Status;
use serde_json::Value;

const EXEMPT: [&str; 6] = [
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
];

/// A request with its objects.
pub(in crate::admission) struct Subject<'a> {
    pub(in crate::admission) request: &'a AdmissionRequest,
    /// Null for a deletion.
    pub(in crate::admission) object: &'a Value,
    pub(in crate::admission) old: Option<&'a Value>,
}

/// What a webhook or a policy is about.
pub(in crate::admission) struct Scope {
    rules: Vec<Rule>,
    /// Whether a request for another version of a resource in the rules counts.
    equivalent: bool,
    namespaces: LabelSelector,
    objects: LabelSelector,
}

impl Scope {
    /// Reads the fields that webhooks and policies share; rules have different names in the two.
    pub(in crate::admission) fn read(from: &Value, rules: &str) -> Self {
        // A selector that cannot be read was refused when the object was written.
        let selector = |field: &str| match &from[field] {
            Value::Null => LabelSelector::default(),
            selector => LabelSelector::from_object(selector).unwrap_or_default(),
        };
        Self {
            rules: from[rules]
                .as_array()
                .into_iter()
                .flatten()
                .map(Rule::read)
                .collect(),
            equivalent: from["matchPolicy"] != "Exact",
            namespaces: selector("namespaceSelector"),
            objects: selector("objectSelector"),
        }
    }

    /// The version of the object that is concerned; nothing if the request is none of its business.
    pub(in crate::admission) fn version(
        &self,
        store: &Store,
        subject: &Subject<'_>,
    ) -> Result<Option<String>, Status> {
        let request = subject.request;
        let own = &request.resource.gvk.version;
        let rules = |version: &str| self.rules.iter().any(|rule| rule.matches(request, version));
        let mut version = rules(own).then(|| own.clone());
        if version.is_none() && self.equivalent {
            version = other_versions(store, request)
                .into_iter()
                .find(|version| rules(version));
        }
        if version.is_none() || !selects_object(&self.objects, subject) {
            return Ok(None);
        }
        let selected = selects_namespace(store, &self.namespaces, subject)?;
        Ok(version.filter(|_| selected))
    }
}

/// One entry of `rules`.
struct Rule {
    operations: Vec<String>,
    groups: Vec<String>,
    versions: Vec<String>,
    resources: Vec<String>,
    scope: String,
}

impl Rule {
    fn read(rule: &Value) -> Self {
        let list = |field: &str| {
            let texts = rule[field].as_array().into_iter().flatten();
            texts
                .filter_map(|text| text.as_str().map(str::to_owned))
                .collect()
        };
        Self {
            operations: list("operations"),
            groups: list("apiGroups"),
            versions: list("apiVersions"),
            resources: list("resources"),
            scope: rule["scope"].as_str().unwrap_or("*").to_owned(),
        }
    }

    /// Whether the rule is about the request, in this version of its resource.
    fn matches(&self, request: &AdmissionRequest, version: &str) -> bool {
        let any = |list: &[String], wanted: &str| list.iter().any(|item| item == "*" || item == wanted);
        let gvk = &request.resource.gvk;
        let is_namespace = gvk.group.is_empty() && request.resource.plural == "namespaces";
        let scope = match self.scope.as_str() {
            "Namespaced" => !is_namespace && !request.namespace.is_empty(),
            "Cluster" => is_namespace || request.namespace.is_empty(),
            _ => true,
        };
        let resource = |pattern: &String| {
            let (resource, subresource) = pattern.split_once('/').unwrap_or((pattern, ""));
            (resource == "*" || resource == request.resource.plural)
                && (subresource == "*" || subresource == request.subresource)
        };
        scope
            && any(&self.operations, request.operation.word())
            && any(&self.groups, &gvk.group)
            && any(&self.versions, version)
            && self.resources.iter().any(resource)
    }
}

/// Whether webhooks are not asked at all: they could lock everybody out of changing them.
pub(in crate::admission) fn is_exempt(request: &AdmissionRequest) -> bool {
    let gvk = &request.resource.gvk;
    gvk.group == "admissionregistration.k8s.io" && EXEMPT.contains(&gvk.kind.as_str())
}

/// The version of the object a webhook wants to see; nothing if the request does not concern it.
pub(super) fn wanted_version(
    store: &Store,
    webhook: &Webhook,
    subject: &Subject<'_>,
) -> Result<Option<String>, Status> {
    let Some(version) = webhook.scope.version(store, subject)? else {
        return Ok(None);
    };
    let hold = condition::hold(&webhook.conditions, webhook.ignore_failure, subject, &version)?;
    Ok(hold.then_some(version))
}

/// The other served versions of a custom resource; built-in ones are served in one version.
fn other_versions(store: &Store, request: &AdmissionRequest) -> Vec<String> {
    let gvk = &request.resource.gvk;
    let name = format!("{}.{}", request.resource.plural, gvk.group);
    let key = Key::new("apiextensions.k8s.io", "customresourcedefinitions", "", &name);
    let Some(definition) = store.get(&key).map(|entry| entry.object()) else {
        return Vec::new();
    };
    let versions = definition["spec"]["versions"].as_array().into_iter().flatten();
    let served = versions
        .filter(|version| version["served"] == true)
        .filter_map(|version| version["name"].as_str());
    served
        .filter(|name| *name != gvk.version)
        .map(str::to_owned)
        .collect()
}

fn selects_object(selector: &LabelSelector, subject: &Subject<'_>) -> bool {
    if selector.is_empty() {
        return true;
    }
    let objects = [Some(subject.object), subject.old];
    let objects = objects.into_iter().flatten().filter(|object| !object.is_null());
    objects
        .into_iter()
        .any(|object| selector.matches(meta::labels(object)))
}

fn selects_namespace(store: &Store, selector: &LabelSelector, subject: &Subject<'_>) -> Result<bool, Status> {
    let request = subject.request;
    if selector.is_empty() {
        return Ok(true);
    }
    let is_namespace = request.resource.gvk.group.is_empty() && request.resource.plural == "namespaces";
    if is_namespace && !subject.object.is_null() && request.subresource.is_empty() {
        // Of a namespace its own labels count, as they will be.
        return Ok(selector.matches(meta::labels(subject.object)));
    }
    let name = if is_namespace {
        &request.name
    } else {
        &request.namespace
    };
    if name.is_empty() {
        return Ok(true);
    }
    let namespace = store
        .get(&Key::new("", "namespaces", "", name))
        .map(|entry| entry.object());
    let namespace = namespace.ok_or_else(|| Status::not_found("", "namespaces", name))?;
    Ok(selector.matches(meta::labels(&namespace)))
}
