//! English.

use super::{Grade, Language, Said, meaning};

pub(super) fn text(said: &Said) -> String {
    match said {
        Said::TooOld { version, oldest } => format!("Kubernetes {version} is older than 1.{oldest}"),
        Said::MayNot { verb, resource } => format!("this user may not {verb} {resource}"),
        Said::NotServed { kind } => format!("{kind} is not served"),
        Said::NoWebhook => "no webhook is registered, so nothing is added to new pods".to_owned(),
        Said::NotHeard => "the webhook did not answer: pods are created without what they need".to_owned(),
        Said::NotReached => "the API server cannot reach the webhook".to_owned(),
        Said::NoAnswer => "the API server did not answer".to_owned(),
        Said::MayNotTry => {
            "this user may not create a credential even on trial, so the webhook was not asked".to_owned()
        }
        Said::HolderSilent { holder, seconds } => {
            format!("{holder} writes for keyside and has been silent for {seconds} s")
        }
        Said::NoHolder => "no replica writes for keyside".to_owned(),
        Said::NotSeen { object } => format!("{object}: its last change has not been looked at"),
        Said::Condition { object, message } => format!("{object}: {message}"),
        Said::Taken { object, count } => format!("{object}: the name is taken in {count} namespaces"),
        Said::Refused {
            object,
            reason,
            registries,
        } => {
            let place = match registries.as_str() {
                "" => String::new(),
                some => format!(" at {some}"),
            };
            format!("{object}: {reason}{place}: {}", meaning(reason, Language::En))
        }
        Said::Expired { object, span } => format!("{object} expired {span} ago"),
        Said::Expires { object, span } => format!("{object} expires in {span}"),
        Said::Missing { namespace, name } => {
            format!("{namespace}: Secret {name} is named and does not exist")
        }
        Said::Unreadable { namespace, name } => format!("{namespace}: no kubelet can read Secret {name}"),
        Said::Several { count, registries } => {
            format!("{count} Secrets hold the same credential for {registries}")
        }
        Said::PolicySilent { image, namespace } => format!(
            "the policy added nothing to a pod with {image} in namespace {namespace}: pods are created without what they need"
        ),
        Said::PolicyFailed { count } => {
            format!(
                "the policy has failed {count} times since the API server started: such pods may lack what they need"
            )
        }
        Said::NamesOnly => "keyside may not use Secrets of other namespaces (`inject`): it copies nothing, and gives pods only the names of Secrets that RegistryCredentials of their own namespace name".to_owned(),
        Said::Blind => "keyside writes copies without seeing them (`blind`): one that is changed or deleted is put right at the next rotation or start only, Secrets made by hand give pods nothing, and copies whose credential goes while keyside is down stay".to_owned(),
        Said::Confined => "keyside works in some namespaces only (`namespaced`): there are no Projects and ClusterRegistryCredentials for it, and nothing that is wrong is refused when it is written".to_owned(),
        Said::Missed {
            namespace,
            pod,
            lacking,
        } => {
            format!("{namespace}: pod {pod} waits for an image and was created without {lacking}")
        }
        Said::Annotated { namespace, name } => {
            format!("{namespace}: the annotation of kubectl apply on Secret {name} contains its password")
        }
        Said::Readable { by, who, namespace } => match namespace {
            Some(namespace) => format!("{by} lets {who} read the Secrets of {namespace}"),
            None => format!("{by} lets {who} read every Secret of the cluster"),
        },
        Said::Category { count, all, worst } => match worst {
            Grade::Success if *all == 1 => "1 check".to_owned(),
            Grade::Success => format!("{all} checks"),
            Grade::Warning => format!("{count} of {all} warn"),
            Grade::Error => format!("{count} of {all} failed"),
        },
        Said::Total {
            all,
            fine,
            warnings,
            failed,
        } => format!("{all} checks: {fine} ok, {warnings} {}, {failed} failed",
            if *warnings == 1 { "warning" } else { "warnings" }
        ),
        Said::Written { path } => format!("{path} written, without names"),
        Said::Fix => "fix: ".to_owned(),
    }
}
