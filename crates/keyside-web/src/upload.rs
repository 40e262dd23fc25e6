//! Forms with a file in them (`multipart/form-data`, RFC 7578). Only the names and values are kept.

/// The boundary, if this is the content type of such a form.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let rest = content_type.strip_prefix("multipart/form-data")?;
    let value = rest
        .split(';')
        .find_map(|part| part.trim().strip_prefix("boundary="))?;
    Some(value.trim_matches('"')).filter(|value| !value.is_empty())
}

/// The fields, in their order. What is not written as it should be is left out.
pub(super) fn fields(body: &[u8], boundary: &str) -> Vec<(String, String)> {
    let line = [b"\r\n--", boundary.as_bytes()].concat();
    // The first line has no line break before it.
    let body = [b"\r\n", body].concat();
    split(&body, &line).skip(1).filter_map(field).collect()
}

fn field(part: &[u8]) -> Option<(String, String)> {
    let part = part.strip_prefix(b"\r\n")?;
    let end = find(part, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&part[..end]).ok()?;
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let name = disposition
        .split(';')
        .find_map(|part| part.trim().strip_prefix("name="))?
        .trim_matches('"');
    let value = String::from_utf8_lossy(&part[end + 4..]).into_owned();
    Some((name.to_owned(), value))
}

fn split<'a>(mut text: &'a [u8], at: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        match find(text, at) {
            Some(position) => {
                let (part, rest) = text.split_at(position);
                text = &rest[at.len()..];
                Some(part)
            }
            None => {
                done = true;
                Some(text)
            }
        }
    })
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_files_are_read_byte_for_byte() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n p \r\n--b\r\ncontent-disposition: form-data; name=\"config\"; filename=\"config.json\"\r\nContent-Type: application/json\r\n\r\n{\"auths\":{}}\n\r\n--b--\r\n";
        assert_eq!(boundary("multipart/form-data; boundary=b"), Some("b"));
        let fields = fields(body.as_bytes(), "b");
        let pairs: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(pairs, [("password", " p "), ("config", "{\"auths\":{}}\n")]);
    }

    #[test]
    fn another_content_type_has_no_boundary() {
        assert_eq!(boundary("application/x-www-form-urlencoded"), None);
        assert!(fields(b"nonsense", "b").is_empty());
    }
}
