//! The order of answers, and why others do not answer.

use proptest::prelude::*;

use super::*;

fn rank(scope: Scope, origin: Origin, name: &str) -> Rank {
    Rank {
        scope,
        origin,
        name: name.to_owned(),
    }
}

fn managed(name: &str) -> Rank {
    rank(Scope::Namespace, Origin::Managed, name)
}

/// A keychain of patterns that are their own payload.
fn keychain(patterns: &[&'static str]) -> Keychain<&'static str> {
    let mut keychain = Keychain::new();
    for pattern in patterns {
        keychain.insert(Pattern::parse(pattern).unwrap(), managed(pattern), *pattern);
    }
    keychain
}

fn image(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

fn payloads(found: &[&Filed<&'static str>]) -> Vec<&'static str> {
    found.iter().map(|filed| filed.payload).collect()
}

fn check(patterns: &[&'static str], reference: &str, expected: &[&str]) {
    assert_eq!(
        payloads(&keychain(patterns).resolve(&image(reference))),
        expected,
        "{reference}"
    );
}

#[test]
fn the_longest_path_answers_first_and_neighbours_do_not_answer() {
    let patterns = [
        "quay.io",
        "quay.io/org/app",
        "quay.io/org",
        "quay.io/org-b",
        "quay.io/or",
        "docker.io",
    ];
    check(
        &patterns,
        "quay.io/org/app",
        &["quay.io/org/app", "quay.io/org", "quay.io"],
    );
    check(
        &patterns,
        "quay.io/org/other/deep/down",
        &["quay.io/org", "quay.io"],
    );
    check(&patterns, "quay.io/org-b/app", &["quay.io/org-b", "quay.io"]);
    check(&patterns, "quay.io/organic", &["quay.io"]);
    check(&patterns, "nginx", &["docker.io"]);
    check(&patterns, "ghcr.io/a/b", &[]);
}

#[test]
fn an_exact_host_answers_before_wildcards() {
    let patterns = [
        "*.*.corp",
        "a.*.corp",
        "*.reg.corp/team",
        "a.reg.corp",
        "*.reg.corp",
        "a.reg.*",
        "reg.corp",
    ];
    check(
        &patterns,
        "a.reg.corp/team/app",
        &[
            "a.reg.corp",
            "*.reg.corp/team",
            "*.reg.corp",
            "a.*.corp",
            "a.reg.*",
            "*.*.corp",
        ],
    );
    check(&patterns, "b.reg.corp/app", &["*.reg.corp", "*.*.corp"]);
    check(
        &["*.reg.corp:8443", "a.reg.*:8443"],
        "a.reg.corp:8443/app",
        &["*.reg.corp:8443", "a.reg.*:8443"],
    );
    check(&["*.reg.corp:8443", "a.reg.*:8443"], "a.reg.corp/app", &[]);
    check(&["*.*"], "docker.io/library/nginx", &["*.*"]);
}

#[test]
fn equal_patterns_are_ordered_by_scope_then_origin_then_name() {
    let pattern = Pattern::parse("quay.io").unwrap();
    let mut keychain = Keychain::new();
    for (scope, origin, name) in [
        (Scope::Cluster, Origin::Managed, "a"),
        (Scope::Namespace, Origin::Plain, "c"),
        (Scope::Project, Origin::Managed, "b"),
        (Scope::Namespace, Origin::Plain, "b"),
        (Scope::Namespace, Origin::Managed, "z"),
    ] {
        keychain.insert(pattern.clone(), rank(scope, origin, name), ());
    }
    let found: Vec<_> = keychain
        .resolve(&image("quay.io/x"))
        .iter()
        .map(|filed| filed.rank.clone())
        .collect();
    assert_eq!(
        found,
        [
            rank(Scope::Namespace, Origin::Managed, "z"),
            rank(Scope::Namespace, Origin::Plain, "b"),
            rank(Scope::Namespace, Origin::Plain, "c"),
            rank(Scope::Project, Origin::Managed, "b"),
            rank(Scope::Cluster, Origin::Managed, "a"),
        ]
    );
}

#[test]
fn several_keychains_answer_as_one() {
    let (namespace, cluster) = (
        keychain(&["quay.io", "*.io/org"]),
        keychain(&["quay.io/org", "quay.io"]),
    );
    let found = resolve_all([&namespace, &cluster], &image("quay.io/org/app"));
    assert_eq!(
        payloads(&found),
        ["quay.io/org", "quay.io", "quay.io", "*.io/org"]
    );
}

#[test]
fn what_is_not_kept_no_longer_answers() {
    let mut keychain = keychain(&["quay.io", "quay.io/org", "*.io", "docker.io"]);
    keychain.retain(|filed| filed.payload == "quay.io/org");
    assert_eq!(keychain.len(), 1);
    assert_eq!(
        payloads(&keychain.resolve(&image("quay.io/org/app"))),
        ["quay.io/org"]
    );
    keychain.retain(|_| false);
    assert!(keychain.is_empty() && keychain.exact.is_empty() && keychain.wildcard.is_empty());
}

fn miss(pattern: &str, reference: &str, expected: Option<Miss>) {
    assert_eq!(
        Pattern::parse(pattern).unwrap().miss(&image(reference)),
        expected,
        "{pattern} for {reference}"
    );
}

#[test]
fn every_miss_has_its_reason() {
    miss("quay.io", "quay.io/a", None);
    miss(
        "docker.io",
        "registry-1.docker.io/library/nginx",
        Some(Miss::HostSpelling),
    );
    miss("reg.corp", "reg.corp:5000/a", Some(Miss::OtherPort));
    miss("reg.corp:5000", "reg.corp/a", Some(Miss::OtherPort));
    miss("quay.io/org", "quay.io/org-b/a", Some(Miss::Neighbour));
    miss("quay.io/org/app", "quay.io/org/b", Some(Miss::OtherPath));
    miss("quay.io", "cdn.quay.io/a", Some(Miss::OtherDepth));
    miss("*.reg.corp", "reg.corp/a", Some(Miss::OtherDepth));
    miss("*.reg.corp", "a.b.reg.corp/a", Some(Miss::OtherDepth));
    miss("*.*", "localhost/a", Some(Miss::OtherRegistry));
    miss("quay.io", "ghcr.io/a", Some(Miss::OtherRegistry));
    miss("quay.io", "notquay.io/a", Some(Miss::OtherRegistry));
}

#[test]
fn the_nearest_comes_first_and_the_rest_is_cut_off() {
    let keychain = keychain(&[
        "ghcr.io",
        "quay.io/x",
        "quay.io/org/b",
        "quay.io/org",
        "quay.io:5000",
        "quay.io/or",
    ]);
    let near = keychain.nearest(&image("quay.io/org/a"), 4);
    let near: Vec<_> = near.iter().map(|near| (near.filed.payload, near.miss)).collect();
    assert_eq!(
        near,
        [
            ("quay.io:5000", Miss::OtherPort),
            ("quay.io/or", Miss::Neighbour),
            ("quay.io/org/b", Miss::OtherPath),
            ("quay.io/x", Miss::OtherPath),
        ]
    );
}

proptest! {
    /// The index is an optimisation: looking at every credential one by one gives the same answer in the same order.
    #[test]
    fn the_index_answers_like_a_plain_walk(
        patterns in prop::collection::vec("(\\*|a|b)\\.(\\*|a|b)(:1)?(/[ab]{1,2}){0,3}", 0..12),
        reference in "[ab]\\.[ab](:1)?(/[ab]{1,2}){1,4}",
    ) {
        let mut keychain = Keychain::new();
        let mut all = Vec::new();
        for (index, text) in patterns.iter().enumerate() {
            let scope = [Scope::Namespace, Scope::Project, Scope::Cluster][index % 3];
            let (pattern, rank) = (Pattern::parse(text).unwrap(), rank(scope, Origin::Managed, &format!("{index:02}")));
            keychain.insert(pattern.clone(), rank.clone(), index);
            all.push(Filed::new(pattern, rank, index));
        }
        let reference = image(&reference);
        let mut expected: Vec<_> = all.iter().filter(|filed| filed.pattern.matches(&reference)).collect();
        expected.sort_by(|a, b| a.by_precedence(b));
        let expected: Vec<_> = expected.iter().map(|filed| filed.payload).collect();
        let found: Vec<_> = keychain.resolve(&reference).iter().map(|filed| filed.payload).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(keychain.len(), patterns.len());
    }
}
