//! `matchConditions`: expressions about a request that must all hold for a webhook or a policy to be asked.

use super::matching::Subject;
use super::review;
use crate::admission::forbidden;
use keyside_apimachinery::cel::{COST_OF_ONE, Program, Type, Value};
use keyside_apimachinery::status::Status;
use serde_json::Value as Json;

/// The conditions of one webhook or policy.
#[derive(Default)]
pub(in crate::admission) struct Conditions(Vec<Condition>);

struct Condition {
    expression: String,
    /// The program, or why there is none; a condition that cannot be compiled fails whenever it is looked at.
    program: Result<Program, String>,
}

impl Conditions {
    pub(in crate::admission) fn read(webhook: &Json) -> Self {
        let variables = ["object", "oldObject", "request"].map(|name| (name.to_owned(), Type::Dyn));
        let conditions = webhook["matchConditions"].as_array().into_iter().flatten();
        let expressions = conditions.filter_map(|condition| condition["expression"].as_str());
        let condition = |expression: &str| Condition {
            expression: expression.to_owned(),
            program: Program::compile(expression, &variables),
        };
        Self(expressions.map(condition).collect())
    }
}

/// Whether all conditions hold. One that does not counts more than one that fails.
pub(in crate::admission) fn hold(
    conditions: &Conditions,
    ignore_failure: bool,
    subject: &Subject<'_>,
    version: &str,
) -> Result<bool, Status> {
    let conditions = &conditions.0;
    if conditions.is_empty() {
        return Ok(true);
    }
    let question = review::question(subject, version, "");
    let request = &question["request"];
    let variables = [&request["object"], &request["oldObject"], request].map(Value::of_json);
    let mut failures = Vec::new();
    for Condition { expression, program } in conditions {
        let result = match program {
            Ok(program) => program
                .run(variables.to_vec(), COST_OF_ONE)
                .0
                .map_err(|error| error.to_string()),
            Err(why) => Err(format!("compilation error: {why}")),
        };
        match result {
            Ok(Value::Bool(true)) => {}
            Ok(_) => return Ok(false),
            Err(why) => failures.push(format!("expression '{expression}' resulted in error: {why}")),
        }
    }
    let text = match failures.len() {
        0 => return Ok(true),
        _ if ignore_failure => return Ok(false),
        1 => failures.concat(),
        _ => format!("[{}]", failures.join(", ")),
    };
    Err(forbidden(subject.request, subject.object, &text))
}
