//! English.

use super::{About, Sentence, Standing};
use crate::index::Outside;
use keyside_api::Cause;
use keyside_keychain::keychain::Miss;

pub(super) fn text(sentence: &Sentence) -> String {
    match sentence {
        Sentence::Because { cause, about } => because(*cause, about),
        Sentence::Advice { cause, about } => advice(*cause, about),
        Sentence::AdviceAddress { cause, host, meant } => address(*cause, host, meant.as_deref()),
        Sentence::AdviceRenew => "make the pod anew, so that it is given the credential:".into(),
        Sentence::Unparsable { error } => format!("the image reference cannot be parsed: {error}"),
        Sentence::Pulled => "the node has the image and lets the pod use it".into(),
        Sentence::Answers {
            name,
            pattern,
            standing,
        } => match standing {
            Standing::Accepted => format!("{name} answers for {pattern}, and the registry accepts it"),
            Standing::NotAsked => format!("{name} answers for {pattern}; the registry was not asked"),
            Standing::Unclear => {
                format!(
                    "{name} answers for {pattern}; the registry's answer does not settle whether it works"
                )
            }
        },
        Sentence::AnswersBehind { name, refused, cause } => {
            format!("{name} works, but {refused} is tried before it and refused ({cause})")
        }
        Sentence::AnswersInVain { name, pattern } => {
            format!("{name} answers for {pattern}, but the node does not get the image with it")
        }
        Sentence::AllRefused {
            name,
            registry,
            cause,
        } => {
            format!(
                "{name} is refused by {registry}, and nothing else answers: {}",
                what(*cause)
            )
        }
        Sentence::Public { registry } => {
            format!("{registry} serves the image to everybody, no credential is needed")
        }
        Sentence::NodeProvider { name } => format!("{name} answers when the node's credential provider asks"),
        Sentence::NothingAnswers {
            namespace,
            repository,
        } => format!(
            "no credential in namespace {namespace} answers for {repository}, so only a public image can be pulled"
        ),
        Sentence::CreatedWithout { name } => {
            format!("{name} answers, but the pod was created without it, and a pod's list never changes")
        }
        Sentence::SecretMissing { name, namespace } => {
            format!("there is no Secret {name} in namespace {namespace}")
        }
        Sentence::SecretBroken { name, error } => {
            format!("no kubelet can read Secret {name}, so every pull of the pod fails: {error}")
        }
        Sentence::NotAPullSecret => "it is no pull secret, and a kubelet ignores it".into(),
        Sentence::HiddenDefault { key, by } => {
            format!("a kubelet looks at the key {key} only if no other matches, and {by} does")
        }
        Sentence::RefusedBefore { cause } => format!("the registry has refused it: {}", what(*cause)),
        Sentence::Suspended => {
            "its destination was changed without entering the secret again, so it is suspended".into()
        }
        Sentence::Unserved => "its Secret is missing or cannot be used".into(),
        Sentence::Outside(outside) => self::outside(outside).into(),
        Sentence::Spelling { name } => {
            format!(
                "{name} is for this registry, but stored under a spelling that the kubelet does not match"
            )
        }
        Sentence::SourceOf(id) => format!("it is the source of {id}, which answers"),
        Sentence::AskedByNode => "the node asks for it; it is in no Secret".into(),
        Sentence::ComesLater { first } => format!("it answers too, but {first} comes first"),
        Sentence::NotInjected => "it answers, but nothing is added to pods of this namespace".into(),
        Sentence::ElsewhereManaged { id, outside } => {
            format!("{id} is for this image, but {}", self::outside(outside))
        }
        Sentence::ElsewherePlain { name, namespace } => format!(
            "Secret {name} is for this image, but in namespace {namespace}; a pod can use only Secrets of its own"
        ),
        Sentence::Near {
            name,
            pattern,
            repository,
            miss,
        } => format!(
            "{name} is for {pattern}, this image is {repository}: {}",
            self::miss(*miss)
        ),
        Sentence::Tries(0) => "a kubelet has no credential to try and pulls anonymously".into(),
        Sentence::Tries(1) => "a kubelet has one credential to try".into(),
        Sentence::Tries(many) => format!("a kubelet has {many} credentials to try, in this order"),
        Sentence::Waits { reason } => format!("the container waits: {reason}"),
        Sentence::NodeSays { cause, by, times: 1 } => format!("{cause} ({by})"),
        Sentence::NodeSays { cause, by, times } => format!("{cause} ({by}, x{times})"),
        Sentence::RegistrySays { name, reason, detail } => {
            let name = name.as_deref().unwrap_or("an anonymous question");
            let detail = if detail.is_empty() {
                String::new()
            } else {
                format!(" ({detail})")
            };
            format!("{reason} for {name}{detail}")
        }
        Sentence::Recovered => "what was in the way is gone: the next attempt gets the image".into(),
    }
}

/// The meaning of a cause inside another sentence.
fn what(cause: Cause) -> String {
    let meaning = cause.meaning().trim_end_matches('.');
    let mut letters = meaning.chars();
    let first = letters.next().map(|letter| letter.to_lowercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn outside(outside: &Outside) -> &'static str {
    match outside {
        Outside::NoNamespace => "there is no such namespace",
        Outside::Terminating => "the namespace is being deleted",
        Outside::Ignored => "the namespace is marked keyside.dev/ignore",
        Outside::OtherNamespace => "it applies in its own namespace only",
        Outside::NotProjectHome => "it asks for a Project, but does not live in the home of one",
        Outside::NotMember => "the namespace is no member of its Project",
        Outside::SystemNamespace => "it does not apply in system namespaces",
        Outside::Excluded => "it excludes the namespace",
        Outside::NotSelected => "its selector does not select the namespace",
        Outside::NoRight => "it would need a copy, and keyside has no right to write any",
    }
}

fn miss(miss: Miss) -> String {
    miss.to_string()
}

fn because(cause: Cause, about: &About) -> String {
    let About {
        registry,
        repository,
        version,
        credential,
        host,
    } = about;
    let host = host.as_deref().unwrap_or(registry);
    let name = credential.as_deref().unwrap_or("the credential");
    match cause {
        Cause::BadCredentials => format!("{registry} refuses user name and password of {name}"),
        Cause::NoPullScope => format!(
            "{name} may log in at {registry}, but not read {repository} (or there is no such repository)"
        ),
        Cause::Expired => format!("{registry} says that {name} has expired"),
        Cause::AccessDenied => format!(
            "{registry} denies {repository} and does not say whether it is private, missing, or {name} the wrong account"
        ),
        Cause::NotFound => format!("{registry} has no {repository} with {version}, or hides it"),
        Cause::RateLimited => format!("{registry} asks for fewer requests; the credential is not to blame"),
        Cause::PolicyBlocked => format!("a policy of {registry} forbids this image; the credential is fine"),
        Cause::BlobDenied => format!(
            "{registry} allowed the manifest of {repository} and refused a layer: storage, path or cache"
        ),
        Cause::ContentMissing => format!("{registry} lists content of {repository} that it does not have"),
        Cause::ContentCorrupt => {
            format!("what {registry} sends for {repository} does not have the promised digest")
        }
        Cause::NoMatchingPlatform => {
            format!("{repository} with {version} has no variant for the node's platform")
        }
        Cause::UnsupportedManifest => {
            format!("the manifest of {repository} has a format that the node does not read")
        }
        Cause::NotARegistry => format!("something answers at {host}, but it is not a registry"),
        Cause::RegistryError => format!("{host} fails on its own side (5xx)"),
        Cause::DnsFailure => format!("the name {host} does not resolve"),
        Cause::ConnectionRefused => format!("nothing listens at {host}"),
        Cause::NetworkUnreachable => format!("there is no route to {host}"),
        Cause::Timeout => format!("{host} does not answer in time"),
        Cause::Interrupted => format!("the connection to {host} breaks off"),
        Cause::ProxyError => format!("a proxy on the way to {host} refuses"),
        Cause::AddressBlocked => format!("{registry} does not serve the address that asks"),
        Cause::UntrustedCA => {
            format!("the certificate of {host} is signed by an authority that is not trusted")
        }
        Cause::CertificateInvalid => format!("the certificate of {host} has expired or is for another name"),
        Cause::HttpOnlyRegistry => format!("{host} speaks plain HTTP, and HTTPS is asked for"),
        Cause::TlsProtocolError => format!("{host} does not speak TLS"),
        Cause::NoCredentials => {
            format!("{registry} wants a credential for {repository}, and none is offered")
        }
        Cause::MissingPullSecret => "the pod names a Secret that does not exist".into(),
        Cause::BrokenPullSecret => {
            "a Secret that the pod names cannot be read, so every pull of the pod fails".into()
        }
        Cause::InvalidReference => "the image reference cannot be parsed".into(),
        Cause::NeverPull => "the image is not on the node, and its pull policy is Never".into(),
        Cause::PullQpsExceeded => "the node pulls more at once than it allows itself".into(),
        Cause::DiskFull => "the node has no space left for the image".into(),
        Cause::SignatureInvalid => "the node's policy refuses the image's signature".into(),
        Cause::ReverificationRefused => {
            "the image is on the node, but this pod has not proven that it may use it".into()
        }
        Cause::NoMatchingCredential => {
            format!("credentials exist here, but none of them is for {repository}")
        }
        Cause::SecretInWrongNamespace => {
            format!("a credential for {repository} exists in another namespace only")
        }
        Cause::HostSpelling => {
            format!("a credential is for {registry}, but under a spelling the kubelet does not match")
        }
    }
}

fn address(cause: Cause, host: &str, meant: Option<&str>) -> String {
    let Some(meant) = meant else {
        return match cause {
            Cause::DnsFailure => format!(
                "put the right name in place of HOST; if {host} is right, the node's resolver has to learn it, and the kubelet then goes on by itself:"
            ),
            _ => format!(
                "put the right host and port in place of HOST; if {host} is right, something else stands in its place, and once that is gone the kubelet goes on by itself:"
            ),
        };
    };
    let otherwise = match cause {
        Cause::DnsFailure => "the node's resolver has to learn the name",
        Cause::ConnectionRefused => "the registry has to be started",
        Cause::HttpOnlyRegistry | Cause::TlsProtocolError => "it has to be served over TLS",
        _ => "what stands in its place has to go",
    };
    format!(
        "a credential here is for {meant}: if that is meant, correct the image; if {host} is right, {otherwise}, and the kubelet then goes on by itself:"
    )
}

fn advice(cause: Cause, about: &About) -> String {
    let About {
        registry,
        repository,
        host,
        ..
    } = about;
    let host = host.as_deref().unwrap_or(registry);
    match cause {
        Cause::BadCredentials => format!("enter the password again, or make a new token at {registry}:"),
        Cause::NoPullScope => format!(
            "give the account the right to pull {repository} at {registry} (for example read_registry), or enter another token:"
        ),
        Cause::Expired => format!("make a new token at {registry} and store it:"),
        Cause::AccessDenied => format!(
            "check that {repository} exists and that the account may pull it; then enter the password again:"
        ),
        Cause::NotFound => "name a tag that exists:".into(),
        Cause::RateLimited => "wait, or pull with an account that has a higher limit; then:".into(),
        Cause::PolicyBlocked => format!(
            "ask the owner of {repository} which rule blocks it (vulnerabilities, signature, quarantine); then:"
        ),
        Cause::BlobDenied | Cause::ContentMissing | Cause::ContentCorrupt => {
            format!("push the image to {registry} again, or clear the cache between it and the node; then:")
        }
        Cause::NoMatchingPlatform => {
            "name an image that is built for the node's platform, or select other nodes:".into()
        }
        Cause::UnsupportedManifest => {
            "convert the image, as an account that may push (skopeo login), or push it again with a present-day tool:".into()
        }
        Cause::NotARegistry => {
            format!("mend {host}, which answers, but not as it should; then:")
        }
        Cause::RegistryError => format!("nothing to do here: {host} has to recover; then:"),
        Cause::DnsFailure => format!("let the node's resolver learn the name {host}; then:"),
        Cause::ConnectionRefused | Cause::NetworkUnreachable | Cause::Timeout | Cause::Interrupted => {
            format!("make {host} reachable from the node (host, port, firewall); then:")
        }
        Cause::ProxyError => format!("let the node's proxy pass {host}, or take {host} out of it; then:"),
        Cause::AddressBlocked => format!("allow the node's address at {registry}; then:"),
        Cause::UntrustedCA => {
            format!(
                "make the node trust the authority of {host} (containerd: certs.d/{registry}/ca.crt); then:"
            )
        }
        Cause::CertificateInvalid => format!("renew the certificate of {host}; then:"),
        Cause::HttpOnlyRegistry => {
            format!(
                "serve {host} over TLS, or let every node speak plain HTTP to it (keyside explain HttpOnlyRegistry says how); then:"
            )
        }
        Cause::TlsProtocolError => {
            format!("let {host} speak TLS, or whatever listens there in its place go; then:")
        }
        Cause::NoCredentials | Cause::NoMatchingCredential => format!("store a credential for {registry}:"),
        Cause::SecretInWrongNamespace => {
            "let the credential reach this namespace, or store it here too:".into()
        }
        Cause::HostSpelling => "let keyside take the Secret over and write the spelling that works:".into(),
        Cause::MissingPullSecret => "make the Secret:".into(),
        Cause::BrokenPullSecret => "replace the Secret:".into(),
        Cause::InvalidReference => "correct the image:".into(),
        Cause::NeverPull => "let the node pull the image:".into(),
        Cause::ReverificationRefused => format!("let the pod pull, with a credential for {registry}:"),
        Cause::PullQpsExceeded => "wait, or raise registryPullQPS of the kubelet; then:".into(),
        Cause::DiskFull => "free space on the node; then:".into(),
        Cause::SignatureInvalid => "sign the image with a key that the node's policy knows; then:".into(),
    }
}
