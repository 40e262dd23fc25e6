//! Checking an expression: names, fields and functions must exist and fit together. What comes out can be run.
//!
//! Parsing is the `cel` crate's. It is asked to leave macros as the calls they are written as: here they become loops
//! directly, and their variables get the types of what they go through.

use super::function::{self, Unresolved};
use super::node::{Gives, Loop, Node};
use super::shape::{Bindings, Type};
use super::value::Value;
use super::{duration, time};
use crate::crd::pattern;
use cel::common::ast::{
    CallExpr, EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue, MapExpr, SelectExpr, SourceInfo, StructExpr,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Characters of an expression at most, as in the Go implementation.
const MAX_LENGTH: usize = 100_000;
/// Brackets within brackets at most.
const MAX_NESTING: u16 = 96;
/// Steps from the whole expression to its innermost part at most, as in the Go implementation: running one goes as
/// deep as the expression is.
const MAX_DEPTH: usize = 250;
/// The parser works by recursion with large steps, so it gets a stack of its own that fits what it may be given.
const STACK: usize = 256 << 20;

/// A checked expression.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) node: Node,
    pub(super) gives: Type,
    /// The declared variables it uses.
    pub(super) uses: BTreeSet<String>,
}

/// What objects an expression may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Makes {
    Nothing,
    /// `JSONPatch`, and `Object` with what is below it.
    Patches,
}

/// Checks an expression over these variables.
pub(super) fn check(source: &str, variables: &[(String, Type)], makes: Makes) -> Result<Checked, String> {
    let size = source.chars().count();
    if size > MAX_LENGTH {
        let text = "expression code point size exceeds limit";
        return Err(format!(
            "ERROR: <input>:-1:0: {text}: size: {size}, limit {MAX_LENGTH}"
        ));
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let done = thread.spawn_scoped(scope, || parse_and_check(source, variables, makes));
        let failed = || Err("ERROR: <input>:1:1: the expression could not be parsed".to_owned());
        done.map_or_else(|_| failed(), |thread| thread.join().unwrap_or_else(|_| failed()))
    })
}

fn parse_and_check(source: &str, variables: &[(String, Type)], makes: Makes) -> Result<Checked, String> {
    let parser = cel::Env::default().parser().max_recursion_depth(MAX_NESTING);
    let (expression, info) = parser
        .parse_with_source_info(source)
        .map_err(|errors| syntax(&errors.to_string()))?;
    let mut checker = Checker {
        scope: variables.to_vec(),
        declared: variables.len(),
        info,
        errors: Vec::new(),
        uses: BTreeSet::new(),
        depth: 0,
        makes,
    };
    let (node, gives) = checker.expression(&expression);
    if checker.errors.is_empty() {
        return Ok(Checked {
            node,
            gives,
            uses: checker.uses,
        });
    }
    checker.errors.sort_by_key(|(offset, _)| *offset);
    let errors: Vec<String> = checker
        .errors
        .iter()
        .map(|(offset, text)| located(source, *offset, text))
        .collect();
    Err(errors.join("\n"))
}

/// An error with the line it is in, and a mark under the place.
fn located(source: &str, offset: usize, text: &str) -> String {
    let offset = (0..=offset.min(source.len()))
        .rev()
        .find(|i| source.is_char_boundary(*i))
        .unwrap_or(0);
    let line_start = source[..offset].rfind('\n').map_or(0, |i| i + 1);
    let line_number = source[..offset].matches('\n').count() + 1;
    let column = source[line_start..offset].chars().count();
    let line = source[line_start..].lines().next().unwrap_or_default();
    format!(
        "ERROR: <input>:{line_number}:{}: {text}\n | {line}\n | {}^",
        column + 1,
        ".".repeat(column)
    )
}

/// The parser's errors, with their excerpts set off as Kubernetes shows them.
fn syntax(errors: &str) -> String {
    if errors.contains("OtherError(") {
        return format!("ERROR: <input>:1:1: expression recursion limit exceeded: {MAX_NESTING}");
    }
    errors.replace("\n| ", "\n | ")
}

struct Checker {
    /// Variables, innermost last; their places are those on the stack when the expression runs.
    scope: Vec<(String, Type)>,
    /// How many of them were declared from outside.
    declared: usize,
    info: SourceInfo,
    errors: Vec<(usize, String)>,
    uses: BTreeSet<String>,
    depth: usize,
    makes: Makes,
}

type Typed = (Node, Type);

impl Checker {
    fn error(&mut self, at: &IdedExpr, text: String) -> Typed {
        let offset = self.info.offset_for(at.id).map_or(0, |(start, _)| start as usize);
        self.errors.push((offset, text));
        (Node::Constant(Value::Null), Type::Dyn)
    }

    fn expression(&mut self, e: &IdedExpr) -> Typed {
        if self.depth >= MAX_DEPTH {
            return self.error(e, format!("expression recursion limit exceeded: {MAX_DEPTH}"));
        }
        self.depth += 1;
        let typed = self.one(e);
        self.depth -= 1;
        typed
    }

    fn one(&mut self, e: &IdedExpr) -> Typed {
        match &e.expr {
            Expr::Literal(literal) => constant(literal),
            Expr::Ident(name) => self.name(e, name),
            Expr::Select(select) => self.select(e, select),
            Expr::Call(call) => self.call(e, call),
            Expr::List(list) => self.list(list),
            Expr::Map(map) => self.map(map),
            Expr::Struct(made) => self.made(e, made),
            Expr::Comprehension(_) | Expr::Unspecified => self.error(e, "unsupported expression".to_owned()),
        }
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.scope.iter().rposition(|(known, _)| known == name)
    }

    fn name(&mut self, e: &IdedExpr, name: &str) -> Typed {
        let name = name.strip_prefix('.').unwrap_or(name);
        if let Some(place) = self.find(name) {
            if place < self.declared {
                self.uses.insert(name.to_owned());
            }
            return (Node::Variable(place), self.scope[place].1.clone());
        }
        match function::type_value(name) {
            Some(found) => (Node::Constant(Value::Type(found)), Type::Type),
            None => self.error(e, format!("undeclared reference to '{name}' (in container '')")),
        }
    }

    fn select(&mut self, e: &IdedExpr, select: &SelectExpr) -> Typed {
        if let Some(found) = dotted(e)
            .filter(|name| self.is_free(name))
            .and_then(|name| function::type_value(&name))
        {
            return (Node::Constant(Value::Type(found)), Type::Type);
        }
        let (of, kind) = self.expression(&select.operand);
        let kind = self.field(e, &kind, &select.field);
        (Node::Select(Box::new(of), select.field.clone()), kind)
    }

    /// Whether a dotted name begins with no variable.
    fn is_free(&self, name: &str) -> bool {
        self.find(name.split('.').next().unwrap_or_default()).is_none()
    }

    /// The type of a field.
    fn field(&mut self, e: &IdedExpr, of: &Type, field: &str) -> Type {
        match of {
            Type::Dyn => Type::Dyn,
            Type::Map(_, value) => (**value).clone(),
            Type::Optional(inner) => Type::Optional(Arc::new(self.field(e, inner, field))),
            Type::Object(object) => match object.fields.get(field) {
                Some(kind) => kind.clone(),
                None => self.error(e, format!("undefined field '{field}'")).1,
            },
            other => {
                self.error(e, format!("type '{other}' does not support field selection"))
                    .1
            }
        }
    }

    fn list(&mut self, list: &ListExpr) -> Typed {
        let mut element = None;
        let mut items = Vec::with_capacity(list.elements.len());
        for (i, e) in list.elements.iter().enumerate() {
            let optional = list.optional_indices.contains(&i);
            let (node, kind) = self.expression(e);
            let kind = self.unwrapped(e, kind, optional);
            self.join(e, &mut element, kind);
            items.push((node, optional));
        }
        (Node::List(items), element.unwrap_or(Type::Dyn).list())
    }

    fn map(&mut self, map: &MapExpr) -> Typed {
        let (mut key_type, mut value_type) = (None, None);
        let mut entries = Vec::with_capacity(map.entries.len());
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                continue;
            };
            let (key, kind) = self.expression(&entry.key);
            self.join(&entry.key, &mut key_type, kind);
            let (value, kind) = self.expression(&entry.value);
            let kind = self.unwrapped(&entry.value, kind, entry.optional);
            self.join(&entry.value, &mut value_type, kind);
            entries.push((key, value, entry.optional));
        }
        let of = |kind: Option<Type>| Arc::new(kind.unwrap_or(Type::Dyn));
        (Node::Map(entries), Type::Map(of(key_type), of(value_type)))
    }

    /// An object is a map from here on; its type says which fields it may have.
    fn made(&mut self, e: &IdedExpr, made: &StructExpr) -> Typed {
        let name = made.type_name.as_str();
        let is_patch = name == "JSONPatch";
        let is_object = name == "Object" || name.starts_with("Object.");
        if self.makes == Makes::Nothing || !(is_patch || is_object) {
            return self.error(e, format!("undeclared reference to '{name}' (in container '')"));
        }
        let mut entries = Vec::with_capacity(made.entries.len());
        for entry in &made.entries {
            let EntryExpr::StructField(entry) = &entry.expr else {
                continue;
            };
            if is_patch && !["op", "path", "from", "value"].contains(&entry.field.as_str()) {
                return self.error(e, format!("undefined field '{}'", entry.field));
            }
            let (value, kind) = self.expression(&entry.value);
            self.unwrapped(&entry.value, kind, entry.optional);
            let key = Node::Constant(Value::text(&entry.field));
            entries.push((key, value, entry.optional));
        }
        (Node::Map(entries), Type::Dyn)
    }

    fn unwrapped(&mut self, e: &IdedExpr, kind: Type, optional: bool) -> Type {
        match (optional, kind) {
            (false, kind) => kind,
            (true, Type::Optional(inner)) => (*inner).clone(),
            (true, Type::Dyn) => Type::Dyn,
            (true, other) => {
                self.error(
                    e,
                    format!("expected type 'optional_type({other})' but found '{other}'"),
                )
                .1
            }
        }
    }

    /// Elements of a literal are all of one type.
    fn join(&mut self, e: &IdedExpr, known: &mut Option<Type>, found: Type) {
        match known {
            None => *known = Some(found),
            Some(known) if known.accepts(&found, &mut Bindings::new()) => {}
            Some(known) => {
                let text = format!("expected type '{known}' but found '{found}'");
                self.error(e, text);
            }
        }
    }

    fn call(&mut self, e: &IdedExpr, call: &CallExpr) -> Typed {
        let name = call.func_name.as_str();
        match (name, &call.target, call.args.as_slice()) {
            ("_&&_" | "_||_", None, [first, rest @ ..]) => return self.junction(e, name, first, rest),
            ("_?_:_", None, [condition, yes, no]) => return self.choice(e, condition, yes, no),
            ("_?._", None, [of, field]) => return self.optional_select(e, of, field),
            ("has", None, [argument]) => return self.has(argument),
            (_, Some(target), arguments) => {
                if let Some(done) = self.macro_call(e, target, name, arguments) {
                    return done;
                }
                // `optional.of(x)` is a function with a dotted name, not a method of a variable.
                let full = dotted(target)
                    .filter(|name| self.is_free(name))
                    .map(|prefix| format!("{prefix}.{name}"));
                if let Some(full) = full.filter(|full| function::is_declared(full)) {
                    return self.function(e, &full, None, arguments);
                }
                return self.function(e, name, Some(target), arguments);
            }
            _ => {}
        }
        self.function(e, name, None, &call.args)
    }

    fn function(
        &mut self,
        e: &IdedExpr,
        name: &str,
        target: Option<&IdedExpr>,
        arguments: &[IdedExpr],
    ) -> Typed {
        let name = name.strip_prefix('.').unwrap_or(name);
        let all: Vec<Typed> = target
            .into_iter()
            .chain(arguments)
            .map(|argument| self.expression(argument))
            .collect();
        let (arguments, types): (Vec<Node>, Vec<Type>) = all.into_iter().unzip();
        let method = target.is_some();
        match function::resolve(name, method, &types) {
            Ok(gives) => {
                if let Some(text) = wrong_literal(name, &arguments) {
                    return self.error(e, text);
                }
                (
                    Node::Call {
                        name: name.to_owned(),
                        method,
                        arguments,
                    },
                    gives,
                )
            }
            Err(Unresolved::Undeclared) => {
                self.error(e, format!("undeclared reference to '{name}' (in container '')"))
            }
            Err(Unresolved::NoOverload) => {
                let shown: Vec<String> = types.iter().map(ToString::to_string).collect();
                let signature = match (method, shown.split_first()) {
                    (true, Some((receiver, rest))) => format!("{receiver}.({})", rest.join(", ")),
                    _ => format!("({})", shown.join(", ")),
                };
                self.error(
                    e,
                    format!("found no matching overload for '{name}' applied to '{signature}'"),
                )
            }
        }
    }

    fn junction(&mut self, e: &IdedExpr, name: &str, first: &IdedExpr, rest: &[IdedExpr]) -> Typed {
        let (mut node, mut kind) = self.expression(first);
        for next in rest {
            let (other, other_kind) = self.expression(next);
            let is_bool = |kind: &Type| matches!(kind, Type::Bool | Type::Dyn);
            if !is_bool(&kind) || !is_bool(&other_kind) {
                let text =
                    format!("found no matching overload for '{name}' applied to '({kind}, {other_kind})'");
                return self.error(e, text);
            }
            let (a, b) = (Box::new(node), Box::new(other));
            node = if name == "_&&_" {
                Node::And(a, b)
            } else {
                Node::Or(a, b)
            };
            kind = Type::Bool;
        }
        (node, kind)
    }

    fn choice(&mut self, e: &IdedExpr, condition: &IdedExpr, yes: &IdedExpr, no: &IdedExpr) -> Typed {
        let (condition, is) = self.expression(condition);
        let (yes, yes_type) = self.expression(yes);
        let (no, no_type) = self.expression(no);
        let fits = matches!(is, Type::Bool | Type::Dyn) && yes_type.accepts(&no_type, &mut Bindings::new());
        if !fits {
            let text =
                format!("found no matching overload for '_?_:_' applied to '({is}, {yes_type}, {no_type})'");
            return self.error(e, text);
        }
        let gives = if yes_type == Type::Null || no_type == Type::Dyn {
            no_type
        } else {
            yes_type
        };
        (Node::If(Box::new([condition, yes, no])), gives)
    }

    fn optional_select(&mut self, e: &IdedExpr, of: &IdedExpr, field: &IdedExpr) -> Typed {
        let Expr::Literal(LiteralValue::String(name)) = &field.expr else {
            return self.error(e, "unsupported optional field selection".to_owned());
        };
        let name = name.inner().to_owned();
        let (of, kind) = self.expression(of);
        let kind = match self.field(e, &kind, &name) {
            Type::Optional(inner) => Type::Optional(inner),
            other => Type::Optional(Arc::new(other)),
        };
        (Node::OptionalSelect(Box::new(of), name), kind)
    }

    fn has(&mut self, argument: &IdedExpr) -> Typed {
        let Expr::Select(select) = &argument.expr else {
            return self.error(argument, "invalid argument to has() macro".to_owned());
        };
        let (of, kind) = self.expression(&select.operand);
        let before = self.errors.len();
        self.field(argument, &kind, &select.field);
        if self.errors.len() > before {
            return (Node::Constant(Value::Null), Type::Bool);
        }
        (Node::Has(Box::new(of), select.field.clone()), Type::Bool)
    }

    /// A macro on a target, if the call is one.
    fn macro_call(
        &mut self,
        e: &IdedExpr,
        target: &IdedExpr,
        name: &str,
        arguments: &[IdedExpr],
    ) -> Option<Typed> {
        let (gives, pair, filtered) = match (name, arguments.len()) {
            ("all", 2) => (Gives::All, false, false),
            ("all", 3) => (Gives::All, true, false),
            ("exists", 2) => (Gives::Exists, false, false),
            ("exists", 3) => (Gives::Exists, true, false),
            ("exists_one" | "existsOne", 2) => (Gives::ExistsOne, false, false),
            ("exists_one" | "existsOne", 3) => (Gives::ExistsOne, true, false),
            ("map", 2) => (Gives::Map, false, false),
            ("map", 3) => (Gives::Map, false, true),
            ("filter", 2) => (Gives::Filter, false, false),
            ("sortBy", 2) => (Gives::SortBy, false, false),
            ("transformList", 3) => (Gives::Map, true, false),
            ("transformList", 4) => (Gives::Map, true, true),
            ("transformMap", 3) => (Gives::TransformMap, true, false),
            ("transformMap", 4) => (Gives::TransformMap, true, true),
            ("transformMapEntry", 3) => (Gives::TransformMapEntry, true, false),
            ("transformMapEntry", 4) => (Gives::TransformMapEntry, true, true),
            ("optMap" | "optFlatMap", 2) => {
                return Some(self.optional_map(e, target, name == "optFlatMap", arguments));
            }
            _ => return None,
        };
        Some(self.each(e, target, arguments, gives, pair, filtered))
    }

    fn each(
        &mut self,
        e: &IdedExpr,
        target: &IdedExpr,
        arguments: &[IdedExpr],
        gives: Gives,
        pair: bool,
        filtered: bool,
    ) -> Typed {
        let (range, range_type) = self.expression(target);
        let (first, second) = match &range_type {
            Type::List(of) if pair => (Type::Int, (**of).clone()),
            Type::List(of) => ((**of).clone(), Type::Dyn),
            Type::Map(key, value) => ((**key).clone(), (**value).clone()),
            Type::Dyn => (Type::Dyn, Type::Dyn),
            other => {
                let text = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                return self.error(target, text);
            }
        };
        let names = &arguments[..if pair { 2 } else { 1 }];
        let depth = self.scope.len();
        for (name, kind) in names.iter().zip([first.clone(), second]) {
            let Expr::Ident(name) = &name.expr else {
                self.scope.truncate(depth);
                return self.error(name, "argument must be a simple name".to_owned());
            };
            self.scope.push((name.clone(), kind));
        }
        let rest = &arguments[names.len()..];
        let filter = filtered.then(|| self.predicate(&rest[0], "_?_:_"));
        let body = &rest[usize::from(filtered)];
        let (body_node, body_type) = match gives {
            Gives::All => (self.predicate(body, "_&&_"), Type::Bool),
            Gives::Exists => (self.predicate(body, "_||_"), Type::Bool),
            Gives::ExistsOne | Gives::Filter => (self.predicate(body, "_?_:_"), Type::Bool),
            _ => self.expression(body),
        };
        self.scope.truncate(depth);
        let result = match (gives, &range_type, body_type) {
            (Gives::All | Gives::Exists | Gives::ExistsOne, ..) => Type::Bool,
            (Gives::Filter | Gives::SortBy, ..) => first.list(),
            (Gives::Map, _, of) => of.list(),
            (Gives::TransformMap, _, value) => Type::Map(Arc::new(first), Arc::new(value)),
            (Gives::TransformMapEntry, _, entries @ (Type::Map(..) | Type::Dyn)) => entries,
            (Gives::TransformMapEntry, _, other) => {
                return self.error(e, format!("expected type 'map(dyn, dyn)' but found '{other}'"));
            }
        };
        (
            Node::Loop(Box::new(Loop {
                range,
                pair,
                gives,
                filter,
                body: body_node,
            })),
            result,
        )
    }

    fn predicate(&mut self, e: &IdedExpr, operator: &str) -> Node {
        let (node, kind) = self.expression(e);
        if !matches!(kind, Type::Bool | Type::Dyn) {
            self.error(
                e,
                format!("found no matching overload for '{operator}' applied to '(bool, {kind})'"),
            );
        }
        node
    }

    fn optional_map(&mut self, e: &IdedExpr, target: &IdedExpr, flat: bool, arguments: &[IdedExpr]) -> Typed {
        let (of, kind) = self.expression(target);
        let inner = match kind {
            Type::Optional(inner) => (*inner).clone(),
            Type::Dyn => Type::Dyn,
            other => {
                let name = if flat { "optFlatMap" } else { "optMap" };
                return self.error(
                    e,
                    format!("found no matching overload for '{name}' applied to '{other}.()'"),
                );
            }
        };
        let Expr::Ident(name) = &arguments[0].expr else {
            return self.error(&arguments[0], "argument must be a simple name".to_owned());
        };
        self.scope.push((name.clone(), inner));
        let (body, body_type) = self.expression(&arguments[1]);
        self.scope.pop();
        let gives = if flat {
            body_type
        } else {
            Type::Optional(Arc::new(body_type))
        };
        (
            Node::OptionalMap {
                of: Box::new(of),
                body: Box::new(body),
                flat,
            },
            gives,
        )
    }
}

fn constant(literal: &LiteralValue) -> Typed {
    let (value, kind) = match literal {
        LiteralValue::Boolean(b) => (Value::Bool(*b.inner()), Type::Bool),
        LiteralValue::Bytes(bytes) => (Value::Bytes(bytes.inner().into()), Type::Bytes),
        LiteralValue::Double(n) => (Value::Double(*n.inner()), Type::Double),
        LiteralValue::Int(n) => (Value::Int(*n.inner()), Type::Int),
        LiteralValue::Null => (Value::Null, Type::Null),
        LiteralValue::String(text) => (Value::text(text.inner()), Type::String),
        LiteralValue::UInt(n) => (Value::Uint(*n.inner()), Type::Uint),
    };
    (Node::Constant(value), kind)
}

/// The dotted name an expression spells, if it does.
fn dotted(e: &IdedExpr) -> Option<String> {
    match &e.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => {
            Some(format!("{}.{}", dotted(&select.operand)?, select.field))
        }
        _ => None,
    }
}

/// A literal that its function can never take.
fn wrong_literal(name: &str, arguments: &[Node]) -> Option<String> {
    let text = |i: usize| match arguments.get(i) {
        Some(Node::Constant(Value::String(text))) => Some(text),
        _ => None,
    };
    let wrong = match name {
        "matches" => text(1).is_some_and(|text| pattern::compile(text).is_err()),
        "duration" => text(0).is_some_and(|text| duration::parse(text).is_none()),
        "timestamp" => text(0).is_some_and(|text| time::parse(text).is_none()),
        _ => false,
    };
    wrong.then(|| format!("invalid {name} argument"))
}
