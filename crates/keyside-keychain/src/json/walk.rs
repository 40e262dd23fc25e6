//! Walking a checked text: the kind of a value, and the members of an object as slices of the original.

/// The kind of a value, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    /// The word Go uses in its error messages.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// The kind of a checked value.
pub(crate) fn kind(value: &[u8]) -> Kind {
    match value.trim_ascii_start().first() {
        Some(b'n') => Kind::Null,
        Some(b't' | b'f') => Kind::Bool,
        Some(b'"') => Kind::String,
        Some(b'[') => Kind::Array,
        Some(b'{') => Kind::Object,
        _ => Kind::Number,
    }
}

/// The members of a checked object, in order: the raw name (with its quotes) and the raw value. Nothing for any other value.
pub(crate) fn members(object: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let is_object = kind(object) == Kind::Object;
    let mut rest = if is_object {
        &object.trim_ascii_start()[1..]
    } else {
        &[]
    };
    std::iter::from_fn(move || {
        rest = skip(rest, b",");
        if rest.first() != Some(&b'"') {
            return None;
        }
        let (name, after) = rest.split_at(value_len(rest));
        let after = skip(after, b":");
        let (value, after) = after.split_at(value_len(after));
        rest = after;
        Some((name, value))
    })
}

/// `bytes` without leading white space and without the punctuation given.
fn skip<'a>(bytes: &'a [u8], punctuation: &[u8]) -> &'a [u8] {
    let end = bytes
        .iter()
        .position(|byte| !b" \t\r\n".contains(byte) && !punctuation.contains(byte));
    &bytes[end.unwrap_or(bytes.len())..]
}

/// The length of the checked value at the beginning of `bytes`.
fn value_len(bytes: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at += string_len(&bytes[at..]),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
            _ => at += 1,
        }
        let closed = matches!(byte, b'"' | b'}' | b']');
        if depth == 0 && closed {
            return at;
        }
    }
    at
}

/// The length of the string at the beginning of `bytes`, quotes included.
fn string_len(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            b'"' => return at + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    bytes.len()
}
