//! An OCI image of keyside, made without a container engine: a base with nothing but certificates, a user and the C library,
//! and the program over it. The same program on the same machine gives the same bytes, so the digest says what is inside.
//!
//! `cargo e2e image [--binary FILE] [--out DIR] [--push HOST/REPO:TAG [--login USER --password-stdin] [--plain-http]]`

mod layout;
mod push;
mod root;

use crate::{cargo, say, succeed};
use anyhow::{Context, Result, bail};
use layout::Layout;
use push::Target;
use root::Layer;
use serde_json::json;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the program is in the image.
const PROGRAM: &str = "usr/local/bin/keyside";

/// Flags of the verb.
#[derive(Default)]
struct Flags {
    binary: Option<PathBuf>,
    out: Option<PathBuf>,
    push: Option<String>,
    login: Option<String>,
    password_stdin: bool,
    plain_http: bool,
}

/// Writes the image, and pushes it if asked; prints its digest.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let flags = Flags::read(arguments)?;
    let target = flags.target()?;
    let work = tempfile::tempdir().context("cannot make a folder")?;
    let program = match &flags.binary {
        Some(binary) => binary.clone(),
        None => build()?,
    };
    let program = stripped(&program, work.path())?;
    let folder = flags.out.clone().unwrap_or_else(|| work.path().join("image"));
    let digest = write(&program, &folder)?;
    if let Some(target) = target {
        push::push(&folder, &target)?;
        say(&format!("pushed {}", target.name));
    }
    print(&digest);
    Ok(())
}

impl Flags {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut flags = Self::default();
        let mut rest = arguments.iter();
        while let Some(flag) = rest.next() {
            let mut value = || {
                rest.next()
                    .cloned()
                    .with_context(|| format!("{flag} needs a value"))
            };
            match flag.as_str() {
                "--binary" => flags.binary = Some(value()?.into()),
                "--out" => flags.out = Some(value()?.into()),
                "--push" => flags.push = Some(value()?),
                "--login" => flags.login = Some(value()?),
                "--password-stdin" => flags.password_stdin = true,
                "--plain-http" => flags.plain_http = true,
                other => bail!("unknown flag {other}"),
            }
        }
        if flags.login.is_some() != flags.password_stdin {
            bail!("--login and --password-stdin go together");
        }
        Ok(flags)
    }

    fn target(&self) -> Result<Option<Target>> {
        let Some(name) = self.push.clone() else {
            return Ok(None);
        };
        let login = match &self.login {
            None => None,
            Some(user) => {
                let mut password = String::new();
                std::io::stdin()
                    .read_to_string(&mut password)
                    .context("cannot read the password")?;
                Some((
                    user.clone(),
                    password.strip_suffix('\n').unwrap_or(&password).to_owned(),
                ))
            }
        };
        Ok(Some(Target {
            name,
            login,
            plain_http: self.plain_http,
        }))
    }
}

/// The program as it is released.
fn build() -> Result<PathBuf> {
    say("building keyside (release)");
    succeed(cargo("build").args(["--release", "--locked", "--package", "keyside"]))?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| crate::root().join("target"), PathBuf::from);
    Ok(target.join("release/keyside"))
}

/// The program without names of functions: they are a fifth of it, and nobody debugs inside the image.
fn stripped(program: &Path, work: &Path) -> Result<PathBuf> {
    let out = work.join("keyside");
    succeed(
        Command::new("strip")
            .arg("--strip-all")
            .arg("-o")
            .arg(&out)
            .arg(program),
    )?;
    Ok(out)
}

/// Writes the OCI layout and returns the manifest's digest.
fn write(program: &Path, folder: &Path) -> Result<String> {
    let mut layout = Layout::create(folder)?;
    let mut layers = vec![root::base(program)?];
    let mut own = Layer::new();
    own.file(
        PROGRAM,
        &std::fs::read(program).context("cannot read the program")?,
        0o755,
    )?;
    layers.push(own);
    let version = env!("CARGO_PKG_VERSION");
    let config = json!({
        "User": "65532:65532",
        "Env": ["PATH=/usr/local/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
        "Entrypoint": [format!("/{PROGRAM}")],
        "WorkingDir": "/",
        "Labels": {
            "org.opencontainers.image.title": "keyside",
            "org.opencontainers.image.description": "One place for image pull credentials on Kubernetes",
            "org.opencontainers.image.licenses": "Apache-2.0",
            "org.opencontainers.image.source": env!("CARGO_PKG_REPOSITORY"),
            "org.opencontainers.image.version": version,
        },
    });
    layout.image(layers, &config, architecture()?, &format!("v{version}"))
}

/// The machine's architecture as images call it.
fn architecture() -> Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("amd64"),
        "aarch64" => Ok("arm64"),
        other => bail!("no name is known for images of {other}"),
    }
}

#[expect(clippy::print_stdout, reason = "the digest is this verb's result")]
fn print(digest: &str) {
    println!("{digest}");
}
