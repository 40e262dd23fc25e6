//! What a pattern does that its writer may not expect.

use std::fmt;

use super::{Pattern, split_port};
use crate::reference::DOCKER_HUB;

/// A trap. The pattern works, but not only as it seems to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Warning {
    /// A wildcard host: whoever owns a host that matches is sent the credential.
    OfferedToEveryHost,
    /// A wildcard that also matches `docker.io`: images of Docker Hub get this credential and lose the default one.
    IncludesDockerHub,
    /// A path on Docker Hub: the kubelet then no longer uses a default that is stored under `index.docker.io`.
    HidesHubDefault,
    /// In a Secret that keyside did not write, the kubelet takes the path as a raw prefix: `quay.io/org` serves `quay.io/org-b` too.
    OfferedToNeighbours,
    /// An IPv6 address without port: the kubelet reads the brackets as a set of characters, so no Secret works.
    AddressWithoutPort,
    /// A host without dot and port: an image written so is one of Docker Hub.
    ReadAsHubUser,
}

impl Warning {
    /// What the pattern does, in a few words.
    pub fn summary(self) -> &'static str {
        match self {
            Self::OfferedToEveryHost => "offered to every host matching",
            Self::IncludesDockerHub => "the wildcard also matches Docker Hub",
            Self::HidesHubDefault => "hides the default credential of Docker Hub from images under this path",
            Self::OfferedToNeighbours => {
                "the kubelet also offers it to repositories whose name only begins like this path"
            }
            Self::AddressWithoutPort => "no pull secret works for an IPv6 address without port",
            Self::ReadAsHubUser => "a host without dot and port is read as a user of Docker Hub",
        }
    }

    /// What follows from it, and what to do about it.
    pub fn consequence(self) -> &'static str {
        match self {
            Self::OfferedToEveryHost => {
                "whoever owns such a host is sent the password: name the hosts if they are known"
            }
            Self::IncludesDockerHub => {
                "images of Docker Hub are pulled with it, and no longer with the default for Docker Hub"
            }
            Self::HidesHubDefault => {
                "a default stored under index.docker.io is not used where this one matches; keyside writes it as docker.io too"
            }
            Self::OfferedToNeighbours => "a closing slash keeps them out; keyside writes it in its copies",
            Self::AddressWithoutPort => {
                "the kubelet reads the brackets as a set of characters: write the port, or use a name"
            }
            Self::ReadAsHubUser => {
                "an image written like that is looked for on Docker Hub: use the full name or a port"
            }
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.summary())
    }
}

impl Pattern {
    /// The traps of this pattern, worst first.
    pub fn warnings(&self) -> Vec<Warning> {
        let (name, port) = split_port(self.host());
        let is_address = name.starts_with('[');
        let on_hub = self.matches_host(DOCKER_HUB);
        let checks = [
            (self.has_wildcard(), Warning::OfferedToEveryHost),
            (self.has_wildcard() && on_hub, Warning::IncludesDockerHub),
            (on_hub && !self.path().is_empty(), Warning::HidesHubDefault),
            (!self.path().is_empty(), Warning::OfferedToNeighbours),
            (is_address && port.is_none(), Warning::AddressWithoutPort),
            (
                !is_address && port.is_none() && !name.contains('.') && name != "localhost",
                Warning::ReadAsHubUser,
            ),
        ];
        checks
            .into_iter()
            .filter(|(applies, _)| *applies)
            .map(|(_, warning)| warning)
            .collect()
    }
}
