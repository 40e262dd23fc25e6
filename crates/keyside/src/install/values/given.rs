//! Parts of Kubernetes objects that are handed on as they were written, after a look whether Kubernetes knows them.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::marker::PhantomData;

/// A value in the form of `T`, kept as it was written: what Helm would print is what we print.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Given<T> {
    value: Value,
    form: PhantomData<T>,
}

impl<T> Given<T> {
    /// A value that is known to have the form.
    pub(crate) fn of(value: Value) -> Self {
        Self {
            value,
            form: PhantomData,
        }
    }

    /// As it was written.
    pub(crate) fn value(&self) -> &Value {
        &self.value
    }
}

impl<T> Serialize for Given<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned + Serialize> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let known: T = serde_json::from_value(value.clone()).map_err(D::Error::custom)?;
        let kept = serde_json::to_value(known).map_err(D::Error::custom)?;
        match lost(&value, &kept) {
            Some(field) => Err(D::Error::custom(format!("unknown field `{field}`"))),
            None => Ok(Self::of(value)),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Given<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// The first field that was written and that the form does not have: Kubernetes' types drop what they do not know.
fn lost(written: &Value, kept: &Value) -> Option<String> {
    match (written, kept) {
        (Value::Object(written), kept) => written.iter().find_map(|(name, value)| match kept.get(name) {
            Some(kept) => lost(value, kept).map(|inner| format!("{name}.{inner}")),
            None if value.is_null() => None,
            None => Some(name.clone()),
        }),
        (Value::Array(written), Value::Array(kept)) => written
            .iter()
            .zip(kept)
            .find_map(|(value, kept)| lost(value, kept)),
        _ => None,
    }
}
