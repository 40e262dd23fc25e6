//! The one table of routes. What is not in it does not exist; what an entry does not open is closed to those who have not
//! signed in. The tests walk through this table.

use super::call::Call;
use super::failure::Failure;
use super::guard::{self, Refusal};
use super::session::Refused;
use super::{Web, assets, live, pages};
use axum::Router;
use axum::extract::{RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use futures::future::BoxFuture;
use http::{HeaderValue, Method, StatusCode, header};
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// What a page gives.
pub(super) type Answer = Result<Response, Failure>;

/// How long a page may take; streams begin within it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Everybody.
    Open,
    /// Whoever has signed in.
    SignedIn,
}

/// One route.
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) access: Access,
    run: fn(Call) -> BoxFuture<'static, Answer>,
}

const fn open(method: Method, path: &'static str, run: fn(Call) -> BoxFuture<'static, Answer>) -> Route {
    Route {
        method,
        path,
        access: Access::Open,
        run,
    }
}

const fn show(path: &'static str, run: fn(Call) -> BoxFuture<'static, Answer>) -> Route {
    Route {
        method: Method::GET,
        path,
        access: Access::SignedIn,
        run,
    }
}

const fn change(path: &'static str, run: fn(Call) -> BoxFuture<'static, Answer>) -> Route {
    Route {
        method: Method::POST,
        path,
        access: Access::SignedIn,
        run,
    }
}

/// All routes.
pub(super) const ROUTES: &[Route] = &[
    open(Method::GET, "/assets/{file}", |call| Box::pin(asset(call))),
    open(Method::GET, "/sign-in", |call| {
        Box::pin(pages::sign_in::show(call))
    }),
    open(Method::POST, "/sign-in", |call| {
        Box::pin(pages::sign_in::token(call))
    }),
    open(Method::GET, "/link", |call| Box::pin(pages::sign_in::link(call))),
    open(Method::POST, "/link", |call| {
        Box::pin(pages::sign_in::redeem(call))
    }),
    open(Method::POST, "/view", |call| {
        Box::pin(pages::settings::view(call))
    }),
    change("/sign-out", |call| Box::pin(pages::sign_in::out(call))),
    show("/", |call| Box::pin(pages::credentials::home(call))),
    show("/registries", |call| Box::pin(pages::credentials::old_path(call))),
    show("/credentials", |call| Box::pin(pages::credentials::list(call))),
    show("/credentials/add", |call| Box::pin(pages::add::show(call))),
    change("/credentials/add", |call| Box::pin(pages::add::save(call))),
    show("/credentials/import", |call| Box::pin(pages::import::show(call))),
    change("/credentials/import", |call| Box::pin(pages::import::run(call))),
    show("/credentials/{place}/{name}", |call| {
        Box::pin(pages::credential::show(call))
    }),
    show("/credentials/{place}/{name}/edit", |call| {
        Box::pin(pages::edit::show(call))
    }),
    change("/credentials/{place}/{name}/edit", |call| {
        Box::pin(pages::edit::save(call))
    }),
    change("/credentials/{place}/{name}/verify", |call| {
        Box::pin(pages::credential::verify(call))
    }),
    change("/credentials/{place}/{name}/rollback", |call| {
        Box::pin(pages::credential::roll_back(call))
    }),
    change("/credentials/{place}/{name}/forget", |call| {
        Box::pin(pages::credential::forget(call))
    }),
    show("/credentials/{place}/{name}/move", |call| {
        Box::pin(pages::moving::show(call))
    }),
    change("/credentials/{place}/{name}/move", |call| {
        Box::pin(pages::moving::run(call))
    }),
    show("/credentials/{place}/{name}/delete", |call| {
        Box::pin(pages::delete::show(call))
    }),
    change("/credentials/{place}/{name}/delete", |call| {
        Box::pin(pages::delete::run(call))
    }),
    show("/workloads", |call| Box::pin(pages::workloads::list(call))),
    show("/workloads/deploy", |call| Box::pin(pages::deploy::show(call))),
    change("/workloads/deploy", |call| Box::pin(pages::deploy::run(call))),
    show("/workloads/{namespace}/{kind}/{name}", |call| {
        Box::pin(pages::workload::show(call))
    }),
    show("/explain", |call| Box::pin(pages::explain::show(call))),
    show("/events", |call| Box::pin(pages::events::list(call))),
    show("/projects", |call| Box::pin(pages::projects::list(call))),
    show("/projects/add", |call| Box::pin(pages::project::add(call))),
    change("/projects/add", |call| Box::pin(pages::project::create(call))),
    show("/projects/{name}", |call| Box::pin(pages::project::show(call))),
    change("/projects/{name}", |call| Box::pin(pages::project::change(call))),
    change("/namespaces/open", |call| Box::pin(pages::projects::open(call))),
    show("/settings", |call| Box::pin(pages::settings::show(call))),
    show("/ask/image", |call| Box::pin(pages::explain::ask(call))),
    show("/ask/used", |call| Box::pin(pages::credentials::used(call))),
    show("/ask/scope", |call| Box::pin(pages::add::ask(call))),
    show("/live/{namespace}/{kind}/{name}", |call| {
        Box::pin(live::workload(call))
    }),
];

/// The router over the table.
pub(super) fn router(web: Arc<Web>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let web = web.clone();
        let filter = MethodFilter::try_from(route.method.clone()).expect("routes have ordinary methods");
        let serve = on(filter, move |parameters: RawPathParams, request: Request| {
            let web = web.clone();
            async move { serve(web, Some(route), decoded(&parameters), request).await }
        });
        router = router.route(route.path, serve);
    }
    let (unknown, mistaken) = (web.clone(), web);
    router
        .fallback(move |request: Request| serve(unknown.clone(), None, HashMap::new(), request))
        .method_not_allowed_fallback(move |request: Request| {
            serve(mistaken.clone(), None, HashMap::new(), request)
        })
}

fn decoded(parameters: &RawPathParams) -> HashMap<String, String> {
    parameters
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The way of every request; whatever happens, the answer carries the headers.
async fn serve(
    web: Arc<Web>,
    route: Option<&'static Route>,
    parameters: HashMap<String, String>,
    mut request: Request,
) -> Response {
    use futures::FutureExt as _;
    // HTTP/2 names the host elsewhere.
    if let Some(authority) = request.uri().authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().entry(header::HOST).or_insert(host);
    }
    let tls = web.tls;
    let mut answer = match guard::admit(request.method(), request.headers(), &web.hosts) {
        Err(Refusal::Host) => (StatusCode::MISDIRECTED_REQUEST, "unknown host\n").into_response(),
        Err(Refusal::CrossSite) => (StatusCode::FORBIDDEN, "request from another site\n").into_response(),
        Ok(()) => {
            let answered = AssertUnwindSafe(dispatch(web, route, parameters, request)).catch_unwind();
            match tokio::time::timeout(PATIENCE, answered).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => (StatusCode::INTERNAL_SERVER_ERROR, "an error of ours\n").into_response(),
                Err(_) => (StatusCode::GATEWAY_TIMEOUT, "this took too long\n").into_response(),
            }
        }
    };
    guard::seal(answer.headers_mut(), tls);
    answer
}

async fn dispatch(
    web: Arc<Web>,
    route: Option<&'static Route>,
    parameters: HashMap<String, String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut call = Call::new(web, &parts, parameters);
    let frame = super::frame::Frame::of(&call);
    let Some(route) = route else {
        return Failure::NoPage.page(&frame);
    };
    let answer = async {
        if route.access == Access::SignedIn {
            let is_change = route.method != Method::GET;
            match call.session()?.check(is_change).await {
                Ok(()) => {}
                Err(Refused::Token) => return Err(Failure::SignedOut),
                Err(Refused::Unreachable(why)) => return Err(Failure::Unreachable(why)),
            }
        }
        if route.method == Method::POST {
            call.read(&parts.headers, body).await?;
        }
        (route.run)(call).await
    };
    answer.await.unwrap_or_else(|failure| failure.page(&frame))
}

async fn asset(call: Call) -> Answer {
    assets::serve(&call.path).ok_or(Failure::NoPage)
}
