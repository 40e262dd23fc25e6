//! Rules in the Common Expression Language, as Kubernetes evaluates them: in custom kinds and in webhooks' conditions.
//!
//! An expression is checked against the types of its variables when it is written, so that a misspelt field is refused
//! there and then, and run later under a budget. Parsing is the `cel` crate's; types, functions and running are ours,
//! because Kubernetes promises things the crate does not know: types from a schema, lists that are sets, a bounded cost.
//!
//! | Module | What it holds |
//! |---|---|
//! | `shape` | types |
//! | `check` | an expression becomes a tree of nodes, or errors with their places |
//! | `node`, `run` | the tree, and running it |
//! | `value` | values |
//! | `function` | the table of all functions and operators |
//! | [`duration`], `time`, `url`, `network`, `quantity` | values with functions of their own |

mod check;
pub mod duration;
mod function;
mod network;
mod node;
mod quantity;
mod run;
mod shape;
pub(crate) mod time;
mod url;
mod value;

pub use run::RunError;
pub use shape::{Object, Type};
pub use value::{Key, List, ListKind, Value};

use node::Node;
use run::Run;
use std::collections::BTreeSet;

/// What one run may cost (`k8s.io/apiserver/pkg/apis/cel`).
pub const COST_OF_ONE: u64 = 1_000_000;

/// A checked expression.
#[derive(Debug, Clone)]
pub struct Program {
    node: Node,
    gives: Type,
    uses: BTreeSet<String>,
    variables: Vec<String>,
}

impl Program {
    /// Checks an expression over these variables.
    ///
    /// # Errors
    /// What is wrong with it, with the places, in the words of the Go implementation.
    pub fn compile(source: &str, variables: &[(String, Type)]) -> Result<Self, String> {
        let checked = check::check(source, variables, check::Makes::Nothing)?;
        Ok(Self::of(checked, variables))
    }

    /// Checks an expression that may also make objects: `JSONPatch{…}`, and `Object.spec{…}` as what it adds.
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn compile_mutation(source: &str, variables: &[(String, Type)]) -> Result<Self, String> {
        let checked = check::check(source, variables, check::Makes::Patches)?;
        Ok(Self::of(checked, variables))
    }

    fn of(checked: check::Checked, variables: &[(String, Type)]) -> Self {
        let variables = variables.iter().map(|(name, _)| name.clone()).collect();
        Self {
            node: checked.node,
            gives: checked.gives,
            uses: checked.uses,
            variables,
        }
    }

    /// The type of the result.
    #[must_use]
    pub fn gives(&self) -> &Type {
        &self.gives
    }

    /// Whether it uses a variable.
    #[must_use]
    pub fn uses(&self, variable: &str) -> bool {
        self.uses.contains(variable)
    }

    /// Runs it with a value for each variable and answers with the result and what it cost.
    ///
    /// # Errors
    /// If something in it fails, or it costs more than the budget.
    pub fn run(&self, variables: Vec<Value>, budget: u64) -> (Result<Value, RunError>, u64) {
        debug_assert_eq!(variables.len(), self.variables.len(), "a value for each variable");
        let mut run = Run::new(variables, budget);
        let result = run.node(&self.node);
        (result, budget - run.left())
    }
}

#[cfg(test)]
mod tests;
