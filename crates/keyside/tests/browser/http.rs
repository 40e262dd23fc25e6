//! The UI without a browser: requests as they are, headers and all.

use crate::pages::base;
use crate::world::{World, eventually};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode};
use std::time::Duration;
use tokio::runtime::Runtime;

/// How long a stream may take to begin or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody's requests.
pub(crate) struct Http {
    base: String,
    client: Client,
    runtime: Runtime,
    pub(crate) cookie: String,
}

/// An answer.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answered {
    /// Where the answer sends the browser.
    pub(crate) fn location(&self) -> &str {
        self.headers
            .get(LOCATION)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl Http {
    /// Nobody yet.
    pub(crate) fn stranger(world: &World) -> Self {
        // A provider that is installed already is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = Client::builder().no_proxy().redirect(Policy::none());
        if let Some(address) = world.ready["uiAddress"].as_str() {
            // In a cluster: by the name of its Service, with a certificate that only the API server trusts.
            let url = url::Url::parse(&base(world)).expect("an address");
            builder = builder.tls_danger_accept_invalid_certs(true).resolve(
                url.host_str().expect("a host"),
                address.parse().expect("an address"),
            );
        }
        Self {
            base: base(world),
            client: builder.build().expect("a client"),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            cookie: String::new(),
        }
    }

    /// The owner of the world, by a one-time link.
    pub(crate) fn signed_in(world: &World) -> Self {
        let mut http = Self::stranger(world);
        http.sign_in(world);
        http
    }

    /// The same, as a browser that has been here; in a cluster by a token.
    pub(crate) fn sign_in(&mut self, world: &World) {
        let answer = match world.ready["token"].as_str() {
            Some(token) => self.post("/sign-in", &[("token", token)]),
            None => {
                let link = crate::pages::another_link(world);
                let code = link.split('#').nth(1).expect("a code");
                self.post("/link", &[("code", code)])
            }
        };
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    }

    /// The owner of a token.
    pub(crate) fn with_token(world: &World, token: &str) -> Self {
        let mut http = Self::stranger(world);
        let answer = http.post("/sign-in", &[("token", token)]);
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        http
    }

    /// A request with these headers and this form.
    pub(crate) fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        form: Option<&[(&str, &str)]>,
    ) -> Answered {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if !self.cookie.is_empty() {
            request = request.header(COOKIE, &self.cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(form) = form {
            let body = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form)
                .finish();
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
        let (answered, cookie) = self.runtime.block_on(async {
            let answer: Response = request.send().await.expect("an answer");
            let cookie = answer
                .headers()
                .get_all(SET_COOKIE)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .find(|value| !value.starts_with("keyside-view"))
                .and_then(|value| value.split(';').next())
                .map(str::to_owned);
            let (status, headers) = (answer.status(), answer.headers().clone());
            let text = answer.text().await.expect("a text");
            (
                Answered {
                    status,
                    headers,
                    text,
                },
                cookie,
            )
        });
        if let Some(cookie) = cookie {
            self.cookie = cookie;
        }
        answered
    }

    pub(crate) fn get(&mut self, path: &str) -> Answered {
        self.send(Method::GET, path, &[("sec-fetch-site", "same-origin")], None)
    }

    pub(crate) fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answered {
        self.send(
            Method::POST,
            path,
            &[("sec-fetch-site", "same-origin")],
            Some(form),
        )
    }
}

/// An answer that goes on, read in a thread of its own.
pub(crate) struct Stream(std::sync::mpsc::Receiver<()>);

impl Stream {
    /// Whether it ends, within half a minute.
    pub(crate) fn ends(&self) -> bool {
        self.0.recv_timeout(PATIENCE).is_ok()
    }
}

impl Http {
    /// Begins to read a stream; returns when the first of it has come.
    pub(crate) fn stream(&self, path: &str) -> Stream {
        let (url, cookie) = (format!("{}{path}", self.base), self.cookie.clone());
        let (first_in, first) = std::sync::mpsc::channel();
        let (end_in, end) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                // Connections belong to the runtime that has made them.
                let client = Client::builder().no_proxy().build().expect("a client");
                let request = client
                    .get(url)
                    .header(COOKIE, cookie)
                    .header("sec-fetch-site", "same-origin");
                let mut answer = request.send().await.expect("an answer");
                assert_eq!(answer.status(), StatusCode::OK);
                while let Ok(Some(_)) = answer.chunk().await {
                    // Nobody listens after the first.
                    let _ = first_in.send(());
                }
            });
            let _ = end_in.send(());
        });
        first.recv_timeout(PATIENCE).expect("a first event");
        Stream(end)
    }
}

/// The value of a hidden field.
pub(crate) fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page
        .split_once(&start)
        .unwrap_or_else(|| panic!("no field {name} in {page}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// The credential `demo` of the project, and a deployment `hello` that has pulled with it.
pub(crate) fn prepare(world: &World, http: &mut Http) {
    let password = world.password();
    let form = [
        ("chosen", "custom"),
        ("registry", world.registry()),
        ("username", world.user()),
        ("password", password.as_str()),
        ("name", "demo"),
        ("scope", "project"),
        ("in-project", "default"),
        ("save", "1"),
    ];
    let answer = http.post("/credentials/add", &form);
    assert_eq!(answer.location(), "/credentials?done=saved", "{}", answer.text);
    let form = [
        ("name", "hello"),
        ("namespace", "default"),
        ("image", world.image()),
        ("run", "1"),
    ];
    let answer = http.post("/workloads/deploy", &form);
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    eventually("hello is pulled", || {
        let page = http.get("/workloads/default/Deployment/hello").text;
        if page.contains("Successfully pulled") {
            Ok(())
        } else {
            Err(page)
        }
    });
}

/// Gives `demo` another password and then its own again, so that there is something older to put back.
pub(crate) fn rotate_twice(world: &World) {
    for password in ["second", &world.password()] {
        world.keyside_ok(
            "credential set-password demo --project default --password-stdin --no-verify",
            password,
        );
    }
}
