//! Service account tokens: what they say, and whether it is still true.
//!
//! A token names a service account and perhaps a pod or secret it is bound to; each time it is shown, account and
//! bound object are looked up, and both must still exist with the uid they had.

use super::{TokenKey, UserInfo};
use crate::clock;
use crate::store::{Key, Store};
use keyside_apimachinery::meta;
use serde_json::{Map, Value, json};

/// Seconds an object may have been marked for deletion while its tokens still count.
const DELETION_LEEWAY: i64 = 60;

/// Signs and checks tokens.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(super) key: TokenKey,
    pub(super) issuer: String,
    pub(super) audiences: Vec<String>,
}

/// What a token is made for.
#[derive(Debug)]
pub(super) struct Grant<'a> {
    pub(super) service_account: &'a Value,
    /// Kind and object the token is bound to.
    pub(super) bound: Option<(&'static str, Value)>,
    /// The pod's node, if it has one.
    pub(super) node: Option<Value>,
    pub(super) audiences: Vec<String>,
    pub(super) seconds: i64,
}

impl Tokens {
    /// A token, valid from now.
    pub(super) fn issue(&self, grant: &Grant<'_>) -> Option<String> {
        let now = jiff::Timestamp::now().as_second();
        let account = grant.service_account;
        let reference = |object: &Value| json!({"name": meta::name(object), "uid": meta::uid(object)});
        let mut facts = Map::new();
        facts.insert("namespace".into(), meta::namespace(account).into());
        if let Some(node) = &grant.node {
            facts.insert("node".into(), reference(node));
        }
        if let Some((kind, object)) = &grant.bound {
            facts.insert((*kind).into(), reference(object));
        }
        facts.insert("serviceaccount".into(), reference(account));
        self.key.sign(&json!({
            "aud": grant.audiences,
            "exp": now + grant.seconds,
            "iat": now,
            "iss": self.issuer,
            "jti": uuid::Uuid::new_v4().to_string(),
            "kubernetes.io": facts,
            "nbf": now,
            "sub": username(meta::namespace(account), meta::name(account)),
        }))
    }

    /// Whether a token says it is ours; others are not looked at further.
    fn claims(&self, token: &str) -> Option<Value> {
        self.key
            .verify(token)
            .filter(|claims| claims["iss"] == self.issuer.as_str())
    }

    /// The user a token stands for, and those of the wanted audiences it is meant for; nothing if it is not a token of
    /// ours, has expired, is for somebody else, or its account or bound object is gone.
    pub(super) fn user(
        &self,
        store: &Store,
        token: &str,
        wanted: &[String],
    ) -> Option<(UserInfo, Vec<String>)> {
        let claims = self.claims(token)?;
        let now = jiff::Timestamp::now().as_second();
        let time = |name: &str| claims[name].as_i64();
        if time("exp").is_none_or(|exp| exp <= now) || time("nbf").is_some_and(|nbf| nbf > now) {
            return None;
        }
        let wanted = if wanted.is_empty() {
            &self.audiences
        } else {
            wanted
        };
        let meant: Vec<&str> = claims["aud"]
            .as_array()?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let audiences: Vec<String> = wanted
            .iter()
            .filter(|a| meant.contains(&a.as_str()))
            .cloned()
            .collect();
        if audiences.is_empty() {
            return None;
        }
        let facts = &claims["kubernetes.io"];
        let namespace = facts["namespace"].as_str()?;
        let account = still_there(
            store,
            "serviceaccounts",
            namespace,
            &facts["serviceaccount"],
            false,
        )?;
        for (kind, plural) in [("pod", "pods"), ("secret", "secrets")] {
            if !facts[kind].is_null() {
                still_there(store, plural, namespace, &facts[kind], true)?;
            }
        }
        if facts["pod"].is_null() && facts["secret"].is_null() && !facts["node"].is_null() {
            still_there(store, "nodes", "", &facts["node"], true)?;
        }
        Some((user_of(&account, &claims), audiences))
    }
}

/// `system:serviceaccount:team:default`.
pub(super) fn username(namespace: &str, name: &str) -> String {
    format!("system:serviceaccount:{namespace}:{name}")
}

/// The object a claim refers to, if it is the same one as when the token was issued.
fn still_there(
    store: &Store,
    plural: &str,
    namespace: &str,
    claim: &Value,
    check_deletion: bool,
) -> Option<Value> {
    let object = store
        .get(&Key::new("", plural, namespace, claim["name"].as_str()?))?
        .object();
    if claim["uid"] != meta::uid(&object) {
        return None;
    }
    let deleted = meta::deletion_timestamp(&object)
        .and_then(clock::parse)
        .map(jiff::Timestamp::as_second);
    let leeway = if check_deletion { DELETION_LEEWAY } else { 0 };
    let over = deleted.is_some_and(|at| at + leeway < jiff::Timestamp::now().as_second());
    (!over).then_some(object)
}

fn user_of(account: &Value, claims: &Value) -> UserInfo {
    let mut user = service_account_user(meta::namespace(account), meta::name(account), meta::uid(account));
    let mut add = |name: &str, value: &Value| {
        if let Some(value) = value.as_str() {
            user.extra.insert(
                format!("authentication.kubernetes.io/{name}"),
                vec![value.to_owned()],
            );
        }
    };
    let facts = &claims["kubernetes.io"];
    for kind in ["pod", "node"] {
        add(&format!("{kind}-name"), &facts[kind]["name"]);
        add(&format!("{kind}-uid"), &facts[kind]["uid"]);
    }
    let id = claims["jti"].as_str().map(|id| Value::from(format!("JTI={id}")));
    add("credential-id", &id.unwrap_or_default());
    user
}

/// A service account as a user.
pub(crate) fn service_account_user(namespace: &str, name: &str, uid: &str) -> UserInfo {
    let user = UserInfo {
        username: username(namespace, name),
        uid: uid.to_owned(),
        groups: vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
        ],
        ..UserInfo::default()
    };
    user.authenticated()
}
