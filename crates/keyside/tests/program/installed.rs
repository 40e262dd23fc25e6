//! What `install` leaves in a cluster, what the fence round keyside's writes lets through, and what `uninstall` takes out.

use crate::bare::Bare;
use crate::rights;
use crate::world::{World, eventually, fed, has_kubectl, text, up};
use serde_json::Value;

const ACCOUNT: &str = "system:serviceaccount:keyside-system:keyside";

/// A world with an installation beside the keyside of the world itself, which has the same account and rights.
fn installed() -> World {
    let world = up();
    world.keyside_ok(&format!("install --image {}", world.image()), "");
    world
}

/// Tries something as keyside's own account; what was said.
fn as_keyside(world: &World, line: &str, stdin: &str) -> (bool, String) {
    let mut command = world.kubectl(&[]);
    command.args(line.split_whitespace()).args(["--as", ACCOUNT]);
    let output = fed(command, stdin);
    (
        output.status.success(),
        text(&output.stdout) + &text(&output.stderr),
    )
}

fn secret(namespace: &str, name: &str, kind: &str, labels: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}, labels: {labels}, \
         annotations: {{kubernetes.io/service-account.name: default}}}}\ntype: {kind}\n\
         data: {{.dockerconfigjson: e30=}}\n"
    )
}

const OURS: &str = "{app.kubernetes.io/managed-by: keyside, keyside.dev/credential: a.b.c}";
const PULL: &str = "kubernetes.io/dockerconfigjson";
const APPLY: &str = "apply --server-side --force-conflicts --field-manager=thief -f -";

#[track_caller]
fn refused(world: &World, line: &str, stdin: &str, why: &str) {
    let (done, said) = as_keyside(world, line, stdin);
    assert!(!done && said.contains(why), "{line}\n{stdin}: {said}");
}

#[test]
fn fence_lets_keyside_deliver_repair_and_take_back() {
    if !has_kubectl() {
        return;
    }
    let world = installed();
    world.add_credential("demo", "--project default");
    let label = |name: &str| format!("get secret demo -n default -o jsonpath={{.metadata.{name}}}");
    let copy = || {
        world.wait(
            "secret/demo",
            "default",
            "{.metadata.uid}",
            "the copy stands",
            |uid| !uid.is_empty(),
        )
    };
    let first = copy();
    world.ok("label secret demo -n default app.kubernetes.io/managed-by=somebody --overwrite");
    eventually("the label is repaired", || {
        let value = world.ok(&label(r"labels.app\.kubernetes\.io/managed-by"));
        if value == "keyside" { Ok(()) } else { Err(value) }
    });
    world.ok("delete secret demo -n default");
    assert_ne!(copy(), first, "the copy comes back");
    world.keyside_ok("credential delete demo --project default --force", "");
    eventually("the copy is taken back", || {
        let found = world.ok("get secret -n default -o name");
        if found.contains("secret/demo") {
            Err(found)
        } else {
            Ok(())
        }
    });
}

#[test]
fn stolen_token_cannot_plant_change_or_take_away() {
    if !has_kubectl() {
        return;
    }
    let world = installed();
    world.ok("create secret generic foreign -n default --from-literal=a=b");
    let foreign = || {
        let object: Value =
            serde_json::from_str(&world.ok("get secret foreign -n default -o json")).expect("JSON");
        object
    };
    let before = foreign();
    refused(
        &world,
        APPLY,
        &secret("default", "foreign", "Opaque", OURS),
        "only Secrets that are its own",
    );
    refused(
        &world,
        APPLY,
        &secret("default", "foreign", "Opaque", "{}"),
        "denied request",
    );
    let path = "delete --raw /api/v1/namespaces/default/secrets/foreign";
    refused(&world, path, "", "only Secrets that are its own");
    assert_eq!(foreign(), before);
    refused(
        &world,
        APPLY,
        &secret("default", "new", PULL, "{}"),
        "only Secrets that carry its own labels",
    );
    let token = "kubernetes.io/service-account-token";
    refused(
        &world,
        APPLY,
        &secret("default", "new", token, OURS),
        "denied request",
    );
    refused(
        &world,
        APPLY,
        &secret("default", "new", "Opaque", OURS),
        "only Secrets of the type",
    );
    refused(
        &world,
        APPLY,
        &secret("kube-system", "new", PULL, OURS),
        "system namespace kube-system",
    );
    refused(
        &world,
        APPLY,
        &secret("keyside-system", "new", PULL, OURS),
        "system namespace keyside-system",
    );
    refused(
        &world,
        APPLY,
        &secret("keyside-system", "keyside-x", token, OURS),
        "denied request",
    );
    let (done, said) = as_keyside(&world, APPLY, &secret("default", "copy", PULL, OURS));
    assert!(done, "what keyside may write is not refused: {said}");
}

/// What an installation with these values may do in a namespace, as the API server says and as the page does.
#[track_caller]
fn check_rights(values: &str, places: &[(&str, &[&str])]) {
    let server = Bare::start();
    for namespace in ["keyside-system", "kept"] {
        server.kubectl(&format!("create namespace {namespace}"));
    }
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    std::io::Write::write_all(&mut file, values.as_bytes()).expect("it is written");
    let answer = server.keyside(&format!("install -f {}", file.path().display()));
    assert!(answer.status.success(), "{}", text(&answer.stderr));
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/install.md");
    let page = std::fs::read_to_string(page).expect("the page");
    for (namespace, places) in places {
        let list = server.kubectl(&format!(
            "auth can-i --list --no-headers -n {namespace} --as {ACCOUNT}"
        ));
        let published = rights::published(&page, places);
        assert!(published.len() > 3 || places.is_empty(), "the page has a table");
        assert_eq!(rights::listed(&list), published, "{values} in {namespace}");
    }
}

const ALL: &str = "everywhere";
const OWN: &str = "own namespace";
const OWN_TOO: &str = "own namespace without `repair`";
const KEPT: &str = "`rbac.namespaces` with `inject` or `blind`";
const HOOK: &str = "everywhere with `webhook` or `both`";
const ONLY_HOOK: &str = "everywhere with `webhook`";
const POLICY: &str = "everywhere with `policy` or `both`";
const ONLY_POLICY: &str = "everywhere with `policy`";

#[test]
fn rights_are_those_that_the_documentation_publishes() {
    if !has_kubectl() {
        return;
    }
    let repair = "everywhere with `repair`";
    check_rights(
        "{injection: {mode: webhook}}",
        &[
            ("default", &[ALL, repair, HOOK, ONLY_HOOK]),
            ("keyside-system", &[ALL, repair, HOOK, ONLY_HOOK, OWN]),
        ],
    );
    check_rights(
        "{injection: {mode: both}}",
        &[
            ("default", &[ALL, repair, HOOK, POLICY]),
            ("keyside-system", &[ALL, repair, HOOK, POLICY, OWN]),
        ],
    );
    check_rights(
        "{injection: {mode: policy}, rbac: {namespaces: [kept]}}",
        &[
            ("kept", &[ALL, repair, POLICY, ONLY_POLICY]),
            ("keyside-system", &[ALL, repair, POLICY, ONLY_POLICY, OWN]),
        ],
    );
}

#[test]
fn fewer_rights_are_those_that_the_documentation_publishes() {
    if !has_kubectl() {
        return;
    }
    check_rights(
        "{delivery: {mode: Inject}, rbac: {namespaces: [kept]}, injection: {mode: policy}}",
        &[
            ("default", &[ALL, POLICY, ONLY_POLICY]),
            ("kept", &[ALL, POLICY, ONLY_POLICY, KEPT]),
            ("keyside-system", &[ALL, POLICY, ONLY_POLICY, OWN, OWN_TOO]),
        ],
    );
    let blind = "everywhere with `blind`";
    check_rights(
        "{rbac: {mode: blind, namespaces: [kept]}, injection: {mode: webhook}}",
        &[
            ("default", &[ALL, HOOK, ONLY_HOOK, blind]),
            ("kept", &[ALL, HOOK, ONLY_HOOK, blind, KEPT]),
            ("keyside-system", &[ALL, HOOK, ONLY_HOOK, blind, OWN, OWN_TOO]),
        ],
    );
    check_rights(
        "{rbac: {mode: namespaced, namespaces: [kept]}}",
        &[
            ("default", &[]),
            ("kept", &["`rbac.namespaces` with `namespaced`"]),
            ("keyside-system", &[OWN, OWN_TOO]),
        ],
    );
}

#[test]
fn uninstall_takes_out_everything_but_credentials_and_copies() {
    if !has_kubectl() {
        return;
    }
    let server = Bare::start();
    install(&server);
    let answer = server.keyside("uninstall --yes");
    assert!(answer.status.success(), "{}", text(&answer.stderr));
    assert_eq!(left(&server), "", "nothing of the release is left");
    assert_eq!(registrations(&server), "");
    assert_eq!(
        server.kubectl("get crd -o name").lines().count(),
        4,
        "the definitions stay"
    );
    assert!(
        server
            .kubectl("get secret copy -n default -o name")
            .contains("secret/copy")
    );
    let notes = server.kubectl("get secrets,leases -n keyside-system -o name");
    assert_eq!(
        notes,
        "secret/keyside-accepted-namespaces\nsecret/keyside-install-key\n"
    );
    let again = server.keyside("uninstall --yes");
    assert!(
        again.status.success(),
        "twice does no harm: {}",
        text(&again.stderr)
    );
}

#[test]
fn uninstall_deletes_copies_and_definitions_if_asked_but_never_a_foreign_secret() {
    if !has_kubectl() {
        return;
    }
    let server = Bare::start();
    install(&server);
    let answer = server.keyside("uninstall --yes --delete-copies --delete-crds");
    assert!(answer.status.success(), "{}", text(&answer.stderr));
    assert!(
        text(&answer.stdout).contains("1 pull secrets deleted"),
        "{}",
        text(&answer.stdout)
    );
    assert!(
        text(&answer.stderr).contains("default/lookalike"),
        "{}",
        text(&answer.stderr)
    );
    assert_eq!(left(&server) + &registrations(&server), "");
    assert_eq!(server.kubectl("get crd -o name"), "");
    assert_eq!(
        server.kubectl("get secret -n default -o name"),
        "secret/lookalike\n"
    );
    assert_eq!(server.kubectl("get secret -n keyside-system -o name"), "");
}

#[test]
fn uninstall_leaves_a_release_of_helm_to_helm() {
    if !has_kubectl() {
        return;
    }
    let server = Bare::start();
    install(&server);
    server
        .kubectl("label deployment keyside -n keyside-system app.kubernetes.io/managed-by=Helm --overwrite");
    let answer = server.keyside("uninstall --yes");
    assert_eq!(answer.status.code(), Some(2));
    assert!(
        text(&answer.stderr).contains("helm uninstall keyside --namespace keyside-system"),
        "{}",
        text(&answer.stderr)
    );
    let leftovers = server.keyside("uninstall --leftovers");
    assert!(leftovers.status.success(), "{}", text(&leftovers.stderr));
    assert_eq!(registrations(&server), "");
    assert!(!left(&server).is_empty());
}

/// Installs, and makes what a running keyside makes.
fn install(server: &Bare) {
    let dry = server.keyside("install --dry-run=server");
    assert_eq!(
        dry.status.code(),
        Some(2),
        "without the namespace nothing can be checked"
    );
    let answer = server.keyside("install");
    assert!(answer.status.success(), "{}", text(&answer.stderr));
    let dry = server.keyside("install --dry-run=server");
    assert!(dry.status.success(), "{}", text(&dry.stderr));
    let apply = |manifest: &str, manager: &str| {
        let command = server.command(
            "kubectl",
            &format!("apply --server-side --field-manager={manager} -f -"),
        );
        let output = fed(command, manifest);
        assert!(output.status.success(), "{}", text(&output.stderr));
    };
    apply(&secret("default", "copy", PULL, OURS), "keyside");
    apply(&secret("default", "lookalike", PULL, OURS), "somebody");
    for name in [
        "keyside-install-key",
        "keyside-accepted-namespaces",
        "keyside-webhook",
    ] {
        apply(&secret("keyside-system", name, "Opaque", "{}"), "keyside");
    }
    for kind in ["Mutating", "Validating"] {
        let manifest = format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: {kind}WebhookConfiguration\nmetadata: {{name: keyside}}\n"
        );
        apply(&manifest, "keyside");
    }
    let lease = "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: keyside, namespace: keyside-system}\n";
    apply(lease, "keyside");
    assert_eq!(left(server).lines().count(), 12, "{}", left(server));
}

/// What carries the release's labels, besides the definitions.
fn left(server: &Bare) -> String {
    let kinds = "serviceaccounts,clusterroles,clusterrolebindings,roles,rolebindings,validatingadmissionpolicies,\
                 validatingadmissionpolicybindings,services,networkpolicies,deployments,poddisruptionbudgets,configmaps";
    server.kubectl(&format!(
        "get {kinds} -A -l app.kubernetes.io/instance=keyside -o name"
    ))
}

fn registrations(server: &Bare) -> String {
    server.kubectl("get mutatingwebhookconfigurations,validatingwebhookconfigurations -o name")
}
