//! Mutating admission policies: expressions that give JSON patches.
//!
//! They run before webhooks, one binding after the other in the order of names; one that asked for it looks again when a
//! webhook has changed the object. Parameters are objects, found by name: in the request's namespace, unless the binding
//! names another.

use super::{GROUP, Policy, VARIABLES, namespace_object, narrowed, text};
use crate::admission::webhook::matching::{self, Scope, Subject};
use crate::admission::webhook::{review, shaped};
use crate::admission::{AdmissionRequest, forbidden};
use crate::store::{Follow, Key, Range, Store};
use keyside_apimachinery::cel::{COST_OF_ONE, Program, Type};
use keyside_apimachinery::kinds;
use keyside_apimachinery::status::Status;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

const POLICIES: &str = "mutatingadmissionpolicies";
const BINDINGS: &str = "mutatingadmissionpolicybindings";

/// Which time the policies look at an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::admission) enum Round {
    /// All of them.
    First,
    /// A webhook has changed it: those that asked for it.
    Again,
}

/// All policies in force.
pub(in crate::admission) struct Mutations {
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
    policy: Arc<Mutator>,
    binding: String,
    scope: Option<Scope>,
    params: Option<ParamRef>,
}

struct Mutator {
    policy: Policy,
    /// `apiVersion` and `kind` of the parameters.
    param_kind: Option<(String, String)>,
    patches: Vec<Result<Program, String>>,
    reinvoke: bool,
}

/// Which parameters.
struct ParamRef {
    namespace: String,
    name: String,
    may_be_absent: bool,
}

/// What a policy is given as parameters.
enum Params {
    Given(Json),
    /// There are none, and the policy is then not asked.
    NotAsked,
}

impl Mutations {
    pub(in crate::admission) fn new(store: Store) -> Self {
        Self {
            store,
            known: Mutex::default(),
        }
    }

    /// Lets the policies change the object; answers whether one did.
    pub(in crate::admission) fn mutate(
        &self,
        request: &AdmissionRequest,
        object: &mut Json,
        old: Option<&Json>,
        round: Round,
    ) -> Result<bool, Status> {
        if object.is_null() || matching::is_exempt(request) {
            return Ok(false);
        }
        let mut changed = false;
        for one in self.in_force().iter() {
            if round == Round::First || one.policy.reinvoke {
                changed |= self.mutate_one(one, request, object, old)?;
            }
        }
        Ok(changed)
    }

    fn mutate_one(
        &self,
        one: &InForce,
        request: &AdmissionRequest,
        object: &mut Json,
        old: Option<&Json>,
    ) -> Result<bool, Status> {
        let subject = Subject { request, object, old };
        let policy = &one.policy.policy;
        let Some(version) = policy.concerned(&self.store, one.scope.as_ref(), &subject)? else {
            return Ok(false);
        };
        let outcome = self.params(one, request).and_then(|params| match params {
            Params::NotAsked => Ok(object.clone()),
            Params::Given(params) => {
                let namespace = namespace_object(&self.store, &subject);
                one.policy.patched(
                    &subject,
                    &review::question(&subject, &version, ""),
                    &namespace,
                    &params,
                )
            }
        });
        let patched = match outcome {
            Ok(patched) => patched,
            Err(why) if policy.ignore_failure => {
                tracing::warn!(
                    policy = policy.name,
                    binding = one.binding,
                    why,
                    "a mutating policy failed"
                );
                return Ok(false);
            }
            Err(why) => {
                let text = format!(
                    "policy '{}' with binding '{}' denied request: {why}",
                    policy.name, one.binding
                );
                return Err(forbidden(request, object, &text));
            }
        };
        let patched = shaped(request, patched)?;
        let changed = *object != patched;
        *object = patched;
        Ok(changed)
    }

    fn params(&self, one: &InForce, request: &AdmissionRequest) -> Result<Params, String> {
        let (Some((version, kind)), Some(params)) = (&one.policy.param_kind, &one.params) else {
            return Ok(Params::Given(Json::Null));
        };
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let resource = resource(&self.store, group, version, kind).ok_or_else(|| {
            format!("failed to find resource referenced by paramKind: '{group}/{version}, Kind={kind}'")
        })?;
        let namespace = match params.namespace.as_str() {
            "" => &request.namespace,
            own => own,
        };
        match self
            .store
            .get(&Key::new(group, &resource, namespace, &params.name))
        {
            Some(entry) => Ok(Params::Given(entry.object())),
            None if params.may_be_absent => Ok(Params::NotAsked),
            None => Err("no params found for policy binding with `Deny` parameterNotFoundAction".to_owned()),
        }
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
            let policies: BTreeMap<String, Arc<Mutator>> = policies
                .map(|object| Mutator::read(&object))
                .map(|mutator| (mutator.policy.name.clone(), Arc::new(mutator)))
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
    fn read(binding: &Json, policies: &BTreeMap<String, Arc<Mutator>>) -> Option<Self> {
        let spec = &binding["spec"];
        let params = spec["paramRef"].is_object().then(|| ParamRef {
            namespace: text(&spec["paramRef"], "namespace"),
            name: text(&spec["paramRef"], "name"),
            may_be_absent: spec["paramRef"]["parameterNotFoundAction"] == "Allow",
        });
        Some(Self {
            policy: Arc::clone(policies.get(spec["policyName"].as_str()?)?),
            binding: text(&binding["metadata"], "name"),
            scope: narrowed(spec),
            params,
        })
    }
}

impl Mutator {
    fn read(policy: &Json) -> Self {
        let spec = &policy["spec"];
        let kind = &spec["paramKind"];
        let mutations = spec["mutations"].as_array().into_iter().flatten();
        Self {
            policy: Policy::read(policy, compile),
            param_kind: kind
                .is_object()
                .then(|| (text(kind, "apiVersion"), text(kind, "kind"))),
            patches: mutations
                .map(|mutation| compile(&text(&mutation["jsonPatch"], "expression")))
                .collect(),
            reinvoke: spec["reinvocationPolicy"] == "IfNeeded",
        }
    }

    /// The object with all patches, or why there is none.
    fn patched(
        &self,
        subject: &Subject<'_>,
        review: &Json,
        namespace: &Json,
        params: &Json,
    ) -> Result<Json, String> {
        let mut object = subject.object.clone();
        let mut review = review.clone();
        for program in &self.patches {
            let program = program
                .as_ref()
                .map_err(|why| format!("compilation error: {why}"))?;
            // Each patch sees what the one before has done.
            review["request"]["object"] = object.clone();
            let given = self.policy.given(&review, namespace, Some(params));
            let value = program
                .run(given, COST_OF_ONE)
                .0
                .map_err(|error| error.to_string())?;
            let patch = value.to_json().ok_or("the patch cannot be written as JSON")?;
            let patch: json_patch::Patch =
                serde_json::from_value(patch).map_err(|error| format!("invalid JSON patch: {error}"))?;
            json_patch::patch(&mut object, &patch).map_err(|error| format!("JSON patch: {error}"))?;
        }
        Ok(object)
    }
}

/// The resource of a kind, built in or defined.
fn resource(store: &Store, group: &str, version: &str, kind: &str) -> Option<String> {
    let is_it = |resource: &keyside_apimachinery::resource::Resource| {
        let gvk = &resource.gvk;
        gvk.group == group && gvk.version == version && gvk.kind == kind
    };
    let page = store.list(&Range::new(
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        None,
    ));
    let mut definitions = page.entries.iter().map(|(_, entry)| entry.object());
    let defined = definitions.find(|one| {
        let mut versions = one["spec"]["versions"].as_array().into_iter().flatten();
        one["spec"]["group"] == group
            && one["spec"]["names"]["kind"] == kind
            && versions.any(|served| served["name"] == version && served["served"] == true)
    });
    match defined {
        Some(definition) => Some(text(&definition["spec"]["names"], "plural")),
        None => kinds::builtin_resources()
            .iter()
            .find(|resource| is_it(resource))
            .map(|resource| resource.plural.clone()),
    }
}

fn compile(source: &str) -> Result<Program, String> {
    let mut variables: Vec<(String, Type)> = VARIABLES.map(|name| (name.to_owned(), Type::Dyn)).into();
    variables.push(("params".to_owned(), Type::Dyn));
    Program::compile_mutation(source.trim(), &variables)
}
