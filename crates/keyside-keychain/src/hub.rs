//! Docker Hub has many names, and no single one works everywhere.

/// The hosts that people write for Docker Hub; all of them are stored as `docker.io`.
const HOSTS: [&str; 5] = [
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "registry.hub.docker.com",
    "hub.docker.com",
];

/// The key that the docker CLI writes, and the only one that it and several other tools read.
pub(crate) const CLI_KEY: &str = "https://index.docker.io/v1/";

/// Whether a lower-case host without port is one of Docker Hub's names.
pub(crate) fn is_spelling(host: &str) -> bool {
    HOSTS.contains(&host)
}
