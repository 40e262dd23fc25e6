use super::*;
use crate::world::{NOW, add, carry_out, id, world};
use crate::{Index, plan};
use jiff::SignedDuration;

/// A Project over `shop`, with credentials of every scope for quay.io and a plain pull secret.
const SCOPES: &str = "
kind: Namespace
metadata: {name: shop}
---
kind: Namespace
metadata: {name: project-p}
---
kind: Namespace
metadata: {name: vault}
---
kind: Project
metadata: {name: p}
spec: {namespaces: [shop]}
---
kind: Secret
metadata: {name: s, namespace: vault}
auths: {quay.io: 'c:c'}
---
kind: Secret
metadata: {name: s, namespace: project-p}
auths: {quay.io: 'p:p'}
---
kind: Secret
metadata: {name: s, namespace: shop}
auths: {quay.io: 'n:n'}
---
kind: Secret
metadata: {name: a-plain, namespace: shop}
auths: {quay.io: 'x:x'}
---
kind: ClusterRegistryCredential
metadata: {name: of-cluster}
spec: {source: {secret: {namespace: vault, name: s}}}
---
kind: RegistryCredential
metadata: {name: of-project, namespace: project-p}
spec: {scope: Project, source: {secret: {name: s}}}
---
kind: RegistryCredential
metadata: {name: of-namespace, namespace: shop}
spec: {source: {secret: {name: s}}}
";

/// Delivers everything that is due.
fn deliver(index: &mut Index) {
    let names: Vec<_> = index
        .credentials()
        .map(|credential| credential.id.clone())
        .collect();
    for name in names {
        let view = plan::copy::view_credential(index, &name, NOW);
        let plan = plan::plan(view, NOW, SignedDuration::ZERO);
        carry_out(index, plan);
    }
}

/// Resolves and compares `name@secret` of those that answer, and `name: why` of those that are passed over.
fn check(index: &Index, namespace: &str, image: &str, answers: &[&str], passed: &[&str]) {
    let resolution = resolve(index, namespace, &Reference::parse(image).unwrap());
    let got: Vec<String> = resolution
        .answers
        .iter()
        .map(|answer| {
            let secret = answer.placement.secret().map_or("-", |secret| secret);
            format!(
                "{}@{secret}{}",
                answer.who.name(),
                if answer.stands { "" } else { " (due)" }
            )
        })
        .collect();
    assert_eq!(got, answers, "answers for {image} in {namespace}");
    let got: Vec<String> = resolution
        .passed
        .iter()
        .map(|passed| format!("{}: {:?}", passed.who.name(), passed.why))
        .collect();
    assert_eq!(got, passed, "passed over for {image} in {namespace}");
}

#[test]
fn narrower_scope_first_then_plain_secrets() {
    let mut index = world(SCOPES);
    let source = "s: SourceOf(CredentialId { namespace: Some(\"shop\"), name: \"of-namespace\" })";
    let due = [
        "of-namespace@s",
        "of-project@of-project (due)",
        "of-cluster@of-cluster (due)",
        "a-plain@a-plain",
    ];
    check(&index, "shop", "quay.io/a/b", &due, &[source]);
    deliver(&mut index);
    let there = [
        "of-namespace@s",
        "of-project@of-project",
        "of-cluster@of-cluster",
        "a-plain@a-plain",
    ];
    check(&index, "shop", "quay.io/a/b", &there, &[source]);
}

#[test]
fn nothing_answers_for_another_registry_or_outside_of_the_scope() {
    let index = world(SCOPES);
    check(&index, "shop", "ghcr.io/a/b", &[], &[]);
    check(
        &index,
        "nowhere",
        "quay.io/a/b",
        &[],
        &["of-cluster: Outside(NoNamespace)"],
    );
    check(
        &index,
        "vault",
        "quay.io/a/b",
        &["of-cluster@s"],
        &["s: SourceOf(CredentialId { namespace: None, name: \"of-cluster\" })"],
    );
}

#[test]
fn f27_more_specific_pattern_first_whatever_its_scope() {
    let mut index = world(SCOPES);
    add(
        &mut index,
        40,
        "kind: Secret\nmetadata: {name: deep, namespace: vault}\nauths: {quay.io/shop: 'd:d'}",
    );
    add(
        &mut index,
        41,
        "kind: ClusterRegistryCredential\nmetadata: {name: deep}\nspec: {source: {secret: {namespace: vault, name: deep}}}",
    );
    let source = "s: SourceOf(CredentialId { namespace: Some(\"shop\"), name: \"of-namespace\" })";
    let of_shop = [
        "deep@deep (due)",
        "of-namespace@s",
        "of-project@of-project (due)",
        "of-cluster@of-cluster (due)",
        "a-plain@a-plain",
    ];
    check(&index, "shop", "quay.io/shop/web", &of_shop, &[source]);
    check(&index, "shop", "quay.io/shop-b/web", &of_shop[1..], &[source]);
}

#[test]
fn f28_path_of_one_team_never_answers_for_its_neighbour() {
    let mut index = world("kind: Namespace\nmetadata: {name: a}");
    add(
        &mut index,
        1,
        "kind: Secret\nmetadata: {name: team, namespace: a}\nauths: {quay.io/team: 'u:p'}",
    );
    check(&index, "a", "quay.io/team/app", &["team@team"], &[]);
    check(&index, "a", "quay.io/team-b/app", &[], &[]);
    check(&index, "a", "quay.io/teams/app", &[], &[]);
}

#[test]
fn f24_plain_secret_under_a_spelling_the_kubelet_ignores_is_passed_over() {
    let mut index = world("kind: Namespace\nmetadata: {name: a}");
    add(
        &mut index,
        1,
        "kind: Secret\nmetadata: {name: hub, namespace: a}\nauths: {registry-1.docker.io: 'u:p'}",
    );
    check(&index, "a", "nginx", &[], &["hub: Spelling"]);
    add(
        &mut index,
        2,
        "kind: Secret\nmetadata: {name: good, namespace: a}\nauths: {'https://index.docker.io/v1/': 'u:p'}",
    );
    check(&index, "a", "nginx", &["good@good"], &["hub: Spelling"]);
}

#[test]
fn f24_managed_credential_answers_under_every_spelling() {
    for key in [
        "registry-1.docker.io",
        "hub.docker.com",
        "https://index.docker.io/v1",
        "docker.io",
        "index.docker.io/v1/",
    ] {
        let mut index = world("kind: Namespace\nmetadata: {name: a}");
        add(
            &mut index,
            1,
            &format!("kind: Secret\nmetadata: {{name: s, namespace: a}}\nauths: {{'{key}': 'u:p'}}"),
        );
        add(
            &mut index,
            2,
            "kind: RegistryCredential\nmetadata: {name: hub, namespace: a}\nspec: {source: {secret: {name: s}}}",
        );
        let resolution = resolve(&index, "a", &Reference::parse("nginx").unwrap());
        assert_eq!(resolution.answers[0].who.name(), "hub", "{key}");
    }
}

#[test]
fn f39_credential_that_the_registry_refused_is_passed_over_until_its_content_changes() {
    let mut index = world(SCOPES);
    let version = index
        .credential(&id("shop/of-namespace"))
        .unwrap()
        .subject
        .unwrap();
    let refused = format!(
        "kind: RegistryCredential\nmetadata: {{name: of-namespace, namespace: shop}}\nspec: {{source: {{secret: {{name: s}}}}}}\nstatus: {{verifiedVersion: '{version}', registries: [{{registry: quay.io, verified: 'False', reason: BadCredentials, lastVerifyTime: '2026-01-01T00:00:00Z'}}]}}"
    );
    add(&mut index, 10, &refused);
    let others = [
        "of-project@of-project (due)",
        "of-cluster@of-cluster (due)",
        "a-plain@a-plain",
    ];
    // Its own Secret is the same password under another name.
    let passed = [
        "of-namespace: Refused(BadCredentials)",
        "s: Refused(BadCredentials)",
    ];
    check(&index, "shop", "quay.io/a/b", &others, &passed);
    add(
        &mut index,
        6,
        "kind: Secret\nmetadata: {name: s, namespace: shop}\nauths: {quay.io: 'n:new'}",
    );
    let resolution = resolve(&index, "shop", &Reference::parse("quay.io/a/b").unwrap());
    assert_eq!(resolution.answers[0].who.name(), "of-namespace");
}

#[test]
fn f39_refused_credential_never_stands_between_a_pod_and_an_image_for_everybody() {
    const HUB: &str = "kind: Namespace\nmetadata: {name: a}\n---\nkind: Secret\nmetadata: {name: s, namespace: a}\nauths: {docker.io: 'u:p'}\n---\nkind: RegistryCredential\nmetadata: {name: hub, namespace: a}\nspec: {source: {secret: {name: s}}}";
    let mut index = world(HUB);
    let given = |index: &Index, image: &str| {
        let image = Reference::parse(image).unwrap();
        resolve(index, "a", &image)
            .given()
            .map(|(who, _)| who.name().to_owned())
    };
    // One that works lifts the limits of Docker Hub.
    assert_eq!(given(&index, "nginx").as_deref(), Some("hub"));
    let version = index.credential(&id("a/hub")).unwrap().subject.unwrap();
    let refused = format!(
        "kind: RegistryCredential\nmetadata: {{name: hub, namespace: a}}\nspec: {{source: {{secret: {{name: s}}}}}}\nstatus: {{verifiedVersion: '{version}', registries: [{{registry: docker.io, verified: 'False', reason: BadCredentials, lastVerifyTime: '2026-01-01T00:00:00Z'}}]}}"
    );
    add(&mut index, 10, &refused);
    assert_eq!(given(&index, "nginx"), None);
    assert_eq!(given(&index, "docker.io/library/nginx:1").as_deref(), None);
    assert_eq!(given(&index, "team/app").as_deref(), Some("hub"));
    assert_eq!(given(&index, "docker.io/library-x/app").as_deref(), Some("hub"));
}

#[test]
fn ignored_secret_and_ignored_namespace_take_no_part() {
    let mut index = world("kind: Namespace\nmetadata: {name: a}");
    let ignored = "kind: Secret\nmetadata: {name: s, namespace: a, labels: {keyside.dev/ignore: 'true'}}\nauths: {quay.io: 'u:p'}";
    add(&mut index, 1, ignored);
    check(&index, "a", "quay.io/x/y", &[], &[]);
    let mut index = world(&SCOPES.replacen(
        "{name: shop}",
        "{name: shop, annotations: {keyside.dev/ignore: 'true'}}",
        1,
    ));
    deliver(&mut index);
    assert_eq!(index.copies_in("shop").count(), 0);
}

#[test]
fn broken_plain_secret_never_answers() {
    let mut index = world("kind: Namespace\nmetadata: {name: a}");
    let broken = "kind: Secret\ntype: kubernetes.io/dockerconfigjson\nmetadata: {name: s, namespace: a}\ndata: {.dockerconfigjson: eyJhdXRocyI6eyJxdWF5LmlvIjp7ImF1dGgiOiIhIn19fQ==}";
    add(&mut index, 1, broken);
    check(&index, "a", "quay.io/x/y", &[], &[]);
}

#[test]
fn source_that_vanished_leaves_its_copies_in_use_and_makes_no_new_ones() {
    let mut index = world(SCOPES);
    deliver(&mut index);
    index.remove_secret("project-p", "s", None);
    let resolution = resolve(&index, "shop", &Reference::parse("quay.io/a/b").unwrap());
    assert!(
        resolution
            .answers
            .iter()
            .any(|answer| answer.who.name() == "of-project" && answer.stands)
    );
    add(
        &mut index,
        3,
        "kind: Project\nmetadata: {name: p}\nspec: {namespaces: [shop, vault]}",
    );
    let resolution = resolve(&index, "vault", &Reference::parse("quay.io/a/b").unwrap());
    assert!(
        resolution
            .passed
            .iter()
            .any(|passed| passed.who.name() == "of-project" && passed.why == Why::Unserved)
    );
}

#[test]
fn f26_short_names_and_ports_mean_the_registry_that_a_kubelet_asks() {
    let mut index = world("kind: Namespace\nmetadata: {name: a}");
    let secret = "kind: Secret\nmetadata: {name: s, namespace: a}\nauths: {docker.io: 'u:p', 'localhost': 'u:p', 'reg.corp:5000': 'u:p'}";
    add(&mut index, 1, secret);
    let digest = "a".repeat(64);
    for (image, pattern) in [
        ("nginx", "docker.io"),
        ("user/app", "docker.io"),
        ("localhost/app", "localhost"),
        ("reg.corp:5000/app:1", "reg.corp:5000"),
        (&format!("user/app:1@sha256:{digest}"), "docker.io"),
    ] {
        let resolution = resolve(&index, "a", &Reference::parse(image).unwrap());
        assert_eq!(resolution.answers[0].pattern.to_string(), pattern, "{image}");
    }
    check(&index, "a", "reg.corp/app", &[], &[]);
}
