//! Strings: decoding with Go's leniency, encoding with Go's escapes.

use zeroize::Zeroizing;

/// Which characters are escaped beyond what JSON demands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escape {
    /// Only what JSON demands: people read `&` as `&`.
    #[default]
    Plain,
    /// Also `<`, `>` and `&`, as kubectl does.
    Html,
}

/// The text of a checked string (with its quotes), and whether something in it had to be replaced by U+FFFD: bytes that are not
/// UTF-8, or half of a surrogate pair.
pub(crate) fn string(quoted: &[u8]) -> (Zeroizing<String>, bool) {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(inner.len()));
    let mut replaced = false;
    let mut rest = inner;
    while let Some(&byte) = rest.first() {
        if byte == b'\\' {
            rest = unescape(&rest[1..], &mut text, &mut replaced);
            continue;
        }
        let run = rest.iter().position(|&byte| byte == b'\\').unwrap_or(rest.len());
        for chunk in rest[..run].utf8_chunks() {
            text.push_str(chunk.valid());
            // Go replaces every single bad byte, not every bad sequence.
            for _ in chunk.invalid() {
                text.push(char::REPLACEMENT_CHARACTER);
                replaced = true;
            }
        }
        rest = &rest[run..];
    }
    (text, replaced)
}

/// Decodes one escape (without its backslash) and returns what follows it.
fn unescape<'a>(escape: &'a [u8], text: &mut String, replaced: &mut bool) -> &'a [u8] {
    let Some((&letter, rest)) = escape.split_first() else {
        return &[];
    };
    let plain = match letter {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let (c, rest) = unicode_escape(rest);
            *replaced |= c.is_none();
            text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
            return rest;
        }
        other => char::from(other),
    };
    text.push(plain);
    rest
}

/// Decodes the four digits after `\u`, and the second half of a surrogate pair if it follows. `None` for half a pair; the other
/// `\u` is then left to be decoded on its own.
fn unicode_escape(digits: &[u8]) -> (Option<char>, &[u8]) {
    let (first, rest) = hex4(digits);
    if !(0xd800..0xe000).contains(&first) {
        return (char::from_u32(first), rest);
    }
    if let Some(second_digits) = rest.strip_prefix(b"\\u") {
        let (second, after) = hex4(second_digits);
        if first < 0xdc00 && (0xdc00..0xe000).contains(&second) {
            return (
                char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)),
                after,
            );
        }
    }
    (None, rest)
}

fn hex4(digits: &[u8]) -> (u32, &[u8]) {
    let (digits, rest) = digits.split_at(digits.len().min(4));
    let value = digits.iter().fold(0, |value, &digit| {
        value * 16 + char::from(digit).to_digit(16).unwrap_or(0)
    });
    (value, rest)
}

/// Appends `value` as a JSON string, as Go's encoder writes it: bytes that are not UTF-8 become `\ufffd`.
pub(crate) fn write_string(out: &mut Vec<u8>, value: &[u8], escape: Escape) {
    out.push(b'"');
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            write_char(out, c, escape);
        }
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
    out.push(b'"');
}

fn write_char(out: &mut Vec<u8>, c: char, escape: Escape) {
    let short = match c {
        '"' => b'"',
        '\\' => b'\\',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        _ => 0,
    };
    let html = escape == Escape::Html && matches!(c, '<' | '>' | '&');
    if short != 0 {
        out.extend_from_slice(&[b'\\', short]);
    } else if c < ' ' || html || matches!(c, '\u{2028}' | '\u{2029}') {
        out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
    } else {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// A byte between single quotes as Go's error messages show it: read as a Latin-1 character, escaped unless it is printable.
pub(crate) fn quoted_char(byte: u8) -> String {
    let escaped = match byte {
        b'\'' => "\\'".to_owned(),
        b'\\' => "\\\\".to_owned(),
        0x07 => "\\a".to_owned(),
        0x08 => "\\b".to_owned(),
        0x0b => "\\v".to_owned(),
        0x0c => "\\f".to_owned(),
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        0x00..0x20 | 0x7f => format!("\\x{byte:02x}"),
        0x80..=0xa0 | 0xad => format!("\\u{byte:04x}"),
        printable => char::from(printable).to_string(),
    };
    format!("'{escaped}'")
}
