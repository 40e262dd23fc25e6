//! Answers on their way out: status line, headers, encoding.

use crate::accept::{Accept, Encoding};
use crate::server::Body;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WARNING};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use keyside_apimachinery::status::Status;
use serde_json::Value;

/// What is answered.
pub(crate) enum Content {
    /// JSON as it is stored.
    Json(Bytes),
    /// A JSON value, to be encoded as wanted.
    Value(Value),
    /// Anything else, with its own content type in the headers.
    Raw(Body),
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) code: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content: Content,
}

impl Reply {
    /// A JSON value.
    pub(crate) fn value(code: StatusCode, value: Value) -> Self {
        Self {
            code,
            headers: HeaderMap::new(),
            content: Content::Value(value),
        }
    }

    /// Stored JSON.
    pub(crate) fn json(code: StatusCode, json: Bytes) -> Self {
        Self {
            code,
            headers: HeaderMap::new(),
            content: Content::Json(json),
        }
    }

    /// Plain text.
    pub(crate) fn text(code: StatusCode, text: impl Into<Body>) -> Self {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        Self::raw(code, text.into()).with(CONTENT_TYPE, plain)
    }

    /// A body of any type, which a header must name.
    pub(crate) fn raw(code: StatusCode, body: Body) -> Self {
        Self {
            code,
            headers: HeaderMap::new(),
            content: Content::Raw(body),
        }
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// An error.
    pub(crate) fn status(status: &Status) -> Self {
        let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let reply = Self::value(code, status.to_json());
        match status.details["retryAfterSeconds"].as_u64() {
            Some(seconds) => reply.with(RETRY_AFTER, HeaderValue::from(seconds)),
            None => reply,
        }
    }

    /// Encodes it.
    pub(crate) fn into_response(self, accept: Accept, warnings: &[String]) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.code;
        *response.headers_mut() = self.headers;
        let headers = response.headers_mut();
        headers
            .entry(CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-cache, private"));
        for sentence in warnings {
            headers.append(WARNING, warning(sentence));
        }
        let body = match self.content {
            Content::Raw(body) => body,
            Content::Json(json) if accept.encoding == Encoding::Json && !accept.pretty => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                json.into()
            }
            Content::Json(json) => {
                let value = serde_json::from_slice(&json).unwrap_or(Value::Null);
                encode(&value, accept, headers)
            }
            Content::Value(value) => encode(&value, accept, headers),
        };
        *response.body_mut() = body;
        response
    }
}

fn encode(value: &Value, accept: Accept, headers: &mut HeaderMap) -> Body {
    let (kind, text) = match accept.encoding {
        Encoding::Yaml => (
            "application/yaml",
            serde_saphyr::to_string(value).unwrap_or_default(),
        ),
        Encoding::Json if accept.pretty => ("application/json", format!("{value:#}\n")),
        Encoding::Json => ("application/json", format!("{value}\n")),
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    text.into()
}

/// `299 - "sentence"`, with what a header cannot carry left out.
fn warning(sentence: &str) -> HeaderValue {
    let mut text = String::from("299 - \"");
    for c in sentence.chars() {
        match c {
            '"' | '\\' => {
                text.push('\\');
                text.push(c);
            }
            c if c.is_control() => text.push(' '),
            c => text.push(c),
        }
    }
    text.push('"');
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static("299 - \"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_quoted_and_cannot_end_the_header() {
        assert_eq!(
            warning("unknown field \"a\"\r\nX: y"),
            r#"299 - "unknown field \"a\"  X: y""#
        );
    }

    #[test]
    fn an_error_says_when_to_come_back() {
        let mut status = Status::new(504, "Timeout", "later");
        status.details = serde_json::json!({"retryAfterSeconds": 1});
        let response = Reply::status(&status).into_response(Accept::JSON, &[]);
        assert_eq!(response.status(), 504);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    }
}
