//! What the scenarios share: signing in, and the list of all pages.

use crate::driver::Browser;
use crate::world::World;

/// Where the UI is.
pub(crate) fn base(world: &World) -> String {
    let link = world.ready["ui"].as_str().expect("ui");
    link.split("/link").next().expect("an address").to_owned()
}

/// The one-time link that `up` printed.
pub(crate) fn link(world: &World) -> String {
    world.ready["ui"].as_str().expect("ui").to_owned()
}

/// Another one-time link.
pub(crate) fn another_link(world: &World) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_keyside"))
        .args(["up", "--print-link", "--data-dir"])
        .arg(&world.dir)
        .output()
        .expect("keyside runs");
    crate::world::text(&output.stdout).trim().to_owned()
}

/// Signs in by the link, in a cluster by a token, and chooses a language.
pub(crate) fn enter(browser: &Browser, world: &World, language: &str) {
    match world.ready["token"].as_str() {
        Some(token) => sign_in(browser, world, token),
        None => browser.go(&link(world)),
    }
    browser.arrive("/credentials");
    choose(browser, language);
}

/// Signs in as the owner of a token.
pub(crate) fn sign_in(browser: &Browser, world: &World, token: &str) {
    browser.go(&format!("{}/sign-in", base(world)));
    browser.fill("#token", token);
    browser.click("form button.main");
}

/// Chooses a language, if it is not the page's already.
pub(crate) fn choose(browser: &Browser, language: &str) {
    if browser.run("return document.documentElement.lang", serde_json::json!([])) != language {
        browser.click(&format!("button[name=lang][value='{language}']"));
    }
    // The page in the other language offers this one no more.
    browser.see(&format!("html[lang='{language}']"), "");
}

/// Every page there is, for a world with the credential `demo` of the project `default` and the deployment `hello`.
pub(crate) const PAGES: [&str; 24] = [
    "/credentials",
    "/credentials?project=default&state=quiet&sort=-name",
    "/credentials/add",
    "/credentials/add?preset=file",
    "/credentials/import",
    "/credentials/import?namespace=project-default&secret=demo",
    "/credentials/project-default/demo",
    "/credentials/project-default/demo?tab=verification",
    "/credentials/project-default/demo?tab=used-by",
    "/credentials/project-default/demo?tab=history",
    "/credentials/project-default/demo?tab=yaml",
    "/credentials/project-default/demo/edit",
    "/credentials/project-default/demo/move",
    "/credentials/project-default/demo/delete",
    "/workloads",
    "/workloads/deploy?image=quay.io/shop/web:1&name=web",
    "/workloads/default/Deployment/hello",
    "/explain",
    "/explain?what=deployment/hello&namespace=default",
    "/events",
    "/projects",
    "/projects/add",
    "/projects/default",
    "/settings",
];
