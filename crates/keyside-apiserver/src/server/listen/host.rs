//! Which names this server answers to. A web page that has its own name point to 127.0.0.1 (DNS rebinding) sends that
//! name along; it is refused before anything is read.

use crate::accept::Accept;
use crate::reply::Reply;
use crate::server::Body;
use http::header::HOST;
use http::{Request, Response};
use keyside_apimachinery::status::Status;
use std::net::SocketAddr;

/// Names every cluster's API server answers to.
const ALWAYS: [&str; 8] = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster",
    "kubernetes.default.svc.cluster.local",
];

/// The names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    /// One more name.
    pub(crate) fn add(&mut self, name: &str) {
        self.0.push(name.to_ascii_lowercase());
    }

    /// The address of the socket is a name too.
    pub(super) fn with_address(&self, address: SocketAddr) -> Self {
        let mut out = self.clone();
        out.add(&match address {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        });
        out
    }

    /// Whether a request is meant for this server.
    pub(super) fn allow<B>(&self, request: &Request<B>) -> bool {
        let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let authority = request.uri().authority().map(http::uri::Authority::as_str);
        // HTTP/2 says it in the URI; where both are given, both must be right.
        let mut said = header.into_iter().chain(authority).peekable();
        said.peek().is_some() && said.all(|host| self.is_known(host))
    }

    fn is_known(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        ALWAYS.contains(&name.as_str()) || self.0.contains(&name)
    }
}

fn without_port(host: &str) -> &str {
    let end = host.rfind(']').map_or(0, |bracket| bracket + 1);
    host[end..].find(':').map_or(host, |colon| &host[..end + colon])
}

/// 421.
pub(super) fn misdirected() -> Response<Body> {
    let status = Status::new(421, "", "this server does not answer to that host name");
    Reply::status(&status).into_response(Accept::JSON, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, expected: bool) {
        let mut hosts = Hosts::default();
        hosts.add("keyside.example");
        let hosts = hosts.with_address("10.0.0.7:7443".parse().unwrap());
        let request = Request::builder()
            .uri("/api")
            .header(HOST, host)
            .body(())
            .unwrap();
        assert_eq!(hosts.allow(&request), expected, "{host}");
    }

    #[test]
    fn own_names_are_known_with_and_without_port() {
        check("localhost:7443", true);
        check("127.0.0.1", true);
        check("[::1]:7443", true);
        check("LOCALHOST", true);
        check("10.0.0.7:7443", true);
        check("keyside.example", true);
        check("kubernetes.default.svc:443", true);
    }

    #[test]
    fn foreign_names_are_not() {
        check("evil.example", false);
        check("localhost.evil.example", false);
        check("127.0.0.1.evil.example:7443", false);
        check("", false);
        check("[::1", false);
    }

    #[test]
    fn a_request_without_a_host_is_refused() {
        assert!(!Hosts::default().allow(&Request::builder().uri("/api").body(()).unwrap()));
    }
}
