//! Signing in: by a token, or by the one-time link of the embedded world. What is wrong with a token is not said, and
//! after five failures a minute nothing more is tried.

use crate::call::Call;
use crate::failure::{Failure, page_with};
use crate::frame::{Area, Frame};
use crate::route::Answer;
use crate::session::Refused;
use crate::text::Lang;
use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderValue, StatusCode, header};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page {
    frame: Frame,
    t: Lang,
    next: String,
    problem: String,
}

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage {
    frame: Frame,
    t: Lang,
    problem: String,
}

/// The page with the form.
pub(crate) async fn show(call: Call) -> Answer {
    if call.session.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    sign_in_page(&call, StatusCode::OK, "")
}

fn sign_in_page(call: &Call, status: StatusCode, problem: &str) -> Answer {
    let next = [call.form.get("next"), call.query.get("next")]
        .into_iter()
        .find(|next| !next.is_empty())
        .unwrap_or("/");
    let page = Page {
        frame: Frame::page(call, Area::None, call.t().sign_in()),
        t: call.t(),
        next: local(next).to_owned(),
        problem: problem.to_owned(),
    };
    page_with(status, &page)
}

/// The page that a one-time link opens. The code is in the fragment, which only the browser knows; without script it is
/// pasted.
pub(crate) async fn link(call: Call) -> Answer {
    link_page(&call, StatusCode::OK, "")
}

fn link_page(call: &Call, status: StatusCode, problem: &str) -> Answer {
    if call.web.sandbox.is_none() {
        return Err(Failure::NoPage);
    }
    let page = LinkPage {
        frame: Frame::page(call, Area::None, call.t().sign_in()),
        t: call.t(),
        problem: problem.to_owned(),
    };
    page_with(status, &page)
}

/// Signs in with a token.
pub(crate) async fn token(call: Call) -> Answer {
    if !call.web.sessions.may_try(&call.address) {
        return sign_in_page(&call, StatusCode::TOO_MANY_REQUESTS, call.t().too_many_tries());
    }
    match call.web.sessions.sign_in(call.form.get("token")).await {
        Ok(id) => Ok(enter(&call, &id, local(call.form.get("next")))),
        Err(Refused::Token) => {
            call.web.sessions.failed(&call.address);
            sign_in_page(&call, StatusCode::UNAUTHORIZED, call.t().token_refused())
        }
        Err(Refused::Unreachable(why)) => Err(Failure::Unreachable(why)),
    }
}

/// Exchanges a one-time code for a session.
pub(crate) async fn redeem(call: Call) -> Answer {
    let Some(sandbox) = &call.web.sandbox else {
        return Err(Failure::NoPage);
    };
    if !call.web.sessions.may_try(&call.address) {
        return link_page(&call, StatusCode::TOO_MANY_REQUESTS, call.t().too_many_tries());
    }
    if !sandbox.key.redeem(call.form.get("code")) {
        call.web.sessions.failed(&call.address);
        return link_page(&call, StatusCode::UNAUTHORIZED, call.t().link_used());
    }
    let token = (sandbox.issue)()
        .await
        .map_err(|error| Failure::Ours(error.to_string()))?;
    match call.web.sessions.sign_in(&token).await {
        Ok(id) => Ok(enter(&call, &id, "/")),
        Err(error) => Err(Failure::Unreachable(error.to_string())),
    }
}

/// Ends the session.
pub(crate) async fn out(call: Call) -> Answer {
    if let Some(id) = &call.session_id {
        call.web.sessions.sign_out(id);
    }
    let gone = format!(
        "{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict",
        call.web.cookie
    );
    with_cookie(Redirect::to("/sign-in").into_response(), &gone)
}

/// A new id for every sign-in; a former session of this browser ends.
fn enter(call: &Call, id: &str, next: &str) -> Response {
    if let Some(old) = &call.session_id {
        call.web.sessions.sign_out(old);
    }
    let secure = if call.web.tls { "; Secure" } else { "" };
    let cookie = format!(
        "{}={id}; Path=/; HttpOnly; SameSite=Strict{secure}",
        call.web.cookie
    );
    let answer = Redirect::to(next).into_response();
    with_cookie(answer, &cookie).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn with_cookie(mut answer: Response, cookie: &str) -> Answer {
    let value = HeaderValue::from_str(cookie).map_err(|error| Failure::Ours(error.to_string()))?;
    answer.headers_mut().append(header::SET_COOKIE, value);
    Ok(answer)
}

/// A path of ours, never another site's.
pub(crate) fn local(next: &str) -> &str {
    let is_path = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && next.bytes().all(|byte| byte.is_ascii_graphic());
    if is_path { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(local("/credentials?q=a"), "/credentials?q=a");
        for next in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "",
            "/\n/x",
        ] {
            assert_eq!(local(next), "/", "{next:?}");
        }
    }
}
