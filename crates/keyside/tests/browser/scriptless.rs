//! Without script, everything but what is live.

use crate::driver::Browser;
use crate::has_chromium;
use crate::pages::{base, link, sign_in};
use crate::world::up;

#[test]
fn the_page_s_flow_without_script() {
    if !has_chromium() {
        return;
    }
    let (world, browser) = (up(), Browser::start(false));
    if let Some(token) = world.ready["token"].as_str() {
        sign_in(&browser, &world, token);
    } else {
        let code = link(&world).split('#').nth(1).expect("a code").to_owned();
        browser.go(&format!("{}/link", base(&world)));
        browser.fill("#code", &code);
        browser.click("button.main");
    }
    browser.arrive("/credentials");
    browser.click("a.button.main");
    browser.click("button.tile[value=custom]");
    browser.see("button.tile[aria-pressed=true]", "Custom");
    browser.fill("#registry", &format!("https://{}/v2/", world.registry()));
    browser.click("button[name=understand]");
    browser.see(".notice.info", "scheme and version path were removed");
    browser.fill("#name", "demo");
    browser.click("button[name=preview]");
    browser.see("#preview", "name: demo");
    browser.fill("#username", world.user());
    browser.fill("#password", &world.password());
    browser.click("button[data-main]");
    browser.arrive("/credentials?");
    browser.see("table", "demo");
    browser.fill("#q", "nothing like it");
    browser.click("form.filters button");
    browser.see("main", "Nothing matches");

    browser.go(&format!("{}/workloads/deploy", base(&world)));
    browser.fill("#name", "hello");
    browser.fill("#image", world.image());
    browser.click("button[name=check]");
    browser.see("#answer", "demo will be used");
    browser.click("button[data-main]");
    browser.arrive("/workloads/default/Deployment/hello");
    crate::world::eventually("the page shows the pulled image", || {
        browser.go(&format!("{}/workloads/default/Deployment/hello", base(&world)));
        let text = browser.text("#progress");
        if text.contains("Successfully pulled") {
            Ok(())
        } else {
            Err(text)
        }
    });
}
