//! For each cause a world that produces it: `explain pod` names it and ends with 1, and the printed fix, pasted, heals it.

use super::bench::{Bench, Here, listing};
use super::{node, ways};
use crate::registry::{Authority, Gate, Own, PASSWORD, Presented, USER};
use crate::world::{has_kubectl, up, up_with};
use keyside_api::Cause;
use keyside_registry::{Fault, Part, Rights, Script};
use serde_json::Value;
use std::collections::BTreeSet;

/// What each of the tests below names; each asserts that it has named exactly these.
const OF_LOGINS: [Cause; 6] = [
    Cause::BadCredentials,
    Cause::NoPullScope,
    Cause::SecretInWrongNamespace,
    Cause::MissingPullSecret,
    Cause::BrokenPullSecret,
    Cause::HostSpelling,
];
const OF_NOTHING: [Cause; 2] = [Cause::NoMatchingCredential, Cause::NoCredentials];
const OF_IMAGES: [Cause; 4] = [
    Cause::NotFound,
    Cause::NoMatchingPlatform,
    Cause::InvalidReference,
    Cause::NeverPull,
];
const OF_FAULTS: [Cause; 9] = [
    Cause::RateLimited,
    Cause::RegistryError,
    Cause::ContentCorrupt,
    Cause::BlobDenied,
    Cause::ContentMissing,
    Cause::Expired,
    Cause::NoPullScope,
    Cause::PolicyBlocked,
    Cause::Interrupted,
];
const OF_CERTIFICATES: [Cause; 5] = [
    Cause::UntrustedCA,
    Cause::CertificateInvalid,
    Cause::HttpOnlyRegistry,
    Cause::TlsProtocolError,
    Cause::HostSpelling,
];
const OF_TIME: [Cause; 1] = [Cause::Timeout];

#[test]
fn every_cause_has_a_world() {
    let shown: BTreeSet<Cause> = [
        &OF_LOGINS[..],
        &OF_NOTHING,
        &OF_IMAGES,
        &OF_FAULTS,
        &ways::OF_ADDRESSES,
        &ways::OF_OUTSIDE,
        &ways::OF_FORMS,
        &OF_CERTIFICATES,
        &OF_TIME,
        &node::OF_DENIALS,
        &node::OF_PRESENCE,
        &node::OF_WORDS,
    ]
    .concat()
    .into_iter()
    .collect();
    let missing: Vec<_> = Cause::ALL.iter().filter(|cause| !shown.contains(cause)).collect();
    assert!(missing.is_empty(), "no test produces {missing:?}");
}

#[test]
fn every_cause_is_documented() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/causes.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let named: BTreeSet<&str> = page.split(|letter: char| !letter.is_alphanumeric()).collect();
    let missing: Vec<_> = Cause::ALL
        .iter()
        .filter(|cause| !named.contains(cause.as_str()))
        .collect();
    assert!(missing.is_empty(), "{path} does not name {missing:?}");
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

    let wrong = bench.explained("pod/p", "wrong", Cause::BadCredentials);
    assert_eq!(wrong["credentials"][0]["result"], "refused");
    let weak = bench.explained("pod/p", "weak", Cause::NoPullScope);
    // What stands elsewhere is seen from everywhere; without it the cause would be that nothing is there.
    let nothing = bench.explained("pod/p", "nothing", Cause::SecretInWrongNamespace);
    let near = bench.explained("pod/p", "near", Cause::SecretInWrongNamespace);
    let named = near["unused"].to_string();
    assert!(
        named.contains(&format!(
            "testquay is for {host}/team-b, this image is {host}/team/app"
        )),
        "{named}"
    );
    let far = bench.explained("pod/p", "far", Cause::SecretInWrongNamespace);
    let gone = bench.explained("pod/p", "gone", Cause::MissingPullSecret);
    let broken = bench.explained("pod/p", "broken", Cause::BrokenPullSecret);
    let spelt = bench.explained("pod/p", "spelt", Cause::HostSpelling);
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
    bench.has_named(&OF_LOGINS);
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
    let near = bench.explained("pod/p", "near", Cause::NoMatchingCredential);
    let nothing = bench.explained("pod/p", "nothing", Cause::NoCredentials);
    bench.paste(&near, PASSWORD);
    bench.runs("near");
    bench.paste(&nothing, PASSWORD);
    bench.runs("nothing");
    bench.has_named(&OF_NOTHING);
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
    registry.push_foreign("team/foreign", "mips");
    registry.push("team/foreign", "1");
    let bench = Bench::new(&world);
    let host = registry.host();
    let credential = format!(
        "credential add all --registry {host} --username {USER} --cluster --password-stdin --no-verify"
    );
    world.keyside_ok(&credential, PASSWORD);
    bench.deployment("tag", &format!("{host}/team/app:gone"));
    bench.deployment("foreign", &format!("{host}/team/foreign:mips"));
    bench.namespace("upper");
    world.pod_of("upper", "p", &format!("{host}/Team/App:1"), "");
    bench.namespace("never");
    world.apply(&format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: never}}\nspec: {{containers: [{{name: app, image: \"{host}/team/app:1\", imagePullPolicy: Never}}]}}\n"
    ));
    let tag = bench.explained("deploy/web", "tag", Cause::NotFound);
    let foreign = bench.explained("deploy/web", "foreign", Cause::NoMatchingPlatform);
    let upper = bench.explained("pod/p", "upper", Cause::InvalidReference);
    let never = bench.explained("pod/p", "never", Cause::NeverPull);
    for (namespace, image) in [
        ("tag", &tag),
        ("foreign", &foreign),
        ("upper", &upper),
        ("never", &never),
    ] {
        bench.paste(image, "");
        bench.runs(namespace);
    }
    bench.has_named(&OF_IMAGES);
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
            Cause::RateLimited,
            Fault::RateLimited { retry_after: None },
            Part::Everything,
        ),
        (
            "down",
            Cause::RegistryError,
            Fault::Unavailable(503),
            Part::Everything,
        ),
        (
            "cut",
            Cause::ContentCorrupt,
            Fault::Cut { after: 10 },
            Part::Blobs,
        ),
        ("corrupt", Cause::ContentCorrupt, Fault::Corrupt, Part::Blobs),
        ("blob", Cause::BlobDenied, Fault::Forbidden, Part::Blobs),
        ("lost", Cause::ContentMissing, Fault::NotFound, Part::Blobs),
        ("expired", Cause::Expired, Fault::ExpiredLogin, Part::Manifests),
        ("forbidden", Cause::NoPullScope, Fault::Forbidden, Part::Manifests),
        (
            "policy",
            Cause::PolicyBlocked,
            Fault::Unavailable(412),
            Part::Manifests,
        ),
        (
            "interrupted",
            Cause::Interrupted,
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
        found.push((name, bench.explained("deploy/web", name, *cause)));
    }
    registry.faults().clear_all();
    for (name, image) in found {
        bench.paste(&image, PASSWORD);
        bench.runs(name);
    }
    bench.has_named(&OF_FAULTS);
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
    let plain = Presented::new(trusted.certify("plain.test", false));
    let right = Presented::new(trusted.certify("right.test", false));
    let registries = [
        Own::start_tls(&unknown),
        Own::start_tls(&expired),
        Own::start_tls(&hub),
        Own::start_tls(&plain),
        Own::start_tls(&right),
    ];
    for registry in &registries {
        registry.push("team/app", "1");
    }
    // What a server without TLS says to whoever begins with a handshake.
    let door = Gate::saying("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let noise = Gate::saying("SSH-2.0-OpenSSH_9.9\r\n");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, trusted.pem()).expect("a file");
    let names = [
        ("unknown.test", registries[0].address),
        ("expired.test", registries[1].address),
        ("registry-1.docker.io", registries[2].address),
        ("plain.test", door.address),
        ("noise.test", noise.address),
        ("right.test", registries[4].address),
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
    let bench = Bench::at(
        &world,
        Here {
            hosts: hosts.join(","),
            authority: authority.clone(),
        },
    );
    for name in ["unknown", "expired"] {
        bench.namespace(name);
        bench.secret(name, "own", &format!("{name}.test"), USER, PASSWORD);
        world.ok(&format!(
            "create deployment web -n {name} --image={name}.test/team/app:1"
        ));
    }
    bench.namespace("plain");
    let at_port = format!("plain.test:{}", door.address.port());
    bench.secret("plain", "own", &at_port, USER, PASSWORD);
    bench.namespace("noise");
    bench.secret("noise", "own", "right.test", USER, PASSWORD);
    for (name, host) in [("plain", at_port.as_str()), ("noise", "noise.test")] {
        world.ok(&format!(
            "create deployment web -n {name} --image={host}/team/app:1"
        ));
    }
    bench.namespace("hub");
    bench.secret("hub", "spelt", "hub.docker.com", USER, PASSWORD);
    world.pod_of("hub", "p", "team/app:1", &listing("spelt"));

    let untrusted = bench.explained("deploy/web", "unknown", Cause::UntrustedCA);
    let old = bench.explained("deploy/web", "expired", Cause::CertificateInvalid);
    let http = bench.explained("deploy/web", "plain", Cause::HttpOnlyRegistry);
    let ssh = bench.explained("deploy/web", "noise", Cause::TlsProtocolError);
    let spelt = bench.explained("pod/p", "hub", Cause::HostSpelling);
    unknown.renew(trusted.certify("unknown.test", false));
    expired.renew(trusted.certify("expired.test", false));
    // It is served over TLS from now on.
    door.lead_to(&registries[3]);
    for (namespace, image) in [
        ("unknown", &untrusted),
        ("expired", &old),
        ("hub", &spelt),
        ("plain", &http),
    ] {
        bench.paste(image, PASSWORD);
        bench.runs(namespace);
    }
    bench.paste_at("right.test", &ssh, PASSWORD);
    bench.runs("noise");
    bench.has_named(&OF_CERTIFICATES);
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
    let image = bench.explained("pod/p", "slow", Cause::Timeout);
    registry.faults().clear_all();
    // The cause is gone, but nobody would make a new pod: its kubelet has it in the end.
    bench.paste(&image, "");
    bench.runs("slow");
    bench.has_named(&OF_TIME);
}
