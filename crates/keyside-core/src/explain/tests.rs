use super::*;
use crate::world::{NOW, add, carry_out, id, world};
use crate::{Index, plan};
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Secret;

const WORLD: &str = "
kind: Namespace
metadata: {name: shop}
---
kind: Namespace
metadata: {name: project-p}
---
kind: Namespace
metadata: {name: lab}
---
kind: Project
metadata: {name: p}
spec: {namespaces: [shop]}
---
kind: Secret
metadata: {name: testquay, namespace: project-p}
auths: {quay.io/team: 'u:p'}
---
kind: RegistryCredential
metadata: {name: testquay, namespace: project-p}
spec: {scope: Project, source: {secret: {name: testquay}}}
";

fn shop() -> Index {
    let mut index = world(WORLD);
    let view = plan::copy::view_credential(&mut index, &id("project-p/testquay"), NOW);
    let plan = plan::plan(view, NOW, SignedDuration::ZERO);
    carry_out(&mut index, plan);
    index
}

fn ask(index: &Index, namespace: &str, image: &str) -> Explanation {
    explain(
        index,
        &Question {
            namespace,
            image,
            ..Question::default()
        },
    )
}

/// `verdict reason`, and `name: reason` of what is not used.
fn check(explanation: &Explanation, verdict: &str, unused: &[&str]) {
    assert_eq!(
        format!("{:?} {}", explanation.verdict, explanation.reason),
        verdict,
        "{explanation:#?}"
    );
    let got: Vec<String> = explanation
        .unused
        .iter()
        .map(|one| format!("{}: {}", one.name, one.reason))
        .collect();
    assert_eq!(got, unused, "{explanation:#?}");
}

#[test]
fn answer_has_the_form_that_programs_rely_on() {
    let index = shop();
    let json = serde_json::to_string_pretty(&ask(&index, "shop", "quay.io/team/app:1")).unwrap();
    insta::assert_snapshot!(json, @r#"
    {
      "image": "quay.io/team/app:1",
      "verdict": "Pullable",
      "reason": "Unverified",
      "message": "testquay answers for quay.io/team; the registry was not asked",
      "credentials": [
        {
          "rank": 1,
          "name": "testquay",
          "scope": "project",
          "pattern": "quay.io/team",
          "delivery": "copy",
          "secret": "testquay",
          "result": "untested",
          "reason": "Unverified"
        }
      ],
      "unused": [],
      "evidence": [
        {
          "source": "decision",
          "message": "a kubelet has one credential to try"
        }
      ],
      "fix": []
    }
    "#);
}

#[test]
fn nothing_at_all_in_reach_is_no_credentials_and_a_public_image_may_pull() {
    let explanation = ask(&shop(), "lab", "reg.corp/x:1");
    check(&explanation, "Unknown NoCredentials", &[]);
    assert_eq!(
        explanation.message.to_string(),
        "no credential in namespace lab answers for reg.corp/x, so only a public image can be pulled"
    );
    assert_eq!(
        explanation.fix,
        ["keyside credential add NAME --registry reg.corp --username USER --password-stdin -n lab"]
    );
}

#[test]
fn neighbour_of_a_path_is_no_matching_credential_and_both_are_named() {
    let explanation = ask(&shop(), "shop", "quay.io/team-b/app");
    check(
        &explanation,
        "Failing NoMatchingCredential",
        &["testquay: NoMatchingCredential"],
    );
    assert!(
        explanation
            .message
            .to_string()
            .starts_with("testquay is for quay.io/team, this image is quay.io/team-b/app"),
        "{}",
        explanation.message
    );
}

#[test]
fn credential_of_another_project_is_in_the_wrong_namespace() {
    let explanation = ask(&shop(), "lab", "quay.io/team/app");
    check(
        &explanation,
        "Failing SecretInWrongNamespace",
        &["testquay: SecretInWrongNamespace"],
    );
    assert_eq!(explanation.fix, ["keyside project add p --namespace lab"]);
}

#[test]
fn f24_hub_spelling_that_the_kubelet_ignores_is_named() {
    let mut index = shop();
    add(
        &mut index,
        40,
        "kind: Secret\nmetadata: {name: hub, namespace: lab}\nauths: {hub.docker.com: 'u:p'}",
    );
    check(
        &ask(&index, "lab", "nginx"),
        "Failing HostSpelling",
        &["hub: HostSpelling"],
    );
}

#[test]
fn f30_path_key_that_hides_the_hub_default_is_shown() {
    let mut index = shop();
    add(
        &mut index,
        40,
        "kind: Secret\nmetadata: {name: deep, namespace: lab}\nauths: {docker.io/team: 'u:p'}",
    );
    add(
        &mut index,
        41,
        "kind: Secret\nmetadata: {name: hub, namespace: lab}\nauths: {'https://index.docker.io/v1/': 'u:p'}",
    );
    let listed = vec!["hub".to_owned(), "deep".to_owned()];
    let question = Question {
        namespace: "lab",
        image: "team/app",
        listed,
        ..Question::default()
    };
    let explanation = explain(&index, &question);
    check(
        &explanation,
        "Pullable Unverified",
        &["hub: HiddenHubDefault", "hub: NotNeeded"],
    );
    assert_eq!(explanation.credentials[0].name, "deep");
}

#[test]
fn missing_and_broken_secrets_of_the_pod_are_named_with_a_command_that_heals() {
    let index = shop();
    let question = |listed: &str| Question {
        namespace: "lab",
        image: "reg.corp/x",
        listed: vec![listed.to_owned()],
        exists: true,
        ..Question::default()
    };
    let explanation = explain(&index, &question("gone"));
    check(
        &explanation,
        "Failing MissingPullSecret",
        &["gone: MissingPullSecret"],
    );
    assert_eq!(
        explanation.fix,
        ["keyside credential add gone --registry reg.corp --username USER --password-stdin -n lab"]
    );
    let mut index = shop();
    add(
        &mut index,
        40,
        "kind: Secret\ntype: kubernetes.io/dockerconfigjson\nmetadata: {name: bad, namespace: lab}\ndata: {.dockerconfigjson: eyJhdXRocyI6eyJxdWF5LmlvIjp7ImF1dGgiOiIhIn19fQ==}",
    );
    let explanation = explain(&index, &question("bad"));
    check(
        &explanation,
        "Failing BrokenPullSecret",
        &["bad: BrokenPullSecret"],
    );
}

#[test]
fn f40_missing_secret_beside_an_image_that_was_pulled_is_no_failure() {
    let question = Question {
        namespace: "lab",
        image: "nginx",
        listed: vec!["gone".to_owned()],
        exists: true,
        observed: Some(Observed::Pulled),
        ..Question::default()
    };
    let explanation = explain(&shop(), &question);
    check(&explanation, "Pullable PullAllowed", &["gone: MissingPullSecret"]);
    assert!(explanation.fix.is_empty());
}

#[test]
fn pod_that_is_older_than_its_credential_has_to_be_made_anew() {
    let question = Question {
        namespace: "shop",
        image: "quay.io/team/app",
        pod: Some("web-1"),
        exists: true,
        observed: Some(Observed::Waiting("ImagePullBackOff".to_owned())),
        ..Question::default()
    };
    let explanation = explain(&shop(), &question);
    check(
        &explanation,
        "Failing NoCredentials",
        &["testquay: NoCredentials"],
    );
    assert_eq!(
        explanation.fix,
        ["kubectl get pod web-1 -n shop -o yaml | kubectl replace --force -f -"]
    );
}

#[test]
fn order_is_that_of_the_kubelet_and_not_that_of_the_decision() {
    let mut index = shop();
    add(
        &mut index,
        40,
        "kind: Secret\nmetadata: {name: own, namespace: shop}\nauths: {quay.io/team/app: 'u:p', quay.io: 'u:p'}",
    );
    let question = Question {
        namespace: "shop",
        image: "quay.io/team/app",
        listed: vec!["own".to_owned()],
        ..Question::default()
    };
    let explanation = explain(&index, &question);
    let order: Vec<String> = explanation
        .credentials
        .iter()
        .map(|one| format!("{} {} {}", one.rank, one.name, one.pattern))
        .collect();
    assert_eq!(order, ["1 own quay.io/team/app", "2 own quay.io"]);
}

#[test]
fn invalid_reference_is_said_in_the_words_of_the_kubelet() {
    let explanation = ask(&shop(), "shop", "quay.io/Team/App");
    check(&explanation, "Failing InvalidReference", &[]);
    assert!(explanation.message.to_string().contains("must be lowercase"));
}

#[test]
fn secret_that_was_read_wins_over_what_is_expected_in_it() {
    let index = shop();
    let empty: Secret = serde_json::from_value(serde_json::json!({
        "metadata": {"name": "testquay"}, "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": k8s_openapi::ByteString(br#"{"auths":{}}"#.to_vec())},
    }))
    .unwrap();
    let question = Question {
        namespace: "shop",
        image: "quay.io/team/app",
        secrets: [("testquay".to_owned(), PullSecret::read(&empty, None))].into(),
        ..Question::default()
    };
    assert!(explain(&index, &question).credentials.is_empty());
}

#[test]
fn no_word_of_an_explanation_is_a_user_name_or_password() {
    let mut index = world(&WORLD.replace("u:p", "canary-user:canary-word"));
    add(
        &mut index,
        40,
        "kind: Secret\nmetadata: {name: own, namespace: lab}\nauths: {reg.corp: 'canary-user:canary-word'}",
    );
    for (namespace, image) in [
        ("shop", "quay.io/team/app"),
        ("lab", "quay.io/team/app"),
        ("lab", "reg.corp/x"),
        ("shop", "reg.corp/x"),
    ] {
        let text = serde_json::to_string(&ask(&index, namespace, image)).unwrap() + &format!("{index:?}");
        assert!(
            !text.contains("canary-user") && !text.contains("canary-word"),
            "{text}"
        );
    }
}
