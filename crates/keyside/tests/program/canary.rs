//! S01: a user name and a password that stand out, through the whole life of a credential, with everything logged. Afterwards
//! they are looked for everywhere they must not be, in every form that leaks are known to have.

use crate::world::{World, eventually, has_kubectl, text};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

const USER: &str = "canary+user&name";
const PASSWORDS: [&str; 2] = ["C4nary/first?pass\"word", "C4nary~second=pass%word"];

/// A registry that takes the right password, and prints whatever it is told into everything it answers.
struct Echo {
    host: String,
}

impl Echo {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let host = listener.local_addr().expect("an address").to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || serve(stream));
            }
        });
        Self { host }
    }
}

fn serve(mut stream: TcpStream) {
    let mut request = Vec::new();
    let mut byte = [0];
    while stream.read_exact(&mut byte).is_ok() {
        request.push(byte[0]);
        if request.ends_with(b"\r\n\r\n") {
            if stream.write_all(&answer(&text(&request))).is_err() {
                return;
            }
            request.clear();
        }
    }
}

fn answer(request: &str) -> Vec<u8> {
    let shown = request.lines().find_map(|line| {
        line.to_lowercase()
            .starts_with("authorization: basic ")
            .then(|| line[21..].to_owned())
    });
    let decoded = shown
        .as_ref()
        .and_then(|shown| STANDARD.decode(shown).ok())
        .map(|bytes| text(&bytes));
    let is_right = decoded
        .as_ref()
        .is_some_and(|login| PASSWORDS.iter().any(|right| login.ends_with(right)));
    let (status, told) = match (&decoded, is_right) {
        (None, _) => ("401 Unauthorized", "log in".to_owned()),
        (Some(login), true) if request.starts_with("GET /v2/ ") => ("200 OK", login.clone()),
        // A pull is refused with the credential in the text, in two forms.
        (Some(login), _) => (
            "403 Forbidden",
            format!("{login} {}", shown.clone().unwrap_or_default()),
        ),
    };
    let body =
        serde_json::json!({"errors": [{"code": "DENIED", "message": told, "detail": told}]}).to_string();
    let echoed = told.replace(['\r', '\n'], " ");
    format!(
        "HTTP/1.1 {status}\r\nWWW-Authenticate: Basic realm=\"r\"\r\nX-Echo: {echoed}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        body.len(),
        if request.starts_with("HEAD") { "" } else { &body }
    )
    .into_bytes()
}

/// The forms in which a value may leak.
fn forms(value: &str) -> Vec<(&'static str, String)> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let percent: String = value
        .bytes()
        .map(|byte| match byte.is_ascii_alphanumeric() {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect();
    let json = serde_json::to_string(value).expect("JSON");
    vec![
        ("plain", value.to_owned()),
        ("base64", STANDARD.encode(value).trim_end_matches('=').to_owned()),
        (
            "base64 for addresses",
            URL_SAFE.encode(value).trim_end_matches('=').to_owned(),
        ),
        ("percent", percent),
        ("hex", hex(value.as_bytes())),
        ("JSON", json.trim_matches('"').to_owned()),
        ("reversed", value.chars().rev().collect()),
        ("SHA-256", sha256(value)),
    ]
}

fn sha256(value: &str) -> String {
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sha256sum runs");
    child
        .stdin
        .take()
        .expect("stdin")
        .write_all(value.as_bytes())
        .expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    text(&output.stdout)[..64].to_owned()
}

/// Everything to look for: the values, and both passwords together with the user name as a login.
fn needles() -> Vec<(String, String)> {
    let mut needles = Vec::new();
    for value in [USER, PASSWORDS[0], PASSWORDS[1]] {
        needles.extend(
            forms(value)
                .into_iter()
                .map(|(form, text)| (format!("{value} as {form}"), text)),
        );
    }
    for password in PASSWORDS {
        let login = STANDARD.encode(format!("{USER}:{password}"));
        needles.push((
            format!("login with {password}"),
            login.trim_end_matches('=').to_owned(),
        ));
    }
    needles
}

/// What the history of the source holds: contents in base64 within JSON, which none of the other forms would find.
fn kept(world: &World) -> Vec<(String, String)> {
    let path = "jsonpath={.data.\\.keyside-history}";
    let stored = world.run(&["get", "secret", "canary", "-n", "lab", "-o", path]);
    let stored = STANDARD.decode(stored).expect("base64");
    let list: Vec<serde_json::Value> = serde_json::from_slice(&stored).expect("JSON");
    assert!(!list.is_empty(), "there is something older");
    list.iter()
        .map(|older| {
            let content = older["data"][".dockerconfigjson"].as_str().expect("a content");
            (
                "an older content".to_owned(),
                content.trim_end_matches('=').to_owned(),
            )
        })
        .collect()
}

/// A place where nothing may be found.
fn look(place: &str, content: &str, found: &mut Vec<String>) {
    look_for(&needles(), place, content, found);
}

fn look_for(needles: &[(String, String)], place: &str, content: &str, found: &mut Vec<String>) {
    for (what, needle) in needles {
        if content.contains(needle) {
            found.push(format!("{place}: {what}"));
        }
    }
}

/// `keyside credential …` with everything logged; stdout and stderr together.
fn run(world: &World, line: &str, stdin: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyside"));
    command
        .args(line.split_whitespace())
        .args(["--kubeconfig", world.kubeconfig()])
        .env("KEYSIDE_LOG", "trace");
    let output = crate::world::fed(command, stdin);
    text(&output.stdout) + &text(&output.stderr)
}

fn walk(folder: &std::path::Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            look(&path.display().to_string(), &text(&bytes), found);
        }
    }
}

#[test]
fn s01_canary_is_found_nowhere_outside_of_our_secrets() {
    if !has_kubectl() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let world = crate::world::up_logging(&folder.path().join("data"), &log);
    let echo = Echo::start();
    world.ok("create namespace lab");
    let mut said = String::new();
    let mut step = |line: &str, stdin: &str| said.push_str(&run(&world, line, stdin));
    let add = format!(
        "credential add canary --registry {} --username {USER} -n lab --password-stdin",
        echo.host
    );
    step(&add, PASSWORDS[0]);
    world.wait(
        "regcred/canary",
        "lab",
        "{.status.conditions[?(@.type==\"Verified\")].reason}",
        "it is verified",
        |reason| reason == "LoggedIn",
    );
    step("credential verify canary -n lab", "");
    step("credential verify canary -n lab -o json", "");
    // A pull that is refused with the credential in the text.
    world.pod_of("lab", "refused", &format!("{}/team/app:1", echo.host), "");
    world.wait_waiting("lab", "refused", "ImagePullBackOff");
    step("credential verify canary -n lab", "");
    step("explain pod/refused -n lab", "");
    step("explain pod/refused -n lab -o json", "");
    step("credential list -A -o wide", "");
    step(
        "credential set-password canary -n lab --password-stdin --wait",
        PASSWORDS[1],
    );
    step(
        "credential set-password canary -n lab --password-stdin --no-verify",
        "wrong",
    );
    world.wait(
        "regcred/canary",
        "lab",
        "{.status.conditions[?(@.type==\"Verified\")].reason}",
        "it is refused",
        |reason| reason == "BadCredentials" || reason == "NoPullScope",
    );
    // What was replaced is kept, shown without its values, and put back.
    for line in [
        "history canary -n lab",
        "history canary -n lab -o json",
        "rollback canary -n lab",
    ] {
        step(&format!("credential {line}"), "");
    }
    step("credential rollback canary -n lab --to 2 --no-verify --wait", "");
    step("credential history canary -n lab -o yaml", "");
    step("events -A", "");
    let mut found = Vec::new();
    look("stdout and stderr", &said, &mut found);
    let kinds = "regcred,cregcred,projects.keyside.dev,events,configmaps,pods,serviceaccounts,namespaces,replicasets,leases";
    look(
        "objects",
        &world.ok(&format!("get {kinds} -A -o yaml --show-managed-fields")),
        &mut found,
    );
    let metadata = "-o jsonpath={range.items[*]}{.metadata}{end}";
    look(
        "metadata of Secrets",
        &world.ok(&format!("get secrets -A --show-managed-fields {metadata}")),
        &mut found,
    );
    for address in ["ui", "metrics"] {
        look(
            address,
            &get(world.ready[address].as_str().expect("an address")),
            &mut found,
        );
    }
    let kept = kept(&world);
    look_for(&kept, "stdout and stderr", &said, &mut found);
    let shown = pages(&world);
    look("pages of the credential", &shown, &mut found);
    look_for(&kept, "pages of the credential", &shown, &mut found);
    for file in ["cmdline", "environ"] {
        let bytes = std::fs::read(format!("/proc/{}/{file}", world.pid())).expect("readable");
        look(file, &text(&bytes), &mut found);
    }
    step_delete(&world, &mut found);
    let logged = std::fs::read_to_string(&log).expect("the log");
    look("log", &logged, &mut found);
    look_for(&kept, "log", &logged, &mut found);
    walk(&folder.path().join("data"), &mut found);
    assert!(found.is_empty(), "{found:#?}");
    // The search itself works: where it is meant to stand, it is found.
    let mut control = Vec::new();
    look(
        "control",
        &STANDARD.encode(format!("{USER}:{}", PASSWORDS[0])),
        &mut control,
    );
    assert_eq!(control.len(), 1);
}

fn step_delete(world: &World, found: &mut Vec<String>) {
    let said = run(world, "credential delete canary -n lab --force", "");
    look("stdout and stderr of delete", &said, found);
    eventually("the copies are gone", || {
        let left = world.ok("get secrets -n lab -o name");
        if left.contains("canary") {
            Err(left)
        } else {
            Ok(())
        }
    });
}

/// What the web UI shows of the credential to whoever may see everything, but for the form that shows the user name.
fn pages(world: &World) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyside"));
    command.args(["up", "--print-link", "--data-dir"]).arg(&world.dir);
    let link = text(&crate::world::fed(command, "").stdout);
    let (address, code) = link.trim().split_once('#').expect("a link with a code");
    let rest = address.strip_prefix("http://").expect("plain HTTP");
    let host = rest.split('/').next().expect("a host");
    let answer = send(host, "POST", "/link", "", &format!("code={code}"));
    let cookies = answer.lines().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let cookie = value.split(';').next()?;
        (name.eq_ignore_ascii_case("set-cookie") && !cookie.starts_with("keyside-view")).then_some(cookie)
    });
    let cookie: String = cookies.collect();
    let page = "/credentials/lab/canary";
    let mut shown = String::new();
    for tab in ["", "?tab=verification", "?tab=history", "?tab=yaml"] {
        let answer = send(host, "GET", &format!("{page}{tab}"), &cookie, "");
        assert!(answer.starts_with("HTTP/1.1 200"), "{tab}: {answer}");
        shown.push_str(&answer);
    }
    assert!(shown.contains("/rollback"), "there is something older: {shown}");
    shown.push_str(&send(host, "POST", &format!("{page}/verify"), &cookie, ""));
    let version = shown
        .split("name=\"secret-version\" value=\"")
        .nth(1)
        .expect("a version");
    let version = version.split('"').next().expect("a version");
    let form = format!("secret-version={version}&to=1");
    shown.push_str(&send(host, "POST", &format!("{page}/rollback"), &cookie, &form));
    shown
}

/// A request of the page itself, and all of its answer.
fn send(host: &str, method: &str, path: &str, cookie: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(host).expect("it listens");
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
    .expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("read");
    text(&answer)
}

/// A page as it is served.
fn get(address: &str) -> String {
    let rest = address
        .strip_prefix("http://")
        .expect("plain HTTP on this machine");
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).expect("it listens");
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .expect("sent");
    let mut page = Vec::new();
    stream.read_to_end(&mut page).expect("read");
    text(&page)
}
