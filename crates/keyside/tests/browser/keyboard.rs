//! Everything by the keyboard alone: add, deploy, explain.

use crate::driver::{Browser, ENTER, SPACE, TAB};
use crate::has_chromium;
use crate::pages::enter;
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
