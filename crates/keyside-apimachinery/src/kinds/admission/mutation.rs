//! `MutatingAdmissionPolicy` and its binding. Mutations are JSON patches; one that is an apply configuration is refused,
//! because one that is stored and does not hold would be worse. So are parameters chosen by labels.

use super::super::access::{fill, fill_text, inside, is_set, list, text};
use super::super::checks::{Errors, one_of_or_none, required};
use super::super::kind::{AGE, Generation, Kind, NAME};
use super::super::path::Path;
use super::super::print::age;
use super::policy::{match_resources, validate_resources};
use super::{ADMISSION, conditions};
use crate::cel::{Program, Type};
use crate::resource::Resource;
use crate::status::FieldError;
use serde_json::Value;

/// What an expression may use.
const VARIABLES: [&str; 6] = [
    "object",
    "oldObject",
    "request",
    "namespaceObject",
    "variables",
    "params",
];

pub(super) fn resources() -> Vec<Resource> {
    let policy = ADMISSION.cluster("MutatingAdmissionPolicy", "mutatingadmissionpolicies", POLICY);
    let binding = ADMISSION.cluster(
        "MutatingAdmissionPolicyBinding",
        "mutatingadmissionpolicybindings",
        BINDING,
    );
    vec![
        policy.category("api-extensions").done(),
        binding.category("api-extensions").done(),
    ]
}

const POLICY: Kind = Kind {
    default: |policy| {
        if let Some(spec) = inside(policy, "spec") {
            fill_text(spec, "failurePolicy", "Fail");
            fill(spec, "reinvocationPolicy", || "Never".into());
            if let Some(constraints) = inside(spec, "matchConstraints") {
                match_resources(constraints);
            }
        }
    },
    validate_create: |policy, _| validate_policy(&policy["spec"]),
    validate_update: |new, _, _| validate_policy(&new["spec"]),
    generation: Generation::Spec,
    columns: &[
        NAME,
        ("Mutations", "integer", "", 0, "Number of mutations."),
        ("ParamKind", "string", "", 0, "Kind of the parameters."),
        AGE,
    ],
    cells: |policy, now| {
        let kind = &policy["spec"]["paramKind"];
        let shown = match (text(kind, "apiVersion"), text(kind, "kind")) {
            (_, "") => "<unset>".to_owned(),
            (version, kind) => format!("{version}/{kind}"),
        };
        vec![
            policy["metadata"]["name"].clone(),
            list(&policy["spec"], "mutations").len().into(),
            shown.into(),
            age(policy, now).into(),
        ]
    },
    ..Kind::PLAIN
};

const BINDING: Kind = Kind {
    default: |binding| {
        let Some(spec) = inside(binding, "spec") else {
            return;
        };
        if let Some(resources) = inside(spec, "matchResources") {
            match_resources(resources);
        }
    },
    validate_create: |binding, _| validate_binding(&binding["spec"]),
    validate_update: |new, _, _| validate_binding(&new["spec"]),
    generation: Generation::Absent,
    columns: &[
        NAME,
        ("PolicyName", "string", "", 0, "The policy."),
        ("ParamRef", "string", "", 0, "The parameters."),
        AGE,
    ],
    cells: |binding, now| {
        let name = text(&binding["spec"]["paramRef"], "name");
        vec![
            binding["metadata"]["name"].clone(),
            text(&binding["spec"], "policyName").into(),
            if name.is_empty() {
                "<unset>".into()
            } else {
                name.into()
            },
            age(binding, now).into(),
        ]
    },
    ..Kind::PLAIN
};

fn validate_policy(spec: &Value) -> Errors {
    let mut errors = Errors::new();
    let path = Path::new("spec");
    if is_set(spec, "paramKind") {
        for field in ["apiVersion", "kind"] {
            required(
                &mut errors,
                &path.at("paramKind").at(field),
                text(&spec["paramKind"], field),
            );
        }
    }
    for (field, allowed) in [
        ("failurePolicy", ["Fail", "Ignore"]),
        ("reinvocationPolicy", ["IfNeeded", "Never"]),
    ] {
        one_of_or_none(&mut errors, &path.at(field), &spec[field], &allowed);
    }
    let constraints = path.at("matchConstraints");
    if list(&spec["matchConstraints"], "resourceRules").is_empty() {
        errors.push(FieldError::required(constraints.at("resourceRules"), ""));
    }
    validate_resources(&mut errors, &constraints, &spec["matchConstraints"]);
    conditions(
        &mut errors,
        &path.at("matchConditions"),
        list(spec, "matchConditions"),
    );
    for (i, variable) in list(spec, "variables").iter().enumerate() {
        let path = path.at("variables").index(i);
        required(&mut errors, &path.at("name"), text(variable, "name"));
        expression(
            &mut errors,
            &path.at("expression"),
            text(variable, "expression"),
            false,
        );
    }
    let mutations = list(spec, "mutations");
    if mutations.is_empty() {
        let detail = "mutations must contain at least one item";
        errors.push(FieldError::required(path.at("mutations"), detail));
    }
    for (i, mutation) in mutations.iter().enumerate() {
        validate_mutation(&mut errors, &path.at("mutations").index(i), mutation);
    }
    errors
}

fn validate_mutation(errors: &mut Errors, path: &Path, mutation: &Value) {
    match text(mutation, "patchType") {
        "JSONPatch" => expression(
            errors,
            &path.at("jsonPatch").at("expression"),
            text(&mutation["jsonPatch"], "expression"),
            true,
        ),
        "ApplyConfiguration" => errors.push(FieldError::forbidden(
            path.at("patchType"),
            "apply configurations are not served here",
        )),
        "" => errors.push(FieldError::required(path.at("patchType"), "")),
        other => errors.push(FieldError::not_supported(
            path.at("patchType"),
            other,
            &["ApplyConfiguration", "JSONPatch"],
        )),
    }
}

fn expression(errors: &mut Errors, path: &Path, source: &str, gives_patch: bool) {
    if source.trim().is_empty() {
        errors.push(FieldError::required(path, "expression is not specified"));
        return;
    }
    let variables = VARIABLES.map(|name| (name.to_owned(), Type::Dyn));
    let problem = match Program::compile_mutation(source.trim(), &variables) {
        Err(problem) => format!("compilation failed: {problem}"),
        Ok(program) if gives_patch && !matches!(program.gives(), Type::List(_) | Type::Dyn) => {
            format!("must evaluate to list(JSONPatch) but got {}", program.gives())
        }
        Ok(_) => return,
    };
    errors.push(FieldError::invalid(path, source, problem));
}

fn validate_binding(spec: &Value) -> Errors {
    let mut errors = Errors::new();
    let path = Path::new("spec");
    required(&mut errors, &path.at("policyName"), text(spec, "policyName"));
    if is_set(spec, "paramRef") {
        let (of, path) = (&spec["paramRef"], path.at("paramRef"));
        if is_set(of, "selector") {
            errors.push(FieldError::forbidden(
                path.at("selector"),
                "parameters chosen by labels are not served here",
            ));
        } else {
            required(&mut errors, &path.at("name"), text(of, "name"));
        }
        let action = path.at("parameterNotFoundAction");
        required(&mut errors, &action, text(of, "parameterNotFoundAction"));
        one_of_or_none(
            &mut errors,
            &action,
            &of["parameterNotFoundAction"],
            &["Allow", "Deny"],
        );
    }
    validate_resources(&mut errors, &path.at("matchResources"), &spec["matchResources"]);
    errors
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{create, resource, yaml};

    /// What is wrong with a policy with these further fields.
    fn problems(spec: &str) -> String {
        let text = format!(
            "{{metadata: {{name: a}}, spec: {{matchConstraints: {{resourceRules: [{{operations: [CREATE], apiGroups: [''], \
             apiVersions: [v1], resources: [pods]}}]}}, {spec}}}}}"
        );
        let kind = resource("admissionregistration.k8s.io", "mutatingadmissionpolicies");
        create(&kind, &yaml(&text)).1.join("\n")
    }

    fn patch(expression: &str) -> String {
        format!("mutations: [{{patchType: JSONPatch, jsonPatch: {{expression: \"{expression}\"}}}}]")
    }

    #[test]
    fn a_mutation_makes_patches_and_the_objects_in_them() {
        let expression = "[JSONPatch{op: 'add', path: '/spec/x', value: Object.spec.x{name: params.spec.a}}]";
        assert_eq!(problems(&patch(expression)), "");
        assert!(problems(&patch("[JSONPatch{verb: 'add'}]")).contains("undefined field 'verb'"));
        assert!(problems(&patch("[Secret{}]")).contains("undeclared reference to 'Secret'"));
        assert!(problems(&patch("1 + 1")).contains("must evaluate to list(JSONPatch) but got int"));
    }

    #[test]
    fn apply_configurations_are_refused_when_they_are_written() {
        let spec =
            "mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{}'}}]";
        assert!(problems(spec).contains("apply configurations are not served here"));
        assert!(problems("mutations: []").contains("at least one item"));
    }

    #[test]
    fn a_binding_names_its_parameters_and_what_happens_without_them() {
        let problems = |spec: &str| {
            let text = format!("{{metadata: {{name: a}}, spec: {spec}}}");
            let kind = resource("admissionregistration.k8s.io", "mutatingadmissionpolicybindings");
            create(&kind, &yaml(&text)).1.join("\n")
        };
        assert_eq!(
            problems("{policyName: a, paramRef: {name: b, parameterNotFoundAction: Allow}}"),
            ""
        );
        assert!(problems("{policyName: a, paramRef: {name: b}}").contains("parameterNotFoundAction"));
        assert!(
            problems("{policyName: a, paramRef: {selector: {}, parameterNotFoundAction: Deny}}")
                .contains("not served here")
        );
    }
}
