//! What the pages say, in both languages, side by side: a text that lacks one of them does not compile. The terms of the
//! Chinese texts are those of Rancher's page; codes, names and what Kubernetes says are never translated.

mod actions;
mod forms;
mod import;
mod pages;
mod reasons;
mod sentences;
mod settings;
mod words;

use keyside_keychain::preset::Language;

/// The language of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Lang {
    #[default]
    En,
    Zh,
}

impl Lang {
    /// The same, as decisions know it.
    pub(super) fn core(self) -> keyside_core::language::Language {
        use keyside_core::language::Language;
        match self {
            Self::En => Language::En,
            Self::Zh => Language::Zh,
        }
    }

    /// From a language tag.
    pub(super) fn parse(tag: &str) -> Option<Self> {
        let tag = tag.trim().to_ascii_lowercase();
        if tag.starts_with("zh") {
            Some(Self::Zh)
        } else if tag.starts_with("en") {
            Some(Self::En)
        } else {
            None
        }
    }

    /// The first language of `Accept-Language` that there is.
    pub(super) fn accepted(header: &str) -> Option<Self> {
        header
            .split(',')
            .find_map(|part| Self::parse(part.split(';').next().unwrap_or_default()))
    }

    /// The language tag.
    pub(super) fn tag(self) -> &'static str {
        self.pick("en", "zh-CN")
    }

    /// What the language calls itself.
    pub(super) fn own_name(self) -> &'static str {
        self.pick("English", "中文")
    }

    /// The other one.
    pub(super) fn other(self) -> Self {
        match self {
            Self::En => Self::Zh,
            Self::Zh => Self::En,
        }
    }

    /// As presets name it.
    pub(super) fn preset(self) -> Language {
        match self {
            Self::En => Language::English,
            Self::Zh => Language::Chinese,
        }
    }

    fn pick<T>(self, en: T, zh: T) -> T {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lang;

    #[test]
    fn the_first_known_language_of_a_browser_is_taken() {
        assert_eq!(Lang::accepted("fr-FR,zh-Hans-CN;q=0.9,en;q=0.8"), Some(Lang::Zh));
        assert_eq!(Lang::accepted("en-GB,zh"), Some(Lang::En));
        assert_eq!(Lang::accepted("fr"), None);
    }

    #[test]
    fn ages_are_rounded_down_to_one_unit() {
        assert_eq!(Lang::En.ago(59), "59 s ago");
        assert_eq!(Lang::En.ago(7_300), "2 h ago");
        assert_eq!(Lang::Zh.ahead(12 * 86_400), "还有 12 天");
    }
}
