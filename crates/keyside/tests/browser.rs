//! The web UI as people meet it: in Debian's chromium, by keyboard, without script, and as a stranger's request.

#[path = "browser/accessibility.rs"]
mod accessibility;
#[path = "browser/authority.rs"]
mod authority;
#[path = "browser/changes.rs"]
mod changes;
#[path = "browser/driver.rs"]
mod driver;
#[path = "browser/flow.rs"]
mod flow;
#[path = "browser/history.rs"]
mod history;
#[path = "browser/http.rs"]
mod http;
#[path = "browser/import.rs"]
mod import;
#[path = "browser/keyboard.rs"]
mod keyboard;
#[path = "browser/markup.rs"]
mod markup;
#[path = "browser/pages.rs"]
mod pages;
#[path = "browser/preview.rs"]
mod preview;
#[expect(dead_code, reason = "the tests of the program use more of it")]
#[path = "program/registry.rs"]
mod registry;
#[path = "browser/roles.rs"]
mod roles;
#[path = "browser/screenshots.rs"]
mod screenshots;
#[path = "browser/scriptless.rs"]
mod scriptless;
#[path = "browser/strangers.rs"]
mod strangers;
#[expect(dead_code, reason = "the tests of the program use more of it")]
#[path = "program/world.rs"]
mod world;

/// Whether chromium and its driver are there; in CI their absence is a failure.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn has_chromium() -> bool {
    let found = ["chromium", "chromedriver"].iter().all(|program| {
        std::process::Command::new(program)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success())
    });
    assert!(
        found || std::env::var_os("CI").is_none(),
        "chromium is not installed: run `cargo e2e tools`"
    );
    if !found {
        eprintln!("skipped: chromium is not installed; `cargo e2e test` installs it");
    }
    found
}
