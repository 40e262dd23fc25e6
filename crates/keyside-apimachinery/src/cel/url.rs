//! URLs as Go's `net/url` takes them apart.

use super::function::Row;
use super::run::{Outcome, failed};
use super::value::{Key, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    ("url", "(string) URL", to_url), ("isURL", "(string) bool", is_url), ("getScheme", "URL.() string", scheme),
    ("getHost", "URL.() string", host), ("getHostname", "URL.() string", host_name), ("getPort", "URL.() string", port),
    ("getEscapedPath", "URL.() string", path), ("getQuery", "URL.() map(string,list(string))", query),
];

/// An absolute URI or an absolute path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    scheme: String,
    host: String,
    path: String,
    query: String,
}

impl Url {
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.chars().any(|c| c.is_control() || c == ' ') {
            return None;
        }
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
            _ if text.starts_with('/') => (String::new(), text),
            _ => return None,
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = match rest.strip_prefix("//") {
            // An absolute path may begin with two slashes; only a URI with a scheme has a host there.
            Some(after) if !scheme.is_empty() => match after.find('/') {
                Some(i) => (&after[..i], &after[i..]),
                None => (after, ""),
            },
            _ => ("", rest),
        };
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let port = port_of(host);
        if !port.bytes().all(|b| b.is_ascii_digit())
            || host.contains(['<', '>', '"', '\\', '^', '`', '{', '|', '}'])
        {
            return None;
        }
        let path = path.split('#').next().unwrap_or_default();
        Some(Self {
            scheme,
            host: host.to_owned(),
            path: escaped(path),
            query: query.to_owned(),
        })
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// What follows the host's last colon; brackets of an IPv6 address do not count.
fn port_of(host: &str) -> &str {
    let end = host.rfind(']').map_or(0, |i| i + 1);
    host[end..].rsplit_once(':').map_or("", |(_, port)| port)
}

fn name_of(host: &str) -> &str {
    let port = port_of(host);
    let name = if port.is_empty() {
        host.strip_suffix(':').unwrap_or(host)
    } else {
        &host[..host.len() - port.len() - 1]
    };
    name.strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name)
}

/// Characters a path may not hold as they are.
fn escaped(path: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@/%[]".contains(&b);
    path.bytes()
        .map(|b| {
            if keep(b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

fn unescaped(text: &str) -> String {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let hex = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
        match (bytes[i], hex(bytes.get(i + 1)), hex(bytes.get(i + 2))) {
            (b'+', ..) => out.push(b' '),
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                i += 2;
            }
            (b, ..) => out.push(b),
        }
        i += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn to_url(values: &[Value]) -> Outcome {
    let [Value::String(text)] = values else {
        return failed("no such overload");
    };
    match Url::parse(text) {
        Some(url) => Ok(Value::Url(Arc::new(url))),
        None => failed(format!(
            "URL parse error during conversion from string: parse {text:?}: invalid URI for request"
        )),
    }
}

fn is_url(values: &[Value]) -> Outcome {
    let [Value::String(text)] = values else {
        return failed("no such overload");
    };
    Ok(Value::Bool(Url::parse(text).is_some()))
}

fn part(values: &[Value], take: fn(&Url) -> String) -> Outcome {
    let [Value::Url(url)] = values else {
        return failed("no such overload");
    };
    Ok(Value::text(&take(url)))
}

fn scheme(values: &[Value]) -> Outcome {
    part(values, |url| url.scheme.clone())
}

fn host(values: &[Value]) -> Outcome {
    part(values, |url| url.host.clone())
}

fn host_name(values: &[Value]) -> Outcome {
    part(values, |url| name_of(&url.host).to_owned())
}

fn port(values: &[Value]) -> Outcome {
    part(values, |url| port_of(&url.host).to_owned())
}

fn path(values: &[Value]) -> Outcome {
    part(values, |url| url.path.clone())
}

fn query(values: &[Value]) -> Outcome {
    let [Value::Url(url)] = values else {
        return failed("no such overload");
    };
    let mut found: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
    for pair in url.query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        found
            .entry(Key::String(unescaped(name).into()))
            .or_default()
            .push(Value::text(&unescaped(value)));
    }
    Ok(Value::Map(Arc::new(
        found
            .into_iter()
            .map(|(name, values)| (name, Value::list(values)))
            .collect(),
    )))
}
