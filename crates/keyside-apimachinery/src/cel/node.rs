//! A checked expression, ready to run: names are resolved to places on a stack, macros to loops.

use super::value::Value;

#[derive(Debug, Clone)]
pub(super) enum Node {
    Constant(Value),
    /// A variable by its place on the stack.
    Variable(usize),
    Select(Box<Self>, String),
    /// `has(a.b)`.
    Has(Box<Self>, String),
    /// `a.?b`.
    OptionalSelect(Box<Self>, String),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    If(Box<[Self; 3]>),
    /// A function by its name in the table; a method's receiver is the first argument.
    Call {
        name: String,
        method: bool,
        arguments: Vec<Self>,
    },
    /// Elements; those marked are optional.
    List(Vec<(Self, bool)>),
    /// Entries; those marked are optional.
    Map(Vec<(Self, Self, bool)>),
    Loop(Box<Loop>),
    /// `a.optMap(v, e)`, or `optFlatMap` where the body gives an optional itself.
    OptionalMap {
        of: Box<Self>,
        body: Box<Self>,
        flat: bool,
    },
}

/// A macro over a list or map. Its variables are pushed on the stack for each step.
#[derive(Debug, Clone)]
pub(super) struct Loop {
    pub(super) range: Node,
    /// Whether there are two variables: index or key, and value.
    pub(super) pair: bool,
    pub(super) gives: Gives,
    /// What an element must fulfil to count, where the macro has that.
    pub(super) filter: Option<Node>,
    pub(super) body: Node,
}

/// What a loop gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    SortBy,
    /// A map with the same keys.
    TransformMap,
    /// A map of the entries the body gives.
    TransformMapEntry,
}
