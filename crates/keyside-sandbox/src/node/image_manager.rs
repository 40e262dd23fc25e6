//! Which image is pulled, when, with what, and what is said about it: the kubelet's image manager.
//!
//! [`ImageManager`] decides and remembers; it does no I/O and reads no clock, so that every rule can be tested with a scripted registry.
//! [`super::pull`] carries out what it decides. The wording, the reasons and the order of the steps are those of
//! `pkg/kubelet/images/image_manager.go`.

use super::back_off::BackOff;
use super::keyring::{Candidate, PodKeyring};
use super::records::{Records, VerificationPolicy};
use crate::token_bucket::TokenBucket;
use keyside_keychain::Reference;
use std::time::{Duration, Instant};

/// Pulls per second, and how many at once, that the kubelet allows itself (`registryPullQPS`, `registryBurst`).
const PULL_INTERVAL: Duration = Duration::from_millis(200);
const PULL_BURST: u32 = 10;

/// `imagePullPolicy`, set by the API server where a pod does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    Always,
    IfNotPresent,
    Never,
}

impl Policy {
    /// Anything unknown is taken as `IfNotPresent`; the API server lets nothing else through.
    pub(crate) fn of(text: Option<&str>) -> Self {
        match text {
            Some("Always") => Self::Always,
            Some("Never") => Self::Never,
            _ => Self::IfNotPresent,
        }
    }
}

/// What a container or an image volume asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Want<'a> {
    pub(crate) pod_uid: &'a str,
    /// As written in the pod.
    pub(crate) image: &'a str,
    pub(crate) policy: Policy,
    pub(crate) keyring: &'a PodKeyring,
}

/// One event about a pod: type, reason, message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) is_warning: bool,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

impl Notice {
    pub(crate) fn normal(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            is_warning: false,
            reason,
            message: message.into(),
        }
    }

    pub(crate) fn warning(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            is_warning: true,
            reason,
            message: message.into(),
        }
    }
}

/// Why a container cannot start: its `state.waiting`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    pub(crate) message: String,
}

impl Failure {
    fn new(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            message: message.into(),
        }
    }

    /// Nobody will see this: the process ends.
    pub(crate) fn node_stops() -> Self {
        Self::new(ERR_IMAGE_PULL, "the node is stopping")
    }
}

/// The reason of a pull that failed for no special cause. Only this one makes missing Secrets worth an event.
pub(crate) const ERR_IMAGE_PULL: &str = "ErrImagePull";

/// A decision about a present or absent image, with what is to be said about it at once.
#[derive(Debug)]
pub(crate) enum Decision {
    /// The image with this id may be used as it is.
    Use(String, Notice),
    /// Nothing is pulled. Some refusals come without an event of their own.
    Refuse(Failure, Option<Notice>),
    /// These credentials are tried in this order; none means anonymously. [`ImageManager::end`] must be called afterwards.
    Pull(Vec<Candidate>, Notice),
}

/// How a pull ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The image is there, with the credential that opened it, if any was needed.
    Pulled {
        id: String,
        size: u64,
        pulling: Duration,
        waiting: Duration,
        with: Option<Box<Candidate>>,
    },
    /// One text per attempt, in order.
    Failed(Vec<String>),
}

/// Everything the node remembers about pulls.
#[derive(Debug)]
pub(crate) struct ImageManager {
    policy: VerificationPolicy,
    records: Records,
    back_off: BackOff,
    limit: TokenBucket,
}

impl ImageManager {
    pub(crate) fn new(policy: VerificationPolicy, records: Records) -> Self {
        let limit = TokenBucket::new(PULL_BURST, PULL_INTERVAL);
        Self {
            policy,
            records,
            back_off: BackOff::default(),
            limit,
        }
    }

    /// Reads the reference, before anything is looked up.
    pub(crate) fn read(image: &str) -> Result<Reference, (Failure, Notice)> {
        Reference::parse(image).map_err(|error| {
            let quoted = go_quote(image);
            let message = format!(
                "Failed to apply default image tag {quoted}: couldn't parse image name {quoted}: {error}"
            );
            (
                Failure::new("InvalidImageName", &message),
                Notice::warning("InspectFailed", message),
            )
        })
    }

    /// What follows when the image store itself cannot answer.
    pub(crate) fn cannot_inspect(error: &str) -> (Failure, Notice) {
        let message = format!("Failed to inspect image \"\": {error}");
        (
            Failure::new("ImageInspectError", &message),
            Notice::warning("InspectFailed", message),
        )
    }

    /// Decides, given the id under which the image is present (not looked up for `Always`).
    pub(crate) fn decide(
        &mut self,
        want: &Want<'_>,
        image: &Reference,
        present: Option<&str>,
        now: Instant,
    ) -> Decision {
        if present.is_none() && want.policy == Policy::Never {
            return never_present(want.image);
        }
        let candidates = || want.keyring.candidates(image);
        if let Some(id) = present {
            let proofs = || candidates().map(|found| found.into_iter().map(|one| one.proof).collect());
            match self.records.must_pull(&self.policy, want.image, id, proofs) {
                Err(broken) => return Decision::Refuse(Failure::new(&broken, &broken), None),
                Ok(false) => return usable(id, want.image),
                Ok(true) if want.policy == Policy::Never => return never_present(want.image),
                Ok(true) => {}
            }
        }
        match candidates() {
            Err(broken) => Decision::Refuse(Failure::new(&broken, &broken), None),
            Ok(candidates) => self.start(want, candidates, now),
        }
    }

    fn start(&mut self, want: &Want<'_>, candidates: Vec<Candidate>, now: Instant) -> Decision {
        let image = want.image;
        let quoted = go_quote(image);
        if let Some(why) = self.back_off.waiting(want.pod_uid, image, now) {
            let notice = format!("Back-off pulling image {quoted}");
            let failure = Failure::new("ImagePullBackOff", format!("{notice}: {why}"));
            return Decision::Refuse(failure, Some(Notice::normal("BackOff", notice)));
        }
        self.records.intend(image);
        Decision::Pull(
            candidates,
            Notice::normal("Pulling", format!("Pulling image {quoted}")),
        )
    }

    /// Whether a pull would be refused because the last one failed not long ago.
    pub(crate) fn is_backing_off(&self, want: &Want<'_>, now: Instant) -> bool {
        self.back_off.waiting(want.pod_uid, want.image, now).is_some()
    }

    /// Whether another pull is allowed now; if not, the pull has failed with the returned text.
    pub(crate) fn allow(&mut self, now: Instant) -> Result<(), String> {
        if self.limit.try_take(now) {
            Ok(())
        } else {
            Err("pull QPS exceeded".to_owned())
        }
    }

    /// Remembers how a pull ended and says so.
    pub(crate) fn end(
        &mut self,
        want: &Want<'_>,
        ended: Ended,
        now: Instant,
    ) -> (Result<String, Failure>, Notice) {
        let image = want.image;
        let quoted = go_quote(image);
        let answer = match ended {
            Ended::Pulled {
                id,
                size,
                pulling,
                waiting,
                with,
            } => {
                self.records
                    .pulled(image, &id, with.map(|candidate| candidate.proof));
                self.back_off.sweep(now);
                let (pulling, waiting) = (go_duration(pulling), go_duration(waiting));
                let message = format!(
                    "Successfully pulled image {quoted} in {pulling} ({waiting} including waiting). Image size: {size} bytes."
                );
                (Ok(id), Notice::normal("Pulled", message))
            }
            Ended::Failed(errors) => {
                let error = aggregate(&errors);
                let notice = Notice::warning("Failed", format!("Failed to pull image {quoted}: {error}"));
                let failure = failure_of(image, &error);
                let why = format!("{}: {}", failure.reason, failure.message);
                self.back_off.failed(want.pod_uid, image, why, now);
                (Err(failure), notice)
            }
        };
        self.records.end_intent(image);
        answer
    }

    /// Drops what is known about the pulls of a pod that is gone.
    pub(crate) fn forget_pod(&mut self, uid: &str) {
        self.back_off.forget(uid);
    }

    /// The records that changed and are not on disk yet.
    pub(crate) fn take_unsaved(&mut self) -> Vec<(String, super::records::Record)> {
        self.records.take_unsaved()
    }
}

fn usable(id: &str, image: &str) -> Decision {
    let quoted = go_quote(image);
    let message =
        format!("Container image {quoted} already present on machine and can be accessed by the pod");
    Decision::Use(id.to_owned(), Notice::normal("Pulled", message))
}

/// The same words whether the image is absent or only not proven, so that nobody learns what else is on the node.
fn never_present(image: &str) -> Decision {
    let quoted = go_quote(image);
    let message = format!("Container image {quoted} is not present with pull policy of Never");
    let notice = Notice::warning("ErrImageNeverPull", &message);
    Decision::Refuse(Failure::new("ErrImageNeverPull", message), Some(notice))
}

/// Two prefixes that CRI-O uses have reasons of their own, but only when the text starts with them.
fn failure_of(image: &str, error: &str) -> Failure {
    for (reason, because) in [
        ("RegistryUnavailable", "the registry is unavailable"),
        ("SignatureValidationFailed", "the signature validation failed"),
    ] {
        if let Some(rest) = error.strip_prefix(reason) {
            return Failure::new(
                reason,
                format!("image pull failed for {image} because {because}{rest}"),
            );
        }
    }
    Failure::new(ERR_IMAGE_PULL, error)
}

/// Several errors in brackets, equal ones once; a single one as it is (`k8s.io/apimachinery/pkg/util/errors`).
fn aggregate(errors: &[String]) -> String {
    let mut unique: Vec<&str> = Vec::new();
    for error in errors {
        if !unique.contains(&error.as_str()) {
            unique.push(error);
        }
    }
    match unique.as_slice() {
        [one] => (*one).to_owned(),
        many => format!("[{}]", many.join(", ")),
    }
}

/// A text as Go's `%q` writes it.
fn go_quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0b' => quoted.push_str("\\v"),
            '\x0c' => quoted.push_str("\\f"),
            hidden if hidden.is_ascii_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(hidden))),
            shown if shown == ' ' || shown.escape_debug().count() == 1 || shown == '\'' => quoted.push(shown),
            hidden if u32::from(hidden) < 0x1_0000 => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(hidden)))
            }
            hidden => quoted.push_str(&format!("\\U{:08x}", u32::from(hidden))),
        }
    }
    quoted.push('"');
    quoted
}

/// A duration as Go prints it, cut to milliseconds: `0s`, `56ms`, `1.5s`, `1m0.5s`.
fn go_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let (minutes, rest) = (millis / 60_000, millis % 60_000);
    let mut seconds = format!("{}.{:03}", rest / 1000, rest % 1000);
    seconds.truncate(seconds.trim_end_matches('0').trim_end_matches('.').len());
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests;
