//! `x-kubernetes-validations`: rules of a schema over its own values, in the Common Expression Language.
//!
//! A rule stands at a node of the schema and sees the value there as `self`. A rule that mentions `oldSelf` is about a
//! change: it runs only where the old value can be found, and where it cannot be (in lists whose elements have no
//! identity) the definition is refused.

mod path;
mod shape;

use super::paths::{NO_PATH, child, index, key};
use super::props::{Props, Rule};
use crate::cel::{COST_OF_ONE, Program, RunError, Type, Value};
use crate::status::{FieldError, FieldErrorKind};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use path::path_names;

/// What all rules together may cost for one object.
const COST_OF_ALL: u64 = 10_000_000;
/// Bytes of a message that an expression makes.
const MAX_MESSAGE: usize = 5 << 10;

/// The compiled rules of a schema node and of those below it.
pub(crate) struct Rules {
    own: Vec<Compiled>,
    is_object: bool,
    element: Option<Box<Self>>,
    entry: Option<Box<Self>>,
    properties: BTreeMap<String, Self>,
}

struct Compiled {
    rule: Rule,
    /// The program, or why there is none: a stored definition may be older than this server's opinion of it.
    program: Result<Program, String>,
    message: Option<Program>,
    /// Where the error is shown, relative to the node.
    path: String,
}

impl Rules {
    /// Compiles the rules of a schema; nothing if it has none. `is_object` is a whole Kubernetes object.
    pub(crate) fn new(schema: &Props, is_object: bool) -> Option<Self> {
        let variables = variables(schema, is_object);
        let compile = |rule: &Rule| Compiled {
            rule: rule.clone(),
            program: compile(&variables, rule),
            message: message(&variables, rule).and_then(Result::ok),
            path: path_names(&rule.field_path, true)
                .map(|names| shown(&names, schema))
                .unwrap_or_default(),
        };
        let below = |props: &Props| Self::new(props, props.embedded);
        let properties = schema
            .properties
            .iter()
            .filter_map(|(name, props)| Some((name.clone(), below(props)?)));
        let rules = Self {
            own: schema
                .rules
                .iter()
                .filter(|rule| !rule.rule.trim().is_empty())
                .map(compile)
                .collect(),
            is_object,
            element: schema.element().and_then(below).map(Box::new),
            entry: schema.entry().and_then(below).map(Box::new),
            properties: properties.collect(),
        };
        let none = rules.own.is_empty()
            && rules.element.is_none()
            && rules.entry.is_none()
            && rules.properties.is_empty();
        (!none).then_some(rules)
    }

    /// All rules an object breaks. What has not changed is not complained about.
    pub(crate) fn check(&self, schema: &Props, object: &Json, old: Option<&Json>) -> Vec<FieldError> {
        let mut check = Check {
            errors: Vec::new(),
            left: COST_OF_ALL,
        };
        let place = Place {
            value: object,
            old,
            known: old,
            parent: None,
        };
        // The error in a check that was given up is in the list already.
        let _ = check.node(self, schema, "", &place);
        check.errors
    }

    /// All rules a value breaks that stands in no object yet, such as a default.
    pub(crate) fn check_at(
        &self,
        path: &str,
        schema: &Props,
        value: &Json,
        old: Option<&Json>,
    ) -> Vec<FieldError> {
        let mut check = Check {
            errors: Vec::new(),
            left: COST_OF_ALL,
        };
        let place = Place {
            value,
            old,
            known: None,
            parent: None,
        };
        let _ = check.node(self, schema, path, &place);
        check.errors
    }
}

/// `self` and `oldSelf`; the second variant for rules that take a missing old value for what it is.
fn variables(schema: &Props, is_object: bool) -> Option<[Vec<(String, Type)>; 2]> {
    let own = shape::declared(schema, "self", is_object)?;
    let with = |old: Type| vec![("self".to_owned(), own.clone()), ("oldSelf".to_owned(), old)];
    Some([with(own.clone()), with(Type::Optional(Arc::new(own.clone())))])
}

fn scope<'a>(
    variables: &'a Option<[Vec<(String, Type)>; 2]>,
    rule: &Rule,
) -> Option<&'a Vec<(String, Type)>> {
    variables
        .as_ref()
        .map(|both| &both[usize::from(rule.optional_old_self == Some(true))])
}

const NO_TYPE: &str = "internal error: failed to retrieve type information for x-kubernetes-validations";

fn compile(variables: &Option<[Vec<(String, Type)>; 2]>, rule: &Rule) -> Result<Program, String> {
    let variables = scope(variables, rule).ok_or_else(|| NO_TYPE.to_owned())?;
    let program =
        Program::compile(&rule.rule, variables).map_err(|why| format!("compilation failed: {why}"))?;
    if *program.gives() == Type::Bool {
        Ok(program)
    } else {
        Err("cel expression must evaluate to a bool".to_owned())
    }
}

fn message(variables: &Option<[Vec<(String, Type)>; 2]>, rule: &Rule) -> Option<Result<Program, String>> {
    if rule.message_expression.trim().is_empty() {
        return None;
    }
    let compiled = Program::compile(&rule.message_expression, scope(variables, rule)?);
    Some(match compiled {
        Err(why) => Err(format!("messageExpression compilation failed: {why}")),
        Ok(program) if *program.gives() != Type::String => {
            Err("messageExpression must evaluate to a string".to_owned())
        }
        Ok(program) => Ok(program),
    })
}

/// A field path as errors show it: entries of maps in brackets.
fn shown(names: &[String], schema: &Props) -> String {
    let (mut out, mut at) = (String::new(), Some(schema));
    for name in names {
        let is_entry = at.is_some_and(|s| s.properties.is_empty() && s.entry().is_some());
        out = if is_entry {
            key(&out, name)
        } else {
            child(&out, name)
        };
        at = at.and_then(|s| s.field(name));
    }
    out
}

/// What is wrong with the rules of a schema.
pub(crate) fn violations(path: &str, schema: &Props) -> Vec<FieldError> {
    let mut errors = Vec::new();
    node_violations(path, schema, true, None, &mut errors);
    errors
}

/// `fixed` is the path of the nearest list around the node whose elements have no identity.
fn node_violations(
    path: &str,
    schema: &Props,
    is_object: bool,
    fixed: Option<&str>,
    errors: &mut Vec<FieldError>,
) {
    if let Some(entry) = schema.entry() {
        node_violations(
            &child(path, "additionalProperties"),
            entry,
            entry.embedded,
            fixed,
            errors,
        );
    }
    for (name, props) in &schema.properties {
        node_violations(
            &key(&child(path, "properties"), name),
            props,
            props.embedded,
            fixed,
            errors,
        );
    }
    if let Some(element) = schema.element() {
        let fixed = if schema.is_list("map") {
            fixed
        } else {
            fixed.or(Some(path))
        };
        node_violations(&child(path, "items"), element, element.embedded, fixed, errors);
    }
    if schema.rules.is_empty() {
        return;
    }
    let variables = variables(schema, is_object);
    let path = child(path, "x-kubernetes-validations");
    if variables.is_none() {
        return errors.push(FieldError::new(FieldErrorKind::Internal, path, None, NO_TYPE));
    }
    for (i, rule) in schema
        .rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| !rule.rule.trim().is_empty())
    {
        rule_violations(&index(&path, i), rule, &variables, fixed, errors);
    }
}

fn rule_violations(
    path: &str,
    rule: &Rule,
    variables: &Option<[Vec<(String, Type)>; 2]>,
    fixed: Option<&str>,
    errors: &mut Vec<FieldError>,
) {
    // Kubernetes shows its internal form of the rule.
    let whole = json!({
        "Rule": rule.rule, "Message": rule.message, "MessageExpression": rule.message_expression, "Reason": rule.reason,
        "FieldPath": rule.field_path, "OptionalOldSelf": rule.optional_old_self,
    });
    let program = match compile(variables, rule) {
        Ok(program) => Some(program),
        Err(why) => {
            errors.push(FieldError::invalid(child(path, "rule"), whole.clone(), why));
            None
        }
    };
    if let (true, Some(Err(why))) = (program.is_some(), message(variables, rule)) {
        errors.push(FieldError::invalid(child(path, "messageExpression"), whole, why));
    }
    let uses_old = program.is_some_and(|program| program.uses("oldSelf"));
    if let (true, Some(list)) = (uses_old, fixed) {
        let detail =
            format!("oldSelf cannot be used on the uncorrelatable portion of the schema within {list}");
        errors.push(FieldError::invalid(
            child(path, "rule"),
            rule.rule.as_str(),
            detail,
        ));
    }
    if let (false, Some(optional)) = (uses_old, rule.optional_old_self) {
        let detail = "may not be set if oldSelf is not used in rule";
        errors.push(FieldError::invalid(
            child(path, "optionalOldSelf"),
            optional,
            detail,
        ));
    }
}

/// A value, what stood there before, and the places around it.
struct Place<'a> {
    value: &'a Json,
    /// What `oldSelf` is.
    old: Option<&'a Json>,
    /// What the value is compared with to see whether it changed; it may be unknown although `old` is not.
    known: Option<&'a Json>,
    parent: Option<&'a Self>,
}

impl Place<'_> {
    /// Whether this value, or the nearest one around it whose old value is known, is as it was.
    fn is_unchanged(&self) -> bool {
        match (self.known, self.parent) {
            (Some(known), _) => known == self.value,
            (None, Some(parent)) => parent.is_unchanged(),
            (None, None) => false,
        }
    }
}

/// Checking an object.
struct Check {
    errors: Vec<FieldError>,
    left: u64,
}

/// No further rules are run.
struct GivenUp;

impl Check {
    fn node(&mut self, rules: &Rules, schema: &Props, path: &str, place: &Place<'_>) -> Result<(), GivenUp> {
        if place.value.is_null() {
            return Ok(());
        }
        if !rules.own.is_empty() {
            self.own(rules, schema, path, place)?;
        }
        match place.value {
            Json::Array(items) => {
                let (Some(rules), Some(element)) = (&rules.element, schema.element()) else {
                    return Ok(());
                };
                for (i, item) in items.iter().enumerate() {
                    let old = same_element(schema, place.old, item);
                    let known = same_element(schema, place.known, item);
                    let place = Place {
                        value: item,
                        old,
                        known,
                        parent: Some(place),
                    };
                    self.node(rules, element, &index(path, i), &place)?;
                }
            }
            Json::Object(fields) => {
                for (name, value) in fields {
                    let old = place.old.and_then(|old| old.get(name));
                    let known = place.known.and_then(|old| old.get(name));
                    let place = Place {
                        value,
                        old,
                        known,
                        parent: Some(place),
                    };
                    if let (Some(rules), Some(props)) =
                        (rules.properties.get(name), schema.properties.get(name))
                    {
                        self.node(rules, props, &child(path, name), &place)?;
                    } else if let (Some(rules), Some(entry), None) =
                        (&rules.entry, schema.entry(), schema.properties.get(name))
                    {
                        self.node(rules, entry, &key(path, name), &place)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn own(&mut self, rules: &Rules, schema: &Props, path: &str, place: &Place<'_>) -> Result<(), GivenUp> {
        let value = shape::value(place.value, schema, rules.is_object);
        let old = place.old.map(|old| shape::value(old, schema, rules.is_object));
        for compiled in &rules.own {
            self.rule(compiled, schema, path, place, (&value, old.as_ref()))?;
        }
        Ok(())
    }

    fn rule(
        &mut self,
        compiled: &Compiled,
        schema: &Props,
        path: &str,
        place: &Place<'_>,
        (value, old): (&Value, Option<&Value>),
    ) -> Result<(), GivenUp> {
        let root = if path.is_empty() { NO_PATH } else { path };
        let text = rule_text(&compiled.rule);
        let broken = |detail: String| FieldError::invalid(root, schema.kind.as_str(), detail);
        let program = match &compiled.program {
            Ok(program) => program,
            Err(why) => {
                return {
                    self.errors.push(broken(format!("rule compile error: {why}")));
                    Ok(())
                };
            }
        };
        let optional = compiled.rule.optional_old_self == Some(true);
        let uses_old = program.uses("oldSelf");
        if uses_old && old.is_none() && !optional {
            return Ok(());
        }
        let old = if optional {
            Value::Optional(old.cloned().map(Box::new))
        } else {
            old.cloned().unwrap_or(Value::Null)
        };
        let variables = vec![value.clone(), old];
        let (result, cost) = program.run(variables.clone(), COST_OF_ONE.min(self.left));
        self.left -= cost;
        match result {
            Ok(Value::Bool(true)) => return Ok(()),
            Ok(_) => {}
            Err(error @ RunError::TooExpensive) => {
                let why = "no further validation rules will be run due to call cost exceeds limit for rule";
                self.errors.push(broken(format!("'{error}': {why}: {text}")));
                return Err(GivenUp);
            }
            Err(RunError::Failed(why)) if why.starts_with("no such overload") => {
                let detail =
                    "call arguments did not match a supported operator, function or macro signature for rule";
                return {
                    self.errors.push(broken(format!("'{why}': {detail}: {text}")));
                    Ok(())
                };
            }
            Err(RunError::Failed(why)) => {
                return {
                    self.errors.push(broken(format!("{why} evaluating rule: {text}")));
                    Ok(())
                };
            }
        }
        // A value that broke the rule before, and has not changed, is left in peace.
        if !uses_old && place.is_unchanged() {
            return Ok(());
        }
        let detail = self
            .message(compiled, variables)
            .unwrap_or_else(|| default_message(&compiled.rule));
        let path = match compiled.path.as_str() {
            "" => root.to_owned(),
            field if field.starts_with('[') => format!("{path}{field}"),
            field => child(path, field),
        };
        let shown = (!matches!(schema.kind.as_str(), "object" | "array")).then(|| place.value.clone());
        self.errors.push(error_of(&compiled.rule, path, shown, detail));
        Ok(())
    }

    /// What the rule's own expression says about the failure, if that is usable.
    fn message(&mut self, compiled: &Compiled, variables: Vec<Value>) -> Option<String> {
        let (result, cost) = compiled
            .message
            .as_ref()?
            .run(variables, COST_OF_ONE.min(self.left));
        self.left -= cost;
        let Ok(Value::String(text)) = result else {
            return None;
        };
        let text = text.trim();
        (!text.is_empty() && text.len() <= MAX_MESSAGE && !text.contains('\n')).then(|| text.to_owned())
    }
}

/// The element of an old list that is the same as this one, where elements can be told apart.
fn same_element<'a>(schema: &Props, old: Option<&'a Json>, item: &Json) -> Option<&'a Json> {
    if !schema.is_list("map") {
        return None;
    }
    let same = |other: &&Json| {
        schema
            .list_map_keys
            .iter()
            .all(|key| other.get(key) == item.get(key))
    };
    old?.as_array()?.iter().find(same)
}

fn rule_text(rule: &Rule) -> &str {
    if rule.message.is_empty() {
        rule.rule.trim()
    } else {
        rule.message.trim()
    }
}

fn default_message(rule: &Rule) -> String {
    if rule.message.is_empty() {
        format!("failed rule: {}", rule_text(rule))
    } else {
        rule.message.trim().to_owned()
    }
}

fn error_of(rule: &Rule, path: String, value: Option<Json>, detail: String) -> FieldError {
    let kind = match rule.reason.as_deref() {
        Some("FieldValueForbidden") => return FieldError::forbidden(path, detail),
        Some("FieldValueRequired") => return FieldError::required(path, detail),
        Some("FieldValueDuplicate") => return FieldError::new(FieldErrorKind::Duplicate, path, value, ""),
        _ => FieldErrorKind::Invalid,
    };
    FieldError::new(kind, path, value, detail)
}

#[cfg(test)]
mod tests;
