use super::accept::{Taken, accept, is_true};
use super::{resources, version_rank};
use serde_json::{Value, json};

fn definition(plural: &str, kind: &str, extra: Value) -> Value {
    let mut names = json!({"plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List")});
    names
        .as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    json!({
        "metadata": {"name": format!("{plural}.example.com")},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [
            {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]},
        "status": {"storedVersions": ["v1"]},
    })
}

fn condition<'a>(definition: &'a Value, kind: &str) -> &'a Value {
    let conditions = definition["status"]["conditions"].as_array().unwrap();
    conditions.iter().find(|c| c["type"] == kind).unwrap()
}

#[test]
fn free_names_are_accepted_and_the_definition_is_established() {
    let mut foo = definition("foos", "Foo", json!({"shortNames": ["f"], "categories": ["all"]}));
    assert!(accept(&mut foo, &Taken::default(), "2024-01-01T00:00:00Z"));
    assert!(is_true(&foo, "NamesAccepted") && is_true(&foo, "Established"));
    assert_eq!(foo["status"]["acceptedNames"], foo["spec"]["names"]);
    assert!(
        !accept(&mut foo, &Taken::default(), "2024-01-01T00:00:01Z"),
        "nothing more to do"
    );
    let served = resources(&foo);
    assert_eq!(
        (served[0].plural.as_str(), served[0].short_names[0].as_str()),
        ("foos", "f")
    );
}

#[test]
fn names_of_others_are_refused() {
    let mut foo = definition("foos", "Foo", json!({"shortNames": ["f"]}));
    accept(&mut foo, &Taken::default(), "t");
    let mut bar = definition("bars", "Bar", json!({"shortNames": ["f"]}));
    accept(&mut bar, &Taken::of([&foo], "example.com"), "t");
    assert!(!is_true(&bar, "Established"));
    assert_eq!(condition(&bar, "NamesAccepted")["reason"], "ShortNamesConflict");
    assert_eq!(
        condition(&bar, "NamesAccepted")["message"],
        "\"f\" is already in use"
    );
    assert_eq!(condition(&bar, "Established")["reason"], "NotAccepted");
    assert_eq!(bar["status"]["acceptedNames"].get("shortNames"), None);
    accept(&mut bar, &Taken::of([], "example.com"), "t");
    assert!(is_true(&bar, "Established"), "once the name is free");
}

#[test]
fn versions_are_ranked_as_kubernetes_does() {
    let mut versions = vec!["foo1", "v1alpha1", "v10", "v2", "v1beta2", "v1beta10"];
    versions.sort_by_key(|v| std::cmp::Reverse(version_rank(v)));
    assert_eq!(versions, ["v10", "v2", "v1beta10", "v1beta2", "v1alpha1", "foo1"]);
}
