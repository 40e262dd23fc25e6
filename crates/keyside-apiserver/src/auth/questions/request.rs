//! `serviceaccounts/token`: a fresh token for a service account, perhaps bound to a pod, secret or node.

use crate::auth::UserInfo;
use crate::auth::token::Grant;
use crate::clock;
use crate::server::Core;
use crate::store::Key;
use keyside_apimachinery::meta;
use keyside_apimachinery::status::{FieldError, Status};
use serde_json::{Value, json};

const GROUP: &str = "authentication.k8s.io";
const DEFAULT_SECONDS: i64 = 60 * 60;

/// Answers `serviceaccounts/token`: a `TokenRequest` with a token bound to this service account (an object).
///
/// # Errors
/// If the request contradicts the account or the object it wants the token bound to.
pub(crate) async fn token(
    core: &Core,
    _user: &UserInfo,
    account: &Value,
    request: Value,
) -> Result<Value, Status> {
    let mut request = request;
    agrees(&request, account)?;
    let tokens = core.authenticator.tokens.as_ref();
    let tokens = tokens.ok_or_else(|| Status::internal("there is no key to sign tokens with"))?;
    let spec = &request["spec"];
    let audiences = spec["audiences"].as_array().into_iter().flatten();
    let mut audiences: Vec<String> = audiences.filter_map(|a| a.as_str().map(str::to_owned)).collect();
    if audiences.is_empty() {
        audiences.clone_from(&tokens.audiences);
    }
    let seconds = spec["expirationSeconds"].as_i64().unwrap_or(DEFAULT_SECONDS);
    validate(seconds)?;
    let (bound, node) = bound(core, account, &spec["boundObjectRef"])?;
    let grant = Grant {
        service_account: account,
        bound,
        node,
        audiences,
        seconds,
    };
    let token = tokens
        .issue(&grant)
        .ok_or_else(|| Status::internal("failed to generate token"))?;
    request["apiVersion"] = "authentication.k8s.io/v1".into();
    request["kind"] = "TokenRequest".into();
    request["metadata"] = json!({
        "name": meta::name(account), "namespace": meta::namespace(account), "uid": meta::uid(account),
        "creationTimestamp": clock::now(),
    });
    request["spec"]["audiences"] = grant.audiences.into();
    request["spec"]["expirationSeconds"] = seconds.into();
    request["status"] = json!({"token": token, "expirationTimestamp": clock::after(seconds)});
    Ok(request)
}

/// What the request says of the account must be true of it.
fn agrees(request: &Value, account: &Value) -> Result<(), Status> {
    let mut errors = Vec::new();
    for (field, own) in [
        ("name", meta::name(account)),
        ("namespace", meta::namespace(account)),
    ] {
        let said = meta::string(request, field);
        if !said.is_empty() && said != own {
            let detail = format!("must match the service account {field} if specified");
            errors.push(FieldError::invalid(format!("metadata.{field}"), said, detail));
        }
    }
    if !errors.is_empty() {
        return Err(Status::invalid(
            GROUP,
            "TokenRequest",
            meta::name(account),
            &errors,
        ));
    }
    let (said, own) = (meta::uid(request), meta::uid(account));
    if !said.is_empty() && said != own {
        let detail = format!(
            "the UID in the token request ({said}) does not match the UID of the service account ({own})"
        );
        return Err(Status::conflict(
            GROUP,
            "TokenRequest",
            meta::name(account),
            &detail,
        ));
    }
    Ok(())
}

fn validate(seconds: i64) -> Result<(), Status> {
    let detail = match seconds {
        ..600 => "may not specify a duration less than 10 minutes",
        4_294_967_297.. => "may not specify a duration larger than 2^32 seconds",
        _ => return Ok(()),
    };
    let error = FieldError::invalid("spec.expirationSeconds", seconds, detail);
    Err(Status::invalid(GROUP, "TokenRequest", "", &[error]))
}

type Bound = (Option<(&'static str, Value)>, Option<Value>);

/// The object a token is bound to, and the node that goes with it.
fn bound(core: &Core, account: &Value, reference: &Value) -> Result<Bound, Status> {
    if reference.is_null() {
        return Ok((None, None));
    }
    let (kind, name) = (text(reference, "kind"), text(reference, "name"));
    let find = |plural: &str, namespace: &str| {
        let found = core
            .store
            .get(&Key::new("", plural, namespace, name))
            .map(|entry| entry.object());
        found.ok_or_else(|| Status::not_found("", plural, name))
    };
    let namespace = meta::namespace(account);
    let (object, bound) = match (text(reference, "apiVersion"), kind) {
        ("v1" | "", "Pod") => {
            let pod = find("pods", namespace)?;
            if pod["spec"]["serviceAccountName"] != meta::name(account) {
                return Err(Status::bad_request(format!(
                    "cannot bind token for serviceaccount {:?} to pod running with different serviceaccount name.",
                    meta::name(account)
                )));
            }
            let node = text(&pod["spec"], "nodeName");
            let unknown = || json!({"metadata": {"name": node}});
            let known = |node: &str| {
                core.store
                    .get(&Key::new("", "nodes", "", node))
                    .map(|entry| entry.object())
            };
            let node = (!node.is_empty()).then(|| known(node).unwrap_or_else(unknown));
            (pod.clone(), (Some(("pod", pod)), node))
        }
        ("v1" | "", "Secret") => {
            let secret = find("secrets", namespace)?;
            (secret.clone(), (Some(("secret", secret)), None))
        }
        ("v1" | "", "Node") => {
            let node = find("nodes", "")?;
            (node.clone(), (None, Some(node)))
        }
        (version, kind) => {
            return Err(Status::bad_request(format!(
                "cannot bind token to object of type {version}, Kind={kind}"
            )));
        }
    };
    let said = text(reference, "uid");
    if !said.is_empty() && said != meta::uid(&object) {
        let detail = format!(
            "the UID in the bound object reference ({said}) does not match the UID in record. The object might have \
             been deleted and then recreated"
        );
        return Err(Status::conflict("", kind, name, &detail));
    }
    Ok(bound)
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_default()
}
