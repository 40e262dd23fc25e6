//! The real program, kubectl beside it: what a user has on the screen.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A running `keyside up`, stopped when dropped.
pub(crate) struct World {
    /// None if it is a cluster that somebody else has started.
    child: Option<Child>,
    pub(crate) ready: Value,
    pub(crate) dir: PathBuf,
    _temp: Option<tempfile::TempDir>,
}

/// Starts the embedded world on free ports in a folder of its own.
///
/// `KEYSIDE_WORLD` names a file that describes another one in the words of `up -o json`: a real cluster in which keyside is installed.
/// `token` in it signs in to the web UI, and `uiAddress` says where the name in `ui` is found.
pub(crate) fn up() -> World {
    if let Some(file) = std::env::var_os("KEYSIDE_WORLD") {
        let text = std::fs::read(&file).expect("the file that KEYSIDE_WORLD names");
        return World {
            child: None,
            ready: serde_json::from_slice(&text).expect("JSON"),
            dir: PathBuf::new(),
            _temp: None,
        };
    }
    let temp = tempfile::tempdir().expect("a temporary folder");
    let mut world = up_in(temp.path(), &[]);
    world._temp = Some(temp);
    world
}

/// As [`up`], with more flags.
pub(crate) fn up_with(flags: &[&str]) -> World {
    let temp = tempfile::tempdir().expect("a temporary folder");
    let mut world = up_in(temp.path(), flags);
    world._temp = Some(temp);
    world
}

/// Starts it in a given folder with everything that can be logged in a file.
pub(crate) fn up_logging(dir: &Path, log: &Path) -> World {
    let file = std::fs::File::create(log).expect("a log file");
    let (child, ready) = start_with(dir, &[], |command| {
        command.env("KEYSIDE_LOG", "trace").stderr(file);
    });
    World {
        child: Some(child),
        ready,
        dir: dir.to_path_buf(),
        _temp: None,
    }
}

/// Starts it in a given folder.
pub(crate) fn up_in(dir: &Path, flags: &[&str]) -> World {
    let (child, ready) = start(dir, flags);
    World {
        child: Some(child),
        ready,
        dir: dir.to_path_buf(),
        _temp: None,
    }
}

/// Ports are free ones unless the flags name them.
fn start(dir: &Path, flags: &[&str]) -> (Child, Value) {
    start_with(dir, flags, |_| {})
}

fn start_with(dir: &Path, flags: &[&str], more: impl FnOnce(&mut Command)) -> (Child, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyside"));
    command
        .args(["up", "-o", "json", "--ui-port", "0", "--data-dir"])
        .arg(dir)
        .args(flags);
    for port in ["--api-port", "--registry-port"] {
        if !flags.contains(&port) {
            command.args([port, "0"]);
        }
    }
    more(&mut command);
    let mut child = command
        .env_remove("KUBECONFIG")
        .stdout(Stdio::piped())
        .spawn()
        .expect("keyside starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("stdout"))
        .read_line(&mut line)
        .expect("a line");
    let ready =
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("`up -o json` printed {line:?}: {error}"));
    (child, ready)
}

impl World {
    pub(crate) fn image(&self) -> &str {
        self.ready["image"].as_str().expect("image")
    }

    pub(crate) fn registry(&self) -> &str {
        self.ready["registry"].as_str().expect("registry")
    }

    pub(crate) fn user(&self) -> &str {
        self.ready["registryUser"].as_str().expect("registryUser")
    }

    pub(crate) fn password(&self) -> String {
        let file = self.ready["registryPasswordFile"]
            .as_str()
            .expect("registryPasswordFile");
        std::fs::read_to_string(file)
            .expect("the password file")
            .trim_end()
            .to_owned()
    }

    pub(crate) fn kubeconfig(&self) -> &str {
        self.ready["kubeconfig"].as_str().expect("kubeconfig")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// kubectl against this world.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command.args(arguments).env("KUBECONFIG", self.kubeconfig());
        command
    }

    /// kubectl that must succeed; its stdout.
    pub(crate) fn ok(&self, line: &str) -> String {
        self.run(&words(line))
    }

    /// As [`World::ok`], arguments one by one.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.kubectl(arguments).output().expect("kubectl runs");
        assert!(
            output.status.success(),
            "kubectl {arguments:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// kubectl that must fail; its stderr.
    pub(crate) fn refused(&self, line: &str) -> String {
        let output = self.kubectl(&words(line)).output().expect("kubectl runs");
        assert!(
            !output.status.success(),
            "kubectl {line} was expected to fail: {}",
            text(&output.stdout)
        );
        text(&output.stderr)
    }

    /// `kubectl apply -f -`.
    pub(crate) fn apply(&self, yaml: &str) {
        let output = fed(self.kubectl(&["apply", "-f", "-"]), yaml);
        assert!(
            output.status.success(),
            "kubectl apply: {}\n{yaml}",
            text(&output.stderr)
        );
    }

    /// keyside against this world, stdin given.
    pub(crate) fn keyside(&self, line: &str, stdin: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyside"));
        command
            .args(words(line))
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .env_remove("KEYSIDE_SANDBOX");
        fed(command, stdin)
    }

    /// keyside that must succeed; its stdout.
    pub(crate) fn keyside_ok(&self, line: &str, stdin: &str) -> String {
        let output = self.keyside(line, stdin);
        assert!(
            output.status.success(),
            "keyside {line}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// `keyside credential add … --password-stdin` with the registry's real password.
    pub(crate) fn add_credential(&self, name: &str, scope: &str) -> String {
        let line = format!(
            "credential add {name} --registry {} --username {} {scope} --password-stdin",
            self.registry(),
            self.user()
        );
        self.keyside_ok(&line, &self.password())
    }

    /// A pod with the sample image.
    pub(crate) fn pod(&self, namespace: &str, name: &str, extra: &str) {
        self.pod_of(namespace, name, self.image(), extra);
    }

    /// A pod with an image; `extra` goes into its spec (two blanks deep).
    pub(crate) fn pod_of(&self, namespace: &str, name: &str, image: &str, extra: &str) {
        self.apply(&format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  containers: [{{name: app, image: \"{image}\"}}]\n{extra}"
        ));
    }

    /// Waits until the jsonpath over an object gives a text that the check accepts.
    pub(crate) fn wait(
        &self,
        object: &str,
        namespace: &str,
        path: &str,
        what: &str,
        check: impl Fn(&str) -> bool,
    ) -> String {
        let jsonpath = format!("jsonpath={path}");
        let arguments = ["get", object, "-n", namespace, "-o", &jsonpath];
        eventually(what, || {
            let output = self.kubectl(&arguments).output().expect("kubectl runs");
            let out = text(&output.stdout);
            if output.status.success() && check(&out) {
                Ok(out)
            } else {
                Err(format!("{out}{}", text(&output.stderr)))
            }
        })
    }

    /// Waits until the pod runs.
    pub(crate) fn wait_running(&self, namespace: &str, pod: &str) {
        self.wait(
            &format!("pod/{pod}"),
            namespace,
            "{.status.phase}",
            &format!("{pod} runs"),
            |phase| phase == "Running",
        );
    }

    /// Waits until the pod's container waits for this reason.
    pub(crate) fn wait_waiting(&self, namespace: &str, pod: &str, reason: &str) -> String {
        let path = "{.status.containerStatuses[0].state.waiting.reason}";
        self.wait(
            &format!("pod/{pod}"),
            namespace,
            path,
            &format!("{pod} waits with {reason}"),
            |got| got == reason,
        )
    }

    /// Reasons and messages of the pod's events, oldest first.
    pub(crate) fn events(&self, namespace: &str, pod: &str) -> Vec<(String, String)> {
        let selector = format!("involvedObject.name={pod}");
        let list = self.run(&[
            "get",
            "events",
            "-n",
            namespace,
            "--field-selector",
            &selector,
            "-o",
            "json",
        ]);
        let list: Value = serde_json::from_str(&list).expect("JSON");
        let field = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let items = list["items"].as_array().expect("items");
        items
            .iter()
            .map(|event| (field(event, "reason"), field(event, "message")))
            .collect()
    }

    /// Kills the process as a power cut would.
    pub(crate) fn kill(&mut self) {
        let child = self.child.as_mut().expect("its own program");
        child.kill().expect("kill");
        child.wait().expect("wait");
    }

    /// Starts it again in the same folder on the same ports.
    pub(crate) fn restart(&mut self) {
        let port = |url: &str| url.rsplit(':').next().expect("a port").to_owned();
        let api = port(self.ready["apiServer"].as_str().expect("apiServer"));
        let registry = port(self.registry());
        let (child, ready) = start(&self.dir, &["--api-port", &api, "--registry-port", &registry]);
        (self.child, self.ready) = (Some(child), ready);
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn stop(&mut self) -> std::process::ExitStatus {
        let status = Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status()
            .expect("kill");
        assert!(status.success());
        let child = self.child.as_mut().expect("its own program");
        child.wait().expect("wait")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Runs a command with text on stdin.
pub(crate) fn fed(mut command: Command, stdin: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // A program that does not read its stdin closes it: not this helper's business.
    let _ = child.stdin.take().expect("stdin").write_all(stdin.as_bytes());
    child.wait_with_output().expect("it ends")
}

/// Tries until it works, half a minute at most.
pub(crate) fn eventually<T>(what: &str, attempt: impl FnMut() -> Result<T, String>) -> T {
    eventually_within(what, 30, attempt)
}

/// As [`eventually`], for what may have to wait for a kubelet's next attempt.
pub(crate) fn eventually_within<T>(
    what: &str,
    seconds: u64,
    mut attempt: impl FnMut() -> Result<T, String>,
) -> T {
    let started = Instant::now();
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(last) if started.elapsed() > Duration::from_secs(seconds) => {
                panic!("waited {seconds} s until {what}; last seen: {last}")
            }
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// Whether kubectl is there; in CI its absence is a failure.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn has_kubectl() -> bool {
    let found = Command::new("kubectl")
        .args(["version", "--client"])
        .output()
        .is_ok_and(|output| output.status.success());
    assert!(
        found || std::env::var_os("CI").is_none(),
        "kubectl is not installed: run `cargo e2e tools`"
    );
    if !found {
        eprintln!("skipped: kubectl is not installed; `cargo e2e test` installs it");
    }
    found
}

pub(crate) fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
