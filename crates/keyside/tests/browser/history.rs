//! A rotation is taken back by a button: the registry is asked first, somebody else's change is not written over, and nothing of
//! what is kept is shown.

use crate::http::{Answered, Http, hidden, prepare};
use crate::world::{World, eventually, up};
use reqwest::StatusCode;

const LINK: &str = "/credentials/project-default/demo";

/// The form of the page to edit, with another password. One that the registry refuses is said to be, and is sent again.
fn rotate(http: &mut Http, world: &World, password: &str, forget: &str) {
    let page = http.get(&format!("{LINK}/edit")).text;
    let (credential, secret) = (
        hidden(&page, "credential-version"),
        hidden(&page, "secret-version"),
    );
    let mut save = |save: &str| {
        let form = [
            ("credential-version", credential.as_str()),
            ("secret-version", secret.as_str()),
            ("registry", world.registry()),
            ("username", world.user()),
            ("password", password),
            ("delivery", "copy"),
            ("forget", forget),
            ("save", save),
        ];
        http.post(&format!("{LINK}/edit"), &form)
    };
    let mut answer = save("1");
    if password != world.password() {
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
        assert!(
            answer
                .text
                .contains("The registry refuses the new password (BadCredentials).")
                && answer.text.contains("value=\"anyway\"")
                && !answer.text.contains(password),
            "{}",
            answer.text
        );
        answer = save("anyway");
    }
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
}

fn tab(http: &mut Http) -> String {
    http.get(&format!("{LINK}?tab=history")).text
}

/// Presses the button of the newest older content.
fn roll_back(http: &mut Http, secret_version: &str, save: &str) -> Answered {
    let form = [("secret-version", secret_version), ("to", "1"), ("save", save)];
    http.post(&format!("{LINK}/rollback"), &form)
}

/// The state in the head of a page.
fn head(page: &str) -> &str {
    page.split("<nav class=\"tabs\"").next().unwrap_or_default()
}

#[test]
fn an_older_content_is_put_back_after_its_registry_was_asked() {
    let world = up();
    let mut http = Http::signed_in(&world);
    prepare(&world, &mut http);
    assert!(tab(&mut http).contains("Nothing older is kept"));
    rotate(&mut http, &world, "mistyped-one", "");
    let page = tab(&mut http);
    assert!(
        page.contains("to number 1") && page.contains("#password-1"),
        "{page}"
    );
    let stale = hidden(&page, "secret-version");
    let back = roll_back(&mut http, &stale, "");
    assert_eq!(
        back.location(),
        format!("{LINK}?tab=history&done=rolled-back"),
        "{}",
        back.text
    );
    let page = http.get(back.location()).text;
    assert!(page.contains("Rolled back."), "{page}");
    eventually("the head speaks of the present content", || {
        let page = tab(&mut http);
        if head(&page).contains("badge good") {
            Ok(())
        } else {
            Err(head(&page).to_owned())
        }
    });

    // Now the mistyped one is the older one, and the registry refuses it.
    let refused = roll_back(&mut http, &hidden(&page, "secret-version"), "");
    assert_eq!(
        refused.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        refused.text
    );
    assert!(
        refused.text.contains("Not rolled back: the registry refuses")
            && refused.text.contains("<code>BadCredentials</code>")
            && refused.text.contains("Roll back anyway"),
        "{}",
        refused.text
    );
    let overtaken = roll_back(&mut http, &stale, "anyway");
    assert_eq!(overtaken.status, StatusCode::CONFLICT, "{}", overtaken.text);
    let anyway = roll_back(&mut http, &hidden(&refused.text, "secret-version"), "anyway");
    assert_eq!(anyway.status, StatusCode::SEE_OTHER, "{}", anyway.text);
    for page in ["?tab=history", "?tab=yaml", "/edit"] {
        let text = http.get(&format!("{LINK}{page}")).text;
        for secret in ["mistyped-one", &world.password()] {
            assert!(!text.contains(secret), "{page} shows a password");
        }
    }
}

#[test]
fn older_contents_are_forgotten_on_request() {
    let world = up();
    let mut http = Http::signed_in(&world);
    prepare(&world, &mut http);
    rotate(&mut http, &world, "second", "");
    let page = tab(&mut http);
    let form = [("secret-version", "1")];
    let overtaken = http.post(&format!("{LINK}/forget"), &form);
    assert_eq!(overtaken.status, StatusCode::CONFLICT);
    let version = hidden(&page, "secret-version");
    let form = [("secret-version", version.as_str())];
    let forgotten = http.post(&format!("{LINK}/forget"), &form);
    assert_eq!(forgotten.location(), format!("{LINK}?tab=history&done=forgotten"));
    assert!(tab(&mut http).contains("Nothing older is kept"));
    rotate(&mut http, &world, "third", "1");
    assert!(tab(&mut http).contains("Nothing older is kept"));
    // The same in Chinese.
    rotate(&mut http, &world, "fourth", "");
    let chinese = [("accept-language", "zh-CN"), ("sec-fetch-site", "same-origin")];
    let page = http.send(
        reqwest::Method::GET,
        &format!("{LINK}?tab=history"),
        &chinese,
        None,
    );
    for word in ["历史版本", "到版本 1", "轮换", "清除历史版本"] {
        assert!(page.text.contains(word), "{word}: {}", page.text);
    }
}

#[test]
fn verification_shows_its_steps_and_what_nodes_say() {
    let world = up();
    let mut http = Http::signed_in(&world);
    prepare(&world, &mut http);
    let link = format!("{LINK}?tab=verification");
    let page = http.get(&link).text;
    assert!(
        page.contains("From the controllers") && !page.contains("name resolves"),
        "{page}"
    );
    assert!(
        page.contains("Successfully pulled") && page.contains("default/hello-"),
        "a node has pulled with it: {page}"
    );
    let page = http.post(&format!("{LINK}/verify"), &[]).text;
    for step in [
        "name resolves",
        "connection and TLS",
        "/v2/ is a registry",
        "login",
        "pull scope",
    ] {
        assert!(page.contains(&format!("<span>{step}</span>")), "{step}: {page}");
    }
    assert!(
        page.contains(" ms</td>") && page.contains(world.image()),
        "{page}"
    );
    let chinese = [("accept-language", "zh-CN"), ("sec-fetch-site", "same-origin")];
    let verify = format!("{LINK}/verify");
    let page = http
        .send(reqwest::Method::POST, &verify, &chinese, Some(&[]))
        .text;
    for word in ["名称解析", "连接与 TLS", "拉取权限", "从控制器", "从节点"] {
        assert!(page.contains(word), "{word}: {page}");
    }

    // What fails is named at its step, and the head of the page says it at once.
    rotate(&mut http, &world, "mistyped-one", "");
    let page = http.post(&verify, &[]).text;
    assert!(
        head(&page).contains("<code>BadCredentials</code>"),
        "{}",
        head(&page)
    );
    let steps = page.split("From this server").nth(1).expect("the steps");
    let steps = steps.split("From the controllers").next().expect("the steps");
    assert_eq!(steps.matches("badge good").count(), 3, "{steps}");
    assert!(steps.contains("not asked"), "{steps}");
    rotate(&mut http, &world, &world.password(), "");
    let page = http.post(&verify, &[]).text;
    assert!(head(&page).contains("badge good"), "{}", head(&page));
}

#[test]
fn conditions_are_listed_as_kubectl_shows_them() {
    let world = up();
    let mut http = Http::signed_in(&world);
    prepare(&world, &mut http);
    let page = http.get(LINK).text;
    let conditions = page.split("<h2>Conditions</h2>").nth(1).expect("conditions");
    for word in ["Ready", "Verified", "Delivered", "AllCopiesCurrent", "True"] {
        assert!(
            conditions.contains(&format!("<code>{word}</code>")),
            "{word}: {conditions}"
        );
    }
}
