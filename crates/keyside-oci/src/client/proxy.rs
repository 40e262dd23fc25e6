//! A proxy between this machine and the registries, where the network has one.
//!
//! Who dials is then the proxy: what a name resolves to cannot be checked here, only addresses written as numbers are. The
//! secret still travels inside TLS to the registry itself; a registry without TLS on another machine would show it to the
//! proxy, as it shows it to the network anyway. Registries on this machine are never asked through a proxy.

use std::fmt;
use url::Url;

/// The proxies of a network.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxy {
    secure: Option<Url>,
    plain: Option<Url>,
    except: String,
}

/// The address of a proxy cannot be used. It is not shown: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is no address of a proxy: http://HOST:PORT is needed")]
pub struct ProxyError {
    /// Where the address comes from.
    pub variable: &'static str,
}

impl Proxy {
    /// The proxies that these variables name, as curl and Go read them: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, in lower case
    /// first. `None` if there is no proxy.
    ///
    /// # Errors
    /// [`ProxyError`] names the variable that is no address.
    pub fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, ProxyError> {
        let read = |name: &'static str| {
            let text = get(&name.to_ascii_lowercase())
                .or_else(|| get(name))
                .filter(|text| !text.trim().is_empty());
            text.map(|text| address(&text).ok_or(ProxyError { variable: name }))
                .transpose()
        };
        let (secure, plain) = (read("HTTPS_PROXY")?, read("HTTP_PROXY")?);
        if secure.is_none() && plain.is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            secure,
            plain,
            except: get("no_proxy").or_else(|| get("NO_PROXY")).unwrap_or_default(),
        }))
    }

    /// The names of the proxies themselves, whose addresses were chosen by whoever runs this machine.
    pub(super) fn hosts(&self) -> impl Iterator<Item = String> {
        let urls = [&self.secure, &self.plain].into_iter().flatten();
        urls.filter_map(Url::host_str).map(str::to_ascii_lowercase)
    }

    /// The rules for the HTTP library.
    pub(super) fn rules(&self) -> impl Iterator<Item = reqwest::Result<reqwest::Proxy>> {
        let except = reqwest::NoProxy::from_string(&self.except);
        let rule =
            |proxy: reqwest::Result<reqwest::Proxy>| Some(proxy.map(|proxy| proxy.no_proxy(except.clone())));
        let secure = self.secure.clone().map(reqwest::Proxy::https).and_then(&rule);
        let plain = self.plain.clone().map(reqwest::Proxy::http).and_then(&rule);
        secure.into_iter().chain(plain)
    }
}

/// The address, with `http://` understood.
fn address(text: &str) -> Option<Url> {
    let text = text.trim();
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url = Url::parse(&full).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<_> = self.hosts().collect();
        f.debug_struct("Proxy")
            .field("hosts", &hosts)
            .field("except", &self.except)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Proxy>, ProxyError> {
        Proxy::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(found.1.to_owned())
        })
    }

    #[test]
    fn variables_are_read_as_curl_reads_them() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("HTTPS_PROXY", " "), ("NO_PROXY", "x")]), Ok(None));
        let both = read(&[("HTTPS_PROXY", "upper:1"), ("https_proxy", "lower:2")])
            .unwrap()
            .unwrap();
        assert_eq!(both.hosts().collect::<Vec<_>>(), ["lower"]);
        assert_eq!(
            read(&[("HTTP_PROXY", "socks5://x")]),
            Err(ProxyError {
                variable: "HTTP_PROXY"
            })
        );
    }

    #[test]
    fn password_of_a_proxy_is_not_shown() {
        let proxy = read(&[("HTTPS_PROXY", "http://user:s3cret@proxy:3128")])
            .unwrap()
            .unwrap();
        assert_eq!(format!("{proxy:?}"), r#"Proxy { hosts: ["proxy"], except: "" }"#);
    }
}
