//! Whatever somebody pastes as "the registry": an address, an image, a URL, a `docker login` or `kubectl create secret`
//! line, a docker config. It is understood as far as possible, and it is said what was understood.

use keyside_keychain::docker_config::{DockerConfig, Form};
use keyside_keychain::{Reference, preset};

/// What was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Understood {
    /// Host, with a path if one was given.
    pub(super) registry: String,
    pub(super) username: String,
    pub(super) name: String,
    /// Which kind of text it was.
    pub(super) kind: Kind,
    /// How many registries a docker config holds.
    pub(super) entries: usize,
}

/// Kinds of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// An address, as it should be.
    #[default]
    Address,
    /// An address with a scheme or a version path around it.
    Url,
    /// An image reference.
    Image,
    /// A `docker login` line.
    Login,
    /// A `kubectl create secret docker-registry` line.
    Kubectl,
    /// A docker config.
    Config,
}

/// Understands a text.
pub(super) fn read(text: &str) -> Understood {
    let text = text.trim();
    if text.starts_with('{') {
        return config(text);
    }
    let words = words(text);
    let has = |word: &str| words.iter().any(|own| own == word);
    if has("login") {
        return login(&words);
    }
    if has("kubectl") || words.iter().any(|word| word.starts_with("--docker-server")) {
        return kubectl(&words);
    }
    address(text)
}

fn config(text: &str) -> Understood {
    let parsed = DockerConfig::parse(Form::ConfigJson, text.as_bytes()).ok();
    let first = parsed.as_ref().and_then(|config| config.entries().first());
    Understood {
        registry: first.map_or_else(String::new, |entry| host_of_key(entry.key())),
        username: first.map_or_else(String::new, |entry| {
            entry.credential().username.expose_text().into_owned()
        }),
        entries: parsed.as_ref().map_or(0, |config| config.entries().len()),
        kind: Kind::Config,
        ..Understood::default()
    }
}

fn login(words: &[String]) -> Understood {
    let mut out = Understood {
        kind: Kind::Login,
        registry: "docker.io".to_owned(),
        ..Understood::default()
    };
    let mut rest = words.iter().skip_while(|word| *word != "login").skip(1);
    while let Some(word) = rest.next() {
        match word
            .split_once('=')
            .map_or((word.as_str(), None), |(flag, value)| (flag, Some(value)))
        {
            ("-u" | "--username", Some(value)) => value.clone_into(&mut out.username),
            ("-u" | "--username", None) => out.username = rest.next().cloned().unwrap_or_default(),
            ("-p" | "--password", None) => drop(rest.next()),
            (flag, _) if flag.starts_with('-') => {}
            _ => out.registry = host_of_key(word),
        }
    }
    out
}

fn kubectl(words: &[String]) -> Understood {
    let value = |flag: &str| {
        let joined = words
            .iter()
            .find_map(|word| word.strip_prefix(flag)?.strip_prefix('=').map(str::to_owned));
        let apart = || words.iter().skip_while(|word| *word != flag).nth(1).cloned();
        joined.or_else(apart).unwrap_or_default()
    };
    let name = words.iter().skip_while(|word| *word != "docker-registry").nth(1);
    let server = value("--docker-server");
    Understood {
        registry: if server.is_empty() {
            "docker.io".to_owned()
        } else {
            host_of_key(&server)
        },
        username: value("--docker-username"),
        name: name
            .filter(|name| !name.starts_with('-'))
            .cloned()
            .unwrap_or_default(),
        kind: Kind::Kubectl,
        entries: 0,
    }
}

fn address(text: &str) -> Understood {
    let bare = host_of_key(text);
    let (host, path) = bare
        .split_once('/')
        .map_or((bare.as_str(), ""), |(host, path)| (host, path));
    let is_image = path.contains(':')
        || path.contains('@')
        || (path.is_empty() && host.matches(':').count() == 1 && !has_port(host));
    if is_image && let Ok(image) = Reference::parse(&bare) {
        return Understood {
            registry: image.host().to_owned(),
            kind: Kind::Image,
            ..Understood::default()
        };
    }
    Understood {
        kind: if bare == text { Kind::Address } else { Kind::Url },
        registry: bare,
        ..Understood::default()
    }
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A key without scheme, version path and final slash; Docker Hub under its one name.
fn host_of_key(key: &str) -> String {
    let key = key
        .split_once("://")
        .map_or(key, |(_, rest)| rest)
        .trim_end_matches('/');
    let key = key
        .strip_suffix("/v1")
        .or_else(|| key.strip_suffix("/v2"))
        .unwrap_or(key);
    match key {
        "index.docker.io" | "registry-1.docker.io" | "hub.docker.com" => "docker.io".to_owned(),
        other => other.to_owned(),
    }
}

/// The preset of an address.
pub(super) fn preset_of(registry: &str) -> &'static preset::Preset {
    preset::for_host(registry.split('/').next().unwrap_or_default())
}

/// Words as a shell splits them, quotes removed.
fn words(text: &str) -> Vec<String> {
    let (mut out, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => quote = Some(c),
            (None, c) if c.is_whitespace() || c == '\\' => {
                if !word.is_empty() {
                    out.push(std::mem::take(&mut word));
                }
            }
            (None, c) => word.push(c),
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, kind: Kind, registry: &str, username: &str) {
        let understood = read(text);
        assert_eq!(
            (
                understood.kind,
                understood.registry.as_str(),
                understood.username.as_str()
            ),
            (kind, registry, username),
            "{text}"
        );
    }

    #[test]
    fn anything_that_names_a_registry_is_understood() {
        check("quay.io", Kind::Address, "quay.io", "");
        check(
            "registry.corp:5000/team",
            Kind::Address,
            "registry.corp:5000/team",
            "",
        );
        check("https://quay.io/v2/", Kind::Url, "quay.io", "");
        check("https://index.docker.io/v1/", Kind::Url, "docker.io", "");
        check("quay.io/shop/web:1.2", Kind::Image, "quay.io", "");
        check("nginx:1.27", Kind::Image, "docker.io", "");
        check("127.0.0.1:5050/demo/hello:1", Kind::Image, "127.0.0.1:5050", "");
        check(
            "docker login ghcr.io -u octo --password-stdin",
            Kind::Login,
            "ghcr.io",
            "octo",
        );
        check(
            "docker login -u 'robot$a' -p secret",
            Kind::Login,
            "docker.io",
            "robot$a",
        );
        check("podman login --username=me quay.io", Kind::Login, "quay.io", "me");
        check(
            "kubectl create secret docker-registry testquay --docker-server=quay.io --docker-username=me --docker-password=p",
            Kind::Kubectl,
            "quay.io",
            "me",
        );
        check(
            r#"{"auths":{"https://ghcr.io":{"username":"u","password":"p"}}}"#,
            Kind::Config,
            "ghcr.io",
            "u",
        );
    }

    #[test]
    fn a_kubectl_line_also_names_the_secret() {
        let understood = read("kubectl create secret docker-registry testquay --docker-server quay.io");
        assert_eq!(
            (understood.name.as_str(), understood.registry.as_str()),
            ("testquay", "quay.io")
        );
    }

    #[test]
    fn a_docker_config_says_how_many_registries_it_holds() {
        assert_eq!(
            read(r#"{"auths":{"a.example":{"auth":"dTpw"},"b.example":{"auth":"dTpw"}}}"#).entries,
            2
        );
    }
}
