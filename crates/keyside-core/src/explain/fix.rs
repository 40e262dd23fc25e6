//! What to do: commands that can be pasted. Where a value is the reader's to choose, it stands in capitals.

use super::{Question, Unused, Verdict};
use crate::index::Index;
use keyside_api::Cause;
use keyside_api::condition::verified;
use keyside_keychain::Reference;

pub(super) fn fix(
    index: &Index,
    question: &Question<'_>,
    image: &Reference,
    verdict: Verdict,
    reason: &str,
    unused: &[Unused],
) -> Vec<String> {
    if verdict == Verdict::Pullable {
        return Vec::new();
    }
    let namespace = question.namespace;
    let first = |reason: Cause| unused.iter().find(|one| one.reason == reason.as_str());
    match Cause::parse(reason) {
        Some(Cause::MissingPullSecret) => match first(Cause::MissingPullSecret) {
            Some(missing) => vec![create_secret(&missing.name, namespace, image)],
            None => Vec::new(),
        },
        Some(Cause::BrokenPullSecret) => match first(Cause::BrokenPullSecret) {
            Some(broken) => {
                vec![
                    format!("kubectl delete secret {} -n {namespace}", broken.name),
                    create_secret(&broken.name, namespace, image),
                ]
            }
            None => Vec::new(),
        },
        Some(Cause::SecretInWrongNamespace) => match first(Cause::SecretInWrongNamespace) {
            Some(elsewhere) => reach(index, namespace, image, elsewhere),
            None => Vec::new(),
        },
        Some(Cause::NoCredentials) if question.exists && first(Cause::NoCredentials).is_some() => {
            vec![format!("kubectl delete pod {} -n {namespace}", pod(question))]
        }
        Some(Cause::BadCredentials | Cause::NoPullScope | Cause::Expired) => {
            let refused = unused.iter().find(|one| one.reason == reason);
            refused
                .map(|one| set_password(one, namespace))
                .into_iter()
                .collect()
        }
        Some(Cause::NoCredentials | Cause::NoMatchingCredential | Cause::HostSpelling) => {
            vec![add(namespace, image)]
        }
        _ if reason == verified::UNVERIFIED => {
            vec![format!("kubectl describe pod {} -n {namespace}", pod(question))]
        }
        _ => Vec::new(),
    }
}

fn pod<'a>(question: &Question<'a>) -> &'a str {
    question.pod.unwrap_or("POD")
}

fn host(image: &Reference) -> &str {
    image.lookup().split('/').next().unwrap_or_default()
}

fn add(namespace: &str, image: &Reference) -> String {
    format!(
        "keyside credential add NAME --registry {} --username USER --password-stdin -n {namespace}",
        host(image)
    )
}

fn create_secret(name: &str, namespace: &str, image: &Reference) -> String {
    let server = host(image);
    format!(
        "kubectl create secret docker-registry {name} -n {namespace} --docker-server={server} --docker-username=USER --docker-password=PASSWORD"
    )
}

fn set_password(refused: &Unused, namespace: &str) -> String {
    let scope = match refused.scope.as_str() {
        "cluster" => "--cluster".to_owned(),
        "project" => "--project PROJECT".to_owned(),
        _ => format!("-n {}", refused.namespace.as_deref().unwrap_or(namespace)),
    };
    format!(
        "keyside credential set-password {} {scope} --password-stdin",
        refused.name
    )
}

/// How to bring a credential of another namespace here: join the Project it belongs to, or store it here too.
fn reach(index: &Index, namespace: &str, image: &Reference, elsewhere: &Unused) -> Vec<String> {
    let home = elsewhere.namespace.as_deref().unwrap_or_default();
    match index.project_at_home(home) {
        Some(project) if elsewhere.scope == "project" && index.project_of(namespace).is_none() => {
            let patch = format!(r#"[{{"op":"add","path":"/spec/namespaces/-","value":"{namespace}"}}]"#);
            vec![format!(
                "kubectl patch projects.keyside.dev {} --type=json -p '{patch}'",
                project.name
            )]
        }
        _ => vec![add(namespace, image)],
    }
}
