//! Acting as somebody else: the `Impersonate-*` headers of `kubectl --as`, for those who may `impersonate` the user,
//! each group and each further fact.

use super::token::service_account_user;
use super::{Attributes, UserInfo};
use http::HeaderMap;
use keyside_apimachinery::status::Status;

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA: &str = "impersonate-extra-";

/// One right that is needed.
struct Needed {
    group: &'static str,
    resource: &'static str,
    subresource: String,
    namespace: String,
    name: String,
}

/// The user a request acts as: `user` itself, or the one its headers name. `allowed` decides about each right.
///
/// # Errors
/// If headers are incomplete, or a right is missing.
pub(crate) fn impersonated(
    user: UserInfo,
    headers: &HeaderMap,
    allowed: impl Fn(&Attributes) -> Result<(), Status>,
) -> Result<UserInfo, Status> {
    let values = |name: &str| -> Vec<String> {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .map(str::to_owned)
            .collect()
    };
    let names = values(USER);
    let groups = values(GROUP);
    let uid = values(UID).pop().unwrap_or_default();
    let mut extra = std::collections::BTreeMap::new();
    for name in headers.keys() {
        if let Some(key) = name.as_str().strip_prefix(EXTRA) {
            extra.insert(decoded(key), values(name.as_str()));
        }
    }
    let Some(name) = names.into_iter().next().filter(|name| !name.is_empty()) else {
        if groups.is_empty() && uid.is_empty() && extra.is_empty() {
            return Ok(user);
        }
        return Err(Status::bad_request(
            "requested groups, uid or extra without impersonating a user name",
        ));
    };
    let mut target = UserInfo {
        username: name,
        uid,
        groups,
        extra,
    };
    for needed in rights(&target) {
        let asked = Attributes {
            user: user.clone(),
            verb: "impersonate".to_owned(),
            group: needed.group.to_owned(),
            version: "v1".to_owned(),
            resource: needed.resource.to_owned(),
            subresource: needed.subresource,
            namespace: needed.namespace,
            name: needed.name,
            path: String::new(),
        };
        allowed(&asked)?;
    }
    if target.groups.is_empty()
        && let Some((namespace, account)) = service_account(&target.username)
    {
        target.groups = service_account_user(namespace, account, "").groups;
    }
    Ok(if target.username == "system:anonymous" {
        target.groups.push("system:unauthenticated".to_owned());
        target
    } else {
        target.authenticated()
    })
}

fn rights(target: &UserInfo) -> Vec<Needed> {
    let right = |group, resource, subresource: &str, namespace: &str, name: &str| Needed {
        group,
        resource,
        subresource: subresource.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    let mut out = vec![match service_account(&target.username) {
        Some((namespace, name)) => right("", "serviceaccounts", "", namespace, name),
        None => right("", "users", "", "", &target.username),
    }];
    out.extend(
        target
            .groups
            .iter()
            .map(|group| right("", "groups", "", "", group)),
    );
    for (key, values) in &target.extra {
        out.extend(
            values
                .iter()
                .map(|value| right("authentication.k8s.io", "userextras", key, "", value)),
        );
    }
    if !target.uid.is_empty() {
        out.push(right("authentication.k8s.io", "uids", "", "", &target.uid));
    }
    out
}

/// Namespace and name of a service account's user name.
fn service_account(username: &str) -> Option<(&str, &str)> {
    username
        .strip_prefix("system:serviceaccount:")?
        .split_once(':')
        .filter(|(_, name)| !name.contains(':'))
}

/// A key in a header name is percent-encoded.
fn decoded(key: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = key.bytes();
    while let Some(byte) = bytes.next() {
        let mut rest = bytes.clone();
        let hex = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        match (byte, hex(rest.next()), hex(rest.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                bytes = rest;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::impersonated;
    use crate::auth::UserInfo;
    use http::HeaderMap;
    use keyside_apimachinery::status::Status;
    use std::cell::RefCell;

    fn run(headers: &[(&'static str, &str)]) -> (Result<UserInfo, Status>, Vec<String>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let asked = RefCell::new(Vec::new());
        let user = impersonated(UserInfo::admin("root"), &map, |a| {
            asked.borrow_mut().push(format!(
                "{}/{}/{}/{}",
                a.resource, a.subresource, a.namespace, a.name
            ));
            Ok(())
        });
        (user, asked.into_inner())
    }

    #[test]
    fn each_part_of_the_other_identity_needs_a_right() {
        let headers = [
            ("impersonate-user", "ann"),
            ("impersonate-group", "dev"),
            ("impersonate-extra-acme.org%2fteam", "x"),
            ("impersonate-uid", "7"),
        ];
        let (user, asked) = run(&headers);
        let user = user.unwrap();
        assert_eq!((user.username.as_str(), user.uid.as_str()), ("ann", "7"));
        assert_eq!(user.groups, ["dev", "system:authenticated"]);
        assert_eq!(user.extra["acme.org/team"], ["x"]);
        assert_eq!(
            asked,
            [
                "users///ann",
                "groups///dev",
                "userextras/acme.org/team//x",
                "uids///7"
            ]
        );
    }

    #[test]
    fn a_service_account_brings_its_groups() {
        let (user, asked) = run(&[("impersonate-user", "system:serviceaccount:team:default")]);
        assert_eq!(user.unwrap().groups[1], "system:serviceaccounts:team");
        assert_eq!(asked, ["serviceaccounts//team/default"]);
    }

    #[test]
    fn nobody_else_without_headers_and_no_group_without_a_user() {
        assert_eq!(run(&[]).0.unwrap().username, "root");
        assert!(run(&[("impersonate-group", "dev")]).0.is_err());
    }
}
