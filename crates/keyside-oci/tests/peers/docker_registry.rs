//! Debian's docker-registry with users from an htpasswd file, and skopeo to fill it.

use crate::layout::Layout;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const USER: &str = "robot";
pub(crate) const PASSWORD: &str = "s3cret-password";

/// A running registry; ends with the value.
pub(crate) struct DockerRegistry {
    child: Child,
    folder: tempfile::TempDir,
    /// `127.0.0.1:PORT`.
    pub(crate) host: String,
}

impl DockerRegistry {
    /// Starts one, or says why the test is skipped.
    pub(crate) fn start() -> Option<Self> {
        Self::start_like(&htpasswd)
    }

    /// Starts one that believes the tokens of a service with this certificate.
    pub(crate) fn start_with_tokens(realm: &str, name: &str, pem: &str) -> Option<Self> {
        Self::start_like(&|folder: &Path| {
            std::fs::write(folder.join("token.pem"), pem).unwrap();
            let bundle = folder.join("token.pem");
            let bundle = bundle.display();
            format!(
                "token: {{realm: \"{realm}\", service: {name}, issuer: {name}, rootcertbundle: {bundle}}}"
            )
        })
    }

    fn start_like(authentication: &dyn Fn(&Path) -> String) -> Option<Self> {
        for tool in ["docker-registry", "skopeo", "htpasswd"] {
            if !is_installed(tool) {
                assert!(
                    std::env::var("CI").as_deref() != Ok("true"),
                    "{tool} is not installed"
                );
                eprintln!("SKIPPED: {tool} is not installed");
                return None;
            }
        }
        Some(
            (0..5)
                .find_map(|_| Self::try_start(authentication))
                .expect("docker-registry did not start in five attempts"),
        )
    }

    fn try_start(authentication: &dyn Fn(&Path) -> String) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        // Somebody else may take the port between this line and the registry's start: then the next attempt takes another one.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let host = format!("127.0.0.1:{port}");
        write_config(folder.path(), &host, &authentication(folder.path()));
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(folder.path().join("config.yml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut registry = Self { child, folder, host };
        registry.answers().then_some(registry)
    }

    fn answers(&mut self) -> bool {
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(&self.host).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// Copies an image into the registry, with all its platforms, as `REPOSITORY:1`.
    pub(crate) fn push(&self, layout: &Layout, repository: &str) {
        let auth = self.folder.path().join("auth.json");
        let encoded = keyside_keychain::Credential::new(USER, PASSWORD).basic_auth();
        let text = format!(
            r#"{{"auths":{{"{}":{{"auth":"{}"}}}}}}"#,
            self.host,
            encoded.expose_text()
        );
        std::fs::write(&auth, text).unwrap();
        let output = Command::new("skopeo")
            .args([
                "--insecure-policy",
                "copy",
                "--all",
                "--preserve-digests",
                "--dest-tls-verify=false",
            ])
            .arg("--dest-authfile")
            .arg(&auth)
            .arg(format!("oci:{}:1", layout.path().display()))
            .arg(format!("docker://{}/{repository}:1", self.host))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// The file in which the registry keeps a blob, for tests that damage it.
    pub(crate) fn blob_file(&self, digest: &keyside_oci::Digest) -> std::path::PathBuf {
        let hex = digest.hex();
        let blobs = self.folder.path().join("data/docker/registry/v2/blobs/sha256");
        blobs.join(&hex[..2]).join(hex).join("data")
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn is_installed(tool: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(tool).is_file())
}

/// Users from a file.
fn htpasswd(folder: &Path) -> String {
    let output = Command::new("htpasswd")
        .args(["-Bbn", USER, PASSWORD])
        .output()
        .unwrap();
    assert!(output.status.success());
    std::fs::write(folder.join("htpasswd"), output.stdout).unwrap();
    format!("htpasswd: {{realm: test, path: {}/htpasswd}}", folder.display())
}

fn write_config(folder: &Path, host: &str, authentication: &str) {
    let shown = folder.display();
    let config = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {shown}/data}}}}\n\
         http: {{addr: \"{host}\"}}\nauth: {{{authentication}}}\n"
    );
    std::fs::write(folder.join("config.yml"), config).unwrap();
}
