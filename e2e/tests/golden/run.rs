//! Puts a script's requests to a server, one after the other, and keeps the answers.

use crate::normal;
use crate::script::{Script, Step};
use http::Request;
use http_body_util::BodyExt as _;
use keyside_apiserver::{ApiServer, UserInfo};
use kube::Client;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Headers that are kept.
const KEPT: [&str; 3] = ["content-type", "warning", "location"];

/// An answer, without what differs from run to run.
#[derive(Serialize, Deserialize, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) request: String,
    pub(crate) status: u16,
    pub(crate) headers: Value,
    pub(crate) body: Value,
}

/// A server in this process that holds what a namespace gets from a controller manager.
pub(crate) async fn embedded(namespace: &str) -> Client {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let server = ApiServer::builder().build().await.unwrap();
    let client = Client::new(server.in_process(UserInfo::admin("kubernetes-admin")), "default");
    create_namespace(&client, namespace).await;
    let account = json!({"metadata": {"name": "default"}});
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts");
    assert_eq!(post(&client, &path, &account).await, 201);
    client
}

/// The Kubernetes that `KEYSIDE_KUBECONFIG` names.
pub(crate) async fn real() -> Client {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let path = std::env::var_os("KEYSIDE_KUBECONFIG").expect("KEYSIDE_KUBECONFIG names a cluster to record");
    let file = Kubeconfig::read_from(path).unwrap();
    let config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .unwrap();
    Client::try_from(config).unwrap()
}

/// Makes a namespace, and waits for what the controller manager puts into it.
pub(crate) async fn furnish_real(client: &Client, namespace: &str) {
    create_namespace(client, namespace).await;
    for path in ["serviceaccounts/default", "configmaps/kube-root-ca.crt"] {
        let path = format!("/api/v1/namespaces/{namespace}/{path}");
        tokio::time::timeout(PATIENCE, async {
            while send(client, "GET", &path, &[], "").await.status() != 200 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await
        .expect("the controller manager furnishes namespaces");
    }
}

async fn create_namespace(client: &Client, name: &str) {
    let namespace = json!({"metadata": {"name": name}});
    assert_eq!(
        post(client, "/api/v1/namespaces", &namespace).await,
        201,
        "{name}"
    );
}

async fn post(client: &Client, path: &str, object: &Value) -> u16 {
    let json = [("content-type".to_owned(), "application/json".to_owned())];
    send(client, "POST", path, &json, &object.to_string())
        .await
        .status()
        .as_u16()
}

/// All answers of a script.
pub(crate) async fn answers(client: &Client, script: &Script) -> Vec<Answer> {
    let mut raw = Vec::new();
    let mut answers = Vec::new();
    for step in &script.steps {
        let fill = |text: &str| fill(text, &script.namespace, &raw);
        let (path, body) = (fill(&step.path), fill(&step.body));
        let mut response = send(client, step.method, &path, &step.headers, &body).await;
        let asked = Instant::now();
        while step.awaits && response.status() != 200 {
            assert!(
                asked.elapsed() < PATIENCE,
                "{}: {}: never",
                script.title,
                step.line
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
            response = send(client, step.method, &path, &step.headers, &body).await;
        }
        let status = response.status().as_u16();
        let headers = headers(&response);
        let whole = tokio::time::timeout(PATIENCE, read(response, step.events))
            .await
            .unwrap_or_else(|_| panic!("{}: {}: no answer", script.title, step.line));
        answers.push(Answer {
            request: step.line.clone(),
            status,
            headers,
            body: normal::normal(pick(&whole, step)),
        });
        raw.push(whole);
    }
    answers
}

/// `{ns}` and `{1:/pointer}` in a text.
fn fill(text: &str, namespace: &str, answers: &[Value]) -> String {
    let mut text = text.replace("{ns}", namespace);
    for (at, answer) in answers.iter().enumerate() {
        let start = format!("{{{}:", at + 1);
        while let Some(from) = text.find(&start) {
            let to = from + text[from..].find('}').unwrap();
            let pointer = &text[from + start.len()..to];
            let value = match answer.pointer(pointer) {
                Some(Value::String(value)) => value.clone(),
                Some(other) => other.to_string(),
                None => panic!("answer {} has no {pointer}: {answer}", at + 1),
            };
            text.replace_range(from..=to, &value);
        }
    }
    text
}

async fn send(
    client: &Client,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: &str,
) -> http::Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Body::from(body.as_bytes().to_vec())).unwrap();
    client.send(request).await.unwrap()
}

fn headers(response: &http::Response<Body>) -> Value {
    let kept = KEPT.into_iter().filter_map(|name| {
        let values: Vec<&str> = response
            .headers()
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        (!values.is_empty()).then(|| (name.to_owned(), json!(values)))
    });
    Value::Object(kept.collect::<Map<_, _>>())
}

/// The whole body, or the first events of a watch.
async fn read(response: http::Response<Body>, events: Option<usize>) -> Value {
    let is_watch = events.is_some() && response.status() == 200;
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    while !(is_watch && Some(lines(&bytes)) >= events) {
        match body.frame().await {
            Some(frame) => bytes.extend(frame.unwrap().into_data().unwrap_or_default()),
            None => break,
        }
    }
    let text = String::from_utf8(bytes).unwrap();
    if is_watch {
        return text
            .lines()
            .take(events.unwrap_or_default())
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .collect();
    }
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// The parts of an answer that a step asks for, or all of it.
fn pick(answer: &Value, step: &Step) -> Value {
    if step.picks.is_empty() {
        return answer.clone();
    }
    let parts = step.picks.iter().map(|pointer| {
        let part = answer.pointer(pointer).cloned().unwrap_or(Value::Null);
        (pointer.clone(), part)
    });
    Value::Object(parts.collect())
}
