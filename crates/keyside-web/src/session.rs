//! Sessions, in memory only: a random id in a cookie stands for the user's own token. A session ends when nobody uses it
//! for half an hour, after twelve hours at the latest, on signing out, and within a minute of its token being refused.

use super::door::Door;
use k8s_openapi::api::authentication::v1::{SelfSubjectReview, UserInfo};
use kube::api::PostParams;
use kube::{Api, Client};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Nobody used it for so long: it ends.
pub(super) const IDLE: Duration = Duration::from_secs(30 * 60);
/// The longest life of a session.
pub(super) const ABSOLUTE: Duration = Duration::from_secs(12 * 3600);
/// After so long the token is shown to the API server again.
pub(super) const RECHECK: Duration = Duration::from_secs(60);
/// More than this many sessions at once is an attack: the idlest one goes.
const MOST: usize = 1_000;
/// Failed attempts to sign in, of one address, within [`WINDOW`].
const TRIES: usize = 5;
const WINDOW: Duration = Duration::from_secs(60);

/// One signed-in browser.
pub(super) struct Session {
    pub(super) user: String,
    pub(super) client: Client,
    /// Namespaces the user has asked for; who may not list namespaces finds them here again.
    pub(super) namespaces: Mutex<BTreeSet<String>>,
    /// Cancelled when the session ends: what still streams ends with it.
    pub(super) ended: CancellationToken,
    begun: Instant,
    times: Mutex<Times>,
}

#[derive(Clone, Copy)]
struct Times {
    used: Instant,
    checked: Instant,
}

/// Why a token opens no session.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("the API server does not accept the token")]
    Token,
    #[error("the API server cannot be asked: {0}")]
    Unreachable(String),
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        let used = lock(&self.times).used;
        self.ended.is_cancelled() || now - self.begun >= ABSOLUTE || now - used >= IDLE
    }

    /// Asks the API server who the token's owner is, if it was not asked within the last minute, or `always`.
    ///
    /// # Errors
    /// The token is refused, which ends the session; or nobody could be asked, which does not.
    pub(super) async fn check(&self, always: bool) -> Result<(), Refused> {
        let started = Instant::now();
        if !always && started - lock(&self.times).checked < RECHECK {
            return Ok(());
        }
        match who(&self.client).await {
            Ok(_) => {
                lock(&self.times).checked = started;
                Ok(())
            }
            Err(Refused::Token) => {
                self.ended.cancel();
                Err(Refused::Token)
            }
            Err(other) => Err(other),
        }
    }

    /// The namespace of a `ServiceAccount`'s own token.
    pub(super) fn own_namespace(&self) -> Option<&str> {
        self.user
            .strip_prefix("system:serviceaccount:")
            .and_then(|rest| rest.split_once(':'))
            .map(|(namespace, _)| namespace)
    }
}

/// All sessions, and the failed attempts to open one.
pub(super) struct Sessions {
    door: Door,
    open: Mutex<HashMap<String, Arc<Session>>>,
    failed: Mutex<HashMap<String, Vec<Instant>>>,
}

impl Sessions {
    pub(super) fn new(door: Door) -> Self {
        Self {
            door,
            open: Mutex::default(),
            failed: Mutex::default(),
        }
    }

    /// Opens a session for the owner of a token, under a new id.
    pub(super) async fn sign_in(&self, token: &str) -> Result<String, Refused> {
        let client = self.door.open(token).map_err(|_| Refused::Token)?;
        let user = who(&client).await?;
        let now = Instant::now();
        let session = Session {
            user: user.username.unwrap_or_default(),
            client,
            namespaces: Mutex::default(),
            ended: CancellationToken::new(),
            begun: now,
            times: Mutex::new(Times {
                used: now,
                checked: now,
            }),
        };
        let id = random_id();
        let mut open = lock(&self.open);
        forget(&mut open, now);
        open.insert(id.clone(), Arc::new(session));
        Ok(id)
    }

    /// The session of an id, which counts as used now.
    pub(super) fn find(&self, id: &str) -> Option<Arc<Session>> {
        let now = Instant::now();
        let mut open = lock(&self.open);
        let session = open.get(id)?.clone();
        if session.is_over(now) {
            open.remove(id);
            session.ended.cancel();
            return None;
        }
        lock(&session.times).used = now;
        Some(session)
    }

    /// Ends a session.
    pub(super) fn sign_out(&self, id: &str) {
        if let Some(session) = lock(&self.open).remove(id) {
            session.ended.cancel();
        }
    }

    /// Whether this address may try to sign in now.
    pub(super) fn may_try(&self, address: &str) -> bool {
        let now = Instant::now();
        let mut failed = lock(&self.failed);
        failed.retain(|_, times| {
            times.retain(|time| now - *time < WINDOW);
            !times.is_empty()
        });
        failed.get(address).is_none_or(|times| times.len() < TRIES)
    }

    /// Remembers a failed attempt.
    pub(super) fn failed(&self, address: &str) {
        lock(&self.failed)
            .entry(address.to_owned())
            .or_default()
            .push(Instant::now());
    }
}

/// Who the client's token belongs to, by the API server's word. Somebody anonymous is nobody.
async fn who(client: &Client) -> Result<UserInfo, Refused> {
    let api: Api<SelfSubjectReview> = Api::all(client.clone());
    let answer = api
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await;
    let user = match answer {
        Ok(review) => review.status.and_then(|status| status.user_info),
        Err(kube::Error::Api(status)) if matches!(status.code, 401 | 403) => None,
        Err(error) => return Err(Refused::Unreachable(error.to_string())),
    };
    user.filter(|user| {
        user.username
            .as_deref()
            .is_some_and(|name| !name.is_empty() && name != "system:anonymous")
    })
    .ok_or(Refused::Token)
}

/// Lets go of what is over, and of the idlest session when there are too many.
fn forget(open: &mut HashMap<String, Arc<Session>>, now: Instant) {
    open.retain(|_, session| {
        let over = session.is_over(now);
        if over {
            session.ended.cancel();
        }
        !over
    });
    if open.len() < MOST {
        return;
    }
    let idlest = open.iter().min_by_key(|(_, session)| lock(&session.times).used);
    if let Some(id) = idlest.map(|(id, _)| id.clone()) {
        open.remove(&id);
    }
}

/// 244 random bits of the operating system's.
pub(super) fn random_id() -> String {
    format!(
        "{}{}",
        uuid::Uuid::new_v4().simple(),
        uuid::Uuid::new_v4().simple()
    )
}

/// A lock whose holder cannot have left anything half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// An API server that knows everybody but `unknown`.
    fn sessions() -> Sessions {
        let answer = |request: http::Request<kube::client::Body>| async move {
            let token = request.headers()[http::header::AUTHORIZATION]
                .to_str()
                .expect("text")
                .to_owned();
            let (code, body) = if token == "Bearer unknown" {
                (
                    401,
                    serde_json::json!({"kind": "Status", "code": 401, "status": "Failure", "reason": "Unauthorized", "message": "no"}),
                )
            } else {
                (
                    201,
                    serde_json::json!({"metadata": {}, "status": {"userInfo": {"username": "ann"}}}),
                )
            };
            let body = axum::body::Body::from(body.to_string());
            Ok::<_, Infallible>(
                http::Response::builder()
                    .status(code)
                    .body(body)
                    .expect("an answer"),
            )
        };
        Sessions::new(Door::service(tower::service_fn(answer)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_when_nobody_uses_it() {
        let sessions = sessions();
        let id = sessions.sign_in("good").await.expect("a session");
        for _ in 0..3 {
            tokio::time::advance(IDLE - Duration::from_secs(1)).await;
            assert_eq!(sessions.find(&id).expect("in use").user, "ann");
        }
        tokio::time::advance(IDLE).await;
        assert!(sessions.find(&id).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_in_use_ends_after_twelve_hours() {
        let sessions = sessions();
        let id = sessions.sign_in("good").await.expect("a session");
        let session = sessions.find(&id).expect("just opened");
        for _ in 0..36 {
            assert!(sessions.find(&id).is_some());
            tokio::time::advance(Duration::from_secs(20 * 60)).await;
        }
        assert!(sessions.find(&id).is_none());
        assert!(session.ended.is_cancelled(), "what streams ends with it");
    }

    #[tokio::test(start_paused = true)]
    async fn every_sign_in_has_an_id_of_its_own_and_an_unknown_token_none() {
        let sessions = sessions();
        let (one, two) = (
            sessions.sign_in("good").await.expect("one"),
            sessions.sign_in("good").await.expect("two"),
        );
        assert_ne!(one, two);
        assert!(matches!(sessions.sign_in("unknown").await, Err(Refused::Token)));
        assert!(matches!(
            sessions.sign_in("line\nbreak").await,
            Err(Refused::Token)
        ));
        sessions.sign_out(&one);
        assert!(sessions.find(&one).is_none() && sessions.find(&two).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn five_failures_a_minute_and_address() {
        let sessions = sessions();
        for _ in 0..TRIES {
            assert!(sessions.may_try("a"));
            sessions.failed("a");
        }
        assert!(!sessions.may_try("a") && sessions.may_try("b"));
        tokio::time::advance(WINDOW).await;
        assert!(sessions.may_try("a"));
    }
}
