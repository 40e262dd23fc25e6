//! Whether bytes are a JSON object as Go's `encoding/json` reads one, and if not, what it says. The wording is what
//! people find when they search for the error of their pull secret.
//!
//! Go differs from strict parsers in what it lets pass: bytes that are no UTF-8, lone surrogates, `null`, and 10,000
//! levels of nesting; and in what it refuses: numbers beyond a 64-bit float, even in fields nobody reads.

/// Deepest nesting Go reads.
const MAX_DEPTH: usize = 10_000;

/// Checks bytes; the error is Go's sentence.
pub(super) fn object(bytes: &[u8]) -> Result<(), String> {
    let mut scanner = Scanner {
        bytes,
        at: 0,
        wrong_number: None,
    };
    let top = scanner.document()?;
    let mismatch = |what: &str| {
        Err(format!(
            "json: cannot unmarshal {what} into Go value of type map[string]interface {{}}"
        ))
    };
    match top {
        b'[' => mismatch("array"),
        b'"' => mismatch("string"),
        b't' | b'f' => mismatch("bool"),
        b'n' | b'{' => match scanner.wrong_number {
            Some(number) => Err(format!(
                "json: cannot unmarshal number {number} into Go value of type float64"
            )),
            None => Ok(()),
        },
        _ => mismatch("number"),
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The first number that does not fit into a float.
    wrong_number: Option<String>,
}

/// What comes next inside an open array or object.
enum Open {
    Array,
    Object,
}

impl Scanner<'_> {
    /// Reads the whole input and returns the first byte of the value.
    fn document(&mut self) -> Result<u8, String> {
        self.blanks();
        let first = self.peek().ok_or_else(ended)?;
        // The stack is explicit, so that deep nesting costs memory and not the thread.
        let mut open: Vec<Open> = Vec::new();
        self.value(&mut open)?;
        while let Some(innermost) = open.last() {
            self.blanks();
            let byte = self.peek().ok_or_else(ended)?;
            match (innermost, byte) {
                (Open::Array, b']') | (Open::Object, b'}') => {
                    self.at += 1;
                    open.pop();
                }
                (Open::Array, b',') => {
                    self.at += 1;
                    self.value(&mut open)?;
                }
                (Open::Object, b',') => {
                    self.at += 1;
                    self.entry(&mut open)?;
                }
                (Open::Array, other) => return Err(unexpected(other, "after array element")),
                (Open::Object, other) => return Err(unexpected(other, "after object key:value pair")),
            }
        }
        self.blanks();
        match self.peek() {
            Some(byte) => Err(unexpected(byte, "after top-level value")),
            None => Ok(first),
        }
    }

    /// Reads a value, or the beginning of an array or object up to where its first element or entry ends.
    fn value(&mut self, open: &mut Vec<Open>) -> Result<(), String> {
        loop {
            self.blanks();
            match self.peek().ok_or_else(ended)? {
                b'{' => {
                    self.opened(open, Open::Object)?;
                    self.blanks();
                    return match self.peek().ok_or_else(ended)? {
                        b'}' => Ok(()),
                        _ => self.entry(open),
                    };
                }
                b'[' => {
                    self.opened(open, Open::Array)?;
                    self.blanks();
                    if self.peek().ok_or_else(ended)? == b']' {
                        return Ok(());
                    }
                }
                b'"' => return self.string(),
                b't' => return self.word(b"true"),
                b'f' => return self.word(b"false"),
                b'n' => return self.word(b"null"),
                b'-' | b'0'..=b'9' => return self.number(),
                other => return Err(unexpected(other, "looking for beginning of value")),
            }
        }
    }

    fn opened(&mut self, open: &mut Vec<Open>, kind: Open) -> Result<(), String> {
        self.at += 1;
        open.push(kind);
        if open.len() > MAX_DEPTH {
            Err("exceeded max depth".into())
        } else {
            Ok(())
        }
    }

    /// Reads a name, a colon, and the value after it.
    fn entry(&mut self, open: &mut Vec<Open>) -> Result<(), String> {
        self.blanks();
        match self.peek().ok_or_else(ended)? {
            b'"' => self.string()?,
            other => return Err(unexpected(other, "looking for beginning of object key string")),
        }
        self.blanks();
        match self.peek().ok_or_else(ended)? {
            b':' => self.at += 1,
            other => return Err(unexpected(other, "after object key")),
        }
        self.value(open)
    }

    fn string(&mut self) -> Result<(), String> {
        self.at += 1;
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => match self.next()? {
                    b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {}
                    b'u' => {
                        for _ in 0..4 {
                            let byte = self.next()?;
                            if !byte.is_ascii_hexdigit() {
                                return Err(unexpected(byte, "in \\u hexadecimal character escape"));
                            }
                        }
                    }
                    other => return Err(unexpected(other, "in string escape code")),
                },
                control @ 0..0x20 => return Err(unexpected(control, "in string literal")),
                _ => {}
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), String> {
        let name = String::from_utf8_lossy(word).into_owned();
        self.at += 1;
        for &expected in &word[1..] {
            let byte = self.next()?;
            if byte != expected {
                let place = format!("in literal {name} (expecting {})", quoted(expected));
                return Err(unexpected(byte, &place));
            }
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), String> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.next()? {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            other => return Err(unexpected(other, "in numeric literal")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        let text = String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned();
        if self.wrong_number.is_none() && !text.parse::<f64>().is_ok_and(f64::is_finite) {
            self.wrong_number = Some(text);
        }
        Ok(())
    }

    fn some_digits(&mut self, place: &str) -> Result<(), String> {
        match self.next()? {
            b'0'..=b'9' => {
                self.digits();
                Ok(())
            }
            other => Err(unexpected(other, place)),
        }
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, String> {
        let byte = self.peek().ok_or_else(ended)?;
        self.at += 1;
        Ok(byte)
    }
}

fn ended() -> String {
    "unexpected end of JSON input".into()
}

fn unexpected(byte: u8, place: &str) -> String {
    format!("invalid character {} {place}", quoted(byte))
}

/// A byte as Go shows it: taken for a character of its own, in single quotes.
fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".into(),
        b'"' => "'\"'".into(),
        b'\\' => r"'\\'".into(),
        0x07 => r"'\a'".into(),
        0x08 => r"'\b'".into(),
        0x0c => r"'\f'".into(),
        b'\n' => r"'\n'".into(),
        b'\r' => r"'\r'".into(),
        b'\t' => r"'\t'".into(),
        0x0b => r"'\v'".into(),
        0..0x20 | 0x7f => format!("'\\x{byte:02x}'"),
        0x80..=0xa0 | 0xad => format!("'\\u{:04x}'", u32::from(byte)),
        _ => format!("'{}'", char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::object;

    fn check(cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            let got = object(text.as_bytes()).err().unwrap_or_default();
            assert_eq!(got, *expected, "{text}");
        }
    }

    #[test]
    fn objects_and_null_pass() {
        check(&[
            ("{}", ""),
            (" null\n", ""),
            (r#"{"a":[1,{"b":[]}],"c":"\ud800","d":-0.5e+3}"#, ""),
        ]);
        assert_eq!(object(b"{\"a\":\"\xff\"}"), Ok(()));
    }

    #[test]
    fn mistakes_are_named_as_go_names_them() {
        check(&[
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("tru", "unexpected end of JSON input"),
            (
                "{]",
                "invalid character ']' looking for beginning of object key string",
            ),
            ("{\"a\"}", "invalid character '}' after object key"),
            ("{\"a\":}", "invalid character '}' looking for beginning of value"),
            (
                "{\"a\":1,}",
                "invalid character '}' looking for beginning of object key string",
            ),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("[1 2]", "invalid character '2' after array element"),
            (
                "{\"a\":tru\"}",
                "invalid character '\"' in literal true (expecting 'e')",
            ),
            ("{\"a\":01}", "invalid character '1' after object key:value pair"),
            ("{\"a\":-}", "invalid character '}' in numeric literal"),
            (
                "{\"a\":1.}",
                "invalid character '}' after decimal point in numeric literal",
            ),
            (
                "{\"a\":1e}",
                "invalid character '}' in exponent of numeric literal",
            ),
            ("{\"a\":\"\\x\"}", "invalid character 'x' in string escape code"),
            (
                "{\"a\":\"\\u12g4\"}",
                "invalid character 'g' in \\u hexadecimal character escape",
            ),
            ("{\"a\":\"\t\"}", "invalid character '\\t' in string literal"),
            ("{} x", "invalid character 'x' after top-level value"),
        ]);
    }

    #[test]
    fn other_values_are_the_wrong_type() {
        let say =
            |what| format!("json: cannot unmarshal {what} into Go value of type map[string]interface {{}}");
        check(&[
            ("\"a\"", &say("string")),
            ("true", &say("bool")),
            ("1e999", &say("number")),
        ]);
        check(&[(
            "{\"a\":[1e400,-1e500]}",
            "json: cannot unmarshal number 1e400 into Go value of type float64",
        )]);
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(object(nested(9_999).as_bytes()), Ok(()));
        assert_eq!(
            object(nested(10_000).as_bytes()),
            Err("exceeded max depth".into())
        );
    }
}
