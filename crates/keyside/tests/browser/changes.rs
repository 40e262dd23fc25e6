//! Changes as forms send them: exactly what was chosen is stored, a wider scope needs the password, what is used is not
//! deleted by a slip, and a doubtful password is asked about once.

use crate::http::{Answered, Http, prepare};
use crate::world::{World, eventually, has_kubectl, up};
use reqwest::StatusCode;

/// Adds a credential for a single namespace.
fn add(http: &mut Http, world: &World, namespace: &str, password: &str, save: &str) -> Answered {
    http.post(
        "/credentials/add",
        &[
            ("chosen", "custom"),
            ("registry", world.registry()),
            ("username", world.user()),
            ("password", password),
            ("name", "single"),
            ("scope", "namespace"),
            ("in-project", "default"),
            ("namespace", namespace),
            ("save", save),
        ],
    )
}

#[test]
fn a_credential_for_one_of_two_namespaces_is_in_that_one() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.ok("create namespace one");
    world.ok("create namespace two");
    let mut http = Http::signed_in(&world);
    let answer = add(&mut http, &world, "two", &world.password(), "1");
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    assert_eq!(
        world.ok("get regcred,secrets -A --field-selector=metadata.name=single -o jsonpath={.items[*].metadata.namespace}"),
        "two two"
    );
    // The name is taken there now, and the Secret is named.
    let again = add(&mut http, &world, "two", &world.password(), "1");
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(
        again.text.contains("a Secret single is in namespace two already"),
        "{}",
        again.text
    );
    assert!(!again.text.contains(&world.password()));
    let nowhere = add(&mut http, &world, "three", &world.password(), "1");
    assert!(nowhere.status.is_client_error(), "{}", nowhere.status);
}

#[test]
fn a_doubtful_password_is_asked_about_once_and_kept_as_it_is() {
    let world = up();
    let mut http = Http::signed_in(&world);
    let asked = add(&mut http, &world, "default", "pass ", "1");
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        asked.text.contains("blank, newline or NUL at the edge"),
        "{}",
        asked.text
    );
    let saved = add(&mut http, &world, "default", "pass ", "anyway");
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    let edit = http.get("/credentials/default/single/edit").text;
    assert!(edit.contains("Saved (5 bytes)"), "{edit}");
}

#[test]
fn what_is_used_is_deleted_only_by_name() {
    let world = up();
    let mut http = Http::signed_in(&world);
    prepare(&world, &mut http);
    let link = "/credentials/project-default/demo/delete";
    assert!(
        http.get(link).text.contains("default/hello-"),
        "the pods are named"
    );
    assert_eq!(http.post(link, &[]).status, StatusCode::CONFLICT);
    assert_eq!(
        http.post(link, &[("confirm", "hello")]).status,
        StatusCode::CONFLICT
    );
    assert!(http.get("/credentials").text.contains("demo"));
    let deleted = http.post(link, &[("confirm", "demo")]);
    assert_eq!(deleted.location(), "/credentials?done=deleted");
    eventually("the list is empty", || {
        let list = http.get("/credentials").text;
        if list.contains("No registry credentials") {
            Ok(())
        } else {
            Err(list)
        }
    });
}

#[test]
fn another_scope_shows_what_it_gives_and_needs_the_password() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.ok("create namespace lab");
    let mut http = Http::signed_in(&world);
    prepare(&world, &mut http);
    let link = "/credentials/project-default/demo/move";
    let preview = http
        .post(
            link,
            &[("scope", "namespace"), ("namespace", "lab"), ("preview", "1")],
        )
        .text;
    assert!(
        preview.contains("+ lab") && preview.contains("− default"),
        "{preview}"
    );
    let form = [("scope", "namespace"), ("namespace", "lab"), ("move", "1")];
    assert_eq!(http.post(link, &form).status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        world.ok("get regcred -A").contains("project-default"),
        "nothing has moved"
    );
    let password = world.password();
    let form = [form[0], form[1], form[2], ("password", password.as_str())];
    let moved = http.post(link, &form);
    assert_eq!(
        moved.location(),
        "/credentials/lab/demo?done=moved",
        "{}",
        moved.text
    );
    assert_eq!(
        world.ok("get regcred -A -o jsonpath={.items[*].metadata.namespace}"),
        "lab"
    );
}

#[test]
fn two_who_change_a_project_do_not_overwrite_each_other() {
    let world = up();
    let mut http = Http::signed_in(&world);
    let page = http.get("/projects/default").text;
    let version = crate::http::hidden(&page, "version");
    let preview = http.post(
        "/projects/default",
        &[("version", &version), ("add", "late"), ("do", "preview")],
    );
    assert!(preview.text.contains("+ late"), "{}", preview.text);
    let save = [("version", version.as_str()), ("add", "late"), ("do", "save")];
    assert_eq!(
        http.post("/projects/default", &save).status,
        StatusCode::SEE_OTHER
    );
    let second = [("version", version.as_str()), ("add", "other"), ("do", "save")];
    assert_eq!(
        http.post("/projects/default", &second).status,
        StatusCode::CONFLICT
    );
    let page = http.get("/projects/default").text;
    assert!(page.contains("late") && !page.contains("other"));
}

#[test]
fn a_verification_that_fails_is_an_ordinary_page() {
    let world = up();
    let mut http = Http::signed_in(&world);
    prepare(&world, &mut http);
    let good = http.post("/credentials/project-default/demo/verify", &[]);
    assert_eq!(good.status, StatusCode::OK);
    assert!(good.text.contains("<code>LoggedIn</code>"), "{}", good.text);
    let saved = add(&mut http, &world, "default", "wrong", "1");
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    let bad = http.post("/credentials/default/single/verify", &[]);
    assert_eq!(bad.status, StatusCode::OK);
    assert!(bad.text.contains("<code>BadCredentials</code>"), "{}", bad.text);
}
