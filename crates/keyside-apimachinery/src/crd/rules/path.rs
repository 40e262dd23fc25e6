//! Field paths in rules and selectable fields: `.spec.list`, `.map['a.b']`.

/// The names a field path such as `.spec['a.b']` consists of.
pub(crate) fn path_names(path: &str, brackets: bool) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[', ']']).unwrap_or(after.len());
            if end == 0 && after.is_empty() {
                return Err("unexpected end of JSON path".to_owned());
            }
            names.push(after[..end].to_owned());
            rest = &after[end..];
        } else if let Some(after) = rest.strip_prefix('[') {
            if !brackets {
                return Err("array notation is not allowed".to_owned());
            }
            let (name, after) = quoted(after)?;
            names.push(name);
            rest = after
                .strip_prefix(']')
                .ok_or_else(|| match after.chars().next() {
                    None => "unexpected end of JSON path".to_owned(),
                    Some(_) => format!("expected ] but got {after}"),
                })?;
        } else {
            let end = rest.find(['.', '[', ']']).unwrap_or(rest.len()).max(1);
            return Err(format!("expected [ or . but got: {}", &rest[..end]));
        }
    }
    Ok(names)
}

/// A single-quoted name and what follows it.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let Some(body) = text.strip_prefix('\'') else {
        let end = text.find(['.', '[', ']']).unwrap_or(text.len());
        return Err(match &text[..end] {
            "" if text.is_empty() => "unexpected end of JSON path".to_owned(),
            token => format!("expected single quoted string but got {token}"),
        });
    };
    let mut name = String::new();
    let mut chars = body.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '\'' => return Ok((name, &body[i + 1..])),
            '\\' => name.push(match chars.next().map(|(_, c)| c) {
                Some('a') => '\u{7}',
                Some('b') => '\u{8}',
                Some('f') => '\u{c}',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('v') => '\u{b}',
                Some(c @ ('\'' | '\\')) => c,
                Some(c) => return Err(format!("invalid string literal: invalid escape char \\{c}")),
                None => break,
            }),
            c => name.push(c),
        }
    }
    Err(format!("expected single quoted string but got {text}"))
}
