//! Every way to lead a credential astray that is known, tried by a registry on its visitors, for verifications and for pulls:
//! realms that name a thief, and redirects that point to one. The thief listens, and must never hear anything secret.

use crate::image::Image;
use crate::node::Node;
use crate::server::{Reply, Seen, Server};
use keyside_keychain::{Credential, Reference};
use keyside_oci::verify::{Question, Standing, verify};
use keyside_oci::{Client, Network};

const USER: &str = "robot$team";
const PASSWORD: &str = "s3cret-password";

fn login() -> Credential {
    Credential::new(USER, PASSWORD)
}

/// What a registry does to its visitors.
#[derive(Clone, Debug)]
enum Trick {
    /// It sends these challenges.
    Challenges(Vec<String>),
    /// At this place it redirects there.
    Redirect(Place, u16, String),
    /// At this place it answers with a page that leads there.
    Page(Place, String),
    /// Its token service refuses every login with this status and names another service.
    Refusal(u16, String),
}

/// Where it does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Ping,
    BasicLogin,
    Token,
    Manifest,
    Tags,
}

/// A thief who would take everything: registry and token service in one.
async fn thief() -> Server {
    let image = Image::new(10);
    Server::start(move |seen: &Seen| match seen.target.starts_with("/v2/") {
        true => image.answer(seen),
        false => seen.answer(200, &[], br#"{"token":"t","access_token":"t"}"#),
    })
    .await
}

/// A registry that plays a trick and otherwise behaves.
async fn registry(trick: Trick) -> Server {
    let image = Image::new(10);
    Server::start(move |seen: &Seen| {
        let place = place(seen);
        match &trick {
            Trick::Redirect(at, status, to) if place == Some(*at) => {
                return seen.answer(*status, &[("Location", to)], b"");
            }
            Trick::Page(at, to) if place == Some(*at) => {
                let page = format!("<meta http-equiv=\"refresh\" content=\"0;url={to}\">");
                let refresh = format!("0;url={to}");
                let headers = [
                    ("Content-Type", "text/html"),
                    ("Refresh", &refresh),
                    ("Content-Location", to),
                ];
                return seen.answer(200, &headers, page.as_bytes());
            }
            Trick::Refusal(status, challenge) if place == Some(Place::Token) => {
                let headers = [("WWW-Authenticate", challenge.as_str())];
                return seen.answer(*status, &headers, b"{}");
            }
            _ => {}
        }
        behave(&trick, &image, seen)
    })
    .await
}

fn behave(trick: &Trick, image: &Image, seen: &Seen) -> Reply {
    if seen.target.starts_with("/token") {
        return seen.answer(200, &[], br#"{"token":"t"}"#);
    }
    if seen.has_secret() {
        return image.answer(seen);
    }
    let own = match trick {
        Trick::Challenges(challenges) => {
            let lines: Vec<(&str, &str)> = challenges
                .iter()
                .map(|line| ("WWW-Authenticate", line.as_str()))
                .collect();
            return seen.answer(401, &lines, b"");
        }
        Trick::Redirect(Place::BasicLogin, ..) | Trick::Page(Place::BasicLogin, _) => {
            "Basic realm=\"r\"".to_owned()
        }
        Trick::Redirect(..) | Trick::Page(..) | Trick::Refusal(..) => {
            format!(
                "Bearer realm=\"http://{}/token\",service=\"s\"",
                seen.header("host").unwrap()
            )
        }
    };
    seen.answer(401, &[("WWW-Authenticate", &own)], b"")
}

fn place(seen: &Seen) -> Option<Place> {
    let target = &*seen.target;
    match seen.has_secret() {
        _ if target.starts_with("/token") => Some(Place::Token),
        false if target == "/v2/" => Some(Place::Ping),
        true if target == "/v2/" => Some(Place::BasicLogin),
        true if target.contains("/manifests/") => Some(Place::Manifest),
        true if target.ends_with("/tags/list") => Some(Place::Tags),
        _ => None,
    }
}

/// Realms, as they stand in a challenge; `THIEF` is the thief's port, `OWN` the registry's own name.
const REALMS: [&str; 25] = [
    "http://127.0.0.1:THIEF/t",
    "http://localhost:THIEF/t",
    "http://localhost.:THIEF/t",
    "HTTP://127.0.0.1:THIEF/t",
    "http://2130706433:THIEF/t",
    "http://0x7f000001:THIEF/t",
    "http://0177.0.0.1:THIEF/t",
    "http://127.1:THIEF/t",
    "http://[::ffff:127.0.0.1]:THIEF/t",
    "http://user:pass@127.0.0.1:THIEF/t",
    "http://OWN@127.0.0.1:THIEF/t",
    "http://OWN%2f@127.0.0.1:THIEF/t",
    "http://127.0.0.1:THIEF\\\\@OWN/t",
    "http://127.0.0.1:THIEF#@OWN/t",
    "http://127.0.0.1:THIEF?@OWN/t",
    "http://127.0.0.1:THIEF/http://OWN/t",
    " http://127.0.0.1:THIEF/t",
    "http://\t127.0.0.1:THIEF/t",
    "http:127.0.0.1:THIEF/t",
    "//127.0.0.1:THIEF/t",
    "https://127.0.0.1:THIEF/t",
    "https://auth.docker.io/token",
    "https://gitlab.com/jwt/auth",
    "ftp://127.0.0.1:THIEF/t",
    "http://①27.0.0.1:THIEF/t",
];

fn tricks(thief: &str) -> Vec<(String, Trick)> {
    let port = thief.rsplit(':').next().unwrap();
    let away = format!("http://{thief}/v2/team/app/manifests/1");
    let by_name = format!("http://localhost:{port}/v2/");
    let mut all = Vec::new();
    for realm in REALMS {
        let realm = realm.replace("THIEF", port);
        let challenge = format!("Bearer realm=\"{realm}\",service=\"s\"");
        all.push((format!("realm {realm}"), Trick::Challenges(vec![challenge])));
    }
    let foreign = format!("Bearer realm=\"http://{thief}/t\"");
    let several = [
        vec![foreign.clone(), "Basic realm=\"r\"".to_owned()],
        vec!["Basic realm=\"r\"".to_owned(), foreign.clone()],
        vec![format!("Basic realm=\"r\", {foreign}")],
        vec![format!("{foreign}, realm=\"http://OWN/token\"")],
        vec![foreign.clone(), foreign.clone()],
    ];
    all.extend(several.map(|challenges| {
        (
            format!("challenges {challenges:?}"),
            Trick::Challenges(challenges),
        )
    }));
    for status in [301, 302, 303, 307, 308] {
        for place in [Place::Ping, Place::BasicLogin, Place::Token] {
            let trick = Trick::Redirect(place, status, away.clone());
            all.push((format!("redirect {status} at {place:?}"), trick));
        }
    }
    // What a form is refused with makes the client ask again: there, and nowhere else.
    for status in [400, 404, 405] {
        let refusal = Trick::Refusal(status, foreign.clone());
        all.push((format!("token service refuses with {status}"), refusal));
    }
    for place in [Place::Token, Place::Manifest, Place::Tags] {
        all.push((
            format!("redirect at {place:?}"),
            Trick::Redirect(place, 307, away.clone()),
        ));
        let named = Trick::Redirect(place, 302, by_name.clone());
        all.push((format!("redirect by name at {place:?}"), named));
    }
    all.push(("page at ping".to_owned(), Trick::Page(Place::Ping, away.clone())));
    all.push(("page at token".to_owned(), Trick::Page(Place::Token, away)));
    all.push((
        "loop".to_owned(),
        Trick::Redirect(Place::Manifest, 302, "/v2/team/app/manifests/1".to_owned()),
    ));
    all
}

/// The secret in every form in which it might travel.
fn forms() -> Vec<String> {
    let encoded = login().basic_auth().expose_text().into_owned();
    [PASSWORD, USER, &encoded, "robot%24team"]
        .map(str::to_lowercase)
        .to_vec()
}

fn heard_nothing(what: &str, thief: &Server) {
    for seen in thief.seen() {
        assert!(!seen.has_secret(), "{what}: {seen:?}");
        let all = format!("{} {} {}", seen.target, seen.head, seen.body).to_lowercase();
        assert!(
            forms().iter().all(|form| !all.contains(form.as_str())),
            "{what}: {seen:?}"
        );
    }
}

/// A trick is seen through: the verification does not say that the credential works, unless the trick was a path that is not
/// gone; and says nothing against it either.
async fn verification(what: &str, trick: Trick, thief: &Server) {
    let tag = if matches!(trick, Trick::Redirect(Place::Tags, ..)) {
        ""
    } else {
        ":1"
    };
    let registry = registry(trick).await;
    let client = Client::new(&Network::default()).unwrap();
    let image = Reference::parse(&format!("{}/team/app{tag}", registry.host)).unwrap();
    let question = Question::pull(&client, &image, Some(login())).unwrap();
    let verdict = verify(&client, &question).await;
    assert_eq!(
        verdict.reason.standing(),
        Standing::Unknown,
        "{what}: {verdict:?}"
    );
    heard_nothing(what, thief);
}

async fn pull(what: &str, trick: Trick, thief: &Server) {
    let registry = registry(trick).await;
    let pulled = Node::new("amd64").pull_app(&registry.host, Some(&login())).await;
    heard_nothing(what, thief);
    if let Err(error) = pulled {
        let shown = format!("{error} {error:?}").to_lowercase();
        assert!(!shown.contains(PASSWORD), "{what}: {shown}");
    }
}

#[tokio::test]
async fn r07_r09_thief_hears_nothing_in_all_of_the_matrix() {
    let thief = thief().await;
    let tricks = tricks(&thief.host);
    assert!(tricks.len() >= 40, "{}", tricks.len());
    for (what, trick) in tricks {
        verification(&what, trick.clone(), &thief).await;
        pull(&what, trick, &thief).await;
    }
}

#[tokio::test]
async fn matrix_would_notice_a_secret() {
    let basic = Trick::Challenges(vec!["Basic realm=\"r\"".to_owned()]);
    let registry = registry(basic).await;
    let client = Client::new(&Network::default()).unwrap();
    let image = Reference::parse(&format!("{}/team/app:1", registry.host)).unwrap();
    let question = Question::pull(&client, &image, Some(login())).unwrap();
    let verdict = verify(&client, &question).await;
    assert_eq!(verdict.reason.standing(), Standing::True);
    assert!(
        registry.seen().iter().any(Seen::has_secret),
        "its own registry gets it"
    );
    let heard = std::panic::AssertUnwindSafe(|| heard_nothing("itself", &registry));
    assert!(std::panic::catch_unwind(heard).is_err());
}
