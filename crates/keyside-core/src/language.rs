//! The languages in which keyside speaks to people. Codes, names and commands are the same in all of them.

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// The language of a tag (`zh-CN`) or a locale (`zh_CN.UTF-8`); whatever is not Chinese is answered in English.
    pub fn of(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("zh") {
            Self::Zh
        } else {
            Self::En
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_locales_are_read() {
        for tag in ["zh", "zh-CN", "zh_CN.UTF-8", "ZH_TW"] {
            assert_eq!(Language::of(tag), Language::Zh, "{tag}");
        }
        for tag in ["", "C", "en_US.UTF-8", "de"] {
            assert_eq!(Language::of(tag), Language::En, "{tag}");
        }
    }
}
