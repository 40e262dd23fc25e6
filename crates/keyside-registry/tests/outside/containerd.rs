//! containerd pulls images and unpacks them. It runs as root only.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::registry::{PASSWORD, Running, USER, find, run};
use keyside_registry::Authentication;

/// A containerd of our own, in a folder of its own.
struct Containerd {
    process: Child,
    folder: tempfile::TempDir,
}

impl Containerd {
    fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = |name: &str| folder.path().join(name);
        let configuration = "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n";
        std::fs::write(path("config.toml"), configuration).expect("the folder can be written");
        let log = std::fs::File::create(path("log")).expect("the folder can be written");
        let process = Command::new(program)
            .arg("--config")
            .arg(path("config.toml"))
            .arg("--root")
            .arg(path("root"))
            .arg("--state")
            .arg(path("state"))
            .arg("--address")
            .arg(path("socket"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn()
            .expect("containerd can be started");
        let containerd = Self { process, folder };
        let end = Instant::now() + Duration::from_secs(30);
        while !containerd.folder.path().join("socket").exists() {
            assert!(
                Instant::now() < end,
                "containerd does not start: {}",
                containerd.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        containerd
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn pull(&self, ctr: &Path, image: &str, password: Option<&str>) -> (bool, String) {
        let mut command = Command::new(ctr);
        command.arg("--address").arg(self.folder.path().join("socket"));
        command.args(["images", "pull", "--plain-http", "--snapshotter", "native"]);
        if let Some(password) = password {
            command.args(["--user", &format!("{USER}:{password}")]);
        }
        run(command.arg(image), self.folder.path())
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        let stopped = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = stopped {
            println!("containerd was not stopped: {error}");
        }
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id can be started");
    let root = id.stdout.trim_ascii() == b"0";
    if !root {
        println!("skipped: containerd needs root");
    }
    root
}

#[test]
fn containerd_pulls_with_the_right_password_only() {
    let (Some(containerd), Some(ctr)) = (find("containerd"), find("ctr")) else {
        return;
    };
    if !is_root() {
        return;
    }
    let daemon = Containerd::start(&containerd);
    for authentication in [
        Authentication::None,
        Authentication::Basic,
        Authentication::Bearer,
    ] {
        let running = Running::start(authentication);
        let digest = running.put_image("team/app", "1");
        let tagged = format!("{}/team/app:1", running.address);
        if authentication != Authentication::None {
            for wrong in [None, Some("wrong")] {
                let (pulled, said) = daemon.pull(&ctr, &tagged, wrong);
                assert!(
                    !pulled && said.contains("401 Unauthorized"),
                    "{authentication:?} {wrong:?}: {said}"
                );
            }
        }
        let (pulled, said) = daemon.pull(&ctr, &tagged, Some(PASSWORD));
        assert!(
            pulled && said.contains(&digest[..20]),
            "{authentication:?}: {said} {}",
            daemon.log()
        );
        let by_digest = format!("{}/team/app@{digest}", running.address);
        let (pulled, said) = daemon.pull(&ctr, &by_digest, Some(PASSWORD));
        assert!(pulled, "{authentication:?}: {said}");
    }
}
