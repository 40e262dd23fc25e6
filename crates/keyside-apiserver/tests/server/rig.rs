//! A server in this process and plain HTTP requests to it.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use keyside_apiserver::{ApiServer, Body, Local, UserInfo};
use serde_json::{Value, json};
use tower::ServiceExt;

/// An answer that has arrived whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// `code message`, of an error.
    pub(crate) fn error(&self) -> String {
        let status = self.json();
        assert_eq!(status["kind"], "Status", "{status}");
        assert_eq!(status["code"], self.code.as_u16(), "{status}");
        format!("{} {}", self.code.as_u16(), status["message"].as_str().unwrap())
    }

    /// The sentences of the warning headers.
    pub(crate) fn warnings(&self) -> Vec<&str> {
        self.headers
            .get_all("warning")
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }
}

/// The server.
#[derive(Clone)]
pub(crate) struct Rig {
    pub(crate) server: ApiServer,
    service: Local,
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::over(ApiServer::builder().build().await.unwrap())
    }

    pub(crate) fn over(server: ApiServer) -> Self {
        let service = server.in_process(UserInfo::admin("tests"));
        Self { server, service }
    }

    /// Any request; `headers` as `name: value`.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[&str],
        body: impl Into<Body>,
    ) -> Answer {
        let response = self.open(method, path, headers, body).await;
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer {
            code: parts.status,
            headers: parts.headers,
            text,
        }
    }

    /// A request of which the answer is read piece by piece.
    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        headers: &[&str],
        body: impl Into<Body>,
    ) -> http::Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for header in headers {
            let (name, value) = header.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        self.service
            .clone()
            .oneshot(request.body(body.into()).unwrap())
            .await
            .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, object: &Value) -> Answer {
        self.call(
            Method::POST,
            path,
            &["content-type: application/json"],
            object.to_string(),
        )
        .await
    }

    pub(crate) async fn put(&self, path: &str, object: &Value) -> Answer {
        self.call(
            Method::PUT,
            path,
            &["content-type: application/json"],
            object.to_string(),
        )
        .await
    }

    /// `kind` is `json`, `merge`, `strategic-merge` or `apply`.
    pub(crate) async fn patch(&self, kind: &str, path: &str, patch: &Value) -> Answer {
        let media = if kind == "apply" {
            "apply-patch+yaml".to_owned()
        } else {
            format!("{kind}-patch+json")
        };
        let header = format!("content-type: application/{media}");
        self.call(Method::PATCH, path, &[&header], patch.to_string())
            .await
    }

    pub(crate) async fn delete(&self, path: &str, options: &Value) -> Answer {
        let body = if options.is_null() {
            String::new()
        } else {
            options.to_string()
        };
        self.call(Method::DELETE, path, &["content-type: application/json"], body)
            .await
    }

    /// Creates a config map in `default`.
    pub(crate) async fn config_map(&self, name: &str, labels: Value) -> Value {
        let map = json!({"metadata": {"name": name, "labels": labels}, "data": {"key": "1"}});
        let answer = self.post(MAPS, &map).await;
        assert_eq!(answer.code, 201, "{}", answer.text);
        answer.json()
    }

    /// Watches; see [`Watch`].
    pub(crate) async fn watch(&self, path: &str, headers: &[&str]) -> Watch {
        let response = self.open(Method::GET, path, headers, Body::empty()).await;
        assert_eq!(response.status(), 200);
        Watch {
            body: response.into_body(),
            buffer: Vec::new(),
        }
    }
}

/// Config maps of the namespace `default`.
pub(crate) const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// The events of a watch, one by one.
pub(crate) struct Watch {
    body: Body,
    buffer: Vec<u8>,
}

impl Watch {
    /// The next event; nothing at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            let piece: Option<Bytes> = self
                .body
                .frame()
                .await
                .map(|frame| frame.unwrap().into_data().unwrap());
            self.buffer.extend_from_slice(&piece?);
        }
    }

    /// The next event as `TYPE name`.
    pub(crate) async fn line(&mut self) -> String {
        let event = tokio::time::timeout(std::time::Duration::from_secs(10), self.next()).await;
        let event = event
            .expect("an event within ten seconds")
            .expect("an event before the end");
        format!(
            "{} {}",
            event["type"].as_str().unwrap(),
            event["object"]["metadata"]["name"].as_str().unwrap_or("-")
        )
    }
}
