//! The tables, followed as the policy follows them, give each image what the decision gives it.

use super::{pattern, plan, table};
use crate::index::Index;
use crate::inject::{Pod, decide};
use crate::world::{add, world};
use keyside_api::{InjectionRule, InjectionTableSpec};
use keyside_keychain::{Pattern, Reference, keyring};
use proptest::prelude::*;
use regex::Regex;
use std::collections::BTreeMap;

const WORLD: &str = r#"
kind: Namespace
metadata: {name: web}
---
kind: Namespace
metadata: {name: api}
---
kind: Namespace
metadata: {name: silent, labels: {keyside.dev/inject: disabled}}
---
kind: Namespace
metadata: {name: kube-system}
---
kind: Secret
metadata: {namespace: web, name: own}
auths: {"quay.io": "u:p", "quay.io/shop/web": "u:p", "*.corp.example": "u:p"}
---
kind: RegistryCredential
metadata: {namespace: web, name: mine}
spec: {source: {secret: {name: own}}, repositories: [quay.io/shop/web]}
---
kind: Secret
metadata: {namespace: web, name: shout}
auths: {"Quay.io/team": "u:p", "https://index.docker.io/v1/": "u:p", "ghcr.io/org/": "u:p", "a.*.example/x": "u:p"}
---
kind: Secret
metadata: {namespace: api, name: plain}
auths: {"quay.io/shop/": "u:p", "[::1]:5000": "u:p", "*": "u:p", "docker.io/team": "u:p"}
"#;

fn matches(expression: &str, text: &str) -> bool {
    Regex::new(expression).unwrap().is_match(text)
}

/// What the policy does with a table, in Rust.
fn follow(table: &InjectionTableSpec, image: &Reference) -> Option<String> {
    let lookup = image.lookup();
    let (written, path) = lookup.split_once('/')?;
    let registry = written
        .strip_suffix(":443")
        .unwrap_or(written)
        .to_ascii_lowercase();
    let exact = table.registries.get(&registry).into_iter().flatten();
    let wildcards = table.wildcards.iter().filter(|rule| {
        rule.registry
            .as_ref()
            .is_some_and(|expression| matches(expression, &registry))
    });
    let fits = |rule: &&InjectionRule| {
        let within = rule
            .path
            .as_ref()
            .is_none_or(|prefix| path == prefix || path.starts_with(&format!("{prefix}/")));
        within
            && rule.written.as_ref().is_none_or(|one| matches(one, lookup))
            && !rule.unless.iter().any(|one| matches(one, lookup))
    };
    let fitting: Vec<&InjectionRule> = exact.chain(wildcards).filter(fits).collect();
    let not_refused = |rule: &&&InjectionRule| !rule.refused.iter().any(|one| matches(one, lookup));
    let chosen = fitting.iter().find(not_refused).or(fitting.first())?;
    chosen.secret.clone()
}

fn check(index: &Index, namespace: &str, image: &str) {
    let pod = format!(r#"{{"spec": {{"containers": [{{"image": {image:?}}}]}}}}"#);
    let decided = decide(index, namespace, &Pod::parse(&pod).unwrap()).add;
    let decided: Vec<String> = decided.iter().map(|name| name.to_string()).collect();
    let followed = Reference::parse(image)
        .ok()
        .and_then(|image| follow(&table(index, namespace)?, &image));
    assert_eq!(
        followed.into_iter().collect::<Vec<_>>(),
        decided,
        "{image} in {namespace}"
    );
}

fn images() -> impl Strategy<Value = String> {
    let host = "(quay\\.io|Quay\\.io|quay\\.io:443|quay\\.io:8443|ghcr\\.io|docker\\.io|index\\.docker\\.io|[ab]\\.corp\\.example|a\\.b\\.example|\\[::1\\]:5000|one|my_x\\.example)/";
    let path = "(shop|shop/web|shop/web/x|shop-b/web|team|team/app|org|org/app|x|xy|nginx)(:1)?";
    (proptest::option::of(host), path).prop_map(|(host, path)| host.unwrap_or_default() + &path)
}

proptest! {
    #[test]
    fn table_gives_an_image_what_the_decision_gives_it(image in images()) {
        let index = world(WORLD.trim());
        for namespace in ["web", "api", "silent", "kube-system"] {
            check(&index, namespace, &image);
        }
    }

    #[test]
    fn expressions_match_what_patterns_and_the_kubelets_keys_match(
        image in images(),
        key in "(quay\\.io|Quay\\.io|\\*\\.corp\\.example|a\\.\\*\\.example|\\*|quay\\.io:8443|ghcr\\.io|\\[::1\\]:5000)(/|/shop|/shop/|/team/app)?",
    ) {
        let image = Reference::parse(&image).unwrap();
        let pattern = Pattern::parse(&key).unwrap();
        prop_assert_eq!(matches(&pattern::images(&pattern), image.lookup()), pattern.matches(&image));
        let found = pattern::key(&key).is_some_and(|expression| matches(&expression, image.lookup()));
        prop_assert_eq!(found, keyring::serves(&key, image.lookup()), "{} for {}", key, image);
    }
}

#[test]
fn tables_stand_where_something_can_answer_and_nowhere_else() {
    let mut index = world(WORLD.trim());
    let planned = plan(&index, &BTreeMap::new());
    let names: Vec<&str> = planned.writes.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["api", "web"]);
    let live: BTreeMap<_, _> = planned.writes.into_iter().collect();
    assert_eq!(plan(&index, &live), super::Plan::default());
    // A rotation changes no table.
    add(
        &mut index,
        5,
        r#"
kind: Secret
metadata: {namespace: web, name: own, resourceVersion: "2"}
auths: {"quay.io": "u:new", "quay.io/shop/web": "u:new", "*.corp.example": "u:new"}
"#,
    );
    assert_eq!(plan(&index, &live), super::Plan::default());
    index.remove_secret("api", "plain", None);
    let deletes = plan(&index, &live).deletes;
    assert_eq!(deletes.iter().map(|name| &**name).collect::<Vec<_>>(), ["api"]);
}
