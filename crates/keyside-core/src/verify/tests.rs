//! When registries are asked, what is asked, and what is made of the answers.

use super::*;
use crate::Index;
use crate::status::{self, News};
use crate::world::{NOW, add, id, world};
use jiff::SignedDuration;
use keyside_api::CredentialStatus;

const LAB: &str = "
kind: Namespace
metadata: {name: lab}
---
kind: Secret
metadata: {name: s, namespace: lab}
auths: {quay.io/shop: 'u:p', ghcr.io: 'u:p'}
---
kind: RegistryCredential
metadata: {name: s, namespace: lab}
spec: {source: {secret: {name: s}}}
";

/// A credential, and a clock.
struct Lab {
    index: Index,
    now: Timestamp,
    tries: Tries,
    spec: String,
}

impl Lab {
    fn new() -> Self {
        Self::like("")
    }

    /// With more in the spec.
    fn like(spec: &str) -> Self {
        let mut lab = Self {
            index: world(LAB),
            now: NOW,
            tries: Tries::default(),
            spec: spec.to_owned(),
        };
        lab.store(&CredentialStatus::default());
        lab
    }

    fn store(&mut self, status: &CredentialStatus) {
        let status = serde_json::to_string(status).unwrap();
        let spec = &self.spec;
        let yaml = format!(
            "kind: RegistryCredential\nmetadata: {{name: s, namespace: lab, annotations: {{}}}}\nspec: {{source: {{secret: {{name: s}}}}{spec}}}\nstatus: {status}"
        );
        add(&mut self.index, 2, &yaml);
    }

    fn one(&self) -> &Credential {
        self.index.credential(&id("lab/s")).unwrap()
    }

    fn wait(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    /// New content.
    fn rotate(&mut self, password: &str) {
        let yaml = format!(
            "kind: Secret\nmetadata: {{name: s, namespace: lab}}\nauths: {{ghcr.io: 'u:{password}'}}"
        );
        add(&mut self.index, 1, &yaml);
    }

    /// The registries answer; the status and what is new in it.
    fn hear(&mut self, answers: &[(&str, &str)]) -> (CredentialStatus, Vec<News>) {
        let of = |(registry, reason): &(&str, &str)| Verdict {
            registry: (*registry).to_owned(),
            reason: (*reason).to_owned(),
            repository: None,
            at: self.now,
        };
        let round = Round {
            subject: self.one().subject.unwrap(),
            request: self.one().request.clone(),
            verdicts: answers.iter().map(of).collect(),
        };
        self.index.note_round(&id("lab/s"), round);
        let status = status::credential(&self.index, self.one(), &[], self.now);
        let again = status::credential(&self.index, self.one(), &[], self.now);
        assert_eq!(status, again, "a question changes nothing");
        let news = status::news(&self.index, self.one(), &status);
        self.store(&status);
        let stored = status::credential(&self.index, self.one(), &[], self.now);
        assert_eq!(stored, status, "what was written is not written again");
        (status, news)
    }

    fn due(&self) -> Due {
        due(self.one(), self.tries, self.now)
    }

    /// Seconds until it is due.
    fn left(&self) -> i64 {
        match self.due() {
            Due::Now => 0,
            Due::At(at) => at.duration_since(self.now).as_secs(),
            Due::Never => i64::MAX,
        }
    }
}

/// The condition, as `status/reason`.
fn verified(status: &CredentialStatus) -> String {
    let found = status
        .conditions
        .iter()
        .find(|one| one.type_ == "Verified")
        .unwrap();
    format!("{}/{}", found.status, found.reason)
}

fn condition(status: &CredentialStatus, type_: &str) -> Option<String> {
    let found = status.conditions.iter().find(|one| one.type_ == type_)?;
    Some(format!("{}/{}", found.status, found.reason))
}

fn verification_news(news: &[News]) -> Vec<&str> {
    let about = ["Verified", "VerificationFailed", "Expiring", "Expired"];
    let reasons = news.iter().map(|one| one.reason);
    reasons.filter(|reason| about.contains(reason)).collect()
}

const WORKS: [(&str, &str); 2] = [("quay.io/shop", "PullAllowed"), ("ghcr.io", "LoggedIn")];

#[test]
fn each_registry_is_asked_at_its_own_host_only() {
    let lab = Lab::like(", verification: {repository: 'quay.io/shop/web:1'}");
    let asked: Vec<String> = questions(lab.one())
        .iter()
        .map(|one| {
            let image = one.image.as_ref().map_or("-", |image| image.original());
            format!("{} at {}: {image}", one.registry, one.host)
        })
        .collect();
    assert_eq!(
        asked,
        [
            "quay.io/shop at quay.io: quay.io/shop/web:1",
            "ghcr.io at ghcr.io: -"
        ]
    );
}

#[test]
fn repository_of_another_registry_is_not_asked_with_this_credential() {
    let lab = Lab::like(", verification: {repository: evil.example/shop/web}");
    assert!(questions(lab.one()).iter().all(|one| one.image.is_none()));
}

#[test]
fn image_of_a_pod_is_tested_and_the_spec_comes_first() {
    let mut lab = Lab::new();
    assert!(lab.index.note_used(&id("lab/s"), "ghcr.io/a/b:1"));
    assert!(!lab.index.note_used(&id("lab/s"), "ghcr.io/a/b:1"));
    let image = |lab: &Lab, at: usize| {
        questions(lab.one())[at]
            .image
            .clone()
            .map(|image| image.original().to_owned())
    };
    assert_eq!(image(&lab, 0), None);
    assert_eq!(image(&lab, 1).as_deref(), Some("ghcr.io/a/b:1"));
    let mut lab = Lab::like(", verification: {repository: ghcr.io/c/d}");
    lab.index.note_used(&id("lab/s"), "ghcr.io/a/b:1");
    assert_eq!(image(&lab, 1).as_deref(), Some("ghcr.io/c/d"));
}

#[test]
fn saved_credential_is_due_and_a_restart_is_no_reason() {
    let mut lab = Lab::new();
    assert_eq!(lab.due(), Due::Now);
    let (status, _) = lab.hear(&WORKS);
    assert!((3_200..=4_000).contains(&lab.left()), "{}", lab.left());
    let mut restarted = Lab {
        now: lab.now,
        ..Lab::new()
    };
    restarted.store(&status);
    assert_eq!(restarted.due(), lab.due());
}

#[test]
fn new_content_and_a_new_test_are_due_at_once() {
    let mut lab = Lab::new();
    let (status, _) = lab.hear(&WORKS);
    lab.rotate("new");
    assert_eq!(lab.due(), Due::Now);
    let mut lab = Lab::like(", verification: {repository: ghcr.io/a/b}");
    lab.store(&status);
    assert_eq!(lab.due(), Due::Now);
}

#[test]
fn annotation_asks_once() {
    let mut lab = Lab::new();
    let (status, _) = lab.hear(&WORKS);
    let ask = |lab: &mut Lab, status: &CredentialStatus| {
        let status = serde_json::to_string(status).unwrap();
        let yaml = format!(
            "kind: RegistryCredential\nmetadata: {{name: s, namespace: lab, annotations: {{keyside.dev/verify: 'at noon'}}}}\nspec: {{source: {{secret: {{name: s}}}}}}\nstatus: {status}"
        );
        add(&mut lab.index, 2, &yaml);
    };
    ask(&mut lab, &status);
    assert_eq!(lab.one().request.as_deref(), Some("atnoon"));
    assert_eq!(lab.due(), Due::Now);
    let round = Round {
        subject: lab.one().subject.unwrap(),
        request: lab.one().request.clone(),
        verdicts: Vec::new(),
    };
    lab.index.note_round(&id("lab/s"), round);
    assert_ne!(lab.due(), Due::Now);
    let status = status::credential(&lab.index, lab.one(), &[], lab.now);
    assert_eq!(status.last_handled_verify.as_deref(), Some("atnoon"));
}

#[test]
fn credentials_stored_together_are_not_asked_about_together() {
    let mut left = std::collections::BTreeSet::new();
    for at in 0..20 {
        let mut lab = Lab::new();
        lab.wait(at);
        lab.hear(&WORKS);
        left.insert(lab.left());
    }
    assert!(left.len() > 8, "{left:?}");
    assert!(left.iter().all(|seconds| (3_240..=3_960).contains(seconds)));
}

#[test]
fn what_settles_nothing_is_asked_again_with_growing_pauses() {
    let mut lab = Lab::new();
    lab.hear(&[("quay.io/shop", "Timeout"), ("ghcr.io", "LoggedIn")]);
    let mut pauses = Vec::new();
    for unsettled in 1..9 {
        lab.tries.unsettled = unsettled;
        pauses.push(lab.left());
    }
    assert_eq!(pauses[..5], [60, 120, 240, 480, 960]);
    assert!(pauses[7] <= 3_960);
    lab.tries.not_before = lab.now.checked_add(SignedDuration::from_secs(5_000)).ok();
    assert_eq!(lab.left(), 5_000, "a registry that asks for a pause gets it");
}

#[test]
fn r12_outages_and_limits_never_change_what_is_known() {
    for known in ["PullAllowed", "BadCredentials", "NoPullScope", "Expired"] {
        for outage in [
            "RateLimited",
            "RegistryError",
            "Timeout",
            "DnsFailure",
            "ConnectionRefused",
            "UntrustedCA",
        ] {
            let mut lab = Lab::new();
            let (before, _) = lab.hear(&[("quay.io/shop", known), ("ghcr.io", "LoggedIn")]);
            let refused = lab.one().refused(&Reference::parse("quay.io/shop/x").unwrap());
            lab.wait(3_600);
            let (after, news) = lab.hear(&[("quay.io/shop", outage), ("ghcr.io", "LoggedIn")]);
            let state = &after.registries[0];
            if known != "PullAllowed" {
                assert_eq!(
                    condition(&after, "Ready"),
                    condition(&before, "Ready"),
                    "{known} {outage}"
                );
                assert_eq!(condition(&after, "Stalled"), condition(&before, "Stalled"));
            }
            assert_eq!(verified(&after), format!("Unknown/{outage}"));
            assert_eq!(
                state.last_settled.as_ref().map(|was| was.reason.as_str()),
                Some(known)
            );
            assert_eq!(
                lab.one().refused(&Reference::parse("quay.io/shop/x").unwrap()),
                refused
            );
            if outage != "UntrustedCA" {
                assert_eq!(verification_news(&news), [""; 0], "{known} {outage}");
            }
            lab.wait(60);
            let (_, news) = lab.hear(&[("quay.io/shop", known), ("ghcr.io", "LoggedIn")]);
            assert_eq!(verification_news(&news), [""; 0], "it is what it was");
        }
    }
}

#[test]
fn message_of_an_outage_says_what_was_known_and_when() {
    let mut lab = Lab::new();
    lab.hear(&WORKS);
    lab.wait(600);
    let (status, _) = lab.hear(&[("quay.io/shop", "RateLimited"), ("ghcr.io", "LoggedIn")]);
    let found = status
        .conditions
        .iter()
        .find(|one| one.type_ == "Verified")
        .unwrap();
    assert_eq!(
        found.message,
        "quay.io/shop: The registry or its token service asks for fewer requests. At 2027-01-15T08:00:00Z it was PullAllowed."
    );
}

#[test]
fn change_is_told_once() {
    let mut lab = Lab::new();
    let mut told = Vec::new();
    let refused = [("quay.io/shop", "BadCredentials"), ("ghcr.io", "LoggedIn")];
    for answers in [WORKS, WORKS, refused, refused, WORKS] {
        lab.wait(3_600);
        told.push(verification_news(&lab.hear(&answers).1).join(","));
    }
    assert_eq!(told, ["Verified", "", "VerificationFailed", "", "Verified"]);
}

#[test]
fn f39_refusal_of_one_registry_leaves_the_others_in_use() {
    let mut lab = Lab::new();
    lab.hear(&[("quay.io/shop", "BadCredentials"), ("ghcr.io", "LoggedIn")]);
    let refused = |image: &str| lab.one().refused(&Reference::parse(image).unwrap());
    assert_eq!(
        refused("quay.io/shop/web"),
        Some(keyside_api::Cause::BadCredentials)
    );
    assert_eq!(refused("ghcr.io/a/b"), None);
}

#[test]
fn f39_refused_credential_is_the_last_resort_and_never_before_another_one() {
    let given = |lab: &Lab| {
        let image = Reference::parse("quay.io/shop/web").unwrap();
        let resolution = crate::resolve::resolve(&lab.index, "lab", &image);
        resolution.given().map(|(who, _)| who.name().to_owned())
    };
    let mut lab = Lab::new();
    lab.hear(&[("quay.io/shop", "BadCredentials"), ("ghcr.io", "LoggedIn")]);
    assert_eq!(
        given(&lab).as_deref(),
        Some("s"),
        "so that the pod heals with the password"
    );
    let wider = "kind: Secret\nmetadata: {name: wider, namespace: lab}\nauths: {quay.io: 'x:y'}";
    add(&mut lab.index, 9, wider);
    assert_eq!(given(&lab).as_deref(), Some("wider"));
}

#[test]
fn f39_missing_right_is_about_the_repository_that_was_tested() {
    let mut lab = Lab::new();
    let verdict = Verdict {
        registry: "quay.io/shop".to_owned(),
        reason: "NoPullScope".to_owned(),
        repository: Some("quay.io/shop/web:1".to_owned()),
        at: lab.now,
    };
    let round = Round {
        subject: lab.one().subject.unwrap(),
        request: None,
        verdicts: vec![verdict],
    };
    lab.index.note_round(&id("lab/s"), round);
    let status = status::credential(&lab.index, lab.one(), &[], lab.now);
    lab.store(&status);
    let refused = |image: &str| lab.one().refused(&Reference::parse(image).unwrap());
    assert_eq!(
        refused("quay.io/shop/web:2"),
        Some(keyside_api::Cause::NoPullScope)
    );
    assert_eq!(refused("quay.io/shop/api"), None);
}

#[test]
fn expiry_comes_from_the_token_then_from_the_spec() {
    let end = |lab: &Lab| {
        let status = status::credential(&lab.index, lab.one(), &[], lab.now);
        status.expiry_time.map(|time| time.0.as_second())
    };
    let mut lab = Lab::like(", expiryTime: '2027-03-01T00:00:00Z'");
    assert_eq!(end(&lab), Some(1_803_859_200));
    // {"alg":"none"}.{"exp":1800100000}.
    lab.rotate("eyJhbGciOiJub25lIn0.eyJleHAiOjE4MDAxMDAwMDB9.");
    assert_eq!(end(&lab), Some(1_800_100_000));
}

#[test]
fn end_is_announced_once_and_looked_for() {
    let mut lab = Lab::like(", expiryTime: '2027-03-01T00:00:00Z'");
    let mut told = vec![verification_news(&lab.hear(&WORKS).1).join(",")];
    while let Some(next) = next_notice(lab.one(), lab.now) {
        lab.now = next;
        told.push(verification_news(&lab.hear(&WORKS).1).join(","));
        lab.wait(1);
        told.push(verification_news(&lab.hear(&WORKS).1).join(","));
    }
    assert_eq!(told, ["Verified", "Expiring", "", "Expired", ""]);
}

#[test]
fn refusal_after_the_end_is_called_expired() {
    let mut lab = Lab::like(", expiryTime: '2027-03-01T00:00:00Z'");
    lab.now = "2027-03-01T00:00:01Z".parse().unwrap();
    let (status, _) = lab.hear(&[("quay.io/shop", "LoggedIn"), ("ghcr.io", "BadCredentials")]);
    assert_eq!(verified(&status), "False/Expired");
}

#[test]
fn lifetime_is_learnt_from_two_refusals_that_agree() {
    let mut lab = Lab::new();
    let mut ends = Vec::new();
    for (content, life) in [("one", 43_000), ("two", 44_000), ("three", 0)] {
        lab.rotate(content);
        let (status, _) = lab.hear(&[("ghcr.io", "LoggedIn")]);
        ends.push(
            status
                .expiry_time
                .map(|end| end.0.duration_since(lab.now).as_secs()),
        );
        if life > 0 {
            lab.wait(life);
            lab.hear(&[("ghcr.io", "BadCredentials")]);
        }
    }
    assert_eq!(ends, [None, None, Some(43_000)]);
}

#[test]
fn changed_passwords_teach_nothing() {
    let mut lab = Lab::new();
    for (content, life) in [("one", 43_000), ("two", 2_000_000), ("three", 500)] {
        lab.rotate(content);
        lab.hear(&[("ghcr.io", "LoggedIn")]);
        lab.wait(life);
        lab.hear(&[("ghcr.io", "BadCredentials")]);
    }
    lab.rotate("four");
    let (status, _) = lab.hear(&[("ghcr.io", "LoggedIn")]);
    assert_eq!(status.learnt_lifetimes_seconds, [43_000, 2_000_000, 500]);
    assert_eq!(status.expiry_time, None);
}

#[test]
fn registry_of_the_status_is_the_entry_or_a_part_of_it() {
    let entry = keyside_keychain::Pattern::parse("https://index.docker.io/v1/").unwrap();
    assert!(super::is_served_by("docker.io", &entry));
    assert!(super::is_served_by("docker.io/team", &entry));
    assert!(!super::is_served_by("docker.iox", &entry));
    assert!(!super::is_served_by("quay.io", &entry));
}
