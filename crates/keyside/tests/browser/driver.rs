//! A browser, driven by the protocol `WebDriver` of the W3C: JSON over HTTP, no more than these tests need.

use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// The key under which `WebDriver` names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys that have no letter.
pub(crate) const TAB: &str = "\u{E004}";
pub(crate) const ENTER: &str = "\u{E007}";
pub(crate) const SPACE: &str = " ";
pub(crate) const CONTROL: &str = "\u{E009}";

/// How long a page may take to show something.
const PATIENCE: Duration = Duration::from_secs(30);

/// A chromium without a window.
pub(crate) struct Browser {
    driver: Child,
    base: String,
    runtime: Runtime,
    client: reqwest::Client,
}

/// How a browser finds the UI of a cluster, by the name of its Service; only the API server trusts its certificate.
fn in_a_cluster() -> Vec<String> {
    let Some(file) = std::env::var_os("KEYSIDE_WORLD") else {
        return Vec::new();
    };
    let text = std::fs::read(file).expect("the file that KEYSIDE_WORLD names");
    let world: Value = serde_json::from_slice(&text).expect("JSON");
    let name = |url: &str| url::Url::parse(url).ok()?.host_str().map(str::to_owned);
    let name = name(world["ui"].as_str().expect("ui")).expect("the UI has a name");
    let address = world["uiAddress"].as_str().expect("uiAddress");
    vec![
        format!("--host-resolver-rules=MAP {name}:443 {address}"),
        "--ignore-certificate-errors".to_owned(),
        "--no-proxy-server".to_owned(),
    ]
}

impl Browser {
    /// Starts one, with or without script.
    pub(crate) fn start(script: bool) -> Self {
        // A provider that is installed already is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let port = free_port();
        let driver = Command::new("chromedriver")
            .args([&format!("--port={port}"), "--silent"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut browser = Self {
            driver,
            base: format!("http://127.0.0.1:{port}"),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
        };
        browser.wait_for("chromedriver", |browser| {
            browser.try_call("GET", "/status", None).ok()?["ready"]
                .as_bool()?
                .then_some(())
        });
        let preferences = if script {
            json!({})
        } else {
            json!({"profile.managed_default_content_settings.javascript": 2})
        };
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--window-size=1280,900".to_owned(),
            "--lang=en".to_owned(),
        ];
        arguments.extend(in_a_cluster());
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL"},
            "unhandledPromptBehavior": "ignore",
            "goog:chromeOptions": {
                "args": arguments,
                "prefs": preferences,
            },
        }}});
        let session = browser.call("POST", "/session", Some(wanted));
        let id = session["sessionId"].as_str().expect("a session");
        browser.base = format!("{}/session/{id}", browser.base);
        browser
    }

    fn try_call(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, String> {
        let request = self
            .client
            .request(method.parse().expect("a method"), format!("{}{path}", self.base))
            .timeout(PATIENCE);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        self.runtime.block_on(async {
            let answer = request.send().await.map_err(|error| error.to_string())?;
            let ok = answer.status().is_success();
            let mut value: Value = answer.json().await.map_err(|error| error.to_string())?;
            let value = value["value"].take();
            if ok {
                Ok(value)
            } else {
                Err(value["message"].to_string())
            }
        })
    }

    fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        self.try_call(method, path, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Goes to an address.
    pub(crate) fn go(&self, url: &str) {
        self.call("POST", "/url", Some(json!({"url": url})));
    }

    /// What the window shows, as WebP.
    pub(crate) fn picture(&self) -> Vec<u8> {
        use base64::Engine as _;
        let parameters = json!({"format": "webp", "quality": 75});
        let command = json!({"cmd": "Page.captureScreenshot", "params": parameters});
        let answer = self.call("POST", "/goog/cdp/execute", Some(command));
        base64::engine::general_purpose::STANDARD
            .decode(answer["data"].as_str().expect("a picture"))
            .expect("base64")
    }

    /// Path and query of the page.
    pub(crate) fn place(&self) -> String {
        let url = self.call("GET", "/url", None);
        let url = url.as_str().expect("an address").to_owned();
        url.splitn(4, '/')
            .nth(3)
            .map_or_else(String::new, |rest| format!("/{rest}"))
    }

    /// What the script returns.
    pub(crate) fn run(&self, script: &str, arguments: Value) -> Value {
        self.call(
            "POST",
            "/execute/sync",
            Some(json!({"script": script, "args": arguments})),
        )
    }

    /// What the script hands to its last argument.
    pub(crate) fn run_async(&self, script: &str) -> Value {
        self.call(
            "POST",
            "/execute/async",
            Some(json!({"script": script, "args": []})),
        )
    }

    /// An element by a CSS selector, once it is there.
    fn element(&self, css: &str) -> String {
        let found = self.wait_for(css, |browser| {
            let body = json!({"using": "css selector", "value": css});
            browser.try_call("POST", "/element", Some(body)).ok()
        });
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    /// Clicks as a mouse does: what is covered or not there cannot be clicked.
    pub(crate) fn click(&self, css: &str) {
        self.wait_for(css, |browser| {
            let element = browser.element(css);
            browser
                .try_call("POST", &format!("/element/{element}/click"), Some(json!({})))
                .ok()
        });
    }

    /// Types into a field, in place of what is in it.
    pub(crate) fn fill(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.call("POST", &format!("/element/{element}/clear"), Some(json!({})));
        self.call(
            "POST",
            &format!("/element/{element}/value"),
            Some(json!({"text": text})),
        );
    }

    /// Presses keys where the focus is.
    pub(crate) fn press(&self, keys: &str) {
        let down_and_up = keys.chars().flat_map(|key| {
            let key = key.to_string();
            [
                json!({"type": "keyDown", "value": key}),
                json!({"type": "keyUp", "value": key}),
            ]
        });
        self.act(down_and_up.collect());
    }

    /// Presses a key while Control is held.
    pub(crate) fn press_with_control(&self, key: &str) {
        self.act(vec![
            json!({"type": "keyDown", "value": CONTROL}),
            json!({"type": "keyDown", "value": key}),
            json!({"type": "keyUp", "value": key}),
            json!({"type": "keyUp", "value": CONTROL}),
        ]);
    }

    fn act(&self, actions: Vec<Value>) {
        let body = json!({"actions": [{"type": "key", "id": "keys", "actions": actions}]});
        self.call("POST", "/actions", Some(body));
    }

    /// The text of the first element that matches, as it is seen.
    pub(crate) fn text(&self, css: &str) -> String {
        self.wait_for(css, |browser| {
            let element = browser.element(css);
            let text = browser
                .try_call("GET", &format!("/element/{element}/text"), None)
                .ok()?;
            text.as_str().map(str::to_owned)
        })
    }

    /// Waits until an element shows a text, and gives all that it shows.
    pub(crate) fn see(&self, css: &str, wanted: &str) -> String {
        let started = Instant::now();
        loop {
            let text = self.text(css);
            if text.contains(wanted) {
                return text;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "{css} never shows {wanted:?}, but {text:?}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the page is another one.
    pub(crate) fn arrive(&self, start: &str) -> String {
        self.wait_for(start, |browser| {
            Some(browser.place()).filter(|place| place.starts_with(start))
        })
    }

    /// Whether a dialog of the page is open.
    pub(crate) fn has_dialog(&self) -> bool {
        self.try_call("GET", "/alert/text", None).is_ok()
    }

    /// What the browser has complained about since it was asked last.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", Some(json!({"type": "browser"})));
        let all = log.as_array().expect("a log").iter();
        // On a node's own network each new pod is a new device, of which the browser tells; streams are opened again then.
        let is_new_device = |message: &String| {
            std::env::var_os("KEYSIDE_WORLD").is_some() && message.ends_with("net::ERR_NETWORK_CHANGED")
        };
        all.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .filter(|message| !is_new_device(message))
            .collect()
    }

    /// Pretends that the window has this size.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        let parameters = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        let command = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": parameters});
        self.call("POST", "/goog/cdp/execute", Some(command));
    }

    /// Pretends that the reader wants no motion, so that colours do not fade into each other while they are measured.
    pub(crate) fn hold_still(&self) {
        let parameters = json!({"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]});
        let command = json!({"cmd": "Emulation.setEmulatedMedia", "params": parameters});
        self.call("POST", "/goog/cdp/execute", Some(command));
    }

    fn wait_for<T>(&self, what: &str, mut attempt: impl FnMut(&Self) -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = attempt(self) {
                return found;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "waited for {what} at {:?}",
                self.try_call("GET", "/url", None)
            );
            self.load_again();
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Loads the page again that did not come because a pod's device came: the browser gives up then what it is loading, and a person
    /// would press the same button.
    fn load_again(&self) {
        if std::env::var_os("KEYSIDE_WORLD").is_none() {
            return;
        }
        let script = json!({"script": "return location.protocol === 'chrome-error:'", "args": []});
        if self.try_call("POST", "/execute/sync", Some(script)) == Ok(Value::Bool(true)) {
            let _ = self.try_call("POST", "/refresh", Some(json!({})));
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.try_call("DELETE", "", None);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}
