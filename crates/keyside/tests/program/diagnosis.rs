//! What users are told about pulls that fail, and about a cluster's credentials.

#[path = "diagnosis/bench.rs"]
mod bench;
#[path = "diagnosis/causes.rs"]
mod causes;
#[path = "diagnosis/kubelet.rs"]
mod kubelet;
#[path = "diagnosis/node.rs"]
mod node;
#[path = "diagnosis/restart.rs"]
mod restart;
#[path = "diagnosis/token_service.rs"]
mod token_service;
#[path = "diagnosis/ways.rs"]
mod ways;

use crate::registry::{Authority, Own, PASSWORD, Presented, USER, stranger};
use crate::world::{World, eventually, fed, has_kubectl, text, up, up_with};
use bench::{Bench, Here, listing};
use keyside_api::Cause;
use keyside_registry::{Fault, Script};
use serde_json::Value;
use std::process::Command;

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
    let bench = Bench::at(
        &world,
        Here {
            hosts,
            authority: String::new(),
        },
    );
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
    let image = bench.explained("pod/p", "lab", Cause::BadCredentials);
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
    let inventory = |flags: &str| {
        text(
            &bench
                .shell(&format!("keyside import secrets --dry-run {flags}"), "")
                .stdout,
        )
    };
    let chinese = inventory("--lang zh-CN");
    assert!(chinese.contains("错误：kubelet 无法读取此文档"), "{chinese}");
    assert_eq!(inventory("-o json --lang zh-CN"), inventory("-o json"));
    let inventory = inventory("");
    assert!(
        inventory.contains("2 Secrets with this content") && !inventory.contains("canary"),
        "{inventory}"
    );
    // Where nothing is, nothing is fine.
    for line in [
        "check -n nowhere",
        "explain namespace/nowhere",
        "explain image quay.io/x -n nowhere",
    ] {
        let output = bench.shell(&format!("keyside {line}"), "");
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(
            text(&output.stderr).contains("there is no namespace nowhere"),
            "{line}: {}",
            text(&output.stderr)
        );
    }
    // What a credential is made of is nothing to clean up.
    world.keyside_ok(
        "credential add made -n b --registry made.example --username u --password-stdin --no-verify",
        "word",
    );
    let inventory = text(&bench.shell("keyside import secrets --dry-run -n b", "").stdout);
    assert!(
        inventory.contains("made.example") && !inventory.contains("delete secret made"),
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
fn who_may_see_less_is_not_told_that_it_is_not_there() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    let bench = Bench::new(&world);
    bench.namespace("lab");
    bench.secret("lab", "own", "registry.invalid", USER, PASSWORD);
    world.pod_of("lab", "p", "registry.invalid/x:1", &listing("own"));
    world.ok("create clusterrole looks --verb=get,list --resource=pods,namespaces,events,serviceaccounts");
    world.ok("create clusterrolebinding bob --clusterrole=looks --user=bob");
    let found = bench.explained("pod/p", "lab", Cause::DnsFailure);
    assert_eq!(found["credentials"][0]["name"], "own", "{found}");
    let said = |line: &str| {
        let output = bench.shell(&format!("keyside {line} --as bob -o json"), "");
        let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        document
    };
    let seen = said("explain pod/p -n lab");
    assert_eq!(seen["images"][0]["credentials"][0]["name"], "own", "{seen}");
    assert!(!seen.to_string().contains("MissingPullSecret"), "{seen}");
    let seen = said("check");
    assert_eq!(seen["success"], true, "{seen}");
    let result = |id: &str| {
        let categories = seen["categories"].as_array().expect("categories").iter();
        let mut checks =
            categories.flat_map(|category| category["checks"].as_array().expect("checks").iter());
        let check = checks.find(|check| check["id"] == id).expect("a check");
        (check["result"].clone(), check["reason"].clone())
    };
    assert_eq!(result("dangling-pull-secrets").0, "success");
    for id in ["permissions", "webhook-registered", "webhook-alive"] {
        assert_eq!(result(id), ("warning".into(), "Forbidden".into()), "{id}");
    }
    // Whoever asks about one namespace needs rights in it only.
    world.ok("create role inside -n lab --verb=list --resource=secrets,pods");
    world.ok("create rolebinding ann -n lab --role=inside --user=ann");
    let output = bench.shell("keyside check -n lab --as ann -o short", "");
    let said = text(&output.stdout);
    assert!(!said.contains("may not list"), "{said}");
    let output = bench.shell("keyside check --as ann -o short", "");
    let said = text(&output.stdout);
    assert!(said.contains("this user may not list secrets"), "{said}");
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
    // A store that is not there keeps nobody from what the others hold.
    let some = r#"{"auths":{"quay.io":{}},"credsStore":"testing","credHelpers":{"gone.example":"lost"}}"#;
    std::fs::write(&file, some).expect("a file");
    let added = bench.shell(&line.replace(" asked ", " most "), "");
    let said = text(&added.stderr);
    assert!(
        added.status.success() && said.contains("docker-credential-lost did not answer for gone.example"),
        "{said}"
    );
    let shown = world.keyside_ok("credential get most -n default", "");
    assert!(
        shown.contains("quay.io") && !shown.contains("gone.example"),
        "{shown}"
    );
    world.keyside_ok(
        "credential add piped -n default --no-verify --from-file -",
        r#"{"auths":{"ghcr.io":{"username":"u","password":"p"}}}"#,
    );
    let shown = world.keyside_ok("credential get piped -n default", "");
    assert!(shown.contains("ghcr.io"), "{shown}");
}
