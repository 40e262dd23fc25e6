use super::*;
use crate::world::{NOW, add, carry_out, id, world};
use crate::{Index, plan};
use jiff::{SignedDuration, Timestamp};
use keyside_api::CredentialStatus;

use crate::verify::{Round, Verdict};

mod kstatus;

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
auths: {quay.io: 'u:p', ghcr.io/shop: 'u:p'}
---
kind: RegistryCredential
metadata: {name: testquay, namespace: project-shop}
spec: {scope: Project, source: {secret: {name: testquay}}}
";

fn deliver(index: &mut Index) {
    let view = plan::copy::view_credential(index, &id("project-shop/testquay"), NOW);
    let plan = plan::plan(view, NOW, SignedDuration::ZERO);
    carry_out(index, plan);
}

fn status(index: &Index, failures: &[Failure]) -> CredentialStatus {
    let one = index.credential(&id("project-shop/testquay")).unwrap();
    credential(index, one, failures, NOW)
}

/// Conditions as `type=status/reason`.
fn conditions(status: &CredentialStatus) -> Vec<String> {
    status
        .conditions
        .iter()
        .map(|one| format!("{}={}/{}", one.type_, one.status, one.reason))
        .collect()
}

/// Lets registries answer about the present content.
fn hear(index: &mut Index, answers: &[(&str, &str)], at: Timestamp) {
    let id = id("project-shop/testquay");
    let round = Round {
        subject: index.credential(&id).unwrap().subject.unwrap(),
        request: None,
        verdicts: answers
            .iter()
            .map(|(registry, reason)| Verdict {
                registry: (*registry).to_owned(),
                reason: (*reason).to_owned(),
                repository: None,
                at,
            })
            .collect(),
    };
    index.note_round(&id, round);
}

/// Puts a status on the credential, as a watch would show it.
fn store(index: &mut Index, status: &CredentialStatus) {
    let yaml = format!(
        "kind: RegistryCredential\nmetadata: {{name: testquay, namespace: project-shop}}\nspec: {{scope: Project, source: {{secret: {{name: testquay}}}}}}\nstatus: {}",
        serde_json::to_string(status).unwrap()
    );
    add(index, 5, &yaml);
}

#[test]
fn nothing_is_called_delivered_that_does_not_stand() {
    let mut index = world(SHOP);
    let progressing = [
        "Ready=False/Progressing",
        "Verified=Unknown/Unverified",
        "Delivered=False/Progressing",
    ];
    let before = status(&index, &[]);
    assert_eq!(conditions(&before), progressing);
    assert_eq!(before.current_version, None);
    deliver(&mut index);
    let after = status(&index, &[]);
    let delivered = [
        "Ready=True/Delivered",
        "Verified=Unknown/Unverified",
        "Delivered=True/AllCopiesCurrent",
    ];
    assert_eq!(conditions(&after), delivered);
    assert_eq!(after.targets.unwrap().summary.as_deref(), Some("2/2"));
    let registries: Vec<&str> = after.registries.iter().map(|one| one.registry.as_str()).collect();
    assert_eq!(registries, ["quay.io", "ghcr.io/shop"]);
}

#[test]
fn status_that_was_stored_is_not_written_again() {
    let mut index = world(SHOP);
    deliver(&mut index);
    let first = status(&index, &[]);
    store(&mut index, &first);
    let one = index.credential(&id("project-shop/testquay")).unwrap();
    let later = NOW.checked_add(SignedDuration::from_hours(5)).unwrap();
    assert_eq!(credential(&index, one, &[], later), first);
    assert!(news(&index, one, &first).is_empty());
}

#[test]
fn rotation_changes_the_version_once_every_copy_has_it_and_says_so() {
    let mut index = world(SHOP);
    deliver(&mut index);
    let first = status(&index, &[]);
    store(&mut index, &first);
    add(
        &mut index,
        4,
        "kind: Secret\nmetadata: {name: testquay, namespace: project-shop}\nauths: {quay.io: 'u:new', ghcr.io/shop: 'u:p'}",
    );
    let during = status(&index, &[]);
    assert_eq!(
        (&during.current_version, &during.last_rotation_time),
        (&first.current_version, &None)
    );
    deliver(&mut index);
    let after = status(&index, &[]);
    assert_ne!(after.current_version, first.current_version);
    assert!(after.last_rotation_time.is_some());
    let one = index.credential(&id("project-shop/testquay")).unwrap();
    let said: Vec<&str> = news(&index, one, &after).iter().map(|one| one.reason).collect();
    assert_eq!(said, ["Rotated"]);
}

#[test]
fn f14_conflict_is_counted_named_in_an_event_and_stalls() {
    let mut index = world(SHOP);
    add(
        &mut index,
        20,
        "kind: Secret\nmetadata: {name: testquay, namespace: web}\nauths: {quay.io: 'x:y'}",
    );
    deliver(&mut index);
    let status = status(&index, &[]);
    let expected = [
        "Ready=False/NameTaken",
        "Verified=Unknown/Unverified",
        "Delivered=False/NameTaken",
        "Stalled=True/NameTaken",
    ];
    assert_eq!(conditions(&status), expected);
    let targets = status.targets.clone().unwrap();
    assert_eq!((targets.desired, targets.delivered, targets.conflicts), (2, 2, 1));
    let one = index.credential(&id("project-shop/testquay")).unwrap();
    let said = news(&index, one, &status);
    assert_eq!(said.len(), 1);
    assert_eq!(
        (said[0].reason, said[0].message.as_str()),
        (
            "DeliveryConflict",
            "another Secret has the name testquay in web (served as testquay-00000006); it is left untouched"
        )
    );
}

#[test]
fn f16_refusal_of_one_namespace_is_named_and_the_others_count() {
    let mut index = world(SHOP);
    deliver(&mut index);
    index.remove_copy("web", "testquay", None);
    let failure = Failure {
        namespace: "web".into(),
        message: "exceeded quota".to_owned(),
    };
    let status = status(&index, &[failure]);
    assert_eq!(conditions(&status)[0], "Ready=False/Forbidden");
    assert_eq!(status.conditions[2].message, "namespace web: exceeded quota");
    assert!(status.current_version.is_some(), "the others have it");
}

#[test]
fn missing_source_says_so_and_keeps_what_was_known() {
    let mut index = world(SHOP);
    deliver(&mut index);
    let first = status(&index, &[]);
    store(&mut index, &first);
    index.remove_secret("project-shop", "testquay", None);
    let status = status(&index, &[]);
    let expected = [
        "Ready=False/SourceInvalid",
        "Verified=Unknown/SourceMissing",
        "Delivered=False/SourceInvalid",
        "Stalled=True/SourceInvalid",
    ];
    assert_eq!(conditions(&status), expected);
    assert_eq!(status.current_version, first.current_version);
    assert_eq!(
        status.conditions[2].message,
        "there is no Secret testquay with a registry credential in namespace project-shop; copies keep what they have"
    );
}

#[test]
fn what_the_registry_said_stays_as_long_as_the_content_does() {
    let mut index = world(SHOP);
    deliver(&mut index);
    hear(&mut index, &[("quay.io", "BadCredentials")], NOW);
    let refused = status(&index, &[]);
    store(&mut index, &refused);
    let refused = status(&index, &[]);
    assert_eq!(conditions(&refused)[0], "Ready=False/BadCredentials");
    assert_eq!(conditions(&refused)[3], "Stalled=True/BadCredentials");
    add(
        &mut index,
        4,
        "kind: Secret\nmetadata: {name: testquay, namespace: project-shop}\nauths: {quay.io: 'u:new'}",
    );
    deliver(&mut index);
    assert_eq!(conditions(&status(&index, &[]))[0], "Ready=True/Delivered");
}

#[test]
fn status_grows_with_nothing() {
    let mut names = String::new();
    for at in 0..300 {
        names.push_str(&format!("kind: Namespace\nmetadata: {{name: n{at}}}\n---\n"));
    }
    let mut index = world(SHOP);
    for (at, document) in names
        .split("\n---\n")
        .filter(|document| !document.is_empty())
        .enumerate()
    {
        add(&mut index, 100 + at, document);
    }
    let members: Vec<String> = (0..300).map(|at| format!("n{at}")).collect();
    add(
        &mut index,
        3,
        &format!(
            "kind: Project\nmetadata: {{name: shop}}\nspec: {{namespaces: [{}]}}",
            members.join(",")
        ),
    );
    let failures: Vec<Failure> = members
        .iter()
        .map(|name| Failure {
            namespace: name.as_str().into(),
            message: "no".to_owned(),
        })
        .collect();
    let size = serde_json::to_string(&status(&index, &failures)).unwrap().len();
    assert!(size < 3_000, "{size}");
}

#[test]
fn transition_time_moves_only_with_the_status() {
    let mut index = world(SHOP);
    let first = status(&index, &[]);
    store(&mut index, &first);
    deliver(&mut index);
    let one = index.credential(&id("project-shop/testquay")).unwrap();
    let later = NOW.checked_add(SignedDuration::from_secs(9)).unwrap();
    let second = credential(&index, one, &[], later);
    let time = |at: Timestamp| Timestamp::from_second(at.as_second()).unwrap();
    assert_eq!(second.conditions[0].last_transition_time.0, time(later));
    assert_eq!(second.conditions[1].last_transition_time.0, time(NOW));
}

fn project_ready(index: &Index, name: &str) -> String {
    let status = project(index, index.project(name).unwrap(), None, NOW);
    format!(
        "{}/{}: {}",
        status.conditions[0].status, status.conditions[0].reason, status.conditions[0].message
    )
}

#[test]
fn project_says_who_holds_a_namespace_that_it_claims_in_vain() {
    let mut index = world(SHOP);
    assert_eq!(
        project_ready(&index, "shop"),
        "True/Accepted: 2 namespaces are members"
    );
    add(&mut index, 30, "kind: Namespace\nmetadata: {name: project-late}");
    add(
        &mut index,
        31,
        "kind: Project\nmetadata: {name: late}\nspec: {namespaces: [web]}",
    );
    assert_eq!(
        project_ready(&index, "late"),
        "False/NamespaceClaimed: web belongs to the older Project shop"
    );
}

#[test]
fn project_is_stalled_exactly_while_a_human_must_act() {
    let mut index = world(SHOP);
    add(
        &mut index,
        31,
        "kind: Project\nmetadata: {name: late}\nspec: {namespaces: [web]}",
    );
    let types = |index: &Index, refused: Option<&str>| -> Vec<String> {
        let status = project(index, index.project("late").unwrap(), refused, NOW);
        status
            .conditions
            .iter()
            .map(|one| format!("{}={}/{}", one.type_, one.status, one.reason))
            .collect()
    };
    assert_eq!(types(&index, None), ["Ready=False/HomeNamespaceMissing"]);
    let refused = [
        "Ready=False/HomeNamespaceMissing",
        "Stalled=True/HomeNamespaceMissing",
    ];
    assert_eq!(types(&index, Some("namespaces is forbidden")), refused);
    add(&mut index, 30, "kind: Namespace\nmetadata: {name: project-late}");
    assert_eq!(
        types(&index, None),
        ["Ready=False/NamespaceClaimed", "Stalled=True/NamespaceClaimed"]
    );
}

#[test]
fn project_says_how_its_home_stands() {
    let mut index = world(SHOP);
    add(
        &mut index,
        31,
        "kind: Project\nmetadata: {name: late}\nspec: {homeNamespace: project-shop}",
    );
    assert_eq!(
        project_ready(&index, "late"),
        "False/HomeNamespaceTaken: namespace project-shop is the home of the older Project shop"
    );
    add(&mut index, 32, "kind: Project\nmetadata: {name: fresh}\nspec: {}");
    assert_eq!(
        project_ready(&index, "fresh"),
        "False/HomeNamespaceMissing: home namespace project-fresh does not exist"
    );
}
