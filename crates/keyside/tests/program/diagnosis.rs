//! For each cause a world that produces it: `explain pod` names it and ends with 1, and the printed fix, pasted, heals it.

use crate::registry::{Authority, Own, PASSWORD, Presented, USER, stranger};
use crate::world::{World, eventually, eventually_within, fed, has_kubectl, text, up, up_with};
use keyside_registry::{Fault, Part, Rights, Script};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// How registries are reached from where `explain` runs, as environment.
#[derive(Default)]
struct Here {
    hosts: String,
    authority: String,
}

/// A world, and everything that is needed to look at it as a user does.
struct Bench<'a> {
    world: &'a World,
    here: Here,
}

impl<'a> Bench<'a> {
    fn new(world: &'a World) -> Self {
        Self {
            world,
            here: Here::default(),
        }
    }

    /// A line of a shell, with keyside and kubectl in reach.
    fn shell(&self, line: &str, stdin: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_keyside"));
        let folder = program.parent().expect("a folder").display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command
            .args(["-c", line])
            .env("PATH", format!("{folder}:{path}"))
            .env("KUBECONFIG", self.world.kubeconfig())
            .env("LC_ALL", "C.UTF-8")
            .env_remove("KEYSIDE_SANDBOX");
        if !self.here.hosts.is_empty() {
            command.env("KEYSIDE_ADD_HOST", &self.here.hosts);
        }
        if !self.here.authority.is_empty() {
            command.env("KEYSIDE_REGISTRY_CA", &self.here.authority);
        }
        fed(command, stdin)
    }

    /// Waits until `explain` names the cause for the object; its first image.
    fn explained(&self, object: &str, namespace: &str, cause: &str) -> Value {
        eventually(&format!("{namespace}/{object} is {cause}"), || {
            let output = self.shell(&format!("keyside explain {object} -n {namespace} -o json"), "");
            let said = text(&output.stdout);
            let document: Value = serde_json::from_str(&said)
                .map_err(|error| format!("{error}: {said}{}", text(&output.stderr)))?;
            let image = document["images"][0].clone();
            let waits = image["evidence"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one["source"] == "node"));
            if image["reason"] == cause && waits && output.status.code() == Some(1) {
                Ok(image)
            } else {
                Err(format!("{:?} {said}", output.status.code()))
            }
        })
    }

    /// Pastes the fix, with what stands in capitals filled in, and the password on stdin.
    fn paste(&self, image: &Value, password: &str) {
        let fixes = image["fix"].as_array().expect("fixes");
        assert!(!fixes.is_empty(), "no fix: {image}");
        for fix in fixes {
            let line = fix
                .as_str()
                .expect("a command")
                .replace(" NAME ", " given ")
                .replace(" USER ", &format!(" {USER} "))
                .replace(":TAG ", ":1 ");
            let output = self.shell(&line, password);
            assert!(
                output.status.success(),
                "{line}: {}{}\n{image}",
                text(&output.stdout),
                text(&output.stderr)
            );
        }
    }

    /// Waits until some pod of the namespace runs.
    fn runs(&self, namespace: &str) {
        // A pod that only has to try again does so when the kubelet's wait is over, which doubles with every failure.
        eventually_within(&format!("a pod of {namespace} runs"), 200, || {
            let phases = self.world.ok(&format!(
                "get pods -n {namespace} -o jsonpath={{.items[*].status.phase}}"
            ));
            if phases.split(' ').any(|phase| phase == "Running") {
                Ok(())
            } else {
                let pods = self.world.ok(&format!("get pods -n {namespace} -o wide"));
                Err(format!("{phases} {pods}"))
            }
        });
    }

    fn namespace(&self, name: &str) {
        self.world.ok(&format!("create namespace {name}"));
    }

    fn secret(&self, namespace: &str, name: &str, server: &str, user: &str, password: &str) {
        self.world.run(&[
            "create",
            "secret",
            "docker-registry",
            name,
            "-n",
            namespace,
            &format!("--docker-server={server}"),
            &format!("--docker-username={user}"),
            &format!("--docker-password={password}"),
        ]);
    }

    fn deployment(&self, namespace: &str, image: &str) {
        self.namespace(namespace);
        self.world
            .ok(&format!("create deployment web -n {namespace} --image={image}"));
    }
}

/// A line of a pod's spec that lists a pull secret.
fn listing(name: &str) -> String {
    format!("  imagePullSecrets: [{{name: {name}}}]\n")
}

#[test]
fn credentials_that_do_not_open_the_registry_are_named_and_the_pasted_fix_heals() {
    if !has_kubectl() {
        return;
    }
    let (world, registry) = (up(), Own::start());
    registry.push("team/app", "1");
    registry.account("weak", PASSWORD, Rights::none());
    let bench = Bench::new(&world);
    let host = registry.host();
    let image = format!("{host}/team/app:1");
    for namespace in [
        "wrong",
        "weak",
        "nothing",
        "near",
        "far",
        "elsewhere",
        "gone",
        "broken",
        "spelt",
    ] {
        bench.namespace(namespace);
    }
    bench.secret("wrong", "own", &host, USER, "not-the-word");
    world.pod_of("wrong", "p", &image, &listing("own"));
    bench.secret("weak", "own", &host, "weak", PASSWORD);
    world.pod_of("weak", "p", &image, &listing("own"));
    world.pod_of("nothing", "p", &image, "");
    bench.secret("near", "testquay", &format!("{host}/team-b"), USER, PASSWORD);
    world.pod_of("near", "p", &image, "");
    bench.secret("elsewhere", "there", &host, USER, PASSWORD);
    world.pod_of("far", "p", &image, "");
    world.pod_of("gone", "p", &image, &listing("lost"));
    world.apply("apiVersion: v1\nkind: Secret\nmetadata: {name: bad, namespace: broken}\ntype: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: '{\"auths\":{\"x.example\":{\"auth\":\"%%%\"}}}'}\n");
    world.pod_of("broken", "p", &image, &listing("bad"));
    let port = registry.address.port();
    bench.secret("spelt", "loud", &format!("LOCALHOST:{port}"), USER, PASSWORD);
    world.pod_of(
        "spelt",
        "p",
        &format!("localhost:{port}/team/app:1"),
        &listing("loud"),
    );

    let wrong = bench.explained("pod/p", "wrong", "BadCredentials");
    assert_eq!(wrong["credentials"][0]["result"], "refused");
    let weak = bench.explained("pod/p", "weak", "NoPullScope");
    // What stands elsewhere is seen from everywhere; without it the cause would be that nothing is there.
    let nothing = bench.explained("pod/p", "nothing", "SecretInWrongNamespace");
    let near = bench.explained("pod/p", "near", "SecretInWrongNamespace");
    let named = near["unused"].to_string();
    assert!(
        named.contains(&format!(
            "testquay is for {host}/team-b, this image is {host}/team/app"
        )),
        "{named}"
    );
    let far = bench.explained("pod/p", "far", "SecretInWrongNamespace");
    let gone = bench.explained("pod/p", "gone", "MissingPullSecret");
    let broken = bench.explained("pod/p", "broken", "BrokenPullSecret");
    let spelt = bench.explained("pod/p", "spelt", "HostSpelling");
    registry.account("weak", PASSWORD, Rights::all());
    for (namespace, image) in [
        ("wrong", &wrong),
        ("weak", &weak),
        ("nothing", &nothing),
        ("near", &near),
        ("far", &far),
        ("gone", &gone),
        ("broken", &broken),
        ("spelt", &spelt),
    ] {
        bench.paste(image, PASSWORD);
        bench.runs(namespace);
    }
}

#[test]
fn nothing_at_all_and_what_only_nearly_matches_are_told_apart() {
    if !has_kubectl() {
        return;
    }
    let (world, registry) = (up(), Own::start());
    registry.push("team/app", "1");
    let bench = Bench::new(&world);
    let image = format!("{}/team/app:1", registry.host());
    bench.namespace("nothing");
    bench.namespace("near");
    world.pod_of("nothing", "p", &image, "");
    bench.secret(
        "near",
        "testquay",
        &format!("{}/team-b", registry.host()),
        USER,
        PASSWORD,
    );
    world.pod_of("near", "p", &image, "");
    let near = bench.explained("pod/p", "near", "NoMatchingCredential");
    let nothing = bench.explained("pod/p", "nothing", "NoCredentials");
    bench.paste(&near, PASSWORD);
    bench.runs("near");
    bench.paste(&nothing, PASSWORD);
    bench.runs("nothing");
}

#[test]
fn first_credential_that_is_refused_is_named_although_the_second_pulls() {
    if !has_kubectl() {
        return;
    }
    let (world, registry) = (up(), Own::start());
    registry.push("team/app", "1");
    let bench = Bench::new(&world);
    bench.namespace("two");
    bench.secret("two", "first", &registry.host(), USER, "not-the-word");
    bench.secret("two", "second", &registry.host(), USER, PASSWORD);
    let image = format!("{}/team/app:1", registry.host());
    world.pod_of(
        "two",
        "p",
        &image,
        "  imagePullSecrets: [{name: first}, {name: second}]\n",
    );
    bench.runs("two");
    let line = format!("keyside explain image {image} -n two -o json");
    world.ok("patch serviceaccount default -n two -p {\"imagePullSecrets\":[{\"name\":\"first\"},{\"name\":\"second\"}]}");
    let output = bench.shell(&line, "");
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let said = &said["images"][0];
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said["credentials"][0]["reason"], "BadCredentials", "{said}");
    assert_eq!(said["credentials"][1]["reason"], "PullAllowed", "{said}");
    bench.paste(said, PASSWORD);
    let output = bench.shell(&line, "");
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        said["images"][0]["credentials"][0]["reason"], "PullAllowed",
        "{said}"
    );
}

#[test]
fn images_that_are_not_there_or_not_allowed_are_named_and_the_pasted_fix_heals() {
    if !has_kubectl() {
        return;
    }
    let (world, registry) = (up(), Own::start());
    registry.push("team/app", "1");
    registry.push_foreign("team/foreign");
    let bench = Bench::new(&world);
    let host = registry.host();
    let credential = format!(
        "credential add all --registry {host} --username {USER} --cluster --password-stdin --no-verify"
    );
    world.keyside_ok(&credential, PASSWORD);
    bench.deployment("tag", &format!("{host}/team/app:gone"));
    bench.deployment("foreign", &format!("{host}/team/foreign:1"));
    bench.namespace("upper");
    world.pod_of("upper", "p", &format!("{host}/Team/App:1"), "");
    bench.namespace("never");
    world.apply(&format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: never}}\nspec: {{containers: [{{name: app, image: \"{host}/team/app:1\", imagePullPolicy: Never}}]}}\n"
    ));
    let tag = bench.explained("deploy/web", "tag", "NotFound");
    bench.explained("deploy/web", "foreign", "NoMatchingPlatform");
    let upper = bench.explained("pod/p", "upper", "InvalidReference");
    let never = bench.explained("pod/p", "never", "NeverPull");
    for (namespace, image) in [("tag", &tag), ("upper", &upper), ("never", &never)] {
        bench.paste(image, "");
        bench.runs(namespace);
    }
}

#[test]
fn faults_of_a_registry_are_named_and_once_over_the_pasted_fix_replaces_the_pod() {
    if !has_kubectl() {
        return;
    }
    let (world, registry) = (up(), Own::start());
    let bench = Bench::new(&world);
    let host = registry.host();
    let credential = format!(
        "credential add all --registry {host} --username {USER} --cluster --password-stdin --no-verify"
    );
    world.keyside_ok(&credential, PASSWORD);
    let faults = [
        (
            "limited",
            "RateLimited",
            Fault::RateLimited { retry_after: None },
            Part::Everything,
        ),
        ("down", "RegistryError", Fault::Unavailable(503), Part::Everything),
        ("cut", "ContentCorrupt", Fault::Cut { after: 10 }, Part::Blobs),
        ("corrupt", "ContentCorrupt", Fault::Corrupt, Part::Blobs),
        ("blob", "BlobDenied", Fault::Forbidden, Part::Blobs),
        ("lost", "ContentMissing", Fault::NotFound, Part::Blobs),
        ("expired", "Expired", Fault::ExpiredLogin, Part::Manifests),
        ("forbidden", "NoPullScope", Fault::Forbidden, Part::Manifests),
        (
            "policy",
            "PolicyBlocked",
            Fault::Unavailable(412),
            Part::Manifests,
        ),
        (
            "interrupted",
            "Interrupted",
            Fault::Cut { after: 10 },
            Part::Manifests,
        ),
    ];
    for (name, _, fault, part) in &faults {
        registry.push(&format!("{name}/app"), "1");
        registry
            .faults()
            .add(Script::new(format!("{name}/app"), fault.clone()).on(*part));
        bench.deployment(name, &format!("{host}/{name}/app:1"));
    }
    let mut found = Vec::new();
    for (name, cause, ..) in &faults {
        found.push((name, bench.explained("deploy/web", name, cause)));
    }
    registry.faults().clear_all();
    for (name, image) in found {
        bench.paste(&image, PASSWORD);
        bench.runs(name);
    }
}

#[test]
fn ways_that_lead_nowhere_are_named() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    let bench = Bench::new(&world);
    let (_page, page) = stranger(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>no</html>",
    );
    world.pod_of("default", "unknown", "registry.invalid/team/app:1", "");
    world.pod_of("default", "refused", "127.0.0.1:1/team/app:1", "");
    world.pod_of("default", "page", &format!("{page}/team/app:1"), "");
    let (_proxy, proxy) = stranger(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>no</html>",
    );
    let (_old, old) = stranger(
        "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.distribution.manifest.v1+prettyjws\r\nContent-Length: 19\r\nConnection: close\r\n\r\n{\"schemaVersion\":1}",
    );
    world.pod_of("default", "proxy", &format!("{proxy}/team/app:1"), "");
    world.pod_of("default", "old", &format!("{old}/team/app:1"), "");
    for (pod, cause) in [
        ("unknown", "DnsFailure"),
        ("refused", "ConnectionRefused"),
        ("page", "NotARegistry"),
        ("proxy", "ProxyError"),
        ("old", "UnsupportedManifest"),
    ] {
        let image = bench.explained(&format!("pod/{pod}"), "default", cause);
        assert!(!image["fix"].as_array().expect("fixes").is_empty(), "{image}");
    }
}

#[test]
fn certificates_and_missing_tls_are_named_and_once_right_the_pasted_fix_heals() {
    if !has_kubectl() {
        return;
    }
    let (trusted, other) = (Authority::new(), Authority::new());
    let unknown = Presented::new(other.certify("unknown.test", false));
    let expired = Presented::new(trusted.certify("expired.test", true));
    let hub = Presented::new(trusted.certify("registry-1.docker.io", false));
    let registries = [
        Own::start_tls(&unknown),
        Own::start_tls(&expired),
        Own::start_tls(&hub),
    ];
    for registry in &registries {
        registry.push("team/app", "1");
    }
    let plain = Own::start();
    let (_noise, noise) = stranger("SSH-2.0-OpenSSH_9.9\r\n");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, trusted.pem()).expect("a file");
    let names = [
        ("unknown.test", registries[0].address),
        ("expired.test", registries[1].address),
        ("registry-1.docker.io", registries[2].address),
        ("plain.test", plain.address),
        ("noise.test", noise),
    ];
    let hosts: Vec<String> = names
        .iter()
        .map(|(name, address)| format!("{name}={address}"))
        .collect();
    let authority = file.display().to_string();
    let mut flags = vec!["--registry-ca", &authority];
    for host in &hosts {
        flags.extend(["--add-host", host]);
    }
    let world = up_with(&flags);
    let bench = Bench {
        world: &world,
        here: Here {
            hosts: hosts.join(","),
            authority: authority.clone(),
        },
    };
    for name in ["unknown", "expired"] {
        bench.namespace(name);
        bench.secret(name, "own", &format!("{name}.test"), USER, PASSWORD);
        world.ok(&format!(
            "create deployment web -n {name} --image={name}.test/team/app:1"
        ));
    }
    bench.deployment(
        "plain",
        &format!("plain.test:{}/team/app:1", plain.address.port()),
    );
    bench.deployment("noise", &format!("noise.test:{}/team/app:1", noise.port()));
    bench.namespace("hub");
    bench.secret("hub", "spelt", "hub.docker.com", USER, PASSWORD);
    world.pod_of("hub", "p", "team/app:1", &listing("spelt"));

    let untrusted = bench.explained("deploy/web", "unknown", "UntrustedCA");
    let old = bench.explained("deploy/web", "expired", "CertificateInvalid");
    bench.explained("deploy/web", "plain", "HttpOnlyRegistry");
    bench.explained("deploy/web", "noise", "TlsProtocolError");
    let spelt = bench.explained("pod/p", "hub", "HostSpelling");
    unknown.renew(trusted.certify("unknown.test", false));
    expired.renew(trusted.certify("expired.test", false));
    for (namespace, image) in [("unknown", &untrusted), ("expired", &old), ("hub", &spelt)] {
        bench.paste(image, PASSWORD);
        bench.runs(namespace);
    }
}

#[test]
fn registry_that_does_not_answer_in_time_is_named() {
    if !has_kubectl() {
        return;
    }
    let (world, registry) = (up(), Own::start());
    let bench = Bench::new(&world);
    registry.push("slow/app", "1");
    let slow = Fault::Slow(std::time::Duration::from_secs(3600));
    registry
        .faults()
        .add(Script::new("slow/app", slow).on(Part::Manifests));
    let host = registry.host();
    bench.namespace("slow");
    bench.secret("slow", "own", &host, USER, PASSWORD);
    world.pod_of("slow", "p", &format!("{host}/slow/app:1"), &listing("own"));
    world.wait_waiting("slow", "p", "ErrImagePull");
    let image = bench.explained("pod/p", "slow", "Timeout");
    registry.faults().clear_all();
    // The cause is gone, but nobody would make a new pod: its kubelet has it in the end.
    bench.paste(&image, "");
    bench.runs("slow");
}

#[test]
fn private_authority_and_token_service_of_a_credential_count_for_explain_as_for_verification() {
    if !has_kubectl() {
        return;
    }
    let authority = Authority::new();
    let shown = Presented::new(authority.certify("private.test", false));
    let registry = Own::start_tls(&shown);
    registry.push("team/app", "1");
    let hosts = format!("private.test={}", registry.address);
    // Neither keyside nor `explain` trusts the authority by itself.
    let world = up_with(&["--add-host", &hosts]);
    let bench = Bench {
        world: &world,
        here: Here {
            hosts,
            authority: String::new(),
        },
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.crt");
    std::fs::write(&file, authority.pem()).expect("a file");
    // Where a credential is sent may not be changed without its secret: so each is made as it stays.
    let credential = |namespace: &str, more: &str| {
        bench.namespace(namespace);
        bench.secret(namespace, "own", "private.test", USER, PASSWORD);
        world.ok(&format!(
            "create configmap ca -n {namespace} --from-file=ca.crt={}",
            file.display()
        ));
        world.apply(&format!(
            "apiVersion: keyside.dev/v1alpha1\nkind: RegistryCredential\nmetadata: {{name: own, namespace: {namespace}}}\nspec:\n  source: {{secret: {{name: own}}}}\n  verification: {{repository: private.test/team/app}}\n{more}"
        ));
    };
    let both = |namespace: &str, expected: &str| {
        let path = "{.status.conditions[?(@.type==\"Verified\")].reason}";
        let what = format!("verification says {expected}");
        world.wait("registrycredential/own", namespace, path, &what, |reason| {
            reason == expected
        });
        let line = format!("keyside explain image private.test/team/app:1 -n {namespace} -o json");
        let output = bench.shell(&line, "");
        let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(said["images"][0]["credentials"][0]["reason"], expected, "{said}");
    };
    let ours = "  certificateAuthority: {configMapRef: {name: ca, key: ca.crt}}\n";
    credential("bare", "");
    both("bare", "UntrustedCA");
    credential("trusting", ours);
    both("trusting", "PullAllowed");
    // The registry sends everybody to a token service elsewhere, which has no address: one credential waits for a confirmation,
    // the other has it and goes there.
    let mut elsewhere = Script::new("", Fault::ForeignRealm("https://nobody.invalid/token".to_owned()));
    elsewhere.repository = None;
    registry.faults().add(elsewhere);
    credential("unconfirmed", ours);
    both("unconfirmed", "TokenServiceUnconfirmed");
    credential(
        "confirmed",
        &format!("{ours}  tokenService: https://nobody.invalid\n"),
    );
    both("confirmed", "DnsFailure");
}

#[test]
fn words_of_a_registry_are_shown_on_demand_and_cannot_rewrite_the_screen() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    let bench = Bench::new(&world);
    let (_rude, rude) = stranger(
        "HTTP/1.1 500 Oops\r\nContent-Length: 36\r\nConnection: close\r\n\r\nrude \u{1b}[2J\u{1b}[31mwords\u{202e}backwards\u{7} end",
    );
    bench.namespace("lab");
    bench.secret("lab", "own", &rude.to_string(), USER, PASSWORD);
    world.apply(
        "apiVersion: keyside.dev/v1alpha1\nkind: RegistryCredential\nmetadata: {name: own, namespace: lab}\nspec:\n  source: {secret: {name: own}}\n",
    );
    let lines = [
        "keyside credential verify own -n lab".to_owned(),
        format!("keyside explain image {rude}/team/app:1 -n lab"),
    ];
    for line in lines {
        let said = |more: &str| {
            let output = bench.shell(&format!("{line} {more}"), "");
            text(&output.stdout) + &text(&output.stderr)
        };
        let usual = said("");
        assert!(
            usual.contains("RegistryError") && !usual.contains("rude"),
            "{usual}"
        );
        let with_words = said("-v");
        assert!(with_words.contains("500 rude"), "{with_words}");
        for bad in ["\u{1b}[2J", "\u{1b}[31m", "\u{202e}", "\u{7}"] {
            assert!(!with_words.contains(bad), "{with_words:?}");
        }
    }
}

#[test]
fn table_says_what_the_json_says_in_both_languages_and_no_secret() {
    if !has_kubectl() {
        return;
    }
    let (world, registry) = (up(), Own::start());
    registry.push("team/app", "1");
    let bench = Bench::new(&world);
    bench.namespace("lab");
    bench.secret("lab", "own", &registry.host(), "canary-user", "canary-word");
    world.pod_of(
        "lab",
        "p",
        &format!("{}/team/app:1", registry.host()),
        &listing("own"),
    );
    let image = bench.explained("pod/p", "lab", "BadCredentials");
    let table = |flags: &str| {
        text(
            &bench
                .shell(&format!("keyside explain pod/p -n lab {flags}"), "")
                .stdout,
        )
    };
    let english = table("");
    for said in [
        &image["message"],
        &image["reason"],
        &image["image"],
        &image["fix"][0],
        &image["fix"][1],
    ] {
        assert!(
            english.contains(said.as_str().expect("text")),
            "{said} is not in {english}"
        );
    }
    for tried in image["credentials"].as_array().expect("credentials") {
        for field in ["name", "scope", "pattern", "delivery", "result", "reason"] {
            assert!(
                english.contains(tried[field].as_str().expect("text")),
                "{field} is not in {english}"
            );
        }
    }
    let chinese = table("--lang zh-CN");
    assert!(chinese.contains("诊断") && chinese.contains("拒绝"), "{chinese}");
    assert!(
        chinese.contains("BadCredentials") && chinese.contains(image["fix"][1].as_str().expect("text")),
        "{chinese}"
    );
    // The registry's own words only on demand.
    assert!(!english.contains("401 Unauthorized"), "{english}");
    let with_words = table("-v");
    assert!(with_words.contains("401 Unauthorized"), "{with_words}");
    for shown in [&english, &chinese, &with_words, &image.to_string()] {
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[test]
fn one_event_per_pod_and_cause_says_what_explain_says() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.pod("default", "p", "");
    let diagnosed = |world: &World| -> Vec<String> {
        let events = world.events("default", "p").into_iter();
        events
            .filter(|(reason, _)| reason == "PullDiagnosed")
            .map(|(_, message)| message)
            .collect()
    };
    let said = eventually("the pod is diagnosed", || {
        let said = diagnosed(&world);
        if said.is_empty() {
            Err("nothing".to_owned())
        } else {
            Ok(said)
        }
    });
    assert!(said[0].starts_with("NoCredentials: "), "{said:?}");
    assert!(said[0].contains("Next: keyside credential add"), "{said:?}");
    world.wait_waiting("default", "p", "ImagePullBackOff");
    assert_eq!(diagnosed(&world).len(), 1);
}

#[test]
fn codes_have_pages_without_a_cluster() {
    let page = |line: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyside"));
        command
            .args(line.split(' '))
            .env("HOME", "/nonexistent")
            .env_remove("KUBECONFIG")
            .env("LC_ALL", "C.UTF-8");
        let output = fed(command, "");
        assert!(output.status.success(), "{line}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(page("explain NoPullScope").contains("The login works"));
    assert!(page("explain NoPullScope --lang zh-CN").contains("能登录"));
    assert!(page("explain TokenServiceUnconfirmed").contains("spec.tokenService"));
    assert!(page("explain NoPullScope --lang zh-CN -o json").contains("The login works"));
}

#[test]
fn check_names_what_is_wrong_with_stable_ids_and_warnings_do_not_fail() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    let bench = Bench::new(&world);
    let look = |flags: &str| {
        let output = bench.shell(&format!("keyside check -o json {flags}"), "");
        let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), document)
    };
    let (status, document) = look("");
    assert_eq!(
        (status, &document["success"]),
        (Some(0), &Value::Bool(true)),
        "{document}"
    );
    let ids = |document: &Value, result: &str| -> Vec<String> {
        let categories = document["categories"].as_array().expect("categories").iter();
        let checks = categories.flat_map(|category| category["checks"].as_array().expect("checks").clone());
        checks
            .filter(|check| check["result"] == result)
            .map(|check| check["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    for id in [
        "api-reachable",
        "crds",
        "webhook-alive",
        "watches-fresh",
        "deliveries",
        "credentials-valid",
        "dangling-pull-secrets",
        "missed-pods",
    ] {
        assert!(
            ids(&document, "success").contains(&id.to_owned()),
            "{id}: {document}"
        );
    }
    for namespace in ["a", "b"] {
        bench.namespace(namespace);
        bench.secret(namespace, "same", "quay.io", "canary-user", "canary-word");
    }
    world.pod_of("a", "p", "registry.invalid/x:1", &listing("lost"));
    let (status, document) = look("");
    assert_eq!(status, Some(0), "{document}");
    for id in ["dangling-pull-secrets", "duplicate-pull-secrets"] {
        assert!(
            ids(&document, "warning").contains(&id.to_owned()),
            "{id}: {document}"
        );
    }
    world.apply("apiVersion: v1\nkind: Secret\nmetadata: {name: bad, namespace: b}\ntype: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: '{\"auths\":{\"x.example\":{\"auth\":\"%%%\"}}}'}\n");
    world.pod_of("b", "p", "registry.invalid/x:1", &listing("bad"));
    // In another language people read other sentences; codes, commands and JSON stay.
    let chinese = text(&bench.shell("keyside check --lang zh-CN", "").stdout);
    for said in [
        "项检查",
        "引用的密文 (Secret) lost 不存在",
        "MissingPullSecret",
        "keyside credential add lost",
    ] {
        assert!(chinese.contains(said), "{said} is not in {chinese}");
    }
    let in_json = |flags: &str| {
        look(flags).1["categories"]
            .to_string()
            .replace(|c: char| c.is_ascii_digit(), "")
    };
    assert_eq!(in_json("--lang zh-CN"), in_json(""));
    let inventory = text(
        &bench
            .shell("keyside import secrets --dry-run --lang zh-CN", "")
            .stdout,
    );
    assert!(inventory.contains("2 个密文 (Secret) 内容相同"), "{inventory}");
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report.json");
    let (status, document) = look(&format!("--report {}", report.display()));
    assert_eq!(status, Some(1), "{document}");
    for (result, id) in [
        ("error", "broken-pull-secrets"),
        ("warning", "last-applied-secrets"),
    ] {
        assert!(
            ids(&document, result).contains(&id.to_owned()),
            "{id}: {document}"
        );
    }
    let report = std::fs::read_to_string(report).expect("a report");
    for name in ["same", "lost", "canary", "quay.io"] {
        assert!(!report.contains(name), "{name} is in {report}");
    }
    let inventory = text(&bench.shell("keyside import secrets --dry-run", "").stdout);
    assert!(
        inventory.contains("2 Secrets with this content") && !inventory.contains("canary"),
        "{inventory}"
    );
    assert_eq!(
        bench
            .shell("keyside check --kubeconfig /nonexistent", "")
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn docker_config_is_taken_with_its_stores_and_a_file_that_only_points_to_one_is_refused() {
    if !has_kubectl() {
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let world = up();
    let bench = Bench::new(&world);
    let folder = tempfile::tempdir().expect("a folder");
    let helper = folder.path().join("docker-credential-testing");
    std::fs::write(&helper, "#!/bin/sh\nread -r host\necho \"{\\\"ServerURL\\\":\\\"$host\\\",\\\"Username\\\":\\\"canary-user\\\",\\\"Secret\\\":\\\"canary-word\\\"}\"\n").expect("a helper");
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let file = folder.path().join("config.json");
    std::fs::write(&file, r#"{"auths":{"quay.io":{}},"credsStore":"testing"}"#).expect("a file");
    let line = format!(
        "keyside credential add pointed -n default --no-verify --from-file {}",
        file.display()
    );
    let refused = bench.shell(&line, "");
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("this file only points to a store"),
        "{}",
        text(&refused.stderr)
    );
    let line = format!(
        "PATH={0}:$PATH DOCKER_CONFIG={0} keyside credential add asked -n default --no-verify --from-docker",
        folder.path().display()
    );
    let added = bench.shell(&line, "");
    let said = text(&added.stdout) + &text(&added.stderr);
    assert!(added.status.success() && !said.contains("canary"), "{said}");
    let stored = world.ok("get secret asked -o jsonpath={.data.\\.dockerconfigjson}");
    assert!(!stored.is_empty());
    let shown = world.keyside_ok("credential get asked -n default", "");
    assert!(shown.contains("quay.io"), "{shown}");
}
