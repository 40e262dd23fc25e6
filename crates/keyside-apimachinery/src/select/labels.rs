//! The grammar of label selectors (`k8s.io/apimachinery/pkg/labels`), with its sentences.

use super::{Operator, Requirement};
use crate::kinds::name;
use crate::status::FieldError;

/// Reads a selector.
///
/// # Errors
/// The first thing that does not follow the grammar.
pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser {
        tokens: tokens(text),
        at: 0,
    };
    let mut requirements = Vec::new();
    loop {
        match parser.peek() {
            Token::Word(_) | Token::Not => {}
            Token::End => break,
            other => {
                return Err(format!(
                    "found '{}', expected: !, identifier, or 'end of string'",
                    other.text()
                ));
            }
        }
        requirements.push(
            parser
                .requirement()
                .map_err(|error| format!("unable to parse requirement: {error}"))?,
        );
        match parser.next() {
            Token::End => break,
            Token::Comma => match parser.peek() {
                Token::Word(_) | Token::Not => {}
                other => {
                    return Err(format!(
                        "found '{}', expected: identifier after ','",
                        other.text()
                    ));
                }
            },
            other => {
                return Err(format!(
                    "found '{}', expected: ',' or 'end of string'",
                    other.text()
                ));
            }
        }
    }
    requirements.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(requirements)
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A key, a value or one of the words `in` and `notin`, which may be keys and values too.
    Word(String),
    Open,
    Close,
    Comma,
    Not,
    Equal,
    DoubleEqual,
    NotEqual,
    Greater,
    Less,
    End,
}

impl Token {
    fn text(&self) -> String {
        let text = match self {
            Self::Word(word) => word,
            Self::Open => "(",
            Self::Close => ")",
            Self::Comma => ",",
            Self::Not => "!",
            Self::Equal => "=",
            Self::DoubleEqual => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::End => "",
        };
        text.to_owned()
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let is_special = |c: char| "=!(),><".contains(c);
    let is_space = |c: char| " \t\r\n".contains(c);
    let symbols = [
        ("==", Token::DoubleEqual),
        ("!=", Token::NotEqual),
        ("=", Token::Equal),
        ("!", Token::Not),
        ("(", Token::Open),
        (")", Token::Close),
        (",", Token::Comma),
        (">", Token::Greater),
        ("<", Token::Less),
    ];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        let symbol = symbols.iter().find(|(symbol, _)| rest.starts_with(symbol));
        let (token, length) = match symbol {
            Some((symbol, token)) => (token.clone(), symbol.len()),
            None => {
                let end = rest.find(|c| is_special(c) || is_space(c)).unwrap_or(rest.len());
                (Token::Word(rest[..end].to_owned()), end)
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start_matches(is_space);
    }
    tokens.push(Token::End);
    tokens
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut token = self.next();
        let absent = token == Token::Not;
        if absent {
            token = self.next();
        }
        let Token::Word(key) = token else {
            return Err(format!("found '{}', expected: identifier", token.text()));
        };
        let wrong = name::label_key(&key);
        if !wrong.is_empty() {
            // Upstream prints the path it was not given.
            return Err(FieldError::invalid("<nil>", key, wrong.join("; ")).to_string());
        }
        let ends = matches!(self.peek(), Token::End | Token::Comma);
        let (operator, values) = match (absent, ends) {
            (true, _) => (Operator::DoesNotExist, Vec::new()),
            (false, true) => (Operator::Exists, Vec::new()),
            (false, false) => self.condition()?,
        };
        Requirement::checked(&key, operator, values).map_err(|error| error.to_string())
    }

    fn condition(&mut self) -> Result<(Operator, Vec<String>), String> {
        let operator = match self.next() {
            Token::Word(word) if word == "in" => return Ok((Operator::In, self.values()?)),
            Token::Word(word) if word == "notin" => return Ok((Operator::NotIn, self.values()?)),
            Token::Equal | Token::DoubleEqual => Operator::In,
            Token::NotEqual => Operator::NotIn,
            Token::Greater => Operator::GreaterThan,
            Token::Less => Operator::LessThan,
            other => {
                return Err(format!(
                    "found '{}', expected: in, notin, =, ==, !=, gt, lt",
                    other.text()
                ));
            }
        };
        let value = match self.peek() {
            Token::End | Token::Comma => String::new(),
            _ => match self.next() {
                Token::Word(value) => value,
                other => return Err(format!("found '{}', expected: identifier", other.text())),
            },
        };
        Ok((operator, vec![value]))
    }

    /// `(a,b)`; nothing between two commas is the empty value.
    fn values(&mut self) -> Result<Vec<String>, String> {
        let open = self.next();
        if open != Token::Open {
            return Err(format!("found '{}' expected: '('", open.text()));
        }
        let mut values = Vec::new();
        let mut value = String::new();
        let mut given = false;
        loop {
            match self.next() {
                Token::Word(word) if !given => (value, given) = (word, true),
                Token::Comma => {
                    values.push(std::mem::take(&mut value));
                    given = false;
                }
                Token::Close => {
                    values.push(value);
                    break;
                }
                other if given => return Err(format!("found '{}', expected: ',' or ')'", other.text())),
                other if values.is_empty() => {
                    return Err(format!(
                        "found '{}', expected: ',', ')' or identifier",
                        other.text()
                    ));
                }
                other => return Err(format!("found '{}', expected: ',', or identifier", other.text())),
            }
        }
        values.sort();
        values.dedup();
        Ok(values)
    }
}
