//! The rules, how much each matters, and what follows from it.

use crate::pattern::Warning;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing, nothing more.
    Accept,
    /// Probably not what was meant.
    Warn,
    /// Cannot work, or harms others: not stored.
    Reject,
}

/// What can be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The kubelet cannot read the document.
    BrokenForKubelet,
    /// The API server does not store the document in a pull secret.
    RefusedByApiServer,
    /// The passwords are elsewhere: `credsStore` or `credHelpers`.
    PointsToStore,
    /// Nothing the kubelet would use.
    NoCredential,
    /// Neither user nor password.
    EmptyEntry,
    /// A password without user.
    EmptyUser,
    /// A user without password.
    EmptyPassword,
    /// `auth` says something else than `username` and `password`.
    AuthContradicts,
    /// No `auth` beside `username` and `password`.
    AuthMissing,
    /// `auth` without its padding.
    AuthUnpadded,
    /// A colon in the user name.
    ColonInUser,
    /// Something invisible at the edge of a value.
    BlankEdge,
    /// A value that is not UTF-8.
    NotText,
    /// Text in the document that is not UTF-8.
    ReplacedText,
    /// The same name twice.
    DuplicateNames,
    /// A token that the kubelet does not read.
    TokenIgnored,
    /// A user name of which the shell seems to have eaten a part.
    EatenByShell,
    /// The type of former times.
    LegacyForm,
    /// A registry that is stored in another spelling.
    KeyRewritten,
    /// A key under which the kubelet never finds the credential.
    KeyUnreachable,
    /// A key that is no pattern.
    KeyRefused,
    /// Two keys that are one to the kubelet.
    SameRegistryTwice,
    /// A trap of the pattern.
    Trap(Warning),
}

impl Rule {
    /// How much it matters unless the place says otherwise.
    pub fn level(self) -> Level {
        match self {
            Self::BrokenForKubelet | Self::RefusedByApiServer => Level::Reject,
            Self::PointsToStore | Self::LegacyForm | Self::KeyRewritten | Self::EatenByShell => Level::Accept,
            Self::Trap(Warning::ReadAsHubUser | Warning::HidesHubDefault) => Level::Accept,
            _ => Level::Warn,
        }
    }

    /// What was noticed, in a few words.
    pub fn summary(self) -> &'static str {
        match self {
            Self::BrokenForKubelet => "every pull of a pod that lists it would fail",
            Self::RefusedByApiServer => "the API server refuses it",
            Self::PointsToStore => "this file only points to a store",
            Self::NoCredential => "no credential inside",
            Self::EmptyEntry => "entry without user and password: kubelet tries it with nothing",
            Self::EmptyUser => {
                "empty user: runtimes treat the credential as absent, docker CLI refuses the file"
            }
            Self::EmptyPassword => "empty password: containerd treats the credential as absent",
            Self::AuthContradicts => "auth contradicts username/password; auth wins",
            Self::AuthMissing => "no auth field: CRI-O, podman, skopeo read nothing else; normalise on save",
            Self::AuthUnpadded => "docker CLI and go-containerregistry refuse the document",
            Self::ColonInUser => "colon in the user name cannot be written as auth",
            Self::BlankEdge => "blank, newline or NUL at the edge",
            Self::NotText => "not UTF-8",
            Self::ReplacedText => "invalid UTF-8 was replaced",
            Self::DuplicateNames => "duplicate keys",
            Self::TokenIgnored => "identitytoken is ignored by the kubelet",
            Self::EatenByShell => "the user name stops where a dollar sign may have been",
            Self::LegacyForm => "written in the legacy form",
            Self::KeyRewritten => "scheme, version, port or case in the registry",
            Self::KeyUnreachable => "the kubelet never finds a credential under this key",
            Self::KeyRefused => "not a registry",
            Self::SameRegistryTwice => "the same registry twice",
            Self::Trap(warning) => warning.summary(),
        }
    }

    /// What follows from it, and what to do about it.
    pub fn consequence(self) -> &'static str {
        match self {
            Self::BrokenForKubelet => {
                "one value that cannot be read takes the whole Secret down, and the other Secrets of the pod with it"
            }
            Self::RefusedByApiServer => "it cannot be stored in a pull secret",
            Self::PointsToStore => {
                "what the store holds is not in the file: log in again without it, or let keyside ask it"
            }
            Self::NoCredential => "pods that list it pull as if they listed nothing",
            Self::EmptyEntry => "the pull is tried as nobody, and public images may fail as well",
            Self::EmptyUser => "give any user name if the registry only looks at the password",
            Self::EmptyPassword => "the pull is tried as nobody",
            Self::AuthContradicts => "the kubelet does not look at the other two fields",
            Self::AuthMissing => "keyside writes it whenever it stores a document",
            Self::AuthUnpadded => "add the missing equals signs; keyside writes them",
            Self::ColonInUser => {
                "readers split at the first colon, so only the fields username and password can carry it"
            }
            Self::BlankEdge => {
                "it is sent to the registry as it is, and rarely meant: echo without -n adds a line break"
            }
            Self::NotText => "runtimes receive it with replaced characters",
            Self::ReplacedText => "the kubelet uses the replaced text as well",
            Self::DuplicateNames => "the last one wins, and the others are lost on the next change",
            Self::TokenIgnored => "store a user name and a password or token instead",
            Self::EatenByShell => "quote the name in the shell: 'robot$name'",
            Self::LegacyForm => "it works; the type kubernetes.io/dockerconfigjson is read by more programs",
            Self::KeyRewritten => "all spellings mean the same registry",
            Self::KeyUnreachable => "pods that list it pull as if it were not there",
            Self::KeyRefused => "the kubelet ignores it, or offers it to a host that nobody meant",
            Self::SameRegistryTwice => "which one the kubelet tries first changes from pull to pull",
            Self::Trap(warning) => warning.consequence(),
        }
    }
}
