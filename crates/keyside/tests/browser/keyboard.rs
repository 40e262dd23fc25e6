//! Everything by the keyboard alone: add, deploy, explain.

use crate::driver::{Browser, ENTER, SPACE, TAB};
use crate::has_chromium;
use crate::http::{Http, prepare};
use crate::pages::{base, enter};
use crate::world::up;
use serde_json::json;

/// Moves the focus to the element, as often as it takes.
fn tab_to(browser: &Browser, css: &str) {
    for _ in 0..80 {
        let there = browser.run(
            "return document.activeElement?.matches(arguments[0]) ?? false",
            json!([css]),
        );
        if there == json!(true) {
            let outline = browser.run(
                "return getComputedStyle(document.activeElement).outlineStyle",
                json!([]),
            );
            assert_ne!(outline, json!("none"), "the focus on {css} is not seen");
            return;
        }
        browser.press(TAB);
    }
    panic!("the keyboard does not reach {css}");
}

fn type_into(browser: &Browser, css: &str, text: &str) {
    tab_to(browser, css);
    browser.press(text);
}

#[test]
fn add_deploy_and_explain_by_the_keyboard_alone() {
    if !has_chromium() {
        return;
    }
    let (world, browser) = (up(), Browser::start(true));
    enter(&browser, &world, "en");
    browser.press("n");
    browser.arrive("/credentials/add");
    tab_to(&browser, "button.tile[value=custom]");
    browser.press(SPACE);
    browser.see("button.tile[aria-pressed=true]", "Custom");
    type_into(&browser, "#registry", world.registry());
    type_into(&browser, "#username", world.user());
    type_into(&browser, "#password", &world.password());
    type_into(&browser, "#name", "demo");
    browser.press_with_control(ENTER);
    browser.arrive("/credentials?");
    browser.see("table", "demo");

    browser.press("d");
    browser.arrive("/workloads/deploy");
    type_into(&browser, "#name", "hello");
    type_into(&browser, "#image", world.image());
    browser.see("#answer", "demo");
    browser.press_with_control(ENTER);
    browser.arrive("/workloads/default/Deployment/hello");
    browser.see("#progress", "Pulled");

    browser.press("e");
    browser.arrive("/explain?what=deployment");
    browser.see("table", "demo");

    // The list of keys opens and closes, and rows are walked.
    browser.press("?");
    browser.see("dialog[open]", "Keys");
    browser.press(ENTER);
    browser.press("gc");
    browser.arrive("/credentials");
    browser.press("j");
    browser.press(ENTER);
    browser.arrive("/credentials/project-default/demo");

    // Rotating begins in the field of the password.
    browser.press("r");
    browser.arrive("/credentials/project-default/demo/edit");
    browser.see("h1", "demo");
    let focused = browser.run("return document.activeElement.id", json!([]));
    assert_eq!(focused, json!("password-1"));
}

/// Where the focus is.
fn focused(browser: &Browser) -> String {
    let row = browser.run("return document.activeElement.textContent", json!([]));
    row.as_str().unwrap_or_default().trim().to_owned()
}

#[test]
fn every_key_does_what_the_list_of_keys_says() {
    if !has_chromium() {
        return;
    }
    let (world, browser) = (up(), Browser::start(true));
    prepare(&world, &mut Http::signed_in(&world));
    world.add_credential("second", "-n default");
    enter(&browser, &world, "en");
    for (keys, page) in [
        ("gp", "/projects"),
        ("gw", "/workloads"),
        ("ge", "/explain"),
        ("gv", "/events"),
        ("gs", "/settings"),
        ("gc", "/credentials"),
    ] {
        browser.press(keys);
        browser.arrive(page);
        browser.see("main h1", "");
    }
    // Rows, one after the other and back; Enter opens.
    browser.press("j");
    let first = focused(&browser);
    browser.press("j");
    let second = focused(&browser);
    assert_ne!(first, second);
    browser.press("k");
    assert_eq!(focused(&browser), first);
    browser.press(ENTER);
    browser.arrive("/credentials/");
    browser.press("gc");
    browser.arrive("/credentials");
    browser.see("table", "demo");

    // Verify and rotate the row; on its page v asks the registry.
    browser.press("/");
    browser.press("demo");
    browser.press(ENTER);
    browser.arrive("/credentials?q=demo");
    browser.press("jr");
    browser.arrive("/credentials/project-default/demo/edit");
    browser.press("gc");
    browser.arrive("/credentials");
    browser.go(&format!("{}/credentials?q=demo", base(&world)));
    browser.press("jv");
    browser.arrive("/credentials/project-default/demo?tab=verification");
    browser.press("v");
    browser.arrive("/credentials/project-default/demo/verify");
    browser.see("main", "Valid");

    // A workload's row is explained, and so is its page.
    browser.press("gw");
    browser.arrive("/workloads");
    browser.press("je");
    browser.arrive("/explain?what=deployment/hello");
    browser.see("table", "demo");
    browser.press("d");
    browser.arrive("/workloads/deploy");
    browser.press("n");
    browser.arrive("/credentials/add");
}

#[test]
fn the_palette_goes_adds_verifies_and_explains() {
    if !has_chromium() {
        return;
    }
    let (world, browser) = (up(), Browser::start(true));
    prepare(&world, &mut Http::signed_in(&world));
    enter(&browser, &world, "en");
    let ask = |text: &str| {
        browser.press_with_control("k");
        browser.see("dialog#palette[open]", "Go to");
        browser.press(text);
        browser.press(ENTER);
    };
    ask("events");
    browser.arrive("/events");
    ask("add cred");
    browser.arrive("/credentials/add");
    ask("registry cred");
    browser.arrive("/credentials");
    browser.see("table", "demo");
    ask("verify demo");
    browser.arrive("/credentials/project-default/demo?tab=verification");
    ask(world.image());
    browser.arrive("/explain?what=");
    browser.see("table", "demo");

    // Single letters can be switched off; what needs Control goes on.
    browser.go(&format!("{}/settings", base(&world)));
    browser.run("document.querySelector('#keys-on').value = 'nokeys'", json!([]));
    browser.click("form.stack button.main");
    browser.arrive("/settings?done=saved");
    browser.see(".notice.good", "");
    browser.press("gc?");
    assert!(browser.place().starts_with("/settings"));
    assert_eq!(
        browser.run("return document.querySelector('dialog[open]')", json!([])),
        json!(null)
    );
    ask("workloads");
    browser.arrive("/workloads");
}
