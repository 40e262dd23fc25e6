//! The image: the same program gives the same digest, what is in it runs with nothing else, and it can be pushed to a
//! registry that wants a login.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const USER: &str = "robot";
const PASSWORD: &str = "s3cret-password";

/// A program that is linked as keyside is: this crate's own.
const PROGRAM: &str = env!("CARGO_BIN_EXE_keyside-e2e");

fn image(arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(PROGRAM)
        .args(["image", "--binary", PROGRAM])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // Without --password-stdin nobody reads.
    let _ = child.stdin.take().expect("stdin").write_all(stdin.as_bytes());
    child.wait_with_output().expect("it ends")
}

fn digest(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone())
        .expect("UTF-8")
        .trim()
        .to_owned()
}

fn succeeds(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("it starts");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Whether these are installed; in CI their absence is a failure.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn has(programs: &[&str]) -> bool {
    let missing = |name: &&&str| Command::new(**name).arg("--version").output().is_err();
    let Some(name) = programs.iter().find(missing) else {
        return true;
    };
    assert!(
        std::env::var_os("CI").is_none(),
        "{name} is not installed: run `cargo e2e tools`"
    );
    eprintln!("skipped: {name} is not installed");
    false
}

#[test]
fn same_program_gives_the_same_image() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = |name: &str| dir.path().join(name).display().to_string();
    let first = digest(&image(&["--out", &out("one")], ""));
    let second = digest(&image(&["--out", &out("two")], ""));
    assert!(first.starts_with("sha256:") && first.len() == 71, "{first}");
    assert_eq!(first, second);
    let again = digest(&image(&["--out", &out("one")], ""));
    assert_eq!(first, again, "a folder that holds an image is written anew");
}

#[test]
fn image_needs_nothing_that_is_not_in_it() {
    let id = succeeds(Command::new("id").arg("-u"));
    if id.trim_ascii() != b"0" || !has(&["skopeo", "tar"]) {
        eprintln!("skipped: entering the image's root needs root");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let layout = dir.path().join("image");
    digest(&image(&["--out", &layout.display().to_string()], ""));
    let root = dir.path().join("root");
    std::fs::create_dir(&root).expect("a folder");
    for layer in layers(&layout) {
        succeeds(Command::new("tar").arg("-xzf").arg(layer).arg("-C").arg(&root));
    }
    let passwd = std::fs::read_to_string(root.join("etc/passwd")).expect("users");
    assert!(passwd.contains("nonroot:x:65532:65532"), "{passwd}");
    for absent in ["bin/sh", "bin/bash", "usr/bin/dpkg", "usr/bin/env"] {
        assert!(!root.join(absent).exists(), "{absent} is in the image");
    }
    let output = Command::new("chroot")
        .arg("--userspec=65532:65532")
        .arg(&root)
        .arg("/usr/local/bin/keyside")
        .output()
        .expect("chroot starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("usage:"), "the program does not run there: {said}");
}

/// The files of the layers, in order.
fn layers(layout: &Path) -> Vec<std::path::PathBuf> {
    let raw = succeeds(
        Command::new("skopeo")
            .args(["inspect", "--raw"])
            .arg(format!("oci:{}", layout.display())),
    );
    let manifest: serde_json::Value = serde_json::from_slice(&raw).expect("JSON");
    let layers = manifest["layers"].as_array().expect("layers").iter();
    let digests = layers.map(|layer| layer["digest"].as_str().expect("a digest").replace(':', "/"));
    digests.map(|digest| layout.join("blobs").join(digest)).collect()
}

#[test]
fn image_is_pushed_with_a_login_that_no_argument_shows() {
    if !has(&["skopeo", "docker-registry"]) {
        return;
    }
    let registry = Registry::start();
    let name = format!("{}/keyside/keyside:v1", registry.host);
    let flags = ["--push", &name, "--plain-http"];
    let refused = image(&flags, "");
    assert!(!refused.status.success(), "the registry wants a login");
    let flags = [
        "--push",
        &name,
        "--plain-http",
        "--login",
        USER,
        "--password-stdin",
    ];
    let pushed = image(&flags, &format!("{PASSWORD}\n"));
    let digest = digest(&pushed);
    assert!(!String::from_utf8_lossy(&pushed.stderr).contains(PASSWORD));
    let stored = succeeds(
        Command::new("skopeo")
            .args([
                "inspect",
                "--tls-verify=false",
                "--format",
                "{{.Digest}} {{.Architecture}} {{.Os}}",
            ])
            .arg(format!("--creds={USER}:{PASSWORD}"))
            .arg(format!("docker://{name}")),
    );
    let stored = String::from_utf8(stored).expect("UTF-8");
    assert!(
        stored.starts_with(&digest) && stored.trim().ends_with("linux"),
        "{stored}"
    );
}

/// Debian's docker-registry with one user.
struct Registry {
    child: Child,
    _folder: tempfile::TempDir,
    host: String,
}

impl Registry {
    fn start() -> Self {
        (0..5)
            .find_map(|_| Self::attempt())
            .expect("docker-registry starts within five attempts")
    }

    /// Another program may take the port before the registry does; then it ends, and the next attempt takes another one.
    fn attempt() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("an address")
            .port();
        let host = format!("127.0.0.1:{port}");
        let users = succeeds(Command::new("htpasswd").args(["-Bbn", USER, PASSWORD]));
        std::fs::write(folder.path().join("users"), users).expect("it is written");
        let config = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {0}/data}}}}\nhttp: {{addr: '{host}'}}\n\
             auth: {{htpasswd: {{realm: tests, path: {0}/users}}}}\n",
            folder.path().display()
        );
        std::fs::write(folder.path().join("config.yml"), config).expect("it is written");
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(folder.path().join("config.yml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut registry = Self {
            child,
            _folder: folder,
            host,
        };
        registry.answers().then_some(registry)
    }

    fn answers(&mut self) -> bool {
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until && self.child.try_wait().expect("its state").is_none() {
            if TcpStream::connect(&self.host).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
