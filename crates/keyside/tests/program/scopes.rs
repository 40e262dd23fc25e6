//! One credential, every pod in its scope: projects, namespaces made later, pods as old as their namespace.

use crate::world::{fed, has_kubectl, text, up};

#[test]
fn a_plain_deployment_in_a_project_pulls_without_naming_anything() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.ok("create namespace shop-web");
    world.keyside_ok("project add shop --namespace shop-web --namespace shop-api", "");
    world.add_credential("testquay", "--project shop");
    world.ok(&format!(
        "create deployment web -n shop-web --image={}",
        world.image()
    ));
    world.ok("rollout status deployment/web -n shop-web --timeout=30s");
    let template =
        world.ok("get deployment web -n shop-web -o jsonpath={.spec.template.spec.imagePullSecrets}");
    assert_eq!(template, "", "templates are never touched");

    // The second namespace comes later.
    world.ok("create namespace shop-api");
    world.ok(&format!(
        "create deployment api -n shop-api --image={}",
        world.image()
    ));
    world.ok("rollout status deployment/api -n shop-api --timeout=30s");

    // Another team's namespace has nothing.
    world.ok("create namespace other");
    world.pod("other", "stranger", "");
    world.wait_waiting("other", "stranger", "ImagePullBackOff");
}

#[test]
fn pods_as_old_as_their_namespace_pull_all_of_them() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    let names: Vec<String> = (0..500).map(|n| format!("burst-{n}")).collect();
    let namespaces: Vec<String> = names.iter().map(|name| format!("--namespace {name}")).collect();
    world.keyside_ok(&format!("project add burst {}", namespaces.join(" ")), "");
    world.add_credential("testquay", "--project burst");
    let image = world.image();
    let objects: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: quick, namespace: {name}}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: {name}}}\nspec: {{serviceAccountName: quick, containers: [{{name: app, image: \"{image}\"}}]}}\n"
            )
        })
        .collect();
    let output = fed(world.kubectl(&["create", "-f", "-"]), &objects.join("---\n"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    crate::world::eventually("500 of 500 pods run", || {
        let phases =
            world.ok("get pods -A --field-selector metadata.name=p -o jsonpath={.items[*].status.phase}");
        let running = phases
            .split_whitespace()
            .filter(|phase| *phase == "Running")
            .count();
        if running == 500 {
            Ok(())
        } else {
            Err(format!("{running} run"))
        }
    });
    // Not one of them had to try twice.
    let failed = crate::world::eventually("events can be listed", || {
        let list = world
            .kubectl(&[
                "get",
                "events",
                "-A",
                "--field-selector",
                "reason=Failed",
                "-o",
                "name",
            ])
            .output();
        let list = list.expect("kubectl runs");
        if list.status.success() {
            Ok(text(&list.stdout))
        } else {
            Err(text(&list.stderr))
        }
    });
    assert_eq!(failed, "");
}

#[test]
fn a_cluster_credential_reaches_every_namespace_but_the_system_ones() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.ok("create namespace anywhere");
    world.add_credential("hub", "--cluster");
    world.pod("anywhere", "p", "");
    world.wait_running("anywhere", "p");
    assert!(
        world
            .refused("get secret hub -n kube-system")
            .contains("NotFound")
    );
}

#[test]
fn the_pods_own_list_is_kept_and_only_appended_to() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.add_credential("testquay", "--project default");
    world.pod(
        "default",
        "own",
        "  imagePullSecrets: [{name: zeta}, {name: alpha}]\n",
    );
    world.wait_running("default", "own");
    assert_eq!(
        world.ok("get pod own -o jsonpath={.spec.imagePullSecrets[*].name}"),
        "zeta alpha testquay"
    );
}
