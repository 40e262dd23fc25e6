//! The Kubernetes types people write and read: kinds, conditions, reasons, labels, annotations, event names.
//!
//! Three kinds make up the interface of keyside:
//!
//! * [`Project`] groups namespaces. Membership is granted by the Project, never taken by a namespace.
//! * [`RegistryCredential`] says where one registry credential of a namespace applies: in that namespace, or, when it
//!   lives in a Project's home namespace, in all namespaces of the Project.
//! * [`ClusterRegistryCredential`] says the same for the whole cluster.
//!
//! A fourth, [`InjectionTable`], is written by keyside alone: what an admission policy reads.
//!
//! The types are the source of truth: [`crds`] prints the `CustomResourceDefinition`s, and a committed copy of that text
//! lives in the Helm chart. Everything here is vocabulary: what the words *do* is decided in `keyside-core`.
//!
//! ```
//! use keyside_api::{RegistryCredential, RegistryCredentialSpec, Source};
//!
//! let credential = RegistryCredential::new("testquay", RegistryCredentialSpec {
//!     source: Source::secret("testquay"),
//!     ..RegistryCredentialSpec::default()
//! });
//! assert_eq!(credential.spec.source.secret.unwrap().name, "testquay");
//! ```
#![warn(missing_docs)]

pub mod cause;
pub mod condition;
pub mod crds;
pub mod credential;
pub mod event;
pub mod label;
pub mod project;
pub mod table;

pub use cause::Cause;
pub use credential::{
    CertificateAuthority, ClusterCertificateAuthority, ClusterRegistryCredential,
    ClusterRegistryCredentialSpec, ClusterSource, CredentialStatus, Delivery, KeyRef, NamespacedKeyRef,
    NamespacedSecretRef, RegistryCredential, RegistryCredentialSpec, RegistryState, Scope, SecretRef,
    Settled, Source, Targets, Verification,
};
pub use project::{Project, ProjectSpec, ProjectStatus};
pub use table::{INJECTION, InjectionRule, InjectionTable, InjectionTableSpec};

/// The API group of all kinds.
pub const GROUP: &str = "keyside.dev";

/// The API version of all kinds.
pub const VERSION: &str = "v1alpha1";

/// The field manager of every object keyside writes.
pub const FIELD_MANAGER: &str = "keyside";

/// The namespace keyside itself lives in, unless it is told another one.
pub const SYSTEM_NAMESPACE: &str = "keyside-system";

/// How long the previous value of a rotated credential stays usable, if the credential does not say: one day.
pub const DEFAULT_OVERLAP_SECONDS: i64 = 86_400;

/// How often a credential is verified, if the credential does not say: every hour.
pub const DEFAULT_VERIFICATION_INTERVAL_SECONDS: i64 = 3_600;
