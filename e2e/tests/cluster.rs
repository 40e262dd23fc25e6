//! A test bed leaves nothing behind, however it ends, and two of them do not meet.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, whichever function finds it out"
)]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the kernel may take to end what a killed bed has left running.
const PATIENCE: Duration = Duration::from_secs(60);

struct Held {
    child: Child,
    folder: PathBuf,
}

impl Held {
    /// A bed that is up, or why there is none.
    fn start(flags: &[&str]) -> Result<Self, String> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_keyside-e2e"))
            .args(["cluster", "--hold"])
            .args(flags)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut folder = None;
        for line in BufReader::new(child.stderr.take().unwrap()).lines() {
            let line = line.unwrap();
            if line.starts_with("skipped:") {
                child.wait().unwrap();
                return Err(line);
            }
            if let Some(path) = line.strip_prefix("export KUBECONFIG=") {
                folder = Path::new(path).parent().map(Path::to_owned);
            }
            if line.starts_with("ready") {
                let folder = folder.expect("it says where its kubeconfig is");
                return Ok(Self { child, folder });
            }
        }
        panic!("the bed ended before it was ready: {:?}", child.wait());
    }

    fn answers(&self) -> bool {
        let status = Command::new("kubebed")
            .arg("kubectl")
            .arg(format!(
                "--kubeconfig={}",
                self.folder.join("admin.kubeconfig").display()
            ))
            .args(["get", "namespaces"])
            .stdout(Stdio::null())
            .status();
        status.unwrap().success()
    }

    /// Everything of it that the kernel knows.
    fn traces(&self) -> Traces {
        Traces::of(&self.folder)
    }

    fn kill(mut self) -> PathBuf {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.folder
    }

    /// Ends it in order.
    fn end(mut self) -> PathBuf {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
        self.folder
    }
}

#[derive(Debug, Default, PartialEq)]
struct Traces {
    processes: BTreeSet<String>,
    networks: BTreeSet<PathBuf>,
    mounts: BTreeSet<String>,
    control_groups: BTreeSet<PathBuf>,
}

impl Traces {
    fn of(folder: &Path) -> Self {
        let mut traces = Self::default();
        let marked = format!("{}/", folder.display());
        let own = std::fs::read_link("/proc/self/ns/net").unwrap();
        for process in std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
        {
            // A process may end while it is looked at.
            let read = |name: &str| {
                String::from_utf8_lossy(&std::fs::read(process.join(name)).unwrap_or_default())
                    .replace('\0', " ")
            };
            traces.mounts.extend(
                read("mountinfo")
                    .lines()
                    .filter(|line| line.contains(&marked))
                    .map(str::to_owned),
            );
            let command = read("cmdline");
            if command.contains(&marked) {
                traces.networks.extend(
                    std::fs::read_link(process.join("ns/net"))
                        .ok()
                        .filter(|net| *net != own),
                );
                traces.processes.insert(command);
            }
        }
        let group = format!("keyside-bed-{}", folder.file_name().unwrap().to_str().unwrap());
        let hierarchies = std::fs::read_dir("/sys/fs/cgroup")
            .into_iter()
            .flatten()
            .flatten();
        traces.control_groups = hierarchies
            .map(|entry| entry.path().join(&group))
            .filter(|path| path.exists())
            .collect();
        traces
    }
}

/// The machine's own network interfaces.
fn links() -> BTreeSet<String> {
    std::fs::read_dir("/sys/class/net")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

fn until(what: &str, mut look: impl FnMut() -> bool) {
    let start = Instant::now();
    while !look() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn is_installed() -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|dir| dir.join("kubebed").exists())
}

#[test]
fn beds_do_not_meet_and_leave_nothing_however_they_end() {
    if !is_installed() {
        eprintln!("skipped: the Kubernetes test bed is not installed; `cargo e2e tools` does it");
        return;
    }
    let links_before = links();
    // As root, with a node: it has most to leave behind.
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| Held::start(&["--node"]).or_else(|_| Held::start(&[])));
        let second = scope.spawn(|| Held::start(&[]));
        (first.join().unwrap(), second.join().unwrap())
    });
    let (first, second) = match (first, second) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(why), _) | (_, Err(why)) => return eprintln!("{why}"),
    };
    let traces = first.traces();
    assert!(traces.processes.len() >= 4, "{traces:?}");
    let folder = first.kill();
    until("a killed bed's programs to end", || {
        let left = Traces::of(&folder);
        left.processes.is_empty() && left.networks.is_empty() && left.mounts.is_empty()
    });
    assert!(second.answers(), "the other bed goes on");
    let third = Held::start(&[]).unwrap();
    assert!(
        !folder.exists(),
        "the next start removes the files of a bed that was killed"
    );
    assert_eq!(Traces::of(&folder), Traces::default());
    for bed in [second, third] {
        assert!(bed.traces().processes.len() >= 4);
        let folder = bed.end();
        assert!(!folder.exists());
        assert_eq!(Traces::of(&folder), Traces::default());
    }
    assert_eq!(links(), links_before);
}
