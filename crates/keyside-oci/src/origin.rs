//! Where a secret belongs: scheme, host and port.

use std::fmt;
use std::net::IpAddr;
use url::Host;
use url::Url;

/// The name Docker Hub has in images, and the host that really serves them.
const DOCKER_HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");
/// An older name that stands in credentials; its server only redirects.
const DOCKER_HUB_INDEX: &str = "index.docker.io";

/// Scheme, host and port, as a browser would compare them. The unit to which secrets are bound.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    secure: bool,
    host: Host<String>,
    port: u16,
}

/// Why a text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Not `http://host` or `https://host`, perhaps with a port.
    #[error("an origin is https://HOST or https://HOST:PORT")]
    Malformed,
}

impl Origin {
    /// Reads `https://host[:port]`; a single final slash is accepted.
    ///
    /// # Errors
    /// [`OriginError`] for any other scheme, a path, a query or a user part.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let url = Url::parse(text).map_err(|_| OriginError::Malformed)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || has_user_part(&url) {
            return Err(OriginError::Malformed);
        }
        Self::of(&url).ok_or(OriginError::Malformed)
    }

    /// The origin of an address; none if it is neither HTTP nor HTTPS.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        Some(Self {
            secure,
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// Whether the connection is encrypted.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Host, and the port unless it is the scheme's own.
    pub fn authority(&self) -> String {
        let usual = if self.secure { 443 } else { 80 };
        if self.port == usual {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Host and port, as in `dial tcp HOST:PORT`.
    pub(crate) fn dialled(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(crate) fn host(&self) -> &Host<String> {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A registry, and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    origin: Origin,
    loopback: bool,
}

/// The host of an image cannot be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Nothing is a default for a missing host: the Hub has a name too (CVE-2021-41092).
    #[error("the registry has no host")]
    NoHost,
    /// The grammar of references allows ports and hosts that no address can have.
    #[error("the registry's host is not valid")]
    Host,
}

impl Registry {
    /// The registry named by a host with an optional port, as [`keyside_keychain::Reference::host`] gives it.
    ///
    /// `plain_http` permits what is otherwise only done for loopback hosts: speaking to it without TLS.
    ///
    /// # Errors
    /// [`RegistryError`] if no address can be made of the host. There is no default host.
    pub fn new(host: &str, plain_http: bool) -> Result<Self, RegistryError> {
        if host.is_empty() {
            return Err(RegistryError::NoHost);
        }
        let host = match host.to_ascii_lowercase().as_str() {
            name if name == DOCKER_HUB.0 || name == DOCKER_HUB_INDEX => DOCKER_HUB.1.to_owned(),
            name => name.to_owned(),
        };
        let url = Url::parse(&format!("https://{host}/")).map_err(|_| RegistryError::Host)?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || has_user_part(&url) {
            return Err(RegistryError::Host);
        }
        let loopback = is_loopback(url.host().ok_or(RegistryError::NoHost)?);
        let scheme = if loopback || plain_http { "http" } else { "https" };
        // The default port depends on the scheme, so the address is read again instead of being changed.
        let url = Url::parse(&format!("{scheme}://{host}/")).map_err(|_| RegistryError::Host)?;
        let origin = Origin::of(&url).ok_or(RegistryError::Host)?;
        Ok(Self { origin, loopback })
    }

    /// Where its API is served.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether the host is the machine itself by name, which is the only case in which loopback addresses are dialled.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// The address of a path below `/v2/`.
    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("{}/v2/{path}", self.origin)).expect("an origin followed by a path is an address")
    }
}

/// `localhost` and the loopback addresses, however they are written.
pub(crate) fn is_loopback(host: Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(address).to_canonical().is_loopback(),
    }
}

pub(crate) fn has_user_part(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, expected: &str) {
        let registry = Registry::new(host, false).unwrap();
        assert_eq!(registry.origin().to_string(), expected, "{host}");
    }

    #[test]
    fn docker_hub_is_asked_where_it_listens() {
        check("docker.io", "https://registry-1.docker.io");
        check("Docker.io", "https://registry-1.docker.io");
        check("index.docker.io", "https://registry-1.docker.io");
        check("registry-1.docker.io", "https://registry-1.docker.io");
        check("hub.docker.com", "https://hub.docker.com");
    }

    #[test]
    fn only_the_machine_itself_is_spoken_to_without_tls() {
        check("localhost:5000", "http://localhost:5000");
        check("127.0.0.1", "http://127.0.0.1");
        check("127.9.9.9:80", "http://127.9.9.9");
        check("[::1]:5000", "http://[::1]:5000");
        check("localhost.example.com", "https://localhost.example.com");
        check("quay.io:443", "https://quay.io");
        check("10.0.0.1:5000", "https://10.0.0.1:5000");
        let permitted = Registry::new("reg.corp.example:80", true).unwrap();
        assert_eq!(permitted.origin().to_string(), "http://reg.corp.example");
        assert!(!permitted.is_loopback());
    }

    #[test]
    fn there_is_no_default_registry() {
        assert_eq!(Registry::new("", false), Err(RegistryError::NoHost));
        for host in [
            "quay.io:99999",
            "a/b",
            "user@quay.io",
            "quay.io?x",
            "quay.io#x",
            "[::",
            " ",
        ] {
            assert_eq!(Registry::new(host, false), Err(RegistryError::Host), "{host}");
        }
    }

    #[test]
    fn origins_compare_as_in_a_browser() {
        let same = |a: &str, b: &str| Origin::parse(a) == Origin::parse(b);
        assert!(same("https://quay.io", "https://QUAY.io:443/"));
        assert!(!same("https://quay.io", "http://quay.io"));
        assert!(!same("https://quay.io", "https://quay.io:8443"));
        assert!(!same("https://quay.io", "https://quay.io.evil.example"));
        for text in [
            "quay.io",
            "ftp://quay.io",
            "https://u@quay.io",
            "https://quay.io/x",
            "https://quay.io?x",
            "",
        ] {
            assert_eq!(Origin::parse(text), Err(OriginError::Malformed), "{text}");
        }
    }
}
