//! Field selectors: `metadata.name=a,status.phase!=Running`, with `\` before a comma, an equals sign or a backslash
//! that belongs to a value.

use super::SelectError;

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

impl FieldSelector {
    /// Reads `metadata.name=a,status.phase!=Running`.
    ///
    /// # Errors
    /// A selector that does not follow the grammar.
    pub fn parse(text: &str) -> Result<Self, SelectError> {
        let parts = split(text).into_iter().filter(|part| !part.is_empty());
        let term = |part: &str| {
            let (field, equal, value) = operator(part).ok_or_else(|| {
                SelectError(format!("invalid selector: '{text}'; can't understand '{part}'"))
            })?;
            Ok(FieldTerm {
                field: field.to_owned(),
                value: unescape(value)?,
                equal,
            })
        };
        Ok(Self {
            terms: parts.map(term).collect::<Result<_, _>>()?,
        })
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
            .all(|term| (field(&term.field).unwrap_or_default() == term.value) == term.equal)
    }

    /// Whether every object is selected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

/// The parts between commas that are not escaped, in order.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut begin, mut escaped) = (0, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts.sort_unstable();
    parts
}

/// Field, whether equal, and the value as written.
fn operator(part: &str) -> Option<(&str, bool, &str)> {
    let operators = [("!=", false), ("==", true), ("=", true)];
    part.char_indices().find_map(|(at, _)| {
        let (field, rest) = part.split_at(at);
        operators
            .iter()
            .find_map(|(operator, equal)| Some((field, *equal, rest.strip_prefix(operator)?)))
    })
}

fn unescape(value: &str) -> Result<String, SelectError> {
    let wrong = |sequence: String| {
        SelectError(format!(
            "invalid field selector: invalid escape sequence: {sequence}"
        ))
    };
    let mut plain = String::new();
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => plain.push(escaped),
                Some(other) => return Err(wrong(format!("\\{other}"))),
                None => return Err(wrong("\\".into())),
            },
            ',' | '=' => {
                let code = u32::from(character);
                let message = format!("invalid field selector: unescaped character in value: {code}");
                return Err(SelectError(message));
            }
            plain_one => plain.push(plain_one),
        }
    }
    Ok(plain)
}
