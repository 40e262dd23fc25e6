//! Texts that want to be more than texts: markup, escapes, directions. They are shown as what they are.

use crate::driver::Browser;
use crate::has_chromium;
use crate::pages::{base, choose, enter};
use crate::world::{has_kubectl, up};
use serde_json::json;

const CORPUS: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(2)>",
    "';alert(3)//",
    "{{7*7}}${7*7}<svg/onload=alert(4)>",
    "\u{202e}gnp.live\u{202c}",
    "javascript:alert(5)",
];

#[test]
fn markup_in_names_and_messages_is_shown_as_text() {
    if !has_chromium() || !has_kubectl() {
        return;
    }
    let (world, browser) = (up(), Browser::start(true));
    for (number, text) in CORPUS.iter().enumerate() {
        let quoted = serde_json::to_string(text).expect("JSON");
        world.apply(&format!(
            "apiVersion: keyside.dev/v1alpha1\nkind: Project\nmetadata: {{name: evil-{number}}}\nspec: {{displayName: {quoted}}}\n---\n\
             apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: evil-{number}}}\nspec:\n  replicas: 1\n  selector: {{matchLabels: {{app: evil-{number}}}}}\n  template:\n    metadata: {{labels: {{app: evil-{number}}}}}\n    spec: {{containers: [{{name: app, image: {quoted}}}]}}\n---\n\
             apiVersion: v1\nkind: Event\nmetadata: {{name: evil-{number}}}\ninvolvedObject: {{kind: Pod, name: evil-{number}, namespace: default}}\nreason: Failed\ntype: Warning\nmessage: {quoted}\n"
        ));
    }
    enter(&browser, &world, "en");
    let base = base(&world);
    for language in ["en", "zh-CN"] {
        choose(&browser, language);
        for page in ["/projects", "/workloads", "/events", "/credentials/add"] {
            browser.go(&format!("{base}{page}"));
            look(&browser, page);
        }
        let text = browser.text("main");
        assert!(!text.is_empty());
        for (number, text) in CORPUS.iter().enumerate() {
            let typed: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            for page in [
                format!("/workloads/default/Deployment/evil-{number}"),
                format!("/explain?what={typed}&namespace={typed}"),
                format!("/credentials?q={typed}&state={typed}&sort={typed}&project={typed}&done={typed}"),
                format!("/credentials/add?registry={typed}&name={typed}&username={typed}&preset={typed}"),
                format!("/workloads/deploy?image={typed}&name={typed}&namespace=default"),
                format!("/events?q={typed}"),
                format!("/{typed}"),
            ] {
                browser.go(&format!("{base}{page}"));
                look(&browser, &page);
            }
        }
        browser.go(&format!("{base}/events"));
        assert!(
            browser.text("table").contains("<script>alert(1)</script>"),
            "shown as text"
        );
        browser.go(&format!("{base}/credentials"));
    }
}

/// Nothing ran, nothing was blocked from running, and there is no script but ours.
fn look(browser: &Browser, page: &str) {
    assert!(!browser.has_dialog(), "{page}");
    let strange = browser.run(
        "return [...document.querySelectorAll('script, img, iframe, object, embed, [onerror], [onload]')].filter((one) => !(one.src ?? '').includes('/assets/')).length",
        json!([]),
    );
    assert_eq!(strange, json!(0), "{page}");
    let complaints: Vec<String> = browser
        .complaints()
        .into_iter()
        .filter(|one| !one.contains("the server responded with a status of 4"))
        .collect();
    assert!(complaints.is_empty(), "{page}: {complaints:?}");
}
