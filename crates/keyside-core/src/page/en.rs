//! English.

use super::{Page, Reason};
use keyside_api::Cause;

/// The page of a cause.
pub fn cause(cause: Cause) -> Page {
    let advice = match cause {
        Cause::BadCredentials => {
            "The registry was asked and said no: the password was mistyped, changed or revoked, the account is locked, or the shell ate a part of it (a dollar sign, a final newline). Enter it again with `keyside credential set-password NAME --password-stdin`."
        }
        Cause::NoPullScope => {
            "The password is right, the right to pull is missing, or there is no such repository: most registries do not say which. Give the account read access to the repository, or store a token that has it. GHCR says the same to a wrong or expired token."
        }
        Cause::Expired => {
            "Make a new token and store it with `keyside credential set-password`. `spec.expiryTime` lets keyside warn before the next one ends."
        }
        Cause::AccessDenied => {
            "Docker Hub, Quay and Harbor answer so to strangers, to wrong accounts and about repositories that do not exist. `keyside explain` asks the registry itself and says which of the three it is, where the registry lets it."
        }
        Cause::NotFound => {
            "Check the spelling of repository and tag, and whether the tag was deleted. ECR, GHCR, GitLab and ACR hide private repositories in this way from those who may not see them."
        }
        Cause::RateLimited => {
            "The credential is not to blame and is not marked as bad. Anonymous pulls from Docker Hub are limited per address: an account has a higher limit. The kubelet goes on trying by itself."
        }
        Cause::PolicyBlocked => {
            "The registry scans or quarantines images, or wants them signed. Ask its owner which rule applies."
        }
        Cause::BlobDenied => {
            "The storage behind the registry, a path in front of it or a cache refuses. The credential was good enough for the manifest."
        }
        Cause::ContentMissing => {
            "A layer was lost or a garbage collection was wrong, or a cache is stale. Push the image again."
        }
        Cause::ContentCorrupt => {
            "A proxy, a cache or a disk changes bytes on the way. Push the image again, and look at what stands between registry and node."
        }
        Cause::NoMatchingPlatform => {
            "Build the image for the node's processor as well, name a tag that is, or select nodes of another one with `nodeSelector: {kubernetes.io/arch: ...}`."
        }
        Cause::UnsupportedManifest => {
            "Schema 1 manifests of old registries are no longer read by any runtime. Copy the image onto itself once with a present-day tool, such as `skopeo copy --format oci docker://IMAGE docker://IMAGE`, as an account that may push, then make the pod anew."
        }
        Cause::NotARegistry => {
            "A web page or a proxy answered. Check the host and the port in the image, and whether a captive portal or a gateway stands in between."
        }
        Cause::RegistryError => {
            "The last verdict on the credential stands. The kubelet goes on trying by itself."
        }
        Cause::DnsFailure => {
            "Check the spelling of the host. If it resolves elsewhere, the node's resolver differs: nodes do not use the cluster's DNS. The name may also be that of a token service or of a storage."
        }
        Cause::ConnectionRefused => {
            "The registry is down, or listens at another port. If a credential in reach is for another port, `keyside explain` prints the command that corrects the image; else it looks again, once the registry has been started."
        }
        Cause::NetworkUnreachable => {
            "A route is missing between the node and the registry, or a firewall refuses. No command can mend that from here: the one that `keyside explain` prints looks again, and makes the pod anew once it is mended."
        }
        Cause::Timeout => {
            "A firewall that drops packets looks like this, and so does an overloaded registry."
        }
        Cause::Interrupted => {
            "A proxy, a load balancer or an idle limit ends connections too early. The kubelet goes on trying by itself."
        }
        Cause::ProxyError => {
            "The node's runtime is configured to use a proxy, and that refuses. Check HTTPS_PROXY and NO_PROXY of containerd or CRI-O. No command can change that from here: the one that `keyside explain` prints looks again, and makes the pod anew once it is changed."
        }
        Cause::AddressBlocked => {
            "The registry has a list of networks it serves. Nodes and keyside may have different addresses, so one may pass where the other does not."
        }
        Cause::UntrustedCA => {
            "Give the node the registry's authority (containerd: /etc/containerd/certs.d/HOST/ca.crt). A proxy that inspects TLS looks the same. For verification, name it in `spec.certificateAuthority`."
        }
        Cause::CertificateInvalid => {
            "Renew the certificate, or use the name that stands in it. A wrong clock on the node looks the same."
        }
        Cause::HttpOnlyRegistry => {
            "Serve the registry over TLS. Where that is not possible, every node has to be told that this host speaks plain HTTP: containerd by /etc/containerd/certs.d/HOST/hosts.toml with the line server = \"http://HOST\", CRI-O by insecure = true for it in registries.conf. No command can do that from here: the one that `keyside explain` prints looks again, and makes the pod anew once it is done."
        }
        Cause::TlsProtocolError => {
            "Usually the port belongs to something else: then the image has to name the right one. If it is the registry's, its own configuration of TLS is wrong, and only there can it be mended."
        }
        Cause::NoCredentials => {
            "Store a credential with `keyside credential add`. A pod's list of pull secrets never changes, so a pod that is older than the credential has to be made anew."
        }
        Cause::MissingPullSecret => {
            "The kubelet skips it silently. Make the Secret in the pod's namespace, or take its name out of the list. For public images it does no harm."
        }
        Cause::BrokenPullSecret => {
            "One undecodable field is enough: all pulls of all pods that list the Secret fail, even of public images. Replace it; keyside writes a form that every reader accepts."
        }
        Cause::InvalidReference => {
            "Repositories are lower case, tags have at most 128 letters, and no scheme stands in front."
        }
        Cause::NeverPull => "Change `imagePullPolicy`, or bring the image onto the node first.",
        Cause::PullQpsExceeded => {
            "The kubelet limits itself (registryPullQPS, registryBurst). It goes on by itself."
        }
        Cause::DiskFull => {
            "Remove unused images or grow the disk. The kubelet's own garbage collection may be behind."
        }
        Cause::SignatureInvalid => {
            "Sign the image with a key that the node's policy knows, or change the policy."
        }
        Cause::ReverificationRefused => {
            "Since Kubernetes 1.35 an image that is present is given only to pods that prove they may pull it. Give the pod a credential that can, and a pull policy that lets the node ask."
        }
        Cause::NoMatchingCredential => {
            "A path ends at a slash: quay.io/team is not for quay.io/team-b. `keyside explain` names the nearest credential and why it does not match. Widen it, or store one for this path."
        }
        Cause::SecretInWrongNamespace => {
            "A pod can use only Secrets of its own namespace. Let the credential apply to the project or the cluster, add the namespace to the project, or store it here too."
        }
        Cause::HostSpelling => {
            "For Docker Hub the kubelet knows docker.io and https://index.docker.io/v1/, but not hub.docker.com or registry-1.docker.io; upper case and :443 count as well. Let keyside take the Secret over: it writes the spelling that works."
        }
    };
    Page {
        meaning: cause.meaning(),
        advice,
    }
}

/// The page of another code.
pub fn reason(reason: Reason) -> Page {
    let (meaning, advice) = match reason {
        Reason::PullAllowed => (
            "The registry let keyside read a manifest with this credential.",
            "Nothing to do.",
        ),
        Reason::LoggedIn => (
            "The login works; no repository is known to test a pull with.",
            "Name one in `spec.verification.repository` to have the pull tested too.",
        ),
        Reason::Unverified => (
            "The registry was not asked yet, or its answers do not settle it.",
            "Ask it with `keyside credential verify NAME`.",
        ),
        Reason::SourceMissing => (
            "There is no Secret to verify.",
            "Make the Secret that `spec.source` names.",
        ),
        Reason::TokenServiceUnconfirmed => (
            "The registry sends its callers to a token service on another host, and nobody has confirmed that the password may go there.",
            "If the host is yours, confirm it in `spec.tokenService`. Nothing was sent.",
        ),
        Reason::Delivered => ("The credential stands everywhere it applies.", "Nothing to do."),
        Reason::AllCopiesCurrent => (
            "Every namespace in scope has the present content.",
            "Nothing to do.",
        ),
        Reason::Progressing => ("Copies are being written.", "Wait a moment."),
        Reason::NameTaken => (
            "A Secret that is not keyside's has the name in some namespace.",
            "It is left untouched, and pods there are served under another name. Rename either of them to get the plain name back.",
        ),
        Reason::NamespaceTerminating => (
            "A namespace in scope is being deleted and gets no copy.",
            "Nothing to do.",
        ),
        Reason::Forbidden => (
            "Not permitted: a namespace refused the copy (rights, quota, policy), or the user of `keyside check` may not look.",
            "The events of the credential name the namespace and why; `kubectl auth can-i` shows the rights of a user.",
        ),
        Reason::NotProjectHome => (
            "The credential asks for the scope Project outside of a Project's home namespace.",
            "Move it with `keyside credential move NAME --to-project PROJECT`.",
        ),
        Reason::SourceInvalid => (
            "The credential's Secret is missing or cannot be used; copies keep the last good content.",
            "Make or correct the Secret that `spec.source` names.",
        ),
        Reason::DestinationChanged => (
            "Where the credential may be sent was changed without entering the secret again, so it is suspended.",
            "Enter it again with `keyside credential set-password NAME`, or undo the change.",
        ),
        Reason::NodeDelivery => (
            "Nothing is copied: the credential provider on each node answers.",
            "Nothing to do.",
        ),
        Reason::NameGiven => (
            "Pods beside the Secret are given its name; keyside may not read the Secret, so it does not know whether it stands and works.",
            "Nothing to do; a pod that cannot pull says so in its events.",
        ),
        Reason::Accepted => (
            "Every stated namespace that exists is a member of the Project.",
            "Nothing to do.",
        ),
        Reason::NamespaceClaimed => (
            "A stated namespace belongs to an older Project.",
            "Take it out of one of the two.",
        ),
        Reason::NamespaceRecreated => (
            "A stated namespace was deleted and made anew, perhaps by somebody else.",
            "State it again in the Project if it is meant to be a member.",
        ),
        Reason::HomeNamespaceTaken => (
            "The home namespace is that of an older Project, or a system namespace.",
            "Name another one in `spec.homeNamespace` of a new Project.",
        ),
        Reason::HomeNamespaceMissing => (
            "The home namespace could not be created, or is being deleted.",
            "Create it, or let keyside create namespaces.",
        ),
        Reason::DeliveryConflict => (
            "A Secret that is not keyside's has the copy's name in a namespace.",
            "See NameTaken.",
        ),
        Reason::DeliveryFailed => ("A namespace refused the copy.", "See Forbidden."),
        Reason::Verified => (
            "The registry was asked and accepted the credential.",
            "Nothing to do.",
        ),
        Reason::VerificationFailed => (
            "The registry was asked and refused the credential.",
            "The event names the cause; `keyside explain CAUSE` prints its page.",
        ),
        Reason::Rotated => (
            "New content has replaced the old one in all copies.",
            "Nothing to do.",
        ),
        Reason::RolledBack => ("The previous content was put back.", "Nothing to do."),
        Reason::Expiring => (
            "The credential expires soon.",
            "Make a new one and store it with `keyside credential set-password`.",
        ),
        Reason::PullDiagnosed => (
            "keyside found out why a pod's images cannot be pulled.",
            "The event names the cause and the next step.",
        ),
        Reason::BackOff => (
            "The kubelet waits before it tries again; an earlier message holds the cause.",
            "Nothing to do: look for the message before.",
        ),
        Reason::HiddenHubDefault => (
            "A default for Docker Hub that the kubelet does not look at, because another key of the pod's Secrets matches.",
            "Store the credential under docker.io; keyside writes both spellings.",
        ),
        Reason::NotAPullSecret => (
            "The pod lists a Secret that is no pull secret; the kubelet ignores it.",
            "Its type has to be kubernetes.io/dockerconfigjson.",
        ),
        Reason::OutOfScope => (
            "The credential does not apply in this namespace.",
            "Change its scope with `keyside credential move`.",
        ),
        Reason::NotNeeded => ("It answers too, but another one comes first.", "Nothing to do."),
        Reason::NotInjected => (
            "It answers, but nothing is added to pods here.",
            "Take the label keyside.dev/inject off the namespace.",
        ),
        Reason::SourceOf => (
            "It is what a credential is made of, which answers itself.",
            "Nothing to do.",
        ),
        Reason::Unreachable => (
            "The API server did not answer.",
            "Check the address and the certificate of the context with `kubectl cluster-info`.",
        ),
        Reason::TooOld => (
            "The API server is older than keyside supports.",
            "Upgrade the cluster.",
        ),
        Reason::KindMissing => (
            "One of keyside's kinds is not served.",
            "Apply the definitions with `keyside crds | kubectl apply -f -`.",
        ),
        Reason::WebhookMissing => (
            "No webhook of keyside's is registered, so nothing is added to new pods.",
            "keyside registers it when it is ready to answer: look at its pods and their logs.",
        ),
        Reason::WebhookSilent => (
            "The API server cannot reach keyside's webhook, so pods are created without what they need.",
            "Look at the pods, the Service and the network policies of keyside's namespace.",
        ),
        Reason::PullSecretNotAdded => (
            "A pod waits for an image and was created without the pull secret that is there for it, while keyside was away or before the credential existed.",
            "A pod's pull secrets cannot be changed: have its controller make a new one with `keyside explain pod/NAME --restart-stuck`.",
        ),
        Reason::PolicySilent => (
            "The admission policy that adds pull secrets adds nothing, and says so to nobody.",
            "Look at the API server's metric `apiserver_mutating_admission_policy_check_duration_seconds`, and whether policy, binding and tables stand; `injection.mode: webhook` does without them.",
        ),
        Reason::FewerRights => (
            "keyside was installed with fewer rights than it can use, so it does less than it could.",
            "Nothing to do if that was meant; `rbac.mode` of the installation says which rights there are, and docs/install.md what each is good for.",
        ),
        Reason::NotFresh => (
            "Nobody writes for keyside, or what was changed has not been seen.",
            "Look at the pods of keyside's namespace and their logs; delivered pull secrets stay as they are.",
        ),
        Reason::NotDelivered => (
            "A namespace in a credential's scope does not have it.",
            "The condition `Delivered` names the reason; `keyside explain REASON` prints its page.",
        ),
        Reason::Stalled => (
            "A credential waits for a human.",
            "The condition `Stalled` says for what; usually the secret has to be entered again with `keyside credential set-password NAME`.",
        ),
        Reason::Duplicate => (
            "The same credential is stored by hand in several namespaces.",
            "Store it once, for all of them: `keyside import secrets --dry-run` shows how.",
        ),
        Reason::PasswordInAnnotation => (
            "kubectl apply has written a password into an annotation of a Secret.",
            "Remove the annotation, and write Secrets with `kubectl apply --server-side` or `kubectl create`.",
        ),
        Reason::WorldReadable => (
            "Everybody who has an account may read Secrets.",
            "Change the binding: a group of all users should not be given this role.",
        ),
    };
    Page { meaning, advice }
}
