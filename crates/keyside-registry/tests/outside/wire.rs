//! What only a real connection can show: broken connections, and bodies that are not wanted.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use crate::registry::Running;
use keyside_registry::{Authentication, Fault, Part, Script};

struct Connection(TcpStream);

impl Connection {
    fn to(running: &Running) -> Self {
        let stream = TcpStream::connect(running.address).expect("the registry listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .expect("a time limit can be set");
        Self(stream)
    }

    fn send(mut self, text: &str) -> Self {
        self.0.write_all(text.as_bytes()).expect("the registry reads");
        self
    }

    /// Everything until the registry closes the connection, and whether it did so in peace.
    fn rest(mut self) -> (String, bool) {
        let mut received = Vec::new();
        let peace = self.0.read_to_end(&mut received).is_ok();
        (String::from_utf8_lossy(&received).into_owned(), peace)
    }
}

fn get(running: &Running, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    Connection::to(running).send(&request).rest().0
}

fn begin_upload(running: &Running) -> String {
    let request =
        "POST /v2/a/blobs/uploads/ HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (answer, _) = Connection::to(running).send(request).rest();
    let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
    location.expect("an upload has a place").to_owned()
}

#[test]
fn an_upload_goes_on_after_the_connection_broke() {
    let running = Running::start(Authentication::None);
    running.put_image("team/app", "1");
    let location = begin_upload(&running);
    let head = format!("PATCH {location} HTTP/1.1\r\nhost: test\r\ncontent-length: 100\r\n\r\n");
    let connection = Connection::to(&running)
        .send(&head)
        .send("only this much arrives");
    connection
        .0
        .shutdown(Shutdown::Both)
        .expect("a connection can be broken");
    drop(connection);
    let end = Instant::now() + Duration::from_secs(10);
    while !get(&running, &location).contains("range: 0-21\r\n") {
        assert!(
            Instant::now() < end,
            "what arrived is not there: {}",
            get(&running, &location)
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_cut_blob_ends_the_connection_before_its_time() {
    let running = Running::start(Authentication::None);
    running.put_image("team/app", "1");
    running
        .registry
        .faults()
        .add(Script::new("team/app", Fault::Cut { after: 5 }).on(Part::Manifests));
    let answer = get(&running, "/v2/team/app/manifests/1");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head came");
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert_eq!(body.len(), 5, "{body}");
}

#[test]
fn strangers_are_refused_before_they_send_anything() {
    let running = Running::start(Authentication::Basic);
    running.put_image("team/app", "1");
    for request in [
        "POST /v2/a/blobs/uploads/?digest=sha256:x",
        "PUT /v2/a/manifests/1",
        "PATCH /v2/a/blobs/uploads/1",
    ] {
        let head = format!(
            "{request} HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 1000000000\r\n\r\n"
        );
        let (answer, _) = Connection::to(&running).send(&head).rest();
        assert!(
            answer.starts_with("HTTP/1.1 401 Unauthorized"),
            "{request}: {answer}"
        );
        assert!(
            !answer.contains("100 Continue"),
            "{request}: nothing is asked for"
        );
    }
}
