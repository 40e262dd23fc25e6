//! What would come of a credential, before it is saved: whom it reaches, what it is for, and what it becomes.

use crate::driver::Browser;
use crate::has_chromium;
use crate::http::{Http, prepare};
use crate::pages::{base, enter};
use crate::world::up;
use serde_json::json;

#[test]
fn the_preview_says_whom_it_reaches_and_what_it_is_for_and_hides_the_password() {
    let world = up();
    let mut http = Http::signed_in(&world);
    prepare(&world, &mut http);
    let form = |registry: &str, repositories: &str| {
        [
            ("chosen", "custom"),
            ("registry", registry),
            ("username", "robot"),
            ("password", "canary-word"),
            ("name", "second"),
            ("scope", "project"),
            ("in-project", "default"),
            ("repositories", repositories),
            ("preview", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let mut ask = |registry: &str, repositories: &str| {
        let form = form(registry, repositories);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (&**name, &**value)).collect();
        http.post("/credentials/add", &form).text
    };
    let page = ask(world.registry(), "");
    assert!(
        page.contains("1 namespace now, and every new one in the project"),
        "{page}"
    );
    assert!(
        page.contains("1 workload there has an image this is for")
            && page.contains("default/Deployment/hello")
    );
    assert!(page.contains("namespace: project-default") && page.contains("robot"));
    assert!(page.contains("(hidden)") && !page.contains("canary-word"));
    assert!(ask("quay.io", "").contains("No workload there has an image this is for"));
    let other = format!("{}/other", world.registry());
    assert!(ask(world.registry(), &other).contains("No workload there has an image this is for"));
    assert!(
        http.get("/credentials").text.contains("demo") && !http.get("/credentials").text.contains("second")
    );
}

#[test]
fn the_preview_follows_what_is_typed_and_tells_nothing_secret() {
    if !has_chromium() {
        return;
    }
    let (world, browser) = (up(), Browser::start(true));
    prepare(&world, &mut Http::signed_in(&world));
    enter(&browser, &world, "en");
    browser.go(&format!("{}/credentials/add?preset=custom", base(&world)));
    browser.fill("#username", "canary-user");
    browser.fill("#password", "canary-word");
    browser.fill("#registry", "docker login -u canary-user -p canary-word quay.io");
    browser.fill("#name", "first");
    browser.see("#preview", "name: first");
    browser.fill("#registry", world.registry());
    browser.see("#preview", "default/Deployment/hello");
    let asked = browser.run(
        "return performance.getEntriesByType('resource').map((one) => one.name).join(' ')",
        json!([]),
    );
    let asked = asked.as_str().expect("addresses");
    assert!(
        asked.contains("/ask/scope?") && !asked.contains("canary"),
        "{asked}"
    );
    // A password that was typed survives what the form answers, and what is pasted as a config does too.
    browser.click("button.tile[value=file]");
    browser.see("button.tile[aria-pressed=true]", "Docker config");
    browser.fill("#config", "{\"auths\":{}}");
    browser.click("button[data-main]");
    browser.see("[role=alert]", "");
    assert_eq!(
        browser.run("return document.querySelector('#config').value", json!([])),
        json!("{\"auths\":{}}")
    );
}
