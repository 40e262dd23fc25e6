//! Installs what the tests need and this machine does not have: Debian packages (as root) and programs built from Go
//! modules into the user's cache folder, where the next run finds them.

use crate::{root, say, succeed};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A Debian package and a program, or a file, by which it is recognised.
const PACKAGES: [(&str, &str); 13] = [
    ("skopeo", "skopeo"),
    ("containerd", "containerd"),
    ("runc", "runc"),
    ("containernetworking-plugins", "/usr/lib/cni/bridge"),
    ("iptables", "iptables"),
    ("docker-registry", "docker-registry"),
    ("apache2-utils", "htpasswd"),
    ("strace", "strace"),
    ("jq", "jq"),
    ("lua5.4", "lua5.4"),
    ("chromium", "chromium"),
    ("chromium-driver", "chromedriver"),
    (
        "fonts-noto-cjk",
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    ),
];

/// What libFuzzer is built with.
const COMPILER: [(&str, &str); 1] = [("g++", "c++")];

/// A program built from one of the Go modules below `e2e/go`.
struct GoProgram {
    name: &'static str,
    module: &'static str,
    version: &'static str,
}

const KUBECTL: [GoProgram; 2] = [
    GoProgram {
        name: "kubectl",
        module: "kubectl",
        version: "1.37.2",
    },
    GoProgram {
        name: "kubectl-1.28",
        module: "kubectl-1.28",
        version: "1.28.15",
    },
];

/// The version of Kubernetes in `e2e/go/kubernetes`.
const KUBERNETES: &str = "1.37.2";

/// Programs that are built as they are: name, which is the module's, and package.
const UNMODIFIED: [(&str, &str); 2] = [
    ("helm", "helm.sh/helm/v4/cmd/helm"),
    ("kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform"),
];

/// The official conformance program of the OCI distribution specification.
const OCI_CONFORMANCE: &str =
    "github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111";

/// Installs everything that is missing.
pub(crate) fn install() -> Result<()> {
    packages(&PACKAGES)?;
    if !is_on_path("go") {
        say(
            "skipped: Go is not installed, so kubectl, helm, kubeconform and the conformance programs cannot be built",
        );
        return Ok(());
    }
    for program in &KUBECTL {
        build_kubectl(program)?;
    }
    for (name, package) in UNMODIFIED {
        build_unmodified(name, package)?;
    }
    build_oci_conformance()?;
    kubebed().map(drop)
}

/// Installs a C++ compiler, where there is none.
pub(crate) fn compiler() -> Result<()> {
    packages(&COMPILER)
}

/// Where built programs are kept.
pub(crate) fn bin() -> Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .filter(|dir| !dir.is_empty())
        .map(PathBuf::from);
    let cache = cache.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    let bin = cache
        .context("neither XDG_CACHE_HOME nor HOME is set")?
        .join("keyside/bin");
    std::fs::create_dir_all(&bin).with_context(|| format!("cannot make {}", bin.display()))?;
    Ok(bin)
}

/// The search path with the built programs in front.
pub(crate) fn path() -> Result<OsString> {
    let old = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(bin()?).chain(std::env::split_paths(&old));
    Ok(std::env::join_paths(all)?)
}

/// Builds Kubernetes' own end-to-end tests; about ten minutes on two cores the first time.
pub(crate) fn kubernetes_tests() -> Result<PathBuf> {
    let program = bin()?.join("e2e.test");
    if !program.exists() {
        say("building Kubernetes' own tests (about ten minutes, once)");
        let staged = program.with_extension("part");
        let mut go = go_in("kubernetes");
        go.args(["test", "-mod=mod", "-vet=off", "-c", "-o"])
            .arg(&staged)
            .arg("k8s.io/kubernetes/test/e2e");
        succeed(&mut go)?;
        std::fs::rename(&staged, &program)?;
    }
    Ok(program)
}

/// Builds the control plane and node, all in one program, unless it is there already and made from these very sources;
/// about nine minutes on two cores the first time.
pub(crate) fn kubebed() -> Result<PathBuf> {
    let program = bin()?.join("kubebed");
    let stamp = program.with_extension("made-from");
    let sources = sources(&root().join("e2e/go/kubernetes"))?;
    // Which file it was, too: another program of this name may have been put in its place.
    let made = |program: &Path| -> Result<Vec<u8>> {
        let file = std::fs::metadata(program)?;
        Ok([
            sources.clone(),
            format!("{} {:?}", file.len(), file.modified()?).into_bytes(),
        ]
        .concat())
    };
    if program.exists() && std::fs::read(&stamp).ok() == made(&program).ok() {
        return Ok(program);
    }
    say("building the Kubernetes test bed (nine minutes the first time)");
    // Without -trimpath: it shares the build cache with Kubernetes' own tests.
    let staged = program.with_extension(format!("part{}", std::process::id()));
    succeed(
        go_in("kubernetes")
            .args(["build", "-ldflags", &version_flags(KUBERNETES), "-o"])
            .arg(&staged)
            .arg("."),
    )?;
    std::fs::rename(&staged, &program)?;
    std::fs::write(&stamp, made(&program)?)?;
    Ok(program)
}

/// Whether a control plane is there, be it an old one.
pub(crate) fn has_kubebed() -> bool {
    bin().is_ok_and(|bin| bin.join("kubebed").exists())
}

/// Where test beds have their folders.
pub(crate) fn beds() -> Result<PathBuf> {
    Ok(bin()?.with_file_name("beds"))
}

/// Builds the program that runs in the test bed's containers.
pub(crate) fn pause() -> Result<PathBuf> {
    let program = bin()?.join("pause");
    if !program.exists() {
        let staged = program.with_extension("part");
        succeed(
            go_in("pause")
                .args(["build", "-trimpath", "-ldflags", "-s -w", "-o"])
                .arg(&staged)
                .arg("."),
        )?;
        std::fs::rename(&staged, &program)?;
    }
    Ok(program)
}

/// The text of a module's own files, one after the other.
fn sources(module: &Path) -> Result<Vec<u8>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(module)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.sort();
    let mut text = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with("tools.go")) {
        text.extend(std::fs::read(file)?);
    }
    Ok(text)
}

/// Linker flags that tell a Kubernetes program its version.
fn version_flags(version: &str) -> String {
    let mut parts = version.split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let package = "k8s.io/component-base/version";
    format!(
        "-s -w -X {package}.gitVersion=v{version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
    )
}

fn packages(packages: &[(&'static str, &str)]) -> Result<()> {
    let missing: Vec<&str> = packages
        .iter()
        .filter(|(_, program)| !is_on_path(program))
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !is_root()? || !is_on_path("apt-get") {
        say(&format!(
            "skipped: installing {} needs root on Debian; tests that use them say so",
            missing.join(", ")
        ));
        return Ok(());
    }
    say(&format!("installing {}", missing.join(", ")));
    succeed(apt().args(["update", "-qq"]))?;
    succeed(
        apt()
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(&missing),
    )
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null());
    command
}

fn build_kubectl(program: &GoProgram) -> Result<()> {
    let target = bin()?.join(program.name);
    if target.exists() {
        return Ok(());
    }
    say(&format!("building {} (about two minutes, once)", program.name));
    let flags = version_flags(program.version);
    let staged = target.with_extension("part");
    succeed(
        go_in(program.module)
            .args(["build", "-trimpath", "-ldflags", &flags, "-o"])
            .arg(&staged)
            .arg("."),
    )?;
    std::fs::rename(&staged, &target)?;
    Ok(())
}

fn build_unmodified(name: &str, package: &str) -> Result<()> {
    let target = bin()?.join(name);
    if target.exists() {
        return Ok(());
    }
    say(&format!("building {name} (some minutes, once)"));
    let staged = target.with_extension("part");
    let mut go = go_in(name);
    go.args(["build", "-trimpath", "-ldflags", "-s -w", "-o"])
        .arg(&staged)
        .arg(package);
    succeed(&mut go)?;
    std::fs::rename(&staged, &target)?;
    Ok(())
}

fn build_oci_conformance() -> Result<()> {
    if bin()?.join("conformance").exists() {
        return Ok(());
    }
    say("building the OCI conformance program");
    succeed(
        Command::new("go")
            .args(["install", OCI_CONFORMANCE])
            .env("GOBIN", bin()?)
            .env("CGO_ENABLED", "0"),
    )
}

fn go_in(module: &str) -> Command {
    let mut command = Command::new("go");
    command
        .current_dir(root().join("e2e/go").join(module))
        .env("CGO_ENABLED", "0");
    command
}

/// Whether this program may do what only root may.
pub(crate) fn is_root() -> Result<bool> {
    let id = Command::new("id").arg("-u").output().context("cannot start id")?;
    if !id.status.success() {
        bail!("id -u ended with {}", id.status);
    }
    Ok(id.stdout.trim_ascii() == b"0")
}

/// Whether a program can be started; one with a path is looked for there only.
pub(crate) fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(system)
        .any(|dir| dir.join(program).is_file())
}
