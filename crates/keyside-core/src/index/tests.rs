use super::*;
use crate::plan;
use crate::world::{NOW, add, carry_out, id, managed, world};
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

/// Two namespaces of a Project, one outside of it, and a credential of the Project.
const SHOP: &str = "
kind: Namespace
metadata: {name: project-shop}
---
kind: Namespace
metadata: {name: shop-web}
---
kind: Namespace
metadata: {name: shop-api}
---
kind: Namespace
metadata: {name: lab, labels: {tier: lab}}
---
kind: Project
metadata: {name: shop}
spec: {namespaces: [shop-web, shop-api, shop-later]}
---
kind: Secret
metadata: {name: testquay, namespace: project-shop}
auths: {quay.io: 'u:p'}
---
kind: RegistryCredential
metadata: {name: testquay, namespace: project-shop}
spec: {scope: Project, source: {secret: {name: testquay}}}
";

fn targets(index: &Index, text: &str) -> Vec<String> {
    let credential = index.credential(&id(text)).expect("the credential is known");
    index
        .targets(credential)
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn members(index: &Index, project: &str) -> Vec<String> {
    index
        .project(project)
        .expect("the project is known")
        .members
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn credential_of_a_project_reaches_the_members_and_not_its_own_home() {
    let index = world(SHOP);
    assert_eq!(targets(&index, "project-shop/testquay"), ["shop-api", "shop-web"]);
}

#[test]
fn namespace_stated_before_it_exists_joins_when_it_is_created() {
    let mut index = world(SHOP);
    let touched = add(&mut index, 50, "kind: Namespace\nmetadata: {name: shop-later}");
    assert!(touched.namespaces.contains("shop-later"));
    assert_eq!(members(&index, "shop"), ["shop-api", "shop-later", "shop-web"]);
}

#[test]
fn older_project_keeps_a_namespace_that_two_claim() {
    let mut index = world(SHOP);
    add(
        &mut index,
        50,
        "kind: Project\nmetadata: {name: another}\nspec: {namespaces: [shop-web, lab]}",
    );
    assert_eq!(members(&index, "shop"), ["shop-api", "shop-web"]);
    assert_eq!(members(&index, "another"), ["lab"]);
    let another = index.project("another").unwrap();
    assert_eq!(index.claim(another, "shop-web"), Claim::Claimed("shop".into()));
    let touched = index.remove_project("shop");
    assert!(touched.namespaces.contains("shop-web") && touched.projects.contains("another"));
    assert_eq!(members(&index, "another"), ["lab", "shop-web"]);
}

#[test]
fn namespace_cannot_join_by_its_own_label_or_annotation() {
    let mut index = world(SHOP);
    let namespace = "kind: Namespace\nmetadata: {name: lab, labels: {project: shop, keyside.dev/project: shop}, annotations: {field.cattle.io/projectId: 'c:p'}}";
    add(&mut index, 3, namespace);
    assert_eq!(members(&index, "shop"), ["shop-api", "shop-web"]);
}

#[test]
fn selector_and_rancher_project_never_take_a_system_namespace() {
    let mut index = world(SHOP);
    for name in ["kube-system", "keyside-system"] {
        let namespace = format!(
            "kind: Namespace\nmetadata: {{name: {name}, labels: {{tier: lab}}, annotations: {{field.cattle.io/projectId: 'c:p'}}}}"
        );
        add(&mut index, 20, &namespace);
    }
    let wide = "kind: Project\nmetadata: {name: wide}\nspec: {rancherProjectId: 'c:p', namespaceSelector: {matchLabels: {tier: lab}}}";
    add(&mut index, 51, wide);
    assert_eq!(members(&index, "wide"), ["lab"]);
    add(
        &mut index,
        52,
        "kind: Project\nmetadata: {name: explicit}\nspec: {namespaces: [kube-system]}",
    );
    assert_eq!(members(&index, "explicit"), ["kube-system"]);
}

#[test]
fn empty_selector_of_a_project_takes_nothing() {
    let mut index = world(SHOP);
    add(
        &mut index,
        51,
        "kind: Project\nmetadata: {name: wide}\nspec: {namespaceSelector: {}}",
    );
    assert_eq!(members(&index, "wide"), Vec::<String>::new());
}

#[test]
fn a13_namespace_made_anew_gets_nothing_until_it_is_stated_again() {
    let mut index = world(SHOP);
    index.remove_namespace("shop-web");
    add(
        &mut index,
        60,
        "kind: Namespace\nmetadata: {name: shop-web, uid: 0000003d-0000-4000-8000-000000000000}",
    );
    assert_eq!(members(&index, "shop"), ["shop-api"]);
    assert_eq!(
        index.claim(index.project("shop").unwrap(), "shop-web"),
        Claim::Recreated
    );
    let without = "kind: Project\nmetadata: {name: shop, creationTimestamp: '2026-01-01T00:00:04Z'}\nspec: {namespaces: [shop-api]}";
    add(&mut index, 4, without);
    let with = without.replace("[shop-api]", "[shop-api, shop-web]");
    add(&mut index, 4, &with);
    assert_eq!(members(&index, "shop"), ["shop-api", "shop-web"]);
}

#[test]
fn a13_what_was_accepted_is_remembered_over_a_restart() {
    let accepted = Accepted::from_bytes(&world(SHOP).accepted().to_bytes());
    let mut index = Index::new("keyside-system", None);
    index.restore_accepted(accepted);
    let other = SHOP.replace(
        "{name: shop-web}",
        "{name: shop-web, uid: 0000003d-0000-4000-8000-000000000000}",
    );
    for (at, document) in other.split("\n---\n").enumerate() {
        add(&mut index, at, document);
    }
    assert_eq!(members(&index, "shop"), ["shop-api"]);
    index.prune();
    assert_eq!(index.accepted().len(), 2);
}

#[test]
fn a13_policy_can_accept_a_namespace_made_anew() {
    let mut index = world(SHOP);
    index.set_recreated(Recreated::Accept);
    index.remove_namespace("shop-web");
    add(
        &mut index,
        60,
        "kind: Namespace\nmetadata: {name: shop-web, uid: 0000003d-0000-4000-8000-000000000000}",
    );
    assert_eq!(members(&index, "shop"), ["shop-api", "shop-web"]);
}

#[test]
fn cluster_credential_leaves_out_what_it_excludes_and_system_namespaces() {
    let mut index = world(SHOP);
    add(&mut index, 40, "kind: Namespace\nmetadata: {name: kube-system}");
    let credential = "
kind: ClusterRegistryCredential
metadata: {name: hub}
spec: {source: {secret: {namespace: keyside-system, name: hub}}, excludeNamespaces: ['shop-*']}";
    add(&mut index, 41, credential);
    assert_eq!(targets(&index, "hub"), ["lab", "project-shop"]);
    let selecting = credential.replace(
        "excludeNamespaces: ['shop-*']",
        "namespaceSelector: {matchLabels: {tier: lab}}",
    );
    add(&mut index, 41, &selecting);
    assert_eq!(targets(&index, "hub"), ["lab"]);
}

#[test]
fn foreign_secret_of_the_name_gives_the_copy_another_name() {
    let mut index = world(SHOP);
    let touched = add(
        &mut index,
        42,
        "kind: Secret\nmetadata: {name: testquay, namespace: shop-web}\nauths: {ghcr.io: 'a:b'}",
    );
    assert!(touched.namespaces.contains("shop-web"));
    let credential = index.credential(&id("project-shop/testquay")).unwrap();
    let placement = index.placement(credential, "shop-web");
    assert_eq!(
        placement,
        Placement::Copy {
            name: "testquay-00000007".into(),
            clash: Some(Clash::Foreign)
        }
    );
    assert_eq!(
        index.placement(credential, "shop-api"),
        Placement::Copy {
            name: "testquay".into(),
            clash: None
        }
    );
    index.remove_secret("shop-web", "testquay", None);
    let credential = index.credential(&id("project-shop/testquay")).unwrap();
    assert_eq!(
        index.placement(credential, "shop-web"),
        Placement::Copy {
            name: "testquay".into(),
            clash: None
        }
    );
}

#[test]
fn of_two_credentials_with_one_name_the_older_gets_it() {
    let mut index = world(SHOP);
    let hub = "kind: ClusterRegistryCredential\nmetadata: {name: testquay}\nspec: {source: {secret: {namespace: lab, name: x}}}";
    add(&mut index, 43, hub);
    let young = index.credential(&id("testquay")).unwrap();
    let clash = Clash::Credential(id("project-shop/testquay"));
    assert_eq!(
        index.placement(young, "shop-web"),
        Placement::Copy {
            name: "testquay-0000002c".into(),
            clash: Some(clash)
        }
    );
    assert_eq!(
        index.placement(young, "lab"),
        Placement::Copy {
            name: "testquay".into(),
            clash: None
        }
    );
}

#[test]
fn destination_changed_without_the_secret_suspends_until_it_is_written_anew() {
    let mut index = world(SHOP);
    let binding = index
        .credential(&id("project-shop/testquay"))
        .unwrap()
        .binding
        .clone()
        .expect("it is bound");
    let moved = |service: &str| {
        format!(
            "kind: RegistryCredential\nmetadata: {{name: testquay, namespace: project-shop}}\nspec: {{scope: Project, source: {{secret: {{name: testquay}}}}, tokenService: '{service}'}}\nstatus: {{binding: '{binding}'}}"
        )
    };
    add(&mut index, 6, &moved("https://evil.example"));
    assert!(matches!(
        index.credential(&id("project-shop/testquay")).unwrap().state,
        State::Suspended
    ));
    add(
        &mut index,
        5,
        "kind: Secret\nmetadata: {name: testquay, namespace: project-shop}\nauths: {quay.io: 'u:new'}",
    );
    assert!(
        index
            .credential(&id("project-shop/testquay"))
            .unwrap()
            .ready()
            .is_some()
    );
}

#[test]
fn wider_scope_suspends_and_narrower_does_not() {
    let mut index = world(SHOP);
    let binding = |index: &Index| {
        index
            .credential(&id("project-shop/testquay"))
            .unwrap()
            .binding
            .clone()
            .unwrap()
    };
    let scoped = |scope: &str, binding: &str| {
        format!(
            "kind: RegistryCredential\nmetadata: {{name: testquay, namespace: project-shop}}\nspec: {{scope: {scope}, source: {{secret: {{name: testquay}}}}}}\nstatus: {{binding: '{binding}'}}"
        )
    };
    let wide = binding(&index);
    add(&mut index, 6, &scoped("Namespace", &wide));
    assert!(
        index
            .credential(&id("project-shop/testquay"))
            .unwrap()
            .ready()
            .is_some()
    );
    let narrow = binding(&index);
    add(&mut index, 6, &scoped("Project", &narrow));
    assert!(matches!(
        index.credential(&id("project-shop/testquay")).unwrap().state,
        State::Suspended
    ));
}

fn settle(index: &mut Index, name: &str) -> Vec<String> {
    let view = plan::copy::view_credential(index, &id(name), NOW);
    let plan = plan::plan(view, NOW, SignedDuration::ZERO);
    carry_out(index, plan)
}

#[test]
fn f23_a_copy_is_never_taken_for_a_source_or_a_plain_pull_secret() {
    let mut index = world(SHOP);
    settle(&mut index, "project-shop/testquay");
    assert_eq!(index.secrets_in("shop-web").count(), 0);
    let of_copy = "kind: RegistryCredential\nmetadata: {name: again, namespace: shop-web}\nspec: {source: {secret: {name: testquay}}}";
    add(&mut index, 44, of_copy);
    let again = index.credential(&id("shop-web/again")).unwrap();
    assert!(matches!(again.state, State::Unserved { .. }));
}

#[test]
fn label_alone_makes_no_secret_ours() {
    let mut index = world(SHOP);
    let mut meta = json!({"name": "testquay", "namespace": "shop-web", "uid": "0000aaaa-0000-4000-8000-000000000000",
        "resourceVersion": "9", "managedFields": [managed("kubectl-client-side-apply")],
        "labels": {"keyside.dev/credential": "RegistryCredential.project-shop.testquay", "app.kubernetes.io/managed-by": "keyside"}});
    index.apply_copy(&serde_json::from_value(meta.clone()).unwrap(), NOW);
    assert!(index.copy("shop-web", "testquay").is_none());
    let credential = index.credential(&id("project-shop/testquay")).unwrap();
    let Placement::Copy { clash, .. } = index.placement(credential, "shop-web") else {
        panic!("a copy")
    };
    assert_eq!(clash, Some(Clash::Foreign));
    // Handed over: it names the very credential.
    let uid = credential.uid.clone();
    meta["annotations"] = json!({"keyside.dev/source": format!("{uid}/0")});
    meta["resourceVersion"] = json!("10");
    index.apply_copy(&serde_json::from_value(meta).unwrap(), NOW);
    let copy = index
        .copy("shop-web", "testquay")
        .expect("it is ours to change now");
    assert!(!copy.may_be_removed());
}

#[test]
fn older_state_of_a_copy_is_ignored() {
    let mut index = world(SHOP);
    settle(&mut index, "project-shop/testquay");
    let before = *index.copy("shop-web", "testquay").unwrap();
    let uid = before.uid().unwrap();
    let stale = json!({"name": "testquay", "namespace": "shop-web", "uid": uid, "resourceVersion": "1",
        "labels": {"keyside.dev/credential": "RegistryCredential.project-shop.testquay"}});
    assert!(
        index
            .apply_copy(&serde_json::from_value(stale).unwrap(), NOW)
            .is_empty()
    );
    assert_eq!(*index.copy("shop-web", "testquay").unwrap(), before);
}

#[test]
fn a_copy_takes_no_more_than_200_bytes() {
    assert!(size_of::<Copy>() <= 80, "{}", size_of::<Copy>());
}

#[test]
fn need_for_an_own_key_survives_a_restart_on_the_copy_itself() {
    let narrow = SHOP.replace(
        "source: {secret: {name: testquay}}}",
        "source: {secret: {name: testquay}}, repositories: [quay.io/shop/web]}",
    );
    let mut index = world(&narrow);
    settle(&mut index, "project-shop/testquay");
    assert!(index.note_need(
        "shop-web",
        &id("project-shop/testquay"),
        vec!["quay.io/shop/web".into()],
        NOW
    ));
    let view = plan::copy::view_credential(&mut index, &id("project-shop/testquay"), NOW);
    let plan = plan::plan(view, NOW, SignedDuration::ZERO);
    let meta = crate::world::written(&plan.writes[0], 77);
    assert_eq!(carry_out(&mut index, plan), ["update shop-web/testquay"]);
    let mut restarted = world(&narrow);
    restarted.apply_copy(&meta, NOW);
    let credential = restarted.credential(&id("project-shop/testquay")).unwrap();
    assert!(restarted.is_current("shop-web", credential));
}

/// A namespace whose Secrets may not be read, and one of keyside's own.
fn with_access(copies: bool, yaml: &str) -> Index {
    let mut index = Index::new("keyside-system", crate::InstallKey::new(&[7; 32]));
    index.set_access(Access {
        copies,
        readable: Some(std::collections::BTreeSet::new()),
    });
    for (at, document) in yaml.split("\n---\n").enumerate() {
        add(&mut index, at, document);
    }
    index
}

const UNREAD: &str = "
kind: Namespace
metadata: {name: web}
---
kind: Namespace
metadata: {name: keyside-system}
---
kind: RegistryCredential
metadata: {name: stated, namespace: web}
spec: {registry: quay.io/shop, source: {secret: {name: theirs}}}
---
kind: RegistryCredential
metadata: {name: unstated, namespace: web}
spec: {source: {secret: {name: theirs}}}
---
kind: Secret
metadata: {name: hub, namespace: keyside-system}
auths: {docker.io: 'u:p'}
---
kind: ClusterRegistryCredential
metadata: {name: hub}
spec: {source: {secret: {name: hub, namespace: keyside-system}}}
";

/// What an image gets in namespace web.
fn given(index: &Index, image: &str) -> Option<String> {
    let image = keyside_keychain::Reference::parse(image).unwrap();
    let resolution = crate::resolve::resolve(index, "web", &image);
    let (who, _) = resolution.given()?;
    Some(who.name().to_owned())
}

fn said(index: &Index, text: &str, type_: &str) -> String {
    let credential = index.credential(&id(text)).expect("the credential is known");
    let status = crate::status::credential(index, credential, &[], NOW);
    let condition = status.conditions.iter().find(|one| one.type_ == type_).unwrap();
    format!("{}/{}: {}", condition.status, condition.reason, condition.message)
}

#[test]
fn secret_that_may_not_be_read_is_named_for_what_the_spec_states() {
    let index = with_access(false, UNREAD);
    assert_eq!(given(&index, "quay.io/shop/web:1").as_deref(), Some("stated"));
    assert_eq!(given(&index, "quay.io/other"), None);
    insta::assert_snapshot!(said(&index, "web/stated", "Delivered"), @"True/NameGiven: pods of namespace web are given the name theirs; keyside may not read that Secret, so it does not know whether it stands");
    insta::assert_snapshot!(said(&index, "web/stated", "Verified"), @"Unknown/Unverified: keyside may not read Secrets in namespace web, so it asks no registry");
    insta::assert_snapshot!(said(&index, "web/unstated", "Delivered"), @"False/SourceInvalid: keyside may not read Secrets in namespace web, so it does not know what this one is for: set `spec.registry`");
}

#[test]
fn without_a_right_to_write_copies_nothing_is_given_that_would_need_one_and_the_condition_says_so() {
    let index = with_access(false, UNREAD);
    assert_eq!(given(&index, "nginx"), None);
    assert_eq!(targets(&index, "hub"), [""; 0]);
    insta::assert_snapshot!(said(&index, "hub", "Delivered"), @"False/Forbidden: it needs copies, and keyside has no right to write any: use scope Namespace beside the Secret, or install with `delivery.mode: Copy`");
}

#[test]
fn copies_are_made_of_secrets_that_may_be_read_and_of_no_others() {
    let mut index = with_access(true, UNREAD);
    assert_eq!(given(&index, "nginx").as_deref(), Some("hub"));
    add(
        &mut index,
        50,
        "kind: Project\nmetadata: {name: shop}\nspec: {namespaces: [web]}",
    );
    add(&mut index, 51, "kind: Namespace\nmetadata: {name: project-shop}");
    add(
        &mut index,
        52,
        "kind: RegistryCredential\nmetadata: {name: far, namespace: project-shop}\nspec: {scope: Project, registry: ghcr.io, source: {secret: {name: far}}}",
    );
    assert_eq!(given(&index, "ghcr.io/a/b"), None);
    insta::assert_snapshot!(said(&index, "project-shop/far", "Delivered"), @"False/Forbidden: keyside may not read Secrets in namespace project-shop, and scope Project or cluster needs that: name it in `rbac.namespaces` of the installation");
    insta::assert_snapshot!(said(&index, "project-shop/far", "Stalled"), @"True/Forbidden: keyside may not read Secrets in namespace project-shop, and scope Project or cluster needs that: name it in `rbac.namespaces` of the installation");
}

/// The answer to a write, as it comes after a watch has told more.
fn late<K: serde::de::DeserializeOwned>(yaml: &str) -> K {
    serde_saphyr::from_str(yaml).expect("an object")
}

const LATE: &str = "
apiVersion: keyside.dev/v1alpha1
kind: RegistryCredential
metadata: {name: testquay, namespace: project-shop, uid: 00000007-0000-4000-8000-000000000000, resourceVersion: '2'}
spec: {scope: Project, source: {secret: {name: testquay}}}
";

#[test]
fn late_answer_about_a_credential_that_is_gone_does_not_bring_it_back() {
    let mut index = world(SHOP);
    let answer: keyside_api::RegistryCredential = late(LATE);
    let known = index
        .credential(&id("project-shop/testquay"))
        .map(|one| one.uid.clone());
    assert_eq!(known, answer.metadata.uid, "it is the answer for this one");
    drop(index.remove_credential(&id("project-shop/testquay")));
    index.confirm_credential(&answer);
    assert!(index.credential(&id("project-shop/testquay")).is_none());
}

#[test]
fn late_answer_about_a_credential_does_not_displace_its_successor() {
    let mut index = world(SHOP);
    let answer: keyside_api::RegistryCredential = late(LATE);
    drop(index.remove_credential(&id("project-shop/testquay")));
    let successor = "
kind: RegistryCredential
metadata: {name: testquay, namespace: project-shop}
spec: {source: {secret: {name: testquay}}}
";
    add(&mut index, 40, successor);
    index.confirm_credential(&answer);
    let now = index
        .credential(&id("project-shop/testquay"))
        .expect("a credential");
    assert_ne!(Some(&now.uid), answer.metadata.uid.as_ref());
}

#[test]
fn late_answer_about_a_project_that_is_gone_does_not_bring_it_back() {
    let mut index = world(SHOP);
    let answer: keyside_api::Project = late(
        "
apiVersion: keyside.dev/v1alpha1
kind: Project
metadata: {name: shop, uid: 00000005-0000-4000-8000-000000000000, resourceVersion: '2'}
spec: {namespaces: [shop-web]}
",
    );
    assert_eq!(
        index.project("shop").map(|one| one.uid.clone()),
        answer.metadata.uid
    );
    drop(index.remove_project("shop"));
    index.confirm_project(&answer);
    assert!(index.project("shop").is_none());
}

#[test]
fn late_answer_about_a_copy_that_was_removed_does_not_make_it_stand() {
    let mut index = world(SHOP);
    let copy: Secret = late(
        "
metadata:
  name: testquay
  namespace: shop-web
  uid: 00000099-0000-4000-8000-000000000000
  resourceVersion: '7'
  labels: {keyside.dev/credential: RegistryCredential.project-shop.testquay, app.kubernetes.io/managed-by: keyside}
",
    );
    drop(index.apply_copy(&copy.metadata, NOW));
    drop(index.remove_copy("shop-web", "testquay", copy.metadata.uid.as_deref()));
    assert!(index.confirm_copy(&copy.metadata, NOW).is_empty());
    assert!(index.copy("shop-web", "testquay").is_none());
    let mut next = copy.metadata;
    next.uid = Some("00000100-0000-4000-8000-000000000000".to_owned());
    drop(index.confirm_copy(&next, NOW));
    assert!(index.copy("shop-web", "testquay").is_some(), "another one");
    // With its namespace it went, too; a namespace of that name that is made later has no copy yet.
    drop(index.remove_namespace("shop-web"));
    drop(index.confirm_copy(&next, NOW));
    assert!(index.copy("shop-web", "testquay").is_none());
}
