use super::*;
use crate::world::{NOW, add, carry_out, id, world};
use crate::{Index, plan};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

const WORLD: &str = "
kind: Namespace
metadata: {name: shop}
---
kind: Namespace
metadata: {name: project-p}
---
kind: Project
metadata: {name: p}
spec: {namespaces: [shop]}
---
kind: Secret
metadata: {name: quay, namespace: project-p}
auths: {quay.io: 'u:p'}
---
kind: Secret
metadata: {name: ghcr, namespace: project-p}
auths: {ghcr.io: 'u:p'}
---
kind: RegistryCredential
metadata: {name: quay, namespace: project-p}
spec: {scope: Project, source: {secret: {name: quay}}}
---
kind: RegistryCredential
metadata: {name: ghcr, namespace: project-p}
spec: {scope: Project, source: {secret: {name: ghcr}}}
---
kind: Secret
metadata: {name: plain, namespace: shop}
auths: {reg.corp: 'u:p'}
";

fn shop() -> Index {
    let mut index = world(WORLD);
    for name in ["project-p/quay", "project-p/ghcr"] {
        let view = plan::copy::view_credential(&mut index, &id(name), NOW);
        let plan = plan::plan(view, NOW, SignedDuration::ZERO);
        carry_out(&mut index, plan);
    }
    index
}

fn pod(images: &[&str]) -> Value {
    let containers: Vec<Value> = images
        .iter()
        .map(|image| json!({"name": "c", "image": image}))
        .collect();
    json!({"metadata": {"name": "p"}, "spec": {"containers": containers}})
}

/// Decides and applies the patch as an API server would.
fn injected(index: &Index, pod: &Value) -> (Value, Injection) {
    let text = pod.to_string();
    let parsed = Pod::parse(&text).unwrap();
    let injection = decide(index, "shop", &parsed);
    let operations = serde_json::to_value(patch(&parsed, &injection.add)).unwrap();
    let mut patched = pod.clone();
    let operations: json_patch::Patch = serde_json::from_value(operations).unwrap();
    json_patch::patch(&mut patched, &operations).unwrap();
    (patched, injection)
}

/// Injects and compares the list of pull secrets.
fn check(pod: &Value, expected: &[&str]) {
    let (patched, _) = injected(&shop(), pod);
    assert_eq!(names(&patched), expected, "{pod}");
}

fn names(pod: &Value) -> Vec<String> {
    let list = pod["spec"]["imagePullSecrets"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    list.iter()
        .map(|one| one["name"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn pod_is_given_the_credential_of_each_image_once() {
    check(
        &pod(&["quay.io/a/b:1", "ghcr.io/a/b", "quay.io/c/d"]),
        &["quay", "ghcr"],
    );
    check(&pod(&["reg.corp/x"]), &["plain"]);
}

#[test]
fn pod_without_matching_image_is_left_alone() {
    let public = pod(&["nginx", "registry.k8s.io/pause:3.9"]);
    let (patched, injection) = injected(&shop(), &public);
    assert_eq!(patched, public);
    assert_eq!(injection, Injection::default());
}

#[test]
fn image_of_every_kind_counts() {
    let mut all = pod(&["nginx"]);
    all["spec"]["initContainers"] = json!([{"name": "i", "image": "quay.io/i/i"}]);
    check(&all, &["quay"]);
    let mut all = pod(&["nginx"]);
    all["spec"]["ephemeralContainers"] = json!([{"name": "e", "image": "ghcr.io/e/e"}]);
    check(&all, &["ghcr"]);
    let mut all = pod(&["nginx"]);
    all["spec"]["volumes"] =
        json!([{"name": "d", "emptyDir": {}}, {"name": "v", "image": {"reference": "reg.corp/data:1"}}]);
    check(&all, &["plain"]);
}

#[test]
fn f09_own_list_keeps_its_order_and_gets_no_duplicates() {
    let mut own = pod(&["quay.io/a/b", "ghcr.io/a/b"]);
    own["spec"]["imagePullSecrets"] = json!([{"name": "mine"}, {"name": "ghcr"}, {"name": "mine"}]);
    check(&own, &["mine", "ghcr", "mine", "quay"]);
}

#[test]
fn list_that_is_null_or_empty_or_holds_an_empty_entry_is_appended_to() {
    for (list, expected) in [
        (json!(null), vec!["quay"]),
        (json!([]), vec!["quay"]),
        (json!([{}]), vec!["", "quay"]),
    ] {
        let mut own = pod(&["quay.io/a/b"]);
        own["spec"]["imagePullSecrets"] = list;
        check(&own, &expected);
    }
}

#[test]
fn annotation_says_what_was_added_and_keeps_the_others() {
    let mut own = pod(&["quay.io/a/b"]);
    own["metadata"]["annotations"] = json!({"other/key": "x"});
    let (patched, _) = injected(&shop(), &own);
    assert_eq!(
        patched["metadata"]["annotations"],
        json!({"other/key": "x", "keyside.dev/injected": "quay"})
    );
    // A sidecar came by another webhook, and the API server asks again.
    let mut again = patched.clone();
    again["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "s", "image": "ghcr.io/s/s"}));
    let (patched, _) = injected(&shop(), &again);
    assert_eq!(
        patched["metadata"]["annotations"]["keyside.dev/injected"],
        "quay,ghcr"
    );
    assert_eq!(names(&patched), ["quay", "ghcr"]);
}

#[test]
fn pod_or_namespace_can_ask_to_be_left_alone() {
    for (meta, expected) in [
        (
            json!({"labels": {"keyside.dev/ignore": "true"}}),
            LeftAlone::Ignored,
        ),
        (
            json!({"annotations": {"keyside.dev/inject": "disabled"}}),
            LeftAlone::Disabled,
        ),
        (
            json!({"annotations": {"kubernetes.io/config.mirror": "x"}}),
            LeftAlone::Mirror,
        ),
    ] {
        let mut own = pod(&["quay.io/a/b"]);
        own["metadata"] = meta;
        let (patched, injection) = injected(&shop(), &own);
        assert_eq!((patched, injection.left_alone), (own, Some(expected)));
    }
    let mut index = shop();
    add(
        &mut index,
        0,
        "kind: Namespace\nmetadata: {name: shop, labels: {keyside.dev/inject: disabled}}",
    );
    assert_eq!(
        injected(&index, &pod(&["quay.io/a/b"])).1.left_alone,
        Some(LeftAlone::Disabled)
    );
}

#[test]
fn disabled_injection_still_says_what_the_pod_needs() {
    let mut own = pod(&["quay.io/a/b"]);
    own["metadata"]["annotations"] = json!({"keyside.dev/inject": "disabled"});
    let (_, injection) = injected(&shop(), &own);
    assert!(injection.add.is_empty() && injection.needs.contains_key(&id("project-p/quay")));
}

#[test]
fn account_that_guards_its_secrets_keeps_its_pods_from_additions_that_would_get_them_refused() {
    let mut index = shop();
    let account = json!({"name": "strict", "namespace": "shop", "annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}});
    index.apply_account(&serde_json::from_value(account).unwrap());
    let mut own = pod(&["quay.io/a/b"]);
    own["spec"]["serviceAccountName"] = json!("strict");
    let (patched, injection) = injected(&index, &own);
    assert_eq!(
        (patched, injection.left_alone),
        (own.clone(), Some(LeftAlone::GuardedAccount))
    );
    own["spec"]["serviceAccountName"] = json!("default");
    assert_eq!(names(&injected(&index, &own).0), ["quay"]);
}

#[test]
fn copy_that_is_due_is_named_and_awaited() {
    let mut index = shop();
    index.remove_copy("shop", "quay", None);
    let (patched, injection) = injected(&index, &pod(&["quay.io/a/b", "ghcr.io/a/b"]));
    assert_eq!(names(&patched), ["quay", "ghcr"]);
    assert_eq!(injection.awaited, [id("project-p/quay")]);
}

#[test]
fn repository_that_is_the_path_of_the_credential_itself_is_awaited_until_it_has_its_key() {
    let narrow = WORLD.replace(
        "source: {secret: {name: quay}}}",
        "source: {secret: {name: quay}}, repositories: [quay.io/a/b]}",
    );
    let mut index = world(&narrow);
    let deliver = |index: &mut Index| {
        let view = plan::copy::view_credential(index, &id("project-p/quay"), NOW);
        let plan = plan::plan(view, NOW, SignedDuration::ZERO);
        carry_out(index, plan);
    };
    deliver(&mut index);
    let (_, injection) = injected(&index, &pod(&["quay.io/a/b:1"]));
    assert_eq!(injection.awaited, [id("project-p/quay")]);
    let images = injection.needs[&id("project-p/quay")].clone();
    assert_eq!(*images, ["quay.io/a/b".into()]);
    index.note_need("shop", &id("project-p/quay"), images, NOW);
    deliver(&mut index);
    assert!(injected(&index, &pod(&["quay.io/a/b:1"])).1.awaited.is_empty());
}

#[test]
fn unparsable_image_stops_no_other() {
    check(&pod(&["UPPER/case//", "quay.io/a/b"]), &["quay"]);
}

/// Pods of every shape: lists that are absent, null, empty, full; images that match, do not match, do not parse.
fn any_pod() -> impl Strategy<Value = Value> {
    let image = prop_oneof![
        Just("quay.io/a/b:1"),
        Just("ghcr.io/x"),
        Just("nginx"),
        Just("reg.corp/data"),
        Just("Quay.io/a"),
        Just(""),
        Just("::"),
    ];
    let containers = proptest::collection::vec(image, 0..4);
    let secret = prop_oneof![
        Just(json!({})),
        Just(json!({"name": "quay"})),
        Just(json!({"name": "mine"})),
        Just(json!({"name": ""})),
    ];
    let list = prop_oneof![
        Just(None),
        Just(Some(json!(null))),
        proptest::collection::vec(secret, 0..4).prop_map(|list| Some(json!(list))),
    ];
    let annotations = prop_oneof![
        Just(None),
        Just(Some(json!(null))),
        Just(Some(json!({"a/b": "c"})))
    ];
    (containers.clone(), containers, list, annotations).prop_map(|(containers, inits, list, annotations)| {
        let of = |images: Vec<&str>| images.iter().map(|image| json!({"image": image, "x": 1})).collect::<Vec<_>>();
        let mut pod = json!({"metadata": {}, "spec": {"containers": of(containers), "initContainers": of(inits)}, "unknown": {"kept": true}});
        if let Some(list) = list {
            pod["spec"]["imagePullSecrets"] = list;
        }
        if let Some(annotations) = annotations {
            pod["metadata"]["annotations"] = annotations;
        }
        pod
    })
}

/// The pod without what keyside may add.
fn without_additions(pod: &Value, keep: usize) -> Value {
    let mut pod = pod.clone();
    if let Some(list) = pod["spec"]["imagePullSecrets"].as_array_mut() {
        list.truncate(keep);
    }
    if let Some(annotations) = pod["metadata"]["annotations"].as_object_mut() {
        annotations.remove("keyside.dev/injected");
    }
    normal(pod)
}

/// Null, empty and absent are the same list and the same annotations.
fn normal(mut pod: Value) -> Value {
    for (parent, key) in [("spec", "imagePullSecrets"), ("metadata", "annotations")] {
        let is_empty = match pod[parent].get(key) {
            Some(Value::Null) => true,
            Some(Value::Array(list)) => list.is_empty(),
            Some(Value::Object(map)) => map.is_empty(),
            _ => false,
        };
        if is_empty {
            pod[parent].as_object_mut().unwrap().remove(key);
        }
    }
    pod
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn injection_only_appends(pod in any_pod()) {
        let (patched, _) = injected(&shop(), &pod);
        let before = names(&pod).len();
        prop_assert_eq!(&names(&patched)[..before], &names(&pod)[..]);
        prop_assert_eq!(without_additions(&patched, before), normal(pod));
    }

    #[test]
    fn injection_twice_is_injection_once(pod in any_pod()) {
        let index = shop();
        let (once, _) = injected(&index, &pod);
        let (twice, again) = injected(&index, &once);
        prop_assert_eq!(once, twice);
        prop_assert!(again.add.is_empty());
    }
}
