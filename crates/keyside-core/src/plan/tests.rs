use super::*;
use crate::Index;
use crate::world::{NOW, add, carry_out, id, managed, world};
use serde_json::json;
use std::sync::Arc;

const SHOP: &str = "
kind: Namespace
metadata: {name: project-shop}
---
kind: Namespace
metadata: {name: web}
---
kind: Namespace
metadata: {name: api}
---
kind: Project
metadata: {name: shop}
spec: {namespaces: [web, api]}
---
kind: Secret
metadata: {name: testquay, namespace: project-shop}
auths: {quay.io: 'u:p'}
---
kind: RegistryCredential
metadata: {name: testquay, namespace: project-shop}
spec: {scope: Project, source: {secret: {name: testquay}}}
";

const GRACE: SignedDuration = SignedDuration::from_secs(5);

fn later(seconds: i64) -> Timestamp {
    NOW.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

/// Plans for a credential at a time and does it.
fn credential(index: &mut Index, name: &str, now: Timestamp) -> Vec<String> {
    let view = copy::view_credential(index, &id(name), now);
    let plan = plan(view, now, GRACE);
    carry_out(index, plan)
}

/// Plans for a namespace at a time and does it.
fn namespace(index: &mut Index, name: &str, now: Timestamp) -> Vec<String> {
    let name: Arc<str> = name.into();
    let view = copy::view_namespace(index, &name, now);
    let plan = plan(view, now, GRACE);
    carry_out(index, plan)
}

fn delivered() -> Index {
    let mut index = world(SHOP);
    assert_eq!(
        credential(&mut index, "project-shop/testquay", NOW),
        ["create api/testquay", "create web/testquay"]
    );
    index
}

#[test]
fn what_stands_as_it_shall_is_not_written_again() {
    let mut index = delivered();
    assert!(credential(&mut index, "project-shop/testquay", NOW).is_empty());
    assert!(namespace(&mut index, "web", NOW).is_empty());
}

#[test]
fn f04_f05_new_password_changes_every_copy_in_place() {
    let mut index = delivered();
    let touched = add(
        &mut index,
        4,
        "kind: Secret\nmetadata: {name: testquay, namespace: project-shop}\nauths: {quay.io: 'u:new'}",
    );
    assert!(touched.credentials.contains(&id("project-shop/testquay")));
    assert_eq!(
        credential(&mut index, "project-shop/testquay", NOW),
        ["update api/testquay", "update web/testquay"]
    );
}

#[test]
fn f22_copy_carries_only_our_own_labels_and_annotations() {
    let labelled = SHOP.replace(
        "{name: testquay, namespace: project-shop}\nauths",
        "{name: testquay, namespace: project-shop, labels: {app: x}, annotations: {kubectl.kubernetes.io/last-applied-configuration: 's3cret'}}\nauths",
    );
    let mut index = world(&labelled);
    let view = copy::view_credential(&mut index, &id("project-shop/testquay"), NOW);
    let write = plan(view, NOW, GRACE).writes.remove(0);
    let keys: Vec<&str> = write
        .labels
        .keys()
        .chain(write.annotations.keys())
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "app.kubernetes.io/managed-by",
            "keyside.dev/credential",
            "keyside.dev/source"
        ]
    );
}

#[test]
fn f12_copy_that_is_gone_is_made_again() {
    let mut index = delivered();
    let touched = index.remove_copy("web", "testquay", None);
    assert!(touched.namespaces.contains("web"));
    assert_eq!(namespace(&mut index, "web", NOW), ["create web/testquay"]);
}

#[test]
fn f13_copy_that_was_edited_is_put_right_in_place() {
    let mut index = delivered();
    let copy = *index.copy("web", "testquay").unwrap();
    let mark = index
        .wanted_annotation("web", index.credential(&id("project-shop/testquay")).unwrap())
        .unwrap();
    let edited = json!({
        "name": "testquay", "namespace": "web", "uid": copy.uid().unwrap(), "resourceVersion": "99999999",
        "labels": {"app.kubernetes.io/managed-by": "keyside", "keyside.dev/credential": "RegistryCredential.project-shop.testquay"},
        "annotations": {"keyside.dev/source": mark},
        "managedFields": [{"manager": "keyside", "fieldsV1": {"f:type": {}}}, managed("kubectl-edit")],
    });
    let touched = index.apply_copy(&serde_json::from_value(edited).unwrap(), NOW);
    assert!(touched.namespaces.contains("web"));
    assert_eq!(namespace(&mut index, "web", NOW), ["update web/testquay"]);
}

#[test]
fn f14_f15_foreign_secret_is_in_no_plan_and_the_copy_gets_another_name() {
    let mut index = world(SHOP);
    add(
        &mut index,
        40,
        "kind: Secret\nmetadata: {name: testquay, namespace: web}\nauths: {ghcr.io: 'a:b'}",
    );
    assert_eq!(
        credential(&mut index, "project-shop/testquay", NOW),
        ["create api/testquay", "create web/testquay-00000006"]
    );
    // A Secret of a kind that no watch shows: only the API server knows.
    let mut index = world(SHOP);
    index.set_taken("web", "testquay", true);
    assert_eq!(
        credential(&mut index, "project-shop/testquay", NOW),
        ["create api/testquay", "create web/testquay-00000006"]
    );
}

#[test]
fn name_that_becomes_free_is_taken_and_the_other_copy_goes_after_it() {
    let mut index = world(SHOP);
    add(
        &mut index,
        40,
        "kind: Secret\nmetadata: {name: testquay, namespace: web}\nauths: {ghcr.io: 'a:b'}",
    );
    credential(&mut index, "project-shop/testquay", NOW);
    index.remove_secret("web", "testquay", None);
    assert_eq!(namespace(&mut index, "web", NOW), ["create web/testquay"]);
    assert!(namespace(&mut index, "web", NOW).is_empty());
    assert_eq!(
        namespace(&mut index, "web", later(5)),
        ["delete web/testquay-00000006"]
    );
}

#[test]
fn f17_moved_namespace_gets_the_new_copy_before_the_old_one_goes() {
    let mut index = delivered();
    for (at, document) in [
        (20, "kind: Namespace\nmetadata: {name: project-other}"),
        (
            21,
            "kind: Secret\nmetadata: {name: otherquay, namespace: project-other}\nauths: {quay.io: 'o:o'}",
        ),
        (
            22,
            "kind: Project\nmetadata: {name: other}\nspec: {namespaces: [web]}",
        ),
        (
            23,
            "kind: RegistryCredential\nmetadata: {name: otherquay, namespace: project-other}\nspec: {scope: Project, source: {secret: {name: otherquay}}}",
        ),
    ] {
        add(&mut index, at, document);
    }
    let touched = add(
        &mut index,
        3,
        "kind: Project\nmetadata: {name: shop}\nspec: {namespaces: [api]}",
    );
    assert!(touched.namespaces.contains("web"));
    assert_eq!(namespace(&mut index, "web", NOW), ["create web/otherquay"]);
    assert!(namespace(&mut index, "web", later(4)).is_empty());
    assert_eq!(namespace(&mut index, "web", later(5)), ["delete web/testquay"]);
}

#[test]
fn f17_moved_namespace_where_both_projects_use_one_name_is_changed_in_place() {
    let mut index = delivered();
    for (at, document) in [
        (20, "kind: Namespace\nmetadata: {name: project-other}"),
        (
            21,
            "kind: Secret\nmetadata: {name: testquay, namespace: project-other}\nauths: {quay.io: 'o:o'}",
        ),
        (
            22,
            "kind: Project\nmetadata: {name: other}\nspec: {namespaces: [web]}",
        ),
        (
            23,
            "kind: RegistryCredential\nmetadata: {name: testquay, namespace: project-other}\nspec: {scope: Project, source: {secret: {name: testquay}}}",
        ),
        (
            3,
            "kind: Project\nmetadata: {name: shop}\nspec: {namespaces: [api]}",
        ),
    ] {
        add(&mut index, at, document);
    }
    assert_eq!(namespace(&mut index, "web", NOW), ["update web/testquay"]);
    assert!(namespace(&mut index, "web", later(60)).is_empty());
    assert!(credential(&mut index, "project-shop/testquay", later(60)).is_empty());
}

#[test]
fn f18_f20_copies_go_when_project_credential_or_membership_go_and_foreign_secrets_stay() {
    let mut index = delivered();
    add(
        &mut index,
        40,
        "kind: Secret\nmetadata: {name: mine, namespace: web}\nauths: {ghcr.io: 'a:b'}",
    );
    index.remove_project("shop");
    assert!(namespace(&mut index, "web", NOW).is_empty());
    assert_eq!(namespace(&mut index, "web", later(6)), ["delete web/testquay"]);
    assert_eq!(index.secrets_in("web").count(), 1);
    index.remove_credential(&id("project-shop/testquay"));
    assert!(namespace(&mut index, "api", later(7)).is_empty());
    assert_eq!(namespace(&mut index, "api", later(12)), ["delete api/testquay"]);
}

#[test]
fn project_that_comes_back_within_the_grace_time_loses_nothing() {
    let mut index = delivered();
    index.remove_project("shop");
    assert!(namespace(&mut index, "web", NOW).is_empty());
    add(
        &mut index,
        3,
        "kind: Project\nmetadata: {name: shop}\nspec: {namespaces: [web, api]}",
    );
    assert!(namespace(&mut index, "web", later(60)).is_empty());
    index.remove_project("shop");
    // The time counts from the second loss, not from the first.
    assert!(namespace(&mut index, "web", later(61)).is_empty());
}

#[test]
fn source_that_vanished_or_broke_leaves_the_copies_as_they_are() {
    let mut index = delivered();
    index.remove_secret("project-shop", "testquay", None);
    assert!(credential(&mut index, "project-shop/testquay", NOW).is_empty());
    assert!(namespace(&mut index, "web", later(60)).is_empty());
}

#[test]
fn f23_terminating_and_ignored_namespaces_are_in_no_plan() {
    for meta in [
        "deletionTimestamp: '2026-01-02T00:00:00Z'",
        "annotations: {keyside.dev/ignore: 'true'}",
    ] {
        let mut index = delivered();
        index.remove_copy("web", "testquay", None);
        add(
            &mut index,
            1,
            &format!("kind: Namespace\nmetadata: {{name: web, {meta}}}"),
        );
        assert!(namespace(&mut index, "web", later(60)).is_empty(), "{meta}");
        assert!(
            credential(&mut index, "project-shop/testquay", later(60)).is_empty(),
            "{meta}"
        );
    }
}

#[test]
fn f16_one_namespace_never_keeps_the_plan_of_another() {
    let mut index = world(SHOP);
    index.set_taken("api", "testquay", true);
    index.set_taken("api", "testquay-00000006", true);
    let done = credential(&mut index, "project-shop/testquay", NOW);
    assert!(done.contains(&"create web/testquay".to_owned()), "{done:?}");
}

#[test]
fn credential_of_a_project_outside_of_a_home_is_delivered_nowhere() {
    let mut index = world(SHOP);
    add(
        &mut index,
        30,
        "kind: Secret\nmetadata: {name: stray, namespace: web}\nauths: {quay.io: 'u:p'}",
    );
    add(
        &mut index,
        31,
        "kind: RegistryCredential\nmetadata: {name: stray, namespace: web}\nspec: {scope: Project, source: {secret: {name: stray}}}",
    );
    assert!(credential(&mut index, "web/stray", NOW).is_empty());
}

#[test]
fn own_secret_serves_its_own_namespace_without_a_copy() {
    let mut index = world("kind: Namespace\nmetadata: {name: lab}");
    add(
        &mut index,
        1,
        "kind: Secret\nmetadata: {name: x, namespace: lab}\nauths: {quay.io: 'u:p'}",
    );
    add(
        &mut index,
        2,
        "kind: RegistryCredential\nmetadata: {name: x, namespace: lab}\nspec: {source: {secret: {name: x}}}",
    );
    assert!(credential(&mut index, "lab/x", NOW).is_empty());
    // Under a spelling that the kubelet would not find, a copy stands beside it.
    add(
        &mut index,
        1,
        "kind: Secret\nmetadata: {name: x, namespace: lab}\nauths: {hub.docker.com: 'u:p'}",
    );
    assert_eq!(credential(&mut index, "lab/x", NOW), ["create lab/x-00000003"]);
}

#[test]
fn on_demand_copy_comes_with_the_need_and_goes_when_it_is_released() {
    let mut index = world(&SHOP.replace(
        "scope: Project, source",
        "scope: Project, delivery: OnDemand, source",
    ));
    assert!(credential(&mut index, "project-shop/testquay", NOW).is_empty());
    assert!(index.note_need("web", &id("project-shop/testquay"), Vec::new(), NOW));
    assert_eq!(namespace(&mut index, "web", NOW), ["create web/testquay"]);
    let idle = on_demand::idle(&index, NOW, later(10), SignedDuration::from_secs(20));
    assert!(idle.is_empty());
    let idle = on_demand::idle(&index, NOW, later(20), SignedDuration::from_secs(20));
    assert_eq!(
        (idle.len(), &*idle[0].namespace, &*idle[0].secret),
        (1, "web", "testquay")
    );
    index.release_need(&idle[0].namespace, &idle[0].credential, later(20));
    assert!(namespace(&mut index, "web", later(20)).is_empty());
    assert_eq!(namespace(&mut index, "web", later(25)), ["delete web/testquay"]);
    assert!(index.note_need("web", &id("project-shop/testquay"), Vec::new(), later(30)));
    assert_eq!(namespace(&mut index, "web", later(30)), ["create web/testquay"]);
}

#[test]
fn moved_credential_waits_until_the_former_one_hands_its_name_over() {
    let mut index = world(SHOP);
    add(
        &mut index,
        30,
        "kind: Secret\nmetadata: {name: moving, namespace: web}\nauths: {ghcr.io: 'u:p'}",
    );
    add(
        &mut index,
        31,
        "kind: RegistryCredential\nmetadata: {name: moving, namespace: web}\nspec: {source: {secret: {name: moving}}}",
    );
    add(
        &mut index,
        32,
        "kind: Secret\nmetadata: {name: moving, namespace: project-shop}\nauths: {ghcr.io: 'u:p'}",
    );
    add(
        &mut index,
        33,
        "kind: RegistryCredential\nmetadata: {name: moving, namespace: project-shop, annotations: {keyside.dev/moved-from: web/moving}}\nspec: {scope: Project, source: {secret: {name: moving}}}",
    );
    assert_eq!(
        credential(&mut index, "project-shop/moving", NOW),
        ["create api/moving"]
    );
    // The command line gives the Secret our label and names the new credential.
    index.remove_secret("web", "moving", None);
    let uid = index.credential(&id("project-shop/moving")).unwrap().uid.clone();
    let handed = json!({
        "name": "moving", "namespace": "web", "uid": "00000abc-0000-4000-8000-000000000000", "resourceVersion": "7",
        "labels": {"app.kubernetes.io/managed-by": "keyside", "keyside.dev/credential": "RegistryCredential.project-shop.moving"},
        "annotations": {"keyside.dev/source": format!("{uid}/0")}, "managedFields": [managed("keyside-cli")],
    });
    index.apply_copy(&serde_json::from_value(handed).unwrap(), NOW);
    index.remove_credential(&id("web/moving"));
    assert_eq!(
        namespace(&mut index, "web", NOW),
        ["update web/moving", "create web/testquay"]
    );
}

#[test]
fn history_of_a_source_reaches_no_copy_and_its_change_plans_nothing() {
    let mut index = world(SHOP);
    let first = credential(&mut index, "project-shop/testquay", NOW);
    assert_eq!(first.len(), 2);
    let secret = |content: &str, history: &str| {
        let data = json!({
            ".dockerconfigjson": content,
            crate::history::KEY: history,
        });
        json!({
            "kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "data": data,
            "metadata": {"name": "testquay", "namespace": "project-shop", "uid": "00000005-0000-4000-8000-000000000000"},
        })
    };
    let (old, new) = (
        "eyJhdXRocyI6eyJxdWF5LmlvIjp7InVzZXJuYW1lIjoidSIsInBhc3N3b3JkIjoicCJ9fX0=",
        "eyJhdXRocyI6eyJxdWF5LmlvIjp7InVzZXJuYW1lIjoidSIsInBhc3N3b3JkIjoicSJ9fX0=",
    );
    for history in ["W10=", "W3sicmVwbGFjZWQiOjF9XQ=="] {
        add(&mut index, 4, &secret(old, history).to_string());
        assert!(
            credential(&mut index, "project-shop/testquay", NOW).is_empty(),
            "{history}"
        );
    }
    // New content beside it is written, and what is written is made of entries alone.
    add(&mut index, 4, &secret(new, "W10=").to_string());
    let view = copy::view_credential(&mut index, &id("project-shop/testquay"), NOW);
    let writes: Vec<_> = view.cells.into_iter().filter_map(|cell| cell.write).collect();
    assert_eq!(writes.len(), 2);
    let expected = r#"{"auths":{"quay.io":{"username":"u","password":"q","auth":"dTpx"}}}"#;
    assert!(
        writes
            .iter()
            .all(|write| write.document.expose_text() == expected)
    );
}
