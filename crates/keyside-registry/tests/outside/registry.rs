//! What the tests with other people's programs share: a registry on a port, and an image that can be unpacked.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use keyside_registry::{Authentication, Registry, Rights, Store};
use serde_json::{Value, json};

pub(crate) const USER: &str = "robot$team+ci";
pub(crate) const PASSWORD: &str = "p:a s$s";

/// A registry that listens on the loopback interface until it is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) registry: Registry,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

impl Running {
    pub(crate) fn start(authentication: Authentication) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::builder(Store::files(folder.path()).unwrap())
            .authentication(authentication)
            .password_rounds(NonZeroU32::new(1000).unwrap())
            .build()
            .unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let address = runtime.block_on(async {
            registry
                .accounts()
                .set(USER, PASSWORD, Rights::all())
                .await
                .unwrap();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let router = registry.router();
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
            address
        });
        Self {
            address,
            registry,
            runtime,
            _folder: folder,
        }
    }

    /// Puts an image of two layers into a repository; returns the digest of its manifest.
    pub(crate) fn put_image(&self, repository: &str, tag: &str) -> String {
        let put = |bytes: Bytes| {
            self.runtime
                .block_on(self.registry.put_blob(repository, bytes))
                .unwrap()
        };
        let layers: Vec<Vec<u8>> = (0..2).map(layer).collect();
        let digests: Vec<String> = layers.iter().map(|layer| put(layer.clone().into())).collect();
        let config = json!({
            "architecture": architecture(), "os": "linux", "config": {},
            "rootfs": {"type": "layers", "diff_ids": digests},
        });
        let config = config.to_string();
        let config_digest = put(config.clone().into());
        let described = digests.iter().zip(&layers).map(|(digest, layer)| {
            json!({"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": layer.len()})
        });
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config_digest, "size": config.len()},
            "layers": described.collect::<Vec<Value>>(),
        });
        let manifest = manifest.to_string().into();
        let put = self.registry.put_manifest(repository, Some(tag), manifest);
        self.runtime.block_on(put).unwrap()
    }
}

fn layer(number: usize) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let content = vec![b'x'; 100_000 * (number + 1)];
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    archive
        .append_data(&mut header, format!("file-{number}"), &*content)
        .unwrap();
    archive.into_inner().unwrap()
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Where a program is. Without it the test says so and passes, except in CI.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let go = std::env::var_os("GOPATH").map_or_else(|| home.join("go"), PathBuf::from);
    let more = [
        "/usr/sbin".into(),
        "/sbin".into(),
        go.join("bin"),
        home.join(".cache/keyside/bin"),
    ];
    let found = std::env::split_paths(&path)
        .chain(more)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file());
    if found.is_none() {
        let line = format!("skipped: {program} is not installed; `cargo e2e tools` installs it");
        assert!(std::env::var_os("CI").is_none(), "{line}");
        println!("{line}");
    }
    found
}

/// Runs a program to its end, which has to come within two minutes; returns whether it was a success, and what it said.
pub(crate) fn run(command: &mut Command, folder: &Path) -> (bool, String) {
    let log = folder.join("output");
    let file = std::fs::File::create(&log).unwrap();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(120);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > end {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    (status.success(), std::fs::read_to_string(log).unwrap())
}
