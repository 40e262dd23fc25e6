//! The way of every request: who asks, what for, is it allowed, and then the verb.

use crate::accept::{self, Accept};
use crate::auth::impersonate::impersonated;
use crate::auth::{Attributes, UserInfo};
use crate::call::{Call, Warnings};
use crate::clock;
use crate::discovery;
use crate::path::{self, ResourcePath, Target};
use crate::query::Query;
use crate::reply::Reply;
use crate::server::{Body, Core};
use crate::verbs;
use futures::FutureExt;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response};
use keyside_apimachinery::status::Status;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::SemaphorePermit;

/// How long a request waits for its turn when too many are under way.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers a request; errors are answers too, and so are our own mistakes.
pub(crate) async fn serve(core: Arc<Core>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let arrival = Arrival {
        core,
        parts: &parts,
        warnings: Warnings::default(),
    };
    let mut form = Accept::JSON;
    let answered = AssertUnwindSafe(answer(&arrival, body, &mut form))
        .catch_unwind()
        .await;
    let reply = match answered {
        Ok(Ok(reply)) => reply,
        Ok(Err(status)) => Reply::status(&status),
        Err(_) => Reply::status(&Status::internal(
            "this request met a mistake of the server's own",
        )),
    };
    let mut response = reply.into_response(form, &arrival.warnings.take());
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        response.headers_mut().insert("audit-id", id);
    }
    if parts.method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}

/// A request whose sender is not known yet.
struct Arrival<'a> {
    core: Arc<Core>,
    parts: &'a Parts,
    warnings: Warnings,
}

async fn answer(arrival: &Arrival<'_>, body: Body, form: &mut Accept) -> Result<Reply, Status> {
    let Arrival { core, parts, .. } = arrival;
    let user = core.authenticator.authenticate(parts).await?;
    let user = impersonated(user, &parts.headers, |right| authorize(core, right))?;
    let target =
        path::parse(parts.uri.path()).ok_or_else(|| Status::bad_request("the path cannot be decoded"))?;
    let query = Query::parse(parts.uri.query())?;
    match target {
        Target::Resource(path) => {
            let (call, verb) = understand(arrival, user, path, query, form)?;
            dispatch(call, verb, body).await
        }
        target => {
            authorize(core, &plain(user, parts))?;
            form.pretty = accept::negotiate(&parts.headers, &query, false).is_ok_and(|accept| accept.pretty);
            discovery::answer(core, parts, &target, &query)
        }
    }
}

/// Finds out what is asked of which resource, and whether it is allowed.
fn understand(
    arrival: &Arrival<'_>,
    user: UserInfo,
    path: ResourcePath,
    query: Query,
    form: &mut Accept,
) -> Result<(Call, &'static str), Status> {
    let Arrival {
        core,
        parts,
        warnings,
    } = arrival;
    let verb = verb(&parts.method, &path, &query).ok_or_else(not_allowed)?;
    authorize(core, &attributes(user.clone(), verb, &path, &query))?;
    let served = core
        .catalog
        .find(&path.group, &path.version, &path.resource)
        .ok_or_else(unknown)?;
    let is_namespace = path.group.is_empty() && path.resource == "namespaces";
    let misplaced = if served.resource.namespaced {
        // A namespaced object without a namespace in its path is not served; its collection over all namespaces is.
        path.namespace.is_empty() && !path.name.is_empty()
    } else {
        !path.namespace.is_empty() && !is_namespace
    };
    if misplaced || !path.rest.is_empty() {
        return Err(unknown());
    }
    *form = accept::negotiate(&parts.headers, &query, served.is_stored())?;
    warnings.add(served.resource.behaviour.deprecation());
    let call = Call {
        core: Arc::clone(core),
        user,
        namespace: if served.resource.namespaced {
            path.namespace
        } else {
            String::new()
        },
        name: path.name,
        subresource: path.subresource,
        query,
        accept: *form,
        headers: parts.headers.clone(),
        now: clock::now(),
        warnings: warnings.clone(),
        served,
    };
    Ok((call, verb))
}

async fn dispatch(call: Call, verb: &str, body: Body) -> Result<Reply, Status> {
    let core = Arc::clone(&call.core);
    let _turn = turn(&core, &call.user).await?;
    if !call.subresource.is_empty() {
        return verbs::subresource::answer(call, verb, body).await;
    }
    let named_creation = verb == "create" && !call.name.is_empty();
    if named_creation || !call.served.supports(verb) {
        return Err(not_allowed());
    }
    match verb {
        "get" => verbs::get::one(&call),
        "list" => verbs::list::answer(&call),
        "watch" => verbs::watch::answer(call),
        "create" => verbs::create::answer(call, body).await,
        "update" => verbs::update::answer(&call, body).await,
        "patch" => verbs::patch::answer(&call, body).await,
        "delete" => verbs::delete::answer(&call, body).await,
        "deletecollection" => verbs::collection::answer(&call, body).await,
        _ => Err(not_allowed()),
    }
}

/// The verb of a request, as authorization and discovery name it.
fn verb(method: &Method, path: &ResourcePath, query: &Query) -> Option<&'static str> {
    let watch = path.watch || query.flag("watch");
    let collection = path.name.is_empty();
    Some(match (method.as_str(), collection) {
        ("GET" | "HEAD", _) if watch && path.subresource.is_empty() => "watch",
        ("GET" | "HEAD", true) => "list",
        ("GET" | "HEAD", false) => "get",
        ("POST", _) => "create",
        ("PUT", false) => "update",
        ("PATCH", false) => "patch",
        ("DELETE", true) => "deletecollection",
        ("DELETE", false) => "delete",
        _ => return None,
    })
}

fn attributes(user: UserInfo, verb: &str, path: &ResourcePath, query: &Query) -> Attributes {
    let mut name = path.name.clone();
    if name.is_empty() && matches!(verb, "list" | "watch" | "deletecollection") {
        // A list of one name may be allowed to those who may only read that name.
        let only = query
            .get("fieldSelector")
            .strip_prefix("metadata.name=")
            .filter(|rest| !rest.contains(','));
        name = only
            .map(|rest| rest.trim_start_matches('=').to_owned())
            .unwrap_or_default();
    }
    Attributes {
        user,
        verb: verb.to_owned(),
        group: path.group.clone(),
        version: path.version.clone(),
        resource: path.resource.clone(),
        subresource: path.subresource.clone(),
        namespace: path.namespace.clone(),
        name,
        path: String::new(),
    }
}

fn plain(user: UserInfo, parts: &Parts) -> Attributes {
    let verb = parts.method.as_str().to_ascii_lowercase();
    Attributes {
        user,
        verb,
        path: parts.uri.path().to_owned(),
        ..Attributes::default()
    }
}

/// What an update or apply that creates an object needs to be allowed besides.
pub(crate) fn creation(call: &Call) -> Attributes {
    let gvk = &call.served.resource.gvk;
    Attributes {
        user: call.user.clone(),
        verb: "create".to_owned(),
        group: gvk.group.clone(),
        version: gvk.version.clone(),
        resource: call.plural().to_owned(),
        subresource: call.subresource.clone(),
        namespace: call.namespace.clone(),
        name: call.name.clone(),
        path: String::new(),
    }
}

/// Lets a request pass, or says who may not do what, in Kubernetes' words.
pub(crate) fn authorize(core: &Core, attributes: &Attributes) -> Result<(), Status> {
    let decision = core.authorizer.authorize(attributes);
    if decision.allowed {
        return Ok(());
    }
    let Attributes {
        user,
        verb,
        group,
        resource,
        subresource,
        namespace,
        name,
        path,
        ..
    } = attributes;
    let user = &user.username;
    let mut message = if attributes.is_resource() {
        let what = if subresource.is_empty() {
            resource.clone()
        } else {
            format!("{resource}/{subresource}")
        };
        let scope = if namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace {namespace:?}")
        };
        format!("User {user:?} cannot {verb} resource {what:?} in API group {group:?} {scope}")
    } else {
        format!("User {user:?} cannot {verb} path {path:?}")
    };
    if !decision.reason.is_empty() {
        message = format!("{message}: {}", decision.reason);
    }
    if attributes.is_resource() {
        return Err(Status::forbidden(group, resource, name, &message));
    }
    let mut status = Status::new(403, "Forbidden", format!("forbidden: {message}"));
    status.details = serde_json::json!({});
    Err(status)
}

/// Waits until not too many requests are under way. The cluster's own parts do not wait: others may wait for them.
async fn turn<'a>(core: &'a Core, user: &UserInfo) -> Result<Option<SemaphorePermit<'a>>, Status> {
    if user.groups.iter().any(|group| group == "system:masters") {
        return Ok(None);
    }
    let turn = tokio::time::timeout(PATIENCE, core.turns.acquire())
        .await
        .map_err(|_| too_many())?;
    turn.map(Some).map_err(Status::internal)
}

/// 429.
fn too_many() -> Status {
    let mut status = Status::new(
        429,
        "TooManyRequests",
        "too many requests, please try again later",
    );
    status.details = serde_json::json!({"retryAfterSeconds": 1});
    status
}

/// 405.
pub(crate) fn not_allowed() -> Status {
    let sentence = "the server does not allow this method on the requested resource";
    let mut status = Status::new(405, "MethodNotAllowed", sentence);
    status.details = serde_json::json!({});
    status
}

/// 404 of a path that means nothing.
pub(crate) fn unknown() -> Status {
    let mut status = Status::new(
        404,
        "NotFound",
        "the server could not find the requested resource",
    );
    status.details = serde_json::json!({});
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: Method, path: &str, query: &str, expected: Option<&str>) {
        let Some(Target::Resource(path)) = path::parse(path) else {
            panic!()
        };
        let query = Query::parse(Some(query)).unwrap();
        assert_eq!(verb(&method, &path, &query), expected, "{method} {path:?}");
    }

    #[test]
    fn method_and_path_make_the_verb() {
        check(Method::GET, "/api/v1/pods", "", Some("list"));
        check(Method::GET, "/api/v1/pods", "watch=true", Some("watch"));
        check(Method::GET, "/api/v1/pods", "watch=false", Some("list"));
        check(Method::GET, "/api/v1/namespaces/a/pods/b", "", Some("get"));
        check(Method::GET, "/api/v1/namespaces/a/pods/b", "watch", Some("watch"));
        check(Method::POST, "/api/v1/namespaces/a/pods", "", Some("create"));
        check(Method::PUT, "/api/v1/namespaces/a/pods", "", None);
        check(
            Method::DELETE,
            "/api/v1/namespaces/a/pods",
            "",
            Some("deletecollection"),
        );
        check(Method::DELETE, "/api/v1/namespaces/a", "", Some("delete"));
        check(Method::OPTIONS, "/api/v1/pods", "", None);
    }
}
