//! Label and field selectors: reading them from query strings and objects, and matching.

mod fields;
mod labels;

use crate::kinds::name;
use crate::status::FieldError;
use serde_json::{Map, Value};

pub use fields::{FieldSelector, FieldTerm};

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

/// How a label's value is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// One of the values, of which `=` has one.
    In,
    /// None of the values; an absent label is right too.
    NotIn,
    Exists,
    DoesNotExist,
    /// A whole number above the value.
    GreaterThan,
    /// A whole number below the value.
    LessThan,
}

impl LabelSelector {
    /// Reads `a=b,c!=d,e in (f,g),!h`.
    ///
    /// # Errors
    /// A selector that does not follow the grammar or names impossible labels.
    pub fn parse(text: &str) -> Result<Self, SelectError> {
        labels::parse(text)
            .map(|requirements| Self {
                requirements,
                nothing: false,
            })
            .map_err(SelectError)
    }

    /// Reads a `LabelSelector` object; `null` selects nothing, `{}` everything.
    ///
    /// # Errors
    /// An operator or value that is not allowed.
    pub fn from_object(selector: &Value) -> Result<Self, SelectError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut requirements = Vec::new();
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            requirements.push(Requirement::checked(key, Operator::In, vec![text(value)])?);
        }
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let operator = match expression["operator"].as_str().unwrap_or_default() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => {
                    return Err(SelectError(format!(
                        "{other:?} is not a valid label selector operator"
                    )));
                }
            };
            let values = expression["values"]
                .as_array()
                .into_iter()
                .flatten()
                .map(text)
                .collect();
            requirements.push(Requirement::checked(&text(&expression["key"]), operator, values)?);
        }
        Ok(Self {
            requirements,
            nothing: selector.is_null(),
        })
    }

    /// Whether labels fulfil the selector; `None` is an object without labels.
    #[must_use]
    pub fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        !self.nothing
            && self
                .requirements
                .iter()
                .all(|requirement| requirement.matches(labels))
    }

    /// Whether every object is selected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.nothing && self.requirements.is_empty()
    }
}

impl Requirement {
    /// A requirement whose key and values can be those of a label.
    fn checked(key: &str, operator: Operator, values: Vec<String>) -> Result<Self, SelectError> {
        let mut errors = Vec::new();
        let wrong = name::label_key(key);
        if !wrong.is_empty() {
            errors.push(FieldError::invalid("key", key, wrong.join("; ")));
        }
        let all = || Value::from(values.clone());
        match operator {
            Operator::In | Operator::NotIn if values.is_empty() => {
                let detail = "for 'in', 'notin' operators, values set can't be empty";
                errors.push(FieldError::invalid("values", all(), detail));
            }
            Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
                let detail = "values set must be empty for exists and does not exist";
                errors.push(FieldError::invalid("values", all(), detail));
            }
            Operator::GreaterThan | Operator::LessThan
                if values.iter().any(|v| v.parse::<i64>().is_err()) =>
            {
                let detail = "for 'Gt', 'Lt' operators, the value must be an integer";
                errors.push(FieldError::invalid("values[0]", all()[0].clone(), detail));
            }
            _ => {}
        }
        for (i, value) in values.iter().enumerate() {
            let wrong = name::label_value(value);
            if !wrong.is_empty() {
                errors.push(FieldError::invalid(
                    format!("values[{i}][{key}]"),
                    value.as_str(),
                    wrong.join("; "),
                ));
            }
        }
        match errors.as_slice() {
            [] => Ok(Self {
                key: key.to_owned(),
                operator,
                values,
            }),
            [one] => Err(SelectError(one.to_string())),
            many => {
                let many: Vec<_> = many.iter().map(ToString::to_string).collect();
                Err(SelectError(format!("[{}]", many.join(", "))))
            }
        }
    }

    fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        let value = labels.and_then(|labels| labels.get(&self.key)?.as_str());
        let listed = |value: &str| self.values.iter().any(|v| v == value);
        let compared = |holds: fn(&i64, &i64) -> bool| {
            let number = value.and_then(|value| value.parse().ok());
            let bound = self.values.first().and_then(|bound| bound.parse().ok());
            number
                .zip(bound)
                .is_some_and(|(number, bound)| holds(&number, &bound))
        };
        match self.operator {
            Operator::In => value.is_some_and(listed),
            Operator::NotIn => !value.is_some_and(listed),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan => compared(i64::gt),
            Operator::LessThan => compared(i64::lt),
        }
    }
}

#[cfg(test)]
mod tests;
