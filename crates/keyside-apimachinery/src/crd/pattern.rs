//! Regular expressions as Go understands them.
//!
//! Patterns of schemas and of rules are written for Go's `regexp` (RE2 syntax). The `regex` crate is the same kind of
//! engine with a few other meanings, which are translated here: `\d`, `\w` and `\s` are ASCII in Go, a `[` inside
//! a class is a plain character, and `\Q…\E` quotes.

use regex::{Regex, RegexBuilder};

/// A compiled pattern; an empty one matches everything.
///
/// # Errors
/// What is wrong with the pattern, in one line.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    let translated = translate(pattern);
    RegexBuilder::new(&translated)
        .size_limit(1 << 20)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "error parsing regexp: expression too large".to_owned(),
            error => {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                format!(
                    "error parsing regexp: {}: `{pattern}`",
                    last.trim_start_matches("error: ")
                )
            }
        })
}

/// The same pattern in the syntax of the `regex` crate.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => escape(&mut rest, false, &mut out),
            '[' => class(&mut rest, &mut out),
            c => out.push(c),
        }
    }
    out
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// The rest of a class, after its `[`.
fn class(rest: &mut Rest<'_>, out: &mut String) {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    // A class cannot be empty: a first `]` stands for itself.
    if rest.next_if_eq(&']').is_some() {
        out.push_str("\\]");
    }
    while let Some(c) = rest.next() {
        match c {
            ']' => return out.push(']'),
            '\\' => escape(rest, true, out),
            '[' if rest.peek() == Some(&':') => {
                out.push('[');
                for c in rest.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            '[' | '&' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
}

fn quote(rest: &mut Rest<'_>, out: &mut String) {
    while let Some(c) = rest.next() {
        if c == '\\' && rest.next_if_eq(&'E').is_some() {
            return;
        }
        out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }
}

/// What follows a backslash.
fn escape(rest: &mut Rest<'_>, in_class: bool, out: &mut String) {
    let ascii = match rest.next() {
        None => return out.push('\\'),
        Some('Q') => return quote(rest, out),
        Some('d') => "0-9",
        Some('w') => "0-9A-Za-z_",
        Some('s') => "\\t\\n\\x0C\\r ",
        Some('D') => return out.push_str("[^0-9]"),
        Some('W') => return out.push_str("[^0-9A-Za-z_]"),
        Some('S') => return out.push_str("[^\\t\\n\\x0C\\r ]"),
        Some('b') if !in_class => return out.push_str("(?-u:\\b)"),
        Some(c) => {
            out.push('\\');
            return out.push(c);
        }
    };
    if in_class {
        out.push_str(ascii);
    } else {
        out.push('[');
        out.push_str(ascii);
        out.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::{compile, translate};

    #[test]
    fn classes_are_ascii_as_in_go() {
        assert!(compile(r"^\d+$").unwrap().is_match("12"));
        assert!(!compile(r"^\d+$").unwrap().is_match("\u{661}"));
        assert!(!compile(r"^[\w]+$").unwrap().is_match("é"));
        assert!(compile(r"^\W$").unwrap().is_match("é"));
    }

    #[test]
    fn brackets_and_set_operators_in_a_class_are_plain() {
        assert!(compile(r"^[[]$").unwrap().is_match("["));
        assert!(compile(r"^[]a]+$").unwrap().is_match("a]"));
        assert!(compile(r"^[^]a]$").unwrap().is_match("b"));
        assert!(compile(r"^[a&&b]+$").unwrap().is_match("a&b"));
        assert!(compile(r"^[[:alpha:]_]+$").unwrap().is_match("ab_"));
        assert!(
            compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
                .unwrap()
                .is_match("a-b")
        );
        assert!(compile(r"^[A-Za-z][^\s[\]]*$").unwrap().is_match("Az"));
    }

    #[test]
    fn quoting_is_understood() {
        assert!(compile(r"^\Qa.b\E$").unwrap().is_match("a.b"));
        assert!(!compile(r"^\Qa.b\E$").unwrap().is_match("axb"));
        assert_eq!(translate(r"\."), r"\.");
    }

    #[test]
    fn broken_patterns_are_refused_in_one_line() {
        let error = compile("a(").unwrap_err();
        assert!(
            error.starts_with("error parsing regexp: ") && !error.contains('\n'),
            "{error}"
        );
        assert!(compile("(?=a)").is_err());
        assert!(compile(r"(a)\1").is_err());
    }
}
