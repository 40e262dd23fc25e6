//! Pictures of every page, for people to look at and for the README. Asked for by name:
//! `KEYSIDE_SCREENSHOTS=DIR cargo test -p keyside --test browser pictures -- --ignored`.

use crate::driver::Browser;
use crate::http::{Http, prepare};
use crate::pages::{PAGES, base, choose, enter};
use crate::world::up;
use serde_json::json;
use std::path::PathBuf;

#[test]
#[ignore = "makes pictures and checks nothing"]
fn pictures_of_every_page() {
    let folder = std::env::var_os("KEYSIDE_SCREENSHOTS").expect("KEYSIDE_SCREENSHOTS names a folder");
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let (world, browser) = (up(), Browser::start(true));
    let keep = |name: String, width: u32| {
        // The whole page, not only what a window shows of it.
        browser.resize(width, 900);
        let height = browser.run("return document.documentElement.scrollHeight", json!([]));
        let height = height.as_u64().and_then(|height| u32::try_from(height).ok());
        browser.resize(width, height.unwrap_or(900).clamp(900, 6000));
        std::fs::write(folder.join(name), browser.picture()).expect("it is written");
        browser.resize(1280, 900);
    };
    for language in ["zh-CN", "en"] {
        browser.go(&format!("{}/sign-in", base(&world)));
        choose(&browser, language);
        keep(format!("sign-in.{language}.png"), 1280);
    }
    enter(&browser, &world, "en");
    for language in ["zh-CN", "en"] {
        choose(&browser, language);
        for page in ["/credentials", "/workloads", "/projects", "/events"] {
            browser.go(&format!("{}{page}", base(&world)));
            keep(format!("{}-empty.{language}.png", named(page)), 1280);
        }
    }
    prepare(&world, &mut Http::signed_in(&world));
    for password in ["second", &world.password()] {
        world.keyside_ok(
            "credential set-password demo --project default --password-stdin",
            password,
        );
    }
    for language in ["zh-CN", "en"] {
        choose(&browser, language);
        for page in PAGES {
            browser.go(&format!("{}{page}", base(&world)));
            browser.see("main", "");
            // What is live has come by then.
            std::thread::sleep(std::time::Duration::from_millis(700));
            keep(format!("{}.{language}.png", named(page)), 1280);
        }
        for (width, theme, name) in [(1280, "dark", "dark"), (320, "light", "narrow")] {
            browser.go(&format!("{}/credentials", base(&world)));
            browser.run(
                "document.documentElement.dataset.theme = arguments[0]",
                json!([theme]),
            );
            keep(format!("credentials-{name}.{language}.png"), width);
        }
        browser.go(&format!("{}/credentials", base(&world)));
    }
}

/// A page's address as the name of a file.
fn named(page: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    page.trim_matches('/').chars().map(letter).collect()
}
