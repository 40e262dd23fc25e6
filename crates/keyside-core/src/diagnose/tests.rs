//! Three witnesses, one verdict: what each of them adds, and who is believed when they differ.

use super::words::tests::rows;
use super::*;
use crate::Index;
use crate::explain::{Explanation, Observed, Question, explain};
use crate::source::PullSecret;
use crate::world::{NOW, add, world};

const LAB: &str = "kind: Namespace\nmetadata: {name: lab}";

fn lab(secrets: &[&str]) -> Index {
    let mut index = world(LAB);
    for (at, secret) in secrets.iter().enumerate() {
        add(&mut index, 10 + at, secret);
    }
    index
}

fn word(message: &str) -> Word {
    Word {
        by: "Failed".to_owned(),
        message: message.to_owned(),
        times: 1,
        at: Some(NOW),
    }
}

fn answer(rank: Option<usize>, reason: &str) -> Answer {
    Answer {
        rank,
        reason: reason.to_owned(),
        detail: String::new(),
        raw: Some("hello from the registry".to_owned()),
        at: NOW,
    }
}

/// A pod of the lab that waits for an image.
fn waiting<'a>(image: &'a str, listed: &[&str]) -> Question<'a> {
    Question {
        namespace: "lab",
        image,
        pod: Some("web"),
        container: Some("app"),
        listed: listed.iter().map(|name| (*name).to_owned()).collect(),
        exists: true,
        observed: Some(Observed::Waiting("ImagePullBackOff".to_owned())),
        ..Question::default()
    }
}

const OWN: &str = "kind: Secret\nmetadata: {name: own, namespace: lab}\nauths: {reg.corp: 'u:p'}";

fn check(explanation: &Explanation, expected: &str) {
    let got = format!("{:?} {}", explanation.verdict, explanation.reason);
    assert_eq!(got, expected, "{explanation:#?}");
}

#[test]
fn what_a_text_leaves_open_is_settled_by_asking_the_registry() {
    let index = lab(&[OWN]);
    let mut settled = 0;
    for row in rows("cases") {
        let Some(real) = row["real_cause"].as_str() else {
            continue;
        };
        let sent = row["credentials_sent"].as_bool().unwrap_or_default();
        let question = Question {
            node: vec![word(row["message"].as_str().unwrap())],
            registry: vec![answer(sent.then_some(1), real)],
            ..waiting("reg.corp/team/app:1", if sent { &["own"] } else { &[] })
        };
        let explanation = explain(&index, &question);
        // Nothing was shown although a Secret is there that would do: the pod is older than it.
        let index = lab(&[]);
        let explanation = if sent {
            explanation
        } else {
            explain(&index, &question)
        };
        assert_eq!(explanation.reason, real, "{}: {explanation:#?}", row["name"]);
        settled += 1;
    }
    assert!(settled > 20, "{settled} rows leave something open");
}

#[test]
fn every_cause_a_node_names_is_the_verdict_of_a_pod_that_waits() {
    let index = lab(&[OWN]);
    for row in rows("cases") {
        let (message, cause) = (row["message"].as_str().unwrap(), row["cause"].as_str().unwrap());
        // Only a missing Secret is no cause while another credential is tried, and a wait is none at all.
        if matches!(cause, "BackOff" | "MissingPullSecret") {
            continue;
        }
        let question = Question {
            node: vec![word(message)],
            ..waiting("reg.corp/team/app:1", &["own"])
        };
        let explanation = explain(&index, &question);
        assert_eq!(explanation.reason, cause, "{message}");
        assert_eq!(explanation.verdict, Verdict::Failing, "{message}");
        assert!(!explanation.fix.is_empty(), "{cause} has no fix");
    }
}

#[test]
fn newest_word_that_names_a_cause_counts() {
    let index = lab(&[OWN]);
    let old = Word {
        at: Some(NOW - jiff::SignedDuration::from_secs(60)),
        ..word("lookup reg.corp: no such host")
    };
    let question = Question {
        node: vec![
            word("429 Too Many Requests"),
            old,
            word("Back-off pulling image \"x\""),
        ],
        ..waiting("reg.corp/x:1", &["own"])
    };
    check(&explain(&index, &question), "Failing RateLimited");
}

#[test]
fn f29_second_credential_works_and_the_first_is_named() {
    let second = "kind: Secret\nmetadata: {name: second, namespace: lab}\nauths: {reg.corp: 'v:q'}";
    let index = lab(&[OWN, second]);
    let question = Question {
        observed: None,
        registry: vec![answer(Some(1), "BadCredentials"), answer(Some(2), "PullAllowed")],
        ..waiting("reg.corp/x:1", &["own", "second"])
    };
    let explanation = explain(&index, &question);
    check(&explanation, "Pullable PullAllowed");
    assert_eq!(
        explanation.message.to_string(),
        "second works, but own is tried before it and refused (BadCredentials)"
    );
    assert_eq!(
        explanation.fix,
        [
            "keyside import secrets own -n lab",
            "keyside credential set-password own -n lab --password-stdin"
        ]
    );
}

#[test]
fn f34_login_that_may_not_pull_is_no_pull_scope() {
    let index = lab(&[OWN]);
    let question = Question {
        node: vec![word(
            "pull access denied, insufficient_scope: authorization failed",
        )],
        registry: vec![answer(Some(1), "NoPullScope")],
        ..waiting("reg.corp/x:1", &["own"])
    };
    let explanation = explain(&index, &question);
    check(&explanation, "Failing NoPullScope");
    assert_eq!(explanation.credentials[0].result, "refused");
}

#[test]
fn f36_outage_says_nothing_about_the_credential() {
    let index = lab(&[OWN]);
    for reason in [
        "RateLimited",
        "RegistryError",
        "DnsFailure",
        "Timeout",
        "UntrustedCA",
    ] {
        let question = Question {
            observed: None,
            registry: vec![answer(Some(1), reason)],
            ..waiting("reg.corp/x:1", &["own"])
        };
        let explanation = explain(&index, &question);
        check(&explanation, &format!("Unknown {reason}"));
        assert_eq!(explanation.credentials[0].result, "unclear");
    }
}

#[test]
fn f38_pod_whose_cause_is_gone_only_has_to_try_again() {
    let index = lab(&[OWN]);
    let question = |reason: &str| Question {
        node: vec![word(
            "failed to fetch oauth token: unexpected status: 401 Unauthorized",
        )],
        registry: vec![answer(Some(1), reason)],
        ..waiting("reg.corp/x:1", &["own"])
    };
    let healed = explain(&index, &question("PullAllowed"));
    check(&healed, "Failing BadCredentials");
    assert_eq!(healed.remedy, Remedy::Retry);
    assert_eq!(explain(&index, &question("BadCredentials")).remedy, Remedy::Cause);
}

#[test]
fn disk_of_a_node_is_not_healed_by_a_registry_that_accepts() {
    let index = lab(&[OWN]);
    let question = Question {
        node: vec![word("write: no space left on device")],
        registry: vec![answer(Some(1), "PullAllowed")],
        ..waiting("reg.corp/x:1", &["own"])
    };
    let explanation = explain(&index, &question);
    check(&explanation, "Failing DiskFull");
    assert_eq!(explanation.remedy, Remedy::Cause);
}

#[test]
fn f40_missing_secret_beside_a_public_image_is_no_failure() {
    let question = Question {
        exists: false,
        pod: None,
        observed: None,
        registry: vec![answer(None, "PullAllowed")],
        ..waiting("reg.corp/x:1", &["gone"])
    };
    check(&explain(&lab(&[]), &question), "Pullable PullAllowed");
}

#[test]
fn image_on_the_node_that_the_pod_may_not_use_is_not_a_missing_one() {
    let message = "Container image \"reg.corp/x:1\" is not present with pull policy of Never";
    let question = |present| Question {
        node: vec![word(message)],
        present,
        ..waiting("reg.corp/x:1", &[])
    };
    check(&explain(&lab(&[]), &question(false)), "Failing NeverPull");
    check(
        &explain(&lab(&[]), &question(true)),
        "Failing ReverificationRefused",
    );
}

#[test]
fn hidden_repository_is_told_from_a_missing_one_by_what_is_near() {
    let other = "kind: Namespace\nmetadata: {name: other}";
    let ghcr = "kind: Secret\nmetadata: {name: bot, namespace: other}\nauths: {ghcr.io/acme: 'u:p'}";
    let question = Question {
        node: vec![word("ghcr.io/acme/app:1: not found")],
        ..waiting("ghcr.io/acme/app:1", &[])
    };
    check(
        &explain(&lab(&[other, ghcr]), &question),
        "Failing SecretInWrongNamespace",
    );
    check(&explain(&lab(&[]), &question), "Failing NotFound");
}

#[test]
fn registry_is_asked_only_with_credentials_whose_pattern_is_for_the_image() {
    let secrets = [
        "kind: Secret\nmetadata: {name: near, namespace: lab}\nauths: {reg.corp/team: 'u:p'}",
        "kind: Secret\nmetadata: {name: other, namespace: lab}\nauths: {quay.io: 'u:p'}",
        OWN,
    ];
    let index = lab(&secrets);
    let question = Question {
        secrets: index
            .secrets_in("lab")
            .map(|secret: &PullSecret| (secret.name.to_string(), secret.clone()))
            .collect(),
        ..waiting("reg.corp/team-b/app:1", &["near", "other", "own"])
    };
    // The kubelet tries `near` first, because the path begins alike.
    let explanation = explain(&index, &question);
    let tried: Vec<&str> = explanation
        .credentials
        .iter()
        .map(|tried| tried.name.as_str())
        .collect();
    assert_eq!(tried, ["near", "own"]);
    let asked: Vec<usize> = crate::explain::logins(&index, &question)
        .into_iter()
        .map(|shown| shown.rank)
        .collect();
    assert_eq!(asked, [2]);
}

#[test]
fn words_of_node_and_registry_are_not_in_what_programs_get() {
    let question = Question {
        node: vec![word("401 Unauthorized: hello from the registry")],
        registry: vec![answer(Some(1), "BadCredentials")],
        ..waiting("reg.corp/x:1", &["own"])
    };
    let text = serde_json::to_string(&explain(&lab(&[OWN]), &question)).unwrap();
    assert!(!text.contains("hello"), "{text}");
}

#[test]
fn fixes_name_the_template_where_there_is_one() {
    let index = lab(&[]);
    let fix = |image: &str, message: &str, workload| {
        let question = Question {
            workload,
            node: vec![word(message)],
            ..waiting(image, &[])
        };
        explain(&index, &question).fix
    };
    let missing = "reg.corp/x:9: not found";
    assert_eq!(
        fix("reg.corp/x:9", missing, Some("deployment/web")),
        ["kubectl set image deployment/web app=reg.corp/x:TAG -n lab"]
    );
    assert_eq!(
        fix("reg.corp/x:9", missing, None),
        ["kubectl set image pod/web app=reg.corp/x:TAG -n lab"]
    );
    assert_eq!(
        fix("https://reg.corp/Team/x:9", "couldn't parse image name", None),
        [
            "kubectl get pod web -n lab -o yaml | sed 's|https://reg.corp/Team/x:9|reg.corp/team/x:9|' | kubectl replace --force -f -"
        ]
    );
    // What is pasted into a shell holds nothing that a shell would act on.
    assert_eq!(
        fix("x'; reboot; '", "couldn't parse image name", None),
        ["kubectl set image pod/web app=IMAGE -n lab"]
    );
}

/// What a kubelet says about a registry that is not at its address.
const LOST: &str = "Failed to pull image \"qauy.io/team/app:1\": failed to resolve image: failed to do request: Head \"https://qauy.io/v2/team/app/manifests/1\": dial tcp: lookup qauy.io on 10.0.0.1:53: no such host";

/// The fix and the advice for an image of a deployment of which the node says this.
fn advised(index: &Index, image: &str, message: &str) -> (Vec<String>, String) {
    let question = Question {
        workload: Some("deployment/web"),
        node: vec![word(message)],
        ..waiting(image, &[])
    };
    let explanation = explain(index, &question);
    let advice = explanation.advice.expect("advice").to_string();
    (explanation.fix, advice)
}

#[test]
fn address_that_looks_like_that_of_a_known_registry_is_corrected() {
    let quay = "kind: Secret\nmetadata: {name: quay, namespace: lab}\nauths: {quay.io/team: 'u:p'}";
    let (fix, advice) = advised(&lab(&[quay]), "qauy.io/team/app:1", LOST);
    assert_eq!(
        fix,
        ["kubectl set image deployment/web app=quay.io/team/app:1 -n lab"]
    );
    assert!(
        advice.starts_with("a credential here is for quay.io: if that is meant"),
        "{advice}"
    );
    let (fix, advice) = advised(&lab(&[OWN]), "qauy.io/team/app:1", LOST);
    assert_eq!(
        fix,
        ["kubectl set image deployment/web app=HOST/team/app:1 -n lab"]
    );
    assert!(advice.contains("in place of HOST"), "{advice}");
}

#[test]
fn registry_of_another_namespace_is_not_told() {
    let other = "kind: Namespace\nmetadata: {name: other}";
    let quay = "kind: Secret\nmetadata: {name: quay, namespace: other}\nauths: {quay.io: 'u:p'}";
    let (fix, advice) = advised(&lab(&[other, quay]), "qauy.io/team/app:1", LOST);
    assert!(fix[0].contains("app=HOST/team/app:1"), "{fix:?}");
    assert!(!advice.contains("quay.io"), "{advice}");
}

#[test]
fn image_is_not_blamed_for_the_address_of_a_token_service_or_a_storage() {
    let index = lab(&[OWN]);
    for row in [
        "containerd2-token-dns",
        "containerd2-hub-cdn-blocked",
        "containerd2-token-empty",
    ] {
        let rows = rows("cases");
        let row = rows.iter().find(|one| one["name"] == row).expect("a row");
        let message = row["message"].as_str().expect("a message");
        let image = crate::diagnose::words::image_of(message).expect("an image");
        let (fix, _) = advised(&index, image, message);
        assert_eq!(
            fix,
            ["keyside explain pod/web -n lab --restart-stuck"],
            "{message}"
        );
    }
}

#[test]
fn registry_that_is_down_is_only_looked_at_again() {
    let refused = "dial tcp 10.0.0.1:5000: connect: connection refused";
    let (fix, advice) = advised(&lab(&[OWN]), "other.corp:5000/x:1", refused);
    assert_eq!(fix, ["keyside explain pod/web -n lab --restart-stuck"]);
    assert!(advice.starts_with("make other.corp:5000 reachable"), "{advice}");
    let (fix, _) = advised(&lab(&[OWN]), "reg.corp:5000/x:1", refused);
    assert_eq!(fix, ["kubectl set image deployment/web app=reg.corp/x:1 -n lab"]);
}

#[test]
fn manifest_of_an_old_form_is_converted_where_it_has_a_tag() {
    let index = lab(&[OWN]);
    let old = "Failed to pull image: no FSLayers in manifest";
    let (fix, _) = advised(&index, "reg.corp/x", old);
    assert_eq!(
        fix,
        [
            "skopeo copy --format oci docker://reg.corp/x:latest docker://reg.corp/x:latest",
            "kubectl rollout restart deployment/web -n lab"
        ]
    );
    let digest = "0".repeat(64);
    let (fix, _) = advised(&index, &format!("reg.corp/x@sha256:{digest}"), old);
    assert_eq!(
        fix,
        ["kubectl set image deployment/web app=reg.corp/x:TAG -n lab"]
    );
}

#[test]
fn sentences_exist_in_both_languages_for_every_cause() {
    use crate::language::Language;
    use crate::sentence::{About, Sentence};
    for cause in Cause::ALL {
        for sentence in [
            Sentence::Because {
                cause: *cause,
                about: About::default(),
            },
            Sentence::Advice {
                cause: *cause,
                about: About::default(),
            },
            Sentence::AdviceAddress {
                cause: *cause,
                host: "a".to_owned(),
                meant: None,
            },
            Sentence::AdviceAddress {
                cause: *cause,
                host: "a".to_owned(),
                meant: Some("b".to_owned()),
            },
        ] {
            let (en, zh) = (sentence.text(Language::En), sentence.text(Language::Zh));
            assert!(!en.is_empty() && en.is_ascii(), "{en}");
            assert!(
                zh.chars()
                    .any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)),
                "{zh}"
            );
        }
    }
}
