//! Images whose address leads to no registry, or to one in which they have a form that no node reads.

use super::bench::Bench;
use crate::registry::{Gate, Own, PASSWORD, USER};
use crate::world::{eventually, has_kubectl, text, up};
use keyside_api::Cause;
use serde_json::Value;
use std::process::{Child, Command, Stdio};

pub(crate) const OF_ADDRESSES: [Cause; 3] =
    [Cause::DnsFailure, Cause::ConnectionRefused, Cause::NotARegistry];
pub(crate) const OF_OUTSIDE: [Cause; 3] = [
    Cause::ConnectionRefused,
    Cause::NetworkUnreachable,
    Cause::ProxyError,
];
pub(crate) const OF_FORMS: [Cause; 1] = [Cause::UnsupportedManifest];

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>no</html>";
const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>no</html>";

fn fix(image: &Value) -> &str {
    image["fix"][0].as_str().expect("a command")
}

#[test]
fn wrong_address_is_named_and_the_pasted_fix_puts_the_right_one_in_its_place() {
    if !has_kubectl() {
        return;
    }
    let (world, registry) = (up(), Own::start());
    registry.push("team/app", "1");
    let bench = Bench::new(&world);
    let page = Gate::saying(PAGE);
    let right = registry.host();
    let by_name = format!("localhost:{}", registry.address.port());
    for (namespace, known, written) in [
        ("unknown", &right, "registry.invalid"),
        ("slip", &by_name, &*by_name.replace("localhost", "localhots")),
        ("port", &right, "127.0.0.1:1"),
        ("page", &right, &page.host()),
    ] {
        bench.namespace(namespace);
        bench.secret(namespace, "own", known, USER, PASSWORD);
        world.pod_of(namespace, "p", &format!("{written}/team/app:1"), "");
    }
    let unknown = bench.explained("pod/p", "unknown", Cause::DnsFailure);
    assert!(fix(&unknown).contains("HOST/team/app:1"), "{unknown}");
    let slip = bench.explained("pod/p", "slip", Cause::DnsFailure);
    let port = bench.explained("pod/p", "port", Cause::ConnectionRefused);
    let other = bench.explained("pod/p", "page", Cause::NotARegistry);
    for (image, meant) in [(&slip, &by_name), (&port, &right), (&other, &right)] {
        assert!(fix(image).contains(&format!("{meant}/team/app:1")), "{image}");
    }
    // What is printed for people says whose address that is.
    let output = bench.shell("keyside explain pod/p -n slip", "");
    let said = text(&output.stdout);
    assert!(
        said.contains(&format!("a credential here is for {by_name}")),
        "{said}"
    );
    bench.paste_at(&right, &unknown, PASSWORD);
    for image in [&slip, &port, &other] {
        bench.paste(image, PASSWORD);
    }
    for namespace in ["unknown", "slip", "port", "page"] {
        bench.runs(namespace);
    }
    bench.has_named(&OF_ADDRESSES);
}

#[test]
fn registry_out_of_reach_is_named_and_once_it_is_back_the_pasted_fix_replaces_the_pod() {
    if !has_kubectl() {
        return;
    }
    let (world, registry) = (up(), Own::start());
    registry.push("team/app", "1");
    let bench = Bench::new(&world);
    let (closed, proxy) = (Gate::closed(), Gate::saying(FORBIDDEN));
    for (namespace, gate) in [("closed", &closed), ("proxy", &proxy)] {
        let host = gate.host();
        bench.namespace(namespace);
        bench.secret(namespace, "own", &host, USER, PASSWORD);
        world.ok(&format!(
            "create deployment web -n {namespace} --image={host}/team/app:1"
        ));
    }
    // Nobody dials that for a registry: the node says so in the words of a machine without a route. That it heals with the route, a
    // node shows whose words are scripted.
    world.pod_of("default", "nowhere", "169.254.169.254/team/app:1", "");
    let nowhere = bench.explained("pod/nowhere", "default", Cause::NetworkUnreachable);
    let refused = bench.explained("deploy/web", "closed", Cause::ConnectionRefused);
    let forbidden = bench.explained("deploy/web", "proxy", Cause::ProxyError);
    for image in [&nowhere, &refused, &forbidden] {
        assert!(fix(image).ends_with(" --restart-stuck"), "{image}");
    }
    // As long as it is not mended, nothing is replaced.
    let output = bench.shell(fix(&refused), "");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    closed.lead_to(&registry);
    proxy.lead_to(&registry);
    for (namespace, image) in [("closed", &refused), ("proxy", &forbidden)] {
        bench.paste(image, PASSWORD);
        bench.runs(namespace);
    }
    bench.has_named(&OF_OUTSIDE);
}

/// Debian's registry, told to take manifests of the oldest form; stopped when dropped.
struct OldRegistry {
    child: Child,
    _folder: tempfile::TempDir,
    host: String,
}

impl OldRegistry {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let host = port.local_addr().expect("an address").to_string();
        drop(port);
        let file = folder.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '{host}'}}\ncompatibility: {{schema1: {{enabled: true}}}}\n",
            folder.path().join("data").display()
        );
        std::fs::write(&file, text).expect("a file");
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry starts");
        let old = Self {
            child,
            _folder: folder,
            host,
        };
        eventually("docker-registry answers", || {
            let reached = std::net::TcpStream::connect(&old.host);
            reached.map(drop).map_err(|error| error.to_string())
        });
        old
    }
}

impl Drop for OldRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn manifest_that_no_node_reads_any_more_is_named_and_the_pasted_fix_converts_it() {
    let has = |tool: &str| Command::new(tool).arg("--version").output().is_ok();
    if !has_kubectl() || !has("docker-registry") || !has("skopeo") {
        return;
    }
    let (world, old) = (up(), OldRegistry::start());
    let bench = Bench::new(&world);
    // The sample image of the embedded registry, in the form of 2014.
    let copy = format!(
        "skopeo copy --format v2s1 --src-tls-verify=false --dest-tls-verify=false --src-creds {}:{} docker://{} docker://{}/team/app:1",
        world.user(),
        world.password(),
        world.image(),
        old.host
    );
    let copied = bench.shell(&copy, "");
    assert!(copied.status.success(), "{}", text(&copied.stderr));
    bench.deployment("old", &format!("{}/team/app:1", old.host));
    let image = bench.explained("deploy/web", "old", Cause::UnsupportedManifest);
    bench.paste(&image, "");
    bench.runs("old");
    bench.has_named(&OF_FORMS);
}
