//! An S3 gateway over a folder of its own. Its file system has to keep extended attributes: with attributes in other files the gateway may
//! answer with the content of one version and the tag of another, which no bucket of S3 does.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keyside_registry::Bucket;

const KEY: &str = "access";
const SECRET: &str = "a-secret-for-tests";

pub(crate) struct Gateway {
    process: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Gateway {
    /// Without the program the test says so and passes: it is not among those that CI installs.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = find() else {
            println!("skipped: versitygw is not installed");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("data/registry")).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let process = Command::new(program)
            .args(["--quiet", "--port", &address.to_string(), "posix"])
            .arg(folder.path().join("data"))
            .env("ROOT_ACCESS_KEY_ID", KEY)
            .env("ROOT_SECRET_ACCESS_KEY", SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let gateway = Self {
            process,
            address,
            _folder: folder,
        };
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < end, "the gateway does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(gateway)
    }

    pub(crate) fn bucket(&self) -> Bucket {
        Bucket {
            name: "registry".to_owned(),
            prefix: "some/where".to_owned(),
            region: Some("us-east-1".to_owned()),
            endpoint: Some(format!("http://{}", self.address)),
            access_key: Some((KEY.to_owned(), SECRET.to_owned())),
            plain_http: true,
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait()) {
            println!("the gateway was not stopped: {error}");
        }
    }
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("versitygw"))
        .find(|file| file.is_file())
}
