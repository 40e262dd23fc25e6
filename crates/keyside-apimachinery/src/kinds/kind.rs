//! One built-in kind as a table of functions. Most kinds need three or four of them and take the rest from
//! [`Kind::PLAIN`]; what all kinds share (keeping `status` apart, counting generations) is done here once.

use super::access::{fill, made, same, set};
use super::name;
use crate::resource::{Behaviour, Column, WriteContext};
use crate::status::FieldError;
use serde_json::Value;

/// What raises `metadata.generation`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    /// The kind has no generation.
    Absent,
    /// A change of `spec`.
    Spec,
    /// A change of `spec` or of an annotation, because those are copied on (deployments).
    SpecAndAnnotations,
    /// A change of anything but `metadata` and `status`: kinds without a `spec`, such as webhook configurations.
    Content,
}

/// How the kind treats `status`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// It has none, or none of its own.
    Absent,
    /// Only `/status` writes it; a creator cannot.
    Reported,
    /// Only `/status` changes it, but a creator may bring one (nodes register themselves).
    Brought,
}

/// Title, type, format, priority and sentence of a column.
pub(crate) type ColumnRow = (&'static str, &'static str, &'static str, i32, &'static str);

/// The name column, first in every table.
pub(crate) const NAME: ColumnRow = (
    "Name",
    "string",
    "name",
    0,
    "Name of the object, unique within its namespace.",
);
/// The age column.
pub(crate) const AGE: ColumnRow = ("Age", "string", "", 0, "Time since the object was created.");

/// Behaviour of one kind.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// Fills in defaults.
    pub(crate) default: fn(&mut Value),
    /// Runs after `status` was cleared.
    pub(crate) prepare_create: fn(&mut Value, &WriteContext),
    /// Runs after `status`, or everything else, was taken from the old object.
    pub(crate) prepare_update: fn(&mut Value, &Value, &WriteContext),
    /// Errors of a new object.
    pub(crate) validate_create: fn(&Value, &WriteContext) -> Vec<FieldError>,
    /// Errors of a change.
    pub(crate) validate_update: fn(&Value, &Value, &WriteContext) -> Vec<FieldError>,
    /// `Warning:` sentences.
    pub(crate) warnings: fn(&Value, Option<&Value>) -> Vec<String>,
    /// How `status` is treated.
    pub(crate) status: Status,
    /// Counts in `status` that are written also when they are 0.
    pub(crate) counts: &'static [&'static str],
    /// What raises the generation.
    pub(crate) generation: Generation,
    /// Table columns.
    pub(crate) columns: &'static [ColumnRow],
    /// Cells of one row.
    pub(crate) cells: fn(&Value, &str) -> Vec<Value>,
    /// Selectable fields; the names may not depend on the object.
    pub(crate) selectable: fn(&Value) -> Vec<(&'static str, String)>,
    /// Seconds of grace at deletion.
    pub(crate) grace_period: fn(&Value) -> Option<i64>,
    /// Whether dependents stay by default when an object is deleted.
    pub(crate) orphans: bool,
    /// Errors of a name.
    pub(crate) name: fn(&str, bool) -> Vec<String>,
}

impl Kind {
    /// An object without rules: name and age are shown, everything is stored as given.
    pub(crate) const PLAIN: Self = Self {
        default: |_| {},
        prepare_create: |_, _| {},
        prepare_update: |_, _, _| {},
        validate_create: |_, _| Vec::new(),
        validate_update: |_, _, _| Vec::new(),
        warnings: |_, _| Vec::new(),
        status: Status::Absent,
        counts: &[],
        generation: Generation::Absent,
        columns: &[NAME, AGE],
        cells: super::print::name_and_age,
        selectable: |_| Vec::new(),
        grace_period: |_| None,
        orphans: false,
        name: name::subdomain,
    };

    /// A plain object with `spec` and `status`.
    pub(crate) const WITH_STATUS: Self = Self {
        status: Status::Reported,
        generation: Generation::Spec,
        ..Self::PLAIN
    };
}

impl Behaviour for Kind {
    fn default(&self, object: &mut Value) {
        (self.default)(object);
    }

    fn prepare_create(&self, object: &mut Value, context: &WriteContext) {
        if self.status == Status::Reported {
            set(object, "status", Value::Object(serde_json::Map::new()));
        }
        (self.prepare_create)(object, context);
        fill_counts(object, self.counts);
    }

    fn prepare_update(&self, new: &mut Value, old: &Value, context: &WriteContext) {
        if self.status != Status::Absent {
            keep_the_other_half(new, old, context.subresource == "status");
        }
        (self.prepare_update)(new, old, context);
        fill_counts(new, self.counts);
    }

    fn validate_create(&self, object: &Value, context: &WriteContext) -> Vec<FieldError> {
        (self.validate_create)(object, context)
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &WriteContext) -> Vec<FieldError> {
        (self.validate_update)(new, old, context)
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        (self.warnings)(object, old)
    }

    fn generation_counts(&self, new: &Value, old: &Value) -> bool {
        match self.generation {
            Generation::Absent => false,
            Generation::Spec => !same(&new["spec"], &old["spec"]),
            Generation::SpecAndAnnotations => {
                let annotations = |object: &Value| object["metadata"]["annotations"].clone();
                !same(&new["spec"], &old["spec"]) || !same(&annotations(new), &annotations(old))
            }
            Generation::Content => !same(&content(new), &content(old)),
        }
    }

    fn has_generation(&self) -> bool {
        self.generation != Generation::Absent
    }

    fn columns(&self) -> Vec<Column> {
        self.columns
            .iter()
            .map(|&(name, kind, format, priority, description)| Column {
                name: name.into(),
                kind: kind.into(),
                format: format.into(),
                description: description.into(),
                priority,
            })
            .collect()
    }

    fn cells(&self, object: &Value, now: &str) -> Vec<Value> {
        (self.cells)(object, now)
    }

    fn selectable_fields(&self, object: &Value) -> Vec<(String, String)> {
        (self.selectable)(object)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn selectable_field_names(&self) -> Vec<String> {
        (self.selectable)(&Value::Null)
            .into_iter()
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    fn grace_period(&self, object: &Value) -> Option<i64> {
        (self.grace_period)(object)
    }

    fn orphans_by_default(&self) -> bool {
        self.orphans
    }

    fn validate_name(&self, name: &str, generated_prefix: bool) -> Vec<String> {
        (self.name)(name, generated_prefix)
    }
}

fn fill_counts(object: &mut Value, counts: &[&str]) {
    if counts.is_empty() {
        return;
    }
    if let Some(status) = made(object, "status") {
        for field in counts {
            fill(status, field, || 0.into());
        }
    }
}

/// An update of the object keeps `status`; an update of `/status` keeps everything but `status` and `metadata`.
fn keep_the_other_half(new: &mut Value, old: &Value, status_write: bool) {
    let (Some(new), Some(old)) = (new.as_object_mut(), old.as_object()) else {
        return;
    };
    let kept = |field: &str| match field {
        "apiVersion" | "kind" | "metadata" => false,
        "status" => !status_write,
        _ => status_write,
    };
    new.retain(|field, _| !kept(field) || old.contains_key(field));
    for (field, value) in old.iter().filter(|(field, _)| kept(field)) {
        new.insert(field.clone(), value.clone());
    }
}

/// The fields that are neither identity nor observation.
fn content(object: &Value) -> Value {
    let mut content = object.clone();
    if let Some(fields) = content.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "status"));
    }
    content
}
