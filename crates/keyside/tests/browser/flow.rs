//! The page this product starts from, click by click (P2 to P7), in both languages; then a pull that fails.

use crate::driver::Browser;
use crate::has_chromium;
use crate::pages::{base, enter};
use crate::world::up;

/// The words of one language, in the order in which they are met.
struct Words {
    language: &'static str,
    menu: [&'static str; 4],
    add: &'static str,
    scopes: [&'static str; 3],
    fields: [&'static str; 4],
    save: &'static str,
    workloads: &'static str,
    deploy: &'static str,
    will_be_used: &'static str,
    run: &'static str,
    pulled: &'static str,
    failed: &'static str,
    fix: &'static str,
}

const ENGLISH: Words = Words {
    language: "en",
    menu: ["Global", "Resources", "Secrets", "Registry credentials"],
    add: "Add credential",
    scopes: [
        "All namespaces in this project",
        "A single namespace",
        "The whole cluster",
    ],
    fields: ["Name", "Address", "Username", "Password"],
    save: "Save",
    workloads: "Workloads",
    deploy: "Deploy",
    will_be_used: "demo will be used, and the registry lets it pull this image.",
    run: "Run",
    pulled: "Pulled",
    failed: "Pull failed",
    fix: "Fix",
};

const CHINESE: Words = Words {
    language: "zh-CN",
    menu: ["全局", "资源", "密文", "镜像库凭证"],
    add: "添加凭证",
    scopes: ["此项目所有命名空间", "单个命名空间", "整个集群"],
    fields: ["名称", "地址", "用户名", "密码"],
    save: "保存",
    workloads: "工作负载",
    deploy: "部署服务",
    will_be_used: "将使用 demo，镜像库允许其拉取此镜像。",
    run: "运行",
    pulled: "已拉取",
    failed: "拉取失败",
    fix: "修复方法",
};

#[test]
fn the_page_s_flow_in_english() {
    flow(&ENGLISH);
}

#[test]
fn the_page_s_flow_in_chinese() {
    flow(&CHINESE);
}

fn flow(words: &Words) {
    if !has_chromium() {
        return;
    }
    let (world, browser) = (up(), Browser::start(true));
    enter(&browser, &world, words.language);

    // Without a credential the pull fails, and the page says why and what to do.
    browser.go(&format!("{}/workloads/deploy", base(&world)));
    deploy(&browser, "early", world.image(), words);
    browser.see("#progress", words.failed);
    let diagnosis = browser.see("#progress .notice", words.fix);
    assert!(
        diagnosis.contains("NoCredentials") && diagnosis.contains("keyside credential add"),
        "{diagnosis}"
    );
    assert!(
        diagnosis.contains("deployment/early") && !diagnosis.contains("pod/early"),
        "what heals is done to the workload, or its next pod fails again: {diagnosis}"
    );

    // Global > project > Resources > Secrets > Registry credentials > Add credential.
    browser.click(".context");
    browser.see("h1", "");
    browser.click("td a[href='/projects/default']");
    browser.click(".title a.main");
    let crumbs = browser.see(".crumbs", words.menu[3]);
    assert!(
        crumbs.contains(words.menu[1]) && crumbs.contains(words.menu[2]),
        "{crumbs}"
    );
    let side = browser.text(".side");
    for word in &words.menu[1..] {
        assert!(side.contains(word), "{word} is not in {side}");
    }
    browser.click("a.button.main");
    browser.see("h1", words.add);
    add(&browser, world.registry(), world.user(), &world.password(), words);

    // The list shows it; the password is nowhere.
    browser.arrive("/credentials?");
    let list = browser.see("table", world.registry());
    assert!(
        list.contains("demo") && list.contains("project/default"),
        "{list}"
    );
    let page = browser.run("return document.documentElement.outerHTML", serde_json::json!([]));
    assert!(!page.as_str().expect("a page").contains(&world.password()));

    // Workloads > Deploy > Run, to a pulled image.
    browser.click(".side a[data-go=w]");
    browser.see("h1", words.workloads);
    browser.click(".title a.main");
    browser.see("h1", words.deploy);
    deploy(&browser, "hello", world.image(), words);
    let progress = browser.see("#progress", words.pulled);
    for reason in ["Scheduled", "Pulling", "Pulled"] {
        assert!(progress.contains(reason), "{reason} is not in {progress}");
    }

    // The list counts who uses it, and says who.
    browser.click(".side a[data-go=c]");
    browser.see("td a[data-users$='/project-default/demo']", "1");
    browser.click("td a[data-users$='/project-default/demo']");
    browser.see("table", "hello-");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

fn add(browser: &Browser, registry: &str, user: &str, password: &str, words: &Words) {
    let tiles = browser.text(".tiles");
    let first: Vec<&str> = tiles.lines().take(3).collect();
    let custom = if words.language == "en" {
        "Custom"
    } else {
        "自定义"
    };
    assert_eq!(first, ["DockerHub", "Quay.io", custom]);
    browser.click("button.tile[value=custom]");
    browser.see("button.tile[aria-pressed=true]", custom);
    let form = browser.text("form.stack");
    for word in words.scopes.iter().chain(&words.fields) {
        assert!(form.contains(word), "{word} is not in {form}");
    }
    browser.fill("#registry", registry);
    browser.fill("#username", user);
    browser.fill("#password", password);
    browser.fill("#name", "demo");
    browser.see("#preview", "demo");
    assert_eq!(browser.text("button[data-main]"), words.save);
    browser.click("button[data-main]");
}

fn deploy(browser: &Browser, name: &str, image: &str, words: &Words) {
    browser.fill("#name", name);
    browser.fill("#namespace", "default");
    browser.fill("#image", image);
    let wanted = if name == "hello" {
        words.will_be_used
    } else {
        "NoCredentials"
    };
    browser.see("#answer", wanted);
    assert_eq!(browser.text("button[data-main]"), words.run);
    browser.click("button[data-main]");
    browser.arrive("/workloads/default/Deployment/");
}
