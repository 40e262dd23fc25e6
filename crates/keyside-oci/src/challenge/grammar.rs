//! The grammar: `challenge = scheme [ 1*SP ( token68 / #( name "=" ( token / quoted ) ) ) ]`, several of them joined by commas.
//!
//! The comma is the hard part: it separates both parameters and challenges. What follows one is a parameter exactly if it is a token
//! with an equals sign behind it.

use super::{Challenge, Unreadable};

pub(super) fn parse(text: &[u8]) -> Result<Vec<Challenge>, Unreadable> {
    let mut reader = Reader { rest: text };
    let mut challenges = Vec::new();
    loop {
        reader.skip_commas();
        if reader.rest.is_empty() {
            return Ok(challenges);
        }
        challenges.push(reader.challenge()?);
        reader.skip_blanks();
        if !reader.rest.is_empty() && !reader.rest.starts_with(b",") {
            return Err(Unreadable);
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn challenge(&mut self) -> Result<Challenge, Unreadable> {
        let mut challenge = Challenge {
            scheme: self.token()?.to_ascii_lowercase(),
            parameters: Vec::new(),
        };
        if !self.rest.starts_with(b" ") {
            return Ok(challenge);
        }
        self.skip_blanks();
        if self.skip_token68() {
            return Ok(challenge);
        }
        while let Some((name, value)) = self.parameter()? {
            // A name given twice is an attempt to be read in two ways.
            if challenge.parameters.iter().any(|(known, _)| *known == name) {
                return Err(Unreadable);
            }
            challenge.parameters.push((name, value));
            let before = self.rest;
            self.skip_blanks();
            if !self.rest.starts_with(b",") {
                break;
            }
            self.skip_commas();
            if !self.at_parameter() {
                // The comma belongs to the list of challenges, not to this one.
                self.rest = before;
                break;
            }
        }
        Ok(challenge)
    }

    /// A parameter, or nothing if the challenge has none. Something else is an error.
    fn parameter(&mut self) -> Result<Option<(String, String)>, Unreadable> {
        if self.rest.is_empty() || self.rest.starts_with(b",") {
            return Ok(None);
        }
        let name = self.token()?.to_ascii_lowercase();
        self.skip_blanks();
        self.rest = self.rest.strip_prefix(b"=").ok_or(Unreadable)?;
        self.skip_blanks();
        let value = if self.rest.starts_with(b"\"") {
            self.quoted()?
        } else {
            self.token()?.to_owned()
        };
        Ok(Some((name, value)))
    }

    /// Whether a token with an equals sign comes next.
    fn at_parameter(&self) -> bool {
        let mut ahead = Reader { rest: self.rest };
        if ahead.token().is_err() {
            return false;
        }
        ahead.skip_blanks();
        ahead.rest.starts_with(b"=")
    }

    /// Skips the other form of a challenge's content, if that is what comes: letters, digits and a few signs with trailing `=`.
    fn skip_token68(&mut self) -> bool {
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        let body = self.rest.iter().take_while(|byte| is_sign(**byte)).count();
        let padding = self.rest[body..].iter().take_while(|byte| **byte == b'=').count();
        let after = &self.rest[body + padding..];
        let blanks = after.iter().take_while(|byte| is_blank(**byte)).count();
        let ends = after[blanks..].first().is_none_or(|byte| *byte == b',');
        if body > 0 && ends {
            self.rest = after;
            return true;
        }
        false
    }

    fn token(&mut self) -> Result<&'a str, Unreadable> {
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let length = self.rest.iter().take_while(|byte| is_sign(**byte)).count();
        let (token, rest) = self.rest.split_at(length);
        self.rest = rest;
        if token.is_empty() {
            return Err(Unreadable);
        }
        std::str::from_utf8(token).map_err(|_| Unreadable)
    }

    fn quoted(&mut self) -> Result<String, Unreadable> {
        let mut value = Vec::new();
        let mut bytes = self.rest[1..].iter().enumerate();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'"' => {
                    self.rest = &self.rest[at + 2..];
                    return String::from_utf8(value).map_err(|_| Unreadable);
                }
                b'\\' => value.push(*bytes.next().ok_or(Unreadable)?.1),
                byte => value.push(*byte),
            }
            if value
                .last()
                .is_some_and(|byte| byte.is_ascii_control() && *byte != b'\t')
            {
                return Err(Unreadable);
            }
        }
        Err(Unreadable)
    }

    fn skip_blanks(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn skip_commas(&mut self) {
        while let [b' ' | b'\t' | b',', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
