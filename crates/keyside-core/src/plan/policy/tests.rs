//! The tables, followed as the policy follows them, give each image what the decision gives it.

use super::{Plan, pattern, table};
use crate::index::Index;
use crate::inject::{Pod, decide};
use crate::world::{add, world};
use keyside_api::{InjectionRule, InjectionTableSpec};
use keyside_keychain::{Pattern, Reference, keyring};
use proptest::prelude::*;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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

type Tables = BTreeMap<Arc<str>, InjectionTableSpec>;

/// The plan for all namespaces.
fn plan(index: &Index, live: &Tables) -> Plan {
    let all = index.namespace_names().cloned().collect();
    super::plan(index, &all, |name| live.get(name))
}

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
    assert!(is_nothing(&plan(&index, &live)));
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
    assert!(is_nothing(&plan(&index, &live)));
    index.remove_secret("api", "plain", None);
    let deletes = plan(&index, &live).deletes;
    assert_eq!(deletes.iter().map(|name| &**name).collect::<Vec<_>>(), ["api"]);
}

fn is_nothing(plan: &Plan) -> bool {
    plan.writes.is_empty() && plan.deletes.is_empty()
}

/// All tables there shall be.
fn tables(index: &Index) -> Tables {
    let names = index.namespace_names();
    names
        .filter_map(|name| Some((name.clone(), table(index, name)?)))
        .collect()
}

/// What happens in a cluster, one thing after the other, with all that tables depend on.
const HAPPENINGS: [&str; 23] = [
    "kind: Namespace\nmetadata: {name: project-shop}",
    "kind: Namespace\nmetadata: {name: project-b}",
    "kind: Project\nmetadata: {name: shop}\nspec: {namespaces: [web]}",
    "kind: Secret\nmetadata: {namespace: project-shop, name: team}\nauths: {quay.io: 'u:p'}",
    "kind: RegistryCredential\nmetadata: {namespace: project-shop, name: team}\nspec: {scope: Project, source: {secret: {name: team}}}",
    // Another namespace joins, and one leaves.
    "kind: Project\nmetadata: {name: shop, generation: 2, resourceVersion: '2'}\nspec: {namespaces: [web, api]}",
    "kind: Project\nmetadata: {name: shop, generation: 3, resourceVersion: '3'}\nspec: {namespaces: [api]}",
    // The home moves, and comes back.
    "kind: Project\nmetadata: {name: shop, generation: 4, resourceVersion: '4'}\nspec: {namespaces: [api, web], homeNamespace: project-b}",
    "kind: Project\nmetadata: {name: shop, generation: 5, resourceVersion: '5'}\nspec: {namespaces: [api, web], homeNamespace: project-shop}",
    // Another Secret takes the name, and goes with the next step.
    "kind: Secret\nmetadata: {namespace: web, name: team}\nauths: {a.example: 'u:p'}",
    "kind: Secret\nmetadata: {namespace: keyside-system, name: hub}\nauths: {docker.io: 'u:p'}",
    "kind: ClusterRegistryCredential\nmetadata: {name: hub}\nspec: {source: {secret: {namespace: keyside-system, name: hub}}}",
    "kind: ClusterRegistryCredential\nmetadata: {name: hub, generation: 2, resourceVersion: '2'}\nspec: {source: {secret: {namespace: keyside-system, name: hub}}, excludeNamespaces: [api]}",
    "kind: ClusterRegistryCredential\nmetadata: {name: hub, generation: 3, resourceVersion: '3'}\nspec: {source: {secret: {namespace: keyside-system, name: hub}}, namespaceSelector: {matchLabels: {tier: one}}}",
    "kind: Namespace\nmetadata: {name: api, resourceVersion: '2', labels: {tier: one}}",
    "kind: Namespace\nmetadata: {name: web, resourceVersion: '2', labels: {keyside.dev/inject: disabled}}",
    "kind: Namespace\nmetadata: {name: web, resourceVersion: '3'}",
    // Other registries, and then a Secret that cannot be used.
    "kind: Secret\nmetadata: {namespace: project-shop, name: team, resourceVersion: '2'}\nauths: {quay.io: 'u:p', ghcr.io: 'u:p'}",
    "kind: Secret\nmetadata: {namespace: project-shop, name: team, resourceVersion: '3'}\nauths: {}",
    "kind: Secret\nmetadata: {namespace: project-shop, name: team, resourceVersion: '4'}\nauths: {ghcr.io: 'u:p'}",
    "kind: Secret\nmetadata: {namespace: api, name: team, labels: {keyside.dev/credential: other}}\nauths: {x.example: 'u:p'}",
    "kind: Secret\nmetadata: {namespace: web, name: new}\nauths: {x.example: 'u:p'}",
    "kind: RegistryCredential\nmetadata: {namespace: web, name: hub}\nspec: {source: {secret: {name: new}}}",
];

#[test]
fn no_table_changes_without_being_noted() {
    let mut index = Index::new("keyside-system", crate::InstallKey::new(&[7; 32]));
    index.note_tables();
    for (at, document) in WORLD.trim().split("\n---\n").enumerate() {
        add(&mut index, at, document);
    }
    let noted = |index: &mut Index, before: &Tables, what: &str| {
        let (stale, after) = (index.take_stale_tables(), tables(index));
        for name in before.keys().chain(after.keys()) {
            // What a namespace that is gone held went with it.
            let changed = before.get(name) != after.get(name) && index.namespace(name).is_some();
            assert!(!changed || stale.contains(name), "{name} by {what}: {stale:?}");
        }
        (before != &after, after)
    };
    let mut before = tables(&index);
    let mut changes = 0;
    for (at, what) in HAPPENINGS.into_iter().enumerate() {
        // Each kind and name keeps its uid, as in a cluster.
        let uid = HAPPENINGS.iter().position(|one| {
            one.split(['\n', ',', '}'])
                .take(2)
                .eq(what.split(['\n', ',', '}']).take(2))
        });
        add(&mut index, 20 + uid.unwrap_or(at), what);
        let (changed, after) = noted(&mut index, &before, what);
        (changes, before) = (changes + usize::from(changed), after);
    }
    assert!(changes > 14, "only {changes} of the happenings change a table");
    let account = |enforced: &str| {
        serde_json::from_value(serde_json::json!({"namespace": "web", "name": "robot",
            "annotations": {"kubernetes.io/enforce-mountable-secrets": enforced}}))
        .unwrap()
    };
    type Step = fn(&mut Index);
    let steps: [(&str, Step); 5] = [
        ("a secret that goes", |index| {
            drop(index.remove_secret("web", "team", None))
        }),
        ("a name that is taken unseen", |index| {
            index.set_taken("api", "hub", true)
        }),
        ("a credential that goes", |index| {
            drop(index.remove_credential(&crate::world::id("web/hub")));
        }),
        ("a project that goes", |index| drop(index.remove_project("shop"))),
        ("a namespace that goes", |index| {
            drop(index.remove_namespace("api"))
        }),
    ];
    for enforced in ["true", "false"] {
        index.apply_account(&account(enforced));
        let (changed, after) = noted(&mut index, &before, "an account");
        assert!(changed);
        before = after;
    }
    for (what, step) in steps {
        step(&mut index);
        before = noted(&mut index, &before, what).1;
    }
}

/// A thousand namespaces in a hundred Projects, and a hundred credentials of the cluster.
fn large() -> Index {
    let mut index = Index::new("keyside-system", crate::InstallKey::new(&[7; 32]));
    index.note_tables();
    for at in 0..1000 {
        add(
            &mut index,
            at,
            &format!("kind: Namespace\nmetadata: {{name: n{at}}}"),
        );
    }
    for at in 0..100 {
        let auths = format!(
            "{{r{}.example.com/team-{at}: 'u:p', r{at}.example.com: 'u:p'}}",
            at % 10
        );
        add(
            &mut index,
            2000 + at,
            &format!("kind: Secret\nmetadata: {{namespace: n0, name: s{at}}}\nauths: {auths}"),
        );
        let spec = format!("{{source: {{secret: {{namespace: n0, name: s{at}}}}}, excludeNamespaces: [n0]}}");
        add(
            &mut index,
            3000 + at,
            &format!("kind: ClusterRegistryCredential\nmetadata: {{name: credential-{at}}}\nspec: {spec}"),
        );
    }
    index
}

#[test]
fn one_changed_namespace_of_a_thousand_is_planned_alone() {
    let mut index = large();
    let live = tables(&index);
    let planned = |index: &mut Index| {
        let stale: BTreeSet<Arc<str>> = index.take_stale_tables();
        super::plan(index, &stale, |name| live.get(name))
    };
    assert_eq!(planned(&mut index).planned, 1000);
    add(
        &mut index,
        7,
        "kind: Namespace\nmetadata: {name: n7, resourceVersion: '2', labels: {keyside.dev/inject: disabled}}",
    );
    let plan = planned(&mut index);
    assert_eq!((plan.planned, plan.deletes), (1, vec!["n7".into()]));
    add(
        &mut index,
        3500,
        "kind: Secret\nmetadata: {namespace: n8, name: own}\nauths: {own.example: 'u:p'}",
    );
    let plan = planned(&mut index);
    assert_eq!((plan.planned, plan.writes.len()), (1, 1));
    // A rotation of what a thousand namespaces have concerns the one where the Secret stands.
    let rotated = "kind: Secret\nmetadata: {namespace: n0, name: s3, resourceVersion: '2'}\nauths: {r3.example.com/team-3: 'u:new', r3.example.com: 'u:new'}";
    add(&mut index, 2003, rotated);
    let plan = planned(&mut index);
    assert_eq!(plan.planned, 1);
    assert!(is_nothing(&plan));
    assert_eq!(planned(&mut index).planned, 0, "nothing has changed");
}

#[test]
fn a_hundred_credentials_make_tables_of_a_few_kilobytes_in_each_of_a_thousand_namespaces() {
    let tables = tables(&large());
    let sizes: Vec<usize> = tables
        .values()
        .map(|table| serde_json::to_vec(table).unwrap().len())
        .collect();
    assert_eq!(sizes.len(), 1000);
    let largest = sizes.iter().max().copied().unwrap_or_default();
    // An API server takes objects of a megabyte, and asks for much less.
    assert!((4_000..20_000).contains(&largest), "{largest} bytes");
    for table in tables.values() {
        let rules: usize = table.registries.values().map(Vec::len).sum();
        assert!(
            rules + table.wildcards.len() <= 200,
            "two patterns of a hundred credentials: {rules}"
        );
    }
}

#[test]
fn refused_credential_is_no_last_resort_for_what_everybody_may_pull() {
    let mut index = world(
        "kind: Namespace\nmetadata: {name: web}\n---\nkind: Secret\nmetadata: {name: s, namespace: web}\nauths: {docker.io: 'u:p', 'docker.io/library/deep': 'u:q'}\n---\nkind: RegistryCredential\nmetadata: {name: hub, namespace: web}\nspec: {source: {secret: {name: s}}}",
    );
    let version = index
        .credential(&crate::world::id("web/hub"))
        .unwrap()
        .subject
        .unwrap();
    for (at, registry) in ["docker.io", "docker.io/library/deep"].into_iter().enumerate() {
        let refused = format!(
            "kind: RegistryCredential\nmetadata: {{name: hub, namespace: web}}\nspec: {{source: {{secret: {{name: s}}}}}}\nstatus: {{verifiedVersion: '{version}', registries: [{{registry: {registry}, verified: 'False', reason: BadCredentials, lastVerifyTime: '2026-01-01T00:00:00Z'}}]}}"
        );
        add(&mut index, 10 + at, &refused);
        for image in [
            "nginx",
            "docker.io/library/nginx",
            "deep",
            "library/deep/er",
            "team/app",
            "library-x/app",
        ] {
            check(&index, "web", image);
        }
    }
}
