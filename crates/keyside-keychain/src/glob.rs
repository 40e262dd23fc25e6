//! Shell patterns inside one host label, as Go's `filepath.Match` reads them.

/// Whether `label` matches `pattern`. A `*` stands for any characters, `[...]` for one of a set.
///
/// Everything else is literal. Go's further specials (`?`, `\`, `^`) cannot occur: no URL host contains them. A set occurs only where
/// an IPv6 address without port is read as one, which is why such an address matches nothing.
pub(crate) fn matches(pattern: &[u8], label: &[u8]) -> bool {
    // The usual walk with one fallback: to where the last star began, one character further each time.
    let (mut p, mut l) = (0, 0);
    let mut fallback = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            fallback = Some((p, l));
            continue;
        }
        if p == pattern.len() && l == label.len() {
            return true;
        }
        match match_one(&pattern[p..], &label[l..]) {
            Some((pattern_len, label_len)) => {
                p += pattern_len;
                l += label_len;
            }
            None => match fallback {
                Some((after_star, taken)) if taken < label.len() => {
                    fallback = Some((after_star, taken + 1));
                    (p, l) = (after_star, taken + 1);
                }
                _ => return false,
            },
        }
    }
}

/// Matches one literal byte or one set; the lengths are what it took from the pattern and from the label.
fn match_one(pattern: &[u8], label: &[u8]) -> Option<(usize, usize)> {
    let (&expected, set) = pattern.split_first()?;
    let &byte = label.first()?;
    if expected != b'[' {
        return (expected == byte).then_some((1, 1));
    }
    let set_len = set.iter().skip(1).position(|&b| b == b']')? + 1;
    let set_text = std::str::from_utf8(&set[..set_len]).ok()?;
    let c = std::str::from_utf8(label).ok()?.chars().next()?;
    in_set(set_text, c).then(|| (set_len + 2, c.len_utf8()))
}

/// Whether `c` is one of the characters or in one of the ranges of a set. A damaged range matches nothing.
fn in_set(set: &str, c: char) -> bool {
    let mut rest = set.chars();
    let mut found = false;
    while let Some(low) = rest.next() {
        let mut high = low;
        if rest.as_str().starts_with('-') {
            rest.next();
            match rest.next() {
                Some(end) => high = end,
                None => return false,
            }
        }
        if low == '-' {
            return false;
        }
        found |= (low..=high).contains(&c);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, label: &str, expected: bool) {
        assert_eq!(
            matches(pattern.as_bytes(), label.as_bytes()),
            expected,
            "{pattern} against {label}"
        );
    }

    #[test]
    fn a_star_takes_any_characters_or_none() {
        check("*", "", true);
        check("*", "registry", true);
        check("eu-*", "eu-prod", true);
        check("eu-*", "eu", false);
        check("*-good", "prefix-good", true);
        check("a*b*c", "aXbXbc", true);
        check("a*b*c", "aXbXb", false);
        check("**a", "ba", true);
        check("", "a", false);
    }

    #[test]
    fn brackets_are_a_set_of_characters() {
        check("[::1]", "[::1]", false);
        check("[::1]", "1", true);
        check("[a-c]x", "bx", true);
        check("[ab", "a", false);
    }
}
