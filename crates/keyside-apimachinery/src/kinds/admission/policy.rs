//! `ValidatingAdmissionPolicy` and its binding. Parameters and questions to the authorizer are not served, and a policy
//! that uses them is refused, because one that is stored and does not hold would be worse.

use super::super::access::{fill, fill_text, inside, is_set, items, list, text};
use super::super::checks::{Errors, label_selector, one_of_or_none, required};
use super::super::kind::{AGE, Generation, Kind, NAME};
use super::super::path::Path;
use super::super::print::age;
use super::{ADMISSION, conditions, gives, rule};
use crate::cel::Type;
use crate::resource::Resource;
use crate::status::FieldError;
use serde_json::{Value, json};

/// What an expression of a policy may use.
const VARIABLES: [&str; 5] = ["object", "oldObject", "request", "namespaceObject", "variables"];

pub(super) fn resources() -> Vec<Resource> {
    let policy = ADMISSION.cluster("ValidatingAdmissionPolicy", "validatingadmissionpolicies", POLICY);
    let binding = ADMISSION.cluster(
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        BINDING,
    );
    vec![
        policy.category("api-extensions").status().done(),
        binding.category("api-extensions").done(),
    ]
}

const POLICY: Kind = Kind {
    default: |policy| {
        if let Some(spec) = inside(policy, "spec") {
            fill_text(spec, "failurePolicy", "Fail");
            if let Some(constraints) = inside(spec, "matchConstraints") {
                match_resources(constraints);
            }
        }
    },
    validate_create: |policy, _| validate_policy(&policy["spec"]),
    validate_update: |new, _, context| {
        if context.subresource == "status" {
            Errors::new()
        } else {
            validate_policy(&new["spec"])
        }
    },
    generation: Generation::Spec,
    columns: &[
        NAME,
        ("Validations", "integer", "", 0, "Number of validations."),
        ("ParamKind", "string", "", 0, "Kind of the parameters."),
        AGE,
    ],
    cells: |policy, now| {
        vec![
            policy["metadata"]["name"].clone(),
            list(&policy["spec"], "validations").len().into(),
            "<unset>".into(),
            age(policy, now).into(),
        ]
    },
    ..Kind::WITH_STATUS
};

const BINDING: Kind = Kind {
    default: |binding| {
        let spec = inside(binding, "spec");
        if let Some(resources) = spec.and_then(|spec| inside(spec, "matchResources")) {
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
        vec![
            binding["metadata"]["name"].clone(),
            text(&binding["spec"], "policyName").into(),
            "<unset>".into(),
            age(binding, now).into(),
        ]
    },
    ..Kind::PLAIN
};

pub(super) fn match_resources(resources: &mut Value) {
    fill_text(resources, "matchPolicy", "Equivalent");
    fill(resources, "namespaceSelector", || json!({}));
    fill(resources, "objectSelector", || json!({}));
    for field in ["resourceRules", "excludeResourceRules"] {
        for rule in items(resources, field) {
            fill_text(rule, "scope", "*");
        }
    }
}

fn validate_policy(spec: &Value) -> Errors {
    let mut errors = Errors::new();
    let path = Path::new("spec");
    if is_set(spec, "paramKind") {
        errors.push(FieldError::forbidden(
            path.at("paramKind"),
            "parameters are not served here",
        ));
    }
    one_of_or_none(
        &mut errors,
        &path.at("failurePolicy"),
        &spec["failurePolicy"],
        &["Fail", "Ignore"],
    );
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
            &Type::Dyn,
        );
    }
    let validations = list(spec, "validations");
    if validations.is_empty() && list(spec, "auditAnnotations").is_empty() {
        let detail = "validations or auditAnnotations must contain at least one item";
        errors.push(FieldError::required(path.at("validations"), detail));
    }
    for (i, validation) in validations.iter().enumerate() {
        validate_one(&mut errors, &path.at("validations").index(i), validation);
    }
    errors
}

fn validate_one(errors: &mut Errors, path: &Path, validation: &Value) {
    expression(
        errors,
        &path.at("expression"),
        text(validation, "expression"),
        &Type::Bool,
    );
    let message = text(validation, "messageExpression");
    if !message.is_empty() {
        expression(errors, &path.at("messageExpression"), message, &Type::String);
    }
    let reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];
    one_of_or_none(errors, &path.at("reason"), &validation["reason"], &reasons);
}

fn expression(errors: &mut Errors, path: &Path, source: &str, wanted: &Type) {
    if source.trim().is_empty() {
        errors.push(FieldError::required(path, "expression is not specified"));
    } else if let Err(problem) = gives(source.trim(), &VARIABLES, wanted) {
        errors.push(FieldError::invalid(path, source, problem));
    }
}

fn validate_binding(spec: &Value) -> Errors {
    let mut errors = Errors::new();
    let path = Path::new("spec");
    required(&mut errors, &path.at("policyName"), text(spec, "policyName"));
    if is_set(spec, "paramRef") {
        errors.push(FieldError::forbidden(
            path.at("paramRef"),
            "parameters are not served here",
        ));
    }
    validate_resources(&mut errors, &path.at("matchResources"), &spec["matchResources"]);
    let (actions, path) = (list(spec, "validationActions"), path.at("validationActions"));
    if actions.is_empty() {
        errors.push(FieldError::required(&path, ""));
    }
    for (i, action) in actions.iter().enumerate() {
        one_of_or_none(&mut errors, &path.index(i), action, &["Audit", "Deny", "Warn"]);
    }
    if ["Deny", "Warn"]
        .iter()
        .all(|action| actions.iter().any(|given| given == action))
    {
        let detail = "must not contain both Deny and Warn (repeating the same validation failure information in the \
                      API response and headers serves no purpose)";
        errors.push(FieldError::invalid(&path, actions, detail));
    }
    errors
}

pub(super) fn validate_resources(errors: &mut Errors, path: &Path, resources: &Value) {
    for field in ["resourceRules", "excludeResourceRules"] {
        for (i, one) in list(resources, field).iter().enumerate() {
            rule(errors, &path.at(field).index(i), one);
        }
    }
    for field in ["namespaceSelector", "objectSelector"] {
        label_selector(errors, &path.at(field), &resources[field]);
    }
    one_of_or_none(
        errors,
        &path.at("matchPolicy"),
        &resources["matchPolicy"],
        &["Equivalent", "Exact"],
    );
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{create, resource, yaml};
    use serde_json::Value;

    const GROUP: &str = "admissionregistration.k8s.io";

    /// A policy with these further fields.
    fn policy(spec: &str) -> (Value, Vec<String>) {
        let text = format!(
            "{{metadata: {{name: a}}, spec: {{matchConstraints: {{resourceRules: [{{operations: [CREATE], apiGroups: [''], \
             apiVersions: [v1], resources: [secrets]}}]}}, {spec}}}}}"
        );
        create(&resource(GROUP, "validatingadmissionpolicies"), &yaml(&text))
    }

    #[test]
    fn a_policy_gets_its_defaults() {
        let (stored, errors) = policy("validations: [{expression: 'true'}]");
        assert_eq!(errors, [""; 0]);
        insta::assert_yaml_snapshot!(stored["spec"], @r#"
        matchConstraints:
          resourceRules:
            - operations:
                - CREATE
              apiGroups:
                - ""
              apiVersions:
                - v1
              resources:
                - secrets
              scope: "*"
          matchPolicy: Equivalent
          namespaceSelector: {}
          objectSelector: {}
        validations:
          - expression: "true"
        failurePolicy: Fail
        "#);
    }

    #[test]
    fn expressions_are_checked_when_they_are_written() {
        let problems = |spec: &str| policy(spec).1.join("\n");
        assert!(
            problems("validations: [{expression: 'object.'}]").contains("spec.validations[0].expression")
        );
        assert!(
            problems("validations: [{expression: '1 + 1'}]").contains("must evaluate to bool but got int")
        );
        assert!(
            problems("validations: [{expression: 'params.x'}]").contains("spec.validations[0].expression")
        );
        assert!(problems("validations: []").contains("at least one item"));
        assert!(
            problems("paramKind: {apiVersion: v1, kind: ConfigMap}, validations: [{expression: 'true'}]")
                .contains("not served here")
        );
    }

    #[test]
    fn a_binding_names_a_policy_and_says_what_a_refusal_does() {
        let problems = |spec: &str| {
            let text = format!("{{metadata: {{name: a}}, spec: {spec}}}");
            create(
                &resource(GROUP, "validatingadmissionpolicybindings"),
                &yaml(&text),
            )
            .1
            .join("\n")
        };
        assert_eq!(problems("{policyName: a, validationActions: [Deny]}"), "");
        assert!(problems("{validationActions: [Deny]}").contains("spec.policyName"));
        assert!(problems("{policyName: a}").contains("spec.validationActions"));
        assert!(problems("{policyName: a, validationActions: [Warn, Deny]}").contains("both Deny and Warn"));
    }
}
