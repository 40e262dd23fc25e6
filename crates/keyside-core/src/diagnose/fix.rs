//! What to do: commands to paste, in the order in which they are pasted. Where a value is the reader's to choose, it stands in
//! capitals; a password is read from stdin.

use super::{Evidence, Finding, checks};
use crate::explain::{Tried, Unused, Verdict};
use crate::sentence::Sentence;
use keyside_api::Cause;
use keyside_keychain::Reference;

/// The commands for a finding.
pub(super) fn fix(evidence: &Evidence<'_>, finding: &Finding) -> Vec<String> {
    if let Sentence::AnswersBehind { refused, .. } = &finding.message {
        return set_password(evidence, refused);
    }
    if finding.verdict == Verdict::Pullable {
        return Vec::new();
    }
    let name = finding.about.as_deref();
    let Some(cause) = finding.cause() else {
        return look_again(evidence);
    };
    if let Some(address) = address(evidence, cause) {
        return correct_image(evidence, &elsewhere(evidence, address.as_str()));
    }
    match cause {
        Cause::BadCredentials | Cause::NoPullScope | Cause::Expired | Cause::AccessDenied => match name {
            Some(name) => set_password(evidence, name),
            None => look_again(evidence),
        },
        Cause::NoCredentials if matches!(finding.message, Sentence::CreatedWithout { .. }) => renew(evidence),
        Cause::NoCredentials | Cause::NoMatchingCredential | Cause::ReverificationRefused => {
            with_renewal(vec![add(evidence, "NAME")], evidence)
        }
        Cause::MissingPullSecret => vec![add(evidence, name.unwrap_or("NAME"))],
        Cause::BrokenPullSecret => {
            let name = name.unwrap_or("NAME");
            let delete = format!("kubectl delete secret {name} -n {}", evidence.question.namespace);
            vec![delete, add(evidence, name)]
        }
        Cause::SecretInWrongNamespace => with_renewal(reach(evidence), evidence),
        Cause::HostSpelling => spell(evidence, name),
        Cause::UnsupportedManifest => convert(evidence),
        Cause::NotFound | Cause::NoMatchingPlatform => set_image(evidence, &repository(evidence, "TAG")),
        Cause::InvalidReference => correct_image(evidence, &corrected(evidence.question.image)),
        Cause::NeverPull => allow_pull(evidence),
        // Only a new attempt can tell whether these are gone.
        _ if checks::is_of_node(cause) && evidence.question.exists => renew(evidence),
        _ => look_again(evidence),
    }
}

/// What the image's address should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// That of a registry for which there is a credential, and which looks like it.
    Meant(String),
    /// Only the author can tell.
    Unknown,
}

impl Address {
    /// The host as a command has it.
    fn as_str(&self) -> &str {
        match self {
            Self::Meant(host) => host,
            Self::Unknown => "HOST",
        }
    }

    /// The host, if it is known.
    pub(super) fn meant(self) -> Option<String> {
        match self {
            Self::Meant(host) => Some(host),
            Self::Unknown => None,
        }
    }
}

/// Whether the address in the image is to be corrected. Where a name is unknown, or something else than a registry answers, most likely
/// it is wrong. Where nothing answers, or not by TLS, the registry may as well be down or set up wrongly: then it is only if another
/// registry looks as if it were meant.
pub(super) fn address(evidence: &Evidence<'_>, cause: Cause) -> Option<Address> {
    let by_itself = match cause {
        Cause::DnsFailure | Cause::NotARegistry | Cause::TlsProtocolError => Some(Address::Unknown),
        Cause::ConnectionRefused | Cause::HttpOnlyRegistry => None,
        _ => return None,
    };
    if evidence.image.is_err() || !evidence.is_about_the_address() {
        return None;
    }
    evidence.meant().map(Address::Meant).or(by_itself)
}

/// The same image at another registry.
fn elsewhere(evidence: &Evidence<'_>, host: &str) -> String {
    let image = evidence.question.image;
    match image.split_once('/') {
        Some((first, path)) if first.eq_ignore_ascii_case(evidence.registry()) => format!("{host}/{path}"),
        _ => format!("{host}/{image}"),
    }
}

/// Looks again, and replaces the pod if the cause is gone.
fn look_again(evidence: &Evidence<'_>) -> Vec<String> {
    let question = evidence.question;
    let namespace = question.namespace;
    vec![match question.pod {
        Some(pod) => format!("keyside explain pod/{pod} -n {namespace} --restart-stuck"),
        None => format!("keyside explain image {} -n {namespace}", question.image),
    }]
}

fn add(evidence: &Evidence<'_>, name: &str) -> String {
    format!(
        "keyside credential add {name} --registry {} --username USER --password-stdin -n {}",
        evidence.registry(),
        evidence.question.namespace
    )
}

/// Enters the password again. A Secret that is not keyside's is taken over first.
fn set_password(evidence: &Evidence<'_>, name: &str) -> Vec<String> {
    let namespace = evidence.question.namespace;
    let tried = evidence.tries.iter().find(|tried| tried.name == name);
    let unused = evidence.unused.iter().find(|unused| unused.name == name);
    let scope = tried
        .map(|tried: &Tried| tried.scope.as_str())
        .or_else(|| unused.map(|unused: &Unused| unused.scope.as_str()));
    let set = |scope: &str| format!("keyside credential set-password {name} {scope} --password-stdin");
    match scope {
        Some("cluster") => vec![set("--cluster")],
        Some("project") => {
            let project = evidence.index.project_of(namespace);
            vec![set(&format!(
                "--project {}",
                project.map_or("PROJECT", |project| &*project.name)
            ))]
        }
        Some("namespace") => vec![set(&format!("-n {namespace}"))],
        _ => vec![
            format!("keyside import secrets {name} -n {namespace}"),
            set(&format!(
                "-n {namespace}{}",
                one_of_several(evidence, name, tried)
            )),
        ],
    }
}

/// Which entry is meant, where a Secret has several.
fn one_of_several(evidence: &Evidence<'_>, name: &str, tried: Option<&Tried>) -> String {
    let secret = evidence.question.secrets.get(name);
    let several = secret
        .and_then(|secret| secret.config())
        .is_some_and(|config| config.entries().len() > 1);
    match tried.filter(|_| several) {
        Some(tried) if is_plain(&tried.pattern) => format!(" --registry {}", tried.pattern),
        Some(_) => " --registry HOST".to_owned(),
        None => String::new(),
    }
}

/// Brings a credential of another namespace here: its Project takes this namespace in, or it is stored here too.
fn reach(evidence: &Evidence<'_>) -> Vec<String> {
    let namespace = evidence.question.namespace;
    let elsewhere = evidence.unused_for(Cause::SecretInWrongNamespace);
    let home = elsewhere
        .and_then(|one| one.namespace.as_deref())
        .unwrap_or_default();
    let of_project = elsewhere.is_some_and(|one| one.scope == "project");
    match evidence.index.project_at_home(home) {
        Some(project) if of_project && evidence.index.project_of(namespace).is_none() => {
            vec![format!(
                "keyside project add {} --namespace {namespace}",
                project.name
            )]
        }
        _ => vec![add(evidence, "NAME")],
    }
}

/// Lets keyside write the spelling that works. A pod that lists the Secret gets it with its next attempt.
fn spell(evidence: &Evidence<'_>, name: Option<&str>) -> Vec<String> {
    let plain = evidence
        .unused
        .iter()
        .find(|one| Some(one.name.as_str()) == name && one.scope == "plain" && one.namespace.is_none());
    let Some(plain) = plain else {
        return with_renewal(vec![add(evidence, "NAME")], evidence);
    };
    let import = vec![format!(
        "keyside import secrets {} -n {}",
        plain.name, evidence.question.namespace
    )];
    if evidence.question.listed.contains(&plain.name) {
        import
    } else {
        with_renewal(import, evidence)
    }
}

/// The commands, and then a new pod: a pod's list of pull secrets never changes.
fn with_renewal(mut commands: Vec<String>, evidence: &Evidence<'_>) -> Vec<String> {
    commands.extend(renew(evidence));
    commands
}

/// Makes the pod anew.
fn renew(evidence: &Evidence<'_>) -> Vec<String> {
    let question = evidence.question;
    let namespace = question.namespace;
    let (Some(pod), true) = (question.pod, question.exists) else {
        return Vec::new();
    };
    let command = match question
        .workload
        .map(|workload| (workload, workload.split_once('/')))
    {
        Some((workload, Some(("deployment" | "statefulset" | "daemonset", _)))) => {
            format!("kubectl rollout restart {workload} -n {namespace}")
        }
        Some(_) => format!("kubectl delete pod {pod} -n {namespace}"),
        None => format!("kubectl get pod {pod} -n {namespace} -o yaml | kubectl replace --force -f -"),
    };
    vec![command]
}

/// Names another image, in the template where there is one.
fn set_image(evidence: &Evidence<'_>, image: &str) -> Vec<String> {
    let question = evidence.question;
    let target = match (question.workload, question.pod) {
        (Some(workload), _) => workload.to_owned(),
        (None, Some(pod)) => format!("pod/{pod}"),
        (None, None) => return vec![format!("keyside explain image {image} -n {}", question.namespace)],
    };
    let container = question.container.unwrap_or("CONTAINER");
    vec![format!(
        "kubectl set image {target} {container}={image} -n {}",
        question.namespace
    )]
}

/// Names the right image. What a pod is given was decided by the wrong one, so a pod without a template is made anew.
fn correct_image(evidence: &Evidence<'_>, image: &str) -> Vec<String> {
    let question = evidence.question;
    match (question.workload, question.pod) {
        (None, Some(pod)) if is_plain(question.image) => vec![format!(
            "kubectl get pod {pod} -n {} -o yaml | sed 's|{}|{image}|' | kubectl replace --force -f -",
            question.namespace, question.image
        )],
        _ => set_image(evidence, image),
    }
}

/// Copies the image onto itself in a form that nodes read. What is named by its digest cannot become another thing under that name.
fn convert(evidence: &Evidence<'_>) -> Vec<String> {
    let image = match &evidence.image {
        Ok(image) if image.digest().is_none() => image.containerd_name(),
        _ => return set_image(evidence, &repository(evidence, "TAG")),
    };
    // Where nodes speak plain HTTP, so has whoever copies; nothing else does that by itself.
    let host = evidence.registry();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let plain = if matches!(name, "localhost" | "127.0.0.1" | "[::1]") {
        "--src-tls-verify=false --dest-tls-verify=false "
    } else {
        ""
    };
    let copy = format!("skopeo copy --format oci {plain}docker://{image} docker://{image}");
    with_renewal(vec![copy], evidence)
}

/// Whether a text can stand in a command as it is: an image that is none may hold anything, and this is to be pasted into a shell.
fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "./:@_-".contains(letter))
}

/// The image with another tag.
fn repository(evidence: &Evidence<'_>, tag: &str) -> String {
    let image = evidence.question.image;
    let image = image.split_once('@').map_or(image, |(image, _)| image);
    let name = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    };
    format!("{name}:{tag}")
}

/// The image in lower case and without a scheme, if that makes one of it.
fn corrected(image: &str) -> String {
    let lower = image.trim().to_lowercase();
    let bare = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    if Reference::parse(bare).is_ok() {
        bare.to_owned()
    } else {
        "IMAGE".to_owned()
    }
}

/// Changes the pull policy, in the template where there is one.
fn allow_pull(evidence: &Evidence<'_>) -> Vec<String> {
    let question = evidence.question;
    let namespace = question.namespace;
    let container = question.container.unwrap_or("CONTAINER");
    match (question.workload, question.pod) {
        (Some(workload), _) => {
            let patch = format!(
                r#"{{"spec":{{"template":{{"spec":{{"containers":[{{"name":"{container}","imagePullPolicy":"IfNotPresent"}}]}}}}}}}}"#
            );
            vec![format!("kubectl patch {workload} -n {namespace} -p '{patch}'")]
        }
        (None, Some(pod)) => vec![format!(
            "kubectl get pod {pod} -n {namespace} -o yaml | sed 's/imagePullPolicy: Never/imagePullPolicy: IfNotPresent/' | kubectl replace --force -f -"
        )],
        (None, None) => look_again(evidence),
    }
}
