//! What is served: the names of a kind, its verbs and subresources, its shape, and how it behaves.

use crate::schema::Schema;
use crate::status::FieldError;
use serde_json::Value;
use std::sync::Arc;

/// Group, version and kind of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupVersionKind {
    /// API group; empty for core.
    pub group: String,
    /// Version, such as `v1`.
    pub version: String,
    /// Kind, such as `Pod`.
    pub kind: String,
}

impl GroupVersionKind {
    /// The `apiVersion` string: `v1` or `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// One served resource in one version.
#[derive(Clone)]
pub struct Resource {
    /// Group, version, kind.
    pub gvk: GroupVersionKind,
    /// Kind of its list, such as `PodList`.
    pub list_kind: String,
    /// Plural, lower case: the path segment.
    pub plural: String,
    /// Singular, lower case.
    pub singular: String,
    /// Short names for kubectl.
    pub short_names: Vec<String>,
    /// Categories such as `all`.
    pub categories: Vec<String>,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Verbs besides those of subresources, in discovery's order.
    pub verbs: Vec<String>,
    /// Subresources.
    pub subresources: Vec<Subresource>,
    /// The group under which objects are stored: `events` is one store under two groups.
    pub storage_group: String,
    /// Shape of the kind; built on first use because building all at start would cost more than the start itself.
    pub schema: fn_schema::LazySchema,
    /// How the kind behaves.
    pub behaviour: Arc<dyn Behaviour>,
}

/// A schema made on first use.
pub mod fn_schema {
    use super::{Arc, Schema};
    use std::sync::LazyLock;

    /// Shared and lazy; cloning shares the result.
    pub type LazySchema = Arc<LazyLock<Arc<Schema>, Box<dyn FnOnce() -> Arc<Schema> + Send + Sync>>>;

    /// Wraps a builder.
    pub fn lazy(build: impl FnOnce() -> Arc<Schema> + Send + Sync + 'static) -> LazySchema {
        Arc::new(LazyLock::new(Box::new(build)))
    }
}

/// A subresource of a [`Resource`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subresource {
    /// `/status`: writes change only `status` (and metadata that is not owned by spec).
    Status,
    /// `/scale`: JSON paths (`.spec.replicas`) into the object, as in a CRD's `subresources.scale`.
    Scale {
        /// Path of the wanted number.
        spec_replicas: String,
        /// Path of the observed number.
        status_replicas: String,
        /// Path of the selector string, if any.
        label_selector: Option<String>,
    },
    /// Anything served by special code: `binding`, `eviction`, `log`, `exec`, `token`, `ephemeralcontainers`, …
    Special {
        /// Path segment.
        name: &'static str,
        /// Kind answered, for discovery.
        kind: GroupVersionKind,
        /// Verbs, for discovery.
        verbs: &'static [&'static str],
    },
}

/// A column of the Table answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Title in kubectl's form (`Restarts`); kubectl upper-cases it.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean`, `date`.
    pub kind: String,
    /// `name` for the name column, else often empty.
    pub format: String,
    /// Sentence for the column.
    pub description: String,
    /// 0 always shown, 1 with `-o wide`.
    pub priority: i32,
}

/// What a write is, for the functions of [`Behaviour`].
#[derive(Debug, Clone, Default)]
pub struct WriteContext {
    /// Empty for the object itself, else the subresource's path segment.
    pub subresource: String,
    /// Now, RFC 3339 with seconds, as `metadata.creationTimestamp` is written.
    pub now: String,
    /// User name of the requester.
    pub username: String,
}

/// How a kind behaves between decoding and storing (`rest.RESTCreateStrategy` and friends). Objects are complete
/// JSON objects with `apiVersion` and `kind`. The server itself handles generic metadata (name, uid, generation
/// counting through [`Behaviour::generation_counts`], managedFields) and calls these in the order of the list.
pub trait Behaviour: Send + Sync {
    /// Fills in defaults, in place; also run over stored objects on read where the kind asks for it.
    fn default(&self, object: &mut Value);
    /// Clears what a creator may not set (`status`) and fills what the server sets.
    fn prepare_create(&self, object: &mut Value, context: &WriteContext);
    /// Keeps what this kind of update may not change (an update of the object keeps `status`, one of `/status` keeps
    /// the rest).
    fn prepare_update(&self, new: &mut Value, old: &Value, context: &WriteContext);
    /// All that is wrong with a new object, generic metadata excepted.
    fn validate_create(&self, object: &Value, context: &WriteContext) -> Vec<FieldError>;
    /// All that is wrong with a change, immutability included.
    fn validate_update(&self, new: &Value, old: &Value, context: &WriteContext) -> Vec<FieldError>;
    /// Sentences for `Warning:` headers. `old` is the object before an update, `None` at creation: what is not new
    /// is not warned about again.
    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String>;
    /// Whether a change between these two raises `metadata.generation`.
    fn generation_counts(&self, new: &Value, old: &Value) -> bool;
    /// Whether `metadata.generation` starts at 1.
    fn has_generation(&self) -> bool;
    /// Table columns.
    fn columns(&self) -> Vec<Column>;
    /// One row's cells, as many as columns. `now` is RFC 3339; ages are in kubectl's short form (`5m`, `2d3h`).
    fn cells(&self, object: &Value, now: &str) -> Vec<Value>;
    /// The fields a field selector may name besides `metadata.name` and `metadata.namespace`, with their values.
    fn selectable_fields(&self, object: &Value) -> Vec<(String, String)>;
    /// Names of the fields of [`Behaviour::selectable_fields`], for refusing others.
    fn selectable_field_names(&self) -> Vec<String>;
    /// Seconds a graceful delete waits by default; `None` where the kind is deleted at once (all but running pods).
    fn grace_period(&self, object: &Value) -> Option<i64>;
    /// Whether a delete that does not say otherwise leaves the dependents behind: Jobs and replication controllers,
    /// by an old promise. All other kinds take their dependents along.
    fn orphans_by_default(&self) -> bool {
        false
    }
    /// Names valid as `metadata.name`: the error sentence, or nothing.
    fn validate_name(&self, name: &str, generated_prefix: bool) -> Vec<String>;

    /// Brings a just decoded object into the kind's shape where that is more than a matter of its [`Schema`] (custom
    /// kinds), in place of `decode::shape` and with its answers: the sentences about what was removed, or what does
    /// not fit.
    /// `None`: `decode::shape` with the schema is all there is to do.
    fn coerce(&self, _object: &mut Value) -> Option<Result<Vec<String>, String>> {
        None
    }
    /// Whether stored objects have to go through [`Behaviour::adapt_stored`] before they are served.
    fn adapts_stored(&self) -> bool {
        false
    }
    /// Brings a stored object into the form in which this version serves it: version, pruning, defaults.
    fn adapt_stored(&self, _object: &mut Value) {}
    /// Marks an object whose deletion was asked for and has not begun yet (a finalizer, a condition), before the
    /// server looks whether anything holds it.
    fn prepare_delete(&self, _object: &mut Value, _context: &WriteContext) {}
    /// The sentence for the `Warning:` header of every request, where the version is deprecated.
    fn deprecation(&self) -> Option<String> {
        None
    }
}

impl Resource {
    /// `apiVersion` of its objects.
    #[must_use]
    pub fn api_version(&self) -> String {
        self.gvk.api_version()
    }

    /// Whether `/status` is served.
    #[must_use]
    pub fn has_status(&self) -> bool {
        self.subresources.contains(&Subresource::Status)
    }
}
