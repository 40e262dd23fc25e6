//! Which rights there are, from few to many, and what follows from each for what keyside watches and writes. What it may not
//! do it never tries, so that an API server's log shows no refusal.

use keyside_core::index::Access;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How much keyside may do with Secrets in other namespaces than its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Nothing: credentials are there already, and pods are given their names.
    Inject,
    /// Create, change and delete copies, without seeing them or any other Secret.
    Blind,
    /// See all Secrets, too: copies that somebody changes are put right, and Secrets that others made take part.
    #[default]
    Repair,
    /// The same in the namespaces that are named, and nothing anywhere else: no right on namespaces or on any object of the
    /// cluster. The policy that serves pods is kept by whoever installs keyside.
    Namespaced,
}

/// The rights that keyside has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// How much it may do with Secrets in other namespaces.
    pub mode: Mode,
    /// Namespaces whose Secrets it may read besides its own, where it may not read all: there credentials can be kept. With
    /// [`Mode::Namespaced`] the only ones it works in.
    pub namespaces: Vec<String>,
}

impl Mode {
    /// The name, as flags and values spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inject => "inject",
            Self::Blind => "blind",
            Self::Repair => "repair",
            Self::Namespaced => "namespaced",
        }
    }
}

impl Rights {
    /// Whether Project's home namespaces may be created.
    pub(crate) fn creates_homes(&self) -> bool {
        self.mode == Mode::Repair
    }

    /// The namespaces whose Secrets are watched; `None` for all. `own` is keyside's.
    pub(crate) fn readable(&self, own: &str) -> Option<BTreeSet<String>> {
        match self.mode {
            Mode::Repair => None,
            Mode::Inject | Mode::Blind | Mode::Namespaced => {
                let named = self.namespaces.iter().map(String::as_str);
                Some(named.chain([own]).map(str::to_owned).collect())
            }
        }
    }

    /// The namespaces outside of which nothing is watched; `None` if all are.
    pub(crate) fn confines(&self) -> Option<&[String]> {
        (self.mode == Mode::Namespaced).then_some(&self.namespaces)
    }

    /// Whether copies are watched where Secrets are.
    pub(crate) fn has_copies(&self) -> bool {
        self.mode != Mode::Inject
    }

    /// What decisions need to know of it.
    pub(crate) fn access(&self, own: &str) -> Access {
        let readable = self.readable(own);
        Access {
            copies: self.has_copies(),
            readable: readable.map(|names| names.into_iter().map(Arc::from).collect()),
        }
    }
}
