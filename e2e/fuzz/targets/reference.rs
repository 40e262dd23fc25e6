//! Image references, as pods write them.
#![no_main]

use keyside_keychain::{Pattern, Reference};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // A pattern is read from text too; what it prints means the same.
    if let Ok(pattern) = Pattern::parse(text) {
        let again = Pattern::parse(&pattern.to_string()).expect("a printed pattern is a pattern");
        assert_eq!(again, pattern);
    }
    let Ok(image) = Reference::parse(text) else { return };
    assert!(image.lookup().ends_with(image.path()));
    assert!(image.path().len() <= 255 + "library/".len());
    if !image.host().is_empty() {
        let again = Reference::parse(&image.containerd_name()).expect("a full name is a reference");
        assert_eq!(again.lookup(), image.lookup());
        assert_eq!(again.containerd_name(), image.containerd_name());
    }
});
