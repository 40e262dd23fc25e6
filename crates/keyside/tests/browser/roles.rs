//! The UI owns no rights: a project's owner sees and does what belongs to the project, a viewer looks and changes nothing.

use crate::http::Http;
use crate::world::{World, eventually, has_kubectl, up};
use reqwest::StatusCode;

/// Two projects, and in the home of one an account with these rights on credentials and Secrets.
fn world_with(name: &str, verbs: &str) -> (World, Http) {
    let world = up();
    for namespace in ["shop-web", "bank-web"] {
        world.ok(&format!("create namespace {namespace}"));
    }
    for project in ["shop", "bank"] {
        world.keyside_ok(&format!("project add {project} --namespace {project}-web"), "");
        eventually("the home is there", || {
            let home = world
                .kubectl(&["get", "namespace", &format!("project-{project}")])
                .output();
            if home.is_ok_and(|output| output.status.success()) {
                Ok(())
            } else {
                Err(project.to_owned())
            }
        });
        world.add_credential(&format!("{project}-pull"), &format!("--project {project}"));
    }
    world.apply(&format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}, namespace: project-shop}}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: {name}, namespace: project-shop}}\nrules:\n\
         - {{apiGroups: [keyside.dev], resources: [registrycredentials], verbs: {verbs}}}\n\
         - {{apiGroups: [\"\"], resources: [secrets, events, pods], verbs: {verbs}}}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: {name}, namespace: project-shop}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {name}}}\n\
         subjects: [{{kind: ServiceAccount, name: {name}, namespace: project-shop}}]\n"
    ));
    let token = world.ok(&format!("create token {name} -n project-shop"));
    let http = Http::with_token(&world, token.trim());
    (world, http)
}

#[test]
fn the_owner_of_a_project_does_everything_in_it_and_sees_no_trace_of_others() {
    if !has_kubectl() {
        return;
    }
    let (world, mut http) = world_with("owner", "[\"*\"]");
    for page in [
        "/credentials",
        "/credentials/add",
        "/projects",
        "/projects/shop",
        "/workloads",
        "/workloads/deploy",
        "/events",
        "/explain",
        "/settings",
        "/credentials/project-shop/shop-pull",
        "/credentials/project-shop/shop-pull?tab=used-by",
        "/credentials/project-shop/shop-pull?tab=verification",
        "/credentials/project-shop/shop-pull?tab=history",
        "/credentials/project-shop/shop-pull/move",
    ] {
        let answer = http.get(page);
        assert_eq!(answer.status, StatusCode::OK, "{page}: {}", answer.text);
        assert!(!answer.text.contains("bank"), "{page} speaks of another project");
    }
    assert!(http.get("/credentials").text.contains("shop-pull"));
    for page in ["/credentials/project-bank/bank-pull", "/projects/bank"] {
        let answer = http.get(page);
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{page}");
    }
    let password = world.password();
    let form = [
        ("chosen", "custom"),
        ("registry", world.registry()),
        ("username", world.user()),
        ("password", password.as_str()),
        ("name", "second"),
        ("scope", "project"),
        ("in-project", "shop"),
        // Whatever the registry says, or does not say.
        ("save", "anyway"),
    ];
    let answer = http.post("/credentials/add", &form);
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    eventually("the credential reaches the project", || {
        let copy = world
            .kubectl(&["get", "secret", "second", "-n", "shop-web"])
            .output();
        if copy.is_ok_and(|output| output.status.success()) {
            Ok(())
        } else {
            Err("no copy".to_owned())
        }
    });
    let answer = http.post("/credentials/project-shop/second/delete", &[]);
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    // The cluster's scope is neither offered nor to be had.
    let cluster = form.map(|(name, value)| {
        if name == "scope" {
            (name, "cluster")
        } else {
            (name, value)
        }
    });
    let answer = http.post("/credentials/add", &cluster);
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(
        answer.text.contains("clusterregistrycredentials.keyside.dev"),
        "the right is named"
    );
}

#[test]
fn a_viewer_looks_and_changes_nothing() {
    if !has_kubectl() {
        return;
    }
    let (world, mut http) = world_with("viewer", "[get, list, watch]");
    let list = http.get("/credentials").text;
    assert!(list.contains("shop-pull"));
    assert!(
        !list.contains("Add credential</a></div>") && !list.contains("class=\"button main\""),
        "nothing to add"
    );
    let page = http.get("/credentials/project-shop/shop-pull").text;
    assert!(!page.contains("/shop-pull/edit") && !page.contains("/shop-pull/delete"));
    let password = world.password();
    let form = [
        ("chosen", "custom"),
        ("registry", world.registry()),
        ("username", world.user()),
        ("password", password.as_str()),
        ("name", "second"),
        ("scope", "project"),
        ("in-project", "shop"),
        ("save", "1"),
    ];
    let answer = http.post("/credentials/add", &form);
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(
        answer
            .text
            .contains("lacks the right to create registrycredentials.keyside.dev in namespace project-shop"),
        "{}",
        answer.text
    );
    assert!(!answer.text.contains(&password));
    let answer = http.post("/credentials/project-shop/shop-pull/delete", &[]);
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    // Older contents are seen to be there, and neither put back nor forgotten.
    world.keyside_ok(
        "credential set-password shop-pull --project shop --password-stdin --no-verify",
        "second",
    );
    let version = world.ok("get secret shop-pull -n project-shop -o jsonpath={.metadata.resourceVersion}");
    let page = http.get("/credentials/project-shop/shop-pull?tab=history").text;
    assert!(page.contains("<td data-label=\"Number\">1</td>"), "{page}");
    assert!(!page.contains("/rollback") && !page.contains("/forget"), "{page}");
    for change in ["rollback", "forget"] {
        let form = [
            ("secret-version", version.as_str()),
            ("to", "1"),
            ("save", "anyway"),
        ];
        let answer = http.post(&format!("/credentials/project-shop/shop-pull/{change}"), &form);
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{change}: {}", answer.text);
        assert!(
            answer.text.contains("lacks the right to update secrets"),
            "{}",
            answer.text
        );
    }
    let same = world.ok("get secret shop-pull -n project-shop -o jsonpath={.metadata.resourceVersion}");
    assert_eq!(same, version, "nothing was written");
    assert!(world.ok("get regcred -n project-shop").contains("shop-pull"));
}
