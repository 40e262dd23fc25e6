//! What a credential delivers: the entries of its Secret that its spec lets through, in keyside's own form.

use super::{Holding, Problem, PullSecret, token};
use crate::version::{InstallKey, Version};
use jiff::Timestamp;
use keyside_keychain::docker_config::Escape;
use keyside_keychain::{Credential, DockerConfig, Form, Pattern, Reference, Secret, keyring};
use std::sync::Arc;

/// The most bytes that the data of a Secret may have.
pub(crate) const SECRET_MAX: usize = 1_048_576;

/// What the spec of a credential says about the use of its Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Use only the entries of this registry; needed for a basic-auth Secret.
    pub registry: Option<String>,
    /// Serve only images under these prefixes.
    pub repositories: Vec<String>,
}

impl Terms {
    /// What the spec alone says the Secret is for, where the Secret, in this namespace, may not be read.
    ///
    /// # Errors
    /// It does not say, or not so that it can be used.
    pub(crate) fn patterns(&self, namespace: &str) -> Result<Vec<Pattern>, Problem> {
        let registry = self.registry.as_deref().ok_or_else(|| Problem::Unstated {
            namespace: namespace.to_owned(),
        })?;
        let whole = Served {
            pattern: Pattern::parse(registry).map_err(Problem::RegistryUnusable)?,
            credential: Credential::default(),
        };
        let served = narrow(vec![whole], &self.repositories)?;
        Ok(served.into_iter().map(|served| served.pattern).collect())
    }
}

/// A user name and password, and the images they are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The images.
    pub pattern: Pattern,
    /// The credential.
    pub credential: Credential,
}

/// What a credential delivers.
#[derive(Clone, Debug)]
pub struct Content {
    /// By pattern, in the order of the Secret; no pattern twice.
    pub served: Vec<Served>,
    /// The usual document; a namespace whose images need more keys gets its own.
    pub document: Arc<Secret>,
    /// Its version, if there is an install key.
    pub version: Option<Version>,
    /// Whether a kubelet that reads the source Secret itself finds the same, so that no copy is needed beside it.
    pub serves_directly: bool,
    /// When the first of the passwords ends, where one says so itself.
    pub expiry: Option<Timestamp>,
}

impl Content {
    /// Reads the source under the terms.
    ///
    /// # Errors
    /// Nothing can be delivered, and why.
    pub fn read(source: &PullSecret, terms: &Terms, key: Option<&InstallKey>) -> Result<Self, Problem> {
        let served = narrow(entries(source, terms)?, &terms.repositories)?;
        let document = Arc::new(document(&served, &[])?);
        let version = key.map(|key| key.version(&document));
        let serves_directly = source
            .config()
            .is_some_and(|config| answers_for_all(config, &served));
        let expiry = served
            .iter()
            .filter_map(|one| token::expiry(&one.credential.password))
            .min();
        Ok(Self {
            served,
            document,
            version,
            serves_directly,
            expiry,
        })
    }

    /// The document for a namespace where these images need keys of their own. See [`Pattern::delivered_keys`].
    ///
    /// # Errors
    /// It would be too large.
    pub fn document_for(&self, images: &[Reference]) -> Result<Arc<Secret>, Problem> {
        if images.is_empty() {
            Ok(self.document.clone())
        } else {
            document(&self.served, images).map(Arc::new)
        }
    }

    /// Whether an image of this credential is found by the kubelet only under a key of its own.
    pub fn needs_own_key(&self, image: &Reference) -> bool {
        let mut matching = self
            .served
            .iter()
            .filter(|served| served.pattern.matches(image))
            .peekable();
        matching.peek().is_some()
            && !matching.any(|served| {
                served
                    .pattern
                    .delivered_keys([])
                    .iter()
                    .any(|key| keyring::serves(key, image.lookup()))
            })
    }
}

/// The entries of the source that can be used and that `spec.registry` lets through.
fn entries(source: &PullSecret, terms: &Terms) -> Result<Vec<Served>, Problem> {
    let registry = terms
        .registry
        .as_deref()
        .map(Pattern::parse)
        .transpose()
        .map_err(Problem::RegistryUnusable)?;
    match &source.holding {
        Holding::BasicAuth(credential) => {
            let pattern = registry.ok_or(Problem::RegistryNeeded)?;
            if credential.is_empty() {
                return Err(Problem::Empty);
            }
            Ok(vec![Served {
                pattern,
                credential: credential.clone(),
            }])
        }
        Holding::Config(config) => {
            let all = usable(config)?;
            let Some(registry) = registry else { return Ok(all) };
            let narrowed = under(all, std::slice::from_ref(&registry));
            if narrowed.is_empty() {
                Err(Problem::NoEntryForRegistry(registry.to_string()))
            } else {
                Ok(narrowed)
            }
        }
        Holding::Broken { error, .. } => Err(Problem::Broken(error.clone())),
        Holding::Nothing => Err(Problem::Empty),
    }
}

/// Entries with a credential under a key that an image can match. The first of two spellings of one pattern counts.
fn usable(config: &DockerConfig) -> Result<Vec<Served>, Problem> {
    let mut served: Vec<Served> = Vec::new();
    let mut problem = Problem::Empty;
    for entry in config.entries() {
        if entry.credential().is_empty() {
            if entry.identity_token().is_some() || entry.registry_token().is_some() {
                problem = Problem::OnlyTokens;
            }
            continue;
        }
        match Pattern::parse(entry.key()) {
            Ok(pattern) if served.iter().any(|known| known.pattern == pattern) => {}
            Ok(pattern) => served.push(Served {
                pattern,
                credential: entry.credential().clone(),
            }),
            Err(error) => problem = Problem::NoUsableKey(error),
        }
    }
    if served.is_empty() {
        Err(problem)
    } else {
        Ok(served)
    }
}

fn narrow(served: Vec<Served>, repositories: &[String]) -> Result<Vec<Served>, Problem> {
    if repositories.is_empty() {
        return Ok(served);
    }
    let repositories: Result<Vec<Pattern>, _> =
        repositories.iter().map(|text| Pattern::parse(text)).collect();
    let narrowed = under(served, &repositories.map_err(Problem::RepositoryUnusable)?);
    if narrowed.is_empty() {
        Err(Problem::NothingUnderRepositories)
    } else {
        Ok(narrowed)
    }
}

/// The part of each entry that lies under one of the limits: the narrower of the two patterns.
fn under(served: Vec<Served>, limits: &[Pattern]) -> Vec<Served> {
    let mut narrowed: Vec<Served> = Vec::new();
    for Served { pattern, credential } in served {
        for limit in limits {
            let common = if covers(limit, &pattern) {
                &pattern
            } else if covers(&pattern, limit) {
                limit
            } else {
                continue;
            };
            if !narrowed.iter().any(|known| known.pattern == *common) {
                narrowed.push(Served {
                    pattern: common.clone(),
                    credential: credential.clone(),
                });
            }
        }
    }
    narrowed
}

/// Whether everything that `inner` matches is matched by `outer` too. A wildcard covers another one only if it is the same.
fn covers(outer: &Pattern, inner: &Pattern) -> bool {
    let host = outer.host() == inner.host()
        || (!inner.has_wildcard() && probe(inner, "x").is_some_and(|image| matches_host(outer, &image)));
    let path = inner.path().strip_prefix(outer.path());
    host && path.is_some_and(|rest| outer.path().is_empty() || rest.is_empty() || rest.starts_with('/'))
}

fn matches_host(pattern: &Pattern, image: &Reference) -> bool {
    let host_only = Pattern::parse(pattern.host());
    host_only.is_ok_and(|host| host.matches(image))
}

/// An image that the pattern matches: the pattern itself with something for each wildcard, and `below` at the end.
fn probe(pattern: &Pattern, below: &str) -> Option<Reference> {
    let host = pattern.host().replace('*', "x");
    let path = [pattern.path(), below]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("/");
    Reference::parse(&format!("{host}/{path}")).ok()
}

/// Whether the kubelet finds the same credential in the Secret itself, for everything the patterns mean.
fn answers_for_all(config: &DockerConfig, served: &[Served]) -> bool {
    let mut ring = keyring::Ring::default();
    ring.add_config((), config);
    served.iter().all(|one| {
        let probes = [probe(&one.pattern, "x/y"), probe(&one.pattern, "")];
        let mut known = probes
            .iter()
            .flatten()
            .filter(|image| one.pattern.matches(image))
            .peekable();
        known.peek().is_some()
            && known.all(|image| {
                ring.lookup(image.lookup())
                    .first()
                    .is_some_and(|found| *found.credential == one.credential)
            })
    })
}

/// The document in keyside's form: canonical keys, kubectl's order of fields, `auth` always written.
fn document(served: &[Served], images: &[Reference]) -> Result<Secret, Problem> {
    let mut config = DockerConfig::new(Form::ConfigJson);
    for one in served {
        for key in one.pattern.delivered_keys(images) {
            if config.get(&key).is_none() {
                config.set(key, one.credential.clone());
            }
        }
    }
    let document = config.to_json(Escape::Plain);
    if document.len() > SECRET_MAX {
        Err(Problem::TooLarge)
    } else {
        Ok(document)
    }
}
