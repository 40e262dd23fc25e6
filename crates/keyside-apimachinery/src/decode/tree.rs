//! Builds a JSON value from any deserializer and notes repeated keys, which the usual way forgets.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;
use std::fmt::{self, Write};

/// What is noted while values are read.
#[derive(Default)]
pub(super) struct Notes {
    /// How a repeated key is described: with the line it is on, or with its path.
    by_line: bool,
    /// The sentences: `line 9: key "foo" already set in map` or `duplicate field "spec.paused"`.
    pub(super) repeated: Vec<String>,
    /// Where we are.
    path: String,
}

/// Reads one value.
pub(super) struct Seed<'a>(pub(super) &'a mut Notes);

impl Notes {
    /// Notes that describe a repeated key with its line, as is done for YAML.
    pub(super) fn by_line() -> Self {
        Self {
            by_line: true,
            ..Self::default()
        }
    }

    /// Steps into a field and answers with what to step back to.
    fn enter(&mut self, field: &str) -> usize {
        let back = self.path.len();
        if back > 0 {
            self.path.push('.');
        }
        self.path.push_str(field);
        back
    }

    fn enter_element(&mut self, index: usize) -> usize {
        let back = self.path.len();
        let _ = write!(self.path, "[{index}]");
        back
    }

    fn key<'de, A: MapAccess<'de>>(&self, map: &mut A) -> Result<Option<(String, u64)>, A::Error> {
        if self.by_line {
            let key = map.next_key::<Spanned<String>>()?;
            return Ok(key.map(|key| (key.value, key.referenced.line())));
        }
        Ok(map.next_key::<String>()?.map(|key| (key, 0)))
    }

    /// Notes that the key we are at was there before. Kubernetes stops counting at a hundred as well.
    fn note(&mut self, key: &str, line: u64) {
        let sentence = if self.by_line {
            format!("line {line}: key {key:?} already set in map")
        } else {
            format!("duplicate field {:?}", self.path)
        };
        if self.repeated.len() < 100 && !self.repeated.contains(&sentence) {
            self.repeated.push(sentence);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(number(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        loop {
            let back = self.0.enter_element(elements.len());
            let element = list.next_element_seed(Seed(self.0))?;
            self.0.path.truncate(back);
            match element {
                Some(element) => elements.push(element),
                None => return Ok(elements.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((key, line)) = self.0.key(&mut map)? {
            let back = self.0.enter(&key);
            if fields.contains_key(&key) {
                self.0.note(&key, line);
            }
            let value = map.next_value_seed(Seed(self.0))?;
            self.0.path.truncate(back);
            fields.insert(key, value);
        }
        Ok(fields.into())
    }
}

/// A number as Go writes it back: a whole one without a fraction.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9.0e15 {
        return (value as i64).into();
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}
