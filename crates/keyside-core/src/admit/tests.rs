use super::*;
use crate::Index;
use crate::world::{add, id, world};
use keyside_api::{ClusterRegistryCredential, RegistryCredential};
use serde_json::json;

const SHOP: &str = "
kind: Namespace
metadata: {name: project-shop}
---
kind: Namespace
metadata: {name: web}
---
kind: Namespace
metadata: {name: lab}
---
kind: Project
metadata: {name: shop}
spec: {namespaces: [web]}
---
kind: Secret
metadata: {name: testquay, namespace: web}
auths: {ghcr.io: 'a:b'}
";

fn new(namespace: &str, name: &str, spec: serde_json::Value) -> Credential {
    let object = json!({
        "apiVersion": "keyside.dev/v1alpha1", "kind": "RegistryCredential",
        "metadata": {"name": name, "namespace": namespace}, "spec": spec,
    });
    Credential::from(&serde_json::from_value::<RegistryCredential>(object).unwrap())
}

fn check(index: &Index, credential: &Credential, expected: Result<(), &str>) {
    let got = super::credential(index, credential, None).map_err(|refusal| refusal.to_string());
    assert_eq!(got, expected.map_err(str::to_owned));
}

#[test]
fn p3_name_taken_in_a_target_namespace_is_refused_and_both_are_named() {
    let spec = json!({"scope": "Project", "source": {"secret": {"name": "testquay"}}});
    let refused = "`metadata.name`: namespace web already has a Secret testquay that keyside did not make; it would not be overwritten: choose another name, or remove that Secret first";
    check(
        &world(SHOP),
        &new("project-shop", "testquay", spec.clone()),
        Err(refused),
    );
    check(&world(SHOP), &new("project-shop", "other", spec), Ok(()));
}

#[test]
fn own_source_of_the_same_name_is_no_clash() {
    let spec = json!({"source": {"secret": {"name": "testquay"}}});
    check(&world(SHOP), &new("web", "testquay", spec.clone()), Ok(()));
    let other = json!({"source": {"secret": {"name": "elsewhere"}}});
    assert!(super::credential(&world(SHOP), &new("web", "testquay", other), None).is_err());
}

#[test]
fn scope_project_outside_of_a_home_is_refused() {
    let spec = json!({"scope": "Project", "source": {"secret": {"name": "x"}}});
    let refused = "`spec.scope` may be Project only in the home namespace of a Project, and lab is none: create the credential in the Project's home namespace, or use scope Namespace";
    check(&world(SHOP), &new("lab", "x", spec), Err(refused));
}

#[test]
fn two_credentials_of_one_name_may_not_reach_one_namespace() {
    let mut index = world(SHOP);
    add(
        &mut index,
        20,
        "kind: RegistryCredential\nmetadata: {name: quay, namespace: project-shop}\nspec: {scope: Project, source: {secret: {name: s}}}",
    );
    let own = new("web", "quay", json!({"source": {"secret": {"name": "s"}}}));
    let refused = "`metadata.name`: RegistryCredential project-shop/quay already delivers a Secret of this name to namespace web: choose another name";
    check(&index, &own, Err(refused));
    let cluster = json!({
        "apiVersion": "keyside.dev/v1alpha1", "kind": "ClusterRegistryCredential", "metadata": {"name": "quay"},
        "spec": {"source": {"secret": {"namespace": "lab", "name": "s"}}, "excludeNamespaces": ["web"]},
    });
    let cluster = serde_json::from_value::<ClusterRegistryCredential>(cluster).unwrap();
    check(&index, &Credential::from(&cluster), Ok(()));
}

#[test]
fn clash_that_came_later_does_not_forbid_edits() {
    let mut index = world(SHOP);
    add(
        &mut index,
        20,
        "kind: RegistryCredential\nmetadata: {name: testquay, namespace: project-shop}\nspec: {scope: Project, source: {secret: {name: s}}}",
    );
    let former = index.credential(&id("project-shop/testquay")).unwrap();
    let edited = new(
        "project-shop",
        "testquay",
        json!({"scope": "Project", "source": {"secret": {"name": "other"}}}),
    );
    assert_eq!(super::credential(&index, &edited, Some(former)), Ok(()));
}

#[test]
fn credential_that_takes_the_place_of_another_may_have_its_name() {
    let mut index = world(SHOP);
    add(
        &mut index,
        20,
        "kind: RegistryCredential\nmetadata: {name: testquay, namespace: web}\nspec: {source: {secret: {name: testquay}}}",
    );
    let mut moved = new(
        "project-shop",
        "testquay",
        json!({"scope": "Project", "source": {"secret": {"name": "testquay"}}}),
    );
    assert!(super::credential(&index, &moved, None).is_err());
    moved.moved_from = Some(id("web/testquay"));
    assert_eq!(super::credential(&index, &moved, None), Ok(()));
}

#[test]
fn registry_and_repositories_that_can_never_match_are_refused_with_the_place() {
    for (field, spec) in [
        (
            "`spec.registry`",
            json!({"registry": "quay.io?x", "source": {"secret": {"name": "s"}}}),
        ),
        (
            "`spec.repositories[1]`",
            json!({"repositories": ["quay.io/a", "quay.io/a:1"], "source": {"secret": {"name": "s"}}}),
        ),
    ] {
        let refusal = super::credential(&world(SHOP), &new("web", "x", spec), None)
            .unwrap_err()
            .to_string();
        assert!(refusal.starts_with(field), "{refusal}");
    }
}

fn project_with(spec: serde_json::Value) -> Project {
    let object = json!({"apiVersion": "keyside.dev/v1alpha1", "kind": "Project", "metadata": {"name": "new"}, "spec": spec});
    Project::from(&serde_json::from_value::<keyside_api::Project>(object).unwrap())
}

#[test]
fn home_that_is_taken_or_of_the_system_is_refused() {
    for (home, expected) in [
        (
            "project-shop",
            "`spec.homeNamespace`: project-shop is the home of Project shop; a Project needs a home of its own",
        ),
        (
            "kube-system",
            "`spec.homeNamespace`: kube-system is a system namespace; choose another one",
        ),
        (
            "keyside-system",
            "`spec.homeNamespace`: keyside-system is a system namespace; choose another one",
        ),
    ] {
        let refusal = project(&world(SHOP), &project_with(json!({"homeNamespace": home}))).unwrap_err();
        assert_eq!(refusal.to_string(), expected);
    }
}

#[test]
fn p3_namespace_cannot_join_where_a_secret_has_the_name_of_a_credential() {
    let mut index = world(SHOP);
    add(
        &mut index,
        20,
        "kind: RegistryCredential\nmetadata: {name: x, namespace: project-shop}\nspec: {scope: Project, source: {secret: {name: s}}}",
    );
    add(
        &mut index,
        21,
        "kind: Secret\nmetadata: {name: x, namespace: lab}\nauths: {ghcr.io: 'a:b'}",
    );
    let joining = json!({"apiVersion": "keyside.dev/v1alpha1", "kind": "Project", "metadata": {"name": "shop"}, "spec": {"namespaces": ["web", "lab"]}});
    let joining = Project::from(&serde_json::from_value::<keyside_api::Project>(joining).unwrap());
    let refusal = project(&index, &joining).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::NameTaken {
            namespace: "lab".to_owned(),
            name: "x".to_owned()
        }
    );
}
