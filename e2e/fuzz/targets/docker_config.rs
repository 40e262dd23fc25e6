//! Docker config documents, as people paste them. What keyside writes again must hold the same credentials.
#![no_main]

use keyside_keychain::docker_config::{DockerConfig, Escape, Form};
use keyside_keychain::lint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for form in [Form::ConfigJson, Form::Legacy] {
        let _findings = lint::document(form, bytes);
        let Ok(config) = DockerConfig::parse(form, bytes) else { continue };
        for escape in [Escape::Plain, Escape::Html] {
            let written = config.to_json(escape);
            let again = DockerConfig::parse(form, written.expose()).expect("what is written can be read");
            assert_eq!(again.entries().len(), config.entries().len());
            for (new, old) in again.entries().iter().zip(config.entries()) {
                assert_eq!(new.key(), old.key());
            }
        }
    }
});
