//! What a page costs in a large cluster: 10,000 namespaces and 100 credentials. Size and time are printed, not asserted.

#![expect(clippy::print_stdout, reason = "the result of a measurement is its output")]

use axum::body::Body;
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use k8s_openapi::api::core::v1::Namespace;
use keyside_api::{Project, ProjectSpec, RegistryCredential, RegistryCredentialSpec, Scope, Source};
use keyside_apiserver::{ApiServer, UserInfo, auth};
use keyside_web::{self, Door};
use kube::api::PostParams;
use kube::{Api, Client};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

const NAMESPACES: usize = 10_000;
const CREDENTIALS: usize = 100;
const HOST: &str = "127.0.0.1:7080";
const ROUNDS: usize = 20;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(run());
}

async fn run() {
    let admin = UserInfo::admin("bench");
    let api = ApiServer::builder()
        .auth(auth::Config::default().token("bench", admin.clone()))
        .build()
        .await
        .expect("an API server");
    let client = Client::new(api.in_process(admin), "default");
    keyside_server::install(&client).await.expect("the kinds");
    fill(&client).await;
    let pages = keyside_web::router(keyside_web::Config {
        door: Door::service(api.by_token()),
        hosts: vec![HOST.to_owned()],
        tls: false,
        network: keyside_oci::Network::default(),
        sandbox: None,
        shutdown: CancellationToken::new(),
    });
    let cookie = sign_in(&pages).await;
    println!("{NAMESPACES} namespaces, {CREDENTIALS} credentials");
    for path in [
        "/credentials",
        "/credentials?page=2",
        "/credentials/project-large/pull-7",
        "/credentials/add",
        "/workloads/deploy",
        "/projects",
    ] {
        measure(&pages, &cookie, path).await;
    }
}

async fn fill(client: &Client) {
    let parameters = PostParams::default();
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let mut names = Vec::new();
    for number in 0..NAMESPACES {
        let mut namespace = Namespace::default();
        let name = if number == 0 {
            "project-large".to_owned()
        } else {
            format!("team-{number:05}")
        };
        namespace.metadata.name = Some(name.clone());
        namespaces
            .create(&parameters, &namespace)
            .await
            .expect("a namespace");
        names.push(name);
    }
    let spec = ProjectSpec {
        namespaces: names.split_off(1),
        ..ProjectSpec::default()
    };
    let projects: Api<Project> = Api::all(client.clone());
    projects
        .create(&parameters, &Project::new("large", spec))
        .await
        .expect("a project");
    let credentials: Api<RegistryCredential> = Api::namespaced(client.clone(), "project-large");
    for number in 0..CREDENTIALS {
        let name = format!("pull-{number}");
        let spec = RegistryCredentialSpec {
            scope: Scope::Project,
            source: Source::secret(&name),
            registry: Some(format!("registry-{number}.example.com")),
            ..RegistryCredentialSpec::default()
        };
        let credential = RegistryCredential::new(&name, spec);
        credentials
            .create(&parameters, &credential)
            .await
            .expect("a credential");
    }
}

async fn sign_in(pages: &axum::Router) -> String {
    let request = Request::post("/sign-in")
        .header(header::HOST, HOST)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("token=bench"))
        .expect("a request");
    let answer = ask(pages, request).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("a cookie");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

async fn ask(pages: &axum::Router, request: Request<Body>) -> Response<Body> {
    pages.clone().oneshot(request).await.expect("never fails")
}

async fn measure(pages: &axum::Router, cookie: &str, path: &str) {
    let (mut times, mut size) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let request = Request::get(path)
            .header(header::HOST, HOST)
            .header(header::COOKIE, cookie)
            .body(Body::empty())
            .expect("a request");
        let started = Instant::now();
        let answer = ask(pages, request).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        size = answer
            .into_body()
            .collect()
            .await
            .expect("a page")
            .to_bytes()
            .len();
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let median: Duration = times[ROUNDS / 2];
    println!(
        "{path:<40} {:>7.1} KB {:>8.1} ms",
        size as f64 / 1000.0,
        median.as_secs_f64() * 1000.0
    );
}
