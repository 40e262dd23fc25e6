//! 导入: pull secrets that exist already, wherever the reader may look, with what is wrong with them; and one of them in
//! detail before it is taken over. A docker config is imported by the form that adds a credential.

use super::Copy;
use crate::call::Call;
use crate::cluster::{self, pull_secrets_of};
use crate::command::quote;
use crate::credential;
use crate::failure::{Failure, go, page, page_with};
use crate::form::encode;
use crate::frame::{Area, Frame};
use crate::place::{Seen, permitted};
use crate::route::Answer;
use crate::text::Lang;
use crate::write;
use askama::Template;
use http::StatusCode;
use k8s_openapi::api::core::v1::{Pod, Secret, ServiceAccount};
use keyside_api::RegistryCredential;
use keyside_core::adopt::{self, Adoption, Refusal};
use keyside_core::inventory::{Advice, Group, groups};
use keyside_keychain::lint::{self, Level};
use kube::{Api, ResourceExt as _};
use std::collections::BTreeSet;

/// How many groups, and Secrets of a group, the page names.
const GROUPS: usize = 100;
const NAMED: usize = 10;

#[derive(Template)]
#[template(path = "import.html")]
struct List {
    frame: Frame,
    t: Lang,
    namespace: String,
    namespaces: Vec<String>,
    groups: Vec<Row>,
    is_cut: bool,
    /// Where the next namespaces are.
    next: String,
    copy: Copy,
}

/// Secrets that hold the same.
struct Row {
    registries: String,
    findings: Vec<Noticed>,
    advice: String,
    /// Where one credential for all of them is added; empty if there is one Secret.
    add: String,
    secrets: Vec<Item>,
    more: usize,
}

struct Item {
    title: String,
    /// Where it is taken over; empty if it has been.
    link: String,
}

/// Class, mark and sentence.
struct Noticed {
    class: &'static str,
    mark: &'static str,
    sentence: String,
}

#[derive(Template)]
#[template(path = "import_one.html")]
struct One {
    frame: Frame,
    t: Lang,
    problem: String,
    detail: String,
    namespace: String,
    name: String,
    registries: Vec<String>,
    findings: Vec<Noticed>,
    rewritten: Vec<String>,
    may_take: bool,
    copy: Copy,
}

/// The list, or one Secret.
pub(crate) async fn show(call: Call) -> Answer {
    if !call.query.has("secret") {
        return list(&call).await;
    }
    let (namespace, name) = (call.query.get("namespace"), call.query.get("secret"));
    let secret = secret(&call, namespace, name).await?;
    let credentials: Api<RegistryCredential> = Api::namespaced(call.client()?, namespace);
    let known = permitted(credentials.get(name).await)?;
    let taken = known.map(|_| Failure::Conflict(String::new()));
    one_page(&call, &secret, StatusCode::OK, taken.as_ref())
}

/// Takes one over.
pub(crate) async fn run(call: Call) -> Answer {
    let (namespace, name) = (call.form.get("namespace"), call.form.get("secret"));
    let secret = secret(&call, namespace, name).await?;
    let failure = match take(&call, &secret).await {
        Ok(link) => return go(&format!("{link}{}", call.query.query_with("done", "saved"))),
        Err(failure) => failure,
    };
    let status = match failure {
        Failure::Forbidden(_) => StatusCode::FORBIDDEN,
        Failure::Conflict(_) => StatusCode::CONFLICT,
        Failure::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        other => return Err(other),
    };
    one_page(&call, &secret, status, Some(&failure))
}

async fn secret(call: &Call, namespace: &str, name: &str) -> Result<Secret, Failure> {
    Ok(Api::namespaced(call.client()?, namespace).get(name).await?)
}

async fn take(call: &Call, secret: &Secret) -> Result<String, Failure> {
    let found = adopt::read(secret).map_err(|refusal| Failure::Refused(call.t().not_adopted(&refusal)))?;
    if secret.immutable == Some(true) && !found.rewritten.is_empty() {
        return Err(Failure::Refused(call.t().immutable_secret().to_owned()));
    }
    let client = call.client()?;
    let stored = write::take_over(&client, secret.clone(), &found).await?;
    write::settle(&client, &stored).await;
    Ok(stored.link())
}

fn one_page(call: &Call, secret: &Secret, status: StatusCode, failure: Option<&Failure>) -> Answer {
    let t = call.t();
    let (namespace, name) = (secret.namespace().unwrap_or_default(), secret.name_any());
    let (found, refusal) = match adopt::read(secret) {
        Ok(found) => (Some(found), None),
        Err(refusal) => (None, Some(refusal)),
    };
    let (problem, detail) = problem(&name, refusal.as_ref(), failure, t);
    let findings = found.as_ref().map(|found| found.findings.as_slice());
    let back = format!("/credentials/import{}", call.query.query_with("secret", ""));
    let result = One {
        frame: Frame::page(call, Area::Credentials, t.take_over_title(&name))
            .credentials_crumbs()
            .crumb(t.import(), back)
            .crumb(name.clone(), ""),
        t,
        problem,
        detail,
        registries: found.iter().flat_map(Adoption::registries).collect(),
        findings: findings
            .unwrap_or_default()
            .iter()
            .map(|one| noticed(one, t))
            .collect(),
        rewritten: found
            .iter()
            .flat_map(|found| &found.rewritten)
            .map(|(old, new)| t.rewritten_key(&lint::shown_key(old), &lint::shown_key(new)))
            .collect(),
        may_take: found.is_some() && !matches!(failure, Some(Failure::Conflict(_))),
        copy: Copy::command(format!(
            "keyside import secrets {} -n {}",
            quote(&name),
            quote(&namespace)
        )),
        namespace,
        name,
    };
    page_with(status, &result)
}

/// What stands in the way, and what the API server said of it.
fn problem(name: &str, refusal: Option<&Refusal>, failure: Option<&Failure>, t: Lang) -> (String, String) {
    match (failure, refusal) {
        (Some(Failure::Refused(sentence)), _) => (sentence.clone(), String::new()),
        (Some(Failure::Conflict(detail)), _) => (t.credential_exists(name), detail.clone()),
        (Some(other), _) => (other.sentence(t), other.detail().to_owned()),
        (None, Some(refusal)) => (t.not_adopted(refusal), String::new()),
        (None, None) => (String::new(), String::new()),
    }
}

fn noticed(finding: &lint::Finding, t: Lang) -> Noticed {
    let (class, mark) = match finding.level {
        Level::Reject => ("bad", "×"),
        Level::Warn => ("warn", "!"),
        Level::Accept => ("quiet", "·"),
    };
    Noticed {
        class,
        mark,
        sentence: t.finding(finding),
    }
}

async fn list(call: &Call) -> Answer {
    let t = call.t();
    let client = call.client()?;
    let seen = Seen::read(call).await?;
    let chosen = seen.chosen(call);
    let (secrets, known) = tokio::try_join!(
        pull_secrets_of(&client, chosen.names.as_deref()),
        credential::all(&client, &seen),
    )?;
    let sources: BTreeSet<(String, String)> = known
        .credentials
        .iter()
        .filter_map(credential::Stored::secret)
        .collect();
    let namespace = call.query.get("namespace");
    let named = named(call, namespace).await?;
    let is_source = |namespace: &str, name: &str| sources.contains(&(namespace.to_owned(), name.to_owned()));
    let is_used = |namespace: &str, name: &str| match &named {
        Some(named) => named.contains(name) || is_source(namespace, name),
        // Who uses what in a whole cluster, no page can read.
        None => true,
    };
    let found = groups(&secrets.items, is_used, is_source);
    page(&List {
        frame: Frame::page(call, Area::Credentials, t.import_title())
            .credentials_crumbs()
            .crumb(t.import(), ""),
        t,
        is_cut: secrets.is_cut || found.len() > GROUPS,
        groups: found
            .iter()
            .take(GROUPS)
            .map(|group| row(group, &sources, t))
            .collect(),
        namespace: namespace.to_owned(),
        namespaces: seen.namespaces,
        next: chosen.next,
        copy: Copy::command(match namespace {
            "" => "keyside import secrets --dry-run".to_owned(),
            name => format!("keyside import secrets --dry-run -n {}", quote(name)),
        }),
    })
}

/// The pull secrets that the pods and accounts of a namespace name; none if it is not one namespace, or not to be seen.
async fn named(call: &Call, namespace: &str) -> Result<Option<BTreeSet<String>>, Failure> {
    if namespace.is_empty() {
        return Ok(None);
    }
    let client = call.client()?;
    let (pods, accounts) = tokio::try_join!(
        cluster::some::<Pod>(Api::namespaced(client.clone(), namespace), "", 1),
        cluster::some::<ServiceAccount>(Api::namespaced(client.clone(), namespace), "", 1),
    )?;
    let (Some(pods), Some(accounts)) = (pods, accounts) else {
        return Ok(None);
    };
    if pods.is_cut || accounts.is_cut {
        return Ok(None);
    }
    let of_pods = pods.items.iter().flat_map(crate::pull::listed);
    let of_accounts = accounts
        .items
        .iter()
        .flat_map(|account| &account.image_pull_secrets);
    let of_accounts = of_accounts.flatten().map(|reference| reference.name.clone());
    Ok(Some(of_pods.chain(of_accounts).collect()))
}

fn row(group: &Group, sources: &BTreeSet<(String, String)>, t: Lang) -> Row {
    let registry = group.registries.first().cloned().unwrap_or_default();
    let items = group.secrets.iter().take(NAMED).map(|item| {
        let is_taken = sources.contains(&(item.namespace.clone(), item.name.clone()));
        Item {
            title: format!("{}/{}", item.namespace, item.name),
            link: if is_taken {
                String::new()
            } else {
                format!(
                    "/credentials/import?namespace={}&secret={}",
                    encode(&item.namespace),
                    encode(&item.name)
                )
            },
        }
    });
    Row {
        registries: group.registries.join(", "),
        findings: group
            .findings
            .iter()
            .map(|one| noticed(&one.noticed, t))
            .collect(),
        advice: t.advice(group.advice, group.secrets.len()),
        add: if group.advice == Advice::StoreOnce {
            format!("/credentials/add?registry={}", encode(&registry))
        } else {
            String::new()
        },
        secrets: items.collect(),
        more: group.secrets.len().saturating_sub(NAMED),
    }
}
