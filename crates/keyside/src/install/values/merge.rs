//! A user's values over the chart's own, as Helm lays them: maps are merged, everything else is replaced, null removes.

use super::Values;
use serde_json::{Value, json};

/// Why values cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// Not YAML.
    #[error("the values are not YAML")]
    Parse(#[source] serde_saphyr::Error),
    /// A name or a form that the chart does not have.
    #[error("the values do not fit the chart")]
    Fit(#[source] serde_json::Error),
}

/// Reads a values file. An empty one changes nothing.
pub(crate) fn parse(text: &str) -> Result<Value, Refused> {
    let given: Option<Value> = serde_saphyr::from_str(text).map_err(Refused::Parse)?;
    Ok(given
        .filter(|value| !value.is_null())
        .unwrap_or_else(|| json!({})))
}

/// Lays values over the chart's own, one after the other.
pub(crate) fn overlay(given: impl IntoIterator<Item = Value>) -> Result<Values, Refused> {
    let mut values = serde_json::to_value(Values::default()).expect("values are plain data");
    for one in given {
        merge(&mut values, one);
    }
    serde_json::from_value(values).map_err(Refused::Fit)
}

/// Lays one document over another.
fn merge(base: &mut Value, given: Value) {
    match (base, given) {
        (Value::Object(base), Value::Object(given)) => {
            for (name, value) in given {
                if value.is_null() {
                    base.remove(&name);
                } else {
                    merge(base.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (base, given) => *base = given,
    }
}
