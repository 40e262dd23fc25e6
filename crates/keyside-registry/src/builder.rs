//! A registry and how it is put together.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use futures::StreamExt as _;
use http::Uri;
use jiff::{SignedDuration, Timestamp};

use crate::access::{Accounts, Authentication, Guard, Rights, Site};
use crate::content::{ContentError, Contents, Stored};
use crate::digest::{Algorithm, Digest};
use crate::faults::Faults;
use crate::manifest::{Manifest, ManifestError};
use crate::name::{Repository, Tag};
use crate::serve::Server;
use crate::store::Store;

/// Why a registry could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
    /// The public address is not `http://host` or `https://host`.
    #[error("{0} is no address of the form https://host")]
    PublicUrl(String),
    /// The service's name cannot stand in a header.
    #[error("the name of the service may have printable letters without quotes only")]
    Service,
}

/// Abandoned uploads could not be removed.
#[derive(Debug, thiserror::Error)]
#[error("cannot remove abandoned uploads")]
pub struct SweepError(#[source] ContentError);

/// Content could not be put into the registry.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The repository's name breaks the rules.
    #[error("invalid repository name")]
    Repository,
    /// The tag breaks the rules.
    #[error("invalid tag")]
    Tag,
    /// The manifest is none.
    #[error("invalid manifest: {0}")]
    Manifest(String),
    /// The manifest points to something that is not there.
    #[error("{0} is not in the repository")]
    Missing(String),
    /// The content could not be written.
    #[error("cannot write the content: {0}")]
    Write(String),
}

impl From<ManifestError> for SeedError {
    fn from(error: ManifestError) -> Self {
        Self::Manifest(error.to_string())
    }
}

impl From<ContentError> for SeedError {
    fn from(error: ContentError) -> Self {
        Self::Write(error.to_string())
    }
}

/// A registry. Clones are the same registry.
#[derive(Clone)]
pub struct Registry(Server);

impl Registry {
    /// Begins to put a registry together over a store.
    pub fn builder(store: Store) -> Builder {
        Builder {
            store,
            authentication: Authentication::None,
            service: "keyside-registry".to_owned(),
            anonymous: Rights::none(),
            public_url: None,
            tls: false,
            hosts: None,
            iterations: None,
        }
    }

    /// The registry as a router. It answers every path, so merge other things in front of it.
    ///
    /// Bodies may be of any size; do not put a limit around it. Time limits for heads and idle connections are the server's.
    pub fn router(&self) -> Router {
        self.0.clone().router()
    }

    /// Who may do what. Without authentication nobody asks.
    pub fn accounts(&self) -> &Accounts {
        &self.0.guard.accounts
    }

    /// What goes wrong on purpose.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Puts a blob into a repository without going through HTTP; returns its digest. For content that comes with a program.
    ///
    /// # Errors
    /// [`SeedError`] if the name is none or the store fails.
    pub async fn put_blob(&self, repository: &str, bytes: Bytes) -> Result<String, SeedError> {
        let repository = Repository::parse(repository).ok_or(SeedError::Repository)?;
        let digest = Digest::of(Algorithm::Sha256, &bytes);
        let body = futures::stream::iter([Ok(bytes)]).boxed();
        self.0.contents.write_blob(&repository, &digest, body).await?;
        Ok(digest.to_string())
    }

    /// Puts a manifest or an index into a repository, under a tag if one is given; returns its digest. What it points to has to be
    /// there already.
    ///
    /// # Errors
    /// [`SeedError`] says what does not fit.
    pub async fn put_manifest(
        &self,
        repository: &str,
        tag: Option<&str>,
        bytes: Bytes,
    ) -> Result<String, SeedError> {
        let repository = Repository::parse(repository).ok_or(SeedError::Repository)?;
        let tags = tag.map(|tag| Tag::parse(tag).ok_or(SeedError::Tag)).transpose()?;
        let manifest = Manifest::read(None, &bytes)?;
        if let Some(missing) = self.0.contents.first_missing(&repository, &manifest).await? {
            return Err(SeedError::Missing(missing.to_string()));
        }
        let stored = Stored {
            digest: Digest::of(Algorithm::Sha256, &bytes),
            media_type: manifest.media_type.to_owned(),
            bytes,
        };
        let contents = &self.0.contents;
        contents
            .put_manifest(&repository, &manifest, &stored, tags.as_slice())
            .await?;
        Ok(stored.digest.to_string())
    }

    /// Removes uploads that began longer ago than this and were never finished; returns how many.
    ///
    /// # Errors
    /// What the store says.
    pub async fn sweep(&self, older_than: Duration) -> Result<usize, SweepError> {
        let age = SignedDuration::try_from(older_than).unwrap_or(SignedDuration::MAX);
        let moment = Timestamp::now().checked_sub(age).unwrap_or(Timestamp::MIN);
        let contents = &self.0.contents;
        let mut removed = 0;
        for repository in contents
            .repositories()
            .await
            .map_err(|error| SweepError(error.into()))?
        {
            removed += contents
                .cancel_older(&repository, moment)
                .await
                .map_err(SweepError)?;
        }
        Ok(removed)
    }
}

/// The choices for a registry.
pub struct Builder {
    store: Store,
    authentication: Authentication,
    service: String,
    anonymous: Rights,
    public_url: Option<String>,
    tls: bool,
    hosts: Option<Vec<String>>,
    iterations: Option<NonZeroU32>,
}

impl Builder {
    /// How clients prove who they are. The default is not at all.
    #[must_use]
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// The name in challenges and tokens. Processes over one store have to agree on it.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = name.into();
        self
    }

    /// What those may do who prove nothing. The default is nothing.
    #[must_use]
    pub fn anonymous(mut self, rights: Rights) -> Self {
        self.anonymous = rights;
        self
    }

    /// The address that clients know, for the realm of challenges. Without it, the name that a request came under is used.
    #[must_use]
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Says that the router is served over TLS, so that the realm begins with `https`.
    #[must_use]
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// The only values of `Host` to answer to, with their ports. A page in somebody's browser that has its name point here
    /// (DNS rebinding) gets nothing then.
    #[must_use]
    pub fn allowed_hosts<I: IntoIterator<Item = S>, S: Into<String>>(mut self, hosts: I) -> Self {
        self.hosts = Some(hosts.into_iter().map(Into::into).collect());
        self
    }

    /// How much work guessing a password shall be. The default is 600,000 rounds; tests and passwords made of random bytes need
    /// far fewer.
    #[must_use]
    pub fn password_rounds(mut self, rounds: NonZeroU32) -> Self {
        self.iterations = Some(rounds);
        self
    }

    /// Puts the registry together. Reads and writes nothing yet.
    ///
    /// # Errors
    /// [`BuildError`] says which choice does not fit.
    pub fn build(self) -> Result<Registry, BuildError> {
        let plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
        if !self.service.bytes().all(plain) {
            return Err(BuildError::Service);
        }
        let accounts = Accounts::new(self.store.clone(), self.iterations).map_err(|_| BuildError::Random)?;
        let guard = Guard::new(
            self.authentication,
            &self.service,
            &self.store,
            accounts,
            self.anonymous,
        );
        Ok(Registry(Server {
            contents: Contents { store: self.store },
            guard,
            faults: Faults::default(),
            site: self.public_url.map(|url| site(&url)).transpose()?,
            scheme: if self.tls { "https" } else { "http" },
            hosts: self.hosts,
        }))
    }
}

fn site(url: &str) -> Result<Site, BuildError> {
    let bad = || BuildError::PublicUrl(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| bad())?;
    let scheme = match uri.scheme_str() {
        Some("http") => "http",
        Some("https") => "https",
        _ => return Err(bad()),
    };
    let authority = uri
        .authority()
        .filter(|authority| !authority.as_str().contains('@'));
    let host = authority.ok_or_else(bad)?.to_string();
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(bad());
    }
    Ok(Site { scheme, host })
}
