//! The acceptance table, corner cases of the grammar, and properties.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::acceptance::{cases, failures, text};

#[test]
fn every_row_of_the_reference_table_is_read_as_upstream_does() {
    failures(cases("references.json", "cases"), |row| {
        let input = text(row, "input");
        let parsed = Reference::parse(input);
        if row["valid"] == Value::Bool(false) {
            let message = parsed.err().map(|error| error.to_string());
            return expect(message.as_deref(), row["error"].as_str(), "error");
        }
        let image = parsed.map_err(|error| error.to_string())?;
        expect(image.host(), text(row, "registry"), "registry")?;
        expect(image.path(), text(row, "repository"), "repository")?;
        expect(image.tag(), row["tag"].as_str(), "tag")?;
        expect(image.digest(), row["digest"].as_str(), "digest")?;
        expect(image.to_string().as_str(), text(row, "normalized"), "normalized")?;
        expect(image.familiar().as_str(), text(row, "familiar"), "familiar")?;
        expect(image.lookup(), text(row, "kubelet_lookup"), "kubelet_lookup")?;
        expect(
            image.pull_string().as_str(),
            text(row, "kubelet_pull"),
            "kubelet_pull",
        )?;
        expect(
            image.containerd_name().as_str(),
            text(row, "containerd_ref"),
            "containerd_ref",
        )?;
        expect(image.original(), input, "original")
    });
}

fn expect<T: PartialEq + std::fmt::Debug>(actual: T, expected: T, what: &str) -> Result<(), String> {
    if actual == expected {
        Ok(())
    } else {
        Err(format!("{what} is {actual:?}, expected {expected:?}"))
    }
}

fn refused(image: &str, message: &str) {
    assert_eq!(
        Reference::parse(image).map_err(|error| error.to_string()),
        Err(message.to_owned()),
        "{image:?}"
    );
}

#[test]
fn an_upper_case_host_with_an_underscore_is_refused_for_its_case() {
    refused("My_registry.example.com/app", "repository name must be lowercase");
}

#[test]
fn upper_case_beyond_ascii_counts_as_upper_case() {
    refused(
        "quay.io/É",
        "invalid reference format: repository name (É) must be lowercase",
    );
    refused("É/app", "invalid reference format");
}

#[test]
fn a_digest_behind_a_tag_may_name_an_algorithm_in_upper_case_only_to_be_refused() {
    let digits = "f".repeat(64);
    refused(
        &format!("repo:tag@SHA256:{digits}"),
        "invalid checksum digest format",
    );
    refused(&format!("repo:tag@md5:{digits}"), "unsupported digest algorithm");
    refused(
        &format!("repo:tag@sha512:{digits}"),
        "invalid checksum digest length",
    );
}

#[test]
fn a_final_line_feed_and_other_digits_do_not_slip_in() {
    refused("quay.io/app:1\n", "invalid reference format");
    refused("quay.io:٣/app", "invalid reference format");
    refused("quay.io/app:v٣", "invalid reference format");
}

#[test]
fn the_identifier_prefers_the_digest() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let image = Reference::parse(&format!("nginx:1@{digest}")).unwrap();
    assert_eq!(image.identifier(), digest);
    assert_eq!(Reference::parse("nginx").unwrap().identifier(), "latest");
}

fn component() -> impl Strategy<Value = String> {
    "[a-z0-9]{1,4}((\\.|_|__|-{1,3})[a-z0-9]{1,3}){0,2}"
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9]{1,5}(-[a-zA-Z0-9]{1,3})?\\.[a-z]{2,3}(:[0-9]{1,5})?",
        Just("localhost".to_owned()),
        "localhost:[0-9]{2,5}",
        "\\[[0-9a-f]{0,4}::[0-9a-f]{1,4}\\](:[0-9]{2,5})?",
        "10\\.[0-9]{1,3}\\.[0-9]{1,3}\\.1(:[0-9]{2,5})?",
    ]
}

proptest! {
    #[test]
    fn a_normal_form_reads_as_itself(
        host in host(),
        path in prop::collection::vec(component(), 2..4),
        tag in prop::option::of("[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}"),
        digest in prop::option::of("[0-9a-f]{64}"),
    ) {
        let path = path.join("/");
        let mut written = format!("{host}/{path}");
        tag.iter().for_each(|tag| written.push_str(&format!(":{tag}")));
        digest.iter().for_each(|digest| written.push_str(&format!("@sha256:{digest}")));
        let image = Reference::parse(&written).unwrap();
        prop_assert_eq!(image.host(), &host);
        prop_assert_eq!(image.path(), &path);
        prop_assert_eq!(image.tag(), tag.as_deref());
        prop_assert_eq!(image.to_string(), written);
    }

    #[test]
    fn every_derived_spelling_means_the_same_image(image in "[a-zA-Z0-9./:@_-]{1,24}") {
        let Ok(image) = Reference::parse(&image) else { return Ok(()) };
        for spelling in [image.to_string(), image.familiar()] {
            let again = Reference::parse(&spelling);
            // A host with an underscore is no host, so that its normal form may be short enough to be one of Docker Hub.
            if !image.host().is_empty() {
                prop_assert_eq!(again.map(|again| again.to_string()), Ok(image.to_string()));
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(image in "\\PC*") {
        let _ = Reference::parse(&image);
    }
}
