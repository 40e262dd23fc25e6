//! Registry presets: what a form needs to know about the registries that people use.
//!
//! A preset fills in the host, says what user and password are called there, links to the page where a read-only token is made, and
//! warns if the registry's token service lives on another host. To add one, add an entry to the table in `preset/table.rs`.

mod table;

use crate::pattern::Pattern;

pub use table::ALL;

/// The languages of the user interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

/// The same words in every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub en: &'static str,
    /// Simplified Chinese.
    pub zh: &'static str,
}

impl Words {
    /// The words in one language.
    pub fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::Chinese => self.zh,
        }
    }
}

/// Where the registry's tokens come from, which decides whether a credential may be sent there unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenService {
    /// The registry's own host, or no token service at all.
    Own,
    /// Another host, known to belong to the registry: this origin.
    Known(&'static str),
    /// Another host, different in every installation: it has to be confirmed once. Hosts of [`known_token_service`] are excepted.
    Foreign,
}

/// What a form knows about one kind of registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The name in flags and links.
    pub id: &'static str,
    /// The name that people know.
    pub title: Words,
    /// The host, if there is one for everybody.
    pub host: Option<&'static str>,
    /// What a host looks like otherwise, with the parts to fill in between angle brackets.
    pub host_example: &'static str,
    /// Hosts that belong to this kind, as patterns.
    pub host_patterns: &'static [&'static str],
    /// What the user name is called.
    pub username: Words,
    /// The user name, if it is the same for everybody.
    pub fixed_username: Option<&'static str>,
    /// What the password is called.
    pub password: Words,
    /// Where a token is made, or where that is described.
    pub token_page: Option<&'static str>,
    /// Which rights are enough, and what else to know.
    pub advice: Words,
    /// Where tokens come from.
    pub token_service: TokenService,
}

impl Preset {
    /// Whether a host, with its port if it has one, is of this kind for sure.
    pub fn covers(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.host_patterns
            .iter()
            .filter_map(|text| Pattern::parse(text).ok())
            .any(|pattern| pattern.matches_host(&host))
    }
}

/// The preset with this id.
pub fn by_id(id: &str) -> Option<&'static Preset> {
    ALL.iter().find(|preset| preset.id == id)
}

/// The preset for a host such as [`crate::Reference::host`]; the custom one if nothing tells.
pub fn for_host(host: &str) -> &'static Preset {
    ALL.iter()
        .find(|preset| preset.covers(host))
        .unwrap_or(&table::CUSTOM)
}

/// The origin of a token service on another host that is known to belong to this registry. A credential may be sent there without
/// asking.
pub fn known_token_service(registry_host: &str) -> Option<&'static str> {
    match registry_host {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => Some("https://auth.docker.io"),
        "registry.gitlab.com" => Some("https://gitlab.com"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Reference;

    #[test]
    fn the_three_of_the_page_come_first_in_its_order() {
        let ids: Vec<_> = ALL.iter().map(|preset| preset.id).collect();
        assert_eq!(
            ids,
            [
                "dockerhub",
                "quay",
                "custom",
                "ghcr",
                "gitlab",
                "ecr",
                "acr",
                "gar",
                "harbor",
                "artifactory",
                "nexus"
            ]
        );
    }

    #[test]
    fn every_preset_is_complete_in_both_languages() {
        for preset in ALL {
            for words in [preset.title, preset.username, preset.password, preset.advice] {
                assert!(!words.en.is_empty() && !words.zh.is_empty(), "{}", preset.id);
                assert!(words.en.is_ascii(), "{}: {}", preset.id, words.en);
            }
            assert!(
                preset.token_page.is_none_or(|page| page.starts_with("https://")),
                "{}",
                preset.id
            );
            assert!(by_id(preset.id) == Some(preset), "{} is not unique", preset.id);
        }
    }

    #[test]
    fn every_host_of_a_preset_is_a_pattern_that_finds_it_again() {
        for preset in ALL {
            for pattern in preset.host_patterns {
                assert_eq!(
                    Pattern::parse(pattern).unwrap().to_string(),
                    *pattern,
                    "{}",
                    preset.id
                );
            }
            if let Some(host) = preset.host {
                assert_eq!(for_host(host).id, preset.id);
            }
        }
    }

    #[test]
    fn a_preset_is_told_by_the_host_of_an_image() {
        let id = |image: &str| for_host(Reference::parse(image).unwrap().host()).id;
        assert_eq!(id("nginx"), "dockerhub");
        assert_eq!(id("Quay.io/org/app"), "quay");
        assert_eq!(id("123456789012.dkr.ecr.eu-west-1.amazonaws.com/app"), "ecr");
        assert_eq!(id("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app"), "ecr");
        assert_eq!(id("europe-west3-docker.pkg.dev/p/r/app"), "gar");
        assert_eq!(id("shop.azurecr.io/app"), "acr");
        assert_eq!(id("registry.corp:5000/app"), "custom");
    }

    #[test]
    fn a_known_token_service_is_what_the_preset_says() {
        for preset in ALL {
            if let (Some(host), TokenService::Known(origin)) = (preset.host, preset.token_service) {
                assert_eq!(known_token_service(host), Some(origin), "{}", preset.id);
            }
        }
        assert_eq!(
            known_token_service("registry.gitlab.com"),
            Some("https://gitlab.com")
        );
        assert_eq!(known_token_service("registry.corp"), None);
    }
}
