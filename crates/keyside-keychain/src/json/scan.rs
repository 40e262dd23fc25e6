//! The grammar: whether a text is JSON at all, and if not, what Go says about it.
//!
//! No recursion anywhere: ten thousand levels must neither be refused nor exhaust the stack.

use std::fmt;

use super::text;

/// Go's limit on nesting (`maxNestingDepth` in `encoding/json/scanner.go`).
const MAX_DEPTH: usize = 10_000;

/// Why a text is not JSON, in Go's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxError {
    /// The text stops before the value is complete.
    UnexpectedEnd,
    /// A byte that cannot stand where it stands.
    Unexpected {
        /// The byte; beyond ASCII it is the first byte of a character.
        byte: u8,
        /// Where it was met, such as `after object key`.
        context: &'static str,
    },
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::UnexpectedEnd => f.write_str("unexpected end of JSON input"),
            Self::Unexpected { byte, context } => {
                write!(f, "invalid character {} {context}", text::quoted_char(byte))
            }
        }
    }
}

impl std::error::Error for SyntaxError {}

/// What [`check`] learned on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// A number somewhere is too large for a 64-bit float. Go refuses it only where the number is decoded.
    pub(crate) number_out_of_range: bool,
}

/// Whether `bytes` are one JSON value with nothing but white space around it.
pub(crate) fn check(bytes: &[u8]) -> Result<Checked, SyntaxError> {
    let mut scanner = Scanner {
        bytes,
        at: 0,
        open: Vec::new(),
        number_out_of_range: false,
    };
    let mut state = State::Value;
    while state != State::End {
        state = scanner.step(state)?;
    }
    scanner.skip_space();
    match scanner.peek() {
        None => Ok(Checked {
            number_out_of_range: scanner.number_out_of_range,
        }),
        Some(byte) => Err(SyntaxError::Unexpected {
            byte,
            context: "after top-level value",
        }),
    }
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Value,
    FirstElement,
    FirstKey,
    Key,
    AfterValue,
    End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Array,
    Object,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    open: Vec<Open>,
    number_out_of_range: bool,
}

impl Scanner<'_> {
    fn step(&mut self, state: State) -> Result<State, SyntaxError> {
        self.skip_space();
        match state {
            State::FirstElement if self.peek() == Some(b']') => Ok(self.close()),
            State::FirstKey if self.peek() == Some(b'}') => Ok(self.close()),
            State::Value | State::FirstElement => self.value(),
            State::Key | State::FirstKey => self.key(),
            State::AfterValue => self.after_value(),
            State::End => Ok(State::End),
        }
    }

    fn value(&mut self) -> Result<State, SyntaxError> {
        let byte = self.peek().ok_or(SyntaxError::UnexpectedEnd)?;
        match byte {
            b'{' => return self.descend(byte, Open::Object, State::FirstKey),
            b'[' => return self.descend(byte, Open::Array, State::FirstElement),
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.literal(&TRUE)?,
            b'f' => self.literal(&FALSE)?,
            b'n' => self.literal(&NULL)?,
            _ => {
                return Err(SyntaxError::Unexpected {
                    byte,
                    context: "looking for beginning of value",
                });
            }
        }
        Ok(self.value_done())
    }

    fn descend(&mut self, byte: u8, open: Open, next: State) -> Result<State, SyntaxError> {
        self.open.push(open);
        if self.open.len() > MAX_DEPTH {
            return Err(SyntaxError::Unexpected {
                byte,
                context: "exceeded max depth",
            });
        }
        self.at += 1;
        Ok(next)
    }

    fn close(&mut self) -> State {
        self.open.pop();
        self.at += 1;
        self.value_done()
    }

    fn value_done(&self) -> State {
        if self.open.is_empty() {
            State::End
        } else {
            State::AfterValue
        }
    }

    fn key(&mut self) -> Result<State, SyntaxError> {
        self.expect(b'"', "looking for beginning of object key string")?;
        self.string()?;
        self.skip_space();
        self.expect(b':', "after object key")?;
        self.at += 1;
        Ok(State::Value)
    }

    fn after_value(&mut self) -> Result<State, SyntaxError> {
        let byte = self.peek().ok_or(SyntaxError::UnexpectedEnd)?;
        let (next, end, context) = match self.open.last() {
            Some(Open::Object) => (State::Key, b'}', "after object key:value pair"),
            _ => (State::Value, b']', "after array element"),
        };
        if byte == b',' {
            self.at += 1;
            Ok(next)
        } else if byte == end {
            Ok(self.close())
        } else {
            Err(SyntaxError::Unexpected { byte, context })
        }
    }

    fn string(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                0x00..0x20 => {
                    return Err(SyntaxError::Unexpected {
                        byte,
                        context: "in string literal",
                    });
                }
                _ => {}
            }
        }
        Err(SyntaxError::UnexpectedEnd)
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        match self.bump() {
            b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => Ok(()),
            b'u' => {
                for _ in 0..4 {
                    let byte = self.bump();
                    if !byte.is_ascii_hexdigit() {
                        return Err(SyntaxError::Unexpected {
                            byte,
                            context: "in \\u hexadecimal character escape",
                        });
                    }
                }
                Ok(())
            }
            byte => Err(SyntaxError::Unexpected {
                byte,
                context: "in string escape code",
            }),
        }
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits("in numeric literal")?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        let text = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
        self.number_out_of_range |= text.parse::<f64>().is_ok_and(f64::is_infinite);
        Ok(())
    }

    /// One digit or more.
    fn digits(&mut self, context: &'static str) -> Result<(), SyntaxError> {
        let first = self.bump();
        if !first.is_ascii_digit() {
            return Err(SyntaxError::Unexpected { byte: first, context });
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn literal(&mut self, letters: &[(u8, &'static str)]) -> Result<(), SyntaxError> {
        self.at += 1;
        for &(expected, context) in letters {
            let byte = self.bump();
            if byte != expected {
                return Err(SyntaxError::Unexpected { byte, context });
            }
        }
        Ok(())
    }

    fn expect(&self, expected: u8, context: &'static str) -> Result<(), SyntaxError> {
        match self.peek() {
            None => Err(SyntaxError::UnexpectedEnd),
            Some(byte) if byte == expected => Ok(()),
            Some(byte) => Err(SyntaxError::Unexpected { byte, context }),
        }
    }

    /// The next byte inside a literal, number or escape. Go checks an unfinished one by adding a blank, and complains about that.
    fn bump(&mut self) -> u8 {
        let byte = self.peek().unwrap_or(b' ');
        self.at += 1;
        byte
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }
}

/// The letters after the first, each with what Go says when another one stands there.
const TRUE: [(u8, &str); 3] = [
    (b'r', "in literal true (expecting 'r')"),
    (b'u', "in literal true (expecting 'u')"),
    (b'e', "in literal true (expecting 'e')"),
];
const FALSE: [(u8, &str); 4] = [
    (b'a', "in literal false (expecting 'a')"),
    (b'l', "in literal false (expecting 'l')"),
    (b's', "in literal false (expecting 's')"),
    (b'e', "in literal false (expecting 'e')"),
];
const NULL: [(u8, &str); 3] = [
    (b'u', "in literal null (expecting 'u')"),
    (b'l', "in literal null (expecting 'l')"),
    (b'l', "in literal null (expecting 'l')"),
];
