//! axe finds nothing on any page, in both languages, both themes, on a telephone and on a desk; and no page is wider than
//! its window.

use crate::driver::Browser;
use crate::has_chromium;
use crate::http::{Http, prepare, rotate_twice};
use crate::pages::{PAGES, base, choose, enter};
use crate::world::up;
use serde_json::{Value, json};

const AXE: &str = include_str!("axe.min.js");

/// Runs axe and gives the rules that are broken, with the elements.
const RUN: &str = "const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
  .then((found) => done(found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target + ' ' + (node.any[0]?.message ?? '')).join(' | ')}`)), (error) => done([String(error)]));";

#[test]
fn axe_finds_nothing_on_any_page() {
    if !has_chromium() {
        return;
    }
    let (world, browser) = (up(), Browser::start(true));
    let mut found = Vec::new();
    browser.hold_still();
    for language in ["zh-CN", "en"] {
        browser.go(&format!("{}/sign-in", base(&world)));
        choose(&browser, language);
        look(&browser, &format!("{language} /sign-in"), &mut found);
    }
    enter(&browser, &world, "en");
    for language in ["zh-CN", "en"] {
        choose(&browser, language);
        for page in ["/credentials", "/credentials/import", "/settings"] {
            browser.go(&format!("{}{page}", base(&world)));
            look(&browser, &format!("{language} {page} (empty)"), &mut found);
        }
    }
    prepare(&world, &mut Http::signed_in(&world));
    rotate_twice(&world);
    for language in ["zh-CN", "en"] {
        choose(&browser, language);
        for page in PAGES.iter().copied().chain(["/no-such-page"]) {
            browser.go(&format!("{}{page}", base(&world)));
            look(&browser, &format!("{language} {page}"), &mut found);
        }
        browser.go(&format!("{}/credentials", base(&world)));
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Looks at a page in four ways.
fn look(browser: &Browser, page: &str, found: &mut Vec<String>) {
    browser.run(&format!("{AXE}; return typeof axe"), json!([]));
    browser.run(
        "document.querySelectorAll('details').forEach((one) => one.open = true)",
        json!([]),
    );
    for (width, theme) in [(1280, "light"), (1280, "dark"), (320, "dark"), (320, "light")] {
        browser.resize(width, 900);
        browser.run(
            "document.documentElement.dataset.theme = arguments[0]",
            json!([theme]),
        );
        let wide = browser.run(
            "return document.documentElement.scrollWidth - innerWidth",
            json!([]),
        );
        if wide.as_i64().is_some_and(|wide| wide > 0) {
            found.push(format!("{page} {width} {theme}: {wide} px too wide"));
        }
        let part = browser.run(
            "return document.querySelector('main').offsetWidth / innerWidth",
            json!([]),
        );
        if part.as_f64().is_some_and(|part| part < 0.5) {
            found.push(format!(
                "{page} {width} {theme}: less than half of the window is used"
            ));
        }
        let broken: Value = browser.run_async(RUN);
        for one in broken.as_array().expect("a list") {
            found.push(format!("{page} {width} {theme}: {one}"));
        }
    }
}
