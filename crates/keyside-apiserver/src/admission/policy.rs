//! Admission policies (`admissionregistration.k8s.io/v1`): expressions over a request that refuse it or warn; those that
//! change an object are in `mutation`.
//!
//! A policy holds where a binding puts it in force. Policies and bindings are read from the store when they change, so
//! one that was just written holds for the next request. Audit actions do nothing, because there is no audit log.

mod mutation;

pub(super) use mutation::{Mutations, Round};

use super::webhook::condition::{self, Conditions};
use super::webhook::matching::{self, Scope, Subject};
use super::webhook::review;
use super::{AdmissionRequest, forbidden};
use crate::store::{Follow, Key, Range, Store};
use keyside_apimachinery::cel::{COST_OF_ONE, Program, Type, Value};
use keyside_apimachinery::status::Status;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

const GROUP: &str = "admissionregistration.k8s.io";
const POLICIES: &str = "validatingadmissionpolicies";
const BINDINGS: &str = "validatingadmissionpolicybindings";

/// What an expression may use.
const VARIABLES: [&str; 5] = ["object", "oldObject", "request", "namespaceObject", "variables"];

/// All policies in force.
pub(super) struct Policies {
    store: Store,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    follows: Vec<Follow>,
    in_force: Arc<Vec<InForce>>,
}

/// A policy, and the binding that puts it in force.
struct InForce {
    policy: Arc<Policy>,
    binding: String,
    scope: Option<Scope>,
    deny: bool,
    warn: bool,
}

struct Policy {
    name: String,
    scope: Scope,
    excluded: Scope,
    ignore_failure: bool,
    conditions: Conditions,
    variables: Vec<(String, Result<Program, String>)>,
    validations: Vec<Validation>,
}

struct Validation {
    source: String,
    program: Result<Program, String>,
    message: String,
    message_program: Option<Program>,
    reason: (u16, &'static str),
}

impl Policies {
    pub(super) fn new(store: Store) -> Self {
        Self {
            store,
            known: Mutex::default(),
        }
    }

    /// Lets the policies judge the object; returns warnings.
    pub(super) fn validate(
        &self,
        request: &AdmissionRequest,
        object: &Json,
        old: Option<&Json>,
    ) -> Result<Vec<String>, Status> {
        let mut warnings = Vec::new();
        if matching::is_exempt(request) {
            return Ok(warnings);
        }
        let subject = Subject { request, object, old };
        for one in self.in_force().iter() {
            for refusal in self.refusals(one, &subject)? {
                let text = format!(
                    "ValidatingAdmissionPolicy '{}' with binding '{}' denied request: {}",
                    one.policy.name, one.binding, refusal.message
                );
                if one.deny {
                    let mut status = forbidden(request, object, &text);
                    (status.code, status.reason) = refusal.reason;
                    return Err(status);
                }
                if one.warn {
                    warnings.push(format!("Validation failed for {}", &text["Validating".len()..]));
                }
            }
        }
        Ok(warnings)
    }

    fn refusals(&self, one: &InForce, subject: &Subject<'_>) -> Result<Vec<Refusal>, Status> {
        let policy = &one.policy;
        let Some(version) = policy.concerned(&self.store, one.scope.as_ref(), subject)? else {
            return Ok(Vec::new());
        };
        let namespace = namespace_object(&self.store, subject);
        Ok(policy.judge(&review::question(subject, &version, ""), &namespace))
    }

    fn in_force(&self) -> Arc<Vec<InForce>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = |follow: &mut Follow| follow.ready().is_ok_and(|events| events.is_empty());
        let unchanged = known.follows.len() == 2 && known.follows.iter_mut().all(quiet);
        if !unchanged {
            let ranges = [POLICIES, BINDINGS].map(|resource| Range::new(GROUP, resource, None));
            let pages = ranges.each_ref().map(|range| self.store.list(range));
            let [policies, bindings] = pages
                .each_ref()
                .map(|page| page.entries.iter().map(|(_, entry)| entry.object()));
            let policies: BTreeMap<String, Arc<Policy>> = policies
                .map(|object| Policy::read(&object, compile))
                .map(|policy| (policy.name.clone(), Arc::new(policy)))
                .collect();
            known.in_force = Arc::new(
                bindings
                    .filter_map(|object| InForce::read(&object, &policies))
                    .collect(),
            );
            let revisions = pages.map(|page| page.revision);
            let follows = ranges
                .into_iter()
                .zip(revisions)
                .map(|(range, revision)| self.store.follow(range, revision).ok());
            known.follows = follows.flatten().collect();
        }
        Arc::clone(&known.in_force)
    }
}

impl InForce {
    fn read(binding: &Json, policies: &BTreeMap<String, Arc<Policy>>) -> Option<Self> {
        let spec = &binding["spec"];
        let action = |name: &str| {
            let mut actions = spec["validationActions"].as_array().into_iter().flatten();
            actions.any(|action| action == name)
        };
        Some(Self {
            policy: Arc::clone(policies.get(spec["policyName"].as_str()?)?),
            binding: text(&binding["metadata"], "name"),
            scope: narrowed(spec),
            deny: action("Deny"),
            warn: action("Warn"),
        })
    }
}

/// Why a policy refuses a request.
struct Refusal {
    message: String,
    reason: (u16, &'static str),
}

impl Policy {
    fn read(policy: &Json, compile: fn(&str) -> Result<Program, String>) -> Self {
        let spec = &policy["spec"];
        let all = |field: &str| spec[field].as_array().cloned().unwrap_or_default();
        Self {
            name: text(&policy["metadata"], "name"),
            scope: Scope::read(&spec["matchConstraints"], "resourceRules"),
            excluded: Scope::read(&spec["matchConstraints"], "excludeResourceRules"),
            ignore_failure: spec["failurePolicy"] == "Ignore",
            conditions: Conditions::read(spec),
            variables: all("variables")
                .iter()
                .map(|variable| (text(variable, "name"), compile(&text(variable, "expression"))))
                .collect(),
            validations: all("validations").iter().map(Validation::read).collect(),
        }
    }

    fn judge(&self, review: &Json, namespace: &Json) -> Vec<Refusal> {
        let given = self.given(review, namespace, None);
        self.validations
            .iter()
            .filter_map(|validation| validation.refuses(&given, self.ignore_failure))
            .collect()
    }

    /// What expressions may use: the request, the policy's own variables and, where it takes some, the parameters.
    fn given(&self, review: &Json, namespace: &Json, params: Option<&Json>) -> Vec<Value> {
        let request = &review["request"];
        let mut given: Vec<Value> = [&request["object"], &request["oldObject"], request, namespace]
            .map(Value::of_json)
            .into();
        given.push(Value::Object(Arc::default()));
        given.extend(params.map(Value::of_json));
        let mut named = BTreeMap::new();
        for (name, program) in &self.variables {
            // A variable that fails is missing: whoever uses it fails, and nobody else.
            if let Some(Ok(value)) = program
                .as_ref()
                .ok()
                .map(|program| program.run(given.clone(), COST_OF_ONE).0)
            {
                named.insert(name.clone(), value);
                given[VARIABLES.len() - 1] = Value::Object(Arc::new(named.clone()));
            }
        }
        given
    }

    /// Whether the policy, narrowed by a binding, is about a request; then the version of the object it is about.
    fn concerned(
        &self,
        store: &Store,
        bound: Option<&Scope>,
        subject: &Subject<'_>,
    ) -> Result<Option<String>, Status> {
        let Some(version) = self.scope.version(store, subject)? else {
            return Ok(None);
        };
        let bound = bound.map_or(Ok(true), |scope| {
            scope.version(store, subject).map(|version| version.is_some())
        })?;
        if !bound || self.excluded.version(store, subject)?.is_some() {
            return Ok(None);
        }
        let hold = condition::hold(&self.conditions, self.ignore_failure, subject, &version)?;
        Ok(hold.then_some(version))
    }
}

impl Validation {
    fn read(validation: &Json) -> Self {
        let source = text(validation, "expression").trim().to_owned();
        let message = text(validation, "messageExpression");
        Self {
            program: compile(&source),
            message: text(validation, "message"),
            message_program: (!message.is_empty()).then(|| compile(&message).ok()).flatten(),
            reason: match validation["reason"].as_str() {
                Some("Forbidden") => (403, "Forbidden"),
                Some("Unauthorized") => (401, "Unauthorized"),
                Some("RequestEntityTooLarge") => (413, "RequestEntityTooLarge"),
                _ => (422, "Invalid"),
            },
            source,
        }
    }

    fn refuses(&self, given: &[Value], ignore_failure: bool) -> Option<Refusal> {
        let result = match &self.program {
            Ok(program) => program
                .run(given.to_vec(), COST_OF_ONE)
                .0
                .map_err(|error| error.to_string()),
            Err(why) => Err(format!("compilation error: {why}")),
        };
        let (message, reason) = match result {
            Ok(Value::Bool(true)) => return None,
            Ok(_) => (self.explanation(given), self.reason),
            Err(_) if ignore_failure => return None,
            Err(why) => (
                format!("expression '{}' resulted in error: {why}", self.source),
                (422, "Invalid"),
            ),
        };
        Some(Refusal { message, reason })
    }

    fn explanation(&self, given: &[Value]) -> String {
        let told = self
            .message_program
            .as_ref()
            .map(|program| program.run(given.to_vec(), COST_OF_ONE).0);
        match told {
            Some(Ok(Value::String(told))) if !told.trim().is_empty() => told.to_string(),
            _ if !self.message.is_empty() => self.message.clone(),
            _ => format!("failed expression: {}", self.source),
        }
    }
}

/// The namespace a request is about; null where it is about none.
fn namespace_object(store: &Store, subject: &Subject<'_>) -> Json {
    let key = Key::new("", "namespaces", "", &subject.request.namespace);
    store.get(&key).map_or(Json::Null, |entry| entry.object())
}

/// The part of a binding that narrows its policy; without rules of its own it covers all that the policy does.
fn narrowed(spec: &Json) -> Option<Scope> {
    let has_rules = spec["matchResources"]["resourceRules"]
        .as_array()
        .is_some_and(|rules| !rules.is_empty());
    has_rules.then(|| Scope::read(&spec["matchResources"], "resourceRules"))
}

fn compile(source: &str) -> Result<Program, String> {
    Program::compile(source.trim(), &VARIABLES.map(|name| (name.to_owned(), Type::Dyn)))
}

fn text(object: &Json, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
