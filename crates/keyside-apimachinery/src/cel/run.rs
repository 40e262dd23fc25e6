//! Running a checked expression. Everything costs, and the budget is bounded, so that no rule can hold up the server.

use super::function;
use super::node::{Gives, Loop, Node};
use super::value::{Key, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why an expression gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// It would have cost too much.
    #[error("operation cancelled: actual cost limit exceeded")]
    TooExpensive,
    /// Something in it failed; the sentence says what.
    #[error("{0}")]
    Failed(String),
}

pub(super) type Outcome = Result<Value, RunError>;

pub(super) fn failed<T>(why: impl Into<String>) -> Result<T, RunError> {
    Err(RunError::Failed(why.into()))
}

/// One run.
pub(super) struct Run {
    stack: Vec<Value>,
    left: u64,
}

impl Run {
    /// Runs with these values for the variables, in the order they were declared.
    pub(super) fn new(variables: Vec<Value>, budget: u64) -> Self {
        Self {
            stack: variables,
            left: budget,
        }
    }

    /// What is left of the budget.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    fn pay(&mut self, cost: u64) -> Result<(), RunError> {
        match self.left.checked_sub(cost) {
            Some(left) => self.left = left,
            None => {
                self.left = 0;
                return Err(RunError::TooExpensive);
            }
        }
        Ok(())
    }

    pub(super) fn node(&mut self, node: &Node) -> Outcome {
        match node {
            Node::Constant(value) => Ok(value.clone()),
            Node::Variable(place) => {
                self.pay(1)?;
                self.stack
                    .get(*place)
                    .cloned()
                    .ok_or_else(|| RunError::Failed("no such variable".to_owned()))
            }
            Node::Select(of, field) => {
                self.pay(1)?;
                let of = self.node(of)?;
                select(&of, field)
            }
            Node::Has(of, field) => {
                let of = self.node(of)?;
                has(&of, field).map(Value::Bool)
            }
            Node::OptionalSelect(of, field) => {
                self.pay(1)?;
                let of = self.node(of)?;
                optional_select(&of, field)
            }
            Node::And(a, b) => self.junction(a, b, false),
            Node::Or(a, b) => self.junction(a, b, true),
            Node::If(parts) => {
                let [condition, yes, no] = &**parts;
                match self.node(condition)? {
                    Value::Bool(true) => self.node(yes),
                    Value::Bool(false) => self.node(no),
                    _ => failed("no such overload"),
                }
            }
            Node::Call {
                name,
                method,
                arguments,
            } => self.call(name, *method, arguments),
            Node::List(elements) => self.list(elements),
            Node::Map(entries) => self.map(entries),
            Node::Loop(each) => self.each(each),
            Node::OptionalMap { of, body, flat } => self.optional_map(of, body, *flat),
        }
    }

    /// `&&` and `||`: one decisive side is enough, even if the other fails.
    fn junction(&mut self, a: &Node, b: &Node, decisive: bool) -> Outcome {
        let first = self.node(a);
        match first {
            Ok(Value::Bool(value)) if value == decisive => return Ok(Value::Bool(decisive)),
            Err(RunError::TooExpensive) => return first,
            _ => {}
        }
        match (self.node(b), first) {
            (Ok(Value::Bool(value)), _) if value == decisive => Ok(Value::Bool(decisive)),
            (Err(RunError::TooExpensive), _) => Err(RunError::TooExpensive),
            (_, Err(error)) | (Err(error), _) => Err(error),
            (Ok(Value::Bool(_)), Ok(Value::Bool(_))) => Ok(Value::Bool(!decisive)),
            _ => failed("no such overload"),
        }
    }

    fn call(&mut self, name: &str, method: bool, arguments: &[Node]) -> Outcome {
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.node(argument)?);
        }
        let looks_through = !matches!(name, "size" | "_[_]" | "_[?_]" | "type" | "dyn");
        let weight = if looks_through {
            values.iter().map(Value::weight).sum()
        } else {
            0
        };
        self.pay(1 + weight)?;
        function::call(name, method, &values)
    }

    fn list(&mut self, elements: &[(Node, bool)]) -> Outcome {
        self.pay(10)?;
        let mut items = Vec::with_capacity(elements.len());
        for (element, optional) in elements {
            match (self.node(element)?, optional) {
                (Value::Optional(value), true) => items.extend(value.map(|value| *value)),
                (value, _) => items.push(value),
            }
        }
        Ok(Value::list(items))
    }

    fn map(&mut self, entries: &[(Node, Node, bool)]) -> Outcome {
        self.pay(30)?;
        let mut map = BTreeMap::new();
        for (key, value, optional) in entries {
            let key = self.node(key)?;
            let Some(found) = Key::of(&key) else {
                return failed("unsupported key type");
            };
            let value = match (self.node(value)?, optional) {
                (Value::Optional(None), true) => continue,
                (Value::Optional(Some(value)), true) => *value,
                (value, _) => value,
            };
            if map.insert(found, value).is_some() {
                return failed("insert failed: key already exists");
            }
        }
        Ok(Value::Map(Arc::new(map)))
    }

    fn optional_map(&mut self, of: &Node, body: &Node, flat: bool) -> Outcome {
        let Value::Optional(inner) = self.node(of)? else {
            return failed("no such overload");
        };
        let Some(inner) = inner else {
            return Ok(Value::Optional(None));
        };
        self.stack.push(*inner);
        let result = self.node(body);
        self.stack.pop();
        let result = result?;
        Ok(if flat {
            result
        } else {
            Value::Optional(Some(Box::new(result)))
        })
    }

    fn each(&mut self, each: &Loop) -> Outcome {
        let range = self.node(&each.range)?;
        let steps = steps(&range, each.pair)?;
        let mut gathered = Gathered::default();
        for (first, second) in steps {
            self.pay(1)?;
            let depth = self.stack.len();
            self.stack.push(first.clone());
            self.stack.extend(second);
            let done = self.step(each, first, &mut gathered);
            self.stack.truncate(depth);
            if done? {
                break;
            }
        }
        gathered.finish(each.gives)
    }

    /// One element; answers whether the rest cannot matter any more.
    fn step(&mut self, each: &Loop, element: Value, gathered: &mut Gathered) -> Result<bool, RunError> {
        if let Some(filter) = &each.filter {
            match self.node(filter)? {
                Value::Bool(true) => {}
                Value::Bool(false) => return Ok(false),
                _ => return failed("no such overload"),
            }
        }
        let result = self.node(&each.body);
        match each.gives {
            Gives::All | Gives::Exists => {
                let decisive = each.gives == Gives::Exists;
                match result {
                    Ok(Value::Bool(value)) if value == decisive => {
                        gathered.decided = true;
                        return Ok(true);
                    }
                    Ok(Value::Bool(_)) => {}
                    Ok(_) => gathered.failure = Some(RunError::Failed("no such overload".to_owned())),
                    Err(RunError::TooExpensive) => return Err(RunError::TooExpensive),
                    Err(error) => drop(gathered.failure.get_or_insert(error)),
                }
            }
            Gives::ExistsOne => gathered.count += usize::from(matches!(result?, Value::Bool(true))),
            Gives::Filter => {
                if matches!(result?, Value::Bool(true)) {
                    gathered.items.push(element);
                }
            }
            Gives::Map => gathered.items.push(result?),
            Gives::SortBy => gathered.sorted.push((result?, element)),
            Gives::TransformMap => {
                let Some(key) = Key::of(&element) else {
                    return failed("unsupported key type");
                };
                gathered.entries.insert(key, result?);
            }
            Gives::TransformMapEntry => {
                let Value::Map(entries) = result? else {
                    return failed("no such overload");
                };
                for (key, value) in entries.iter() {
                    if gathered.entries.insert(key.clone(), value.clone()).is_some() {
                        return failed("insert failed: key already exists");
                    }
                }
            }
        }
        Ok(false)
    }
}

/// What a loop has gathered so far.
#[derive(Default)]
struct Gathered {
    decided: bool,
    failure: Option<RunError>,
    count: usize,
    items: Vec<Value>,
    sorted: Vec<(Value, Value)>,
    entries: BTreeMap<Key, Value>,
}

impl Gathered {
    fn finish(mut self, gives: Gives) -> Outcome {
        match gives {
            Gives::All | Gives::Exists => {
                if self.decided {
                    return Ok(Value::Bool(gives == Gives::Exists));
                }
                self.failure.map_or(Ok(Value::Bool(gives == Gives::All)), Err)
            }
            Gives::ExistsOne => Ok(Value::Bool(self.count == 1)),
            Gives::Map | Gives::Filter => Ok(Value::list(self.items)),
            Gives::SortBy => {
                if self
                    .sorted
                    .windows(2)
                    .any(|pair| pair[0].0.compare(&pair[1].0).is_none())
                {
                    return failed("list elements must have the same type");
                }
                self.sorted
                    .sort_by(|a, b| a.0.compare(&b.0).unwrap_or(std::cmp::Ordering::Equal));
                Ok(Value::list(
                    self.sorted.into_iter().map(|(_, element)| element).collect(),
                ))
            }
            Gives::TransformMap | Gives::TransformMapEntry => Ok(Value::Map(Arc::new(self.entries))),
        }
    }
}

/// What a loop goes through: elements, or keys of a map; with two variables, places and elements.
fn steps(range: &Value, pair: bool) -> Result<Vec<(Value, Option<Value>)>, RunError> {
    Ok(match (range, pair) {
        (Value::List(list), false) => list.items.iter().map(|item| (item.clone(), None)).collect(),
        (Value::List(list), true) => (0..)
            .zip(&list.items)
            .map(|(i, item)| (Value::Int(i), Some(item.clone())))
            .collect(),
        (Value::Map(map), _) => map
            .iter()
            .map(|(key, value)| (key.value(), pair.then(|| value.clone())))
            .collect(),
        _ => return failed("no such overload"),
    })
}

fn no_such_key(name: &str) -> RunError {
    RunError::Failed(format!("no such key: {name}"))
}

fn select(of: &Value, field: &str) -> Outcome {
    match of {
        Value::Object(fields) => fields.get(field).cloned().ok_or_else(|| no_such_key(field)),
        Value::Map(map) => map
            .get(&Key::String(field.into()))
            .cloned()
            .ok_or_else(|| no_such_key(field)),
        Value::Optional(_) => optional_select(of, field),
        _ => failed("no such overload"),
    }
}

fn has(of: &Value, field: &str) -> Result<bool, RunError> {
    match of {
        Value::Object(fields) => Ok(fields.contains_key(field)),
        Value::Map(map) => Ok(map.contains_key(&Key::String(field.into()))),
        Value::Optional(None) => Ok(false),
        Value::Optional(Some(inner)) => has(inner, field),
        _ => failed("no such overload"),
    }
}

fn optional_select(of: &Value, field: &str) -> Outcome {
    match of {
        Value::Optional(None) => Ok(Value::Optional(None)),
        Value::Optional(Some(inner)) => optional_select(inner, field),
        of => match select(of, field) {
            Ok(value) => Ok(Value::Optional(Some(Box::new(value)))),
            Err(RunError::Failed(why)) if why.starts_with("no such key") => Ok(Value::Optional(None)),
            Err(error) => Err(error),
        },
    }
}
