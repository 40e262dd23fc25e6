//! Queries and forms: `a=1&b=2`, with `+` for a blank and percent escapes.

/// The fields in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn parse(text: &str) -> Self {
        let fields = text.split('&').filter(|field| !field.is_empty());
        Self(
            fields
                .map(|field| {
                    let (name, value) = field.split_once('=').unwrap_or((field, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    /// The first value of a field.
    pub(crate) fn one(&self, name: &str) -> Option<String> {
        self.all(name).next().map(str::to_owned)
    }

    /// All values of a field.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A broken escape stands for itself, as in browsers.
fn decode(text: &str) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        let escaped = digit(bytes.get(place + 1)).zip(digit(bytes.get(place + 2)));
        match (byte, escaped) {
            (b'%', Some((high, low))) => {
                decoded.extend(u8::try_from(high * 16 + low));
                place += 3;
            }
            (b'+', _) => {
                decoded.push(b' ');
                place += 1;
            }
            _ => {
                decoded.push(*byte);
                place += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_repeat() {
        let form = Form::parse("scope=a%3Ab&scope=c+d&empty&bad=%zz&e=%C3%A4");
        assert_eq!(form.all("scope").collect::<Vec<_>>(), ["a:b", "c d"]);
        assert_eq!(form.one("empty").as_deref(), Some(""));
        assert_eq!(form.one("bad").as_deref(), Some("%zz"));
        assert_eq!(form.one("e").as_deref(), Some("ä"));
        assert_eq!(form.one("none"), None);
    }
}
