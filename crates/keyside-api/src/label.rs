//! Labels and annotations: the ones keyside writes on copies and pods, and the ones users set to steer it.

/// Label of every object keyside owns; its value is [`MANAGED_BY_KEYSIDE`].
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Value of [`MANAGED_BY`].
pub const MANAGED_BY_KEYSIDE: &str = "keyside";

/// Label of a copy: the credential it belongs to, `<kind>.<namespace>.<name>`, hashed when too long for a label.
pub const CREDENTIAL: &str = "keyside.dev/credential";

/// Annotation of a copy: `<credential uid>/<version>`. The version is a keyed hash of the delivered content, so that a
/// copy can be compared without being read, and nobody can check a guessed password against it.
pub const SOURCE: &str = "keyside.dev/source";

/// Annotation of a copy: repositories of this namespace's pods, comma separated, that the kubelet would not find under the
/// usual keys (a host spelled in upper case, a repository that is the credential's path itself), so that the copy carries
/// keys for them too. It keeps that knowledge over a restart.
pub const IMAGES: &str = "keyside.dev/images";

/// Set to `"true"` on a Namespace, Secret or Pod by users: keyside leaves it alone.
pub const IGNORE: &str = "keyside.dev/ignore";

/// Set to [`INJECT_DISABLED`] on a Namespace or Pod by users: no injection; copies still arrive.
pub const INJECT: &str = "keyside.dev/inject";

/// Value of [`INJECT`].
pub const INJECT_DISABLED: &str = "disabled";

/// Annotation of the Lease, set by keyside: which rights the holder has (`inject`, `blind`, `repair`).
pub const RIGHTS: &str = "keyside.dev/rights";

/// Annotation of a credential, set by users: a new value (a time, say) asks for a verification now. The status says in
/// `lastHandledVerify` which value was answered.
pub const VERIFY: &str = "keyside.dev/verify";

/// Annotation of a Pod, written by keyside: which pull secrets were added, comma separated, in their order.
pub const INJECTED: &str = "keyside.dev/injected";

/// Annotation by which Rancher says which of its projects a namespace belongs to (`<cluster>:<project>`).
pub const RANCHER_PROJECT: &str = "field.cattle.io/projectId";

/// Annotation of a `ServiceAccount` that lets its pods use only the Secrets it lists; checked by the API server after
/// mutation, so nothing may be injected there.
pub const ENFORCE_MOUNTABLE_SECRETS: &str = "kubernetes.io/enforce-mountable-secrets";

/// Annotation by which the kubelet marks the mirror of a static pod; its pull secrets cannot be changed.
pub const MIRROR_POD: &str = "kubernetes.io/config.mirror";

/// On a credential that `keyside credential move` makes: the credential (`namespace/name`, or `name` for one of the cluster) whose
/// place it takes. Its Secret of the same name then counts as no clash.
pub const MOVED_FROM: &str = "keyside.dev/moved-from";
