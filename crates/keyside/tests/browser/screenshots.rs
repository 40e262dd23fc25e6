//! Pictures of every page, for people to look at and for the README. Asked for by name:
//! `KEYSIDE_SCREENSHOTS=DIR cargo test -p keyside --test browser pictures -- --ignored`.

use crate::driver::Browser;
use crate::http::{Http, prepare, rotate_twice};
use crate::pages::{PAGES, base, choose, enter};
use crate::world::{World, up};
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
        keep(format!("sign-in.{language}.webp"), 1280);
    }
    enter(&browser, &world, "en");
    browser.hold_still();
    for language in ["zh-CN", "en"] {
        choose(&browser, language);
        for page in ["/credentials", "/workloads", "/projects", "/events"] {
            browser.go(&format!("{}{page}", base(&world)));
            keep(format!("{}-empty.{language}.webp", named(page)), 1280);
        }
    }
    prepare(&world, &mut Http::signed_in(&world));
    settle_in(&world);
    rotate_twice(&world);
    for language in ["zh-CN", "en"] {
        choose(&browser, language);
        for page in PAGES.iter().copied().chain([FAILING, DEPLOY]) {
            browser.go(&format!("{}{page}", base(&world)));
            browser.see("main", "");
            // What is live has come by then.
            std::thread::sleep(std::time::Duration::from_millis(700));
            keep(format!("{}.{language}.webp", named(page)), 1280);
        }
        for (width, theme, name) in [(1280, "dark", "dark"), (320, "light", "narrow")] {
            browser.go(&format!("{}/credentials", base(&world)));
            browser.run(
                "document.documentElement.dataset.theme = arguments[0]",
                json!([theme]),
            );
            keep(format!("credentials-{name}.{language}.webp"), width);
        }
        browser.go(&format!("{}/credentials", base(&world)));
    }
}

/// A pod that cannot pull, explained; and one that will.
const FAILING: &str = "/explain?what=deployment/checkout&namespace=lab";
const DEPLOY: &str = "/workloads/deploy?namespace=default&name=web&image=quay.io/shop/web:1.2";

/// Others have been here as well: credentials of all scopes, and a workload that nobody gave one.
fn settle_in(world: &World) {
    for namespace in ["lab", "keyside-system"] {
        let _there_already = world.kubectl(&["create", "namespace", namespace]).output();
    }
    for (place, secret, server) in [
        ("keyside-system", "dockerhub", "docker.io"),
        ("lab", "ghcr-bot", "ghcr.io/acme"),
        ("project-default", "testquay", "quay.io/shop"),
    ] {
        world.ok(&format!(
            "create secret docker-registry {secret} -n {place} --docker-server={server} --docker-username=robot --docker-password=not-a-real-one"
        ));
    }
    let head = "apiVersion: keyside.dev/v1alpha1\nkind";
    world.apply(&format!("{head}: ClusterRegistryCredential\nmetadata: {{name: dockerhub}}\nspec: {{source: {{secret: {{namespace: keyside-system, name: dockerhub}}}}}}\n"));
    world.apply(&format!("{head}: RegistryCredential\nmetadata: {{name: ghcr-bot, namespace: lab}}\nspec: {{source: {{secret: {{name: ghcr-bot}}}}}}\n"));
    world.apply(&format!("{head}: RegistryCredential\nmetadata: {{name: testquay, namespace: project-default}}\nspec: {{scope: Project, source: {{secret: {{name: testquay}}}}}}\n"));
    world.ok(&format!(
        "create deployment checkout -n lab --image={}",
        world.image()
    ));
    std::thread::sleep(std::time::Duration::from_secs(3));
}

/// A page's address as the name of a file.
fn named(page: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    page.trim_matches('/').chars().map(letter).collect()
}
