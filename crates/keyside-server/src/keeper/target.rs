//! How API servers reach the webhook, and the names that follow from it.

use crate::registration::Reach;

/// How API servers reach the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// By a Service in keyside's own namespace.
    Service(String),
    /// By an address without path, for example `https://10.0.0.7:9443`.
    Url(String),
}

impl Target {
    /// The names that the certificate is made out for.
    pub(super) fn names(&self, own: &str) -> Vec<String> {
        match self {
            Self::Service(name) => vec![
                format!("{name}.{own}.svc"),
                format!("{name}.{own}.svc.cluster.local"),
            ],
            Self::Url(url) => {
                let uri = url.parse::<http::Uri>().ok();
                let host = uri.and_then(|uri| Some(uri.host()?.trim_matches(['[', ']']).to_owned()));
                host.into_iter().collect()
            }
        }
    }

    /// The same, with what vouches for it.
    pub(super) fn reach(&self, own: &str, bundle: String) -> Reach {
        let ca_bundle = bundle.into_bytes();
        match self {
            Self::Service(name) => Reach::Service {
                namespace: own.to_owned(),
                name: name.clone(),
                ca_bundle: Some(ca_bundle),
            },
            Self::Url(url) => Reach::Url {
                url: url.clone(),
                ca_bundle,
            },
        }
    }
}
