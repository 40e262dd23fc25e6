//! Spellings, refusals, matching, traps, and what copies carry.

use proptest::prelude::*;

use super::*;
use crate::acceptance::{cases, failures};
use crate::keyring;

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn image(text: &str) -> Reference {
    Reference::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn canonical(text: &str, expected: &str) {
    assert_eq!(pattern(text).to_string(), expected, "{text:?}");
}

#[test]
fn every_spelling_of_docker_hub_is_stored_as_one() {
    for text in [
        "docker.io",
        "index.docker.io",
        "index.docker.io/v1/",
        "https://index.docker.io/v1/",
        "https://index.docker.io/v1",
        "registry-1.docker.io",
        "registry.hub.docker.com",
        "hub.docker.com",
        "https://registry-1.docker.io/v2/",
        "Docker.IO",
        "docker.io:443",
        " https://docker.io\n",
    ] {
        canonical(text, "docker.io");
    }
    canonical("index.docker.io/team", "docker.io/team");
    canonical("docker.io:5000", "docker.io:5000");
}

#[test]
fn scheme_case_port_version_and_edge_slashes_make_no_difference() {
    for text in [
        "quay.io/",
        "QUAY.io",
        "quay.io:443",
        "http://quay.io",
        "oci://quay.io",
        "HTTPS://quay.io/v2/",
        "quay.io/v2",
        "quay.io:",
    ] {
        canonical(text, "quay.io");
    }
    for text in [
        "quay.io/org/",
        "https://quay.io/v2/org",
        "quay.io//org//",
        "\tQuay.io:443/org ",
    ] {
        canonical(text, "quay.io/org");
    }
    canonical("reg.corp:05000/a/b", "reg.corp:05000/a/b");
    canonical("my_registry.example.com/app", "my_registry.example.com/app");
    canonical("[2001:DB8::1]:5000/a", "[2001:db8::1]:5000/a");
}

fn refused(text: &str, refusal: Refusal, suggestion: Option<&str>) {
    let expected = PatternError {
        refusal,
        suggestion: suggestion.map(str::to_owned),
    };
    assert_eq!(Pattern::parse(text), Err(expected), "{text:?}");
}

#[test]
fn what_can_never_work_is_refused_with_a_clean_spelling() {
    refused("", Refusal::Empty, None);
    refused("https:///org", Refusal::Empty, None);
    refused(":5000", Refusal::Host, None);
    refused("robot@quay.io", Refusal::UserPart, Some("quay.io"));
    refused(
        "https://u:p@quay.io/v2/org",
        Refusal::UserPart,
        Some("quay.io/org"),
    );
    refused("quay.io?x", Refusal::Query, Some("quay.io"));
    refused(
        "reg.corp?.example.com",
        Refusal::Query,
        Some("reg.corp*.example.com"),
    );
    refused("quay.io/org?ns=a.b", Refusal::Query, Some("quay.io/org"));
    refused("quay.io#top", Refusal::Fragment, Some("quay.io"));
    refused("quay.io/org%2Fapp", Refusal::Escape, None);
    refused("quay.io.", Refusal::Host, Some("quay.io"));
    refused("quay..io", Refusal::Host, None);
    refused("reg[12].corp", Refusal::Host, None);
    refused("[::1]:443:", Refusal::Host, Some("[::1]"));
    refused("quay.io:443:", Refusal::Host, Some("quay.io"));
    refused("{a,b}.corp", Refusal::Host, None);
    refused("quay .io", Refusal::Host, None);
    refused("quäy.io", Refusal::Host, None);
    refused("reg:*", Refusal::WildcardPort, None);
    refused("reg.corp:https", Refusal::Port, Some("reg.corp"));
    refused("quay.io/*/app", Refusal::WildcardPath, Some("quay.io"));
    refused("quay.io/org/*", Refusal::WildcardPath, Some("quay.io/org"));
    refused("quay.io/org//app", Refusal::EmptySegment, Some("quay.io/org/app"));
    refused("quay.io/../app", Refusal::DotSegment, None);
    refused(
        "quay.io/org/app:1.0",
        Refusal::TagOrDigest,
        Some("quay.io/org/app"),
    );
    refused("quay.io/Org", Refusal::Path, Some("quay.io/org"));
    refused("quay.io/org-", Refusal::Path, None);
}

#[test]
fn no_refusal_shows_what_was_refused() {
    for text in [
        "u:hidden@quay.io",
        "u:hidden@quay.io?x",
        "u:hidden@reg?.corp.io",
        "quay.io%hidden",
        "u:hidden@quay.io#x",
    ] {
        let error = Pattern::parse(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hidden"), "{error}");
    }
}

fn check(text: &str, reference: &str, expected: bool) {
    assert_eq!(
        pattern(text).matches(&image(reference)),
        expected,
        "{text} for {reference}"
    );
}

#[test]
fn a_path_ends_at_a_segment() {
    check("quay.io/org", "quay.io/org/app", true);
    check("quay.io/org", "quay.io/org", true);
    check("quay.io/org", "quay.io/org-b/app", false);
    check("quay.io/org/app", "quay.io/org/application", false);
    check("quay.io/org/app/sub", "quay.io/org/app", false);
    check("docker.io/library/ngin", "nginx", false);
    check("docker.io/library", "nginx", true);
}

#[test]
fn a_host_is_compared_without_case_and_with_its_port() {
    check("quay.io", "Quay.io/org/app", true);
    check("reg.corp", "reg.corp:443/app", true);
    check("reg.corp", "reg.corp:5000/app", false);
    check("reg.corp:5000", "reg.corp/app", false);
    check("quay.io", "cdn.quay.io/app", false);
    check("my_registry.example.com", "my_registry.example.com/app", true);
    check("[2001:db8::1]", "[2001:DB8::1]/app", true);
}

#[test]
fn a_star_stands_for_part_of_one_label() {
    check("*.reg.corp", "a.reg.corp/app", true);
    check("*.reg.corp", "reg.corp/app", false);
    check("*.reg.corp", "a.b.reg.corp/app", false);
    check("eu-*.reg.corp/team", "eu-1.reg.corp/team/app", true);
    check("eu-*.reg.corp/team", "eu-1.reg.corp/teams/app", false);
    check("*.reg.corp:8443", "a.reg.corp:8443/app", true);
    check("*.reg.corp", "a.reg.corp:8443/app", false);
    check("*", "quay.io/app", false);
}

#[test]
fn traps_are_told() {
    let check = |text: &str, expected: &[Warning]| assert_eq!(pattern(text).warnings(), expected, "{text}");
    check("quay.io", &[]);
    check("localhost", &[]);
    check("reg:5000", &[]);
    check("*.reg.corp", &[Warning::OfferedToEveryHost]);
    check(
        "d*.io",
        &[Warning::OfferedToEveryHost, Warning::IncludesDockerHub],
    );
    check("*.*", &[Warning::OfferedToEveryHost, Warning::IncludesDockerHub]);
    check(
        "docker.io/team",
        &[Warning::HidesHubDefault, Warning::OfferedToNeighbours],
    );
    check("quay.io/org", &[Warning::OfferedToNeighbours]);
    check("[2001:db8::1]", &[Warning::AddressWithoutPort]);
    check("[2001:db8::1]:5000", &[]);
    check("harbor", &[Warning::ReadAsHubUser]);
}

fn delivered(text: &str, images: &[&str], expected: &[&str]) {
    let images: Vec<_> = images.iter().map(|text| image(text)).collect();
    assert_eq!(
        pattern(text).delivered_keys(&images),
        expected,
        "{text} for {images:?}"
    );
}

#[test]
fn copies_made_in_advance_carry_the_canonical_key() {
    delivered("https://Quay.io/v2/", &[], &["quay.io"]);
    delivered("quay.io/org", &[], &["quay.io/org/"]);
    delivered(
        "hub.docker.com",
        &[],
        &["docker.io", "https://index.docker.io/v1/"],
    );
    delivered("docker.io/team", &[], &["docker.io/team/"]);
    delivered("*.reg.corp:8443/team", &[], &["*.reg.corp:8443/team/"]);
}

#[test]
fn the_repository_itself_gets_a_key_without_slash() {
    delivered(
        "quay.io/org/app",
        &["quay.io/org/app:1"],
        &["quay.io/org/app/", "quay.io/org/app"],
    );
    delivered(
        "quay.io/org/app",
        &["quay.io/org/app/sub:1"],
        &["quay.io/org/app/"],
    );
    delivered("quay.io/org", &["quay.io/other"], &["quay.io/org/"]);
}

#[test]
fn copies_on_demand_carry_the_spelling_of_the_pod() {
    delivered(
        "quay.io",
        &["Quay.io/org/app", "Quay.io/b", "quay.io/c"],
        &["quay.io", "Quay.io"],
    );
    delivered(
        "reg.corp/team",
        &["reg.corp:443/team/app"],
        &["reg.corp/team/", "reg.corp:443/team/"],
    );
    delivered(
        "reg.corp/team",
        &["REG.corp/team"],
        &["reg.corp/team/", "REG.corp/team"],
    );
    delivered(
        "*.reg.corp",
        &["A.reg.corp/x", "a.Reg.corp/x"],
        &["*.reg.corp", "a.Reg.corp"],
    );
}

#[test]
fn a_path_that_begins_like_a_version_is_written_twice() {
    let versioned = pattern("quay.io/v2/v2/app");
    assert_eq!(versioned.path(), "v2/app");
    assert_eq!(pattern(&versioned.to_string()), versioned);
    let keys = versioned.delivered_keys(&[image("quay.io/v2/app/x")]);
    assert_eq!(keys, ["quay.io/v2/v2/app/"]);
    assert!(keyring::serves(&keys[0], "quay.io/v2/app/x"));
}

#[test]
fn where_the_kubelet_matches_a_plain_key_so_does_the_pattern() {
    // Every single-key row: keyside may be stricter (segments) or kinder (spelling), and is told apart here.
    failures(cases("keyring.json", "cases"), |row| {
        let (Some(reference), Some([secret])) = (
            row["image"].as_str(),
            row["secrets"].as_array().map(Vec::as_slice),
        ) else {
            return Ok(());
        };
        let keys: Vec<_> = secret["config"]["auths"]
            .as_object()
            .into_iter()
            .flat_map(|auths| auths.keys())
            .collect();
        let [key] = keys[..] else { return Ok(()) };
        let Ok(pattern) = Pattern::parse(key) else {
            return Ok(());
        };
        let reference = image(reference);
        let keys = pattern.delivered_keys([&reference]);
        let reached = keys.iter().any(|key| keyring::serves(key, reference.lookup()));
        match (pattern.matches(&reference), reached) {
            (true, false) if pattern.warnings().contains(&Warning::AddressWithoutPort) => Ok(()),
            (matches, reached) if matches == reached => Ok(()),
            (matches, reached) => Err(format!("{pattern} matches: {matches}, {keys:?} reach: {reached}")),
        }
    });
}

#[test]
fn the_most_specific_pattern_is_the_greatest() {
    let order = [
        "quay.io/a/b",
        "quay.io/a",
        "quay.io",
        "a*.io/a/b",
        "*.io/x",
        "*.io",
        "*.*",
    ];
    for pair in order.windows(2) {
        assert!(
            pattern(pair[0]).specificity() > pattern(pair[1]).specificity(),
            "{pair:?}"
        );
    }
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,4}\\.(io|corp)(:[0-9]{4})?",
        Just("docker.io".to_owned()),
        Just("localhost:5000".to_owned()),
        Just("[2001:db8::1]:5000".to_owned()),
    ]
}

fn segments(count: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    let segment = prop_oneof![9 => "[a-z][a-z0-9]{0,3}(-[a-z0-9]{1,2})?", 1 => "v[12]"];
    prop::collection::vec(segment, count).prop_map(|segments| segments.join("/"))
}

/// The pattern for a path that may begin like an API version, which has to be written twice then.
fn pattern_for(host: &str, path: &str) -> Pattern {
    match path.split('/').next() {
        Some(version @ ("v1" | "v2")) => pattern(&format!("{host}/{version}/{path}")),
        _ => pattern(&format!("{host}/{path}")),
    }
}

/// The host of an image as people may write it.
fn spelled(host: &str, upper: bool, port: bool) -> String {
    let host = if upper && host != "docker.io" {
        host.to_ascii_uppercase()
    } else {
        host.to_owned()
    };
    if port && !host.contains(':') && host != "docker.io" {
        host + ":443"
    } else {
        host
    }
}

proptest! {
    #[test]
    fn a_canonical_spelling_is_read_as_itself(host in host(), path in segments(0..3)) {
        let parsed = pattern_for(&host, &path);
        prop_assert_eq!(pattern(&parsed.to_string()), parsed);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        if let Ok(parsed) = Pattern::parse(&text) {
            prop_assert_eq!(Pattern::parse(&parsed.to_string()), Ok(parsed));
        }
    }

    #[test]
    fn a_match_never_crosses_a_segment(host in host(), path in segments(1..3), more in "[a-z0-9]{1,3}", below in segments(1..2)) {
        let parsed = pattern_for(&host, &path);
        let below = image(&format!("{host}/{path}/{below}"));
        prop_assert!(parsed.matches(&below));
        for neighbour in [format!("{host}/{path}{more}/a"), format!("{host}/{path}-{more}/a")] {
            prop_assert!(!parsed.matches(&image(&neighbour)), "{}", neighbour);
        }
    }

    #[test]
    fn the_kubelet_finds_delivered_keys_for_every_image_that_matches(
        host in host(),
        path in segments(0..3),
        below in segments(1..3),
        is_repository in any::<bool>(),
        upper in any::<bool>(),
        port in any::<bool>(),
    ) {
        let parsed = pattern_for(&host, &path);
        let repository = match (path.is_empty(), is_repository) {
            (true, _) => below,
            (false, true) => path,
            (false, false) => format!("{path}/{below}"),
        };
        let reference = image(&format!("{}/{repository}:1", spelled(&host, upper, port)));
        if parsed.matches(&reference) {
            let keys = parsed.delivered_keys([&reference]);
            prop_assert!(keys.iter().any(|key| keyring::serves(key, reference.lookup())), "{:?} for {}", keys, reference);
        }
    }

    #[test]
    fn keys_with_a_closing_slash_are_never_found_for_neighbours(
        host in host(),
        path in segments(1..3),
        more in "-?[a-z0-9]{1,3}",
        below in segments(1..2),
    ) {
        let keys = pattern_for(&host, &path).delivered_keys([]);
        for neighbour in [format!("{host}/{path}{more}/{below}"), format!("{host}/{path}{more}"), format!("{host}/x{path}/{below}")] {
            let neighbour = image(&neighbour);
            for key in &keys {
                prop_assert!(!keyring::serves(key, neighbour.lookup()), "{} serves {}", key, neighbour);
            }
        }
    }
}
