//! Resources that are asked by creating them and never stored: token and access reviews, token requests.

mod access;
mod request;

use super::UserInfo;
use crate::server::Core;
use keyside_apimachinery::resource::Resource;
use keyside_apimachinery::status::Status;
use serde_json::{Map, Value, json};

pub(crate) use request::token;

/// Answers a question such as a `TokenReview` or `SubjectAccessReview`: the object as posted, with `status` filled in.
///
/// # Errors
/// If the question cannot be understood.
pub(crate) async fn answer(
    core: &Core,
    user: &UserInfo,
    resource: &Resource,
    namespace: &str,
    question: Value,
) -> Result<Value, Status> {
    let mut question = question;
    match resource.gvk.kind.as_str() {
        "TokenReview" => review_token(core, &mut question)?,
        "SelfSubjectReview" => question["status"] = json!({"userInfo": facts(user)}),
        "SubjectAccessReview" | "SelfSubjectAccessReview" | "LocalSubjectAccessReview" => {
            access::review(
                &core.authorizer,
                user,
                &resource.gvk.kind,
                namespace,
                &mut question,
            )?;
        }
        "SelfSubjectRulesReview" => access::rules(&core.authorizer, user, &mut question)?,
        _ => return Err(crate::handle::not_allowed()),
    }
    Ok(question)
}

/// A user as reviews show it.
fn facts(user: &UserInfo) -> Value {
    let mut out = Map::new();
    out.insert("username".into(), user.username.as_str().into());
    if !user.uid.is_empty() {
        out.insert("uid".into(), user.uid.as_str().into());
    }
    if !user.groups.is_empty() {
        out.insert("groups".into(), user.groups.clone().into());
    }
    if !user.extra.is_empty() {
        out.insert("extra".into(), json!(user.extra));
    }
    out.into()
}

fn review_token(core: &Core, review: &mut Value) -> Result<(), Status> {
    let token = review["spec"]["token"].as_str().unwrap_or_default();
    if token.is_empty() {
        return Err(Status::bad_request(
            "token is required for TokenReview in authentication",
        ));
    }
    let audiences = review["spec"]["audiences"].as_array().into_iter().flatten();
    let audiences: Vec<String> = audiences.filter_map(|a| a.as_str().map(str::to_owned)).collect();
    review["status"] = match core.authenticator.user_of_token(token, &audiences) {
        Some((user, audiences)) => {
            json!({"authenticated": true, "user": facts(&user), "audiences": audiences})
        }
        None => json!({"user": {}, "error": "invalid bearer token"}),
    };
    Ok(())
}
