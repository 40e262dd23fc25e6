//! Pull secrets that exist already: shown with what is wrong with them, and taken over where they stand.

use crate::http::Http;
use crate::world::{World, eventually, has_kubectl, up};
use reqwest::StatusCode;

/// Two namespaces with the same Secret under a key that no kubelet finds, and one that nobody can read.
fn world_with_secrets() -> World {
    let world = up();
    let key = format!("HTTPS://{}/v2/", world.registry());
    for namespace in ["one", "two"] {
        world.ok(&format!("create namespace {namespace}"));
        let (user, password) = (world.user(), world.password());
        world.run(&[
            "create",
            "secret",
            "docker-registry",
            "old",
            "-n",
            namespace,
            &format!("--docker-server={key}"),
            &format!("--docker-username={user}"),
            &format!("--docker-password={password}"),
        ]);
    }
    world
}

#[test]
fn a_pull_secret_is_shown_with_what_is_wrong_and_taken_over() {
    if !has_kubectl() {
        return;
    }
    let world = world_with_secrets();
    let mut http = Http::signed_in(&world);
    let list = http.get("/credentials/import").text;
    assert!(
        list.contains("one/old") && list.contains("two/old") && list.contains("2 Secrets hold the same"),
        "{list}"
    );
    let alone = http.get("/credentials/import?namespace=one").text;
    assert!(alone.contains("one/old") && !alone.contains("two/old"));
    assert!(alone.contains("No pod or ServiceAccount names it"), "{alone}");

    let page = "/credentials/import?namespace=one&secret=old";
    let english = http.get(page).text;
    assert!(
        english.contains(&format!("will be written {}", world.registry())),
        "{english}"
    );
    http.post("/view", &[("lang", "zh-CN")]);
    let chinese = http
        .send(
            reqwest::Method::GET,
            page,
            &[("sec-fetch-site", "same-origin"), ("accept-language", "zh-CN")],
            None,
        )
        .text;
    assert!(
        chinese.contains(&format!("将改写为 {}", world.registry())),
        "{chinese}"
    );
    for text in [&list, &alone, &english, &chinese] {
        assert!(!text.contains(&world.password()), "a password is shown");
    }

    // Looking changes nothing.
    assert_eq!(world.ok("get regcred -n one -o name"), "");
    let answer = http.post("/credentials/import", &[("namespace", "one"), ("secret", "old")]);
    assert_eq!(
        answer.location(),
        "/credentials/one/old?done=saved",
        "{}",
        answer.text
    );
    assert!(world.ok("get regcred -n one -o name").contains("/old"));
    world.pod("one", "served", "");
    world.wait_running("one", "served");
    eventually("it counts as taken over", || {
        let page = http.get("/credentials/import?namespace=one").text;
        if page.contains("taken over") {
            Ok(())
        } else {
            Err(page)
        }
    });
    let known = http.get(page).text;
    assert!(
        known.contains("There is a credential old") && !known.contains("data-main"),
        "{known}"
    );
    let again = http.post("/credentials/import", &[("namespace", "one"), ("secret", "old")]);
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(
        again
            .text
            .contains("There is a credential old in this namespace already"),
        "{}",
        again.text
    );
}

#[test]
fn what_is_no_pull_secret_or_a_copy_is_not_taken_over() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    let mut http = Http::signed_in(&world);
    world.ok("create secret generic plain --from-literal=a=canary-value");
    let page = http.get("/credentials/import?namespace=default&secret=plain");
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("has the type Opaque") && !page.text.contains("canary-value"));
    assert!(!page.text.contains("data-main"), "nothing to press");
    let answer = http.post(
        "/credentials/import",
        &[("namespace", "default"), ("secret", "plain")],
    );
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    world.add_credential("shared", "--project default");
    eventually("the copy is there", || {
        let copy = world.kubectl(&["get", "secret", "shared"]).output();
        copy.is_ok_and(|copy| copy.status.success())
            .then_some(())
            .ok_or_else(|| "no copy".to_owned())
    });
    let answer = http.post(
        "/credentials/import",
        &[("namespace", "default"), ("secret", "shared")],
    );
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("a copy that keyside delivered"));
    assert!(
        !http.get("/credentials/import").text.contains(">default/shared<"),
        "copies are not offered"
    );
}
